"""Linear regression by least squares, of minimum norm where features outnumber presentations.

For centred features X (n, p) and responses Y (n, m)::

    B = argmin ||X B - Y||^2, and among equal minima the one of least ||B||;  prediction = ybar + (x - xbar) B
"""

from collections.abc import Sequence

import numpy as np
from scipy import linalg
from scipy.linalg.lapack import dgecon

from ..folds import Fold
from .base import CrossPrediction, Mapping

WELL_CONDITIONED = 1e-10  # reciprocal condition number down to which a triangular solution keeps six digits


class LeastSquares(Mapping):
    """Linear regression with intercept and no penalty, equal to scikit-learn's ``LinearRegression``.

    With as many features as training presentations or more, every training response is met exactly (unless equal
    features have unequal responses) and the weights of least norm are taken: the limit of ridge regression for a
    penalty towards 0. Where presentations barely outnumber features, predictions are at their worst; prefer ridge.

    Attributes
    ----------
    coef_ : numpy.ndarray
        ``(neuroid, feature)`` weights.
    intercept_ : numpy.ndarray
        ``(neuroid,)``.

    Notes
    -----
    Solved by a QR decomposition of the features (of their transpose if they outnumber presentations), or by singular
    values where features are linearly dependent; singular values below max(n, p) times the rounding unit, relative to
    the largest, count as 0.

    References
    ----------
    Golub & Van Loan (2013), Matrix Computations, sections 5.3 and 5.6. "linear_predictivity" of Brain-Score and
    "linear_pearsonr" of its language package (Schrimpf et al. 2020, Neuron 108:413) use this mapping.

    Examples
    --------
    >>> import numpy as np
    >>> from alignment.mappings import LeastSquares
    >>> model = LeastSquares().fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> np.round(model.predict([[3.0]]), 6).tolist()
    [7.0]
    """

    def cross_predict(
        self,
        features: np.ndarray,
        responses: np.ndarray,
        folds: Sequence[Fold],
        groups: np.ndarray | None = None,
        *,
        inner: bool = True,
        n_inner: int = 5,
    ) -> CrossPrediction:
        """Fit on the training rows of each fold and predict its test rows.

        With more features than rows, features are first turned into as many coordinates as there are rows; that keeps
        their inner products and so every prediction, and is done once for all folds.

        Parameters
        ----------
        features, responses
            ``(presentation, feature)`` and ``(presentation, neuroid)``.
        folds
            Row numbers of training and test.
        groups
            ``(presentation,)`` labels that inner folds keep together, or None.
        inner
            Also measure the quality over inner folds; needed to choose between layers.
        n_inner
            Inner folds.
        """
        if features.shape[1] > len(features):
            x = np.asarray(features, dtype=np.float64)
            if not np.isfinite(x).all():
                raise ValueError(
                    f"features hold {int((~np.isfinite(x)).sum())} values that are NaN or infinite; finite values are "
                    "accepted. Remove or mend them before fitting."
                )
            features = np.asarray(np.linalg.qr((x - x.mean(axis=0)).T, mode="r")).T
        return super().cross_predict(features, responses, folds, groups, inner=inner, n_inner=n_inner)

    def describe(self) -> str:
        """The mapping in words, for protocols."""
        return "linear regression by least squares (of minimum norm where features outnumber presentations)"

    def _fit(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> None:
        x, y = x.astype(np.float64, copy=False), y.astype(np.float64, copy=False)
        self._x_mean, self._y_mean = x.mean(axis=0), y.mean(axis=0)
        self.coef_ = _minimum_norm(x - self._x_mean, y - self._y_mean).T
        self.intercept_ = self._y_mean - self.coef_ @ self._x_mean

    def _predict(self, x: np.ndarray) -> np.ndarray:
        return (x - self._x_mean) @ self.coef_.T + self._y_mean


def _minimum_norm(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Least-squares weights ``(feature, neuroid)`` of least norm for centred arrays."""
    n, p = x.shape
    if p < n:
        basis, triangle = linalg.qr(x, mode="economic", check_finite=False)
        if _well_conditioned(triangle):
            return linalg.solve_triangular(triangle, basis.T @ y, check_finite=False)
    else:
        # Centred rows sum to zero, so the last equation follows from the others.
        basis, triangle = linalg.qr(x[:-1].T, mode="economic", check_finite=False)
        if _well_conditioned(triangle):
            return basis @ linalg.solve_triangular(triangle, y[:-1], trans="T", check_finite=False)
    return linalg.lstsq(x, y, cond=max(n, p) * np.finfo(float).eps, check_finite=False)[0]


def _well_conditioned(triangle: np.ndarray) -> bool:
    # A triangle is its own LU decomposition.
    return dgecon(triangle, np.linalg.norm(triangle, 1))[0] > WELL_CONDITIONED
