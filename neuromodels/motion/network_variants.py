"""Registered trainable motion networks: the two published ones, and small ones for a CPU."""

from typing import TYPE_CHECKING

from ..registry import register_model
from .network_config import MotionConfig

if TYPE_CHECKING:
    from .network import MotionNetwork

FOM = "Sun, Chen, Yang, Nishida 2023, arXiv 2305.09156"
DUAL = "Sun et al. 2025, doi 10.1038/s42256-025-01068-w"
SMALL: dict[str, object] = {
    "levels": 3,
    "units_per_level": 16,
    "iterations": 4,
    "widths": (8, 16, 32),
    "upsampler_width": 64,
}


def _register(name: str, summary: str, n_params: int, paper: str, **defaults: object) -> None:
    """Enter the network of these options; the layers are the configuration's."""
    config = MotionConfig.with_options(defaults)

    def build(*, seed: int, **overrides: object) -> "MotionNetwork":
        from .network import MotionNetwork

        return MotionNetwork(MotionConfig.with_options(defaults, **overrides), seed=seed)

    build.__doc__ = summary
    register_model(
        f"motion/{name}",
        paper=paper,
        layers=config.layers,
        committed_layer=config.committed_layer,
        expected_params=n_params,
        defaults=defaults,
    )(build)


_register("fom", "V1-MT network of luminance motion, one pathway.", 14_101_223, FOM, pathways=1)
_register("dual", "V1-MT network of first- and second-order motion, two pathways.", 25_557_516, DUAL, pathways=2)
_register("fom-small", "Small V1-MT network, one pathway, for training on a CPU.", 807_309, FOM, pathways=1, **SMALL)
_register(
    "dual-small", "Small V1-MT network, two pathways, for training on a CPU.", 1_279_194, DUAL, pathways=2, **SMALL
)
