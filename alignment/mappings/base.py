"""What every mapping from features to neuroids is: a scikit-learn regressor that can also be run over given folds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin, clone
from sklearn.utils.validation import check_is_fitted

from ..folds import Fold, inner_folds


@dataclass(frozen=True)
class CrossPrediction:
    """What a mapping predicted for the test rows of every fold.

    Attributes
    ----------
    predictions
        Per fold ``(n_test, neuroid)``.
    inner_r2
        ``(split, neuroid)`` share of variance explained over inner folds of the training rows: what a choice
        between layers may look at. NaN where it was not asked for.
    chosen
        Hyper-parameters chosen per fold and neuroid, name to ``(split, neuroid)``; ``alpha`` and ``at_edge`` for ridge.
    """

    predictions: list[np.ndarray]
    inner_r2: np.ndarray
    chosen: dict[str, np.ndarray] = field(default_factory=dict)


class Mapping(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Base of the mappings: input checks, one or many neuroids, predictions over folds.

    A subclass implements ``_fit(x, y, groups)`` and ``_predict(x)`` on two-dimensional float arrays, and may replace
    `cross_predict` where work can be shared over folds.
    """

    def fit(self, X: np.ndarray, y: np.ndarray, groups: np.ndarray | None = None) -> Self:
        """Fit the mapping.

        Parameters
        ----------
        X
            ``(presentation, feature)``, finite.
        y
            ``(presentation, neuroid)`` or ``(presentation,)``, finite.
        groups
            ``(presentation,)`` labels that inner folds keep together, or None.
        """
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None: give the responses "
                "(presentation, neuroid) as y."
            )
        x, responses = self._checked(X, y)
        self._one_neuroid = responses.ndim == 1
        self._fit(x, responses.reshape(len(x), -1), None if groups is None else np.asarray(groups))
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predicted responses ``(presentation, neuroid)``, or ``(presentation,)`` if fitted to one such."""
        check_is_fitted(self, "n_features_in_")
        predicted = self._predict(self._checked(X))
        return predicted[:, 0] if self._one_neuroid else predicted

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
        predictions, quality = [], []
        for number, fold in enumerate(folds):
            x, y = features[fold.train], responses[fold.train]
            inside = None if groups is None else groups[fold.train]
            predictions.append(clone(self).fit(x, y, groups=inside).predict(features[fold.test]))
            quality.append(
                self._inner_r2(x, y, inside, n_inner, number) if inner else np.full(responses.shape[1], np.nan)
            )
        return CrossPrediction(predictions, np.stack(quality))

    def describe(self) -> str:
        """The mapping in words, for protocols."""
        return f"{type(self).__name__} regression"

    def _inner_r2(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None, n_inner: int, seed: int) -> np.ndarray:
        error, total = np.zeros(y.shape[1]), np.zeros(y.shape[1])
        for fold in inner_folds(np.arange(len(x)), groups, n_inner, seed):
            inside = None if groups is None else groups[fold.train]
            predicted = clone(self).fit(x[fold.train], y[fold.train], groups=inside).predict(x[fold.test])
            error += ((y[fold.test] - predicted) ** 2).sum(axis=0)
            total += ((y[fold.test] - y[fold.train].mean(axis=0)) ** 2).sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return 1 - error / total

    def _fit(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> None:
        raise NotImplementedError

    def _predict(self, x: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _checked(self, X: Any, y: Any = None) -> Any:
        """Finite float arrays, and the number and names of features remembered or compared."""
        options: dict[str, Any] = {"dtype": [np.float64, np.float32]}
        if y is None:
            options["reset"] = False
            return _validate(self, X, **options)
        return _validate(self, X, y, multi_output=True, y_numeric=True, ensure_min_samples=2, **options)


def _validate(estimator: BaseEstimator, *arrays: Any, **options: Any) -> Any:
    try:
        from sklearn.utils.validation import validate_data
    except ImportError:  # before scikit-learn 1.6 this was a method
        return estimator._validate_data(*arrays, **options)
    return validate_data(estimator, *arrays, **options)
