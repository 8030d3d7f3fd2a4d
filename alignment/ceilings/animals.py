"""How well one animal predicts another: the ceiling that a model of the species is judged against."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr
from sklearn.base import BaseEstimator

from ..folds import Fold
from ..inference.resampling import fold_factor, interval
from ..mappings import NeuroidRidge
from .estimates import CeilingEstimate
from .extrapolation import Extrapolation, Method, extrapolate
from .halved_fits import Missing, mean_over_first
from .predictivity import (
    Average,
    Correction,
    NoiseCorrectedPredictivity,
    median_of_draws,
    noise_corrected_predictivity,
)

OTHERS = "all others"


@dataclass(frozen=True)
class InterAnimalConsistency:
    """Predictivity from animal to animal.

    Attributes
    ----------
    animals
        Names, in the order of the matrix.
    results
        (source, target) to components; the source is ``"all others"`` where sources were pooled.
    factor
        How much wider intervals are made because folds share training rows, see `fold_factor`.
    """

    animals: tuple[str, ...]
    results: dict[tuple[str, str], NoiseCorrectedPredictivity]
    factor: float

    def matrix(self) -> np.ndarray:
        """``(source, target)`` medians over the target's neuroids, NaN on the diagonal; one row if pooled."""
        return np.array(
            [
                [
                    self.results[pair].value if (pair := (source, target)) in self.results else np.nan
                    for target in self.animals
                ]
                for source in self.sources
            ]
        )

    def interval_matrix(self, *, neuroid_seed: int | None = 0) -> np.ndarray:
        """``(2, source, target)`` 95 % intervals of `matrix`; see `interval` for what is resampled."""
        bounds = np.full((2, len(self.sources), len(self.animals)), np.nan)
        for (source, target), found in self.results.items():
            draws = found.draws_of_value(neuroid_seed=neuroid_seed)
            place = self.sources.index(source), self.animals.index(target)
            bounds[(slice(None), *place)] = interval(draws, found.value, self.factor)
        return bounds

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the rows of the matrix."""
        named = {source for source, _ in self.results}
        return (OTHERS,) if OTHERS in named else tuple(name for name in self.animals if name in named)

    def per_neuroid(self, target: str) -> np.ndarray:
        """``(neuroid,)`` mean over the sources of one target animal."""
        return mean_over_first(np.stack([one.per_neuroid() for one in self._of(target)]))

    @property
    def value(self) -> float:
        """Median over all neuroids of all animals of the mean over sources."""
        every = np.concatenate([self.per_neuroid(target) for target in self.animals])
        return float(np.median(every[np.isfinite(every)])) if np.isfinite(every).any() else float("nan")

    def draws_of_value(self, *, neuroid_seed: int | None = 0) -> np.ndarray:
        """``(draw,)`` of `value` on resampled stimuli, and resampled neuroids unless the seed is None."""
        if any(one.draws is None for one in self.results.values()):
            return np.empty(0)
        every = [
            mean_over_first(np.stack([one.draws for one in self._of(target) if one.draws is not None]))
            for target in self.animals
        ]
        return median_of_draws(np.concatenate(every, axis=1), neuroid_seed)

    def interval(self, *, neuroid_seed: int | None = 0) -> tuple[float, float]:
        """95 % interval of `value` over stimuli and, unless the seed is None, neuroids; the animals are held fixed."""
        return interval(self.draws_of_value(neuroid_seed=neuroid_seed), self.value, self.factor)

    def _of(self, target: str) -> list[NoiseCorrectedPredictivity]:
        return [found for (_, name), found in self.results.items() if name == target]


def inter_animal_consistency(
    animals: Mapping[str, npt.ArrayLike],
    folds: Sequence[Fold],
    mapping: BaseEstimator,
    *,
    pooled: bool = False,
    n_halves: int = 100,
    seed: int = 1234,
    groups: np.ndarray | None = None,
    missing: Missing = "refuse",
    correction: Correction = "source and target",
    average: Average = "ratio",
    weights: np.ndarray | None = None,
) -> InterAnimalConsistency:
    """Predict every animal from every other, or from all others together, corrected for the noise of both.

    Parameters
    ----------
    animals
        Name to trials ``(repetition, stimulus, neuroid)`` of the same stimuli in the same order; repetitions may differ.
    folds, mapping
        See `noise_corrected_predictivity`; use those of the model that is to be judged.
    pooled
        One source made of the neuroids of all other animals, instead of each other animal alone.
    n_halves, seed, groups, missing, correction, average, weights
        See `noise_corrected_predictivity`.

    Raises
    ------
    ValueError
        For fewer than two animals, and as `noise_corrected_predictivity`.

    References
    ----------
    Nayebi et al. 2023, PLoS Computational Biology, "Mouse visual cortex as a limited resource system", Methods.
    """
    names = tuple(animals)
    if len(names) < 2:
        raise ValueError(f"inter_animal_consistency needs at least 2 animals, received {list(names)}.")
    results = {}
    for source, sources, target in _pairs(names, pooled):
        results[source, target] = noise_corrected_predictivity(
            [np.asarray(animals[name], dtype=float) for name in sources],
            animals[target],
            folds,
            mapping,
            n_halves=n_halves,
            seed=seed,
            groups=groups,
            missing=missing,
            correction=correction,
            average=average,
            weights=weights,
        )
    tested = np.unique(np.concatenate([fold.test for fold in folds]))
    factor = fold_factor(len(tested), float(np.mean([len(fold.train) for fold in folds])))
    return InterAnimalConsistency(names, results, factor)


def _pairs(names: Sequence[str], pooled: bool) -> Iterator[tuple[str, list[str], str]]:
    """Name of the source, the animals in it, and the target."""
    for target in names:
        others = [name for name in names if name != target]
        if pooled:
            yield OTHERS, others, target
        else:
            yield from ((name, [name], target) for name in others)


@dataclass(frozen=True)
class SizeCurve:
    """Predictivity of a target for sources of several sizes.

    Attributes
    ----------
    sizes
        ``(sample,)`` source neuroids, or source animals.
    values
        ``(sample, neuroid)`` corrected predictivity of the target's neuroids.
    """

    sizes: np.ndarray
    values: np.ndarray

    def extrapolate(
        self, *, per_neuroid: bool = False, n_boot: int = 100, seed: int = 0, method: Method = "global"
    ) -> Extrapolation:
        """Value for an infinitely large source, see `extrapolate`; of the median over neuroids unless ``per_neuroid``."""
        values = self.values if per_neuroid else median_of_draws(self.values)
        return extrapolate(self.sizes, values, n_boot=n_boot, seed=seed, method=method)


def source_unit_curve(
    source: npt.ArrayLike,
    trials: npt.ArrayLike,
    folds: Sequence[Fold],
    mapping: BaseEstimator,
    sizes: Sequence[int],
    *,
    n_subsets: int = 5,
    subset_seed: int = 0,
    n_halves: int = 20,
    seed: int = 1234,
    groups: np.ndarray | None = None,
    missing: Missing = "refuse",
    correction: Correction = "source and target",
    average: Average = "ratio",
) -> SizeCurve:
    """Predictivity from random subsets of the source neuroids.

    Parameters
    ----------
    source
        Trials ``(repetition, stimulus, neuroid)`` or features ``(stimulus, feature)``.
    trials, folds, mapping, n_halves, seed, groups, missing, correction, average
        See `noise_corrected_predictivity`.
    sizes
        Numbers of source neuroids.
    n_subsets
        Random subsets of each size.
    subset_seed
        Seed of the subsets.
    """
    x = np.asarray(source, dtype=float)
    if max(sizes) > x.shape[-1] or min(sizes) < 1:
        raise ValueError(f"sizes must lie in 1 ... {x.shape[-1]}, the source neuroids; received {list(sizes)}.")
    rng = np.random.default_rng(subset_seed)
    drawn, rows = [], []
    for size in sizes:
        for _ in range(1 if size == x.shape[-1] else n_subsets):
            chosen = rng.choice(x.shape[-1], size, replace=False)
            found = noise_corrected_predictivity(
                x[..., chosen],
                trials,
                folds,
                mapping,
                n_halves=n_halves,
                seed=seed,
                groups=groups,
                missing=missing,
                correction=correction,
                average=average,
            )
            drawn.append(size)
            rows.append(found.per_neuroid())
    return SizeCurve(np.array(drawn), np.stack(rows))


def source_animal_curve(
    animals: Mapping[str, npt.ArrayLike],
    target: str,
    folds: Sequence[Fold],
    mapping: BaseEstimator,
    *,
    max_subsets: int = 20,
    subset_seed: int = 0,
    n_halves: int = 20,
    seed: int = 1234,
    groups: np.ndarray | None = None,
    missing: Missing = "refuse",
    correction: Correction = "source and target",
    average: Average = "ratio",
) -> SizeCurve:
    """Predictivity of one animal from the pooled neuroids of 1, 2, ... other animals.

    Parameters
    ----------
    animals
        Name to trials ``(repetition, stimulus, neuroid)``.
    target
        Name of the animal that is predicted.
    folds, mapping, n_halves, seed, groups, missing, correction, average
        See `noise_corrected_predictivity`.
    max_subsets
        Random sets of each number of animals, where there are more.
    subset_seed
        Seed of the sets.
    """
    if target not in animals or len(animals) < 3:
        raise ValueError(f"source_animal_curve needs the target {target!r} and two others, received {list(animals)}.")
    others = [name for name in animals if name != target]
    rng = np.random.default_rng(subset_seed)
    sizes, rows = [], []
    for size in range(1, len(others) + 1):
        sets = list(itertools.combinations(others, size))
        if len(sets) > max_subsets:
            sets = [sets[place] for place in np.sort(rng.choice(len(sets), max_subsets, replace=False))]
        for chosen in sets:
            found = noise_corrected_predictivity(
                [np.asarray(animals[name], dtype=float) for name in chosen],
                animals[target],
                folds,
                mapping,
                n_halves=n_halves,
                seed=seed,
                groups=groups,
                missing=missing,
                correction=correction,
                average=average,
            )
            sizes.append(size)
            rows.append(found.per_neuroid())
    return SizeCurve(np.array(sizes), np.stack(rows))


@dataclass(frozen=True)
class InterAnimalCeiling:
    """How well the other animals of a recording predict each neuroid, as a ceiling for uncorrected scores.

    c = r_xy / sqrt(SB(r_xx)): the prediction is freed of the noise of the source animals and of the fitted mapping; the
    noise of the predicted neuroid stays in, as it stays in the score. See `noise_corrected_predictivity`.

    Attributes
    ----------
    folds
        Training and test rows: those of the benchmark. Stimuli that belong together must stand on one side.
    mapping
        From neuroids to neuroids, that of the model; ridge with one penalty per neuroid if None.
    animal
        Coordinate along ``neuroid`` that names the animal.
    pooled
        All other animals together, or the mean over them.
    n_halves, seed
        See `noise_corrected_predictivity`.
    groups
        ``(stimulus,)`` labels for inner folds, or None.

    References
    ----------
    Nayebi et al. 2023, PLoS Computational Biology.
    """

    folds: tuple[Fold, ...]
    mapping: BaseEstimator | None = None
    animal: str = "subject"
    pooled: bool = True
    n_halves: int = 20
    seed: int = 1234
    groups: np.ndarray | None = None
    kind: str = "inter-animal"

    def describe(self) -> str:
        """Formula and source in one sentence."""
        sources = "the neuroids of all other animals" if self.pooled else "the mean over single other animals"
        return (
            f"inter-animal consistency from {sources}, r_xy / sqrt(SB(r_xx)) over {len(self.folds)} folds and {self.n_halves} "
            "halvings: freed of the noise of the source, not of the target (Nayebi et al. 2023)"
        )

    def estimate(self, trials: xr.DataArray, weights: np.ndarray) -> CeilingEstimate:
        """Ceilings of all neuroids; NaN where not positive."""
        if self.animal not in trials.coords:
            raise ValueError(
                f"an inter-animal ceiling needs the coordinate {self.animal!r} along neuroid, received {list(trials.coords)}."
            )
        who = trials[self.animal].values.astype(str)
        names = list(dict.fromkeys(who.tolist()))
        found = inter_animal_consistency(
            {name: _without_padding(trials.values[..., who == name]) for name in names},
            self.folds,
            NeuroidRidge() if self.mapping is None else self.mapping,
            pooled=self.pooled,
            n_halves=self.n_halves,
            seed=self.seed,
            groups=self.groups,
            missing="halve each",
            correction="source",
            average="components",
            weights=weights,
        )
        values = np.empty(len(who))
        draws = np.empty((len(weights), len(who)))
        for name in names:
            values[who == name] = found.per_neuroid(name)
            each = [one.draws for (_, target), one in found.results.items() if target == name and one.draws is not None]
            draws[:, who == name] = mean_over_first(np.stack(each))
        return CeilingEstimate(np.where(values > 0, values, np.nan), np.where(draws > 0, draws, np.nan))


def _without_padding(trials: np.ndarray) -> np.ndarray:
    """Trials without the repetitions that this animal never had."""
    return trials[np.isfinite(trials).any(axis=(1, 2))]
