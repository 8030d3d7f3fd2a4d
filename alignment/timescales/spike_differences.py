"""Timescale of a spike train from the differences between the times of all its spikes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from .count_timescales import FirstLag, timescale_of_counts
from .counts import spike_counts
from .estimation import Options

SMOOTHED_LAGS = 3
SpikeTimes = Sequence[np.ndarray] | Sequence[Sequence[np.ndarray]]


def spike_difference_timescale(
    spike_times_ms: SpikeTimes,
    trial_ms: float,
    bin_ms: float = 5.0,
    *,
    max_lag_ms: float | None = None,
    first_lag: FirstLag = "first decrease",
    bounds_ms: tuple[float, float] | None = None,
    level: float = 0.95,
    n_simulations: int = 300,
    seed: int = 0,
) -> xr.Dataset:
    """Timescale of the histogram of the differences between any two spikes of a trial, the estimator of Fontanier et al. 2022.

    Differences of all orders, not only between neighbours, are counted in bins (times are rounded to bins first) and
    divided by the time in which they could occur; A exp(-k/tau) + B is fitted from the first decrease on, of values
    averaged over three lags. Nothing is subtracted: the mean rate is in B. The rate is taken as steady over the
    trial. A long recording is cut into trials at least ten times as long as the timescale.

    Parameters
    ----------
    spike_times_ms
        Of one unit, per trial the times of its spikes [ms]; or a list of that per unit.
    trial_ms, bin_ms
        Length of a trial and width of a bin [ms]; bins divide the trial.
    max_lag_ms, first_lag, bounds_ms, level, n_simulations, seed
        As in `across_trial_timescale`; the longest lag is half a trial by default.

    Returns
    -------
    xarray.Dataset
        As `across_trial_timescale`; ``autocorrelation`` is relative to lag 0.

    Raises
    ------
    ValueError
        As `spike_counts` and `across_trial_timescale`; one trial is enough here.

    References
    ----------
    Fontanier, Sarazin, Stoll, Delord, Procyk 2022, eLife 11:e63795.
    """
    several = len(spike_times_ms) > 0 and len(spike_times_ms[0]) > 0 and np.ndim(spike_times_ms[0][0]) > 0
    units: list[Any] = list(spike_times_ms) if several else [spike_times_ms]
    counts = [spike_counts(unit, trial_ms, bin_ms) for unit in units]
    options = Options(bin_ms, bounds_ms, "poisson", level, n_simulations, seed)
    return timescale_of_counts(counts, "none", max_lag_ms, first_lag, options, smooth=SMOOTHED_LAGS)
