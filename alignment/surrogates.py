"""Surrogates of a recording over time: what a model scores on spikes that keep one thing of the recording and lose another."""

import hashlib
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import xarray as xr

from data.dataset import NeuralDataset
from data.splits import SplitSpec

from .benchmark import Benchmark
from .folds import Fold
from .measurement import Measurement
from .over_time import moments_of
from .result import nan_mean
from .runs import make_run
from .trials import Trials

N_DRAWS = 10
# Surrogate means of a recording are the same for all models; a new recording takes the place of the last.
REMEMBERED = 8
_means: dict[str, list[np.ndarray]] = {}


class Surrogate(Protocol):
    """A way to make trials that never were."""

    @property
    def name(self) -> str:
        """Name in reports."""
        ...

    def describe(self) -> str:
        """What is kept and what is lost, in one sentence."""
        ...

    def mean(self, trials: xr.DataArray, rng: np.random.Generator) -> np.ndarray:
        """Mean ``(stimulus, neuroid)`` over surrogates of trials ``(repetition, stimulus, neuroid)``."""
        ...


@dataclass(frozen=True)
class ShuffledInTime:
    """The time bins of every trial of every neuroid in an order of their own: keeps the counts, loses the time course."""

    name: str = "shuffled in time"

    def describe(self) -> str:
        """What is kept and what is lost, in one sentence."""
        return (
            "the same model on a recording whose time bins were shuffled in every trial of every neuroid before "
            f"averaging, mean of {N_DRAWS} draws"
        )

    def mean(self, trials: xr.DataArray, rng: np.random.Generator) -> np.ndarray:
        """Shuffled within sequences."""
        sequence, _ = moments_of(trials["stimulus_id"].values)
        shuffled = np.empty(trials.shape[1:])
        for name in np.unique(sequence):
            rows = np.flatnonzero(sequence == name)
            shuffled[rows] = nan_mean(rng.permuted(trials.values[:, rows], axis=1), axis=0)
        return shuffled


@dataclass(frozen=True)
class RateMatchedPoisson:
    """Independent Poisson counts of every neuroid's mean rate: keeps how much it fires, loses when and for what."""

    name: str = "rate-matched Poisson"

    def describe(self) -> str:
        """What is kept and what is lost, in one sentence."""
        return (
            "the same model on Poisson counts of each neuroid's mean rate, the same in all bins and directions, with as "
            f"many trials, mean of {N_DRAWS} draws"
        )

    def mean(self, trials: xr.DataArray, rng: np.random.Generator) -> np.ndarray:
        """The sum over n trials is a Poisson count of n times the rate."""
        count = np.isfinite(trials.values).sum(axis=0)
        rate = np.nansum(trials.values, axis=(0, 1)) / count.sum(axis=0)
        return rng.poisson(count * rate) / count


def measure_surrogate(
    surrogate: Surrogate,
    features: np.ndarray,
    bench: Benchmark,
    spec: SplitSpec,
    dataset: NeuralDataset,
    trials: Trials,
    folds: list[Fold],
    n_boot: int,
    seed: int,
) -> Measurement:
    """Features against several surrogates of the recording: mean, and resamples that draw a surrogate besides the stimuli."""
    open_ended = replace(bench, ceiling=None, normalisation="none")
    each = []
    for draw, mean in enumerate(_remembered_means(surrogate, trials.values, seed)):
        made = trials.values[:1].copy(data=mean[None])
        n_here = len(range(draw, n_boot, N_DRAWS))
        run, _, _ = make_run(
            open_ended, spec, dataset, replace(trials, values=made, n_missing=0), folds, max(n_here, 1), 0, seed + draw
        )
        each.append(run.measure(features, choose=False))
    raw = nan_mean(np.stack([one.raw for one in each]), axis=0)
    draws = np.concatenate([one.draws_raw for one in each])[:n_boot]
    blank = np.full_like(raw, np.nan)
    return Measurement(raw, draws, np.full_like(draws, np.nan), blank, {}, np.empty(0), blank[0])


def _remembered_means(surrogate: Surrogate, trials: xr.DataArray, seed: int) -> list[np.ndarray]:
    content = hashlib.sha256(np.ascontiguousarray(trials.values).data).hexdigest()
    key = f"{surrogate!r} {seed} {trials['stimulus_id'].values.tolist()} {content}"
    if key not in _means:
        while len(_means) >= REMEMBERED:
            del _means[next(iter(_means))]
        rng = np.random.default_rng([seed, 2])
        _means[key] = [surrogate.mean(trials, rng) for _ in range(N_DRAWS)]
    return _means[key]
