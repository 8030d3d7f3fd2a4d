"""How well people agree with each other about perceived motion, which is as well as a model can agree with them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from ..inference.resampling import interval
from .formulas import correlation, joined, partial_correlation

Unit = Literal["observers", "trials"]


@dataclass(frozen=True)
class ObserverAgreement:
    """Agreement of parts of the responses with each other, and what it says about the mean of all.

    Attributes
    ----------
    part_r, part_partial_r
        Mean correlation of one part with another, and of the same with the truth held constant. Parts are single observers,
        or halves of the trials.
    r, partial_r
        Reliabilities of the mean of all responses (Spearman-Brown).
    r_ceiling, partial_r_ceiling
        Their roots: the correlation with the mean response that a model without noise has on average; NaN where a
        reliability is not positive.
    draws
        ``(boot,)`` `partial_r_ceiling` of resampled places; empty if not asked for.
    unit
        ``observers`` or ``trials``.
    n_parts
        Parts in all.
    """

    part_r: float
    part_partial_r: float
    r: float
    partial_r: float
    r_ceiling: float
    partial_r_ceiling: float
    draws: np.ndarray
    unit: Unit
    n_parts: int

    @property
    def ci(self) -> tuple[float, float]:
        """95 % interval of `partial_r_ceiling` over places; NaN without draws."""
        draws = self.draws[np.isfinite(self.draws)]
        if not len(draws):
            return float("nan"), float("nan")
        low, high = interval(draws)
        return float(low), float(high)

    def describe(self) -> str:
        """How it was obtained, in one sentence."""
        if self.unit == "observers":
            return (
                f"root of the reliability of the mean over {self.n_parts} observers: mean correlation of single observers, "
                "Spearman-Brown"
            )
        return "root of the reliability of the mean over trials: random halves of the trials, Spearman-Brown"


def spearman_brown(part: np.ndarray | float, n_parts: int = 2) -> np.ndarray:
    """Reliability of the mean of all parts from the correlation of one with another, n r / (1 + (n - 1) r)."""
    part = np.asarray(part, dtype=float)
    return n_parts * part / (1 + (n_parts - 1) * part)


def observer_agreement(
    trials: np.ndarray,
    truth: np.ndarray,
    *,
    observer: np.ndarray | None = None,
    n_halvings: int = 50,
    weights: np.ndarray | None = None,
    seed: int = 0,
) -> ObserverAgreement:
    """Agreement of responses to the same places.

    A model can know what people have in common, not how one of them differs from others: its ceiling is the reliability of the
    mean over *observers*. Halves of the trials, the usual rule, mostly hold the same observers on both sides and promise more
    than a model can reach; with few observers they also vary much from one halving to the next.

    Parameters
    ----------
    trials
        ``(repetition, place, 2)``; NaN where a response is missing.
    truth
        ``(place, 2)``.
    observer
        ``(repetition,)`` who responded: parts are observers. None: parts are halves of the trials.
    n_halvings
        Random halvings of the trials.
    weights
        ``(boot, place)`` counts of resamples; None for no draws.
    seed
        Of the halves.

    Raises
    ------
    ValueError
        If there are fewer than two repetitions or observers, or a place has no response in some part.
    """
    if trials.ndim != 3 or len(trials) < 2 or trials.shape[1:] != truth.shape:
        raise ValueError(
            f"trials have shape {trials.shape} and the truth {truth.shape}; give (repetition, place, 2) with at least two "
            "repetitions, and (place, 2)."
        )
    pairs, n_parts = (
        _observer_pairs(trials, observer) if observer is not None else (_halves(trials, n_halvings, seed), 2)
    )
    plain, partial, draws = [], [], []
    flat_truth = joined(truth)
    for one, other in pairs:
        plain.append(correlation(one, other))
        partial.append(partial_correlation(one, other, flat_truth))
        if weights is not None:
            draws.append(weighted_partial(one, other, flat_truth, weights))
    part_r, part_partial = float(np.mean(plain)), float(np.mean(partial))
    r, partial_r = float(spearman_brown(part_r, n_parts)), float(spearman_brown(part_partial, n_parts))
    resampled = _root(spearman_brown(np.mean(draws, axis=0), n_parts)) if draws else np.array([])
    unit: Unit = "trials" if observer is None else "observers"
    return ObserverAgreement(
        part_r, part_partial, r, partial_r, float(_root(r)), float(_root(partial_r)), resampled, unit, n_parts
    )


Pair = tuple[np.ndarray, np.ndarray]


def _observer_pairs(trials: np.ndarray, observer: np.ndarray) -> tuple[list[Pair], int]:
    """Every two observers, each as the list of numbers of their mean responses."""
    names = np.unique(observer)
    if len(observer) != len(trials) or len(names) < 2:
        raise ValueError(
            f"there are {len(names)} observers named for {len(observer)} of {len(trials)} repetitions; name one for each "
            "repetition, at least two in all."
        )
    means = [joined(_mean(trials[observer == name], f"of observer {name}")) for name in names]
    return list(combinations(means, 2)), len(names)


def _halves(trials: np.ndarray, n_halvings: int, seed: int) -> Iterator[Pair]:
    """Random halves of the trials, the same numbers for all places."""
    rng = np.random.default_rng(seed)
    for _ in range(n_halvings):
        one, other = np.array_split(rng.permutation(len(trials)), 2)
        yield (
            joined(_mean(trials[one], "in one half of the trials")),
            joined(_mean(trials[other], "in one half of the trials")),
        )


def _mean(trials: np.ndarray, whose: str) -> np.ndarray:
    empty = np.isnan(trials).any(axis=2).all(axis=0)
    if empty.any():
        raise ValueError(f"{empty.sum()} places have no response {whose}; leave these places out.")
    return np.nanmean(trials, axis=0)


def weighted_partial(one: np.ndarray, other: np.ndarray, given: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Partial correlation of resampled places.

    Parameters
    ----------
    one, other, given
        ``(2 place,)`` as `joined` gives them.
    weights
        ``(boot, place)`` counts.

    Returns
    -------
    numpy.ndarray
        ``(boot,)``.
    """
    r_xy, r_xz, r_yz = (weighted_r(x, y, weights) for x, y in ((one, other), (one, given), (other, given)))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (r_xy - r_xz * r_yz) / np.sqrt((1 - r_xz**2) * (1 - r_yz**2))


def weighted_r(one: np.ndarray, other: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Pearson r of resampled places ``(boot,)``; see `weighted_partial` for the parameters."""
    both = np.concatenate([weights, weights], axis=1)
    total = both.sum(axis=1)
    mean_x, mean_y = both @ one / total, both @ other / total
    covariance = both @ (one * other) / total - mean_x * mean_y
    spread = (both @ one**2 / total - mean_x**2) * (both @ other**2 / total - mean_y**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0, covariance / np.sqrt(np.maximum(spread, 0)), np.nan)


def _root(reliability: np.ndarray | float) -> np.ndarray:
    reliability = np.asarray(reliability, dtype=float)
    return np.sqrt(np.where(reliability > 0, reliability, np.nan))
