"""What tells sequences apart: what is particular to a sequence that was left out, predicted from the others.

In a fold that leaves out sequence d, with m(t) the mean over the training sequences at moment t, taken away from responses and
features alike, in training and test rows::

    e(t) = y(t) - m_y(t)                   what is particular to the sequence in the responses
    p(t) = B (x(t) - m_x(t))               the same, predicted from the model's features
    score = sum_t e p / sqrt(sum_t e^2  sum_t p^2)

B is fitted to the training rows. Features that know the time alone give p = 0, which scores 0. For sequences that are
exchangeable the expected product of e with any prediction that is made of training rows without their m is 0, so that
nothing is gained or lost by the leaving out itself.
"""

import numpy as np

from .crossvalidation import CrossValidation
from .folds import Fold
from .mappings import CrossPrediction, Mapping

WORDS = (
    "Raw score: the mean of the training sequences at the same moment is taken away from responses and features, in "
    "training and test rows, before the fit; cosine of responses and prediction over the moments of the left-out "
    "sequence, per neuroid and fold (0 where nothing is predicted), mean over folds, median over neuroids of a subject, "
    "mean over subjects."
)
# What is left or predicted of a column below this share of its size is rounding.
ROUNDING = 1e-9


class BetweenSequences(CrossValidation):
    """Cross-validation whose score is what tells sequences apart; ``moment`` must be set before it measures.

    Attributes
    ----------
    moment
        ``(stimulus,)`` number of the moment of each row.
    """

    moment: np.ndarray

    def predicted(
        self, mapping: Mapping, features: np.ndarray, targets: np.ndarray, *, choose: bool = False
    ) -> CrossPrediction:
        """What is particular to the test rows of every fold."""
        each = [
            mapping.cross_predict(
                self._particular(fold, features), self._particular(fold, targets), [fold], self.groups, inner=choose
            )
            for fold in self.folds
        ]
        size = np.abs(targets).max(axis=0)
        predictions = [np.where(np.abs(one.predictions[0]) > ROUNDING * size, one.predictions[0], 0.0) for one in each]
        chosen = {name: np.concatenate([one.chosen[name] for one in each]) for name in each[0].chosen}
        return CrossPrediction(predictions, np.concatenate([one.inner_r2 for one in each]), chosen)

    def correlations(self, fold: Fold, predicted: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Cosine ``(column,)`` of what is particular to a fold and its prediction."""
        return between_cosine(predicted, self._particular(fold, targets)[fold.test])

    def weighted_correlations(
        self, fold: Fold, predicted: np.ndarray, targets: np.ndarray, weights: np.ndarray
    ) -> np.ndarray:
        """The same for many weightings of the rows, ``(draw, column)``; NaN where a fold has no weight."""
        left, inside = self._particular(fold, targets)[fold.test], weights[:, fold.test]
        with np.errstate(invalid="ignore", divide="ignore"):
            norm = np.sqrt((inside @ predicted**2) * (inside @ left**2))
            r = np.where(norm > 0, inside @ (predicted * left) / norm, 0.0)
        return np.where(inside.sum(axis=1, keepdims=True) > 0, r, np.nan)

    def _particular(self, fold: Fold, values: np.ndarray) -> np.ndarray:
        left = values - means_of_moments(values[fold.train], self.moment[fold.train], self.moment)
        return np.where(np.abs(left) > ROUNDING * np.abs(values).max(axis=0), left, 0.0)


def means_of_moments(values: np.ndarray, moment: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Mean over rows ``(row, column)`` of the same moment, for the wanted moments."""
    known, codes = np.unique(moment, return_inverse=True)
    member = np.zeros((len(known), len(values)))
    member[codes, np.arange(len(values))] = 1
    means = member @ values / member.sum(axis=1, keepdims=True)
    at = np.searchsorted(known, wanted)
    if (known[np.minimum(at, len(known) - 1)] != wanted).any():
        raise ValueError("a moment of the left-out sequence is in no training sequence; leave out whole sequences.")
    return np.asarray(means[at])


def without_mean_of_others(values: np.ndarray, sequence: np.ndarray, moment: np.ndarray) -> np.ndarray:
    """Rows without the mean of the other sequences at the same moment, ``(row, column)``."""
    n = len(np.unique(sequence))
    return (values - means_of_moments(values, moment, moment)) * n / (n - 1)


def between_cosine(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Cosine ``(column,)`` over rows; 0 where a side is zero."""
    with np.errstate(invalid="ignore", divide="ignore"):
        norm = np.sqrt((first**2).sum(axis=0) * (second**2).sum(axis=0))
        return np.where(norm > 0, (first * second).sum(axis=0) / norm, 0.0)
