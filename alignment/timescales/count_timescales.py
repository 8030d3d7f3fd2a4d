"""Timescales of spike counts from their autocorrelation: over trials as Murray et al. 2014, or in time within trials."""

from typing import Literal

import numpy as np
import xarray as xr

from .autocorrelations import Mean, after_removal, autocovariance, exponentials, white_curve, without_noise
from .calibration import Invert, calibrate
from .counts import Noise, Recording
from .estimation import Method, Options, Units, attributes, estimated
from .profiles import first_decrease, fit_profile, tau_grid
from .surrogate_counts import Fluctuations

LEAST_TRIALS: dict[Mean, int] = {"across": 10, "trial": 1, "segment": 1, "pooled": 2, "none": 1}

FirstLag = Literal["first decrease", "first"]


def across_trial_timescale(
    counts: Recording,
    bin_ms: float = 50.0,
    *,
    max_lag_ms: float | None = None,
    first_lag: FirstLag = "first decrease",
    bounds_ms: tuple[float, float] | None = None,
    noise: Noise = "poisson",
    level: float = 0.95,
    n_simulations: int = 300,
    seed: int = 0,
) -> xr.Dataset:
    """Timescale of the correlation over trials between the counts of two bins, the estimator of Murray et al. 2014.

    R(k) is the mean over all pairs of bins k apart of the Pearson correlation over trials of their counts, and A
    exp(-k/tau) + B with A and B not negative is fitted from the first decrease on. Each bin has a mean of its own, so
    that a response locked to the trial does no harm; what differs between trials as a whole is in B. The interval and
    the corrected tau come from simulations of counts with the same means, variances and number of trials; see
    `calibrate`.

    Parameters
    ----------
    counts
        ``(trial, bin)`` of one unit, ``(unit, trial, bin)``, or per unit an array ``(trial, bin)``; equal numbers of
        bins.
    bin_ms
        Width of a bin [ms].
    max_lag_ms
        Longest lag that is fitted; a whole trial by default.
    first_lag
        ``"first decrease"`` starts the fit at the first lag followed by a smaller value (refractoriness); ``"first"``
        at the first.
    bounds_ms
        Timescales considered: by default half a bin to five trials.
    noise
        ``"poisson"`` for spike counts; ``"gaussian"`` for other signals.
    level
        Nominal coverage of the interval.
    n_simulations
        Simulated recordings for each timescale tried; 0 for no interval and no correction.
    seed
        Seed of the simulations.

    Returns
    -------
    xarray.Dataset
        Along ``unit``: ``tau_ms`` with its bounds ``_low`` and ``_high``, ``tau_ms_uncorrected``, ``amplitude``,
        ``offset``, ``r2`` (over the fitted lags), ``first_lag_ms``, ``n_spikes`` and ``n_trials``; ``resolved``, and
        ``status`` with the reason where not. Along ``unit`` and ``lag``: ``autocorrelation`` and ``fitted`` (the
        uncorrected fit). A bound that is 0 or infinite says that no timescale down to the shortest or up to the
        longest one considered is excluded; tau is NaN where it cannot be corrected.

    Raises
    ------
    ValueError
        If the counts are malformed (see `checked_units`), all units have fewer than 50 spikes or 10 trials, or
        options are out of range.

    References
    ----------
    Murray et al. 2014, Nature Neuroscience 17:1661.
    """
    options = Options(bin_ms, bounds_ms, noise, level, n_simulations, seed)
    return timescale_of_counts(counts, "across", max_lag_ms, first_lag, options)


def within_trial_timescale(
    counts: Recording,
    bin_ms: float,
    *,
    mean: Literal["trial", "segment", "pooled"] = "trial",
    max_lag_ms: float | None = None,
    first_lag: FirstLag = "first",
    bounds_ms: tuple[float, float] | None = None,
    noise: Noise = "poisson",
    level: float = 0.95,
    n_simulations: int = 300,
    seed: int = 0,
) -> xr.Dataset:
    """Timescale of the autocovariance in time within trials, with the loss from the removed means in the fitted curve.

    The mean product of counts k bins apart, over times and trials, after means were removed. In short trials that
    takes slow fluctuations along, and an exponential fitted to what is left is too short. Here the fitted curve is
    what an exponential becomes under the same removal (`expected_curve`), and what bias is left is corrected by
    simulation. The rate is taken as steady over the trial: use `across_trial_timescale` for evoked responses.

    Parameters
    ----------
    counts, bin_ms, max_lag_ms, first_lag, bounds_ms, noise, level, n_simulations, seed
        As in `across_trial_timescale`; the longest lag is half a trial by default.
    mean
        What is removed: the mean of each trial; of the two ``"segment"`` of each trial that are multiplied; or one
        ``"pooled"`` over all trials, which keeps slow fluctuations but also what differs between trials, so that an
        offset is fitted.

    Returns
    -------
    xarray.Dataset
        As `across_trial_timescale`. ``tau_ms_uncorrected`` is of a plain exponential, as it is commonly fitted.

    Raises
    ------
    ValueError
        As `across_trial_timescale`; one trial is enough here, with ``mean="trial"`` or ``"segment"``.

    References
    ----------
    Zeraati, Engel & Levina 2022, Nature Computational Science 2:193 (bias of autocorrelations in short trials).
    """
    if mean not in ("trial", "segment", "pooled"):
        raise ValueError(f"mean must be 'trial', 'segment' or 'pooled', received {mean!r}.")
    options = Options(bin_ms, bounds_ms, noise, level, n_simulations, seed)
    return timescale_of_counts(counts, mean, max_lag_ms, first_lag, options)


def timescale_of_counts(
    counts: Recording,
    mean: Mean,
    max_lag_ms: float | None,
    first_lag: FirstLag,
    options: Options,
    smooth: int = 1,
    invert: Invert = calibrate,
) -> xr.Dataset:
    """The estimate of every unit and its calibration, for any removal of means; see `across_trial_timescale`.

    Parameters
    ----------
    counts, max_lag_ms, first_lag
        As there.
    mean
        As in `autocovariance`.
    options
        The rest.
    smooth
        Lags that are averaged before the first decrease is looked for.
    invert
        How simulations become an interval.
    """
    if first_lag not in ("first decrease", "first"):
        raise ValueError(f"first_lag must be 'first decrease' or 'first', received {first_lag!r}.")
    units = Units.of(counts, options, LEAST_TRIALS[mean])
    n_bins, bin_ms = units.n_bins, options.bin_ms
    n_lags = number_of_lags(n_bins - 1 if mean == "across" else n_bins // 2, n_bins, bin_ms, max_lag_ms)
    grid = tau_grid(*units.bounds_ms)
    plain = exponentials(grid, n_bins, bin_ms)
    lags = np.arange(1, n_lags + 1) * bin_ms

    def first(values: np.ndarray) -> np.ndarray:
        if first_lag == "first":
            return np.zeros(len(values), int)
        return np.minimum(first_decrease(values[:, 1:], smooth), n_lags - 3)

    def method(n_trials: int) -> Method:
        white = white_curve(mean, n_trials, n_bins, n_lags)
        curves = without_noise(after_removal(mean, plain, n_trials, n_lags), white)
        offset = mean not in ("trial", "segment")
        return Method(
            autocovariance(mean, n_bins, n_lags),
            lambda values: fit_profile(without_noise(values, white), grid, curves, first(values), offset),
            lambda values: fit_profile(values[:, 1:], grid, plain[:, 1 : n_lags + 1], first(values), True),
            lambda values: (values[1:] / (values[0] or 1.0), values[0] or 1.0),
        )

    kind: Mean = mean if mean != "none" else "pooled" if min(map(len, units.counts)) > 1 else "trial"
    found, plains = estimated(
        units, method, lambda counts: Fluctuations.of(counts, n_lags, bin_ms, options.noise, kind), options, invert
    )
    found["first_lag_ms"] = ("unit", lags[[int(fit.first[0]) for fit in plains]])
    found["autocorrelation"] = (("unit", "lag"), found.pop("shown")[1])
    tau, amplitude, offset, start = (
        found[name][1][:, None] for name in ("tau_ms_uncorrected", "amplitude", "offset", "first_lag_ms")
    )
    found["fitted"] = (
        ("unit", "lag"),
        np.where(lags >= start, amplitude * np.exp(-lags / tau) + offset, np.nan),
    )
    return xr.Dataset(found, coords={"lag_ms": ("lag", lags)}, attrs=attributes(units, options))


def number_of_lags(most: int, n_bins: int, bin_ms: float, max_lag_ms: float | None) -> int:
    """Longest lag in bins; ``most`` where none is asked for."""
    if max_lag_ms is None:
        return max(3, most)
    n_lags = int(max_lag_ms / bin_ms + 1e-9)
    if not 3 <= n_lags <= n_bins - 1:
        raise ValueError(
            f"max_lag_ms must be from {3 * bin_ms:g} (3 bins) to {(n_bins - 1) * bin_ms:g} ms (a trial), received "
            f"{max_lag_ms}."
        )
    return n_lags
