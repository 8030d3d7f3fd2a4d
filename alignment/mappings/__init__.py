"""Mappings from features to neuroids: scikit-learn regressors that work alone on arrays."""

from .base import CrossPrediction, Mapping
from .ridge import NeuroidRidge

__all__ = ["CrossPrediction", "Mapping", "NeuroidRidge"]
