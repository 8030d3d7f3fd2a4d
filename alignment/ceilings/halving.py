"""Halves of repetitions and how they correlate, for many halvings and bootstrap weights at once."""

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from ..correlation import CANCELLATION, ROUNDING

Halving = tuple[tuple[int, ...], tuple[int, ...]]

MAX_BLOCK = 1 << 23  # numbers held at once while halvings are combined: 64 MB


def draw_halvings(n_repetitions: int, max_halvings: int, seed: int) -> list[Halving]:
    """Pairs of equally large, disjoint sets of repetitions.

    Parameters
    ----------
    n_repetitions
        At least 2; with an odd number each halving leaves one repetition out.
    max_halvings
        All distinct halvings are used if there are no more than this; otherwise as many random ones.
    seed
        Seed of random halvings.
    """
    if max_halvings < 1:
        raise ValueError(f"max_halvings must be at least 1, received {max_halvings}.")
    half = n_repetitions // 2
    count = math.comb(n_repetitions, half) * math.comb(n_repetitions - half, half) // 2
    if count <= max_halvings:
        # Each pair appears once: its two sets are told apart by their order.
        found: list[Halving] = []
        for first in itertools.combinations(range(n_repetitions), half):
            rest = [item for item in range(n_repetitions) if item not in first]
            found += [(first, second) for second in itertools.combinations(rest, half) if first < second]
        return found
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(n_repetitions).tolist() for _ in range(max_halvings)]
    return [(tuple(order[:half]), tuple(order[half : 2 * half])) for order in orders]


def equal_halves(values: np.ndarray, halvings: Sequence[Halving]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Means ``(stimulus, unit)`` of both halves, for complete trials ``(repetition, stimulus, unit)``."""
    for first, second in halvings:
        yield values[list(first)].mean(axis=0), values[list(second)].mean(axis=0)


def own_halves(values: np.ndarray, n_halvings: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Means ``(stimulus, unit)`` of random halves of the repetitions that each stimulus has.

    With n repetitions of a stimulus both halves hold n // 2; NaN where there are fewer than two.
    """
    n_repetitions, n_stimuli, n_units = values.shape
    there = np.isfinite(values).transpose(1, 0, 2)  # (stimulus, repetition, unit)
    filled = np.where(there, values.transpose(1, 0, 2), 0.0)
    half = there.sum(axis=1) // 2
    # Units that lack the same responses share their halves, and one product of matrices gives the means of all of them.
    packed = np.packbits(there.reshape(-1, n_units), axis=0)
    _, leader, follows = np.unique(packed, axis=1, return_index=True, return_inverse=True)
    rng = np.random.default_rng(seed)
    block = max(1, MAX_BLOCK // (n_stimuli * (4 * n_repetitions + 2 * n_units)))
    for start in range(0, n_halvings, block):
        order = np.argsort(rng.random((min(block, n_halvings - start), n_stimuli, n_repetitions)), axis=-1)
        means = np.empty((2, len(order), n_stimuli, n_units))
        for pattern, one in enumerate(leader):
            units = np.flatnonzero(follows.reshape(-1) == pattern)
            part = np.ascontiguousarray(filled[..., units])
            for side, member in enumerate(_members(order, there[..., one], half[:, one])):
                means[side][..., units] = np.matmul(member.transpose(1, 0, 2), part).transpose(1, 0, 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            means /= half
        yield from zip(*means, strict=True)


def _members(order: np.ndarray, there: np.ndarray, half: np.ndarray) -> Iterator[np.ndarray]:
    """Which repetitions are in the first and in the second half, ``(halving, stimulus, repetition)`` of 0 and 1.

    Each stimulus counts through its repetitions in a random ``order (halving, stimulus, repetition)``, skips those that
    are not ``there (stimulus, repetition)``, and takes the first ``half (stimulus,)`` of them, then as many again.
    """
    present = np.take_along_axis(np.broadcast_to(there, order.shape), order, axis=-1)
    rank = np.cumsum(present, axis=-1, dtype=np.int32)
    edge = half[:, None]
    for chosen in (present & (rank <= edge), present & (rank > edge) & (rank <= 2 * edge)):
        member = np.zeros(order.shape)
        np.put_along_axis(member, order, chosen.astype(float), axis=-1)
        yield member


def paired_correlation(first: np.ndarray, second: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Pearson r over stimuli for many weightings at once, symmetric in its arguments.

    Parameters
    ----------
    first, second
        ``(stimulus, unit)``; a stimulus with NaN in either is left out for that unit.
    weights
        ``(draw, stimulus)``, not negative.

    Returns
    -------
    numpy.ndarray
        ``(draw, unit)``; NaN where either half is constant, since a reliability is then undefined.
    """
    there = np.isfinite(first) & np.isfinite(second)
    count = np.maximum(there.sum(axis=0), 1)
    floor, centred = [], []
    for half in (first, second):
        filled = np.where(there, half, 0.0)
        moved = np.where(there, filled - filled.sum(axis=0) / count, 0.0)
        floor.append(variance_floor(filled, moved))
        centred.append(moved)
    a, b = centred
    with np.errstate(invalid="ignore", divide="ignore"):
        total = weights.sum(axis=1, keepdims=True) if there.all() else weights @ there
        mean_a, mean_b = weights @ a / total, weights @ b / total
        covariance = weights @ (a * b) / total - mean_a * mean_b
        var_a = weights @ (a * a) / total - mean_a**2
        var_b = weights @ (b * b) / total - mean_b**2
    return correlation_from_moments(covariance, var_a, var_b, *floor)


def variance_floor(values: np.ndarray, centred: np.ndarray) -> np.ndarray:
    """Variance per unit below which a half is constant but for rounding."""
    axes = tuple(range(values.ndim - 1))
    return np.maximum((ROUNDING * np.abs(values).max(axis=axes)) ** 2, CANCELLATION * (centred**2).max(axis=axes))


def correlation_from_moments(
    covariance: np.ndarray, var_a: np.ndarray, var_b: np.ndarray, floor_a: np.ndarray, floor_b: np.ndarray
) -> np.ndarray:
    """Covariance over the root of both variances; NaN where a variance is rounding only."""
    with np.errstate(invalid="ignore", divide="ignore"):
        # The root of each, because the product of two tiny variances would be zero.
        r = covariance / (np.sqrt(np.maximum(var_a, 0)) * np.sqrt(np.maximum(var_b, 0)))
        defined = (var_a > floor_a) & (var_b > floor_b)
    # Rounding can lift a correlation of exactly 1 above it.
    return np.where(defined, np.clip(r, -1.0, 1.0), np.nan)


def mean_correlation(values: np.ndarray, halvings: Sequence[Halving], weights: np.ndarray) -> np.ndarray:
    """Mean over halvings of the correlation between halves, for complete trials and many weightings.

    Every half is a sum of repetitions, so the covariances c_ij between repetitions i and j, weighted once, give all
    halvings: cov(A, B) = sum over i in A, j in B of c_ij / h^2.

    Parameters
    ----------
    values
        ``(repetition, stimulus, unit)``, finite.
    halvings
        See `draw_halvings`.
    weights
        ``(draw, stimulus)``.

    Returns
    -------
    numpy.ndarray
        ``(draw, unit)``; halvings with a constant half are left out.
    """
    n_repetitions, _, n_units = values.shape
    pairs = [(i, j) for i in range(n_repetitions) for j in range(i, n_repetitions)]
    if len(pairs) > 5 * len(halvings):
        return _mean_over(paired_correlation(*halves, weights) for halves in equal_halves(values, halvings))
    cross, own_a, own_b = _pair_coefficients(pairs, halvings)
    total = weights.sum(axis=1, keepdims=True)
    result = np.empty((len(weights), n_units))
    block = max(1, MAX_BLOCK // (len(weights) * (len(pairs) + 3 * len(halvings))))
    for start in range(0, n_units, block):
        part = values[..., start : start + block]
        centred = part - part.mean(axis=(0, 1))
        floor = variance_floor(part, centred)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = [weights @ one / total for one in centred]
            covariances = np.stack(
                [weights @ (centred[i] * centred[j]) / total - means[i] * means[j] for i, j in pairs]
            )
        a_b, a_a, b_b = (np.tensordot(each, covariances, 1) for each in (cross, own_a, own_b))
        result[:, start : start + block] = _mean_over(correlation_from_moments(a_b, a_a, b_b, floor, floor))
    return result


def _pair_coefficients(
    pairs: list[tuple[int, int]], halvings: Sequence[Halving]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What each covariance adds to cov(A, B), var(A), var(B), each ``(halving, pair)``."""
    size = max(pairs)[0] + 1
    member = np.zeros((2, len(halvings), size))
    for row, halving in enumerate(halvings):
        for side, chosen in enumerate(halving):
            member[side, row, list(chosen)] = 1 / len(chosen)
    i, j = np.array(pairs).T
    a, b = member
    double = np.where(i == j, 0.5, 1.0)
    cross = double * (a[:, i] * b[:, j] + a[:, j] * b[:, i])
    return cross, 2 * double * a[:, i] * a[:, j], 2 * double * b[:, i] * b[:, j]


def _mean_over(correlations: Iterator[np.ndarray] | np.ndarray) -> np.ndarray:
    """Mean over the first axis of what is defined."""
    total: np.ndarray | float = 0.0
    count: np.ndarray | float = 0.0
    for r in correlations:
        total = total + np.nan_to_num(r)
        count = count + ~np.isnan(r)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / count)
