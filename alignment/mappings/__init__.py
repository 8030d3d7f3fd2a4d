"""Mappings from features to neuroids: scikit-learn regressors that work alone on arrays."""

from .base import CrossPrediction, Mapping
from .least_squares import LeastSquares
from .one_to_one_map import OneToOne
from .partial_least_squares import PLS
from .ridge import NeuroidRidge

__all__ = ["CrossPrediction", "LeastSquares", "Mapping", "NeuroidRidge", "OneToOne", "PLS"]
