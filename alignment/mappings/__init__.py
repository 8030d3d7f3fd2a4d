"""Mappings from features to neuroids: scikit-learn regressors that work alone on arrays."""

from .base import CrossPrediction, Mapping
from .partial_least_squares import PLS
from .ridge import NeuroidRidge

__all__ = ["CrossPrediction", "Mapping", "NeuroidRidge", "PLS"]
