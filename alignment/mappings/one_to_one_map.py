"""One source unit for every target unit: the strictest comparison of single-unit tuning.

For target unit u and source unit i, with Pearson r over training presentations::

    best:       match(u) = argmax_i r(x_i, y_u)
    hungarian:  match    = argmax over matches that use no source unit twice of sum_u r(x_match(u), y_u)
    prediction for u     = activity of match(u)
"""

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.base import clone

from ..correlation import ROUNDING
from .base import Mapping

if TYPE_CHECKING:
    from sklearn.utils import Tags

MAX_BLOCK = 1 << 25  # correlations held at once while the best are sought: 256 MB


class OneToOne(Mapping):
    """One-to-one mapping: each neuroid is predicted by the activity of one source unit.

    Parameters
    ----------
    assignment
        "best" gives each neuroid the unit with which it correlates most over the training presentations; units may
        serve many neuroids. "hungarian" uses every unit at most once and maximises the sum of the correlations.
    signed
        True, as in Brain-Score, matches by r. False matches by its magnitude and predicts minus the activity where r is
        negative.
    scaled
        True predicts in units of the neuroid: slope r sd(y) / sd(x) and intercept of the training presentations. False,
        as in Brain-Score, copies the activity; correlations of predictions are the same, explained variances are not.

    Attributes
    ----------
    match_ : numpy.ndarray
        ``(neuroid,)`` number of the source unit; -1 for a neuroid that is constant in training.
    correlation_ : numpy.ndarray
        ``(neuroid,)`` training r with it, NaN for a constant neuroid.

    Notes
    -----
    Of equal correlations the first unit wins ("best"). Source units that are constant in training are never matched.
    A neuroid that is constant in training has no match and its mean is predicted. The quality over inner folds is
    always that of ``scaled=True``, because a copied activity has units of its own.

    References
    ----------
    "neuron_to_neuron" of Brain-Score (Schrimpf et al. 2018, bioRxiv 407007) and the 100th percentile map of Nayebi et
    al. (2023), PLoS Comput. Biol. 19:e1011506, are "best". Hungarian: Kuhn (1955), Nav. Res. Logist. 2:83; Crouse
    (2016), IEEE Trans. Aerosp. Electron. Syst. 52:1679. Both for networks: Li et al. (2015), arXiv:1511.07543, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from alignment.mappings import OneToOne
    >>> x = np.random.default_rng(0).standard_normal((50, 4))
    >>> OneToOne().fit(x, 2 * x[:, [3, 1]] + 5).match_.tolist()
    [3, 1]
    """

    def __init__(
        self,
        assignment: Literal["best", "hungarian"] = "best",
        *,
        signed: bool = True,
        scaled: bool = False,
    ) -> None:
        self.assignment = assignment
        self.signed = signed
        self.scaled = scaled

    def describe(self) -> str:
        """The mapping in words, for protocols."""
        how = {
            "best": "the source unit of largest training correlation",
            "hungarian": "a source unit of its own, of largest summed training correlation (Hungarian assignment)",
        }[self.assignment]
        measure = "" if self.signed else ", in magnitude"
        return f"one-to-one: each neuroid is predicted by {how}{measure}"

    def __sklearn_tags__(self) -> "Tags":
        """Tags of scikit-learn: a copied activity need not be near the target."""
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags

    def _more_tags(self) -> dict[str, bool]:  # scikit-learn before 1.6
        return {"poor_score": True}

    def _inner_r2(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None, n_inner: int, seed: int) -> np.ndarray:
        return Mapping._inner_r2(clone(self).set_params(scaled=True), x, y, groups, n_inner, seed)

    def _fit(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> None:
        if self.assignment not in ("best", "hungarian"):
            raise ValueError(f"assignment is {self.assignment!r}; accepted are 'best' and 'hungarian'. Choose one.")
        x, y = x.astype(np.float64, copy=False), y.astype(np.float64, copy=False)
        usable, known = np.flatnonzero(varies(x)), np.flatnonzero(varies(y))
        if len(usable) == 0 and len(known) > 0:
            raise ValueError(
                f"all {x.shape[1]} source units are constant over the {len(x)} training presentations; at least one that "
                "varies is needed to match. Give other features or more presentations."
            )
        targets = unit_columns(y[:, known])
        self.match_ = np.full(y.shape[1], -1)
        self.correlation_ = np.full(y.shape[1], np.nan)
        choose = self._best if self.assignment == "best" else self._assigned
        self.match_[known], self.correlation_[known] = choose(x, usable, targets)
        self._slope, self._intercept = np.zeros(y.shape[1]), y.mean(axis=0)
        matched = x[:, self.match_[known]]
        if self.scaled:
            self._slope[known] = self.correlation_[known] * y[:, known].std(axis=0) / matched.std(axis=0)
            self._intercept[known] -= self._slope[known] * matched.mean(axis=0)
        else:
            self._slope[known] = 1.0 if self.signed else np.where(self.correlation_[known] < 0, -1.0, 1.0)
            self._intercept[known] = 0.0

    def _predict(self, x: np.ndarray) -> np.ndarray:
        return x[:, self.match_] * self._slope + self._intercept

    def _best(self, x: np.ndarray, usable: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        best, columns = np.full(targets.shape[1], -np.inf), np.arange(targets.shape[1])
        match, correlation = np.zeros((2, targets.shape[1]))
        block = max(1, MAX_BLOCK // max(1, len(x), targets.shape[1]))
        for start in range(0, len(usable), block):
            units = usable[start : start + block]
            r = unit_columns(x[:, units]).T @ targets
            merit = r if self.signed else np.abs(r)
            top = merit.argmax(axis=0)
            better = merit[top, columns] > best
            best = np.where(better, merit[top, columns], best)
            match = np.where(better, units[top], match)
            correlation = np.where(better, r[top, columns], correlation)
        return match.astype(int), correlation

    def _assigned(self, x: np.ndarray, usable: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if len(usable) < targets.shape[1]:
            raise ValueError(
                f"assignment='hungarian' gives each of {targets.shape[1]} neuroids a source unit of its own, but "
                f"n_features={x.shape[1]} and {len(usable)} of them vary in training; at least as many as neuroids are "
                "needed. Use assignment='best', more features or fewer neuroids."
            )
        r = targets.T @ unit_columns(x[:, usable])
        _, units = linear_sum_assignment(r if self.signed else np.abs(r), maximize=True)
        return usable[units], r[np.arange(len(r)), units]


def varies(values: np.ndarray) -> np.ndarray:
    """Columns of ``(presentation, unit)`` whose spread is more than rounding, as booleans ``(unit,)``."""
    return values.std(axis=0) > ROUNDING * np.abs(values).max(axis=0)


def unit_columns(values: np.ndarray) -> np.ndarray:
    """Centred columns ``(presentation, unit)`` of unit length, whose inner products are correlations."""
    centred = values - values.mean(axis=0)
    return centred / np.linalg.norm(centred, axis=0)
