"""Registered classical models of motion energy."""

from typing import TYPE_CHECKING

from ..registry import register_model

if TYPE_CHECKING:
    from .adelson_bergen import AdelsonBergen
    from .ffv1mt import FFV1MT
    from .motion_pyramid import NishimotoGallant
    from .simoncelli_heeger import SimoncelliHeeger


@register_model(
    "motion/adelson-bergen",
    paper="Adelson, Bergen 1985, Journal of the Optical Society of America A 2, 284-299",
    layers=("v1", "opponent"),
    committed_layer="v1",
    expected_params=0,
    defaults={"n_directions": 8, "spatial_frequencies_cpp": (0.0625, 0.125, 0.25), "rate": 1.5, "n_taps": 12},
)
def adelson_bergen(*, seed: int, **overrides: object) -> "AdelsonBergen":
    """Motion energy over 8 directions and 3 scales, and opponent energy."""
    from .adelson_bergen import AdelsonBergen, AdelsonBergenConfig

    return AdelsonBergen(AdelsonBergenConfig.with_options(**overrides), seed=seed)


@register_model(
    "motion/nishimoto-gallant",
    paper="Nishimoto et al. 2011, Current Biology 21, 1641-1646",
    layers=("amplitude", "v1"),
    committed_layer="v1",
    expected_params=0,
    defaults={"n_rows": 96, "n_cols": 96, "rate_hz": 24.0},
)
def nishimoto_gallant(*, seed: int, **overrides: object) -> "NishimotoGallant":
    """Motion energy pyramid for encoding models of movies; 1,380 filters for square pictures."""
    from .motion_pyramid import NishimotoGallant
    from .pyramid_filters import NishimotoGallantConfig

    return NishimotoGallant(NishimotoGallantConfig.with_options(**overrides), seed=seed)


@register_model(
    "motion/simoncelli-heeger",
    paper="Simoncelli, Heeger 1998, Vision Research 38, 743-761",
    layers=("v1_linear", "v1_complex", "v1", "mt_linear", "mt"),
    committed_layer="mt",
    expected_params=0,
    defaults={"v1_units": None, "mt_units": None},
)
def simoncelli_heeger(*, seed: int, **overrides: object) -> "SimoncelliHeeger":
    """V1 and MT populations with divisive normalisation; MT follows patterns."""
    from .simoncelli_heeger import SimoncelliHeeger, SimoncelliHeegerConfig

    return SimoncelliHeeger(SimoncelliHeegerConfig.with_options(**overrides), seed=seed)


@register_model(
    "motion/ffv1mt",
    paper="Solari, Chessa, Medathati, Kornprobst 2015, Signal Processing: Image Communication 39, 342-354",
    layers=("energy", "v1", "mt", "flow"),
    committed_layer="mt",
    expected_params=0,
    defaults={"n_levels": 6},
)
def ffv1mt(*, seed: int, **overrides: object) -> "FFV1MT":
    """Optical flow from V1 energies and MT pooling, coarse to fine, without training."""
    from .ffv1mt import FFV1MT, FFV1MTConfig

    return FFV1MT(FFV1MTConfig.with_options(**overrides), seed=seed)
