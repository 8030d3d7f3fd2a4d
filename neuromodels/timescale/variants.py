"""Registered networks with time constants: the published ones, their controls, and small ones for a CPU."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..registry import register_model
from .leaky_config import LeakyConfig, with_options

if TYPE_CHECKING:
    from ..recording import Recordable
    from .gated_rnn import GatedRNN
    from .leaky_rnn import LeakyRNN

PAPER = "Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927"
LAYERS = ("state", "readout")
SMALL = 64


def _register_leaky(name: str, summary: str, n_params: int, /, **defaults: object) -> None:
    def build(*, seed: int, **overrides: object) -> "LeakyRNN":
        from .leaky_rnn import LeakyRNN

        return LeakyRNN(with_options(LeakyConfig, defaults, overrides), seed=seed)

    _register(name, summary, n_params, build, defaults)


def _register_gated(name: str, summary: str, n_params: int, /, **defaults: object) -> None:
    def build(*, seed: int, **overrides: object) -> "GatedRNN":
        from .gated_rnn import GatedConfig, GatedRNN

        return GatedRNN(with_options(GatedConfig, defaults, overrides), seed=seed)

    _register(name, summary, n_params, build, defaults)


def _register(
    name: str, summary: str, n_params: int, build: Callable[..., "Recordable"], defaults: dict[str, object]
) -> None:
    build.__doc__ = summary
    register_model(
        f"timescale/{name}",
        paper=PAPER,
        layers=LAYERS,
        committed_layer="state",
        expected_params=n_params,
        defaults=defaults,
    )(build)


_register_leaky("leaky", "Leaky units, each with a trained time constant; the leak inside the non-linearity.", 352_200)
_register_leaky("leaky-mod", "Leaky units, the leak outside the non-linearity.", 352_200, leak="outside")
_register_leaky("leaky-continuous", "Leaky units in ten substeps of each digit.", 352_200, leak="outside", substeps=10)
_register_leaky("leaky-fixed", "Leaky units with one time constant that is not trained.", 351_700, timescales="fixed")
_register_leaky(
    "leaky-free", "Leaky units whose time constants are trained without a clamp.", 352_200, timescales="free"
)
_register_gated("lstm", "LSTM with the same readout heads.", 1_106_200, kind="lstm")
_register_gated("gru", "GRU with the same readout heads.", 854_700, kind="gru")
_register_leaky("leaky-small", "64 leaky units, for training on a CPU.", 17_352, units=SMALL)
_register_leaky(
    "leaky-small-free", "64 leaky units without a clamp, for training on a CPU.", 17_352, units=SMALL, timescales="free"
)
_register_gated("lstm-small", "LSTM of 64 units, for training on a CPU.", 30_152, kind="lstm", units=SMALL)
_register_gated("gru-small", "GRU of 64 units, for training on a CPU.", 25_864, kind="gru", units=SMALL)
