"""Split-half consistencies as Brain-Score computes them, without its loops."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .halving import equal_halves, paired_correlation
from .split_half import spearman_brown
from .trial_arrays import flatten_trials

MIN_STIMULI_WITH_TWO = 10


@dataclass(frozen=True)
class Consistency:
    """Consistency between halves of the repetitions.

    Attributes
    ----------
    value
        Mean over halvings of the median over neuroids; one per time bin where there are time bins.
    error
        Standard deviation over halvings, divided by the root of their number. It is no error over stimuli.
    raw
        ``(halving, neuroid, ...)`` Spearman-Brown corrected correlations; NaN where a half is constant.
    """

    value: np.ndarray
    error: np.ndarray
    raw: np.ndarray


def internal_consistency(trials: npt.ArrayLike, *, n_halvings: int = 10, seed: int = 1) -> Consistency:
    """Split-half consistency over random halves of the repetitions, the same for all stimuli.

    raw = 2 r / (1 + r), r = Pearson over stimuli between the means of floor(R / 2) and of the other repetitions; the
    median over neuroids, then the mean over halvings. Equal to Brain-Score's ``internal_consistency``, and, with time bins
    as last axis, to its ``internal_consistency_temporal``.

    Parameters
    ----------
    trials
        ``(repetition, stimulus, neuroid)`` or ``(repetition, stimulus, neuroid, time_bin)``, without NaN.
    n_halvings
        Random halvings.
    seed
        Seed of the halvings, drawn as scikit-learn's ``ShuffleSplit(train_size=0.5)`` draws them.

    Returns
    -------
    Consistency
        It is a variance-type reliability: its root is a correlation, see `normalisations`.

    References
    ----------
    Schrimpf et al. 2018, bioRxiv 407007; Spearman 1910; Brown 1910.
    """
    from sklearn.model_selection import ShuffleSplit

    values, units = flatten_trials(trials, "internal_consistency", complete=True)
    splitter = ShuffleSplit(n_halvings, train_size=0.5, random_state=seed)
    halvings = [(tuple(first), tuple(second)) for first, second in splitter.split(np.zeros(len(values)))]
    return _consistency(equal_halves(values, halvings), units, values.shape[1])


def predictor_consistency(
    trials: npt.ArrayLike,
    *,
    n_halvings: int = 10,
    seed: int = 0,
    stimulus_ids: npt.ArrayLike | None = None,
) -> Consistency:
    """Split-half consistency in which each stimulus halves its own repetitions.

    The formula of `internal_consistency`; stimuli with one repetition are left out, and with fewer than 10 stimuli that
    have two there is no value (NaN). Equal to Brain-Score's ``predictor_consistency``.

    Parameters
    ----------
    trials
        ``(repetition, stimulus, neuroid)``; a repetition that a stimulus lacks is NaN for all neuroids.
    n_halvings
        Random halvings.
    seed
        Seed of ``numpy.random.default_rng``; stimuli draw in the order of ``stimulus_ids``.
    stimulus_ids
        ``(stimulus,)`` ids whose sorted order is the order of the draws; the order of the rows if None.

    Raises
    ------
    ValueError
        If some neuroids lack a repetition that others have; use `split_half_reliability` for such data.
    """
    values, units = flatten_trials(trials, "predictor_consistency")
    there = np.isfinite(values)
    if (there.any(axis=2) != there.all(axis=2)).any():
        raise ValueError(
            "predictor_consistency received repetitions that some neuroids have and others lack; use "
            "split_half_reliability, which halves per neuroid."
        )
    order = np.arange(values.shape[1]) if stimulus_ids is None else np.argsort(np.asarray(stimulus_ids), kind="stable")
    if len(order) != values.shape[1]:
        raise ValueError(f"stimulus_ids must name {values.shape[1]} stimuli, received {len(order)}.")
    return _consistency(_permuted_halves(values, there[..., 0], order, n_halvings, seed), units, MIN_STIMULI_WITH_TWO)


def _permuted_halves(
    values: np.ndarray, there: np.ndarray, order: np.ndarray, n_halvings: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Halves ``(stimulus, unit)`` from one permutation of its repetitions per stimulus; the rest if the number is odd."""
    rng = np.random.default_rng(seed)
    present = [np.flatnonzero(there[:, stimulus]) for stimulus in range(values.shape[1])]
    usable = [stimulus for stimulus in order if len(present[stimulus]) >= 2]
    filled = np.where(np.isfinite(values), values, 0.0)
    for _ in range(n_halvings):
        member = np.zeros((2, *there.shape))
        for stimulus in usable:
            permuted = rng.permutation(present[stimulus])
            half = len(permuted) // 2
            member[0, permuted[:half], stimulus] = 1 / half
            member[1, permuted[half:], stimulus] = 1 / (len(permuted) - half)
        first, second = np.einsum("hrs,rsu->hsu", member, filled)
        yield first[usable], second[usable]


def _consistency(halves: Iterator[tuple[np.ndarray, np.ndarray]], units: tuple[int, ...], least: int) -> Consistency:
    rows = []
    for first, second in halves:
        r = paired_correlation(first, second, np.ones((1, len(first))))[0]
        rows.append(spearman_brown(r) if len(first) >= least else np.full(r.shape, np.nan))
    raw = np.stack(rows).reshape(-1, *units)
    medians = _nanmedian(raw, 1)
    n_defined = np.isfinite(medians).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.nansum(medians, axis=0) / np.where(n_defined > 0, n_defined, np.nan)
        spread = np.sqrt(np.nansum((medians - value) ** 2, axis=0) / n_defined)
        return Consistency(np.asarray(value), np.asarray(spread / np.sqrt(n_defined)), raw)


def _nanmedian(values: np.ndarray, axis: int) -> np.ndarray:
    """Median of what is defined, NaN where nothing is, without numpy's warning."""
    empty = np.isnan(values).all(axis=axis, keepdims=True)
    return np.where(np.squeeze(empty, axis), np.nan, np.nanmedian(np.where(empty, 0.0, values), axis=axis))
