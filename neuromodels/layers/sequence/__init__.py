"""Layers from sequences to sequences: state spaces and recurrent blocks that run in parallel over time or step by step."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .attention_recurrence import Aaren
    from .hippo import legs_diagonal_plus_low_rank, legs_matrix
    from .layer_kinds import list_sequence_layers, make_sequence_layer
    from .legendre_memory import LMU, delay_memory
    from .mamba import Mamba
    from .matrix_memory import MLSTM
    from .minimal_recurrence import MinGRU, MinLSTM
    from .s4 import S4
    from .scalar_memory import SLSTM
    from .scan import linear_scan
    from .sequence_layer import SequenceLayer, undecayed_parameters
    from .sequence_stack import SequenceStack

_HOME = {
    "Aaren": "attention_recurrence",
    "LMU": "legendre_memory",
    "MLSTM": "matrix_memory",
    "Mamba": "mamba",
    "MinGRU": "minimal_recurrence",
    "MinLSTM": "minimal_recurrence",
    "S4": "s4",
    "SLSTM": "scalar_memory",
    "SequenceLayer": "sequence_layer",
    "SequenceStack": "sequence_stack",
    "delay_memory": "legendre_memory",
    "legs_diagonal_plus_low_rank": "hippo",
    "legs_matrix": "hippo",
    "linear_scan": "scan",
    "list_sequence_layers": "layer_kinds",
    "make_sequence_layer": "layer_kinds",
    "undecayed_parameters": "sequence_layer",
}

__all__ = [
    "Aaren",
    "LMU",
    "MLSTM",
    "Mamba",
    "MinGRU",
    "MinLSTM",
    "S4",
    "SLSTM",
    "SequenceLayer",
    "SequenceStack",
    "delay_memory",
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
