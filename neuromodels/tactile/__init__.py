"""Tactile networks: encoder, attender and decoder of whisker forces."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .config import EADConfig
    from .network import TactileNetwork

_HOME = {"EADConfig": "config", "TactileNetwork": "network"}

__all__ = ["EADConfig", "TactileNetwork"]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
