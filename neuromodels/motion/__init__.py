"""Motion energy models of V1 and MT: the classical ones, and trainable networks built from them."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .adelson_bergen import AdelsonBergen, AdelsonBergenConfig
    from .clips import check_clips, luminance
    from .decoder import FlowDecoder
    from .energy_bank import EnergyBank
    from .feature_energy import FeatureEnergy
    from .ffv1mt import FFV1MT, FFV1MTConfig
    from .flow_loss import endpoint_error, sequence_loss
    from .fusion import Fusion
    from .motion_graph import MotionGraph
    from .motion_pyramid import NishimotoGallant
    from .network import FlowPredictions, MotionNetwork, network_loss
    from .network_config import MotionConfig
    from .opponency import opponent_energy, population_direction
    from .published_checkpoint import convert_published_checkpoint, load_published_checkpoint
    from .pyramid_filters import NishimotoGallantConfig
    from .second_order import SecondOrderFeatures
    from .segmentation import segment_object
    from .simoncelli_heeger import SimoncelliHeeger, SimoncelliHeegerConfig
    from .training_task import FlowTask
    from .unit_table import bank_units
    from .upsampling import ConvexUpsampler

_HOME = {
    "AdelsonBergen": "adelson_bergen",
    "AdelsonBergenConfig": "adelson_bergen",
    "ConvexUpsampler": "upsampling",
    "EnergyBank": "energy_bank",
    "FFV1MT": "ffv1mt",
    "FFV1MTConfig": "ffv1mt",
    "FeatureEnergy": "feature_energy",
    "FlowDecoder": "decoder",
    "FlowPredictions": "network",
    "FlowTask": "training_task",
    "Fusion": "fusion",
    "MotionConfig": "network_config",
    "MotionGraph": "motion_graph",
    "MotionNetwork": "network",
    "NishimotoGallant": "motion_pyramid",
    "NishimotoGallantConfig": "pyramid_filters",
    "SecondOrderFeatures": "second_order",
    "SimoncelliHeeger": "simoncelli_heeger",
    "SimoncelliHeegerConfig": "simoncelli_heeger",
    "bank_units": "unit_table",
    "check_clips": "clips",
    "convert_published_checkpoint": "published_checkpoint",
    "endpoint_error": "flow_loss",
    "load_published_checkpoint": "published_checkpoint",
    "luminance": "clips",
    "network_loss": "network",
    "opponent_energy": "opponency",
    "population_direction": "opponency",
    "segment_object": "segmentation",
    "sequence_loss": "flow_loss",
}

__all__ = [
    "AdelsonBergen",
    "AdelsonBergenConfig",
    "ConvexUpsampler",
    "EnergyBank",
    "FFV1MT",
    "FFV1MTConfig",
    "FeatureEnergy",
    "FlowDecoder",
    "FlowPredictions",
    "FlowTask",
    "Fusion",
    "MotionConfig",
    "MotionGraph",
    "MotionNetwork",
    "NishimotoGallant",
    "NishimotoGallantConfig",
    "SecondOrderFeatures",
    "SimoncelliHeeger",
    "SimoncelliHeegerConfig",
    "bank_units",
    "check_clips",
    "convert_published_checkpoint",
    "endpoint_error",
    "load_published_checkpoint",
    "luminance",
    "network_loss",
    "opponent_energy",
    "population_direction",
    "segment_object",
    "sequence_loss",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
