"""Bootstrap over presentations: how often each row counts in each draw, and the intervals that draws give."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

CI_LEVEL = 0.95
IntervalMethod = Literal["percentile", "bc", "bca"]


def bootstrap_weights(n_rows: int, groups: np.ndarray | None, n_boot: int, seed: int) -> np.ndarray:
    """Counts of each row in resamples with replacement.

    Parameters
    ----------
    n_rows
        Presentations.
    groups
        ``(n_rows,)`` labels; whole groups are drawn then, because their members are not independent.
    n_boot
        Draws.
    seed
        The same seed gives the same draws, so two models scored on the same rows are compared pairwise.

    Returns
    -------
    numpy.ndarray
        ``(n_boot, n_rows)`` counts.
    """
    rng = np.random.default_rng(seed)
    if groups is None:
        return rng.multinomial(n_rows, np.full(n_rows, 1 / n_rows), size=n_boot).astype(float)
    labels, codes = np.unique(groups, return_inverse=True)
    counts = rng.multinomial(len(labels), np.full(len(labels), 1 / len(labels)), size=n_boot)
    return counts[:, codes].astype(float)


def fold_factor(n_tested: int, n_train: float) -> float:
    """How much wider than the bootstrap over test rows an interval must be because folds share training rows.

    sqrt(1 + n_tested / n_train), the correction of the variance of cross-validated scores by Nadeau & Bengio 2003
    (Machine Learning 52:239) for ``n_tested`` different test rows: 1.5 for five folds.
    """
    return float(np.sqrt(1 + n_tested / n_train))


def small_sample_factor(n_units: int, n_tested: float | None = None, level: float = CI_LEVEL) -> float:
    """How much wider a bootstrap interval must be because few units were resampled.

    sqrt(m / (m - 1)) t(n - 1) / z: draws from n units have the variance of a sample with divisor n instead of n - 1, and
    their quantiles are those of a normal instead of a t distribution. Inside folds means are taken over the m
    units of one fold, so the divisor is theirs.

    Parameters
    ----------
    n_units
        Units that are drawn: presentations, or groups where whole groups are drawn.
    n_tested
        Units tested in one fold; all units if None.
    level
        Nominal coverage.

    References
    ----------
    Hesterberg 2015 (Am. Stat. 69:371), expanded percentile interval.
    """
    inside = n_units if n_tested is None else n_tested
    if n_units < 2 or inside <= 1:
        raise ValueError(
            f"an interval needs at least 2 units, and more than 1 per fold, received {n_units} and {inside}; use larger groups "
            "of stimuli, or fewer folds."
        )
    tail = (1 + level) / 2
    return float(np.sqrt(inside / (inside - 1)) * stdtrit(n_units - 1, tail) / ndtri(tail))


def interval(
    draws: np.ndarray,
    value: float = float("nan"),
    factor: float = 1.0,
    level: float = CI_LEVEL,
    *,
    method: Literal["percentile", "bc"] = "percentile",
) -> tuple[float, float]:
    """Interval of bootstrap draws, its distance from ``value`` multiplied by ``factor``; NaN without draws.

    Parameters
    ----------
    draws
        ``(boot,)``; NaN is left out.
    value
        The statistic of the sample.
    factor
        See `fold_factor` and `small_sample_factor`.
    level
        Nominal coverage.
    method
        ``"percentile"``, or ``"bc"`` which corrects bias; see `draw_interval`.
    """
    low, high = draw_interval(draws, value, method=method, level=level, factor=factor)
    return float(low), float(high)


def draw_interval(
    draws: np.ndarray,
    value: np.ndarray | float,
    jackknife: Sequence[np.ndarray] = (),
    *,
    method: IntervalMethod = "percentile",
    level: float = CI_LEVEL,
    factor: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Percentile or bias-corrected interval of every column of draws.

    The percentile interval holds the middle ``level`` of the draws. BCa takes the quantiles at

        Phi(z0 + (z0 + z) / (1 - a (z0 + z)))  for z = -+Phi^-1((1 + level) / 2)

    instead, where Phi(z0) is the share of draws below ``value`` (half of those equal to it) and the acceleration is
    a = sum_k sum_i U_ki^3 / n_k^3 / (6 (sum_k sum_i U_ki^2 / n_k^2)^1.5), with U_ki = (n_k - 1) (mean of the leave-one-out
    values of factor k - the one without item i). BC is the same with a = 0.

    Parameters
    ----------
    draws
        ``(boot, ...)``; draws that are NaN are left out.
    value
        ``(...)`` statistic of the sample itself.
    jackknife
        For BCa, per resampled factor the leave-one-out values ``(item, ...)``.
    method
        ``"percentile"``, ``"bc"`` or ``"bca"``.
    level
        Nominal coverage.
    factor
        Distance of the bounds from ``value`` is multiplied by it; see `fold_factor`.

    Returns
    -------
    low, high : numpy.ndarray
        ``(...)``; NaN where there are no draws, or where BC does not exist because all draws lie on one side of the value.

    References
    ----------
    Efron 1987 (J. Am. Stat. Assoc. 82:171), equations 2.3 and 6.6; Efron & Tibshirani 1993, equations 14.10 and 14.15.
    """
    centre = np.asarray(value, dtype=float)
    draws = np.where(np.isfinite(draws), draws, np.nan)
    ordered = np.sort(draws, axis=0)
    edges = np.array([(1 - level) / 2, (1 + level) / 2]).reshape(2, *[1] * centre.ndim)
    share = np.broadcast_to(edges, (2, *centre.shape))
    if method not in ("percentile", "bc", "bca"):
        raise ValueError(f"method must be 'percentile', 'bc' or 'bca', received {method!r}.")
    if method != "percentile":
        z0 = _bias_correction(draws, centre)
        z = z0 + ndtri(share)
        skewness = acceleration(jackknife) if method == "bca" else 0.0
        with np.errstate(invalid="ignore", divide="ignore"):
            share = ndtr(z0 + z / (1 - skewness * z))
        share = np.where(np.isfinite(z0), share, np.nan)
    low, high = _quantiles(ordered, share)
    if factor > 1:
        low = np.fmin(low, centre - factor * (centre - low))
        high = np.fmax(high, centre + factor * (high - centre))
    return low, high


def acceleration(jackknife: Sequence[np.ndarray]) -> np.ndarray:
    """Skewness of the statistic, a in BCa, from leave-one-out values ``(item, ...)`` of each factor; 0 if none vary."""
    if not jackknife:
        raise ValueError("BCa needs leave-one-out values for each resampled factor; received none.")
    cubes, squares = 0.0, 0.0
    for values in jackknife:
        n = len(values)
        pull = (n - 1) * (values.mean(axis=0) - values)
        cubes = cubes + (pull**3).sum(axis=0) / n**3
        squares = squares + (pull**2).sum(axis=0) / n**2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(squares > 0, cubes / (6 * np.power(squares, 1.5)), 0.0)


def _bias_correction(draws: np.ndarray, value: np.ndarray) -> np.ndarray:
    known = np.isfinite(draws)
    below = ((draws < value) & known).sum(axis=0) + 0.5 * ((draws == value) & known).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(ndtri(below / known.sum(axis=0)))


def _quantiles(ordered: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Linear quantiles of sorted draws, a different share for every column; NaN stand at the end and are left out."""
    if len(ordered) == 0:
        nothing = np.full(ordered.shape[1:], np.nan)
        return nothing, nothing.copy()
    last = np.isfinite(ordered).sum(axis=0) - 1
    place = np.where(last >= 0, share * last, np.nan)
    known = np.isfinite(place)
    under = np.floor(np.where(known, place, 0)).astype(int)
    over = np.minimum(under + 1, np.maximum(last, 0))
    rest = np.where(known, place - under, np.nan)
    first, second = np.take_along_axis(ordered, under, axis=0), np.take_along_axis(ordered, over, axis=0)
    low, high = first + rest * (second - first)
    return low, high
