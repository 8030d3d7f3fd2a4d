"""Timescale by approximate Bayesian computation: which simulated recordings give the observed autocovariance fit."""

from typing import Literal

import numpy as np
import xarray as xr

from .calibration import Calibrated, Simulate
from .count_timescales import timescale_of_counts
from .counts import Noise, Recording
from .estimation import Options
from .profiles import Profile

PLACES = (24, 14, 14)  # timescales of each round
NEGLIGIBLE = 1e-3  # of the highest likelihood: timescales below it are left out of the next round
OPEN = 0.05  # of the highest density: an interval whose end still has as much does not end there


def simulated_timescale(
    counts: Recording,
    bin_ms: float,
    *,
    mean: Literal["trial", "segment"] = "trial",
    max_lag_ms: float | None = None,
    bounds_ms: tuple[float, float] | None = None,
    noise: Noise = "poisson",
    level: float = 0.95,
    n_simulations: int = 300,
    seed: int = 0,
) -> xr.Dataset:
    """Posterior median and interval of the timescale of a generative process, by adaptive rounds of simulation and comparison.

    The process is an Ornstein-Uhlenbeck rate with Poisson counts (or the process with white noise), of the mean and
    the autocovariance of the recording. The prior is even over the logarithm of all timescales considered. The first
    round simulates recordings all over it, the next ones where the data were not excluded. A simulated recording
    agrees as far as its fitted timescale (see `within_trial_timescale`) is near the observed one: with a Gaussian
    kernel of the width 1.06 sd n^-1/5 of the simulated ones.

    Parameters
    ----------
    counts, bin_ms, max_lag_ms, bounds_ms, noise, level, seed
        As in `across_trial_timescale`; the longest lag is half a trial by default.
    mean
        As in `within_trial_timescale`.
    n_simulations
        Simulated recordings for each of the 52 timescales of the three rounds.

    Returns
    -------
    xarray.Dataset
        As `within_trial_timescale`; ``tau_ms`` is the median of the posterior. A bound is open where the density at
        the end of the prior is more than a twentieth of its peak: there the prior, not the data, would end the
        interval.

    Raises
    ------
    ValueError
        As `within_trial_timescale`.

    References ---------- Zeraati, Engel & Levina 2022, Nature Computational Science 2:193 (generative model, adaptive
    rounds); Beaumont, Zhang & Balding 2002, Genetics 162:2025 (kernels around the observed summary).
    """
    if mean not in ("trial", "segment"):
        raise ValueError(f"mean must be 'trial' or 'segment', received {mean!r}.")
    options = Options(bin_ms, bounds_ms, noise, level, n_simulations, seed)
    return timescale_of_counts(counts, mean, max_lag_ms, "first", options, invert=posterior_interval)


def posterior_interval(fit: Profile, simulate: Simulate, bounds_ms: tuple[float, float], level: float) -> Calibrated:
    """Median and central interval of the posterior; parameters as in `calibrate`."""
    low, high = np.log(bounds_ms)
    observed = float(np.log(fit.tau_ms[0]))
    tried: dict[float, float] = {}
    region = (float(low), float(high))
    for number in PLACES:
        for place in np.linspace(*region, number):
            tried[float(place)] = _agreement(observed, simulate(float(np.exp(place))).tau_ms)
        places = np.array(sorted(tried))
        likely = np.array([tried[place] for place in places])
        kept = np.flatnonzero(likely > NEGLIGIBLE * likely.max())
        if not len(kept):
            return Calibrated(np.nan, 0.0, np.inf)
        region = (float(places[max(0, kept[0] - 1)]), float(places[min(len(places) - 1, kept[-1] + 1)]))
    fine = np.linspace(low, high, 4001)
    density = np.interp(fine, places, likely)
    total = np.cumsum(density) / density.sum()
    edges = np.interp([(1 - level) / 2, 0.5, (1 + level) / 2], total, fine)
    open_ends = density[[0, -1]] > OPEN * density.max()
    return Calibrated(
        float(np.exp(edges[1])),
        0.0 if open_ends[0] else float(np.exp(edges[0])),
        np.inf if open_ends[1] else float(np.exp(edges[2])),
    )


def _agreement(observed: float, simulated_ms: np.ndarray) -> float:
    """Density of simulated log timescales at the observed one; recordings without a timescale do not agree."""
    found = np.log(simulated_ms[np.isfinite(simulated_ms)])
    if len(found) < 2:
        return 0.0
    spread = float(np.subtract(*np.quantile(found, [0.84, 0.16])) / 2)
    width = 1.06 * max(spread, 0.01) * len(found) ** -0.2
    return float(np.exp(-0.5 * ((found - observed) / width) ** 2).sum() / width / len(simulated_ms))
