"""Recurrent networks whose units have time constants of their own, trained to remember digits."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .ensemble import LeakyEnsemble
    from .gated_rnn import GatedConfig, GatedRNN
    from .leaky_config import LeakyConfig
    from .leaky_rnn import LeakyRNN
    from .published_networks import load_published

_HOME = {
    "GatedConfig": "gated_rnn",
    "GatedRNN": "gated_rnn",
    "LeakyConfig": "leaky_config",
    "LeakyEnsemble": "ensemble",
    "LeakyRNN": "leaky_rnn",
    "load_published": "published_networks",
}

__all__ = ["GatedConfig", "GatedRNN", "LeakyConfig", "LeakyEnsemble", "LeakyRNN", "load_published"]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
