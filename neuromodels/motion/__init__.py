"""Motion energy models of V1 and MT: the classical ones, and trainable networks built from them."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .adelson_bergen import AdelsonBergen, AdelsonBergenConfig
    from .clips import check_clips, luminance
    from .energy_bank import EnergyBank
    from .feature_energy import FeatureEnergy
    from .ffv1mt import FFV1MT, FFV1MTConfig
    from .motion_pyramid import NishimotoGallant
    from .opponency import opponent_energy, population_direction
    from .pyramid_filters import NishimotoGallantConfig
    from .simoncelli_heeger import SimoncelliHeeger, SimoncelliHeegerConfig
    from .unit_table import bank_units

_HOME = {
    "AdelsonBergen": "adelson_bergen",
    "AdelsonBergenConfig": "adelson_bergen",
    "EnergyBank": "energy_bank",
    "FFV1MT": "ffv1mt",
    "FFV1MTConfig": "ffv1mt",
    "FeatureEnergy": "feature_energy",
    "NishimotoGallant": "motion_pyramid",
    "NishimotoGallantConfig": "pyramid_filters",
    "SimoncelliHeeger": "simoncelli_heeger",
    "SimoncelliHeegerConfig": "simoncelli_heeger",
    "bank_units": "unit_table",
    "check_clips": "clips",
    "luminance": "clips",
    "opponent_energy": "opponency",
    "population_direction": "opponency",
}

__all__ = [
    "AdelsonBergen",
    "AdelsonBergenConfig",
    "EnergyBank",
    "FFV1MT",
    "FFV1MTConfig",
    "FeatureEnergy",
    "NishimotoGallant",
    "NishimotoGallantConfig",
    "SimoncelliHeeger",
    "SimoncelliHeegerConfig",
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
