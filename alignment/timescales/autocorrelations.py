"""Autocorrelations over trials: what is averaged for each, and what the removal of means makes of them in short trials."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr
from scipy import fft

from .counts import Noise, Recording, checked_units

Mean = Literal["across", "trial", "segment", "pooled", "none"]
MEANS = ("across", "trial", "segment", "pooled", "none")


@dataclass(frozen=True)
class Statistic:
    """A function of the mean over trials of some features of each trial: an autocovariance over lags, or a spectrum.

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


def autocorrelation(
    counts: Recording,
    bin_ms: float,
    *,
    mean: Mean = "across",
    max_lag_ms: float | None = None,
    noise: Noise = "poisson",
) -> xr.DataArray:
    """Autocorrelation of every unit over lags from 0 on, 1 at lag 0.

    Parameters
    ----------
    counts
        ``(trial, bin)`` of one unit, ``(unit, trial, bin)``, or per unit an array ``(trial, bin)``; equal numbers of
        bins.
    bin_ms
        Width of a bin [ms].
    mean
        What is removed; see `autocovariance`.
    max_lag_ms
        Longest lag; a whole trial by default.
    noise
        ``"poisson"`` checks that values are counts; ``"gaussian"`` takes any finite ones.

    Returns
    -------
    xarray.DataArray
        ``(unit, lag)`` with ``lag_ms``; NaN where it is undefined (a constant unit).

    Raises
    ------
    ValueError
        If the counts are malformed, or ``max_lag_ms`` is not from one bin to a trial.
    """
    units = checked_units(counts, noise)
    n_bins = units[0].shape[1]
    if any(unit.shape[1] != n_bins for unit in units):
        raise ValueError(f"units have {sorted({unit.shape[1] for unit in units})} bins; equal trials are needed.")
    n_lags = n_bins - 1 if max_lag_ms is None else int(max_lag_ms / bin_ms + 1e-9)
    if not 1 <= n_lags <= n_bins - 1:
        raise ValueError(f"max_lag_ms must be from {bin_ms:g} to {(n_bins - 1) * bin_ms:g} ms, received {max_lag_ms}.")
    statistic = autocovariance(mean, n_bins, n_lags)
    values = np.stack([statistic.of(unit) for unit in units])
    values = np.where(values[:, :1] > 0, values, np.nan)
    return xr.DataArray(
        values / values[:, :1],
        dims=("unit", "lag"),
        coords={"lag_ms": ("lag", np.arange(n_lags + 1) * bin_ms)},
        attrs={"mean": mean, "bin_ms": bin_ms},
    )


def lagged_products(trials: np.ndarray, n_lags: int) -> np.ndarray:
    """Mean product of each trial with itself 0 to ``n_lags`` bins later, ``(trial, lag)``, by FFT."""
    n_bins = trials.shape[1]
    size = fft.next_fast_len(n_bins + n_lags, real=True)
    power = np.abs(fft.rfft(trials, size, axis=1)) ** 2
    return np.asarray(fft.irfft(power, size, axis=1)[:, : n_lags + 1] / (n_bins - np.arange(n_lags + 1)))


def autocovariance(mean: Mean, n_bins: int, n_lags: int) -> Statistic:
    """The statistic over lags 0 to ``n_lags`` of one way to remove means.

    Parameters
    ----------
    mean
        ``"across"``: Pearson correlation over trials of the counts of two bins, averaged over pairs of bins (so that
        it is 1 at lag 0). The others average products over time and trials, less: ``"trial"`` the mean of each trial;
        ``"segment"`` the product of the means of the two segments that are multiplied; ``"pooled"`` the mean of all
        trials; ``"none"`` nothing.
    n_bins, n_lags
        Bins of a trial, and the longest lag in bins.

    Raises
    ------
    ValueError
        If ``mean`` is another.
    """
    if mean == "across":
        return _across(n_bins, n_lags)
    if mean == "none":
        return Statistic(lambda trials: lagged_products(trials, n_lags), _unchanged)
    if mean == "trial":
        return Statistic(
            lambda trials: lagged_products(trials - trials.mean(axis=1, keepdims=True), n_lags), _unchanged
        )
    if mean == "segment":
        return Statistic(
            lambda trials: lagged_products(trials, n_lags) - np.prod(_segment_means(trials, n_lags), axis=0), _unchanged
        )
    if mean == "pooled":
        return _pooled(n_lags)
    raise ValueError(f"mean must be one of {', '.join(map(repr, MEANS))}, received {mean!r}.")


def after_removal(mean: Mean, rho: np.ndarray, n_trials: int, n_lags: int) -> np.ndarray:
    """What an autocovariance becomes, in expectation, at lags 0 to ``n_lags`` after means were removed: ``(curve, lag)``.

    With C the covariance of the bins of a trial, ``"trial"`` is the mean over pairs of bins (i, i + k) of C_ij - r_i
    - r_j + s, where r are the means of its rows and s is the mean of all of it; ``"pooled"`` subtracts 1/n of that
    for n trials. ``"segment"`` is the mean of C_ij less the covariance of the two segments' means. ``"across"`` and
    ``"none"`` leave it as it is.

    Parameters
    ----------
    mean
        As in `autocovariance`.
    rho
        ``(curve, bin)`` autocovariances at lags from 0 to a trial.
    n_trials, n_lags
        Trials of the recording, and the longest lag in bins.
    """
    n_bins = rho.shape[1]
    lags = np.arange(n_lags + 1)
    plain = rho[:, lags]
    if mean in ("across", "none"):
        return plain
    if mean == "segment":
        return plain - np.stack([_segment_covariance(rho, n_bins - int(lag), int(lag)) for lag in lags], axis=1)
    total = np.cumsum(rho, axis=1)
    rows = (total + total[:, ::-1] - rho[:, :1]) / n_bins
    above = np.cumsum(np.concatenate([np.zeros((len(rho), 1)), rows], axis=1), axis=1)
    early = above[:, n_bins - lags] / (n_bins - lags)
    late = (above[:, [n_bins]] - above[:, lags]) / (n_bins - lags)
    return plain - (early + late - rows.mean(axis=1, keepdims=True)) / (n_trials if mean == "pooled" else 1)


def exponentials(tau_ms: np.ndarray, n_bins: int, bin_ms: float) -> np.ndarray:
    """exp(-t/tau) at lags of 0 to ``n_bins - 1`` bins, ``(tau, lag)``."""
    return np.exp(-np.arange(n_bins) * bin_ms / np.asarray(tau_ms, float)[:, None])


def without_noise(values: np.ndarray, white: np.ndarray) -> np.ndarray:
    """Autocovariances at lags from 1 on without what noise that is independent between bins puts there, ``(set, lag)``.

    Such noise (Poisson counting) would only show at lag 0, but the removed means carry some of it to all lags. Its
    size follows from lag 0 and goes with it: R_k - R_0 w_k / w_0.

    Parameters
    ----------
    values
        ``(set, lag)`` from lag 0 on: observed, or the curves to be fitted.
    white
        ``(lag,)`` what white noise becomes; see `after_removal`.
    """
    return np.asarray(values[:, 1:] - values[:, :1] * white[1:] / white[0])


def white_curve(mean: Mean, n_trials: int, n_bins: int, n_lags: int) -> np.ndarray:
    """White noise of variance 1 after means were removed, ``(lag,)``."""
    return after_removal(mean, np.eye(1, n_bins), n_trials, n_lags)[0]


def _unchanged(means: np.ndarray) -> np.ndarray:
    return means


def _segment_means(trials: np.ndarray, n_lags: int) -> np.ndarray:
    """Means without the last and without the first k bins, ``(2, trial, lag)``."""
    n_bins, lags = trials.shape[1], np.arange(n_lags + 1)
    total = np.cumsum(np.concatenate([np.zeros((len(trials), 1)), trials], axis=1), axis=1)
    early = total[:, n_bins - lags] / (n_bins - lags)
    late = (total[:, [n_bins]] - total[:, lags]) / (n_bins - lags)
    return np.stack([early, late])


def _segment_covariance(rho: np.ndarray, width: int, lag: int) -> np.ndarray:
    """Covariance of the means of two segments of ``width`` bins, one ``lag`` bins later, ``(curve,)``."""
    apart = np.arange(-width + 1, width)
    return np.asarray((rho[:, np.abs(apart + lag)] * (width - np.abs(apart))).sum(axis=1) / width**2)


def _pooled(n_lags: int) -> Statistic:
    def features(trials: np.ndarray) -> np.ndarray:
        early, late = _segment_means(trials, n_lags)
        mean = trials.mean(axis=1, keepdims=True)
        return np.concatenate([lagged_products(trials, n_lags), early + late, mean], axis=1)

    def combine(means: np.ndarray) -> np.ndarray:
        product, ends, mean = means[:, : n_lags + 1], means[:, n_lags + 1 : -1], means[:, -1:]
        return np.asarray(product - mean * ends + mean**2)

    return Statistic(features, combine)


def _across(n_bins: int, n_lags: int) -> Statistic:
    """Mean over pairs of bins of the Pearson correlation over trials; pairs with a constant bin are left out."""
    apart = np.arange(n_bins)[None, :] - np.arange(n_bins)[:, None]
    rows, columns = np.nonzero((apart >= 0) & (apart <= n_lags))
    lag = columns - rows
    diagonal = np.flatnonzero(lag == 0)
    member = (lag[:, None] == np.arange(n_lags + 1)).astype(float)

    def features(trials: np.ndarray) -> np.ndarray:
        return np.concatenate([trials, trials[:, rows] * trials[:, columns]], axis=1)

    def combine(means: np.ndarray) -> np.ndarray:
        first, second = means[:, :n_bins], means[:, n_bins:]
        covariance = second - first[:, rows] * first[:, columns]
        variance = covariance[:, diagonal]
        # Rounding leaves a constant bin with a variance of about 1e-16 of its square.
        known = variance > 1e-9 * np.maximum(second[:, diagonal], 1e-300)
        scale = np.sqrt(np.where(known, variance, 1.0))
        both = known[:, rows] & known[:, columns]
        r = np.where(both, covariance / (scale[:, rows] * scale[:, columns]), 0.0)
        number = both @ member
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(number > 0, (r @ member) / number, np.nan)

    return Statistic(features, combine)
