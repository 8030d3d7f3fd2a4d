"""Halves of the trials of a recording over time whose neurons were not recorded together, and ceilings from them.

Every neuron has trials of its own, so each halves its own; the time bins of a trial stay together.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from .between_sequences import between_cosine, without_mean_of_others
from .ceilings import CeilingEstimate
from .ceilings.split_half import root_of_reliability, spearman_brown
from .metrics import Similarity
from .over_time import moments_of
from .relation_ceiling import BandEstimate
from .result import nan_mean


def halved_means(trials: xr.DataArray, n_halvings: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Means of two random halves of the trials, each ``(stimulus, neuroid)``.

    Parameters
    ----------
    trials
        ``(repetition, stimulus, neuroid)`` of an unfolded recording, see `alignment.over_time.unfold`; NaN where a neuroid has
        no such trial.
    n_halvings
        Random halvings.
    seed
        Of the halvings.

    Raises
    ------
    ValueError
        If a neuroid has fewer than two trials of a sequence.
    """
    sequence, _ = moments_of(trials["stimulus_id"].values)
    n_sequences = len(np.unique(sequence))
    cube = trials.values.reshape(len(trials), n_sequences, -1, trials.sizes["neuroid"])
    there = np.isfinite(cube[:, :, 0])  # (repetition, sequence, neuroid)
    count = there.sum(axis=0)
    if count.min() < 2:
        raise ValueError(f"a neuroid has {count.min()} trial(s) of a sequence; two halves need at least 2.")
    filled = np.nan_to_num(cube)
    rng = np.random.default_rng(seed)
    for _ in range(n_halvings):
        order = np.where(there, rng.random(there.shape), np.inf).argsort(axis=0).argsort(axis=0)
        halves = []
        for chosen in (order < count // 2, (order >= count // 2) & (order < 2 * (count // 2))):
            mean = np.einsum("rsbn,rsn->sbn", filled, chosen.astype(float)) / (count // 2)[:, None]
            halves.append(mean.reshape(trials.shape[1:]))
        yield halves[0], halves[1]


@dataclass(frozen=True)
class RelationHalves:
    """Similarity of the population in one half of its trials to itself in the other, for RSA over directions and time.

    The lower bound is that similarity; the upper one is the root of its Spearman-Brown value for all trials.

    Attributes
    ----------
    n_halvings
        Random halvings.
    seed
        Of the halvings.
    """

    n_halvings: int = 10
    seed: int = 0
    kind: str = "trial halves"

    def describe(self) -> str:
        """Formula and source in one sentence."""
        return (
            f"similarity between the relations of two halves of the trials, mean over {self.n_halvings} halvings (lower "
            "bound), and sqrt of its Spearman-Brown value for all trials (upper bound)"
        )

    def estimate_trials(
        self, trials: xr.DataArray, subject: np.ndarray, metric: Similarity, weights: np.ndarray
    ) -> BandEstimate:
        """Both bounds per subject; the draws are those of the lower one in the first halving."""
        names = np.unique(subject)
        each: list[list[float]] = [[] for _ in names]
        draws: list[np.ndarray] = []
        for number, halves in enumerate(halved_means(trials, self.n_halvings, self.seed)):
            for place, name in enumerate(names):
                one, other = (metric.relate(half[:, subject == name]) for half in halves)
                each[place].append(metric.compare(one, other))
                if number == 0:
                    draws.append(metric.draws(one, other, weights))
        lower = np.mean(each, axis=1)
        return BandEstimate(lower, np.stack(draws, axis=1), root_of_reliability(spearman_brown(lower)))


@dataclass(frozen=True)
class BetweenHalves:
    """Reliability of what tells sequences apart: the score's own formula between halves of the trials.

    c = sqrt(rho), rho the Spearman-Brown value of the mean over halvings.

    Attributes
    ----------
    n_halvings
        Random halvings.
    seed
        Of the halvings.
    """

    n_halvings: int = 20
    seed: int = 0
    kind: str = "trial halves"

    def describe(self) -> str:
        """Formula and source in one sentence."""
        return (
            f"sqrt of the Spearman-Brown value of the raw score between two halves of a neuroid's trials, mean over "
            f"{self.n_halvings} halvings"
        )

    def estimate(self, trials: xr.DataArray, weights: np.ndarray) -> CeilingEstimate:
        """Ceilings of the neuroids; NaN where the reliability is not positive."""
        sequence, moment = moments_of(trials["stimulus_id"].values)
        rows = [np.flatnonzero(sequence == name) for name in np.unique(sequence)]
        every = np.concatenate([np.ones((1, weights.shape[1])), weights])
        found: list[np.ndarray] = []
        for halves in halved_means(trials, self.n_halvings, self.seed):
            one, other = (without_mean_of_others(half, sequence, moment) for half in halves)
            each = np.stack([between_cosine(one[at], other[at]) for at in rows])
            weight = every[:, [at[0] for at in rows]]
            found.append(weight @ each / weight.sum(axis=1, keepdims=True))
        rho = spearman_brown(nan_mean(np.stack(found), axis=0))
        ceiling = root_of_reliability(rho)
        return CeilingEstimate(ceiling[0], ceiling[1:])
