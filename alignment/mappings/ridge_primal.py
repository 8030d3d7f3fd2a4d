"""Ridge regression on the covariance of the features, for fewer features than presentations.

With centred features X and responses Y of the training rows, S = X'X and C = X'Y::

    B = (S + a I)^-1 C

An inner fit without rows R, whose features and responses sum to s and t, needs ``S - R'R - s s' / n`` and
``C - R'Y_R - s t' / n`` (n rows remain), so the training rows are multiplied once.
"""

import numpy as np

from .backend import Array, Backend
from .ridge_search import Choice, InnerCut


def fit_primal(
    x: Array, y: Array, alphas: np.ndarray, cut: InnerCut | None, per_neuroid: bool, backend: Backend
) -> tuple[Choice, Array]:
    """Choose penalties for one training set.

    Parameters
    ----------
    x, y
        ``(row, feature)`` and ``(row, neuroid)``, both centred.
    alphas
        Penalties.
    cut
        What inner fits leave out, or None to take the only penalty unseen.
    per_neuroid
        One penalty per neuroid, or one for all.

    Returns
    -------
    choice, weights
        The penalties and the weights ``(feature, neuroid)``.
    """
    n_neuroids = y.shape[1]
    scatter, cross = backend.zeros(x.shape[1], x.shape[1]), x.T @ y
    backend.add_products(scatter, x.T)
    backend.mirror(scatter)
    if cut is None:
        errors = np.full((1, n_neuroids), np.nan)
    elif cut.pooled:
        errors = _one_out_errors(x, y, scatter, alphas, cut, backend)
    else:
        errors = _fold_errors(x, y, scatter, cross, alphas, cut, backend)
    choice = Choice(n_neuroids, per_neuroid)
    for index, error in enumerate(errors):
        choice.offer(index, error)
    weights = backend.zeros(x.shape[1], n_neuroids)
    for index in np.unique(choice.index):
        chosen = backend.index(np.flatnonzero(choice.index == index))
        weights[:, chosen] = backend.solve(_penalised(scatter, alphas[index], backend), cross[:, chosen])
    return choice, weights


def _fold_errors(
    x: Array, y: Array, scatter: Array, cross: Array, alphas: np.ndarray, cut: InnerCut, backend: Backend
) -> np.ndarray:
    """Mean squared error ``(alpha, neuroid)`` over a few large inner folds."""
    errors = np.zeros((len(alphas), y.shape[1]))
    for part, (removed, judged) in enumerate(zip(cut.removed, cut.judged, strict=True)):
        rows = backend.index(removed)
        x_out, y_out, n_left = x[rows], y[rows], len(x) - len(removed)
        x_sum, y_sum = x_out.sum(0), y_out.sum(0)
        inside = scatter - x_out.T @ x_out - x_sum[:, None] * (x_sum / n_left)
        target = cross - x_out.T @ y_out - x_sum[:, None] * (y_sum / n_left)
        places = backend.index(judged)
        new, truth = x_out[places] + x_sum / n_left, y_out[places] + y_sum / n_left
        for index, alpha in enumerate(alphas):
            penalised = _penalised(inside, alpha, backend)
            if len(judged) < y.shape[1]:
                predicted = backend.solve(penalised, new.T).T @ target
            else:
                predicted = new @ backend.solve(penalised, target)
            predicted -= truth
            errors[index] += backend.numpy((predicted * predicted).sum(0)) * cut.weight(part)
    return errors


def _one_out_errors(
    x: Array, y: Array, scatter: Array, alphas: np.ndarray, cut: InnerCut, backend: Backend
) -> np.ndarray:
    """The same in closed form for rows or groups left out one at a time.

    With the hat matrix H of all rows, intercept included, the residuals of rows B left out are ``(I - H_BB)^-1 (y - H y)_B``.
    """
    n_rows = len(x)
    errors = np.zeros((len(alphas), y.shape[1]))
    for index, alpha in enumerate(alphas):
        solved = backend.solve(_penalised(scatter, alpha, backend), x.T)
        residual = y - x @ (solved @ y)
        if cut.single:
            error = residual / (1 - 1 / n_rows - (x * solved.T).sum(1))[:, None]
            errors[index] = backend.numpy((error * error).mean(0))
            continue
        for part, removed in enumerate(cut.removed):
            rows = backend.index(removed)
            operator = -(x[rows] @ solved[:, rows]) - 1 / n_rows
            operator[range(len(removed)), range(len(removed))] += 1
            error = backend.solve(operator, residual[rows])
            errors[index] += backend.numpy((error * error).sum(0)) * cut.weight(part)
    return errors


def _penalised(scatter: Array, alpha: float, backend: Backend) -> Array:
    matrix = backend.copy(scatter)
    diagonal = range(len(matrix))
    matrix[diagonal, diagonal] += alpha
    return matrix
