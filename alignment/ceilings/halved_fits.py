"""Mappings fitted to all repetitions and to each half of them: what a noise correction compares."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, clone

from ..folds import Fold
from ..mappings import Mapping, NeuroidRidge

Missing = Literal["refuse", "skip", "halve each"]
Halves = tuple[np.ndarray, np.ndarray]
Predictions = list[np.ndarray]
Source = np.ndarray | list[np.ndarray]

MAX_STACKED = 1 << 24  # numbers in the targets that are fitted at once: 128 MB


def as_recording(trials: npt.ArrayLike, what: str, missing: Missing) -> np.ndarray:
    """Trials ``(repetition, stimulus, neuroid)`` of which every stimulus and neuroid has at least one.

    Raises
    ------
    ValueError
        For other shapes, infinite responses, NaN with ``missing="refuse"``, and responses that are wholly absent.
    """
    values = np.asarray(trials, dtype=np.float64)
    if values.ndim != 3 or len(values) < 2:
        raise ValueError(
            f"{what} must be (repetition, stimulus, neuroid) with at least 2 repetitions, received shape {values.shape}."
        )
    if np.isinf(values).any():
        raise ValueError(f"{what} has {int(np.isinf(values).sum())} infinite responses; mend the data.")
    gaps = int(np.isnan(values).sum())
    if gaps and missing == "refuse":
        raise ValueError(
            f"{what} has {gaps} NaN among {values.size} responses; declare them with missing='halve each' or 'skip'."
        )
    empty = int(np.isnan(values).all(axis=0).sum())
    if empty:
        raise ValueError(
            f"{what} has no response at all for {empty} pairs of stimulus and neuroid; leave those stimuli or neuroids out."
        )
    return values


def as_source(source: npt.ArrayLike | Sequence[np.ndarray], missing: Missing) -> Source:
    """Features ``(stimulus, feature)``, or a list of recordings whose neuroids are pooled."""
    if isinstance(source, list | tuple) and len(source) and np.ndim(source[0]) == 3:
        return [as_recording(one, "source", missing) for one in source]
    values = np.asarray(source, dtype=np.float64)
    if values.ndim == 3:
        return [as_recording(values, "source", missing)]
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ValueError(
            "source must be finite features (stimulus, feature) or trials (repetition, stimulus, neuroid), received shape "
            f"{values.shape} with {int((~np.isfinite(values)).sum())} values that are not finite."
        )
    return values


def mean_over_first(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis of what is there; NaN where nothing is."""
    count = np.isfinite(values).sum(axis=0)
    if (count == len(values)).all():
        return np.asarray(values.mean(axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.nansum(values, axis=0) / np.where(count > 0, count, np.nan))


def halve(values: np.ndarray, seed: int, missing: Missing) -> Halves:
    """Means ``(stimulus, neuroid)`` of the first floor(R / 2) shuffled repetitions and of the others.

    Parameters
    ----------
    values
        ``(repetition, stimulus, neuroid)``.
    seed
        Seed of the shuffling.
    missing
        With ``"halve each"`` a stimulus and neuroid counts only the repetitions that it has; otherwise NaN are passed over
        and a half may be empty (NaN).
    """
    order = list(range(len(values)))
    np.random.RandomState(seed).shuffle(order)
    if missing != "halve each" or not np.isnan(values).any():
        half = len(order) // 2
        return mean_over_first(values[order[:half]]), mean_over_first(values[order[half:]])
    shuffled = values[order]
    there = np.isfinite(shuffled)
    count = there.sum(axis=0)
    half = count // 2
    first = there & (np.cumsum(there, axis=0, dtype=np.int32) <= half)
    np.copyto(shuffled, 0.0, where=~there)
    total_first = np.einsum("rsu,rsu->su", shuffled, first.astype(np.float64))
    with np.errstate(invalid="ignore", divide="ignore"):
        return total_first / half, (shuffled.sum(axis=0) - total_first) / (count - half)


def usable_seeds(recordings: Sequence[np.ndarray], n_halves: int, seed: int, missing: Missing) -> list[int]:
    """Seeds of the halvings in which no half of any stimulus and neuroid is empty."""
    if n_halves < 1:
        raise ValueError(f"n_halves must be at least 1, received {n_halves}.")
    gappy = [one for one in recordings if np.isnan(one).any()]
    if missing == "halve each":
        single = sum(int((np.isfinite(one).sum(axis=0) < 2).sum()) for one in gappy)
        if single:
            raise ValueError(
                f"{single} pairs of stimulus and neuroid have a single repetition, which cannot be halved; leave those stimuli "
                "or neuroids out."
            )
        return list(range(seed, seed + n_halves))
    found = [
        number
        for number in range(seed, seed + n_halves)
        if all(np.isfinite(half).all() for one in gappy for half in halve(one, number, missing))
    ]
    if not found:
        raise ValueError(
            f"all {n_halves} halvings leave some stimulus and neuroid without a repetition in one half; use "
            "missing='halve each', or leave out stimuli with a single repetition."
        )
    return found


def halved_predictions(
    source: Source,
    trials: np.ndarray,
    seeds: Sequence[int],
    folds: Sequence[Fold],
    mapping: BaseEstimator,
    groups: np.ndarray | None,
    missing: Missing,
) -> tuple[Predictions, Iterator[tuple[Halves, tuple[Predictions, Predictions]]]]:
    """Cross-validated predictions from all repetitions, and for each seed from the halves, beside the target's halves."""
    whole = mean_over_first(trials)
    pairs = (halve(trials, seed, missing) for seed in seeds)
    if isinstance(source, np.ndarray):
        made = _predict_all(source, chain([whole], chain.from_iterable(pairs)), folds, mapping, groups)
        full = next(made)[1]

        def of_features() -> Iterator[tuple[Halves, tuple[Predictions, Predictions]]]:
            for (first, made1), (second, made2) in zip(made, made, strict=True):
                yield (first, second), (made1, made2)

        return full, of_features()

    recordings = source

    def of_recordings() -> Iterator[tuple[Halves, tuple[Predictions, Predictions]]]:
        for seed, pair in zip(seeds, pairs, strict=True):
            sides = zip(*(halve(one, seed, missing) for one in recordings), strict=True)
            first, second = (
                cross_predictions(np.concatenate(side, axis=1), half, folds, mapping, groups)
                for side, half in zip(sides, pair, strict=True)
            )
            yield pair, (first, second)

    pooled = np.concatenate([mean_over_first(one) for one in recordings], axis=1)
    return cross_predictions(pooled, whole, folds, mapping, groups), of_recordings()


def cross_predictions(
    features: np.ndarray,
    responses: np.ndarray,
    folds: Sequence[Fold],
    mapping: BaseEstimator,
    groups: np.ndarray | None = None,
) -> Predictions:
    """Predictions ``(n_test, neuroid)`` of the test rows of every fold, by a `Mapping` or a scikit-learn regressor.

    Parameters
    ----------
    features, responses
        ``(stimulus, feature)`` and ``(stimulus, neuroid)``.
    folds
        Training and test rows.
    mapping
        Cloned for each fit.
    groups
        ``(stimulus,)`` labels for the inner folds of a `Mapping`, or None.
    """
    if isinstance(mapping, Mapping):
        return mapping.cross_predict(features, responses, folds, groups, inner=False).predictions
    made = [
        clone(mapping).fit(features[fold.train], responses[fold.train]).predict(features[fold.test]) for fold in folds
    ]
    return [np.asarray(one).reshape(len(fold.test), -1) for fold, one in zip(folds, made, strict=True)]


def fits_neuroids_apart(mapping: BaseEstimator) -> bool:
    """Whether a fit to many neuroids at once equals fits to each of them, so that targets may be stacked."""
    from sklearn.linear_model import LinearRegression, Ridge

    if type(mapping) is Ridge:
        return mapping.solver in ("auto", "cholesky", "svd") and not mapping.positive
    if type(mapping) is LinearRegression:
        return not mapping.positive
    return isinstance(mapping, NeuroidRidge) and (mapping.per_neuroid or np.size(mapping.alphas) == 1)


def _predict_all(
    features: np.ndarray,
    targets: Iterable[np.ndarray],
    folds: Sequence[Fold],
    mapping: BaseEstimator,
    groups: np.ndarray | None,
) -> Iterator[tuple[np.ndarray, Predictions]]:
    """Each target with its predictions over the folds; one fit for many targets where that is the same."""
    together = fits_neuroids_apart(mapping)
    targets = iter(targets)
    while block := list(islice(targets, 1)):
        n_neuroids = block[0].shape[1]
        if together:
            block += islice(targets, max(0, MAX_STACKED // block[0].size - 1))
        made = cross_predictions(features, np.concatenate(block, axis=1), folds, mapping, groups)
        for number, target in enumerate(block):
            columns = slice(number * n_neuroids, (number + 1) * n_neuroids)
            yield target, [one[:, columns] for one in made]
