"""Layer-by-target matrix of cross-validated ridge predictions; refitted in every permutation, in the dual."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import numpy.typing as npt
import xarray as xr

from ..ceilings.halved_fits import Missing, halve, mean_over_first, usable_seeds
from ..ceilings.predictivity import NoiseCorrectedPredictivity
from ..ceilings.released_scores import LEAST_RELIABILITY, released_score
from ..correlation import ROUNDING
from ..folds import Fold
from .matrix import LayerTargetMatrix
from .targets import MISSING, Rule, checked_layers, checked_rule, checked_targets, stimulus_orders

# Orders of the stimuli whose predictions are held at once.
BLOCK = 48


def layer_target_ridge(
    layers: Mapping[str, npt.ArrayLike],
    animals: Mapping[str, npt.ArrayLike | xr.DataArray],
    *,
    alpha: float = 1.0,
    rule: Rule = "components",
    pooled: bool = True,
    n_halves: int = 20,
    seed: int = 1234,
    n_permutations: int = 1000,
) -> LayerTargetMatrix:
    r"""Ridge predictivity of every animal by every layer, corrected for the noise of the animal and of the fit.

    Folds are all choices of half of the stimuli for training: 20 of 6. A score is the median over neuroids of
    r_xy / sqrt(SB(r_xx) SB(r_yy)) with the components of `noise_corrected_predictivity`, on their means over halvings and folds
    (``components``) or as the mean of the ratios with r_xx and r_yy of at least 0.5 (``released``).

    A prediction is H y with H = 1 1'/n + K_test,train C (C K_train C + alpha I)^-1 C for features centred on the training
    rows, C the centring matrix and n training stimuli; each permutation refits it.

    Parameters
    ----------
    layers, animals, pooled, n_halves, seed, n_permutations
        As in `layer_target_rsa`.
    alpha
        Penalty on the squared weights of the unscaled features; the intercept is free.
    rule
        See above; ``"released"`` only for comparison with published numbers.

    Raises
    ------
    ValueError
        For an alpha that is not positive, fewer than 6 stimuli, and as `layer_target_rsa`.

    References
    ----------
    Chung et al. 2025, arXiv:2505.18361; Saunders et al. 1998, ICML (ridge in the dual).
    """
    checked_rule(rule)
    if not alpha > 0:
        raise ValueError(f"alpha must be positive, received {alpha}.")
    missing = MISSING[rule]
    targets = checked_targets(animals, missing, pooled=pooled)
    n_stimuli = next(iter(targets.values())).shape[1]
    if n_stimuli < 6:
        raise ValueError(
            f"animals have {n_stimuli} stimuli; half of them train and half test, each at least 3: give 6."
        )
    features = checked_layers(layers, n_stimuli)
    orders, exact = stimulus_orders(n_stimuli, n_permutations, seed)
    observed = np.arange(n_stimuli)[None]
    folds = halving_folds(n_stimuli)
    values = np.empty((len(features), len(targets)))
    null = np.empty((len(orders), *values.shape))
    for column, trials in enumerate(targets.values()):
        responses = _Responses(trials, usable_seeds([trials], n_halves, seed, missing), missing, folds)
        for row, one in enumerate(features.values()):
            values[row, column] = responses.scores(one, observed, alpha, rule)[0]
            for start in range(0, len(orders), BLOCK):
                block = slice(start, start + BLOCK)
                null[block, row, column] = responses.scores(one, orders[block], alpha, rule)
    how = "mean components" if rule == "components" else f"ratios with r_xx, r_yy >= {LEAST_RELIABILITY}, as released"
    words = f"Score: ridge (alpha {alpha:g}) on {len(folds)} halves of the stimuli, noise-corrected from {how}."
    return LayerTargetMatrix(tuple(features), tuple(targets), values, null, exact, words)


def halving_folds(n_stimuli: int) -> list[Fold]:
    """Every choice of half of the stimuli for training, the others for test."""
    every = np.arange(n_stimuli)
    choices = (np.array(chosen) for chosen in combinations(range(n_stimuli), n_stimuli // 2))
    return [Fold(train, np.setdiff1d(every, train)) for train in choices]


class _Responses:
    """Means of one target over all repetitions and over halves, by fold, and their correlations with predictions."""

    def __init__(self, trials: np.ndarray, seeds: list[int], missing: Missing, folds: list[Fold]) -> None:
        self.train, self.test = (np.stack([getattr(fold, side) for fold in folds]) for side in ("train", "test"))
        self.whole = mean_over_first(trials)
        self.halves = [halve(trials, seed, missing) for seed in seeds]
        self.r_yy = np.stack([_correlation(*(half[self.test] for half in pair)) for pair in self.halves])
        self.seed = seeds[0]

    def scores(self, features: np.ndarray, orders: np.ndarray, alpha: float, rule: Rule) -> np.ndarray:
        """``(order,)`` score of the features with their rows in each order."""
        smoother = _smoothers(features, orders, self.train, self.test, alpha)
        r_xy = _correlation(smoother @ self.whole[self.train], self.whole[self.test])
        r_xx = np.stack([_correlation(*(smoother @ half[self.train] for half in pair)) for pair in self.halves])
        return np.array([self._score(r_xy[place], r_xx[:, place], rule) for place in range(len(orders))])

    def _score(self, r_xy: np.ndarray, r_xx: np.ndarray, rule: Rule) -> float:
        found = NoiseCorrectedPredictivity(
            np.broadcast_to(r_xy, r_xx.shape), r_xx, self.r_yy, "source and target", "components", 0, self.seed
        )
        return released_score(found) if rule == "released" else found.value


def _smoothers(
    features: np.ndarray, orders: np.ndarray, train: np.ndarray, test: np.ndarray, alpha: float
) -> np.ndarray:
    """H of every order and fold without its constant part, ``(order, fold, test, train)``."""
    centred = features - features.mean(axis=0)
    gram = centred @ centred.T
    fitted, asked = orders[:, train], orders[:, test]
    inner = gram[fitted[..., :, None], fitted[..., None, :]]
    cross = gram[asked[..., :, None], fitted[..., None, :]] - inner.mean(axis=-2, keepdims=True)
    n_train = train.shape[1]
    centring = np.eye(n_train) - 1 / n_train
    inner = centring @ inner @ centring
    return np.asarray(cross @ centring @ np.linalg.solve(inner + alpha * np.eye(n_train), centring))


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
