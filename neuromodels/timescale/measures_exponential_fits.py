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
LOWEST, HIGHEST = np.log(SHORTEST_TIMESCALE), np.log(LARGEST_TIMESCALE)
# Points of the first grid, and of the finer ones around the best so far; accuracy of a logarithm of a timescale.
GRID = 64
ZOOM = np.linspace(-1, 1, 5)
TOLERANCE = 1e-7
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


def fit_single(curves: Array, lags: Array) -> ExponentialFit:
    """Best single exponential of each curve.

    Parameters
    ----------
    curves
        Autocorrelations ``(curve, lag)``, without NaN.
    lags
        ``(lag,)``, in steps.
    """
    grid = np.linspace(LOWEST, HIGHEST, 4 * GRID)
    residual, _ = _best_amplitude(curves, np.exp(-lags / np.exp(grid)[:, None])[None])
    centre = grid[residual.argmin(1)]
    width = np.full(len(curves), 2 * (grid[1] - grid[0]))
    while width.max() > TOLERANCE:
        trial = np.clip(centre[:, None] + width[:, None] * ZOOM, LOWEST, HIGHEST)
        residual, _ = _best_amplitude(curves, np.exp(-lags / np.exp(trial)[..., None]))
        best = residual.argmin(1)
        centre = np.take_along_axis(trial, best[:, None], 1)[:, 0]
        width = width * np.where(np.abs(ZOOM[best]) < 1, 0.5, 0.9)
    decays = np.exp(-lags / np.exp(centre)[:, None, None])
    residual, amplitude = _best_amplitude(curves, decays)
    return ExponentialFit(amplitude[:, 0], np.exp(centre)[:, None], np.ones(len(curves)), residual[:, 0])


def fit_double(curves: Array, lags: Array) -> ExponentialFit:
    """Best double exponential of each curve; parameters as in `fit_single`."""
    grid = np.linspace(LOWEST, HIGHEST, GRID)
    decays = np.exp(-lags / np.exp(grid)[:, None])
    # Where the grid is coarse the best pair may lie among single exponentials; one whose timescales differ is tried as well.
    together = np.abs(grid[:, None] - grid).ravel() < np.log(2)
    starts: list[Array] = []
    for part in np.array_split(curves, max(len(curves) // 50, 1)):
        residual = _best_pair(part, decays[None], decays[None])[0].reshape(len(part), -1)
        best = np.stack([residual.argmin(1), np.where(together, np.inf, residual).argmin(1)])
        starts.append(np.stack([grid[best // GRID], grid[best % GRID]], axis=-1))
    centre = np.concatenate(starts, axis=1).reshape(-1, 2)
    twice = np.concatenate([curves, curves])
    width = np.full(len(centre), 2 * (grid[1] - grid[0]))
    while (moving := np.flatnonzero(width > TOLERANCE)).size:
        trial = np.clip(centre[moving, :, None] + width[moving, None, None] * ZOOM, LOWEST, HIGHEST)
        one, two = np.exp(-lags / np.exp(trial)[..., None]).transpose(1, 0, 2, 3)
        best = _best_pair(twice[moving], one, two)[0].reshape(len(moving), -1).argmin(1)
        chosen = np.stack([best // len(ZOOM), best % len(ZOOM)], axis=1)
        centre[moving] = np.take_along_axis(trial, chosen[..., None], 2)[..., 0]
        width[moving] *= np.where((np.abs(ZOOM[chosen]) < 1).all(1), 0.5, 0.9)
    centre = np.sort(centre, axis=1)
    one, two = np.exp(-lags / np.exp(centre)[..., None, None]).transpose(1, 0, 2, 3)
    residual, amplitudes = _best_pair(twice, one, two)
    better = np.arange(len(curves)) + len(curves) * np.argmin(residual.reshape(2, -1), axis=0)
    p, q = amplitudes[better, 0, 0].T
    weight = np.divide(p, p + q, out=np.ones_like(p), where=p + q > 0)
    return ExponentialFit(p + q, np.exp(centre[better]), weight, residual[better, 0, 0])


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
                    row[:-1] = curve_fit(model, lags, curve, p0=start, bounds=(0, upper), maxfev=PUBLISHED_EVALUATIONS)[
                        0
                    ]
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
    """Residual and amplitude in [0, 1], ``(curve, trial)``, of each trial decay ``(curve or 1, trial, lag)``."""
    squares, products, power = _products(curves, decays)
    amplitude = np.clip(products / squares, 0, 1)
    return power[:, None] - 2 * amplitude * products + amplitude**2 * squares, amplitude


def _best_pair(curves: Array, one: Array, two: Array) -> tuple[Array, Array]:
    """Residual ``(curve, trial one, trial two)`` and amplitudes p and q on the triangle p, q >= 0, p + q <= 1."""
    aa, ya, power = _products(curves, one)
    bb, yb, _ = _products(curves, two)
    aa, ya, bb, yb = aa[..., None], ya[..., None], bb[:, None], yb[:, None]
    ab = one @ two.transpose(0, 2, 1)
    # The best point lies inside the triangle or on one of its sides.
    scale = aa * bb - ab**2
    with np.errstate(divide="ignore", invalid="ignore"):
        p_inside, q_inside = (ya * bb - yb * ab) / scale, (yb * aa - ya * ab) / scale
        along = np.nan_to_num(np.clip((ya - yb - ab + bb) / (aa - 2 * ab + bb), 0, 1))
    inside = (scale > 1e-14 * aa * bb) & (p_inside >= 0) & (q_inside >= 0) & (p_inside + q_inside <= 1)
    nothing = np.zeros_like(along)
    p = np.stack([np.where(inside, p_inside, 0), np.clip(ya / aa, 0, 1) + nothing, nothing, along])
    q = np.stack([np.where(inside, q_inside, 0), nothing, np.clip(yb / bb, 0, 1) + nothing, 1 - along])
    residual = power[:, None, None] - 2 * (p * ya + q * yb) + p * p * aa + 2 * p * q * ab + q * q * bb
    best = residual.argmin(0)[None]
    p, q, residual = (np.take_along_axis(values, best, 0)[0] for values in (p, q, residual))
    return residual, np.stack([p, q], axis=-1)


def _products(curves: Array, decays: Array) -> tuple[Array, Array, Array]:
    """Squares of the decays, their products with the curves, and squares of the curves, summed over lags."""
    products = (decays @ curves[..., None])[..., 0] if len(decays) > 1 else curves @ decays[0].T
    return (decays**2).sum(-1), products, (curves**2).sum(-1)
