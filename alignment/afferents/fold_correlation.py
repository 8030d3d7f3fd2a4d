"""Correlation of held-out predictions within folds: what the means of the training sets say of each other does not count.

The mean of a training set is high where that of its test set is low, so that predictions of a constant, pooled over folds,
correlate negatively with what was observed. With means taken within each fold,

    r = sum_f sum_{t in f} (p_t - mean_f p)(o_t - mean_f o) / sqrt(sum_f sum_{t in f} (p_t - mean_f p)^2 x the same of o),

a constant has no r (0 / 0, NaN), a fold counts by how much happens in it, and a fold without a spike spoils nothing.
"""

from collections.abc import Sequence

import numpy as np

from ..folds import Fold
from .shifts import shifted_sums

# Spread below this share of the largest value is rounding.
ROUNDING = 1e-10


def fold_of_bins(folds: Sequence[Fold], shape: tuple[int, int], n_pooled: int) -> np.ndarray:
    """Number of the fold that tests each bin of r, ``(presentation, r_bin)``; -1 where it holds bins of two folds.

    Parameters
    ----------
    folds
        Rows of bins; every bin is tested once.
    shape
        Presentations and bins.
    n_pooled
        Bins in one bin of r; an incomplete last one is cut off.
    """
    number = np.empty(shape[0] * shape[1], dtype=int)
    for place, fold in enumerate(folds):
        number[fold.test] = place
    n_bins = shape[1] // n_pooled
    parts = number.reshape(shape)[:, : n_bins * n_pooled].reshape(shape[0], n_bins, n_pooled)
    same = (parts == parts[..., :1]).all(axis=2)
    return np.where(same, parts[..., 0], -1)


def fold_correlations(
    predicted: np.ndarray, observed: np.ndarray, fold: np.ndarray, chunk: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Pearson r within folds for many weightings of chunks of time at once.

    Parameters
    ----------
    predicted, observed
        ``(time,)``.
    fold
        ``(time,)`` number of the fold; -1 leaves a bin out.
    chunk
        ``(time,)`` number of the chunk.
    weights
        ``(draw, chunk)``, not negative.

    Returns
    -------
    numpy.ndarray
        ``(draw,)``; NaN where prediction or observation is constant within every fold.
    """
    used = fold >= 0
    p, o, fold, chunk = predicted[used], observed[used], fold[used], chunk[used]
    scales = ROUNDING * np.abs(p).max(initial=0), ROUNDING * np.abs(o).max(initial=0)
    p, o = _centred(p, fold), _centred(o, fold)
    cells, cell = np.unique(np.stack([fold, chunk]), axis=1, return_inverse=True)
    ones = np.ones_like(p)
    sums = np.stack([np.bincount(cell.ravel(), weights=one) for one in (ones, p, o, p * p, o * o, p * o)], axis=1)
    total = np.zeros((len(weights), 3))
    weight = np.zeros(len(weights))
    for number in np.unique(fold):
        inside = cells[0] == number
        n, sum_p, sum_o, *products = (weights[:, cells[1, inside]] @ sums[inside]).T
        with np.errstate(invalid="ignore"):
            means = np.stack([sum_p * sum_p, sum_o * sum_o, sum_p * sum_o]) / n
        total += np.where(n > 0, np.stack(products) - means, 0).T
        weight += n
    return _ratio(total[:, 2], total[:, 0], total[:, 1], weight, scales)


def shifted_fold_correlations(predicted: np.ndarray, observed: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """The same r ``(shift,)`` with the observation at every circular shift, shift 0 first.

    Parameters
    ----------
    predicted, observed, fold
        ``(time,)``, see `fold_correlations`; folds stay where they are.
    """
    numbers = [number for number in np.unique(fold) if number >= 0]
    inside = np.stack([fold == number for number in numbers]).astype(float)
    n = inside.sum(axis=1)
    p = np.zeros(len(predicted))
    p[fold >= 0] = _centred(predicted[fold >= 0], fold[fold >= 0])
    o = observed - observed.mean()
    sums, squares = shifted_sums(o, inside), shifted_sums(o * o, inside.sum(axis=0))
    spread = squares - (sums**2 / n[:, None]).sum(axis=0)
    scales = ROUNDING * np.abs(predicted).max(), ROUNDING * np.abs(observed).max()
    return _ratio(shifted_sums(o, p), np.full(len(o), p @ p), spread, np.full(len(o), n.sum()), scales)


def _centred(values: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Values minus their mean within the fold."""
    n = np.bincount(fold)
    mean = np.bincount(fold, weights=values) / np.maximum(n, 1)
    return np.asarray(values - mean[fold])


def _ratio(
    product: np.ndarray, square_p: np.ndarray, square_o: np.ndarray, n: np.ndarray, scales: tuple[float, float]
) -> np.ndarray:
    """Correlation from sums over ``n`` bins; NaN where one side has no spread beyond rounding."""
    known = (square_p > n * scales[0] ** 2) & (square_o > n * scales[1] ** 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        r = product / np.sqrt(square_p * square_o)
    return np.where(known, np.clip(r, -1.0, 1.0), np.nan)
