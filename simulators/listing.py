"""Rows for ``neuromodels list simulators``."""


def listing() -> list[dict[str, object]]:
    """What each simulator makes, and from what."""
    from .tasks.command import RULES
    from .tasks.command import SUMMARY as MEMORY_SUMMARY
    from .vision.commands.command import SUMMARY as MOTION_SUMMARY
    from .vision.kinds import KINDS
    from .whisker.commands.command import BACKENDS, SETS, SUMMARY
    from .whisker.stimuli.families import categories

    return [
        {
            "name": "memory",
            "summary": MEMORY_SUMMARY,
            "command": "neuromodels simulate memory RULE",
            "rules": list(RULES),
        },
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
