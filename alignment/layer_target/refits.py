"""Matrix of a mapping that is fitted anew for every layer, target, half of the repetitions and order of the stimuli.

Folds are all choices of half of the stimuli: 20 of 6. A permuted model shows its stimuli in another order, so that a fold
trains on n_train of them in some order and is asked for the rest. Reliabilities of predictions do not depend on the order of
the rest, and 720 orders of 6 stimuli have only 120 different beginnings: each is fitted once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

import numpy as np
import numpy.typing as npt
import xarray as xr

from ..ceilings.halved_fits import Missing, halve, mean_over_first, usable_seeds
from ..ceilings.predictivity import NoiseCorrectedPredictivity
from ..ceilings.released_scores import LEAST_RELIABILITY, released_score
from ..ceilings.split_half import root_of_reliability, spearman_brown
from ..correlation import ROUNDING
from ..folds import Fold
from .matrix import LayerTargetMatrix
from .targets import MISSING, Rule, checked_layers, checked_rule, checked_targets, stimulus_orders


@dataclass(frozen=True, eq=False)
class FoldPlan:
    """What one fold asks of a model under every order of its stimuli.

    Attributes
    ----------
    fold
        Training and test places of the target.
    shown
        ``(beginning, n_train)`` stimuli of the model at the training places, each different row once.
    asked
        ``(beginning, n_test)`` the other stimuli, sorted.
    beginning
        ``(order,)`` row of ``shown`` that an order has.
    position
        ``(order, n_test)`` where in that row of ``asked`` the stimulus at each test place stands.
    """

    fold: Fold
    shown: np.ndarray
    asked: np.ndarray
    beginning: np.ndarray
    position: np.ndarray


# Training responses (n_train, neuroid) of a fold to predictions (beginning, n_test, neuroid), up to a constant per neuroid.
Predictor = Callable[[FoldPlan, np.ndarray], np.ndarray]


class Refit(Protocol):
    """A mapping in the form that the matrix needs."""

    def describe(self) -> str:
        """In a few words."""
        ...

    def prepare(self, features: np.ndarray) -> Predictor:
        """What predicts from these features ``(stimulus, feature)``."""
        ...


def refitted_matrix(
    layers: Mapping[str, npt.ArrayLike],
    animals: Mapping[str, npt.ArrayLike | xr.DataArray],
    refit: Refit,
    *,
    rule: Rule,
    pooled: bool,
    n_halves: int,
    seed: int,
    n_permutations: int,
) -> LayerTargetMatrix:
    """Noise-corrected predictivity of every animal by every layer; parameters as in `layer_target_ridge`."""
    checked_rule(rule)
    missing = MISSING[rule]
    targets = checked_targets(animals, missing, pooled=pooled)
    n_stimuli = next(iter(targets.values())).shape[1]
    if n_stimuli < 6:
        raise ValueError(
            f"animals have {n_stimuli} stimuli; half of them train and half test, each at least 3: give 6."
        )
    features = checked_layers(layers, n_stimuli)
    orders, exact = stimulus_orders(n_stimuli, n_permutations, seed)
    plans = fold_plans(n_stimuli, np.concatenate([np.arange(n_stimuli)[None], orders]))
    found = np.empty((2, len(orders) + 1, len(features), len(targets)))
    ceiling = np.empty(len(targets))
    predictors = [refit.prepare(one) for one in features.values()]
    for column, trials in enumerate(targets.values()):
        target = _Target(trials, usable_seeds([trials], n_halves, seed, missing), missing, plans)
        ceiling[column] = target.ceiling
        for row, predictor in enumerate(predictors):
            found[:, :, row, column] = target.scores(predictor, rule)
    how = "mean components" if rule == "components" else f"ratios with r_xx, r_yy >= {LEAST_RELIABILITY}, as released"
    words = f"Score: {refit.describe()} on {len(plans)} halves of the stimuli, noise-corrected from {how}."
    (raw, *raw_null), (values, *null) = found
    return LayerTargetMatrix(
        tuple(features),
        tuple(targets),
        values,
        np.array(null),
        exact,
        words,
        raw=raw,
        raw_null=np.array(raw_null),
        ceiling=ceiling,
    )


def halving_folds(n_stimuli: int) -> list[Fold]:
    """Every choice of half of the stimuli for training, the others for test."""
    every = np.arange(n_stimuli)
    choices = (np.array(chosen) for chosen in combinations(range(n_stimuli), n_stimuli // 2))
    return [Fold(train, np.setdiff1d(every, train)) for train in choices]


def fold_plans(n_stimuli: int, orders: np.ndarray) -> list[FoldPlan]:
    """Plan of every fold for the orders ``(order, stimulus)``."""
    plans = []
    for fold in halving_folds(n_stimuli):
        shown, beginning = np.unique(orders[:, fold.train], axis=0, return_inverse=True)
        beginning = beginning.reshape(-1)
        rest = np.ones((len(shown), n_stimuli), dtype=bool)
        np.put_along_axis(rest, shown, False, axis=1)
        asked = np.nonzero(rest)[1].reshape(len(shown), -1)
        position = (orders[:, fold.test, None] == asked[beginning][:, None]).argmax(axis=2)
        plans.append(FoldPlan(fold, shown, asked, beginning, position))
    return plans


class _Target:
    """Means of one target over all repetitions and over halves, and their correlations with predictions."""

    def __init__(self, trials: np.ndarray, seeds: list[int], missing: Missing, plans: list[FoldPlan]) -> None:
        self.plans, self.seed = plans, seeds[0]
        self.whole = mean_over_first(trials)
        self.halves = [halve(trials, seed, missing) for seed in seeds]
        tests = [plan.fold.test for plan in plans]
        # (half, fold, neuroid)
        self.r_yy = np.array([[_correlation(one[test], other[test]) for test in tests] for one, other in self.halves])
        self.ceiling = _median(root_of_reliability(spearman_brown(mean_over_first(self.r_yy.reshape(-1, self.width)))))

    @property
    def width(self) -> int:
        """Neuroids."""
        return self.whole.shape[1]

    def scores(self, predictor: Predictor, rule: Rule) -> tuple[np.ndarray, np.ndarray]:
        """``(order,)`` r before the correction, and the score; medians over neuroids."""
        collect = self._ratios if rule == "released" else self._components
        return collect(predictor)

    def _components(self, predictor: Predictor) -> tuple[np.ndarray, np.ndarray]:
        n_orders = len(self.plans[0].beginning)
        sums, counts = np.zeros((2, 2, n_orders, self.width))  # of r_xy and r_xx over folds and halves
        for plan in self.plans:
            r_xy = self._with_truth(predictor, plan)
            r_xx = np.stack(list(self._between_halves(predictor, plan)))
            once = (np.nansum(r_xx, axis=0)[plan.beginning], np.isfinite(r_xx).sum(axis=0)[plan.beginning])
            for place, (total, count) in enumerate(((np.nan_to_num(r_xy), np.isfinite(r_xy)), once)):
                sums[place] += total
                counts[place] += count
        with np.errstate(invalid="ignore", divide="ignore"):
            r_xy, r_xx = sums / np.where(counts > 0, counts, np.nan)
        r_yy = mean_over_first(self.r_yy.reshape(-1, self.width))
        return _median(r_xy), _median(r_xy / (root_of_reliability(spearman_brown(r_xx)) * _root(r_yy)))

    def _ratios(self, predictor: Predictor) -> tuple[np.ndarray, np.ndarray]:
        r_xy = np.stack([self._with_truth(predictor, plan) for plan in self.plans], axis=1)
        r_xx = [np.stack(list(self._between_halves(predictor, plan))) for plan in self.plans]
        values = np.empty(len(r_xy))
        for order, one in enumerate(r_xy):
            mine = np.stack([r[:, plan.beginning[order]] for r, plan in zip(r_xx, self.plans, strict=True)], axis=1)
            found = NoiseCorrectedPredictivity(
                np.broadcast_to(one, mine.shape), mine, self.r_yy, "source and target", "components", 0, self.seed
            )
            values[order] = released_score(found)
        return _median(np.stack([mean_over_first(one) for one in r_xy])), values

    def _with_truth(self, predictor: Predictor, plan: FoldPlan) -> np.ndarray:
        """r_xy ``(order, neuroid)`` of one fold."""
        made, flat = _centred(predictor(plan, self.whole[plan.fold.train]))
        truth, constant = _centred(self.whole[plan.fold.test])
        r = np.einsum("otu,tu->ou", made[plan.beginning[:, None], plan.position], truth)
        return np.where(constant, np.nan, np.where(flat[plan.beginning], 0.0, np.clip(r, -1, 1)))

    def _between_halves(self, predictor: Predictor, plan: FoldPlan) -> "list[np.ndarray]":
        """r_xx ``(beginning, neuroid)`` of one fold, for every halving."""
        train = plan.fold.train
        return [_correlation(*(predictor(plan, half[train]) for half in pair)) for pair in self.halves]


def _root(r: np.ndarray) -> np.ndarray:
    return root_of_reliability(spearman_brown(r))


def _median(values: np.ndarray) -> np.ndarray:
    """Median over the last axis of what is there; NaN where nothing is."""
    if np.isfinite(values).all():
        return np.asarray(np.median(values, axis=-1))
    empty = np.isnan(values).all(axis=-1)
    return np.where(empty, np.nan, np.nanmedian(np.where(empty[..., None], 0.0, values), axis=-1))


def _correlation(predicted: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Pearson r over the last axis but one; 0 for a constant prediction, NaN for a constant observation."""
    (p, flat_p), (o, flat_o) = _centred(predicted), _centred(observed)
    r = np.clip((p * o).sum(axis=-2), -1, 1)
    return np.where(flat_o, np.nan, np.where(flat_p, 0.0, r))


def _centred(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns of mean 0 and length 1, and which of them are constant but for rounding."""
    centred = values - values.mean(axis=-2, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=-2, keepdims=True))
    flat = length <= ROUNDING * np.abs(values).max(axis=-2, keepdims=True)
    return centred / np.where(flat, 1, length), flat[..., 0, :]
