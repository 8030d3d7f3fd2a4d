"""Blocks that several families of models share: recurrent cells and the maps they are made of."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cell import ChannelNorm, RecurrentCell
    from .cell_kinds import list_cells, make_cell
    from .channel_map import ChannelMap, SeparableMap
    from .gated_cells import GRUCell, IntersectionRNNCell, LSTMCell, UGRNNCell
    from .leaky_cells import ConvBasicCell, IdentityCell, TimeDecayCell, VanillaCell
    from .reciprocal_cell import ReciprocalGatedCell, ReciprocalOptions

_HOME = {
    "ChannelMap": "channel_map",
    "ChannelNorm": "cell",
    "ConvBasicCell": "leaky_cells",
    "GRUCell": "gated_cells",
    "IdentityCell": "leaky_cells",
    "IntersectionRNNCell": "gated_cells",
    "LSTMCell": "gated_cells",
    "ReciprocalGatedCell": "reciprocal_cell",
    "ReciprocalOptions": "reciprocal_cell",
    "RecurrentCell": "cell",
    "SeparableMap": "channel_map",
    "TimeDecayCell": "leaky_cells",
    "UGRNNCell": "gated_cells",
    "VanillaCell": "leaky_cells",
    "list_cells": "cell_kinds",
    "make_cell": "cell_kinds",
}

__all__ = [
    "ChannelMap",
    "ChannelNorm",
    "ConvBasicCell",
    "GRUCell",
    "IdentityCell",
    "IntersectionRNNCell",
    "LSTMCell",
    "ReciprocalGatedCell",
    "ReciprocalOptions",
    "RecurrentCell",
    "SeparableMap",
    "TimeDecayCell",
    "UGRNNCell",
    "VanillaCell",
    "list_cells",
    "make_cell",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
