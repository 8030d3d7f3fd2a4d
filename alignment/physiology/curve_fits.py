"""Least squares of one curve with many parameter sets at once: all units and all bootstrap draws together."""

from collections.abc import Callable

import numpy as np

N_STEPS = 100
TOLERANCE = 1e-10  # an accepted step that lowers the sum of squares by a smaller share ends the search
LEAST_DAMPING = 1e-12  # of slopes of unit length, so that curves whose parameters say the same can be solved
BLOCK = 1 << 21  # numbers of one block of curves: 16 MB

Curve = Callable[[np.ndarray], np.ndarray]


def fit_curves(
    curve: Curve,
    observed: np.ndarray,
    starts: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    *,
    weights: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Parameters of smallest squared error inside bounds, by damped Gauss-Newton steps (Levenberg-Marquardt).

    Parameters
    ----------
    curve
        From parameters ``(fit, parameter)`` to values ``(fit, point)``.
    observed
        ``(fit, point)``, finite.
    starts
        ``(fit, start, parameter)`` places where the search begins; the best end of all is kept.
    low, high
        ``(parameter,)`` or ``(fit, parameter)`` bounds.
    weights
        ``(point,)`` or ``(fit, point)``, not negative; equal by default.

    Returns
    -------
    parameters : numpy.ndarray
        ``(fit, parameter)``.
    error : numpy.ndarray
        ``(fit,)`` weighted sum of squares.

    References
    ----------
    Marquardt 1963, Journal of the Society for Industrial and Applied Mathematics 11:431.
    """
    n_fits, n_starts, n_parameters = starts.shape
    bounds = [np.broadcast_to(bound, (n_fits, n_parameters)) for bound in (low, high)]
    scale = np.ones(observed.shape) if weights is None else np.sqrt(np.broadcast_to(weights, observed.shape))
    parameters, error = np.empty((n_fits, n_parameters)), np.empty(n_fits)
    size = max(1, BLOCK // (n_starts * (n_parameters + 1) * max(1, observed.shape[1])))
    for first in range(0, n_fits, size):
        block = slice(first, first + size)
        begin = np.clip(starts[block], bounds[0][block][:, None], bounds[1][block][:, None])
        n_block = len(begin)

        def spread(values: np.ndarray, n_block: int = n_block) -> np.ndarray:
            return np.repeat(values[:n_block], n_starts, axis=0)

        found, squares = _descend(
            curve,
            spread(observed[block]),
            begin.reshape(-1, n_parameters),
            spread(bounds[0][block]),
            spread(bounds[1][block]),
            spread(scale[block]),
        )
        squares = squares.reshape(n_block, n_starts)
        best = squares.argmin(axis=1)
        rows = np.arange(n_block)
        parameters[block] = found.reshape(n_block, n_starts, n_parameters)[rows, best]
        error[block] = squares[rows, best]
    return parameters, error


def explained(observed: np.ndarray, error: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Share of the weighted variance over points that a fit explains, ``(fit,)``; NaN for a constant observation."""
    w = np.ones(observed.shape) if weights is None else np.broadcast_to(weights, observed.shape)
    mean = (w * observed).sum(axis=1, keepdims=True) / w.sum(axis=1, keepdims=True)
    total = (w * (observed - mean) ** 2).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, 1 - error / total, np.nan)


def _descend(
    curve: Curve, observed: np.ndarray, start: np.ndarray, low: np.ndarray, high: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    found = start.copy()
    squares = ((scale * (curve(found) - observed)) ** 2).sum(axis=1)
    damping = np.full(len(found), 1e-3)
    active = np.arange(len(found))
    for _ in range(N_STEPS):
        here, floor, ceiling = found[active], low[active], high[active]
        residual, slope = _linearised(curve, observed[active], here, ceiling, scale[active])
        pull = np.einsum("mnp,mn->mp", slope, residual)
        # A parameter at its bound that would leave it rests for this step.
        held = ((here <= floor) & (pull > 0)) | ((here >= ceiling) & (pull < 0))
        slope = np.where(held[:, None, :], 0.0, slope)
        pull = np.where(held, 0.0, pull)
        square = np.einsum("mnp,mnq->mpq", slope, slope)
        length = np.sqrt(np.einsum("mpp->mp", square))
        # Slopes of unit length: however steep or flat the curve, damping alone keeps the matrix regular.
        length = np.where(length > 0, length, 1.0)
        square = square / length[:, :, None] / length[:, None, :]
        damped = square + damping[active][:, None, None] * np.eye(here.shape[1])
        step = np.linalg.solve(damped, (pull / length)[..., None])[..., 0] / length
        tried = np.clip(here - step, floor, ceiling)
        reached = ((scale[active] * (curve(tried) - observed[active])) ** 2).sum(axis=1)
        better = reached < squares[active]
        gain = np.where(better, squares[active] - reached, 0.0)
        small = better & (gain <= TOLERANCE * squares[active])
        found[active[better]], squares[active[better]] = tried[better], reached[better]
        damping[active] = np.where(better, np.maximum(damping[active] / 5, LEAST_DAMPING), damping[active] * 4)
        active = active[~small & (damping[active] < 1e10)]
        if not len(active):
            break
    return found, squares


def _linearised(
    curve: Curve, observed: np.ndarray, here: np.ndarray, high: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted residuals ``(fit, point)`` and their slopes ``(fit, point, parameter)`` by one-sided differences."""
    value = curve(here)
    slope = np.empty((*value.shape, here.shape[1]))
    for number in range(here.shape[1]):
        width = 1e-7 * np.maximum(np.abs(here[:, number]), 1e-2)
        width = np.where(here[:, number] + width > high[:, number], -width, width)
        moved = here.copy()
        moved[:, number] += width
        slope[:, :, number] = scale * (curve(moved) - value) / width[:, None]
    return scale * (value - observed), slope
