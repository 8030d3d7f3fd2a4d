"""Registered language networks."""

from typing import TYPE_CHECKING

from ..registry import register_model

if TYPE_CHECKING:
    from .suma import Suma

PAPER = "AlKhamissi, Tuckute, Bosselut, Schrimpf 2024, arXiv 2406.15109"
LAYERS = ("input_layernorm", "self_attn")


@register_model(
    "language/suma",
    paper=PAPER,
    layers=LAYERS,
    committed_layer="self_attn",
    expected_params=272_969_728,
    defaults={"dim": 4096, "n_heads": 512, "n_passes": 2, "init_std": 0.02},
)
def suma(*, seed: int, **overrides: object) -> "Suma":
    """Untrained shared-weight attention at the published size (D 4096, 512 heads, 2 passes)."""
    from .suma import Suma, SumaConfig

    return Suma(SumaConfig.with_options(**overrides), seed=seed)


@register_model(
    "language/suma-small",
    paper=PAPER,
    layers=LAYERS,
    committed_layer="self_attn",
    expected_params=55_659_520,
    defaults={"dim": 1024, "n_heads": 128, "n_passes": 2, "init_std": 0.04},
)
def suma_small(*, seed: int, **overrides: object) -> "Suma":
    """The same network at D 1024 with 128 heads; head width 8 and init_std * sqrt(D) = 1.28 are kept."""
    from .suma import Suma, SumaConfig

    return Suma(SumaConfig.with_options(**{"dim": 1024, "n_heads": 128, **overrides}), seed=seed)
