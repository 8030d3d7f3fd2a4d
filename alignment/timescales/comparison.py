"""Timescales of a model beside those of a recording: whole distributions after one common factor, and order of regions."""

from itertools import permutations
from math import factorial
from typing import Literal

import numpy as np
import xarray as xr
from scipy.stats import norm, rankdata

LEAST_UNITS = 4
MAX_EXACT = 9  # areas whose orders are all counted: 362 880
NAMES = ("wasserstein", "ks", "sd_model", "sd_neural", "unresolved_model", "unresolved_neural", "ms_per_step")
DISTANCES = ("wasserstein", "ks")


def compare_timescales(
    model_tau: np.ndarray,
    neural_tau: np.ndarray,
    *,
    ms_per_step: float | Literal["fit"] = "fit",
    n_boot: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> xr.Dataset:
    """Distance of two distributions of timescales on a log axis, beside the recording's reliability and plain rivals.

    Timescales that are NaN, infinite or not positive are unresolved: they are left out of the distances and their
    share is reported. By default one factor takes the model's steps to milliseconds: the one that makes the medians
    equal. The bootstrap draws model units and neurons anew and, where the factor is fitted, fits it in every draw.

    Parameters
    ----------
    model_tau
        ``(model unit,)`` timescales of the model [steps, or ms with ``ms_per_step=1``].
    neural_tau
        ``(neuron,)`` timescales of the recording [ms].
    ms_per_step
        Milliseconds of one step of the model; ``"fit"`` for the ratio of the medians.
    n_boot
        Bootstrap draws, and halvings of the recording for the ceiling.
    level
        Nominal coverage of the intervals.
    seed
        Seed of all draws.

    Returns
    -------
    xarray.Dataset
        ``wasserstein`` (Wasserstein-1 distance of log10 tau [decades]), ``ks`` (largest difference of the cumulative
        distributions), ``sd_model``, ``sd_neural`` (standard deviations of log10 tau), ``unresolved_model``,
        ``unresolved_neural`` (shares), ``ms_per_step``, each with bounds ``_low`` and ``_high``. The distances of two
        random halves of the recording, each aligned like the model: ``wasserstein_ceiling``, ``ks_ceiling`` (mean
        over halvings; halves have half the neurons, which makes it a strict ceiling). The distances of rivals without
        a mechanism, each of as many units as the model: ``wasserstein_lognormal``, ``ks_lognormal`` (a lognormal with
        the mean and sd of the recording, quantiles at equal steps) and ``wasserstein_single``, ``ks_single`` (all
        units at the recording's median).

    Raises
    ------
    ValueError
        If fewer than 4 timescales of a side are resolved, or ``ms_per_step`` is not a positive number.

    Notes
    -----
    Distances of samples are never zero: compare ``wasserstein`` with ``wasserstein_ceiling``, not with zero.
    """
    mine, theirs = _flat(model_tau, "model_tau"), _flat(neural_tau, "neural_tau")
    if ms_per_step != "fit" and not (np.isfinite(ms_per_step) and ms_per_step > 0):
        raise ValueError(f"ms_per_step must be 'fit' or a positive number of milliseconds, received {ms_per_step!r}.")
    factor = None if ms_per_step == "fit" else float(ms_per_step)
    rng = np.random.default_rng(seed)
    value = _distances(mine, theirs, factor)
    drawn = [_distances(_resampled(mine, rng), _resampled(theirs, rng), factor) for _ in range(n_boot)]
    found: dict[str, float] = {}
    for name, one in value.items():
        draws = np.array([draw[name] for draw in drawn if np.isfinite(draw[name])])
        found[name] = one
        found[f"{name}_low"], found[f"{name}_high"] = _basic_interval(name, one, draws, level)
    neural = theirs[np.isfinite(theirs)]
    halves = []
    for _ in range(max(1, n_boot)):
        order = rng.permutation(neural)
        halves.append(_distances(order[: len(order) // 2], order[len(order) // 2 :], factor and 1.0))
    grid = (np.arange(np.isfinite(mine).sum()) + 0.5) / np.isfinite(mine).sum()
    rivals = {
        "ceiling": {name: float(np.mean([half[name] for half in halves])) for name in ("wasserstein", "ks")},
        "lognormal": _distances(neural.mean() + neural.std() * norm.ppf(grid), neural, 1.0),
        "single": _distances(np.full(len(grid), np.median(neural)), neural, 1.0),
    }
    found |= {f"{name}_{rival}": values[name] for rival, values in rivals.items() for name in ("wasserstein", "ks")}
    return xr.Dataset(
        {name: ((), one) for name, one in found.items()},
        attrs={
            "n_model": len(mine),
            "n_neural": len(theirs),
            "n_boot": n_boot,
            "level": level,
            "seed": seed,
            "factor": "ratio of the medians" if factor is None else "given",
        },
    )


def compare_hierarchies(
    model_tau: np.ndarray, neural_tau: np.ndarray, *, n_permutations: int = 100_000, seed: int = 0
) -> xr.Dataset:
    """Spearman correlation of the median timescales of model stages and of the regions they stand for.

    Parameters
    ----------
    model_tau, neural_tau
        ``(region,)`` medians, in the same order on both sides and in any unit.
    n_permutations, seed
        Random orders where more than 9 regions make too many to count; unused otherwise.

    Returns
    -------
    xarray.Dataset
        ``rho``; ``p`` one-sided (share of all orders of the regions whose correlation is at least as large; the
        smallest possible is one over their number); ``p_two_sided``. ``attrs["exact"]`` says whether all orders were
        counted.

    Raises
    ------
    ValueError
        If the sides differ in length, have fewer than 3 regions, or a median is not finite.
    """
    one, other = np.asarray(model_tau, float), np.asarray(neural_tau, float)
    if one.shape != other.shape or one.ndim != 1 or len(one) < 3 or not np.isfinite([one, other]).all():
        raise ValueError(
            f"a hierarchy needs finite medians of the same 3 or more regions on both sides, received {one.tolist()} and "
            f"{other.tolist()}; leave out regions without a timescale."
        )
    ranks = [rankdata(side) - (len(one) + 1) / 2 for side in (one, other)]
    norm = float(np.sqrt((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum()))
    if norm == 0:
        raise ValueError(f"all medians of a side are equal, received {one.tolist()} and {other.tolist()}: no order.")
    exact = len(one) <= MAX_EXACT
    if exact:
        orders = np.array(list(permutations(range(len(one)))))
    else:
        rng = np.random.default_rng(seed)
        orders = rng.permuted(np.tile(np.arange(len(one)), (n_permutations, 1)), axis=1)
    null = ranks[1][orders] @ ranks[0] / norm
    rho = float(ranks[0] @ ranks[1] / norm)
    above, beyond = (float((side >= rho_side - 1e-12).sum()) for side, rho_side in ((null, rho), (abs(null), abs(rho))))
    added, total = (0, factorial(len(one))) if exact else (1, n_permutations + 1)
    return xr.Dataset(
        {"rho": rho, "p": (above + added) / total, "p_two_sided": (beyond + added) / total},
        attrs={"n_regions": len(one), "n_permutations": len(orders), "exact": int(exact)},
    )


def _flat(values: np.ndarray, name: str) -> np.ndarray:
    """Logarithm to base 10 of a list of timescales, NaN where unresolved."""
    tau = np.asarray(values, dtype=float).ravel()
    resolved = np.isfinite(tau) & (tau > 0)
    if resolved.sum() < LEAST_UNITS:
        raise ValueError(
            f"{name} holds {int(resolved.sum())} resolved timescales of {len(tau)}; a distribution needs at least "
            f"{LEAST_UNITS} that are finite and positive."
        )
    return np.log10(np.where(resolved, tau, np.nan))


def _resampled(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return values[rng.integers(0, len(values), len(values))]


def _distances(model: np.ndarray, neural: np.ndarray, factor: float | None) -> dict[str, float]:
    mine, theirs = model[np.isfinite(model)], neural[np.isfinite(neural)]
    if not len(mine) or not len(theirs):
        return {name: np.nan for name in NAMES}
    shift = float(np.median(theirs) - np.median(mine)) if factor is None else float(np.log10(factor))
    values = (
        *wasserstein_ks(mine + shift, theirs),
        mine.std(),
        theirs.std(),
        1 - len(mine) / len(model),
        1 - len(theirs) / len(neural),
        10**shift,
    )
    return dict(zip(NAMES, map(float, values), strict=True))


def wasserstein_ks(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Area between two cumulative distributions, and their largest difference, from samples."""
    places = np.sort(np.concatenate([one, other]))
    apart = np.abs(
        np.searchsorted(np.sort(one), places, side="right") / len(one)
        - np.searchsorted(np.sort(other), places, side="right") / len(other)
    )
    return float(apart[:-1] @ np.diff(places)), float(apart.max())


def _basic_interval(name: str, value: float, draws: np.ndarray, level: float) -> tuple[float, float]:
    """Quantiles of the draws; for a distance, which resampling makes larger, turned around the value and kept from zero on."""
    if not len(draws):
        return np.nan, np.nan
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    if name in DISTANCES:
        low, high = 2 * value - high, 2 * value - low
        return max(0.0, float(low)), max(0.0, float(high))
    return float(low), float(high)
