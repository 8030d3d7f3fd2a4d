"""Single and double exponentials fitted to autocorrelations by bounded least squares, all curves at once.

For given timescales both models are linear in their amplitudes::

    single   A exp(-t / tau1)                                        0 <= A <= 1, 0 <= tau <= 100
    double   A (c exp(-t / tau1) + (1 - c) exp(-t / tau2))           0 <= c <= 1
             = p exp(-t / tau1) + q exp(-t / tau2)                   p, q >= 0, p + q <= 1

so that the best amplitudes follow in closed form and only the timescales are searched: over a grid of all pairs, then in
ever finer grids around the best. No start has to be chosen, and the symmetric one cannot hold the search.

`fit_from` is the other way, as published: from the middle of the bounds, where both timescales are equal and may never part.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LARGEST_TIMESCALE = 100.0
# exp(-1 / tau) is below 1e-11 here: a shorter timescale cannot be told from this one, in steps of 1.
SHORTEST_TIMESCALE = 0.04
GRID = 64
PUBLISHED_EVALUATIONS = 2000

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ExponentialFit:
    """Fits of one model to many curves.

    Attributes
    ----------
    amplitude
        A, ``(curve,)``.
    timescales
        ``(curve, 1 or 2)`` in the unit of the lags, the shorter first; NaN where the fit failed.
    weight
        c of the shorter timescale, ``(curve,)``; 1 for a single exponential.
    residual
        Sum of squared residuals, ``(curve,)``.
    """

    amplitude: Array
    timescales: Array
    weight: Array
    residual: Array


def curves_of(fit: ExponentialFit, lags: Array) -> Array:
    """Fitted values ``(curve, lag)``."""
    with np.errstate(divide="ignore", over="ignore"):
        decays = np.exp(-lags / np.maximum(fit.timescales, np.finfo(float).tiny)[..., None])
    weights = np.stack([fit.weight, 1 - fit.weight], axis=1)[:, : decays.shape[1]]
    return fit.amplitude[:, None] * (weights[..., None] * decays).sum(1)


def fit_single(curves: Array, lags: Array) -> ExponentialFit:
    """Best single exponential of each curve.

    Parameters
    ----------
    curves
        Autocorrelations ``(curve, lag)``, without NaN.
    lags
        ``(lag,)``, in steps.
    """
    centre = np.zeros(len(curves))
    half = 0.5 * np.log(LARGEST_TIMESCALE / SHORTEST_TIMESCALE)
    grid = np.linspace(-half, half, 8 * GRID) + np.log(SHORTEST_TIMESCALE) + half
    residual, _ = _best_amplitude(curves, np.exp(-lags / np.exp(grid)[:, None])[None])
    centre = grid[residual.argmin(1)]
    width = np.full(len(curves), 2 * (grid[1] - grid[0]))
    offsets = np.linspace(-1, 1, 9)
    for _ in range(30):
        trial = np.clip(centre[:, None] + width[:, None] * offsets, grid[0], grid[-1])
        residual, _ = _best_amplitude(curves, np.exp(-lags / np.exp(trial)[..., None]))
        best = residual.argmin(1)
        centre = np.take_along_axis(trial, best[:, None], 1)[:, 0]
        width = np.where((best > 1) & (best < len(offsets) - 2), width / 2.5, width / 1.25)
    tau = np.exp(centre)
    residual, amplitude = _best_amplitude(curves, np.exp(-lags / tau[:, None, None]))
    return ExponentialFit(amplitude[:, 0], tau[:, None], np.ones(len(curves)), residual[:, 0])


def fit_double(curves: Array, lags: Array) -> ExponentialFit:
    """Best double exponential of each curve; parameters as in `fit_single`."""
    low, high = np.log(SHORTEST_TIMESCALE), np.log(LARGEST_TIMESCALE)
    grid = np.linspace(low, high, GRID)
    first, second = np.triu_indices(GRID)
    decays = np.exp(-lags / np.exp(grid)[:, None])
    residual = np.concatenate(
        [
            _best_pair(part, decays[first][None], decays[second][None])[0].argmin(1)
            for part in np.array_split(curves, max(len(curves) // 50, 1))
        ]
    )
    centre = np.stack([grid[first[residual]], grid[second[residual]]], axis=1)
    width = np.full(len(curves), 2 * (grid[1] - grid[0]))
    steps = np.linspace(-1, 1, 7)
    offsets = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    inner = (np.abs(offsets) < 0.5).all(1)
    for _ in range(60):
        trial = np.clip(centre[:, None] + width[:, None, None] * offsets, low, high)
        pair = np.exp(-lags / np.exp(trial)[..., None])
        residual, _ = _best_pair(curves, pair[:, :, 0], pair[:, :, 1])
        best = residual.argmin(1)
        centre = np.take_along_axis(trial, best[:, None, None], 1)[:, 0]
        width = np.where(inner[best], width / 2, width / 1.1)
    centre = np.sort(centre, axis=1)
    pair = np.exp(-lags / np.exp(centre)[..., None])
    residual, amplitudes = _best_pair(curves, pair[:, :1], pair[:, 1:])
    amplitudes = amplitudes[:, 0]
    total = amplitudes.sum(1)
    weight = np.divide(amplitudes[:, 0], total, out=np.ones_like(total), where=total > 0)
    return ExponentialFit(total, np.exp(centre), weight, residual[:, 0])


def fit_best(curves: Array, lags: Array) -> dict[str, ExponentialFit]:
    """Best single and double exponential of each curve within the bounds."""
    return {"single": fit_single(curves, lags), "double": fit_double(curves, lags)}


def fit_from(
    curves: Array, lags: Array, *, single: Sequence[float] | None = None, double: Sequence[float] | None = None
) -> dict[str, ExponentialFit]:
    """Fits by `scipy.optimize.curve_fit` from a given start, one curve after the other.

    Parameters
    ----------
    curves, lags
        As in `fit_single`.
    single
        Start (A, tau1); by default the middle of the bounds, (0.5, 50), as published.
    double
        Start (A, tau1, tau2, c); by default the middle of the bounds, (0.5, 50, 50, 0.5), as published. It is symmetric in the
        two timescales, so that only rounding parts them: for curves near the floor they often stay equal.

    Returns
    -------
    dict
        As of `fit_best`; NaN timescales and an infinite residual where 2000 evaluations were not enough.
    """
    from scipy.optimize import curve_fit

    def one(t: Array, a: float, tau: float) -> Array:
        return a * np.exp(-t / tau)

    def two(t: Array, a: float, tau1: float, tau2: float, c: float) -> Array:
        return a * (c * np.exp(-t / tau1) + (1 - c) * np.exp(-t / tau2))

    def fitted(model: Callable[..., Array], upper: list[float], start: Sequence[float] | None) -> Array:
        rows = np.full((len(curves), len(upper) + 1), np.nan)
        rows[:, -1] = np.inf
        for row, curve in zip(rows, curves, strict=True):
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                # At a bound the covariance of the parameters, which is not used, cannot be estimated.
                warnings.simplefilter("ignore")
                try:
                    row[:-1] = curve_fit(model, lags, curve, p0=start, bounds=(0, upper), maxfev=PUBLISHED_EVALUATIONS)[0]
                except RuntimeError:
                    continue
                row[-1] = ((model(lags, *row[:-1]) - curve) ** 2).sum()
        return rows

    a, tau, residual = fitted(one, [1, LARGEST_TIMESCALE], single).T
    a2, tau1, tau2, c, residual2 = fitted(two, [1, LARGEST_TIMESCALE, LARGEST_TIMESCALE, 1], double).T
    taus = np.stack([tau1, tau2], axis=1)
    return {
        "single": ExponentialFit(a, tau[:, None], np.ones(len(curves)), residual),
        "double": ExponentialFit(a2, np.sort(taus, axis=1), np.where(tau1 <= tau2, c, 1 - c), residual2),
    }


def _best_amplitude(curves: Array, decays: Array) -> tuple[Array, Array]:
    """Residual and amplitude in [0, 1] for each trial decay: curves (curve, lag), decays (curve or 1, trial, lag)."""
    squares = (decays**2).sum(-1)
    products = (curves[:, None] * decays).sum(-1) if len(decays) > 1 else curves @ decays[0].T
    amplitude = np.clip(products / squares, 0, 1)
    power = (curves**2).sum(-1)[:, None]
    return power - 2 * amplitude * products + amplitude**2 * squares, amplitude


def _best_pair(curves: Array, one: Array, two: Array) -> tuple[Array, Array]:
    """Residual and the two amplitudes on the triangle p, q >= 0, p + q <= 1, for each trial pair of decays."""
    aa, bb, ab = (one**2).sum(-1), (two**2).sum(-1), (one * two).sum(-1)
    if len(one) > 1:
        ya, yb = (curves[:, None] * one).sum(-1), (curves[:, None] * two).sum(-1)
    else:
        ya, yb = curves @ one[0].T, curves @ two[0].T
    power = (curves**2).sum(-1)[:, None]

    def residual(p: Array, q: Array) -> Array:
        return power - 2 * (p * ya + q * yb) + p * p * aa + 2 * p * q * ab + q * q * bb

    # The best point lies inside the triangle or on one of its sides.
    scale = aa * bb - ab**2
    with np.errstate(divide="ignore", invalid="ignore"):
        p_in, q_in = (ya * bb - yb * ab) / scale, (yb * aa - ya * ab) / scale
        along = np.clip((ya - yb - ab + bb) / (aa - 2 * ab + bb), 0, 1)
    inside = (scale > 1e-14 * aa * bb) & (p_in >= 0) & (q_in >= 0) & (p_in + q_in <= 1)
    along = np.nan_to_num(along)
    choices_p = np.stack([np.where(inside, p_in, 0), np.clip(ya / aa, 0, 1), np.zeros_like(ya), along])
    choices_q = np.stack([np.where(inside, q_in, 0), np.zeros_like(yb), np.clip(yb / bb, 0, 1), 1 - along])
    residuals = residual(choices_p, choices_q)
    best = residuals.argmin(0)[None]
    p, q, found = (np.take_along_axis(x, best, 0)[0] for x in (choices_p, choices_q, residuals))
    return found, np.stack([p, q], axis=-1)
