"""Rows for ``neuromodels list simulators``."""


def listing() -> list[dict[str, object]]:
    """What each simulator makes, and from what."""
    from .whisker.commands.command import BACKENDS, SETS, SUMMARY
    from .whisker.stimuli.families import categories

    return [
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
        }
    ]
