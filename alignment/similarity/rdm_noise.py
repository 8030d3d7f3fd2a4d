"""Ceilings of RDM comparisons: how well the subjects' RDMs agree, and whether that is more than noise gives."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from .comparisons import ComparisonMethod, checked_stack, compare_rdms, correlate, whiten_rdm
from .distances import n_stimuli_of, square_rdm
from .ranking import RankOrder

Pooling = Literal["matched", "mean"]
SIGNIFICANT = 0.05
RANKED = ("spearman", "rho-a", "tau-a", "kendall")


@dataclass(frozen=True)
class RdmCeiling:
    """Range in which the best possible model's mean similarity to the subjects' RDMs lies.

    Attributes
    ----------
    lower, upper
        Mean over subjects of the similarity to the pooled RDM of the others, and of all subjects. The upper one
        contains the subject itself: on pure noise it is about 1 / sqrt(subjects), so never divide by it alone.
    subject_lower, subject_upper
        ``(subject,)``.
    null_upper
        ``(permutation,)`` upper ceilings when each subject's stimuli are shuffled; empty if none were asked for.
    p_value
        (b + 1) / (B + 1), b of B shuffles with an upper ceiling at least as high; NaN without shuffles.
    method, pooling
        As given.
    """

    lower: float
    upper: float
    subject_lower: np.ndarray
    subject_upper: np.ndarray
    null_upper: np.ndarray
    p_value: float
    method: str
    pooling: str

    @property
    def reliable(self) -> bool:
        """Whether subjects agree more than shuffled ones (p <= 0.05), with a positive lower ceiling; False if untested."""
        return bool(self.p_value <= SIGNIFICANT and self.lower > 0)

    def describe(self) -> str:
        """Both ceilings, and what noise alone would give, in one sentence."""
        text = f"RDM ceiling ({self.method}, {len(self.subject_lower)} subjects): {self.lower:.3f} to {self.upper:.3f}"
        if not len(self.null_upper):
            return f"{text}; not tested against noise"
        verdict = "reliable" if self.reliable else "not reliable: no score should be divided by it"
        return (
            f"{text}; upper ceiling of shuffled stimuli {self.null_upper.mean():.3f}, p = {self.p_value:.3g}; {verdict}"
        )


def rdm_ceiling(
    rdms: np.ndarray,
    *,
    method: ComparisonMethod = "spearman",
    pooling: Pooling = "matched",
    n_permutations: int = 199,
    seed: int | None = 0,
) -> RdmCeiling:
    r"""Lower and upper ceiling of the similarity between a model's RDM and the subjects' RDMs.

    upper = mean over subjects s of sim(pool of all, s); lower = mean over s of sim(pool of all but s, s). A model that
    knows the true RDM scores between them on average.

    Parameters
    ----------
    rdms
        ``(subject, pair)``, at least 2 subjects.
    method
        As in `compare_rdms`.
    pooling
        ``matched`` averages what the comparison looks at: ranks (spearman, rho-a, tau-a, kendall), z-scores (pearson),
        unit-length distances (cosine), whitened unit-length distances (cosine_cov, corr_cov). ``mean`` averages the
        distances themselves, which lets the subject with the largest ones dominate.
    n_permutations
        Shuffles of the stimuli of every subject for `RdmCeiling.p_value`; 0 for none.
    seed
        Seed of the shuffles.

    Raises
    ------
    ValueError
        For fewer than 2 subjects, NaN, or a subject whose distances are all equal.

    References
    ----------
    Nili et al. 2014, PLoS Comput Biol 10:e1003553 (both bounds). Schuett et al. 2023, eLife 12:e82566 (pooling).
    """
    if method not in get_args(ComparisonMethod) or method == "bures":
        accepted = [name for name in get_args(ComparisonMethod) if name != "bures"]
        raise ValueError(f"method {method!r} has no ceiling here; accepted are {', '.join(accepted)}.")
    if pooling not in get_args(Pooling):
        raise ValueError(f"pooling {pooling!r} is unknown; accepted are {', '.join(get_args(Pooling))}.")
    stack = checked_stack(rdms, "rdms")
    if np.ndim(rdms) != 2 or len(stack) < 2:
        raise ValueError(f"rdms has shape {np.shape(rdms)}; a ceiling needs (subject, pair) with at least 2 subjects.")
    constant = np.flatnonzero(np.ptp(stack, axis=1) == 0)
    if len(constant):
        raise ValueError(f"the distances of {len(constant)} of {len(stack)} subjects are all equal; leave them out.")
    shares = pooled_shares(stack, method) if pooling == "matched" else stack
    total = shares.sum(axis=0)
    upper = compare_rdms(total / len(stack), stack, method=method)
    lower = np.array(
        [
            compare_rdms((total - own) / (len(stack) - 1), row, method=method)
            for own, row in zip(shares, stack, strict=True)
        ]
    )
    null = _null_upper(shares, stack, method, n_permutations, seed)
    p_value = (1 + (null >= upper.mean()).sum()) / (1 + len(null)) if len(null) else float("nan")
    return RdmCeiling(float(lower.mean()), float(upper.mean()), lower, upper, null, float(p_value), method, pooling)


def pooled_shares(stack: np.ndarray, method: str) -> np.ndarray:
    """What each subject puts into the pool."""
    if method in RANKED:
        return np.stack([RankOrder(vector).ranks() for vector in stack])
    if method in ("pearson", "corr_cov"):
        stack = stack - stack.mean(axis=1, keepdims=True)
    if method.endswith("_cov"):
        norms = np.array([np.linalg.norm(whiten_rdm(vector, None)) for vector in stack])
    else:
        norms = np.linalg.norm(stack, axis=1)
    return stack / norms[:, None]


def _null_upper(
    shares: np.ndarray, stack: np.ndarray, method: ComparisonMethod, n_permutations: int, seed: int | None
) -> np.ndarray:
    """Upper ceilings after shuffling the stimuli of every subject by itself."""
    rng = np.random.default_rng(seed)
    n_stimuli = n_stimuli_of(stack.shape[1])
    rows, columns = np.triu_indices(n_stimuli, k=1)
    # Where a pair of stimuli stands in an RDM vector: a shuffle of stimuli is a shuffle of pairs.
    place = square_rdm(np.arange(stack.shape[1]))
    # Ranks move with the pairs, so that a shuffled subject need not be ranked again.
    ranked = method in ("spearman", "rho-a")
    stack = np.stack([RankOrder(vector).ranks() for vector in stack]) if ranked else stack
    null = np.empty(n_permutations)
    for number in range(n_permutations):
        pairs = []
        for _ in range(len(stack)):
            order = rng.permutation(n_stimuli)
            pairs.append(place[order[rows], order[columns]])
        shuffled = np.stack([row[pair] for row, pair in zip(stack, pairs, strict=True)])
        pooled = np.mean([own[pair] for own, pair in zip(shares, pairs, strict=True)], axis=0)
        if ranked:
            values = correlate(RankOrder(pooled).ranks()[None], shuffled, np.ones(len(pooled)), method)
        else:
            values = compare_rdms(pooled, shuffled, method=method)
        null[number] = values.mean()
    return null
