"""Noise-corrected scores as released code of the field aggregates them; only for comparison with published numbers."""

import numpy as np

from .halved_fits import mean_over_first
from .predictivity import NoiseCorrectedPredictivity

LEAST_RELIABILITY = 0.5
# Products of reliabilities up to here count as zero.
ZERO = 1e-8


def released_ratio(found: NoiseCorrectedPredictivity) -> np.ndarray:
    """Corrected values ``(half, split, neuroid)`` in which two negative reliabilities pass as if they were positive.

    r_xy / sqrt(SB(r_xx) SB(r_yy)), NaN only where the product is not positive. `NoiseCorrectedPredictivity.corrected` is NaN
    where either is not positive, since the root of two negative reliabilities means nothing.

    References
    ----------
    Chung et al. 2025, arXiv:2505.18361, released code.
    """
    product = found.r_xx_sb * found.r_yy_sb
    with np.errstate(invalid="ignore"):
        return np.asarray(found.r_xy / np.sqrt(np.where(product > ZERO, product, np.nan)))


def released_score(found: NoiseCorrectedPredictivity, *, least_reliability: float = LEAST_RELIABILITY) -> float:
    """One number for a layer and a target: median over neuroids of the mean over halves and splits that pass.

    Parameters
    ----------
    found
        From `noise_corrected_predictivity` or `noise_corrected_rsa`.
    least_reliability
        Halves and splits with r_xx or r_yy, before Spearman-Brown, below it are left out.

    Returns
    -------
    float
        NaN if nothing passes. It may exceed 1. The choice of halves by the reliability that they happen to show favours
        those in which noise resembles itself.

    References
    ----------
    Chung et al. 2025, arXiv:2505.18361, released code.
    """
    with np.errstate(invalid="ignore"):
        passes = (found.r_xx >= least_reliability) & (found.r_yy >= least_reliability)
    values = np.where(passes, released_ratio(found), np.nan)
    per_neuroid = mean_over_first(values.reshape(-1, values.shape[-1]))
    finite = per_neuroid[np.isfinite(per_neuroid)]
    return float(np.median(finite)) if len(finite) else float("nan")
