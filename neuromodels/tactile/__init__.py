"""Tactile networks: what they learn from, simulated sweeps of objects past whiskers."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .augmentation import ReleasedAugmentation, TactileAugmentation
    from .normalisation import Normalisation
    from .object_division import ObjectDivision
    from .sweeps import SweepSamples, sweep_samples

_HOME = {
    "Normalisation": "normalisation",
    "ObjectDivision": "object_division",
    "ReleasedAugmentation": "augmentation",
    "SweepSamples": "sweeps",
    "TactileAugmentation": "augmentation",
    "sweep_samples": "sweeps",
}

__all__ = [
    "Normalisation",
    "ObjectDivision",
    "ReleasedAugmentation",
    "SweepSamples",
    "TactileAugmentation",
    "sweep_samples",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
