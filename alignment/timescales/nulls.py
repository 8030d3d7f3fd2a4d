"""Is there any timescale? Counts shuffled in time, and Poisson counts of the same rates, against the decay that was found."""

from typing import Literal

import numpy as np
import xarray as xr

from ..inference.permutation import permutation_p
from .autocorrelations import autocovariance, exponentials
from .count_timescales import LEAST_TRIALS, number_of_lags
from .counts import Recording
from .estimation import Options, Units
from .profiles import fit_profile, tau_grid

Null = Literal["shuffled", "poisson"]


def timescale_presence(
    counts: Recording,
    bin_ms: float,
    *,
    mean: Literal["across", "trial", "pooled"] = "across",
    null: Null = "shuffled",
    max_lag_ms: float | None = None,
    n_surrogates: int = 999,
    seed: int = 0,
) -> xr.Dataset:
    """Test against the null hypothesis that counts do not depend on earlier ones beyond what a whole trial shares.

    The statistic is the part of the sum of squares of the autocovariance, from lag 1 on, that the best exponential
    explains beyond a constant. It is compared with surrogates: counts shuffled over the bins of each trial, which
    keeps the counts of every trial and loses their order; or Poisson counts of the mean rate of each bin times the
    gain of each trial. The first assumes nothing of counts but a steady rate; the second keeps a response locked to
    the trial, but takes any other count statistics than Poisson for a null that does not hold.

    Parameters
    ----------
    counts, bin_ms, max_lag_ms, seed
        As in `across_trial_timescale`.
    mean
        ``"across"``, ``"trial"`` or ``"pooled"``, as in `autocovariance`.
    null
        ``"shuffled"`` or ``"poisson"``. With ``"shuffled"`` and ``"across"`` a mean response is removed from counts
        first.
    n_surrogates
        Surrogates; p is at least 1 / (n + 1).

    Returns
    -------
    xarray.Dataset
        Along ``unit``: ``p``, ``explained`` (the statistic), ``explained_null`` (its mean over surrogates),
        ``status``.

    Raises
    ------
    ValueError
        As `across_trial_timescale`.
    """
    if mean not in ("across", "trial", "pooled") or null not in ("shuffled", "poisson"):
        raise ValueError(
            f"mean must be 'across', 'trial' or 'pooled' and null 'shuffled' or 'poisson', received {mean!r}, {null!r}."
        )
    if n_surrogates < 1:
        raise ValueError(f"n_surrogates must be at least 1, received {n_surrogates}.")
    units = Units.of(counts, Options(bin_ms, None, "poisson", 0.95, 0, seed), LEAST_TRIALS[mean])
    n_bins = units.n_bins
    n_lags = number_of_lags(n_bins - 1 if mean == "across" else n_bins // 2, n_bins, bin_ms, max_lag_ms)
    grid = tau_grid(*units.bounds_ms)
    curves = exponentials(grid, n_bins, bin_ms)[:, 1 : n_lags + 1]
    statistic = autocovariance(mean, n_bins, n_lags)
    p, explained, expected = (np.full(len(units.counts), np.nan) for _ in range(3))
    for number, (unit, reason) in enumerate(zip(units.counts, units.reasons, strict=True)):
        if reason:
            continue
        rng = np.random.default_rng([seed, number])
        seen = unit - unit.mean(axis=0) if mean == "across" and null == "shuffled" else unit
        values = [statistic.of(seen)]
        for _ in range(n_surrogates):
            values.append(statistic.of(_surrogate(seen, null, rng)))
        gain = _explained(np.stack(values), grid, curves)
        explained[number], expected[number] = gain[0], gain[1:].mean()
        p[number] = permutation_p(gain[1:], gain[0], exact=False, alternative="greater")
    return xr.Dataset(
        {
            "p": ("unit", p),
            "explained": ("unit", explained),
            "explained_null": ("unit", expected),
            "status": ("unit", np.array(units.reasons)),
        },
        attrs={"null": null, "mean": mean, "n_surrogates": n_surrogates, "seed": seed, "bin_ms": bin_ms},
    )


def _surrogate(trials: np.ndarray, null: Null, rng: np.random.Generator) -> np.ndarray:
    if null == "shuffled":
        return rng.permuted(trials, axis=1)
    gain = trials.sum(axis=1, keepdims=True) / max(trials.sum() / len(trials), 1e-300)
    return rng.poisson(trials.mean(axis=0) * gain).astype(float)


def _explained(values: np.ndarray, grid: np.ndarray, curves: np.ndarray) -> np.ndarray:
    """Sum of squares over lags from 1 on that an exponential explains beyond a constant, relative to lag 0, ``(set,)``."""
    r = values[:, 1:] / np.maximum(values[:, :1], 1e-300)
    fit = fit_profile(r - r.min(axis=1, keepdims=True), grid, curves, np.zeros(len(r), int), True)
    spread = ((r - r.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    return np.nan_to_num(np.maximum(fit.r2, 0.0) * spread)
