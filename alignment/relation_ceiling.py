"""Ceilings of a similarity: how alike the subjects are to each other, from below and from above."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from .ceilings import CeilingEstimate
from .metrics import Similarity


@dataclass(frozen=True)
class BandEstimate(CeilingEstimate):
    """A ceiling between two bounds.

    Attributes
    ----------
    values, draws
        The lower bound, per subject and per resample.
    upper
        ``(subject,)`` upper bound. It includes the subject itself, so it is positive even for pure noise.
    """

    upper: np.ndarray


@runtime_checkable
class RelationCeiling(Protocol):
    """How a benchmark with a similarity obtains its ceiling."""

    @property
    def kind(self) -> str:
        """Short name."""
        ...

    def describe(self) -> str:
        """Formula and source in one sentence."""
        ...

    def estimate_relations(
        self, relations: Mapping[str, np.ndarray], metric: Similarity, weights: np.ndarray
    ) -> BandEstimate:
        """Bounds per subject from ``(stimulus, stimulus)`` relations and bootstrap weights ``(boot, stimulus)``."""
        ...


@dataclass(frozen=True)
class BetweenSubjects:
    """Similarity of each subject to the mean of the others (lower bound) and of all (upper bound).

    Subjects are pooled as they are compared, so that each counts alike; see `alignment.similarity.rdm_ceiling`, whose
    numbers these are for RSA.

    References
    ----------
    Nili et al. 2014, PLoS Comput Biol 10:e1003553. The upper bound contains the subject and is about 1 / sqrt(subjects)
    for noise alone, so scores are never divided by it.
    """

    kind: str = "subjects"

    def describe(self) -> str:
        """Formula and source in one sentence."""
        return (
            "similarity of each subject to the mean of the others (lower bound) and to the mean of all, itself included "
            "(upper bound), Nili et al. 2014"
        )

    def estimate_relations(
        self, relations: Mapping[str, np.ndarray], metric: Similarity, weights: np.ndarray
    ) -> BandEstimate:
        """Both bounds; the draws are those of the lower one."""
        every = list(relations.values())
        if len(every) < 2:
            raise ValueError(f"a ceiling over subjects needs at least 2, received {len(every)}; use ceiling=None.")
        everyone = metric.pool(every)
        lower, upper, draws = [], [], []
        for number, own in enumerate(every):
            others = metric.pool(every[:number] + every[number + 1 :])
            lower.append(metric.compare(others, own))
            upper.append(metric.compare(everyone, own))
            draws.append(metric.draws(others, own, weights))
        return BandEstimate(np.array(lower), np.stack(draws, axis=1), np.array(upper))
