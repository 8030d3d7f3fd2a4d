"""Mappings from features to neuroids: scikit-learn regressors that work alone on arrays."""

from .banded import BandedRidge
from .base import CrossPrediction, Mapping
from .delayed_features import Delays, complete_rows
from .finite_impulse import FIR
from .least_squares import LeastSquares
from .memory import ridge_memory
from .one_to_one_map import OneToOne
from .partial_least_squares import PLS
from .ridge import NeuroidRidge
from .soft_matching_map import SoftMatching, soft_matching_correlation, soft_matching_distance
from .time_bins import PerTimeBin, SharedOverTime, time_generalisation

__all__ = [
    "BandedRidge",
    "CrossPrediction",
    "Delays",
    "FIR",
    "LeastSquares",
    "Mapping",
    "NeuroidRidge",
    "OneToOne",
    "PLS",
    "PerTimeBin",
    "SharedOverTime",
    "SoftMatching",
    "complete_rows",
    "ridge_memory",
    "soft_matching_correlation",
    "soft_matching_distance",
    "time_generalisation",
]
