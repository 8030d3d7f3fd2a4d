"""Similarity of RDMs corrected for the noise of the recordings, by halves of their repetitions."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from ..correlation import ROUNDING, pearson
from .halved_fits import Missing, as_recording, as_source, halve, mean_over_first, usable_seeds
from .predictivity import Average, Correction, NoiseCorrectedPredictivity

RdmCorrelation = Literal["pearson", "spearman"]


def noise_corrected_rsa(
    source: npt.ArrayLike | Sequence[np.ndarray],
    trials: npt.ArrayLike,
    *,
    method: RdmCorrelation = "pearson",
    n_halves: int = 100,
    seed: int = 1234,
    missing: Missing = "refuse",
    correction: Correction = "source and target",
    average: Average = "ratio",
) -> NoiseCorrectedPredictivity:
    """Correlation of two RDMs, corrected for the noise of both recordings.

    With D the RDM (1 - Pearson r over neuroids) of the means over repetitions and 1, 2 the halves of one halving::

        r_xy = r(D(X), D(Y))    r_xx = r(D(X1), D(X2))    r_yy = r(D(Y1), D(Y2))    over pairs of stimuli
        corrected = r_xy / sqrt(SB(r_xx) SB(r_yy)),   SB(r) = 2 r / (1 + r)

    Nothing is fitted, so that there are no folds.

    Parameters
    ----------
    source
        Features ``(stimulus, feature)`` of a model, whose r_xx is 1; or another recording
        ``(repetition, stimulus, neuroid)``; or a list of such, whose neuroids are pooled.
    trials
        ``(repetition, stimulus, neuroid)``; NaN where a repetition is missing.
    method
        Correlation over pairs of stimuli.
    n_halves, seed, missing, correction, average
        As in `noise_corrected_predictivity`.

    Returns
    -------
    NoiseCorrectedPredictivity
        Components ``(half, 1, 1)``: the whole population counts as one neuroid. NaN for halves in which a stimulus has the
        same response in all neuroids, because its distances are then undefined.

    Raises
    ------
    ValueError
        For fewer than 3 stimuli or 2 neuroids, NaN that were not declared, shapes that do not fit, or if no halving is left.

    References
    ----------
    Kriegeskorte et al. 2008, Front Syst Neurosci 2:4 (RDM). Nayebi et al. 2023, PLoS Computational Biology, "Mouse visual
    cortex as a limited resource system", Methods (correction). Chung et al. 2025, arXiv:2505.18361 (both together).
    """
    for name, value, kinds in (
        ("method", method, RdmCorrelation),
        ("missing", missing, Missing),
        ("correction", correction, Correction),
        ("average", average, Average),
    ):
        if value not in get_args(kinds):
            raise ValueError(f"{name} must be one of {', '.join(get_args(kinds))}, received {value!r}.")
    y, x = as_recording(trials, "trials", missing), as_source(source, missing)
    parts = x if isinstance(x, list) else []
    shapes = [part.shape[1:] for part in parts] or [np.shape(x)]
    if any(shape[0] != y.shape[1] for shape in shapes):
        raise ValueError(
            f"source has {[shape[0] for shape in shapes]} stimuli and trials {y.shape[1]}; give both the same rows."
        )
    if y.shape[1] < 3 or min(sum(shape[1] for shape in shapes), y.shape[2]) < 2:
        raise ValueError(
            f"source {shapes} and trials {y.shape[1:]} (stimulus, neuroid) are too small: RDMs are compared with at least 3 "
            "stimuli and 2 neuroids."
        )
    seeds = usable_seeds([y, *parts], n_halves, seed, missing)
    r_xy = _between(_whole(x), mean_over_first(y), method)
    r_yy = np.array([_between(*halve(y, number, missing), method) for number in seeds])
    r_xx = np.ones(len(seeds))
    if parts:
        sides = ([halve(part, number, missing) for part in parts] for number in seeds)
        pooled = ([np.concatenate(half, axis=1) for half in zip(*side, strict=True)] for side in sides)
        r_xx = np.array([_between(first, second, method) for first, second in pooled])
    shaped = (np.full(len(seeds), r_xy), r_xx, r_yy)
    every, xx, yy = (values.reshape(-1, 1, 1) for values in shaped)
    return NoiseCorrectedPredictivity(every, xx, yy, correction, average, n_halves - len(seeds), seed)


def correlation_rdms(patterns: np.ndarray) -> np.ndarray:
    """RDMs ``(..., pair)`` of ``(..., stimulus, neuroid)``: 1 - Pearson r; NaN for pairs with a constant pattern."""
    centred = patterns - patterns.mean(axis=-1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=-1, keepdims=True))
    floor = ROUNDING * np.abs(patterns).max(axis=-1, keepdims=True) * np.sqrt(patterns.shape[-1])
    unit = np.where(length > floor, centred / np.where(length > floor, length, 1), np.nan)
    rows, columns = np.triu_indices(patterns.shape[-2], k=1)
    return np.asarray(1 - (unit @ np.swapaxes(unit, -1, -2))[..., rows, columns])


def comparable(rdms: np.ndarray, method: RdmCorrelation) -> np.ndarray:
    """What Pearson r is taken of: the distances, or their ranks."""
    return rankdata(rdms, axis=-1) if method == "spearman" else rdms


def _whole(source: np.ndarray | list[np.ndarray]) -> np.ndarray:
    """Mean patterns ``(stimulus, neuroid)``."""
    if isinstance(source, list):
        return np.concatenate([mean_over_first(part) for part in source], axis=1)
    return source


def _between(first: np.ndarray, second: np.ndarray, method: RdmCorrelation) -> float:
    one, other = (comparable(correlation_rdms(patterns), method)[:, None] for patterns in (first, second))
    return float(pearson(one, other)[0])
