"""Partial least squares regression, on inner products of stimuli and with exact leading singular vectors.

For centred features X (n, p) and responses Y (n, m), component k of the regression form (PLS2) is::

    w_k = leading left singular vector of X'F_k,   F_k = (I - T T') Y
    t_k = (I - T T') X w_k, divided by its length,  T = [t_1 ... t_{k-1}]
    prediction for x:  ybar + (x - xbar) R T'Y,     X R = T

Only K = XX' and Y are needed: with c_k the top eigenvector of F'KF, w_k is X'F c_k and t_k is (I - T T') K F c_k. With
fewer features than presentations, X = O L (thin QR) makes K = LL' and the responses O'Y, of as many rows as features.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy.linalg.blas import dgemm
from sklearn.base import clone

from ..folds import Fold, inner_folds
from .base import CrossPrediction, Mapping
from .leading_vectors import FITTED, DavidsonSearch, PowerIteration

GRAM_BLOCK = 4096  # features centred at once
REFRESH = 1e-5  # share of its first eigenvalue at which F'KF is formed anew, before differences become rounding
SPENT = 1e-10  # share of its length that a new score must keep when the earlier ones are taken out


class PLS(Mapping):
    """Partial least squares regression, equal to scikit-learn's.

    Successive scores t_k have the greatest covariance with what the earlier ones left of the responses; the responses
    are regressed on the scores. The same components serve all neuroids, so the prediction of one neuroid depends on the
    others recorded with it.

    Parameters
    ----------
    n_components
        Components, at most the number of features and of training presentations. 25 is the usual number in
        comparisons of models with visual cortex.
    scale
        Also divide each feature and each neuroid by its standard deviation (ddof 1) over the training rows. False, as
        in those comparisons, only centres.
    solver
        "exact" finds every leading singular vector to 1e-11. "nipals" ends its power iteration where scikit-learn and
        Brain-Score end theirs by default (a squared change of the weights below 1e-6, or 500 rounds), which is often
        before it has converged; it gives their numbers to rounding and holds a matrix (neuroid, neuroid).

    Attributes
    ----------
    x_rotations_ : numpy.ndarray
        ``(feature, component)`` R: centred (and scaled) training features times R are scores of unit length.
    y_loadings_ : numpy.ndarray
        ``(neuroid, component)`` Y'T.
    coef_ : numpy.ndarray
        ``(neuroid, feature)`` weights in the units of the data, made when asked for.
    n_components_ : int
        Components taken: fewer than asked for where features or responses were used up before, since further components
        would be rounding.

    Notes
    -----
    scikit-learn run to convergence (``tol=1e-20``, many rounds) gives the predictions of "exact". As it comes, it gives
    those of "nipals"; the two differ where singular values lie close together, as with many noisy neuroids.

    References
    ----------
    Wold, Sjostrom & Eriksson (2001), Chemometr. Intell. Lab. 58:109, section 3. Rannar, Lindgren, Geladi & Wold (1994),
    J. Chemometr. 8:111, the form on XX'. Wegelin (2000), Univ. Washington Tech. Rep. 371, section 4.1. Used for
    neuroids by Yamins et al. (2014), PNAS 111:8619, and Schrimpf et al. (2018), bioRxiv 407007.

    Examples
    --------
    >>> import numpy as np
    >>> from alignment.mappings import PLS
    >>> x = np.random.default_rng(0).standard_normal((50, 3))
    >>> model = PLS(n_components=3).fit(x, x @ np.ones((3, 2)))
    >>> bool(np.allclose(model.predict(x), x @ np.ones((3, 2))))
    True
    """

    def __init__(
        self,
        n_components: int = 25,
        *,
        scale: bool = False,
        solver: Literal["exact", "nipals"] = "exact",
    ) -> None:
        self.n_components = n_components
        self.scale = scale
        self.solver = solver

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

        With at least as many features as rows, the inner products of all rows are computed once and centred anew for
        each fold, which is exact because features are only centred.

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
        if self.scale or len(features) > features.shape[1]:
            return super().cross_predict(features, responses, folds, groups, inner=inner, n_inner=n_inner)
        x, y = clone(self)._checked(features, responses)
        gram, y = centred_gram(x), y.astype(np.float64, copy=False)
        predictions, quality = [], np.full((len(folds), y.shape[1]), np.nan)
        for number, fold in enumerate(folds):
            self._check_options(len(fold.train), x.shape[1])
            predictions.append(_predict_from_gram(gram, y, fold, self.n_components, self.solver))
            if inner:
                error, total = np.zeros(y.shape[1]), np.zeros(y.shape[1])
                labels = None if groups is None else groups[fold.train]
                for part in inner_folds(np.arange(len(fold.train)), labels, n_inner, number):
                    inside = Fold(fold.train[part.train], fold.train[part.test])
                    self._check_options(len(inside.train), x.shape[1])
                    truth = y[inside.test]
                    made = _predict_from_gram(gram, y, inside, self.n_components, self.solver)
                    error += ((truth - made) ** 2).sum(axis=0)
                    total += ((truth - y[inside.train].mean(axis=0)) ** 2).sum(axis=0)
                with np.errstate(invalid="ignore", divide="ignore"):
                    quality[number] = 1 - error / total
        return CrossPrediction(predictions, quality)

    def describe(self) -> str:
        """The mapping in words, for protocols."""
        scaled = ", features and responses scaled to unit variance" if self.scale else ""
        return f"partial least squares regression with {self.n_components} components{scaled}"

    @property
    def coef_(self) -> np.ndarray:
        """``(neuroid, feature)`` weights in the units of the data."""
        weights = self.y_loadings_ @ (self.x_rotations_ / self._x_scale[:, None]).T
        return weights * self._y_scale[:, None]

    def _fit(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> None:
        self._check_options(*x.shape)
        self._x_mean, self._x_scale = _centre_and_scale(x, self.scale)
        self._y_mean, self._y_scale = _centre_and_scale(y, self.scale)
        x, y = (x - self._x_mean) / self._x_scale, (y - self._y_mean) / self._y_scale
        if x.shape[1] < len(x):
            basis, x = np.linalg.qr(x)
            y = basis.T @ y
        dual, scores = pls_components(x @ x.T, y, self.n_components, self.solver)
        self.x_rotations_ = x.T @ dual
        self.y_loadings_ = y.T @ scores
        self.n_components_ = scores.shape[1]

    def _predict(self, x: np.ndarray) -> np.ndarray:
        scores = (x - self._x_mean) @ (self.x_rotations_ / self._x_scale[:, None])
        return scores @ (self.y_loadings_ * self._y_scale[:, None]).T + self._y_mean

    def _check_options(self, n_train: int, n_features: int) -> None:
        if self.solver not in ("exact", "nipals"):
            raise ValueError(f"solver is {self.solver!r}; accepted are 'exact' and 'nipals'. Choose one.")
        most = min(n_train, n_features)
        if not 1 <= self.n_components <= most:
            raise ValueError(
                f"n_components={self.n_components!r} cannot be taken from n_features={n_features} and {n_train} training "
                f"presentations: accepted are 1 to {most}. Lower n_components, or give more features or presentations."
            )


def centred_gram(features: np.ndarray) -> np.ndarray:
    """Inner products XX' of centred rows.

    Parameters
    ----------
    features
        ``(presentation, feature)``.

    Returns
    -------
    numpy.ndarray
        ``(presentation, presentation)`` in double precision; features are centred in blocks, so no copy of all is made.
    """
    gram = np.zeros((len(features), len(features)))
    for start in range(0, features.shape[1], GRAM_BLOCK):
        block = features[:, start : start + GRAM_BLOCK].astype(np.float64)
        block -= block.mean(axis=0)
        gram += block @ block.T
    return gram


def pls_components(
    gram: np.ndarray,
    responses: np.ndarray,
    n_components: int,
    solver: Literal["exact", "nipals"] = "exact",
) -> tuple[np.ndarray, np.ndarray]:
    """Scores of partial least squares from inner products.

    Parameters
    ----------
    gram
        ``(row, row)`` K = XX' of centred features.
    responses
        ``(row, neuroid)`` centred.
    n_components
        Components wanted.
    solver
        How leading singular vectors are found, see `PLS`.

    Returns
    -------
    dual, scores
        ``(row, component)`` A and T with T = KA and T'T = I; fewer components where features or responses are used up.
    """
    y = responses
    if solver == "exact" and y.shape[1] > 2 * len(y):
        # Only YY' matters for the scores, so a factor of it may stand for many more neuroids than rows.
        y = np.asarray(np.linalg.qr(y.T, mode="r")).T
    dual, scores = np.zeros((2, len(y), n_components))
    loadings = np.zeros((y.shape[1], n_components))
    first = fresh = 0.0
    rounding = len(gram) * np.finfo(float).eps * np.linalg.norm(gram)
    product = np.asfortranarray(y.T @ (gram @ y))
    search = DavidsonSearch(len(product)) if solver == "exact" else PowerIteration()
    for k in range(n_components):
        value, direction = search.find(product)
        if k == 0:
            first = fresh = value
        elif value < REFRESH * fresh:
            left = y - scores[:, :k] @ loadings[:, :k].T
            product = np.asfortranarray(left.T @ (gram @ left))
            fresh, direction = search.find(product)
            value = fresh
        rotation = y @ direction - scores[:, :k] @ (loadings[:, :k].T @ direction)
        if not (value > FITTED * first and value > rounding * (rotation @ rotation)):
            return dual[:, :k], scores[:, :k]
        score = gram @ rotation
        whole = np.linalg.norm(score)
        for _ in range(2):  # once more, because one pass leaves rounding along the earlier scores
            along = scores[:, :k].T @ score
            score -= scores[:, :k] @ along
            rotation -= dual[:, :k] @ along
        length = np.linalg.norm(score)
        if not length > SPENT * whole:
            return dual[:, :k], scores[:, :k]
        scores[:, k], dual[:, k] = score / length, rotation / length
        loadings[:, k] = y.T @ scores[:, k]
        image = gram @ scores[:, k]
        # F loses t q', so F'KF loses q h' + h q' with h = F'Kt - q (t'Kt) / 2.
        change = y.T @ image - loadings[:, :k] @ (scores[:, :k].T @ image)
        change -= loadings[:, k] * (scores[:, k] @ image / 2)
        pair = np.column_stack([loadings[:, k], change])
        product = dgemm(-1.0, pair, pair[:, ::-1], beta=1.0, c=product, trans_b=True, overwrite_c=True)
    return dual, scores


def _predict_from_gram(
    gram: np.ndarray, y: np.ndarray, fold: Fold, n_components: int, solver: Literal["exact", "nipals"]
) -> np.ndarray:
    """Predictions ``(n_test, neuroid)`` for the test rows of one fold from the inner products of all rows."""
    within, across = gram[np.ix_(fold.train, fold.train)], gram[np.ix_(fold.test, fold.train)]
    column = within.mean(axis=0)
    within, across = (rows - rows.mean(axis=1, keepdims=True) - column + column.mean() for rows in (within, across))
    mean = y[fold.train].mean(axis=0)
    known = y[fold.train] - mean
    dual, scores = pls_components(within, known, n_components, solver)
    return (across @ dual) @ (scores.T @ known) + mean


def _centre_and_scale(values: np.ndarray, scale: bool) -> tuple[np.ndarray, np.ndarray]:
    mean = values.mean(axis=0, dtype=np.float64)
    if not scale:
        return mean, np.ones(values.shape[1])
    spread = values.std(axis=0, ddof=1, dtype=np.float64)
    return mean, np.where(spread == 0, 1.0, spread)
