"""Mappings between time-resolved features and responses: one set of weights for all time bins, or one per bin.

Features are ``(presentation, feature, time_bin)`` and responses ``(presentation, neuroid, time_bin)`` with equal bins::

    y_t = W x_t           weights shared over time bins t
    y_t = W_t x_t         weights of each time bin

Folds are cut over presentations, so all bins of a presentation stand on the same side.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted

from ..correlation import pearson
from ..folds import Fold
from .adapted_regressor import as_mapping
from .base import CrossPrediction, Mapping, _validate
from .ridge import NeuroidRidge


class _TimeResolved(Mapping):
    """Checks and shapes of time-resolved arrays; subclasses fit and predict arrays with a time axis."""

    def __init__(self, mapping: BaseEstimator | None = None) -> None:
        self.mapping = mapping

    def fit(self, X: np.ndarray, y: np.ndarray, groups: np.ndarray | None = None) -> Self:
        """Fit the mapping.

        Parameters
        ----------
        X
            ``(presentation, feature, time_bin)``. Features without time axis are repeated over the bins.
        y
            ``(presentation, neuroid, time_bin)``. Responses without time axis are one bin.
        groups
            ``(presentation,)`` labels that inner folds keep together, or None.
        """
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        x, responses = self._checked(X, y)
        self._response_axes = responses.ndim
        x, responses = _with_time(x, responses)
        self.n_time_bins_ = responses.shape[2]
        self._fit_bins(x, responses, None if groups is None else np.asarray(groups))
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predicted responses ``(presentation, neuroid, time_bin)``, with as many axes as the training responses."""
        check_is_fitted(self, "n_features_in_")
        x = self._checked(X)
        if x.ndim == 2:
            x = _repeated(x, self.n_time_bins_)
        if x.shape[2] != self.n_time_bins_:
            raise ValueError(
                f"features have {x.shape[2]} time bins, but the mapping was fitted to {self.n_time_bins_}."
            )
        predicted = self._predict_bins(x)
        if self._response_axes == 3:
            return predicted
        return predicted[:, :, 0] if self._response_axes == 2 else predicted[:, 0, 0]

    def score(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> float:
        """Coefficient of determination over presentations, averaged over neuroids and time bins."""
        from sklearn.metrics import r2_score

        truth, predicted = np.asarray(y), self.predict(X)
        return float(
            r2_score(truth.reshape(len(truth), -1), predicted.reshape(len(truth), -1), sample_weight=sample_weight)
        )

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
        """Fit on the training presentations of each fold and predict its test presentations.

        Parameters
        ----------
        features
            ``(presentation, feature, time_bin)``, or without time axis.
        responses
            ``(presentation, neuroid, time_bin)``.
        folds
            Numbers of training and test presentations.
        groups
            ``(presentation,)`` labels that inner folds keep together, or None.
        inner
            Also measure the quality over inner folds; needed to choose between layers.
        n_inner
            Inner folds.

        Returns
        -------
        CrossPrediction
            Predictions ``(n_test, neuroid, time_bin)`` per fold; ``inner_r2`` ``(split, neuroid)`` over all time bins.
        """
        x, y = clone(self)._checked(features, responses)
        if y.ndim != 3:
            raise ValueError(f"responses must be (presentation, neuroid, time_bin), received shape {y.shape}.")
        x, y = _with_time(x, y)
        return self._cross_bins(x, y, folds, None if groups is None else np.asarray(groups), inner, n_inner)

    def _checked(self, X: Any, y: Any = None) -> Any:
        options: dict[str, Any] = {"dtype": [np.float64, np.float32], "allow_nd": True}
        if y is None:
            x = _validate(self, X, reset=False, **options)
        else:
            x = _validate(self, X, ensure_min_samples=2, **options)
        if x.ndim > 3:
            raise ValueError(f"features must be (presentation, feature, time_bin), received shape {x.shape}.")
        if y is None:
            return x
        y = check_array(y, ensure_2d=False, input_name="y", **options)
        if y.ndim == 0 or y.ndim > 3:
            raise ValueError(f"responses must be (presentation, neuroid, time_bin), received shape {y.shape}.")
        check_consistent_length(x, y)
        return x, y

    def _mapping(self) -> Mapping:
        return as_mapping(NeuroidRidge() if self.mapping is None else self.mapping)

    def _fit_bins(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> None:
        raise NotImplementedError

    def _predict_bins(self, x: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _cross_bins(
        self, x: np.ndarray, y: np.ndarray, folds: Sequence[Fold], groups: np.ndarray | None, inner: bool, n_inner: int
    ) -> CrossPrediction:
        raise NotImplementedError


class SharedOverTime(_TimeResolved):
    """One set of weights for all time bins: bins are stacked as if they were presentations of their own.

    Parameters
    ----------
    mapping
        From features to neuroids: a mapping or another scikit-learn regressor. None is `NeuroidRidge`. Inner folds keep
        the bins of a presentation together where the mapping's ``fit`` takes groups.

    Attributes
    ----------
    mapping_
        The fitted mapping.
    n_time_bins_ : int
        Time bins of the training responses.

    Notes
    -----
    Features without time axis say the same in every bin, so shared weights can predict no more of a response than its
    mean over the bins; take `PerTimeBin` for those. With Ridge(alpha=1) and PLS this is what Brain-Score calls
    ``spantime_ridge`` and ``spantime_pls``.

    References
    ----------
    Schrimpf et al. (2018), bioRxiv 407007, Brain-Score, whose metrics span time in this way.

    Examples
    --------
    >>> import numpy as np
    >>> from alignment.mappings import SharedOverTime
    >>> x = np.random.default_rng(0).standard_normal((40, 3, 5))
    >>> SharedOverTime().fit(x, x[:, :2]).predict(x).shape
    (40, 2, 5)
    """

    def describe(self) -> str:
        """The mapping in words, for protocols."""
        return f"{self._mapping().describe()} with one set of weights for all time bins"

    def _fit_bins(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> None:
        labels = np.arange(len(x)) if groups is None else groups
        self.mapping_ = clone(self._mapping()).fit(_stacked(x), _stacked(y), groups=np.repeat(labels, x.shape[2]))

    def _predict_bins(self, x: np.ndarray) -> np.ndarray:
        return _unstacked(self.mapping_.predict(_stacked(x)), x.shape[2])

    def _cross_bins(
        self, x: np.ndarray, y: np.ndarray, folds: Sequence[Fold], groups: np.ndarray | None, inner: bool, n_inner: int
    ) -> CrossPrediction:
        n_bins = y.shape[2]
        labels = np.arange(len(x)) if groups is None else groups
        wide = [Fold(_bins_of(fold.train, n_bins), _bins_of(fold.test, n_bins)) for fold in folds]
        made = self._mapping().cross_predict(
            _stacked(x), _stacked(y), wide, np.repeat(labels, n_bins), inner=inner, n_inner=n_inner
        )
        predictions = [_unstacked(one, n_bins) for one in made.predictions]
        return CrossPrediction(predictions, made.inner_r2, made.chosen)


class PerTimeBin(_TimeResolved):
    """Weights of its own for every time bin.

    Parameters
    ----------
    mapping
        From features to neuroids: a mapping or another scikit-learn regressor. None is `NeuroidRidge`.

    Attributes
    ----------
    mappings_ : list
        The fitted mapping of each bin.
    n_time_bins_ : int
        Time bins of the training responses.

    References
    ----------
    Kar, Kubilius, Schmidt, Issa & DiCarlo (2019), Nature Neuroscience 22:974, responses of IT predicted bin by bin.

    Examples
    --------
    >>> import numpy as np
    >>> from alignment.mappings import PerTimeBin
    >>> x = np.random.default_rng(0).standard_normal((40, 3))
    >>> y = np.stack([x, -x], axis=2)
    >>> bool(np.allclose(PerTimeBin().fit(x, y).predict(x), y, atol=0.01))
    True
    """

    def describe(self) -> str:
        """The mapping in words, for protocols."""
        return f"{self._mapping().describe()} with weights of its own for each time bin"

    def _fit_bins(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> None:
        self.mappings_ = [clone(self._mapping()).fit(x[:, :, t], y[:, :, t], groups=groups) for t in range(y.shape[2])]

    def _predict_bins(self, x: np.ndarray) -> np.ndarray:
        return np.stack([one.predict(x[:, :, t]) for t, one in enumerate(self.mappings_)], axis=2)

    def _cross_bins(
        self, x: np.ndarray, y: np.ndarray, folds: Sequence[Fold], groups: np.ndarray | None, inner: bool, n_inner: int
    ) -> CrossPrediction:
        made = [
            self._mapping().cross_predict(x[:, :, t], y[:, :, t], folds, groups, inner=inner, n_inner=n_inner)
            for t in range(y.shape[2])
        ]
        predictions = [np.stack([one.predictions[k] for one in made], axis=2) for k in range(len(folds))]
        chosen = {name: np.stack([one.chosen[name] for one in made], axis=-1) for name in made[0].chosen}
        # Bins count by their variance, as the rows of all bins do where one set of weights predicts them.
        variance = np.stack([y[fold.train].var(axis=0) for fold in folds])
        with np.errstate(invalid="ignore", divide="ignore"):
            quality = np.nansum(np.stack([one.inner_r2 for one in made], axis=2) * variance, axis=2) / variance.sum(
                axis=2
            )
        return CrossPrediction(predictions, quality if inner else np.full(quality.shape, np.nan), chosen)


def time_generalisation(
    mapping: BaseEstimator,
    features: np.ndarray,
    responses: np.ndarray,
    folds: Sequence[Fold],
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Correlation in every time bin of mappings fitted to every time bin.

    A mapping is fitted to training presentations in one bin and predicts the test presentations from the features of
    another: entry (s, t) is high where the relation found at s still holds at t.

    Parameters
    ----------
    mapping
        From features to neuroids, fitted to each bin anew: a mapping or another scikit-learn regressor.
    features
        ``(presentation, feature, time_bin)``; without time axis they are repeated over the bins.
    responses
        ``(presentation, neuroid, time_bin)``.
    folds
        Numbers of training and test presentations.
    groups
        ``(presentation,)`` labels that inner folds keep together, or None.

    Returns
    -------
    numpy.ndarray
        ``(split, train time_bin, test time_bin, neuroid)`` Pearson r over test presentations; its diagonal over time bins is
        that of `PerTimeBin`. The mean over splits is the usual matrix.

    References
    ----------
    King & Dehaene (2014), Trends in Cognitive Sciences 18:203.
    """
    x, y = PerTimeBin(mapping)._checked(features, responses)
    if y.ndim != 3:
        raise ValueError(f"responses must be (presentation, neuroid, time_bin), received shape {y.shape}.")
    x, y = _with_time(x, y)
    n_bins = y.shape[2]
    found = np.empty((len(folds), n_bins, n_bins, y.shape[1]))
    for split, fold in enumerate(folds):
        inside = None if groups is None else np.asarray(groups)[fold.train]
        model = PerTimeBin(mapping).fit(x[fold.train], y[fold.train], groups=inside)
        for s, fitted in enumerate(model.mappings_):
            for t in range(n_bins):
                found[split, s, t] = pearson(fitted.predict(x[fold.test, :, t]), y[fold.test, :, t])
    return found


def _with_time(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both arrays with a time axis of equal length."""
    if y.ndim < 3:
        y = y.reshape(len(y), -1, 1)
    if x.ndim == 2:
        x = _repeated(x, y.shape[2])
    if x.shape[2] != y.shape[2]:
        raise ValueError(
            f"features have {x.shape[2]} time bins and responses {y.shape[2]}; bring them to the same bins, or give "
            "features without time axis."
        )
    return x, y


def _repeated(x: np.ndarray, n_bins: int) -> np.ndarray:
    return np.broadcast_to(x[:, :, None], (*x.shape, n_bins))


def _stacked(values: np.ndarray) -> np.ndarray:
    """``(presentation x time_bin, unit)``, all bins of a presentation together."""
    return np.ascontiguousarray(values.transpose(0, 2, 1)).reshape(-1, values.shape[1])


def _unstacked(values: np.ndarray, n_bins: int) -> np.ndarray:
    """``(presentation, unit, time_bin)`` from stacked rows."""
    return values.reshape(-1, n_bins, values.shape[-1]).transpose(0, 2, 1)


def _bins_of(rows: np.ndarray, n_bins: int) -> np.ndarray:
    return (np.asarray(rows)[:, None] * n_bins + np.arange(n_bins)).ravel()
