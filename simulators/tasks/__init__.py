"""Trials of memory tasks: streams of digits, and what must be known of them at the end."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .environment import MemoryEnvironment, gymnasium_environment
    from .memory import chance_level, draw_digits, draw_length, labels, labels_in_time
    from .trials import memory_trials, save_memory_trials

_HOME = {
    "MemoryEnvironment": "environment",
    "chance_level": "memory",
    "draw_digits": "memory",
    "draw_length": "memory",
    "gymnasium_environment": "environment",
    "labels": "memory",
    "labels_in_time": "memory",
    "memory_trials": "trials",
    "save_memory_trials": "trials",
}

__all__ = [
    "MemoryEnvironment",
    "chance_level",
    "draw_digits",
    "draw_length",
    "gymnasium_environment",
    "labels",
    "labels_in_time",
    "memory_trials",
    "save_memory_trials",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
