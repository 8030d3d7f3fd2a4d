"""Every animal from all others together: what a model of the species is judged against."""

from collections.abc import Mapping

import numpy as np
from sklearn.base import BaseEstimator

from ..ceilings.halved_fits import halve, mean_over_first, usable_seeds
from ..ceilings.predictivity import NoiseCorrectedPredictivity, noise_corrected_predictivity
from ..ceilings.rdm_predictivity import correlation_rdms
from ..correlation import pearson
from .refits import halving_folds
from .targets import MISSING, Rule


def between_animals(
    animals: Mapping[str, np.ndarray], mapping: BaseEstimator | None, *, n_halves: int, seed: int, rule: Rule
) -> list[NoiseCorrectedPredictivity]:
    """Components for every animal as target and the neuroids of all others as source.

    Parameters
    ----------
    animals
        Animal to trials ``(repetition, stimulus, neuroid)``.
    mapping
        Fitted on every half of the stimuli; None compares RDMs instead, as `noise_corrected_rsa` does.
    n_halves, seed, rule
        As in `layer_target_rsa`.
    """
    names, missing = list(animals), MISSING[rule]
    if mapping is not None:
        folds = halving_folds(next(iter(animals.values())).shape[1])
        return [
            noise_corrected_predictivity(
                [animals[other] for other in names if other != name],
                animals[name],
                folds,
                mapping,
                n_halves=n_halves,
                seed=seed,
                missing=missing,
                average="components",
            )
            for name in names
        ]
    seeds = usable_seeds(list(animals.values()), n_halves, seed, missing)
    # (side, animal) patterns; each animal is halved once for all pairs of source and target.
    whole = [mean_over_first(trials) for trials in animals.values()]
    halves = [[halve(trials, number, missing) for number in seeds] for trials in animals.values()]
    found = []
    for target in range(len(names)):
        others = [place for place in range(len(names)) if place != target]
        r_xy = _between(np.concatenate([whole[place] for place in others], axis=1), whole[target])
        r_xx, r_yy = np.empty((2, len(seeds)))
        for number in range(len(seeds)):
            sides = [np.concatenate([halves[place][number][side] for place in others], axis=1) for side in (0, 1)]
            r_xx[number], r_yy[number] = _between(*sides), _between(*halves[target][number])
        every, xx, yy = (one.reshape(-1, 1, 1) for one in (np.full(len(seeds), r_xy), r_xx, r_yy))
        skipped = n_halves - len(seeds)
        found.append(NoiseCorrectedPredictivity(every, xx, yy, "source and target", "components", skipped, seed))
    return found


def mean_variance(animals: Mapping[str, np.ndarray]) -> float:
    """Mean squared length of the centred mean responses of all animals together, in which penalties are counted."""
    pooled = np.concatenate([mean_over_first(trials) for trials in animals.values()], axis=1)
    return float(((pooled - pooled.mean(axis=0)) ** 2).sum(axis=1).mean())


def _between(first: np.ndarray, second: np.ndarray) -> float:
    one, other = (correlation_rdms(patterns)[:, None] for patterns in (first, second))
    return float(pearson(one, other)[0])
