"""Autocorrelations over trials: what is averaged for each, and what mean removal makes of an exponential in short trials."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import fft

Mean = Literal["across", "trial", "segment", "pooled", "none"]
MEANS = ("across", "trial", "segment", "pooled", "none")


@dataclass(frozen=True)
class Statistic:
    """A function of the mean over trials of some features of each trial; its lags are 1 to ``n_lags`` bins, or frequencies.

    Attributes
    ----------
    features
        From trials ``(trial, bin)`` to ``(trial, feature)``.
    combine
        From means ``(set, feature)`` to the statistic ``(set, lag)``.
    """

    features: Callable[[np.ndarray], np.ndarray]
    combine: Callable[[np.ndarray], np.ndarray]

    def of(self, trials: np.ndarray) -> np.ndarray:
        """The statistic of trials ``(trial, bin)``: ``(lag,)``."""
        return self.combine(self.features(trials).mean(axis=0)[None])[0]


def lagged_products(trials: np.ndarray, n_lags: int, first: int = 0) -> np.ndarray:
    """Mean product of each trial with itself ``first`` to ``n_lags`` bins later, ``(trial, lag)``, by FFT."""
    n_bins = trials.shape[1]
    size = fft.next_fast_len(n_bins + n_lags, real=True)
    power = np.abs(fft.rfft(trials, size, axis=1)) ** 2
    return np.asarray(fft.irfft(power, size, axis=1)[:, first : n_lags + 1] / (n_bins - np.arange(first, n_lags + 1)))


def autocorrelation_statistic(mean: Mean, n_bins: int, n_lags: int) -> Statistic:
    """The statistic of one way to remove means; see `autocorrelation`."""
    if mean == "across":
        return _across(n_bins, n_lags)
    if mean == "none":
        return Statistic(lambda trials: lagged_products(trials, n_lags, 1), lambda means: means)
    if mean == "trial":
        return Statistic(
            lambda trials: lagged_products(trials - trials.mean(axis=1, keepdims=True), n_lags, 1), lambda means: means
        )
    if mean == "segment":
        return Statistic(
            lambda trials: lagged_products(trials, n_lags, 1) - np.prod(_segment_means(trials, n_lags), axis=0),
            lambda means: means,
        )
    if mean == "pooled":
        return _pooled(n_lags)
    raise ValueError(f"mean must be one of {', '.join(map(repr, MEANS))}, received {mean!r}.")


def expected_curve(
    mean: Mean, tau_ms: np.ndarray, n_trials: int, n_bins: int, n_lags: int, bin_ms: float
) -> np.ndarray:
    """What an autocovariance exp(-t/tau) becomes at lags 1 to ``n_lags`` after means are removed, ``(tau, lag)``.

    With C the covariance of the bins of a trial, the mean over pairs of bins (i, i + k) of C_ij - r_i - r_j + s,
    where r are the means of the rows of C and s the mean of all. For a mean over n trials r and s are divided by n.
    Means over trials of each bin and no removal leave the exponential as it is; a mean that is removed takes slow
    fluctuations along, most of all those about as slow as the trial is long.

    Parameters
    ----------
    mean
        As in `autocorrelation`.
    tau_ms
        ``(tau,)`` [ms].
    n_trials, n_bins, n_lags
        Trials, bins of each, and lags.
    bin_ms
        Width of a bin [ms].
    """
    rho = np.exp(-np.arange(n_bins) * bin_ms / np.asarray(tau_ms, float)[:, None])
    lags = np.arange(1, n_lags + 1)
    plain = rho[:, lags]
    if mean in ("across", "none"):
        return plain
    if mean == "segment":
        return plain - np.stack([_segment_covariance(rho, n_bins - lag, lag) for lag in lags], axis=1)
    rows, whole = row_means(rho)
    share = 1 / n_trials if mean == "pooled" else 1.0
    above = np.cumsum(np.concatenate([np.zeros((len(rho), 1)), rows], axis=1), axis=1)
    early = above[:, n_bins - lags] / (n_bins - lags)
    late = (above[:, [n_bins]] - above[:, lags]) / (n_bins - lags)
    return plain - share * (early + late - whole[:, None])


def row_means(rho: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of the rows ``(tau, bin)`` of the matrix with autocovariance ``rho (tau, lag)``, and the mean of all ``(tau,)``."""
    total = np.cumsum(rho, axis=1)
    rows = (total + total[:, ::-1] - rho[:, :1]) / rho.shape[1]
    return rows, rows.mean(axis=1)


def _segment_means(trials: np.ndarray, n_lags: int) -> np.ndarray:
    """Means without the last and without the first k bins, ``(2, trial, lag)``."""
    n_bins, lags = trials.shape[1], np.arange(1, n_lags + 1)
    total = np.cumsum(np.concatenate([np.zeros((len(trials), 1)), trials], axis=1), axis=1)
    early = total[:, n_bins - lags] / (n_bins - lags)
    late = (total[:, [n_bins]] - total[:, lags]) / (n_bins - lags)
    return np.stack([early, late])


def _segment_covariance(rho: np.ndarray, width: int, lag: int) -> np.ndarray:
    """Covariance of the means of two segments of ``width`` bins, one ``lag`` bins later, ``(tau,)``."""
    apart = np.arange(-width + 1, width)
    return np.asarray((rho[:, np.abs(apart + lag)] * (width - np.abs(apart))).sum(axis=1) / width**2)


def _pooled(n_lags: int) -> Statistic:
    def features(trials: np.ndarray) -> np.ndarray:
        early, late = _segment_means(trials, n_lags)
        mean = trials.mean(axis=1, keepdims=True)
        return np.concatenate([lagged_products(trials, n_lags, 1), early + late, mean], axis=1)

    def combine(means: np.ndarray) -> np.ndarray:
        product, ends, mean = means[:, :n_lags], means[:, n_lags : 2 * n_lags], means[:, -1:]
        return np.asarray(product - mean * ends + mean**2)

    return Statistic(features, combine)


def _across(n_bins: int, n_lags: int) -> Statistic:
    """Mean over pairs of bins k apart of the Pearson correlation over trials; pairs with a constant bin are left out."""
    rows, columns = np.nonzero(
        np.triu(np.ones((n_bins, n_bins), bool)) & ~np.triu(np.ones((n_bins, n_bins), bool), n_lags + 1)
    )
    diagonal = np.flatnonzero(rows == columns)
    apart = np.flatnonzero(rows != columns)
    lag = (columns - rows)[apart] - 1
    member = np.zeros((len(apart), n_lags))
    member[np.arange(len(apart)), lag] = 1

    def features(trials: np.ndarray) -> np.ndarray:
        return np.concatenate([trials, trials[:, rows] * trials[:, columns]], axis=1)

    def combine(means: np.ndarray) -> np.ndarray:
        first, second = means[:, :n_bins], means[:, n_bins:]
        covariance = second - first[:, rows] * first[:, columns]
        variance = covariance[:, diagonal]
        # Rounding leaves a constant bin with a variance of about 1e-16 of its square.
        known = variance > 1e-9 * np.maximum(second[:, diagonal], 1e-300)
        scale = np.sqrt(np.where(known, variance, 1.0))
        both = known[:, rows[apart]] & known[:, columns[apart]]
        r = np.where(both, covariance[:, apart] / (scale[:, rows[apart]] * scale[:, columns[apart]]), 0.0)
        number = both @ member
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(number > 0, (r @ member) / number, np.nan)

    return Statistic(features, combine)
