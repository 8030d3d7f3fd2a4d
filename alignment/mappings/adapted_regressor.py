"""Any scikit-learn regressor as a mapping, so that what is built on mappings takes one too."""

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import has_fit_parameter

from .base import Mapping


class AdaptedRegressor(Mapping):
    """A scikit-learn regressor with the methods of a mapping.

    Parameters
    ----------
    estimator
        Regressor with ``fit`` and ``predict``. Inner folds of its own do not know of groups unless its ``fit`` takes them.

    Attributes
    ----------
    estimator_
        The fitted regressor.
    """

    _required_parameters = ["estimator"]  # how scikit-learn before 1.6 is told what its checks must give

    def __init__(self, estimator: BaseEstimator) -> None:
        self.estimator = estimator

    def describe(self) -> str:
        """The mapping in words, for protocols."""
        return f"scikit-learn regressor {self.estimator!r}"

    def _fit(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> None:
        takes_groups = groups is not None and has_fit_parameter(self.estimator, "groups")
        self.estimator_ = clone(self.estimator).fit(x, y, **({"groups": groups} if takes_groups else {}))

    def _predict(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(self.estimator_.predict(x)).reshape(len(x), -1)


def as_mapping(estimator: BaseEstimator) -> Mapping:
    """The estimator itself if it is a mapping, or else adapted.

    Raises
    ------
    ValueError
        If it is no estimator, such as a class that was not called.
    """
    if isinstance(estimator, type) or not (hasattr(estimator, "fit") and hasattr(estimator, "predict")):
        raise ValueError(
            f"mapping must be an estimator with fit and predict, received {estimator!r}; give an object such as "
            "NeuroidRidge()."
        )
    return estimator if isinstance(estimator, Mapping) else AdaptedRegressor(estimator)
