"""Timescales of spike counts from their autocorrelation: over trials as Murray et al. 2014, or in time within trials."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from .autocorrelation import Mean, Statistic, autocorrelation_statistic, expected_curve
from .calibration import Calibrated, calibrate, simulated_statistics
from .counts import Noise, Recording, checked_units
from .profiles import Profile, first_decrease, fit_profile, tau_grid
from .surrogate_counts import Fluctuations

LEAST_SPIKES = 50
LEAST_TRIALS = 10
LONGEST = 5.0  # trials: slower than this a fluctuation is a straight line in a trial

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
    return timescale_of_counts(
        counts, bin_ms, "across", max_lag_ms, first_lag, bounds_ms, noise, level, n_simulations, seed
    )


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
    return timescale_of_counts(
        counts, bin_ms, mean, max_lag_ms, first_lag, bounds_ms, noise, level, n_simulations, seed
    )


@dataclass(frozen=True)
class _Method:
    """One way from trials to a timescale."""

    statistic: Statistic
    fit: Callable[[np.ndarray], Profile]
    plain: Callable[[np.ndarray], Profile]
    lags: np.ndarray


def timescale_of_counts(
    counts: Recording,
    bin_ms: float,
    mean: Mean,
    max_lag_ms: float | None,
    first_lag: FirstLag,
    bounds_ms: tuple[float, float] | None,
    noise: Noise,
    level: float,
    n_simulations: int,
    seed: int,
    smooth: int = 1,
) -> xr.Dataset:
    """The estimate of every unit and its calibration, for any removal of means; see `across_trial_timescale`."""
    units = checked_units(counts, noise)
    n_bins = units[0].shape[1]
    if any(unit.shape[1] != n_bins for unit in units):
        raise ValueError(f"units have {sorted({unit.shape[1] for unit in units})} bins; equal trials are needed.")
    n_lags = _number_of_lags(mean, n_bins, bin_ms, max_lag_ms)
    bounds = checked_bounds(bounds_ms, bin_ms, n_bins * bin_ms)
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, received {level}.")
    if first_lag not in ("first decrease", "first"):
        raise ValueError(f"first_lag must be 'first decrease' or 'first', received {first_lag!r}.")
    grid = tau_grid(*bounds)
    lags = np.arange(1, n_lags + 1) * bin_ms
    least_trials = LEAST_TRIALS if mean == "across" else 2 if mean == "pooled" else 1
    reasons = [too_little(unit, noise, least_trials) for unit in units]
    refuse_if_all(reasons)
    rows = []
    for number, (unit, reason) in enumerate(zip(units, reasons, strict=True)):
        method = _method(mean, len(unit), n_bins, n_lags, bin_ms, grid, first_lag, smooth)
        values = method.statistic.of(unit)
        scale = 1.0 if mean in ("across", "none") else max(float(unit.var()), 1e-300)
        plain, best = (fit(values[None]) for fit in (method.plain, method.fit))
        found = Calibrated(np.nan, np.nan, np.nan)
        if not reason and np.isnan(best.tau_ms[0]):
            reason = "the autocorrelation does not decay: no timescale"
        if not reason and n_simulations:
            fluctuations = Fluctuations.of(unit, n_lags, bin_ms, noise, evoked=mean == "across")
            found = calibrate_unit(
                method.statistic,
                method.fit,
                float(best.tau_ms[0]),
                fluctuations,
                bounds,
                level,
                n_simulations,
                [seed, number],
            )
            reason = unresolved(found, bin_ms, n_bins * bin_ms)
        rows.append((unit, values / scale, plain, found, reason, scale))
    return _table(rows, lags, grid, bounds, level, n_simulations, seed, bin_ms)


def calibrate_unit(
    statistic: Statistic,
    fit: Callable[[np.ndarray], Profile],
    observed_ms: float,
    fluctuations: Fluctuations,
    bounds_ms: tuple[float, float],
    level: float,
    n_simulations: int,
    seed: list[int],
) -> Calibrated:
    """Corrected estimate and interval of one unit from simulations of counts like its own."""
    rng = np.random.default_rng(seed)
    n_bins = len(fluctuations.mean)

    def simulate(tau_ms: float) -> np.ndarray:
        def trials(number: int) -> np.ndarray:
            return fluctuations.simulate(tau_ms, number, rng)

        return fit(simulated_statistics(statistic, trials, fluctuations.n_trials, n_bins, n_simulations, rng)).tau_ms

    return calibrate(observed_ms, simulate, bounds_ms, level)


def checked_bounds(bounds_ms: tuple[float, float] | None, bin_ms: float, trial_ms: float) -> tuple[float, float]:
    """Timescales considered [ms]; half a bin to five trials where none are given."""
    if not (np.isfinite(bin_ms) and bin_ms > 0):
        raise ValueError(f"bin_ms must be a positive number of milliseconds, received {bin_ms}.")
    low, high = (bin_ms / 2, LONGEST * trial_ms) if bounds_ms is None else bounds_ms
    if not (bin_ms / 4 <= low < high < np.inf and high > 1.5 * low):
        raise ValueError(
            "bounds_ms must be two timescales, the second at least 1.5 times the first, and the first at least a quarter of a "
            f"bin of {bin_ms:g} ms; received {bounds_ms}."
        )
    return float(low), float(high)


def too_little(unit: np.ndarray, noise: Noise, least_trials: int) -> str:
    """Why nothing can be estimated of a unit; empty if something can."""
    if len(unit) < least_trials:
        return f"too few trials: {len(unit)}, at least {least_trials} are needed"
    if noise == "poisson" and unit.sum() < LEAST_SPIKES:
        return f"too few spikes: {int(unit.sum())}, at least {LEAST_SPIKES} are needed"
    return "" if np.ptp(unit) > 0 else "the signal is constant"


def refuse_if_all(reasons: list[str]) -> None:
    """Refuse a recording of which no unit can be used."""
    if all(reasons):
        which = "the only unit" if len(reasons) == 1 else f"none of {len(reasons)} units can be used; the first"
        raise ValueError(f"{which} has no timescale that could be estimated: {reasons[0]}.")


def unresolved(found: Calibrated, bin_ms: float, trial_ms: float) -> str:
    """What the data cannot tell, in one sentence; empty if the interval is closed."""
    short, long = found.low_ms == 0, not np.isfinite(found.high_ms)
    if short and long:
        return "the data exclude no timescale: too few spikes or trials, or no timescale"
    if long:
        return f"trials of {trial_ms:g} ms cannot tell the timescale from longer ones"
    return f"bins of {bin_ms:g} ms cannot tell the timescale from shorter ones" if short else ""


def _number_of_lags(mean: Mean, n_bins: int, bin_ms: float, max_lag_ms: float | None) -> int:
    most = n_bins - 1 if mean == "across" else n_bins // 2
    if max_lag_ms is None:
        return most
    n_lags = int(max_lag_ms / bin_ms + 1e-9)
    if not 3 <= n_lags <= n_bins - 1:
        raise ValueError(
            f"max_lag_ms must be from {3 * bin_ms:g} (3 bins) to {(n_bins - 1) * bin_ms:g} ms (a trial), received {max_lag_ms}."
        )
    return n_lags


def _method(
    mean: Mean,
    n_trials: int,
    n_bins: int,
    n_lags: int,
    bin_ms: float,
    grid: np.ndarray,
    first_lag: FirstLag,
    smooth: int,
) -> _Method:
    curves = expected_curve(mean, grid, n_trials, n_bins, n_lags, bin_ms)
    lags = np.arange(1, n_lags + 1) * bin_ms
    plain_curves = np.exp(-lags / grid[:, None])
    offset = mean not in ("trial", "segment")

    def first(values: np.ndarray) -> np.ndarray:
        if first_lag == "first":
            return np.zeros(len(values), int)
        return np.minimum(first_decrease(values, smooth), n_lags - 3)

    return _Method(
        autocorrelation_statistic(mean, n_bins, n_lags),
        lambda values: fit_profile(values, grid, curves, first(values), offset),
        lambda values: fit_profile(values, grid, plain_curves, first(values), True),
        lags,
    )


def _table(
    rows: list[tuple[np.ndarray, np.ndarray, Profile, Calibrated, str, float]],
    lags: np.ndarray,
    grid: np.ndarray,
    bounds: tuple[float, float],
    level: float,
    n_simulations: int,
    seed: int,
    bin_ms: float,
) -> xr.Dataset:
    units, values, plains, found, reasons, scales = zip(*rows, strict=True)
    fits = {
        name: np.array([getattr(fit, name)[0] for fit in plains]) for name in ("tau_ms", "amplitude", "offset", "r2")
    }
    used = np.array([not reason.startswith("too few") for reason in reasons])
    columns: dict[str, tuple[str, np.ndarray]] = {
        "tau_ms": ("unit", np.array([one.tau_ms for one in found])),
        "tau_ms_low": ("unit", np.array([one.low_ms for one in found])),
        "tau_ms_high": ("unit", np.array([one.high_ms for one in found])),
        "tau_ms_uncorrected": ("unit", np.where(used, fits["tau_ms"], np.nan)),
        "amplitude": ("unit", fits["amplitude"] / scales),
        "offset": ("unit", fits["offset"] / scales),
        "r2": ("unit", fits["r2"]),
        "first_lag_ms": ("unit", lags[[int(fit.first[0]) for fit in plains]]),
        "n_spikes": ("unit", np.array([float(unit.sum()) for unit in units])),
        "n_trials": ("unit", np.array([len(unit) for unit in units])),
        "resolved": ("unit", np.array([not reason for reason in reasons])),
        "status": ("unit", np.array(reasons)),
    }
    tau = columns["tau_ms_uncorrected"][1][:, None]
    fitted = (columns["amplitude"][1][:, None] * np.exp(-lags / tau)) + columns["offset"][1][:, None]
    fitted = np.where(lags >= columns["first_lag_ms"][1][:, None], fitted, np.nan)
    return xr.Dataset(
        {**columns, "autocorrelation": (("unit", "lag"), np.stack(values)), "fitted": (("unit", "lag"), fitted)},
        coords={"lag_ms": ("lag", lags)},
        attrs={
            "bin_ms": bin_ms,
            "shortest_ms": bounds[0],
            "longest_ms": bounds[1],
            "level": level,
            "n_simulations": n_simulations,
            "seed": seed,
        },
    )
