"""Predictivity corrected for the noise of the recording and of the fitted mapping, with all of its components."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator

from ..correlation import weighted_pearson
from ..folds import Fold
from .halved_fits import Missing, as_recording, as_source, halved_predictions, mean_over_first, usable_seeds
from .split_half import spearman_brown
from .trial_arrays import checked_weights

Average = Literal["ratio", "components"]
Correction = Literal["source and target", "source", "target"]


@dataclass(frozen=True)
class NoiseCorrectedPredictivity:
    """Components of the noise-corrected predictivity, per halving, split and neuroid.

    Attributes
    ----------
    r_xy
        ``(half, split, neuroid)`` r of the prediction from all data with the mean of all repetitions.
    r_xx
        ``(half, split, neuroid)`` r between the predictions of mappings that were fitted to one half each.
    r_yy
        ``(half, split, neuroid)`` r between the means of the two halves.
    correction, average
        What was corrected, and how halves and splits are averaged; see `noise_corrected_predictivity`.
    n_halves_skipped
        Halvings left out because a half of some stimulus was empty.
    seed
        Seed of the first halving.
    draws
        ``(draw, neuroid)`` of `per_neuroid` on resampled stimuli, or None.
    """

    r_xy: np.ndarray
    r_xx: np.ndarray
    r_yy: np.ndarray
    correction: Correction
    average: Average
    n_halves_skipped: int
    seed: int
    draws: np.ndarray | None = None

    @property
    def r_xx_sb(self) -> np.ndarray:
        """``(half, split, neuroid)`` Spearman-Brown value of r_xx: reliability of the prediction from all data."""
        return spearman_brown(self.r_xx)

    @property
    def r_yy_sb(self) -> np.ndarray:
        """``(half, split, neuroid)`` Spearman-Brown value of r_yy: reliability of the mean of all repetitions."""
        return spearman_brown(self.r_yy)

    @property
    def corrected(self) -> np.ndarray:
        """``(half, split, neuroid)`` r_xy / sqrt(SB(r_xx) SB(r_yy)); NaN where a reliability in it is not positive."""
        return _corrected(self.r_xy, self.r_xx, self.r_yy, self.correction)

    @property
    def n_missing(self) -> int:
        """Values of ``corrected`` that are missing for want of a positive reliability."""
        return int(np.isnan(self.corrected).sum())

    def per_neuroid(self, average: Average | None = None) -> np.ndarray:
        """``(neuroid,)`` corrected predictivity.

        Parameters
        ----------
        average
            See `noise_corrected_predictivity`; its choice if None.
        """
        average = self.average if average is None else average
        _check_option("average", average, Average)
        if average == "ratio":
            return _mean_of_all(self.corrected)
        r_xy, r_xx, r_yy = (_mean_of_all(one) for one in (self.r_xy, self.r_xx, self.r_yy))
        return _corrected(r_xy, r_xx, r_yy, self.correction)

    @property
    def value(self) -> float:
        """Median over the neuroids that have a value."""
        finite = self.per_neuroid()[np.isfinite(self.per_neuroid())]
        return float(np.median(finite)) if len(finite) else float("nan")

    @property
    def sem(self) -> float:
        """Standard error of the mean over neuroids: of neuroids, not of stimuli or animals."""
        finite = self.per_neuroid()[np.isfinite(self.per_neuroid())]
        return float(finite.std(ddof=1) / np.sqrt(len(finite))) if len(finite) > 1 else float("nan")

    def draws_of_value(self, *, neuroid_seed: int | None = None) -> np.ndarray:
        """Median over neuroids on resampled stimuli.

        Parameters
        ----------
        neuroid_seed
            Resample the neuroids of every draw too (crossed with the stimuli), with this seed; not if None.

        Returns
        -------
        numpy.ndarray
            ``(draw,)``; empty without draws.
        """
        return median_of_draws(self.draws, neuroid_seed)


def median_of_draws(draws: np.ndarray | None, neuroid_seed: int | None = None) -> np.ndarray:
    """Median over neuroids of each row of ``draws (draw, neuroid)``, over what is there; empty without draws.

    With a seed, each row is first drawn again with replacement over neuroids.
    """
    if draws is None:
        return np.empty(0)
    if neuroid_seed is not None:
        chosen = np.random.default_rng(neuroid_seed).integers(draws.shape[1], size=draws.shape)
        draws = np.take_along_axis(draws, chosen, axis=1)
    finite = [row[np.isfinite(row)] for row in draws]
    return np.array([np.median(row) if len(row) else np.nan for row in finite])


def noise_corrected_predictivity(
    source: npt.ArrayLike | Sequence[np.ndarray],
    trials: npt.ArrayLike,
    folds: Sequence[Fold],
    mapping: BaseEstimator,
    *,
    n_halves: int = 100,
    seed: int = 1234,
    groups: np.ndarray | None = None,
    missing: Missing = "refuse",
    correction: Correction = "source and target",
    average: Average = "ratio",
    weights: np.ndarray | None = None,
) -> NoiseCorrectedPredictivity:
    """Correlation of a mapped source with a recording, corrected for the noise of both.

    For every halving of the repetitions and every fold, with X and Y means over repetitions and 1, 2 the halves::

        r_xy = r(M(X), Y)     M  fitted on X,  Y  of the training rows, correlated over the test rows
        r_xx = r(M1(X1), M2(X2))    M1, M2 fitted on the halves
        r_yy = r(Y1, Y2)
        corrected = r_xy / sqrt(SB(r_xx) SB(r_yy)),   SB(r) = 2 r / (1 + r)

    The numerator takes all data because Spearman-Brown brings the reliabilities of halves to all data; a numerator of
    halves would be biased low. What remains is the loss of a mapping fitted to finitely many stimuli, which is the same in
    both halves.

    Parameters
    ----------
    source
        Features ``(stimulus, feature)`` of a model, the same in both halves; or another recording
        ``(repetition, stimulus, neuroid)``; or a list of such recordings, whose neuroids are pooled.
    trials
        ``(repetition, stimulus, neuroid)`` that is predicted; NaN where a repetition is missing.
    folds
        Training and test rows of the stimuli.
    mapping
        A `Mapping` or any scikit-learn regressor for many outputs; it is cloned for each fit.
    n_halves
        Random halvings: the first floor(R / 2) of shuffled repetitions against the others.
    seed
        Halving number i shuffles with ``RandomState(seed + i)``, source and target alike.
    groups
        ``(stimulus,)`` labels for the inner folds of a `Mapping`, or None.
    missing
        What to do with NaN: ``"refuse"``; ``"skip"`` halvings in which a half of some stimulus and neuroid is empty, and
        average over what is there otherwise; ``"halve each"``: each stimulus and neuroid halves its own repetitions.
    correction
        ``"source"`` leaves SB(r_yy) out of the denominator: the value is then comparable with an uncorrected score of
        the same recording. ``"target"`` leaves SB(r_xx) out: the noise of the fitted mapping then stays in.
    average
        ``"ratio"``: mean over halves and splits of the corrected values that exist, as published. ``"components"``: the
        formula on the means over halves and splits of r_xy, r_xx and r_yy; to be preferred where reliabilities are low or
        test sets small, since a mean of ratios with a noisy denominator is too large.
    weights
        ``(draw, stimulus)`` bootstrap counts for ``draws``, the fitted mappings held fixed; or None.

    Returns
    -------
    NoiseCorrectedPredictivity
        Nothing is clipped; where a reliability is not positive the corrected value is missing and counted.

    Raises
    ------
    ValueError
        For NaN that were not declared, shapes that do not fit, or if no halving is left.

    References
    ----------
    Nayebi et al. 2023, PLoS Computational Biology, "Mouse visual cortex as a limited resource system", Methods.
    """
    _check_option("missing", missing, Missing)
    _check_option("correction", correction, Correction)
    _check_option("average", average, Average)
    y, x = as_recording(trials, "trials", missing), as_source(source, missing)
    n_stimuli = y.shape[1]
    parts = x if isinstance(x, list) else [x[None]]
    if any(part.shape[1] != n_stimuli for part in parts):
        raise ValueError(
            f"source has {[part.shape[1] for part in parts]} stimuli and trials {n_stimuli}; give both the same rows."
        )
    seeds = usable_seeds([y, *parts], n_halves, seed, missing)
    full, halved = halved_predictions(x, y, seeds, folds, mapping, groups, missing)
    mean_y = mean_over_first(y)
    counts = checked_weights(weights, n_stimuli)
    r_xy = [
        weighted_pearson(made, mean_y[fold.test], counts[:, fold.test]) for fold, made in zip(folds, full, strict=True)
    ]
    whole = np.stack(r_xy)
    sums, r_xx, r_yy = _Sums(whole, correction, average), [], []
    for (first, second), (made1, made2) in halved:
        xx = [weighted_pearson(a, b, counts[:, fold.test]) for fold, a, b in zip(folds, made1, made2, strict=True)]
        yy = [weighted_pearson(first[fold.test], second[fold.test], counts[:, fold.test]) for fold in folds]
        r_xx.append([one[0] for one in xx])
        r_yy.append([one[0] for one in yy])
        if weights is not None:
            sums.add(np.stack(xx), np.stack(yy))
    every = np.broadcast_to(whole[:, 0], (len(seeds), *whole[:, 0].shape))
    draws = None if weights is None else sums.mean()[1:]
    return NoiseCorrectedPredictivity(
        every, np.array(r_xx), np.array(r_yy), correction, average, n_halves - len(seeds), seed, draws
    )


class _Sums:
    """Averages the components of many draws as they come, since all of them would not fit into memory."""

    def __init__(self, r_xy: np.ndarray, correction: Correction, average: Average) -> None:
        self.r_xy, self.correction, self.average = r_xy, correction, average  # (split, draw, neuroid)
        self._totals = np.zeros((2, *r_xy.shape[1:]))
        self._counts = np.zeros((2, *r_xy.shape[1:]))

    def add(self, r_xx: np.ndarray, r_yy: np.ndarray) -> None:
        """Add one halving, ``(split, draw, neuroid)``."""
        if self.average == "ratio":
            r_xx = _corrected(self.r_xy, r_xx, r_yy, self.correction)
        for place, each in enumerate((r_xx, r_yy)):
            self._totals[place] += np.nansum(each, axis=0)
            self._counts[place] += np.isfinite(each).sum(axis=0)

    def mean(self) -> np.ndarray:
        """Corrected value ``(draw, neuroid)``."""
        with np.errstate(invalid="ignore", divide="ignore"):
            first, second = self._totals / np.where(self._counts > 0, self._counts, np.nan)
        if self.average == "ratio":
            return first
        return _corrected(mean_over_first(self.r_xy), first, second, self.correction)


def _check_option(name: str, value: str, kinds: object) -> None:
    if value not in get_args(kinds):
        raise ValueError(f"{name} must be one of {', '.join(get_args(kinds))}, received {value!r}.")


def _corrected(r_xy: np.ndarray, r_xx: np.ndarray, r_yy: np.ndarray, correction: Correction) -> np.ndarray:
    product = np.ones(r_xx.shape)
    for r, side in ((r_xx, "source"), (r_yy, "target")):
        if side in correction:
            reliability = spearman_brown(r)
            with np.errstate(invalid="ignore"):
                product = product * np.where(reliability > 0, reliability, np.nan)
    return np.asarray(r_xy / np.sqrt(product))


def _mean_of_all(values: np.ndarray) -> np.ndarray:
    """Mean ``(neuroid,)`` over halves and splits of what is there."""
    return mean_over_first(values.reshape(-1, values.shape[-1]))
