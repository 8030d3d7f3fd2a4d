"""How often the intervals of neural timescales hold a planted one: estimator by timescale by length of a trial.

Run ``python benchmarks/neural_timescale_coverage.py --seeds 200``. A line is printed per case: the share of intervals that
hold the planted timescale with its exact binomial 95 % interval (nominal 0.95), the share of intervals that are closed, and
the medians of the corrected and of the plain estimate. Counts are Poisson with an Ornstein-Uhlenbeck rate (cut at zero),
signals the process itself.
"""

import argparse
import time

import numpy as np
from scipy.signal import lfilter
from scipy.stats import beta

from alignment.timescales import (
    across_trial_timescale,
    knee_timescale,
    rebin,
    simulated_timescale,
    spike_difference_timescale,
    within_trial_timescale,
)

RATE_HZ, VARIATION, NOISE = 60.0, 0.5, 0.3
STEP_MS = 1.0
# Estimator, signal, timescale, trial and bin [ms], trials.
CASES = [
    ("across", "counts", 20, 500, 20, 100),
    ("across", "counts", 100, 500, 50, 100),
    ("across", "counts", 500, 500, 50, 100),
    ("across", "counts", 100, 2000, 50, 100),
    ("across", "counts", 500, 2000, 50, 100),
    ("trial", "counts", 5, 500, 5, 100),
    ("trial", "counts", 20, 500, 5, 100),
    ("trial", "counts", 100, 500, 10, 100),
    ("trial", "counts", 500, 500, 25, 100),
    ("trial", "counts", 100, 2000, 20, 100),
    ("trial", "counts", 500, 2000, 50, 100),
    ("trial", "signal", 5, 500, 5, 100),
    ("trial", "signal", 100, 500, 10, 100),
    ("trial", "signal", 500, 500, 25, 100),
    ("segment", "signal", 100, 500, 10, 100),
    ("pooled", "signal", 20, 500, 5, 100),
    ("pooled", "signal", 100, 500, 10, 100),
    ("pooled", "signal", 500, 500, 25, 100),
    ("differences", "counts", 5, 500, 5, 100),
    ("differences", "counts", 20, 500, 5, 100),
    ("differences", "counts", 100, 500, 10, 100),
    ("differences", "counts", 500, 2000, 50, 100),
    ("knee", "signal", 5, 500, 5, 100),
    ("knee", "signal", 100, 500, 10, 100),
    ("knee", "signal", 500, 500, 25, 100),
    ("knee", "counts", 100, 500, 10, 100),
    ("simulated", "signal", 20, 500, 5, 100),
    ("simulated", "signal", 100, 500, 10, 100),
    ("simulated", "signal", 500, 500, 25, 100),
    ("simulated", "counts", 100, 500, 10, 100),
]


def ornstein_uhlenbeck(tau_ms, step_ms, n_trials, n_steps, rng):
    """Process of variance 1 at discrete times."""
    keep = np.exp(-step_ms / tau_ms)
    noise = rng.standard_normal((n_trials, n_steps))
    noise[:, 1:] *= np.sqrt(1 - keep**2)
    return lfilter([1.0], [1.0, -keep], noise, axis=1)


def planted(kind, tau_ms, trial_ms, bin_ms, n_trials, seed):
    """Counts or a signal ``(trial, bin)`` of one timescale."""
    rng = np.random.default_rng([seed, int(tau_ms), int(trial_ms), n_trials])
    if kind == "signal":
        path = ornstein_uhlenbeck(tau_ms, bin_ms, n_trials, round(trial_ms / bin_ms), rng)
        return path + NOISE * rng.standard_normal(path.shape)
    path = ornstein_uhlenbeck(tau_ms, STEP_MS, n_trials, round(trial_ms / STEP_MS), rng)
    rate = RATE_HZ / 1000 * np.maximum(0, 1 + VARIATION * path)
    return rebin(rng.poisson(rate * STEP_MS).astype(float), STEP_MS, bin_ms)


def estimate(estimator, kind, values, bin_ms, seed, **options):
    """Result for one recording."""
    noise = "poisson" if kind == "counts" else "gaussian"
    if estimator == "across":
        return across_trial_timescale(values, bin_ms, noise=noise, seed=seed, **options)
    if estimator == "knee":
        return knee_timescale(values, bin_ms, noise=noise, seed=seed, **options)
    if estimator == "simulated":
        return simulated_timescale(values, bin_ms, noise=noise, seed=seed, **options)
    if estimator == "differences":
        middle = (np.arange(values.shape[1]) + 0.5) * bin_ms
        times = [np.repeat(middle, trial.astype(int)) for trial in values]
        return spike_difference_timescale(times, values.shape[1] * bin_ms, bin_ms, seed=seed, **options)
    return within_trial_timescale(values, bin_ms, mean=estimator, noise=noise, seed=seed, **options)


def coverage(case, n_seeds, first_seed=0, **options):
    """Found intervals ``(seed, 3)``, corrected, low and high, and the plain estimates; NaN where refused."""
    estimator, kind, tau_ms, trial_ms, bin_ms, n_trials = case
    rows = []
    for seed in range(first_seed, first_seed + n_seeds):
        values = planted(kind, tau_ms, trial_ms, bin_ms, n_trials, seed)
        found = estimate(estimator, kind, values, bin_ms, seed, **options).isel(unit=0)
        rows.append([float(found[f"tau_ms{part}"]) for part in ("", "_low", "_high", "_uncorrected")])
    return np.array(rows)


def binomial_interval(n_inside, n):
    """Exact 95 % interval of a share (Clopper & Pearson 1934)."""
    return (
        float(beta.ppf(0.025, n_inside, n - n_inside + 1)) if n_inside else 0.0,
        float(beta.ppf(0.975, n_inside + 1, n - n_inside)) if n_inside < n else 1.0,
    )


def line(case, rows, seconds):
    """One printed row of the table."""
    estimator, kind, tau_ms, trial_ms, bin_ms, n_trials = case
    given = np.isfinite(rows[:, 1])
    inside = int(((rows[:, 1] <= tau_ms) & (tau_ms <= rows[:, 2]))[given].sum())
    low, high = binomial_interval(inside, int(given.sum()))
    closed = (rows[:, 1] > 0) & np.isfinite(rows[:, 2])
    return (
        f"| {estimator} | {kind} | {tau_ms} | {trial_ms} | {bin_ms} | {n_trials} "
        f"| {inside / given.sum():.3f} ({low:.3f}-{high:.3f}) | {int((~given).sum())} | {closed.mean():.2f} "
        f"| {np.nanmedian(rows[:, 0]):.1f} | {np.nanmedian(rows[:, 3]):.1f} | {seconds:.2f} |"
    )


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--simulations", type=int, default=300, help="simulated recordings per timescale tried")
    parser.add_argument("--only", default="", help="estimators, separated by commas")
    chosen = parser.parse_args()
    print(
        "| estimator | of | tau [ms] | trial | bin | trials | coverage | refused | closed | corrected | plain | CPU s |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for case in CASES:
        if chosen.only and case[0] not in chosen.only.split(","):
            continue
        start = time.process_time()
        rows = coverage(case, chosen.seeds, n_simulations=chosen.simulations)
        print(line(case, rows, (time.process_time() - start) / chosen.seeds), flush=True)


if __name__ == "__main__":
    main()
