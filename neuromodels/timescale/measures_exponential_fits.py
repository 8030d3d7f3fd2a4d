"""Single and double exponentials fitted to autocorrelations by bounded least squares, all curves at once.

For given timescales both models are linear in their amplitudes::

    single   A exp(-t / tau1)                                        0 <= A <= 1, 0 <= tau <= 100
    double   A (c exp(-t / tau1) + (1 - c) exp(-t / tau2))           0 <= c <= 1
             = p exp(-t / tau1) + q exp(-t / tau2)                   p, q >= 0, p + q <= 1

so that on a grid of all pairs of timescales the best amplitudes follow in closed form. A descent on all parameters starts from
the best pair, and another one from the best pair of different timescales: the symmetric one cannot hold the search.

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
# Points of the grid of starts; accuracy of a parameter, of a timescale that of its logarithm; steps of the descent.
GRID = 64
TOLERANCE = 1e-9
ROUNDS = 500
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
    grid = np.linspace(LOWEST, HIGHEST, GRID)
    residual, amplitude = _best_amplitude(curves, np.exp(-lags / np.exp(grid)[:, None])[None])
    best = residual.argmin(1)
    start = np.stack([amplitude[np.arange(len(curves)), best], grid[best]], axis=1)
    found, residual = _descend(_single, curves, lags, start)
    return ExponentialFit(found[:, 0], np.exp(found[:, 1:]), np.ones(len(curves)), residual)


def fit_double(curves: Array, lags: Array) -> ExponentialFit:
    """Best double exponential of each curve; parameters as in `fit_single`."""
    grid = np.linspace(LOWEST, HIGHEST, GRID)
    decays = np.exp(-lags / np.exp(grid)[:, None])
    # Where the grid is coarse the best pair may lie among single exponentials; one whose timescales differ is tried as well.
    together = np.abs(grid[:, None] - grid).ravel() < np.log(2)
    starts: list[Array] = []
    for part in np.array_split(curves, max(len(curves) // 50, 1)):
        residual, amplitudes = _best_pair(part, decays[None], decays[None])
        for choice in (residual.reshape(len(part), -1), np.where(together, np.inf, residual.reshape(len(part), -1))):
            best = choice.argmin(1)
            p, q = amplitudes.reshape(len(part), -1, 2)[np.arange(len(part)), best].T
            weight = np.divide(p, p + q, out=np.full_like(p, 0.5), where=p + q > 0)
            starts.append(np.stack([p + q, weight, grid[best // GRID], grid[best % GRID]], axis=1))
    start = np.concatenate([*starts[::2], *starts[1::2]])
    found, residual = _descend(_double, np.concatenate([curves, curves]), lags, start)
    better = np.arange(len(curves)) + len(curves) * np.argmin(residual.reshape(2, -1), axis=0)
    amplitude, weight, first, second = found[better].T
    taus = np.exp(np.stack([first, second], axis=1))
    return ExponentialFit(
        amplitude, np.sort(taus, axis=1), np.where(first <= second, weight, 1 - weight), residual[better]
    )


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
                    best, _ = curve_fit(model, lags, curve, p0=start, bounds=(0, upper), maxfev=PUBLISHED_EVALUATIONS)
                except RuntimeError:
                    continue
                row[:-1] = best
                row[-1] = ((model(lags, *row[:-1]) - curve) ** 2).sum()
        return rows

    a, tau, residual = fitted(one, [1, LARGEST_TIMESCALE], single).T
    a2, tau1, tau2, c, residual2 = fitted(two, [1, LARGEST_TIMESCALE, LARGEST_TIMESCALE, 1], double).T
    taus = np.stack([tau1, tau2], axis=1)
    return {
        "single": ExponentialFit(a, tau[:, None], np.ones(len(curves)), residual),
        "double": ExponentialFit(a2, np.sort(taus, axis=1), np.where(tau1 <= tau2, c, 1 - c), residual2),
    }


def _single(x: Array, lags: Array) -> tuple[Array, Array]:
    """Values ``(curve, lag)`` of (A, log tau) and their derivatives ``(curve, lag, parameter)``."""
    tau = np.exp(x[:, 1:])
    decay = np.exp(-lags / tau)
    return x[:, :1] * decay, np.stack([decay, x[:, :1] * decay * lags / tau], axis=-1)


def _double(x: Array, lags: Array) -> tuple[Array, Array]:
    """As `_single`, of (A, c, log tau1, log tau2)."""
    a, c = x[:, :1], x[:, 1:2]
    one, of_one = _single(np.stack([x[:, 0] * x[:, 1], x[:, 2]], axis=1), lags)
    two, of_two = _single(np.stack([x[:, 0] * (1 - x[:, 1]), x[:, 3]], axis=1), lags)
    by_a = c * of_one[..., 0] + (1 - c) * of_two[..., 0]
    by_c = a * (of_one[..., 0] - of_two[..., 0])
    return one + two, np.stack([by_a, by_c, of_one[..., 1], of_two[..., 1]], axis=-1)


def _descend(
    model: Callable[[Array, Array], tuple[Array, Array]], curves: Array, lags: Array, x: Array
) -> tuple[Array, Array]:
    """Levenberg-Marquardt within the bounds from the starts ``(curve, parameter)``, all curves side by side.

    A parameter at a bound that the gradient points across is held for the step. Gives parameters and squared residuals, which
    are never larger than those of the start.
    """
    n = x.shape[1]
    lower, upper = (np.array([edge] * (n // 2) + [end] * (n // 2)) for edge, end in ((0.0, LOWEST), (1.0, HIGHEST)))
    x = np.clip(x, lower, upper)
    values, slopes = model(x, lags)
    errors = curves - values
    cost = (errors**2).sum(1)
    damping = np.full(len(x), 1e-3)
    moving = np.arange(len(x))
    for _ in range(ROUNDS):
        if not moving.size:
            break
        slope, place = slopes[moving], x[moving]
        gradient = (slope.transpose(0, 2, 1) @ errors[moving][..., None])[..., 0]
        held = ((place <= lower) & (gradient <= 0)) | ((place >= upper) & (gradient >= 0))
        curvature = slope.transpose(0, 2, 1) @ slope
        curvature[held[:, :, None] | held[:, None, :]] = 0
        diagonal = np.einsum("cii->ci", curvature)
        diagonal += damping[moving, None] * diagonal + np.where(held, 1, 1e-12)
        step = np.linalg.solve(curvature, np.where(held, 0, gradient)[..., None])[..., 0]
        tried = np.clip(place + step, lower, upper)
        values, slope = model(tried, lags)
        error = curves[moving] - values
        found = (error**2).sum(1)
        better = found < cost[moving]
        taken = moving[better]
        x[taken], errors[taken], slopes[taken], cost[taken] = tried[better], error[better], slope[better], found[better]
        damping[moving] = np.where(better, damping[moving] / 5, damping[moving] * 4)
        done = np.abs(tried - place).max(1) < TOLERANCE
        moving = moving[~done]
    return x, cost


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
    apart = scale > 1e-14 * aa * bb
    scale = np.where(apart, scale, 1)
    p_inside, q_inside = (ya * bb - yb * ab) / scale, (yb * aa - ya * ab) / scale
    inside = apart & (p_inside >= 0) & (q_inside >= 0) & (p_inside + q_inside <= 1)
    along = np.clip((ya - yb - ab + bb) / np.where(apart, aa - 2 * ab + bb, np.inf), 0, 1)
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
