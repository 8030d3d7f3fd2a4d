"""From values per neuroid to one value: over the neuroids of each animal, then over animals, resampled as declared."""

from typing import Literal

import numpy as np

Pool = Literal["median", "mean"]
JACKKNIFE_ROWS = 500  # leave-one-out copies held at once


def weighted_median(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Median along the last axis when each value is repeated as often as its count says; NaN values do not count.

    Parameters
    ----------
    values, counts
        ``(..., item)``; counts are whole numbers, not negative.

    Returns
    -------
    numpy.ndarray
        ``(...)``; NaN where nothing counts. Equal to ``numpy.median`` of the repeated values.
    """
    order = np.argsort(values, axis=-1)
    ordered = np.take_along_axis(values, order, axis=-1)
    reached = np.cumsum(np.take_along_axis(np.where(np.isnan(values), 0, counts), order, axis=-1), axis=-1)
    total = reached[..., -1:]
    middle = [(reached <= np.floor(rank)).sum(axis=-1, keepdims=True) for rank in ((total - 1) / 2, total / 2)]
    last = values.shape[-1] - 1
    low, high = (np.take_along_axis(ordered, np.minimum(at, last), axis=-1)[..., 0] for at in middle)
    return np.where(total[..., 0] > 0, (low + high) / 2, np.nan)


def weighted_mean(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Mean along the last axis with counts ``(..., item)``; NaN values do not count, NaN where nothing does."""
    known = np.where(np.isnan(values), 0.0, counts)
    total = known.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, (known * np.nan_to_num(values)).sum(axis=-1) / total, np.nan)


def median_draws(
    values: np.ndarray, draws: np.ndarray, animals: np.ndarray | None = None, *, factor: float = 1.0
) -> np.ndarray:
    """Draws of the median over neuroids, mean over animals, that scatter as the median itself does.

    The median of drawn values scatters too much and lies too near the middle: drawn values carry their noise twice, once as
    measured and once as drawn. Here each draw moves the median by what its noise moves it,

        T_b = median_u(r_u) + sum_u a_u (r_bu - r_u),  a_u proportional to exp(-(r_u - median)^2 / (2 h^2)),  sum_u a_u = 1,

    so neuroids near the median count. The width h = factor s / 2, with s^2 the mean variance of a neuroid's draws that it does
    not share with the others, gives the variance of a median both where neuroids are alike (pi s^2 / 2 m) and
    where they differ by far more than their noise (0.564 s / (m f), f their density at the median), within 6 %.

    Parameters
    ----------
    values
        ``(neuroid,)`` measured values; NaN neuroids are left out.
    draws
        ``(boot, neuroid)`` on resampled stimuli; single NaN draws are left out.
    animals
        ``(neuroid,)`` labels; one animal if None.
    factor
        How much more the values scatter than the draws; see `fold_factor`.

    Returns
    -------
    numpy.ndarray
        ``(boot,)``; NaN where no animal has a value.
    """
    labels = np.zeros(len(values), dtype=int) if animals is None else np.asarray(animals)
    if draws.ndim != 2 or draws.shape[1:] != values.shape or labels.shape != values.shape:
        raise ValueError(
            f"values {values.shape}, draws {draws.shape} and animals {labels.shape} must be (neuroid,), (boot, neuroid) and "
            "(neuroid,)."
        )
    known = np.isfinite(values)
    parts = [
        _moved_median(values[own], draws[:, own], factor)
        for own in (known & (labels == name) for name in np.unique(labels))
        if own.any()
    ]
    return _mean_of_known(np.stack(parts, axis=-1)) if parts else np.full(len(draws), np.nan)


def _moved_median(values: np.ndarray, draws: np.ndarray, factor: float) -> np.ndarray:
    n_neuroids, middle = len(values), np.median(values)
    moves = np.where(np.isfinite(draws), draws - values, np.nan)
    if n_neuroids == 1:
        return middle + moves[:, 0]
    seen = ~np.isnan(moves)
    filled = np.where(seen, moves, 0.0)
    count = np.maximum(seen.sum(axis=0), 1)
    own = np.where(seen, filled - filled.sum(axis=0) / count, 0.0)
    # What is left beside the part that all neuroids share; the mean over m neuroids takes 1 / m of it away.
    own = np.where(seen, own - (own.sum(axis=1) / np.maximum(seen.sum(axis=1), 1))[:, None], 0.0)
    noise = np.sqrt((own**2).sum() / max(int(seen.sum()), 1) * n_neuroids / (n_neuroids - 1))
    distance = np.abs(values - middle)
    width = 0.5 * factor * noise
    # An even number of neuroids has no value at its median: the nearest ones must count however small the noise.
    scaled = (
        (distance**2 - distance.min() ** 2) / (2 * width**2)
        if width > 0
        else np.where(distance > distance.min(), np.inf, 0)
    )
    pull = np.where(seen, np.exp(-scaled), 0.0)
    return middle + weighted_mean(moves, pull)


class Pooling:
    """Value of a population: ``how`` over the neuroids of each animal, then mean over animals.

    Parameters
    ----------
    animals
        ``(neuroid,)`` labels; one animal if None.
    n_neuroids
        Neuroids.
    how
        ``"median"`` or ``"mean"`` over the neuroids of an animal.
    """

    def __init__(self, animals: np.ndarray | None, n_neuroids: int, how: Pool) -> None:
        if how not in ("median", "mean"):
            raise ValueError(f"pool must be 'median' or 'mean', received {how!r}.")
        labels = np.zeros(n_neuroids, dtype=int) if animals is None else np.asarray(animals)
        if labels.shape != (n_neuroids,):
            raise ValueError(
                f"animals has shape {labels.shape}, but there are {n_neuroids} neuroids; give one label each."
            )
        names, self._codes = np.unique(labels, return_inverse=True)
        self.columns = [np.flatnonzero(self._codes == code) for code in range(len(names))]
        self._of = weighted_median if how == "median" else weighted_mean

    @property
    def n_animals(self) -> int:
        """Animals."""
        return len(self.columns)

    def value(self, values: np.ndarray, neuroid_counts: np.ndarray | None = None) -> np.ndarray:
        """Population values ``(...)`` of ``(..., neuroid)``, neuroids counting once or as given."""
        return _mean_of_known(self.per_animal(values, neuroid_counts))

    def per_animal(self, values: np.ndarray, neuroid_counts: np.ndarray | None = None) -> np.ndarray:
        """``(..., animal)`` values of ``(..., neuroid)``."""
        counts = np.ones(values.shape[-1]) if neuroid_counts is None else neuroid_counts
        counts = np.broadcast_to(counts, values.shape)
        return np.stack([self._of(values[..., own], counts[..., own]) for own in self.columns], axis=-1)

    def resample(self, values: np.ndarray, rng: np.random.Generator, *, neuroids: bool, animals: bool) -> np.ndarray:
        """Population values ``(draw,)`` of ``(draw, neuroid)`` with neuroids and animals drawn with replacement.

        With both, an animal that is drawn twice brings two independent draws of its neuroids.
        """
        n_draws = len(values)
        if not animals:
            return self.value(values, self._neuroid_counts(n_draws, rng) if neuroids else None)
        drawn = rng.integers(self.n_animals, size=(n_draws, self.n_animals))
        if not neuroids:
            return _mean_of_known(np.take_along_axis(self.per_animal(values), drawn, axis=1))
        found = np.full(drawn.shape, np.nan)
        for slot in range(self.n_animals):
            for animal, own in enumerate(self.columns):
                rows = np.flatnonzero(drawn[:, slot] == animal)
                if len(rows):
                    counts = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), size=len(rows))
                    found[rows, slot] = self._of(values[np.ix_(rows, own)], counts)
        return _mean_of_known(found)

    def jackknife(self, values: np.ndarray, *, animals: bool) -> np.ndarray:
        """Population values of ``(neuroid,)`` without one neuroid, or one animal, at a time."""
        if animals:
            each = self.per_animal(values)
            return _mean_of_known(np.where(np.eye(len(each), dtype=bool), np.nan, each))
        each, found = self.per_animal(values), np.empty(len(values))
        for animal, own in enumerate(self.columns):
            for start in range(0, len(own), JACKKNIFE_ROWS):
                left_out = np.arange(start, min(start + JACKKNIFE_ROWS, len(own)))
                keep = (np.arange(len(own)) != left_out[:, None]).astype(float)
                without = np.repeat(each[None], len(left_out), axis=0)
                without[:, animal] = self._of(np.broadcast_to(values[own], keep.shape), keep)
                found[own[left_out]] = _mean_of_known(without)
        return found

    def _neuroid_counts(self, n_draws: int, rng: np.random.Generator) -> np.ndarray:
        counts = np.empty((n_draws, len(self._codes)))
        for own in self.columns:
            counts[:, own] = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), size=n_draws)
        return counts


def _mean_of_known(values: np.ndarray) -> np.ndarray:
    return weighted_mean(values, np.ones_like(values))
