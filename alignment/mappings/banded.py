"""Banded ridge regression: bands of features, each with a weight of its own for every neuroid.

Objective, for features Z_b of band b and centred responses, separately for each neuroid u::

    min over w  ||y_u - sum_b Z_b w_b||^2 + sum_b (alpha_u / gamma_bu) ||w_b||^2

A band that tells nothing about a neuroid gets a small gamma and no longer adds noise; one penalty for all features
cannot do that. Band weights are drawn at random and alpha is chosen for each draw; both by the mean squared error over
inner folds of the training rows.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from ..folds import Fold, inner_folds
from .band_search import make_search, reference_errors, uses_gram
from .base import CrossPrediction, Mapping
from .ridge import ALPHAS

_GRID = tuple(ALPHAS.tolist())


class BandedRidge(Mapping):
    """Ridge regression with band weights and a penalty of its own for each neuroid, by random search.

    Features are z-scored and responses centred with training rows only; constant features stay zero.

    Parameters
    ----------
    bands
        ``(feature,)`` label of the band that each feature belongs to, such as ``np.repeat(["form", "motion"], [64, 32])``;
        None puts all in one band, which is ridge regression.
    gammas
        ``(draw, band)`` band weights to try, not negative, bands in order of first appearance in ``bands``. None draws
        them: first equal weights, then Dirichlet draws.
    n_draws
        Number of draws where ``gammas`` is None. One band needs no more than one.
    concentrations
        Concentrations of the Dirichlet distribution, taken in turn: 1 spreads draws evenly over all weightings, less
        than 1 prefers few bands.
    alphas
        Penalties to choose from, increasing. The default reaches from 1e-2 to 1e7 in half decades. One below 1e-12 of
        the largest eigenvalue of the features' inner products is not eligible: its errors would be rounding.
    n_inner
        Inner folds. They are drawn at random; for contiguous ones give ``fit`` contiguous labels as ``groups``.
    standardise
        False leaves the features in their own scale and only centres them.
    fit_intercept
        False takes features and responses as they are, without centring, in the inner folds too.
    seed
        Seed of draws and inner folds.

    Attributes
    ----------
    bands_ : list
        Labels of the bands in order of first appearance.
    gammas_ : numpy.ndarray
        ``(draw, band)`` weights that were tried.
    cv_scores_ : numpy.ndarray
        ``(draw, neuroid)`` minus mean squared error over inner folds at the best penalty of each draw.
    draw_, alpha_ : numpy.ndarray
        ``(neuroid,)`` best draw (first of equals) and its penalty.
    deltas_ : numpy.ndarray
        ``(band, neuroid)`` log(gamma / alpha); minus infinity for a band that is left out.
    at_edge_ : numpy.ndarray
        ``(neuroid,)`` whether the penalty is the first or last value of the grid.
    inner_r2_ : numpy.ndarray
        ``(neuroid,)`` share of variance explained over the inner folds by the choice.
    intercept_ : numpy.ndarray
        ``(neuroid,)`` mean training response, or 0.

    Notes
    -----
    Memory: one Gram matrix ``(presentation, presentation)`` per band and two more, or one covariance ``(feature,
    feature)`` per inner fold where features are fewer.

    References
    ----------
    Nunez-Elizalde, Huth & Gallant (2019), NeuroImage 197:482, equation 9; Dupre la Tour, Eickenberg, Nunez-Elizalde &
    Gallant (2022), NeuroImage 264:119728, random search over a simplex with concentrations 0.1 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> from alignment.mappings import BandedRidge
    >>> x = np.random.default_rng(0).standard_normal((80, 30))
    >>> y = x[:, :10] @ np.ones((10, 2))
    >>> model = BandedRidge(np.repeat(["useful", "useless"], [10, 20]), n_draws=20).fit(x, y)
    >>> bool((model.deltas_[0] > model.deltas_[1]).all())
    True
    """

    def __init__(
        self,
        bands: Sequence | np.ndarray | None = None,
        *,
        gammas: Sequence | np.ndarray | None = None,
        n_draws: int = 100,
        concentrations: Sequence[float] = (0.1, 1.0),
        alphas: Sequence[float] | np.ndarray = _GRID,
        n_inner: int = 5,
        standardise: bool = True,
        fit_intercept: bool = True,
        seed: int = 0,
    ) -> None:
        self.bands = bands
        self.gammas = gammas
        self.n_draws = n_draws
        self.concentrations = concentrations
        self.alphas = alphas
        self.n_inner = n_inner
        self.standardise = standardise
        self.fit_intercept = fit_intercept
        self.seed = seed

    def predict_bands(self, X: np.ndarray) -> np.ndarray:
        """What each band contributes to the prediction.

        Parameters
        ----------
        X
            ``(presentation, feature)``.

        Returns
        -------
        numpy.ndarray
            ``(band, presentation, neuroid)``. Its sum over bands plus ``intercept_`` is the prediction.
        """
        check_is_fitted(self, "n_features_in_")
        return self._contributions(self._checked(X))

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

        The inner quality is that of the inner folds in which weights and penalties are chosen anyway.

        Parameters
        ----------
        features, responses
            ``(presentation, feature)`` and ``(presentation, neuroid)``.
        folds
            Row numbers of training and test.
        groups
            ``(presentation,)`` labels that inner folds keep together, or None.
        inner
            False leaves the inner quality NaN.
        n_inner
            Not used: the choice has its own ``n_inner``.
        """
        predictions, fitted = [], []
        for number, fold in enumerate(folds):
            model = clone(self).set_params(seed=self.seed + number)
            inside = None if groups is None else np.asarray(groups)[fold.train]
            model.fit(features[fold.train], responses[fold.train], groups=inside)
            predictions.append(model.predict(features[fold.test]))
            fitted.append(model)
        chosen = {name: np.stack([getattr(one, f"{name}_") for one in fitted]) for name in ("alpha", "at_edge", "draw")}
        for place, band in enumerate(fitted[0].bands_):
            chosen[f"delta_{band}"] = np.stack([one.deltas_[place] for one in fitted])
        quality = np.stack([one.inner_r2_ for one in fitted])
        return CrossPrediction(predictions, quality if inner else np.full_like(quality, np.nan), chosen)

    def describe(self) -> str:
        """The mapping in words, for protocols."""
        draws = f"{self.n_draws} Dirichlet draws" if self.gammas is None else f"{len(self.gammas)} given weightings"
        return (
            f"banded ridge regression, weights of the bands and penalty chosen per neuroid from {draws} x "
            f"{len(self.alphas)} penalties by mean squared error over {self.n_inner} inner folds"
        )

    def _fit(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> None:
        labels = np.zeros(x.shape[1], dtype=int) if self.bands is None else np.asarray(self.bands)
        if labels.shape != (x.shape[1],):
            raise ValueError(
                f"bands must name the band of each of {x.shape[1]} features, received an array of shape {labels.shape}."
            )
        names, first, codes = np.unique(labels, return_index=True, return_inverse=True)
        order = np.argsort(first)
        self.bands_ = names[order].tolist()
        self._band = np.argsort(order)[codes]
        alphas = self._checked_alphas()
        self.gammas_ = self._checked_gammas(len(names))
        x, y = x.astype(float, copy=False), y.astype(float, copy=False)
        mean, spread = x.mean(axis=0), x.std(axis=0)
        # A constant column has a spread of rounding errors only; dividing by it would make noise a feature.
        varies = spread > 1e-12 * np.maximum(np.abs(mean), 1e-300)
        constant = np.inf if self.fit_intercept else 1.0
        self._scale = np.where(varies, spread if self.standardise else 1.0, constant)
        self._mean = mean if self.fit_intercept else np.zeros_like(mean)
        self.intercept_ = y.mean(axis=0) if self.fit_intercept else np.zeros(y.shape[1])
        self._search((x - self._mean) / self._scale, y - self.intercept_, alphas, groups)

    def _search(self, z: np.ndarray, y: np.ndarray, alphas: np.ndarray, groups: np.ndarray | None) -> None:
        folds = inner_folds(np.arange(len(z)), groups, self.n_inner, self.seed)
        search = make_search(z, self._band, y, folds, self.fit_intercept)
        # Inner products of new with training rows need the training rows; weights of features do not.
        self._train = z if uses_gram(*z.shape) else None
        everyone = np.arange(y.shape[1])
        least = np.full(y.shape[1], np.inf)
        best = np.zeros(y.shape[1], dtype=int)
        self.draw_ = np.zeros(y.shape[1], dtype=int)
        self._weights = np.zeros((len(z) if self._train is not None else z.shape[1], y.shape[1]))
        self.cv_scores_ = np.empty((len(self.gammas_), y.shape[1]))
        for draw, gamma in enumerate(self.gammas_):
            weighted = search.weighted(gamma)
            errors = weighted.errors(alphas)
            chosen = errors.argmin(axis=0)
            error = errors[chosen, everyone]
            self.cv_scores_[draw] = -error
            better = error < least
            if better.any():
                self._weights[:, better] = weighted.weights(better, alphas[chosen[better]])
                least[better], best[better], self.draw_[better] = error[better], chosen[better], draw
        if not np.isfinite(least).all():
            raise ValueError(
                f"alphas up to {alphas[-1]:g} are all too small to be told from rounding for features of this scale; "
                "standardise the features or use larger penalties."
            )
        self.alpha_ = alphas[best]
        self.at_edge_ = (best == 0) | (best == len(alphas) - 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            self.deltas_ = np.log(self.gammas_[self.draw_].T / self.alpha_)
            self.inner_r2_ = 1 - least / reference_errors(y, folds, self.fit_intercept)

    def _predict(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(self._contributions(x).sum(axis=0) + self.intercept_)

    def _contributions(self, x: np.ndarray) -> np.ndarray:
        z = (x - self._mean) / self._scale
        made = np.empty((len(self.bands_), len(z), len(self.alpha_)))
        for number, gamma in enumerate(self.gammas_[self.draw_].T):
            columns = self._band == number
            if self._train is None:
                made[number] = z[:, columns] @ self._weights[columns]
            else:
                made[number] = (z[:, columns] @ self._train[:, columns].T) @ (self._weights * gamma)
        return made

    def _checked_alphas(self) -> np.ndarray:
        alphas = np.asarray(self.alphas, dtype=float)
        increasing = alphas.ndim == 1 and len(alphas) > 0 and alphas[0] > 0 and (np.diff(alphas) > 0).all()
        if not increasing or not np.isfinite(alphas).all():
            raise ValueError(f"alphas must be positive and increasing, received {self.alphas!r}.")
        return alphas

    def _checked_gammas(self, n_bands: int) -> np.ndarray:
        if self.gammas is None:
            return draw_gammas(1 if n_bands == 1 else self.n_draws, n_bands, self.concentrations, self.seed)
        gammas = np.asarray(self.gammas, dtype=float)
        if gammas.ndim != 2 or gammas.shape[1] != n_bands or len(gammas) == 0:
            raise ValueError(
                f"gammas must be (draw, band) with {n_bands} bands, received shape {gammas.shape}; give one row per "
                "weighting to try."
            )
        if not (np.isfinite(gammas).all() and (gammas >= 0).all() and (gammas > 0).any(axis=1).all()):
            raise ValueError("gammas must be finite, not negative, and above 0 for at least one band of each row.")
        return gammas


def draw_gammas(n_draws: int, n_bands: int, concentrations: Sequence[float], seed: int) -> np.ndarray:
    """Band weights ``(draw, band)`` that sum to 1: first equal ones, then Dirichlet draws.

    Parameters
    ----------
    n_draws
        Number of weightings.
    n_bands
        Number of bands.
    concentrations
        Concentrations of the Dirichlet distribution, taken in turn from the first row on.
    seed
        Seed of the draws.
    """
    if n_draws < 1:
        raise ValueError(f"n_draws must be at least 1, received {n_draws}.")
    if len(concentrations) == 0 or not all(0 < one < np.inf for one in concentrations):
        raise ValueError(f"concentrations must be positive and finite, received {concentrations!r}.")
    rng = np.random.default_rng(seed)
    gammas = np.empty((n_draws, n_bands))
    for row in range(n_draws):
        # A draw of a small concentration can be 0 in every band but for rounding; it is drawn again.
        drawn = np.zeros(n_bands)
        while not (np.isfinite(drawn).all() and drawn.sum() > 0):
            drawn = rng.dirichlet(np.full(n_bands, concentrations[row % len(concentrations)]))
        gammas[row] = drawn
    gammas[0] = 1 / n_bands
    return gammas
