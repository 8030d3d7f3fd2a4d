"""Ceilings: the correlation that a perfect model would reach, because the recording is noisy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import xarray as xr


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
