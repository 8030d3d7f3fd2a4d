"""Ceilings: how well any model could do, because the recording is noisy; and scores corrected for that noise."""

from .animals import (
    InterAnimalCeiling,
    InterAnimalConsistency,
    SizeCurve,
    inter_animal_consistency,
    source_animal_curve,
    source_unit_curve,
)
from .consistency import Consistency, internal_consistency, predictor_consistency
from .estimates import Ceiling, CeilingEstimate, PublishedCeiling
from .extrapolation import Extrapolation, extrapolate, fit_saturation, saturation
from .normalisations import (
    ceiled_correlation,
    explained_variance,
    explained_variance_legacy,
    explained_variance_per_neuroid,
)
from .performance import normalised_correlation, unbiased_r2
from .predictivity import NoiseCorrectedPredictivity, noise_corrected_predictivity
from .rdm_predictivity import noise_corrected_rsa
from .released_scores import released_ratio, released_score
from .signal_to_noise import NcsnrCeiling, ncsnr, noise_ceiling
from .split_half import (
    ReliableUnits,
    SplitHalfCeiling,
    SplitHalfReliability,
    reliable_units,
    spearman_brown,
    split_half_reliability,
)
from .subjects import SubjectCeiling, subject_extrapolation_ceiling
from .variance import (
    SignalPowerCeiling,
    VarianceComponents,
    explainable_variance,
    signal_power,
    variance_components,
)

__all__ = [
    "Ceiling",
    "CeilingEstimate",
    "Consistency",
    "Extrapolation",
    "InterAnimalCeiling",
    "InterAnimalConsistency",
    "NcsnrCeiling",
    "NoiseCorrectedPredictivity",
    "PublishedCeiling",
    "ReliableUnits",
    "SignalPowerCeiling",
    "SizeCurve",
    "SplitHalfCeiling",
    "SplitHalfReliability",
    "SubjectCeiling",
    "VarianceComponents",
    "ceiled_correlation",
    "explainable_variance",
    "explained_variance",
    "explained_variance_legacy",
    "explained_variance_per_neuroid",
    "extrapolate",
    "fit_saturation",
    "inter_animal_consistency",
    "internal_consistency",
    "ncsnr",
    "noise_ceiling",
    "noise_corrected_predictivity",
    "noise_corrected_rsa",
    "normalised_correlation",
    "predictor_consistency",
    "released_ratio",
    "released_score",
    "reliable_units",
    "saturation",
    "signal_power",
    "source_animal_curve",
    "source_unit_curve",
    "spearman_brown",
    "split_half_reliability",
    "subject_extrapolation_ceiling",
    "unbiased_r2",
    "variance_components",
]
