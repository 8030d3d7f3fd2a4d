"""Motion energy models of V1 and MT: the classical ones, and trainable networks built from them."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .clips import check_clips, luminance
    from .energy_bank import EnergyBank
    from .feature_energy import FeatureEnergy
    from .opponency import opponent_energy, population_direction
    from .unit_table import bank_units

_HOME = {
    "EnergyBank": "energy_bank",
    "FeatureEnergy": "feature_energy",
    "bank_units": "unit_table",
    "check_clips": "clips",
    "luminance": "clips",
    "opponent_energy": "opponency",
    "population_direction": "opponency",
}

__all__ = [
    "EnergyBank",
    "FeatureEnergy",
    "bank_units",
    "check_clips",
    "luminance",
    "opponent_energy",
    "population_direction",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
