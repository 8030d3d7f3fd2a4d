"""Inference: resampling, intervals, permutation tests, comparisons of models."""

from .bootstrapping import BootstrapResult, bootstrap, bootstrap_correlation
from .comparison import (
    ModelComparison,
    PairedDifference,
    bootstrap_p,
    compare_models,
    compare_predictions,
    compare_scores,
)
from .designs import Design
from .dual import DualBootstrapResult, dual_bootstrap, dual_variance
from .multiple import false_discovery_rate, holm_correction, max_statistic
from .permutation import (
    PermutationResult,
    permutation_p,
    permutation_test,
    permutation_test_correlation,
    sign_flip_test,
)
from .pooling import median_draws
from .resampling import bootstrap_weights, draw_interval, fold_factor, interval, small_sample_factor
from .schemes import make_scheme
from .selection import CorrectedMaximum, corrected_maximum
from .splits import ResampledT, corrected_resampled_t, split_standard_error

__all__ = [
    "BootstrapResult",
    "CorrectedMaximum",
    "Design",
    "DualBootstrapResult",
    "ModelComparison",
    "PairedDifference",
    "PermutationResult",
    "ResampledT",
    "bootstrap",
    "bootstrap_correlation",
    "bootstrap_p",
    "bootstrap_weights",
    "compare_models",
    "compare_predictions",
    "compare_scores",
    "corrected_maximum",
    "corrected_resampled_t",
    "draw_interval",
    "dual_bootstrap",
    "dual_variance",
    "false_discovery_rate",
    "fold_factor",
    "holm_correction",
    "interval",
    "make_scheme",
    "max_statistic",
    "median_draws",
    "permutation_p",
    "permutation_test",
    "permutation_test_correlation",
    "sign_flip_test",
    "small_sample_factor",
    "split_standard_error",
]
