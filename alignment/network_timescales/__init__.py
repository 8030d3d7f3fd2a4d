"""Timescales of a network's states beside those of neurons: distributions, and their order over areas."""

from .metric import Areas, Noise, TimescaleHierarchy, TimescaleMatch
from .several_networks import SeveralNetworks
from .states import autocorrelations, fit_timescales, state_timescales

__all__ = [
    "Areas",
    "Noise",
    "SeveralNetworks",
    "TimescaleHierarchy",
    "TimescaleMatch",
    "autocorrelations",
    "fit_timescales",
    "state_timescales",
]
