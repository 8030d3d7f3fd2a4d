"""Rows for ``neuromodels list simulators``."""


def listing() -> list[dict[str, object]]:
    """What each simulator makes, and from what."""
    from .vision.commands.command import SUMMARY as MOTION_SUMMARY
    from .vision.kinds import KINDS
    from .whisker.commands.command import BACKENDS, SETS, SUMMARY
    from .whisker.stimuli.families import categories

    return [
        {
            "name": "motion",
            "summary": MOTION_SUMMARY,
            "command": "neuromodels simulate motion KIND",
            "kinds": sorted(KINDS),
        },
        {
            "name": "whisker",
            "summary": SUMMARY,
            "command": "neuromodels simulate whisker",
            "species": ["mouse", "rat"],
            "presets": ["beam", "whiskit"],
            "backends": list(BACKENDS),
            "sets": list(SETS),
            "object_categories": list(categories()),
            "views": ["whiskers", "grid", "network"],
        },
    ]
