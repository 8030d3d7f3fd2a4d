"""Ridge regression with one penalty per neuroid.

Objective, for standardised features Z and centred responses Y, separately for each neuroid u::

    b_u = argmin ||Z b - y_u||^2 + alpha_u ||b||^2

alpha_u is the value of a grid with the least mean squared error over inner folds (first of equals), as himalaya chooses
it. With more features than rows everything runs on the Gram matrix Z Z', computed once for all inner folds, penalties
and neuroids.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..folds import Fold, inner_folds

ALPHAS = np.logspace(-2, 7, 19)
MAX_BLOCK = 1 << 25  # numbers held at once while all penalties are tried: 256 MB


@dataclass(frozen=True)
class _Basis:
    """Eigenbasis in which the solution for any penalty is a division."""

    eigenvalues: np.ndarray  # (rank,)
    train: np.ndarray  # (rank, n_train): maps centred responses into the basis
    new: np.ndarray  # (n_new, rank): maps the basis to predictions for new rows

    def coefficients(self, responses: np.ndarray) -> np.ndarray:
        return self.train @ responses

    def predict(self, coefficients: np.ndarray, alpha: np.ndarray | float) -> np.ndarray:
        """Predictions ``(n_new, neuroid)`` for one penalty or one per neuroid."""
        if np.ndim(alpha) == 0:
            return (self.new / (self.eigenvalues + alpha)) @ coefficients
        return self.new @ (coefficients / (self.eigenvalues[:, None] + np.asarray(alpha)))


def _gram_basis(gram: np.ndarray, cross: np.ndarray) -> _Basis:
    """Basis from inner products among training rows (n, n) and of new with training rows (n_new, n), uncentred."""
    column = gram.mean(axis=0)
    centred = gram - column[:, None] - column + column.mean()
    crossed = cross - cross.mean(axis=1, keepdims=True) - column + column.mean()
    eigenvalues, vectors = np.linalg.eigh(centred)
    eigenvalues = np.maximum(eigenvalues, 0)
    return _Basis(eigenvalues, vectors.T, crossed @ vectors)


def _feature_basis(train: np.ndarray, new: np.ndarray) -> _Basis:
    """Basis from the covariance of the features; for fewer features than rows."""
    mean = train.mean(axis=0)
    centred = train - mean
    _, singular, right = np.linalg.svd(centred, full_matrices=False)
    return _Basis(singular**2, right @ centred.T, (new - mean) @ right.T)


class NeuroidRidge:
    """Ridge regression from features to neuroids; each neuroid has its own penalty.

    Features are z-scored and responses centred with training rows only; constant features stay zero.

    Parameters
    ----------
    alphas
        Penalties to choose from, increasing. The default reaches from 1e-2 to 1e7 in half decades.
    n_inner
        Inner folds for the choice.
    standardise
        False leaves the features in their own scale and only centres them.
    seed
        Seed of the inner folds.

    Attributes
    ----------
    alpha_ : numpy.ndarray
        ``(neuroid,)`` chosen penalties.
    inner_r2_ : numpy.ndarray
        ``(neuroid,)`` share of variance explained over the inner folds at the chosen penalty.
    at_edge_ : numpy.ndarray
        ``(neuroid,)`` whether the choice is the first or last value of the grid.

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
        alphas: Sequence[float] | np.ndarray = ALPHAS,
        *,
        n_inner: int = 5,
        standardise: bool = True,
        seed: int = 0,
    ) -> None:
        self.alphas = np.asarray(alphas, dtype=float)
        if (
            self.alphas.ndim != 1
            or len(self.alphas) == 0
            or not (self.alphas > 0).all()
            or not (np.diff(self.alphas) > 0).all()
        ):
            raise ValueError(f"alphas must be positive and increasing, received {alphas!r}.")
        self.n_inner = n_inner
        self.standardise = standardise
        self.seed = seed

    def fit(
        self,
        features: np.ndarray,
        responses: np.ndarray,
        groups: np.ndarray | None = None,
        folds: list[Fold] | None = None,
    ) -> "NeuroidRidge":
        """Choose penalties and keep what predictions need.

        Parameters
        ----------
        features
            ``(presentation, feature)``, finite.
        responses
            ``(presentation, neuroid)``, finite.
        groups
            ``(presentation,)`` labels that inner folds keep together, or None.
        folds
            Inner folds to use instead of drawn ones.
        """
        x, y = np.asarray(features, dtype=float), np.asarray(responses, dtype=float)
        if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
            raise ValueError(
                f"fit needs (presentation, feature) and (presentation, neuroid), received {x.shape}, {y.shape}."
            )
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise ValueError("features and responses must be finite; remove or mend NaN before fitting.")
        self._mean, spread = x.mean(axis=0), x.std(axis=0)
        # A constant column has a spread of rounding errors only; dividing by it would make noise a feature.
        varies = spread > 1e-12 * np.maximum(np.abs(self._mean), 1e-300)
        self._scale = np.where(varies, spread if self.standardise else 1.0, np.inf)
        self._train = (x - self._mean) / self._scale
        self._intercept = y.mean(axis=0)
        self._y = y - self._intercept
        if folds is None:
            folds = inner_folds(np.arange(len(x)), groups, self.n_inner, self.seed)
        self._wide = self._train.shape[1] > len(x)
        self._gram = self._train @ self._train.T if self._wide else None
        errors, reference = self._inner_errors(folds)
        best = errors.argmin(axis=0)
        self.alpha_ = self.alphas[best]
        self.at_edge_ = (best == 0) | (best == len(self.alphas) - 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            self.inner_r2_ = 1 - errors[best, np.arange(y.shape[1])] / reference
        return self

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Predicted responses ``(presentation, neuroid)``."""
        new = (np.asarray(features, dtype=float) - self._mean) / self._scale
        if self._gram is not None:
            basis = _gram_basis(self._gram, new @ self._train.T)
        else:
            basis = _feature_basis(self._train, new)
        return basis.predict(basis.coefficients(self._y), self.alpha_) + self._intercept

    def _inner_errors(self, folds: list[Fold]) -> tuple[np.ndarray, np.ndarray]:
        """Mean squared error ``(alpha, neuroid)`` and that of the training mean ``(neuroid,)``, over the inner folds."""
        n_neuroids = self._y.shape[1]
        errors, reference = np.zeros((len(self.alphas), n_neuroids)), np.zeros(n_neuroids)
        for fold in folds:
            if self._gram is not None:
                basis = _gram_basis(
                    self._gram[np.ix_(fold.train, fold.train)], self._gram[np.ix_(fold.test, fold.train)]
                )
            else:
                basis = _feature_basis(self._train[fold.train], self._train[fold.test])
            block = max(1, MAX_BLOCK // (len(fold.train) + len(fold.test)))
            for start in range(0, n_neuroids, block):
                columns = slice(start, start + block)
                mean = self._y[fold.train, columns].mean(axis=0)
                truth = self._y[fold.test, columns] - mean
                coefficients = basis.coefficients(self._y[fold.train, columns] - mean)
                for row, alpha in enumerate(self.alphas):
                    errors[row, columns] += ((truth - basis.predict(coefficients, alpha)) ** 2).mean(axis=0) / len(
                        folds
                    )
                reference[columns] += (truth**2).mean(axis=0) / len(folds)
        return errors, reference
