"""Behaviour: consistency between choices of models and people."""

from .agreement import Agreement, accuracy_distance, error_consistency
from .choices import Choices
from .properties import DistributionSimilarity, ks_similarity, value_delta
from .psychometric import (
    PsychometricFit,
    ThresholdSimilarity,
    fit_threshold,
    threshold_elevation,
    threshold_similarity,
)
from .signatures import SignatureScore, i1, i1n, i2, i2n, o1, o2

__all__ = [
    "Agreement",
    "Choices",
    "DistributionSimilarity",
    "PsychometricFit",
    "SignatureScore",
    "ThresholdSimilarity",
    "accuracy_distance",
    "error_consistency",
    "fit_threshold",
    "i1",
    "i1n",
    "i2",
    "i2n",
    "ks_similarity",
    "o1",
    "o2",
    "threshold_elevation",
    "threshold_similarity",
    "value_delta",
]
