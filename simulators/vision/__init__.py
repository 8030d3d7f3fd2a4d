"""Moving pictures with physical units and known motion."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .clip import display_of, make_clip, stack_clips
    from .display import Display

_HOME = {
    "Display": "display",
    "display_of": "clip",
    "make_clip": "clip",
    "stack_clips": "clip",
}

__all__ = ["Display", "display_of", "make_clip", "stack_clips"]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
