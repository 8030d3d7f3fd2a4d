"""Ridge regression on Gram matrices, for features at least as many as presentations.

For a Gram matrix K of n training rows and a penalty a, let Q be the limit of ``(K + a I + c 1 1')^-1`` for large c: the
inverse that knows an unpenalised intercept. It holds everything that is wanted, without a fit per fold:

- ``Q y`` are the dual coefficients, and ``k' Q y`` (k centred) is the prediction for a new row;
- if rows B are left out, their residuals are ``Q_BB^-1 (Q y)_B``: leave-one-out and inner folds in closed form;
- the rows T that remain have ``Q_TT - Q_TB Q_BB^-1 Q_BT`` as their own Q, and rows B are predicted from them by
  ``-Q_BB^-1 Q_BT y_T``: one inverse serves all splits, and no response of a row left out is touched.

A Cholesky inverse costs a sixth to a ninth of an eigendecomposition of the same size, so the latter, which serves all
penalties, is taken for many penalties only.

References
----------
Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, sections 2.7 and 5.4.2 (equation 5.12 for one row).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from ..folds import Fold
from .backend import Array, Backend
from .ridge_search import Choice, InnerCut

# Beyond this share of rows left out, an inverse per split is cheaper than one for all splits.
MOST_LEFT_OUT = 1 / 3
ROWS_AT_ONCE = 1024
# Penalties from which on an eigendecomposition pays, measured at 300 to 3000 rows; beyond, it takes too much memory.
MANY_DOUBLE, MANY_SINGLE = 9, 12
MOST_ROWS_IN_EIGENVECTORS = 4000


class InverseOperator:
    """Q as a matrix ``(row, row)``."""

    def __init__(self, matrix: Array, backend: Backend) -> None:
        self.matrix, self._backend = matrix, backend

    def dual(self, responses: Array) -> Array:
        """Dual coefficients ``(row, neuroid)``."""
        return self.matrix @ responses

    def diagonal(self) -> Array:
        """``(row,)``."""
        return self.matrix.diagonal()

    def block(self, rows: np.ndarray) -> Array:
        """Copy of the crossings of some rows."""
        return self._backend.take(self.matrix, rows, rows)


class SpectralOperator:
    """Q in eigenvectors: ``Q = U diag(weights) U' - offset``, with responses already turned into them."""

    def __init__(self, vectors: Array, weights: Array, offset: float, turned: Array, backend: Backend) -> None:
        self._vectors, self._weights, self._offset = vectors, weights, offset
        self._turned, self._backend = turned, backend

    def dual(self, responses: Array) -> Array:
        """Dual coefficients of the centred responses that were turned."""
        return self._vectors @ (self._weights[:, None] * self._turned)

    def diagonal(self) -> Array:
        """``(row,)``."""
        return (self._vectors * self._vectors) @ self._weights - self._offset

    def block(self, rows: np.ndarray) -> Array:
        """Crossings of some rows."""
        some = self._vectors[self._backend.index(rows)]
        return (some * self._weights) @ some.T - self._offset


Operator = InverseOperator | SpectralOperator


def takes_eigenvectors(n_rows: int, n_alphas: int, backend: Backend) -> bool:
    """Whether one eigendecomposition is cheaper than an inverse per penalty, and small enough."""
    many = MANY_DOUBLE if backend.dtype.itemsize == 8 else MANY_SINGLE
    return backend.device == "cpu" and n_alphas >= many and n_rows <= MOST_ROWS_IN_EIGENVECTORS


def dual_operator(gram: Array, alpha: float, backend: Backend) -> InverseOperator:
    """Q of a centred Gram matrix ``(row, row)``, which is overwritten."""
    n_rows, level = len(gram), _level(gram) + alpha
    gram += level / n_rows
    diagonal = np.arange(n_rows)
    gram[diagonal, diagonal] += alpha
    inverse = backend.inverse(gram, least=alpha)
    inverse -= 1 / (n_rows * (alpha + level))
    return InverseOperator(inverse, backend)


def operators(gram: Array, responses: Array, alphas: np.ndarray, backend: Backend) -> Iterator[Operator]:
    """Q for every penalty; the centred Gram matrix is overwritten."""
    n_rows = len(gram)
    if not takes_eigenvectors(n_rows, len(alphas), backend):
        for index, alpha in enumerate(alphas):
            yield dual_operator(gram if index == len(alphas) - 1 else backend.copy(gram), alpha, backend)
        return
    level = _level(gram) + float(alphas[0])
    gram += level / n_rows
    eigenvalues, vectors = backend.eigen(gram)
    eigenvalues[eigenvalues < 0] = 0
    turned = vectors.T @ responses
    for alpha in alphas.tolist():  # numpy's own scalars would turn single into double precision
        yield SpectralOperator(vectors, 1 / (eigenvalues + alpha), 1 / (n_rows * (level + alpha)), turned, backend)


def _level(gram: Array) -> float:
    """The c of Q: any is exact; that of a mean eigenvalue keeps the matrix well conditioned."""
    return float(gram.diagonal().sum()) / len(gram)


def left_out_errors(operator: Operator, dual: Array, cut: InnerCut, backend: Backend) -> np.ndarray:
    """Mean squared error ``(neuroid,)`` of rows left out, from Q and the dual coefficients of all rows."""
    if cut.single:
        error = dual / operator.diagonal()[:, None]
        error *= error
        return np.asarray(backend.numpy(error.mean(0)), dtype=np.float64)
    total = np.zeros(dual.shape[1])
    for part, (removed, judged) in enumerate(zip(cut.removed, cut.judged, strict=True)):
        error = backend.solve(operator.block(removed), dual[backend.index(removed)])
        if len(judged) < len(removed):
            error = error[backend.index(judged)]
        error *= error
        total += backend.numpy(error.sum(0)) * cut.weight(part)
    return total


def fit_dual(
    gram: Array,
    responses: Array,
    alphas: np.ndarray,
    cut: InnerCut | None,
    per_neuroid: bool,
    backend: Backend,
) -> tuple[Choice, Array]:
    """Choose penalties for one training set.

    Parameters
    ----------
    gram
        ``(row, row)``, centred; overwritten.
    responses
        ``(row, neuroid)``, centred.
    alphas
        Penalties.
    cut
        What inner fits leave out, or None to take the only penalty unseen.
    per_neuroid
        One penalty per neuroid, or one for all.

    Returns
    -------
    choice, dual
        The penalties and the dual coefficients ``(row, neuroid)``.
    """
    choice, dual = Choice(responses.shape[1], per_neuroid), None
    for index, operator in enumerate(operators(gram, responses, alphas, backend)):
        tried = operator.dual(responses)
        error = np.full(responses.shape[1], np.nan) if cut is None else left_out_errors(operator, tried, cut, backend)
        better = backend.index(choice.offer(index, error))
        if dual is None:
            dual = tried
        else:
            dual[:, better] = tried[:, better]
    return choice, dual


def shares_inverse(folds: Sequence[Fold], n_rows: int) -> bool:
    """Whether one inverse for all splits is exact and cheaper: every test row outside of a large training set."""
    for fold in folds:
        distinct = len(np.unique(fold.train)) == len(fold.train)
        if not distinct or n_rows - len(fold.train) > MOST_LEFT_OUT * len(fold.train):
            return False
        if np.isin(fold.test, fold.train).any() or len(np.unique(fold.test)) < len(fold.test):
            return False
    return True


def cross_dual(
    gram: Array,
    responses: Array,
    folds: Sequence[Fold],
    alphas: np.ndarray,
    cuts: Sequence[InnerCut | None],
    per_neuroid: bool,
    backend: Backend,
) -> tuple[list[Choice], list[np.ndarray]]:
    """Choose penalties and predict the test rows of every split with one inverse per penalty for all splits.

    Parameters
    ----------
    gram
        ``(row, row)`` of the rows of all folds, centred; overwritten.
    responses
        ``(row, neuroid)``.
    folds
        Training and test rows, for which `shares_inverse` holds.
    alphas
        Penalties.
    cuts
        Per split what its inner fits leave out, or None to take the only penalty unseen.
    per_neuroid
        One penalty per neuroid, or one for all.

    Returns
    -------
    choices, predictions
        Per split; predictions ``(n_test, neuroid)``.
    """
    choices = [Choice(responses.shape[1], per_neuroid) for _ in folds]
    predictions = [np.empty((len(fold.test), responses.shape[1]), backend.dtype) for fold in folds]
    for index, alpha in enumerate(alphas):
        operator = dual_operator(gram if index == len(alphas) - 1 else backend.copy(gram), alpha, backend)
        for fold, cut, choice, predicted in zip(folds, cuts, choices, predictions, strict=True):
            _try_penalty(index, operator.matrix, responses, fold, cut, choice, predicted, backend)
    return choices, predictions


def _try_penalty(
    index: int,
    operator: Array,
    responses: Array,
    fold: Fold,
    cut: InnerCut | None,
    choice: Choice,
    predicted: np.ndarray,
    backend: Backend,
) -> None:
    """Offer a penalty to the choice of one split and predict where it is the best so far."""
    n_rows, n_neuroids = responses.shape
    idle = np.setdiff1d(np.arange(n_rows), np.concatenate([fold.train, fold.test]))
    outside = np.concatenate([fold.test, idle])
    between = backend.take(operator, outside, fold.train)
    solved = backend.solve(backend.take(operator, outside, outside), between)
    known = responses[backend.index(fold.train)]
    mean = backend.mean(known)
    known -= mean
    error = np.full(n_neuroids, np.nan)
    if cut is not None:
        remaining = InverseOperator(_without(operator, fold.train, between, solved, backend), backend)
        error = left_out_errors(remaining, remaining.dual(known), cut, backend)
    better = choice.offer(index, error)
    if len(better):
        chosen = slice(None) if len(better) == n_neuroids else backend.index(better)
        predicted[:, better] = backend.numpy(mean[chosen] - solved[: len(fold.test)] @ known[:, chosen])


def _without(operator: Array, train: np.ndarray, between: Array, solved: Array, backend: Backend) -> Array:
    """Q of the training rows alone, from Q of all rows."""
    remaining = backend.take(operator, train, train)
    for start in range(0, len(train), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        remaining[rows] -= between[:, rows].T @ solved
    return remaining
