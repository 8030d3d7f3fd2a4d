"""Recurrent networks whose units have time constants of their own, trained to remember digits."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .curriculum import Stage, stages_of
    from .ensemble import LeakyEnsemble
    from .gated_rnn import GatedConfig, GatedRNN
    from .leaky_config import LeakyConfig
    from .leaky_rnn import LeakyRNN
    from .memory_stream import MemoryStream
    from .memory_task import MemoryTask
    from .published_networks import load_published
    from .seeds import train_seeds
    from .training_trace import curriculum_trace, plot_accuracies, plot_time_constants

_HOME = {
    "GatedConfig": "gated_rnn",
    "GatedRNN": "gated_rnn",
    "LeakyConfig": "leaky_config",
    "LeakyEnsemble": "ensemble",
    "LeakyRNN": "leaky_rnn",
    "MemoryStream": "memory_stream",
    "MemoryTask": "memory_task",
    "Stage": "curriculum",
    "curriculum_trace": "training_trace",
    "load_published": "published_networks",
    "plot_accuracies": "training_trace",
    "plot_time_constants": "training_trace",
    "stages_of": "curriculum",
    "train_seeds": "seeds",
}

__all__ = [
    "GatedConfig",
    "GatedRNN",
    "LeakyConfig",
    "LeakyEnsemble",
    "LeakyRNN",
    "MemoryStream",
    "MemoryTask",
    "Stage",
    "curriculum_trace",
    "load_published",
    "plot_accuracies",
    "plot_time_constants",
    "stages_of",
    "train_seeds",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
