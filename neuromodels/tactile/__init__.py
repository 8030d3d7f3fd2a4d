"""Tactile networks, the simulated sweeps that they learn from, and how these are varied in training."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .augmentation import ReleasedAugmentation, TactileAugmentation
    from .config import EADConfig
    from .network import TactileNetwork
    from .normalisation import Normalisation
    from .object_division import ObjectDivision
    from .sweeps import SweepSamples, sweep_samples

_HOME = {
    "EADConfig": "config",
    "Normalisation": "normalisation",
    "ObjectDivision": "object_division",
    "ReleasedAugmentation": "augmentation",
    "SweepSamples": "sweeps",
    "TactileAugmentation": "augmentation",
    "TactileNetwork": "network",
    "sweep_samples": "sweeps",
}

__all__ = [
    "EADConfig",
    "Normalisation",
    "ObjectDivision",
    "ReleasedAugmentation",
    "SweepSamples",
    "TactileAugmentation",
    "TactileNetwork",
    "sweep_samples",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
