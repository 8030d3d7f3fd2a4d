"""Ridge regression with one penalty per neuroid.

Objective, for standardised features Z and centred responses Y, separately for each neuroid u::

    b_u = argmin ||Z b - y_u||^2 + alpha_u ||b||^2

alpha_u is the value of a grid with the least mean squared error over inner folds (first of equals), as himalaya chooses
it, or over rows left out one at a time, as scikit-learn's RidgeCV does. With at least as many features as rows everything
runs on the Gram matrix Z Z', made once for all inner folds, penalties and neuroids; with fewer on the covariance Z'Z.
"""

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np

from ..folds import Fold, inner_folds
from .backend import Array, Backend, calm_threads, make_backend
from .base import CrossPrediction, Mapping
from .gram import (
    ColumnReadable,
    centred_grams,
    column_blocks,
    cross_gram,
    fold_gram,
    gram_matrix,
    standardise_block,
)
from .ridge_dual import cross_dual, fit_dual, shares_inverse
from .ridge_primal import fit_primal
from .ridge_search import Choice, InnerCut, cut_of_folds, cut_one_out, neuroid_blocks

ALPHAS = np.logspace(-2, 7, 19)
_GRID = tuple(ALPHAS.tolist())  # scikit-learn compares defaults, which arrays do not take


class NeuroidRidge(Mapping):
    """Ridge regression from features to neuroids; each neuroid has its own penalty.

    Features are z-scored and responses centred with training rows only; constant features stay zero.

    Parameters
    ----------
    alphas
        Penalties to choose from, increasing. The default reaches from 1e-2 to 1e7 in half decades. A single penalty
        is taken without a search.
    n_inner
        Inner folds for the choice.
    standardise
        False leaves the features in their own scale and only centres them.
    seed
        Seed of the inner folds.
    selection
        ``kfold``: the penalty with the least mean squared error over inner folds; ``loo``: over rows left out one at a
        time (whole groups where groups are given), in closed form.
    per_neuroid
        False takes one penalty for all neuroids, that of the least error averaged over them.
    backend
        ``numpy`` or ``torch``.
    device
        ``cpu``, or for torch any of its devices (``cuda``).
    dtype
        ``float64`` or ``float32``, the precision of everything. Penalties below about 1e-6 of the largest eigenvalue
        of the Gram matrix cannot be told apart in single precision.

    Attributes
    ----------
    alpha_ : numpy.ndarray
        ``(neuroid,)`` chosen penalties.
    inner_r2_ : numpy.ndarray
        ``(neuroid,)`` share of variance explained over the inner folds (or rows left out) at the chosen penalty. NaN
        for a single penalty fitted without given inner folds.
    at_edge_ : numpy.ndarray
        ``(neuroid,)`` whether the choice is the first or last value of the grid; False for a single penalty.

    Notes
    -----
    himalaya's convention is ``standardise=False``; its ``cv=5`` are unshuffled inner folds, to be given to `fit`.
    Brain-Score's ``ridge`` is ``alphas=(1.0,), standardise=False``, its ``ridgecv_split`` adds ``selection="loo",
    per_neuroid=False`` and a grid.

    References
    ----------
    Hoerl and Kennard, Technometrics 12, 1970 (ridge regression). Dupre la Tour et al., NeuroImage 264, 2022 (one
    penalty per neuroid by inner folds). Golub, Heath and Wahba, Technometrics 21, 1979 (rows left out in closed form).

    Examples
    --------
    >>> import numpy as np
    >>> from alignment import NeuroidRidge
    >>> x = np.random.default_rng(0).standard_normal((50, 3))
    >>> model = NeuroidRidge().fit(x, x @ np.ones((3, 1)))
    >>> bool(np.allclose(model.predict(x), x @ np.ones((3, 1)), atol=0.01))
    True
    """

    def __init__(
        self,
        alphas: Sequence[float] | np.ndarray = _GRID,
        *,
        n_inner: int = 5,
        standardise: bool = True,
        seed: int = 0,
        selection: Literal["kfold", "loo"] = "kfold",
        per_neuroid: bool = True,
        backend: Literal["numpy", "torch"] = "numpy",
        device: str = "cpu",
        dtype: Literal["float64", "float32"] = "float64",
    ) -> None:
        self.alphas = alphas
        self.n_inner = n_inner
        self.standardise = standardise
        self.seed = seed
        self.selection = selection
        self.per_neuroid = per_neuroid
        self.backend = backend
        self.device = device
        self.dtype = dtype

    def fit(
        self,
        X: np.ndarray,
        y: np.ndarray,
        groups: np.ndarray | None = None,
        folds: Sequence[Fold] | None = None,
    ) -> Self:
        """Choose penalties and keep what predictions need.

        Parameters
        ----------
        X
            ``(presentation, feature)``, finite.
        y
            ``(presentation, neuroid)`` or ``(presentation,)``, finite.
        groups
            ``(presentation,)`` labels that inner folds keep together, or None.
        folds
            Inner folds to use instead of drawn ones.
        """
        self._given_folds = folds
        return super().fit(X, y, groups)

    @property
    def coef_(self) -> np.ndarray:
        """Weights ``(neuroid, feature)`` in units of the features, or ``(feature,)`` if fitted to one neuroid."""
        if not hasattr(self, "_solution"):
            raise AttributeError("coef_ is known after fit.")
        weights = (
            self._solution if self._train is None else ((self._train - self._mean) / self._scale).T @ self._solution
        )
        weights = (weights / self._scale[:, None]).T
        return weights[0] if self._one_neuroid else weights

    def cross_predict(
        self,
        features: ColumnReadable,
        responses: np.ndarray,
        folds: Sequence[Fold],
        groups: np.ndarray | None = None,
        *,
        inner: bool = True,
        n_inner: int = 5,
    ) -> CrossPrediction:
        """Fit on the training rows of each fold and predict its test rows, sharing what folds have in common.

        Equal to a fit and prediction per fold, with the inner folds of split k drawn with ``seed + k``.

        Parameters
        ----------
        features
            ``(presentation, feature)``; a numpy array, or anything on disk that gives slices of columns
            (``h5py.Dataset``, netCDF variable), of which only a block of columns is held at a time unless there are
            fewer features than presentations.
        responses
            ``(presentation, neuroid)``.
        folds
            Row numbers of training and test.
        groups
            ``(presentation,)`` labels that inner folds keep together, or None.
        inner
            Also report the quality over inner folds; needed to choose between layers.
        n_inner
            Inner folds that measure the quality of a single penalty. A search reports that of its own inner folds.
        """
        alphas, backend = self._checked_parameters()
        features, responses = _checked_arrays(features, responses)
        rows = np.unique(np.concatenate([part for fold in folds for part in (fold.train, fold.test)]))
        places = [Fold(np.searchsorted(rows, fold.train), np.searchsorted(rows, fold.test)) for fold in folds]
        y = backend.array(responses if len(rows) == len(responses) else responses[rows])
        labels = [None if groups is None else np.asarray(groups)[fold.train] for fold in folds]
        cuts = [
            self._cut(len(fold.train), label, self.seed + number, n_inner if inner and len(alphas) == 1 else None)
            for number, (fold, label) in enumerate(zip(folds, labels, strict=True))
        ]
        dual = features.shape[1] >= min(len(fold.train) for fold in folds)
        cross = self._cross_dual if dual else self._cross_primal
        with calm_threads(len(rows)):
            choices, predictions = cross(features, rows, y, places, alphas, cuts, backend)
        quality = [
            _explained(choice, cut if inner else None, responses, fold.train)
            for choice, cut, fold in zip(choices, cuts, folds, strict=True)
        ]
        chosen = {
            "alpha": np.stack([alphas[choice.index] for choice in choices]),
            "at_edge": np.stack([_at_edge(choice, alphas) for choice in choices]),
        }
        return CrossPrediction(predictions, np.stack(quality), chosen)

    def describe(self) -> str:
        """The mapping in words, for protocols."""
        alphas, _ = self._checked_parameters()
        scaled = "features z-scored" if self.standardise else "features centred"
        if len(alphas) == 1:
            return f"ridge regression, penalty {alphas[0]:g}, {scaled}"
        whom = "one penalty per neuroid" if self.per_neuroid else "one penalty for all neuroids"
        judge = f"{self.n_inner} inner folds" if self.selection == "kfold" else "rows left out one at a time"
        return (
            f"ridge regression, {whom} from {len(alphas)} values between {alphas[0]:g} and {alphas[-1]:g} "
            f"by mean squared error over {judge}, {scaled}"
        )

    def _fit(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> None:
        alphas, backend = self._checked_parameters()
        cut = self._cut(len(x), groups, self.seed, None, self._given_folds)
        targets = backend.array(y)
        mean = backend.mean(targets)
        targets = targets - mean
        self._intercept = backend.numpy(mean).astype(np.float64)
        rows, nothing = np.arange(len(x)), np.arange(0)
        self._train: np.ndarray | None = None
        if x.shape[1] >= len(x):
            gram, _, self._mean, self._scale = fold_gram(x, rows, nothing, self.standardise, backend)
            choice, solution = fit_dual(gram, targets, alphas, cut, self.per_neuroid, backend)
            self._train = x.copy()  # callers may reuse their array
        else:
            z = backend.array(x.copy())
            self._mean, self._scale = (
                backend.numpy(one) for one in standardise_block(z, len(x), self.standardise, backend)
            )
            choice, solution = fit_primal(z, targets, alphas, cut, self.per_neuroid, backend)
        self._solution = backend.numpy(solution)
        self.alpha_, self.at_edge_ = alphas[choice.index], _at_edge(choice, alphas)
        self.inner_r2_ = _explained(choice, cut, y, rows)

    def _predict(self, x: np.ndarray) -> np.ndarray:
        _, backend = self._checked_parameters()
        solution = backend.array(self._solution)
        if self._train is None:
            left = backend.array((x - self._mean) / self._scale)
        else:
            left = cross_gram(x, self._train, self._mean, self._scale, backend)
        return backend.numpy(left @ solution) + self._intercept

    def _cross_dual(
        self,
        features: ColumnReadable,
        rows: np.ndarray,
        y: Array,
        folds: list[Fold],
        alphas: np.ndarray,
        cuts: list[InnerCut | None],
        backend: Backend,
    ) -> tuple[list[Choice], list[np.ndarray]]:
        """Folds and responses refer to ``rows``."""
        gram = None if self.standardise else gram_matrix(features, rows, backend)
        if gram is not None and shares_inverse(folds, len(rows)):
            return cross_dual(gram, y, folds, alphas, cuts, self.per_neuroid, backend)
        made = [
            self._fold_dual(features, rows, y, gram, fold, alphas, cut, backend)
            for fold, cut in zip(folds, cuts, strict=True)
        ]
        return [choice for choice, _ in made], [predicted for _, predicted in made]

    def _fold_dual(
        self,
        features: ColumnReadable,
        rows: np.ndarray,
        y: Array,
        gram: Array | None,
        fold: Fold,
        alphas: np.ndarray,
        cut: InnerCut | None,
        backend: Backend,
    ) -> tuple[Choice, np.ndarray]:
        if gram is None:
            inside, cross, *_ = fold_gram(features, rows[fold.train], rows[fold.test], self.standardise, backend)
        else:
            inside, cross = centred_grams(gram, fold.train, fold.test, backend)
        known, mean = _centred(y, fold.train, backend)
        choice, dual = fit_dual(inside, known, alphas, cut, self.per_neuroid, backend)
        return choice, backend.numpy(cross @ dual + mean)

    def _cross_primal(
        self,
        features: ColumnReadable,
        rows: np.ndarray,
        y: Array,
        folds: list[Fold],
        alphas: np.ndarray,
        cuts: list[InnerCut | None],
        backend: Backend,
    ) -> tuple[list[Choice], list[np.ndarray]]:
        """With fewer features than rows the features themselves are smaller than a Gram matrix."""
        whole = np.empty((len(rows), features.shape[1]), backend.dtype)
        for columns, block in column_blocks(features, rows, backend.dtype):
            whole[:, columns] = block
        made = []
        for fold, cut in zip(folds, cuts, strict=True):
            x = known = None  # of the last fold, before those of the next are made
            x = backend.array(whole[np.concatenate([fold.train, fold.test])])
            n_train = len(fold.train)
            standardise_block(x, n_train, self.standardise, backend)
            known, mean = _centred(y, fold.train, backend)
            choice, weights = fit_primal(x[:n_train], known, alphas, cut, self.per_neuroid, backend)
            made.append((choice, backend.numpy(x[n_train:] @ weights + mean)))
        return [choice for choice, _ in made], [predicted for _, predicted in made]

    def _cut(
        self,
        n_rows: int,
        groups: np.ndarray | None,
        seed: int,
        measured: int | None,
        folds: Sequence[Fold] | None = None,
    ) -> InnerCut | None:
        """What inner fits leave out; None for a single penalty whose quality nobody asks for."""
        if folds is not None:
            return cut_of_folds(folds, n_rows)
        if np.size(self.alphas) == 1 and measured is None:
            return None
        if self.selection == "loo":
            return cut_one_out(n_rows, groups)
        return cut_of_folds(inner_folds(np.arange(n_rows), groups, measured or self.n_inner, seed), n_rows)

    def _checked_parameters(self) -> tuple[np.ndarray, Backend]:
        alphas = np.asarray(self.alphas, dtype=float)
        if alphas.ndim != 1 or len(alphas) == 0 or not (alphas > 0).all() or not (np.diff(alphas) > 0).all():
            raise ValueError(f"alphas must be positive and increasing, received {self.alphas!r}.")
        if self.selection not in ("kfold", "loo"):
            raise ValueError(f"selection is {self.selection!r}; choose one of kfold, loo.")
        if self.n_inner < 2:
            raise ValueError(f"n_inner is {self.n_inner}; choosing a penalty needs at least 2 inner folds.")
        return alphas, make_backend(self.backend, self.device, self.dtype)


def _centred(y: Array, train: np.ndarray, backend: Backend) -> tuple[Array, Array]:
    known = y[backend.index(train)]
    mean = backend.mean(known)
    known -= mean
    return known, mean


def _at_edge(choice: Choice, alphas: np.ndarray) -> np.ndarray:
    last = len(alphas) - 1
    return ((choice.index == 0) | (choice.index == last)) & (last > 0)


def _explained(choice: Choice, cut: InnerCut | None, responses: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Share of variance explained over inner fits ``(neuroid,)``; NaN where nothing was measured or varies."""
    n_neuroids = len(choice.error)
    if cut is None:
        return np.full(n_neuroids, np.nan)
    blocks = neuroid_blocks(len(train), n_neuroids)
    reference = np.concatenate([cut.reference(responses[train, block]) for block in blocks])
    with np.errstate(invalid="ignore", divide="ignore"):
        return 1 - choice.error / reference


def _checked_arrays(features: ColumnReadable, responses: np.ndarray) -> tuple[ColumnReadable, np.ndarray]:
    """Refuse shapes that do not fit and responses that are not finite; features are checked while they are read."""
    if not hasattr(features, "shape") or not hasattr(features, "dtype"):
        features = np.asarray(features)
    responses = np.asarray(responses)
    if len(features.shape) != 2 or responses.ndim != 2 or features.shape[0] != len(responses):
        raise ValueError(
            "cross_predict needs (presentation, feature) and (presentation, neuroid), received "
            f"{tuple(features.shape)}, {responses.shape}."
        )
    for name, dtype in (("features", features.dtype), ("responses", responses.dtype)):
        if np.dtype(dtype).kind not in "fiub":
            raise ValueError(f"{name} are of type {dtype}; give numbers.")
    unusable = int((~np.isfinite(responses)).sum())
    if unusable:
        raise ValueError(f"responses hold {unusable} values that are not finite; remove or mend them before fitting.")
    return features, responses
