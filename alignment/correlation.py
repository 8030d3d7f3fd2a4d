"""Pearson correlation per neuroid, plain and with bootstrap weights."""

import numpy as np

# A prediction whose spread is below this share of its magnitude is constant but for rounding.
ROUNDING = 1e-10
# Weighted variances are differences of squares: below this share of the largest square they are rounding.
CANCELLATION = 1e-13


def pearson(predicted: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Pearson r between columns.

    Parameters
    ----------
    predicted, observed
        ``(presentation, neuroid)``.

    Returns
    -------
    numpy.ndarray
        ``(neuroid,)``. A constant prediction explains nothing and gives 0; a constant observation has no
        correlation and gives NaN.
    """
    weights = np.ones((1, len(predicted)))
    return weighted_pearson(predicted, observed, weights)[0]


def weighted_pearson(predicted: np.ndarray, observed: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Pearson r between columns for many weightings of the rows at once.

    Parameters
    ----------
    predicted, observed
        ``(presentation, neuroid)``.
    weights
        ``(draw, presentation)``, not negative.

    Returns
    -------
    numpy.ndarray
        ``(draw, neuroid)``; 0 for a constant prediction, NaN for a constant observation or no weight.
    """
    if predicted.shape != observed.shape:
        raise ValueError(f"predicted {predicted.shape} and observed {observed.shape} must have equal shapes.")
    # Centring first keeps the weighted sums of squares accurate.
    scale_p, scale_o = np.abs(predicted).max(axis=0), np.abs(observed).max(axis=0)
    p, o = predicted - predicted.mean(axis=0), observed - observed.mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        total = weights.sum(axis=1, keepdims=True)
        mean_p, mean_o = weights @ p / total, weights @ o / total
        var_p = np.maximum(weights @ (p * p) / total - mean_p**2, 0)
        var_o = np.maximum(weights @ (o * o) / total - mean_o**2, 0)
        r = (weights @ (p * o) / total - mean_p * mean_o) / np.sqrt(var_p * var_o)
    constant_p = var_p <= np.maximum((ROUNDING * scale_p) ** 2, CANCELLATION * (p * p).max(axis=0))
    constant_o = var_o <= np.maximum((ROUNDING * scale_o) ** 2, CANCELLATION * (o * o).max(axis=0))
    r = np.where(constant_p, 0.0, np.clip(r, -1.0, 1.0))
    return np.where(constant_o | (total <= 0), np.nan, r)
