"""Intervals hold a planted timescale as often as they say: a small version by default, 200 recordings by hand."""

import numpy as np
import pytest
from scipy.stats import beta

from alignment.timescales import (
    across_trial_timescale,
    knee_timescale,
    simulated_timescale,
    spike_difference_timescale,
    within_trial_timescale,
)

# Estimator, signal, timescale, trial and bin [ms].
CASES = [
    ("trial", "signal", 5, 500, 5),
    ("trial", "signal", 100, 500, 25),
    ("trial", "signal", 500, 500, 25),
    ("trial", "counts", 100, 500, 25),
    ("trial", "counts", 500, 2000, 100),
    ("segment", "signal", 100, 500, 25),
    ("pooled", "signal", 100, 500, 25),
    ("across", "signal", 100, 500, 25),
    ("across", "counts", 20, 500, 25),
    ("across", "counts", 500, 2000, 100),
    ("differences", "counts", 20, 500, 10),
    ("knee", "signal", 5, 500, 5),
    ("knee", "signal", 100, 500, 25),
    ("knee", "signal", 500, 500, 25),
    ("simulated", "signal", 20, 500, 10),
    ("simulated", "signal", 500, 2000, 100),
]


def interval(estimator, values, bin_ms, noise, seed, n_simulations):
    options = {"seed": seed, "n_simulations": n_simulations}
    if estimator == "differences":
        times = [np.repeat((np.arange(values.shape[1]) + 0.5) * bin_ms, row.astype(int)) for row in values]
        found = spike_difference_timescale(times, values.shape[1] * bin_ms, bin_ms, **options)
    elif estimator in ("trial", "segment", "pooled"):
        found = within_trial_timescale(values, bin_ms, mean=estimator, noise=noise, **options)
    else:
        run = {"across": across_trial_timescale, "knee": knee_timescale, "simulated": simulated_timescale}[estimator]
        found = run(values, bin_ms, noise=noise, **options)
    return found["tau_ms_low"].item(), found["tau_ms_high"].item()


def share(case, n_seeds, n_simulations, planted_signal, planted_counts):
    """Intervals that hold the planted timescale, and all that were given."""
    estimator, kind, tau, trial, bin_ms = case
    inside = given = 0
    for seed in range(n_seeds):
        values = (planted_signal if kind == "signal" else planted_counts)(tau, trial, bin_ms, 80, seed=seed)
        noise = "gaussian" if kind == "signal" else "poisson"
        low, high = interval(estimator, values, bin_ms, noise, seed, n_simulations)
        given += np.isfinite(low)
        inside += low <= tau <= high
    return inside, given


@pytest.mark.parametrize("case", [("trial", "signal", 50, 500, 50), ("across", "signal", 100, 1000, 100)], ids=str)
def test_coverage_is_not_far_below_nominal(case, planted_signal, planted_counts):
    inside, given = share(case, 25, 80, planted_signal, planted_counts)
    assert given >= 24
    assert inside >= 21


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_coverage_is_nominal(case, planted_signal, planted_counts):
    inside, given = share(case, 200, 200, planted_signal, planted_counts)
    assert given >= 150
    # Not below 95 % beyond chance; intervals that stay open hold the truth more often than that.
    assert beta.ppf(0.975, inside + 1, given - inside) >= 0.95
