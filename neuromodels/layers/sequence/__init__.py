"""Layers from sequences to sequences: state spaces and recurrent blocks that run in parallel over time or step by step."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .hippo import legs_diagonal_plus_low_rank, legs_matrix
    from .layer_kinds import list_sequence_layers, make_sequence_layer
    from .mamba import Mamba
    from .s4 import S4
    from .scan import linear_scan
    from .sequence_layer import SequenceLayer, undecayed_parameters
    from .sequence_stack import SequenceStack

_HOME = {
    "Mamba": "mamba",
    "S4": "s4",
    "SequenceLayer": "sequence_layer",
    "SequenceStack": "sequence_stack",
    "legs_diagonal_plus_low_rank": "hippo",
    "legs_matrix": "hippo",
    "linear_scan": "scan",
    "list_sequence_layers": "layer_kinds",
    "make_sequence_layer": "layer_kinds",
    "undecayed_parameters": "sequence_layer",
}

__all__ = [
    "S4",
    "Mamba",
    "SequenceLayer",
    "SequenceStack",
    "legs_diagonal_plus_low_rank",
    "legs_matrix",
    "linear_scan",
    "list_sequence_layers",
    "make_sequence_layer",
    "undecayed_parameters",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
