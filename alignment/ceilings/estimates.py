"""Ceilings: the correlation that a perfect model would reach, because the recording is noisy."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import xarray as xr

from ..correlation import weighted_pearson


@dataclass(frozen=True)
class CeilingEstimate:
    """Ceilings of the neuroids, as correlations.

    Attributes
    ----------
    values
        ``(neuroid,)``; NaN where there is none (reliability not positive, or nothing published).
    draws
        ``(boot, neuroid)`` on the score's own resamples, or None for a published constant.
    """

    values: np.ndarray
    draws: np.ndarray | None


class Ceiling(Protocol):
    """How a benchmark obtains its ceiling."""

    @property
    def kind(self) -> str:
        """``published``, ``split-half``, ..."""
        ...

    def describe(self) -> str:
        """Formula and source in one sentence."""
        ...

    def estimate(self, trials: xr.DataArray, weights: np.ndarray) -> CeilingEstimate:
        """Ceilings for responses ``(repetition, stimulus, neuroid)`` and bootstrap weights ``(boot, stimulus)``."""
        ...


@dataclass(frozen=True)
class PublishedCeiling:
    """A ceiling quoted from its source because the public data do not allow to compute it.

    Attributes
    ----------
    values
        neuroid_id to correlation.
    source
        Where the number stands, and its formula.
    """

    values: Mapping[str, float]
    source: str
    kind: str = "published"

    def describe(self) -> str:
        """Formula and source in one sentence."""
        return f"quoted, not computed: {self.source}"

    def estimate(self, trials: xr.DataArray, weights: np.ndarray) -> CeilingEstimate:
        """Quoted values in the order of the neuroids."""
        ids = trials["neuroid_id"].values.tolist()
        return CeilingEstimate(np.array([self.values.get(name, np.nan) for name in ids]), None)


@dataclass(frozen=True)
class SplitHalfCeiling:
    """Split-half reliability with Spearman-Brown, as a correlation with the noiseless response.

    For halves of h of R repetitions, r = mean over halvings of Pearson(half 1, half 2) over stimuli;
    reliability of the mean of R: rho = k r / (1 + (k - 1) r) with k = R / h; ceiling c = sqrt(rho).

    Attributes
    ----------
    max_halvings
        All distinct halvings are used if there are no more than this; otherwise as many random ones.
    seed
        Seed of random halvings.

    References
    ----------
    Spearman 1910; Brown 1910. The square root turns a reliability into the largest correlation
    that a model without noise can reach.
    """

    max_halvings: int = 100
    seed: int = 0
    kind: str = "split-half"

    def describe(self) -> str:
        """Formula and source in one sentence."""
        return "sqrt of split-half reliability over repetitions, Spearman-Brown corrected to all repetitions"

    def estimate(self, trials: xr.DataArray, weights: np.ndarray) -> CeilingEstimate:
        """Ceilings from the repetitions; NaN where the reliability is not positive."""
        values = trials.values
        n_repetitions = len(values)
        if n_repetitions < 2:
            raise ValueError(f"a split-half ceiling needs at least 2 repetitions, received {n_repetitions}.")
        half = n_repetitions // 2
        everything = np.ones((1, values.shape[1]))
        stacked = np.concatenate([everything, weights])
        halvings = self._halvings(n_repetitions, half)
        total = np.zeros((len(stacked), values.shape[2]))
        for first, second in halvings:
            total += weighted_pearson(values[list(first)].mean(axis=0), values[list(second)].mean(axis=0), stacked)
        r = total / len(halvings)
        factor = n_repetitions / half
        with np.errstate(invalid="ignore", divide="ignore"):
            reliability = factor * r / (1 + (factor - 1) * r)
            ceiling = np.sqrt(np.where(reliability > 0, reliability, np.nan))
        return CeilingEstimate(ceiling[0], ceiling[1:])

    def _halvings(self, n: int, half: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        # With an even number each halving appears once: repetition 0 stays in the first half.
        count = math.comb(n, half) * math.comb(n - half, half) // 2
        if count <= self.max_halvings:
            found = []
            for first in itertools.combinations(range(n), half):
                rest = [item for item in range(n) if item not in first]
                found += [(first, second) for second in itertools.combinations(rest, half) if first < second]
            return found
        rng = np.random.default_rng(self.seed)
        orders = [rng.permutation(n) for _ in range(self.max_halvings)]
        return [(tuple(order[:half]), tuple(order[half : 2 * half])) for order in orders]
