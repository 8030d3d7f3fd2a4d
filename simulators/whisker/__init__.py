"""Whisker arrays that touch things: geometry, elastic whiskers, contact, motion, recordings.

A `Scene` holds an array of whiskers, objects and how both move; `simulate` turns it into the forces and moments on the
base of every whisker. Names are loaded when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .array import WhiskerArray, mouse_array, rat_array, read_array
    from .chain import Chain
    from .mechanics import Mechanics
    from .scene import Scene, SceneObject
    from .simulation import simulate, simulate_scenes
    from .whisker import Whisker

_HOME = {
    "Chain": "chain",
    "Mechanics": "mechanics",
    "Scene": "scene",
    "SceneObject": "scene",
    "Whisker": "whisker",
    "WhiskerArray": "array",
    "mouse_array": "array",
    "rat_array": "array",
    "read_array": "array",
    "simulate": "simulation",
    "simulate_scenes": "simulation",
}

__all__ = [
    "Chain",
    "Mechanics",
    "Scene",
    "SceneObject",
    "Whisker",
    "WhiskerArray",
    "mouse_array",
    "rat_array",
    "read_array",
    "simulate",
    "simulate_scenes",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
