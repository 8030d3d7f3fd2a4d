"""Features to responses over folds: fit, predict, correlate, resample; shared by layers and null models."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from data.splits import SplitSpec
from data.stimuli import StimulusSet

from .baselines import Baseline
from .benchmark import Benchmark
from .ceilings import CeilingEstimate
from .correlation import pearson, weighted_pearson
from .folds import Fold
from .inference.resampling import bootstrap_weights
from .mappings.ridge import NeuroidRidge
from .result import aggregate

NEUROIDS_PER_BLOCK = 2000
NULLS_REMEMBERED = 16


@dataclass(frozen=True)
class Mapped:
    """Features mapped to responses over all folds."""

    predictions: list[np.ndarray]  # per fold (n_test, neuroid)
    alpha: np.ndarray  # (split, neuroid)
    at_edge: np.ndarray
    inner_r2: np.ndarray


_nulls: dict[str, Mapped] = {}


class CrossValidation:
    """Responses, folds and resamples that all layers and null models of one score share."""

    def __init__(
        self,
        trials: xr.DataArray,
        folds: list[Fold],
        stimuli: StimulusSet,
        spec: SplitSpec,
        bench: Benchmark,
        n_boot: int,
        seed: int,
    ) -> None:
        self.trials, self.folds, self.bench, self.seed = trials, folds, bench, seed
        self.responses = trials.values.mean(axis=0)  # (stimulus, neuroid)
        # Inner folds are cut as the outer ones are; the bootstrap always draws whole groups where there are any.
        self.groups = None if spec.group is None else stimuli.table[spec.group].to_numpy()
        related = None if stimuli.group is None else stimuli.table[stimuli.group].to_numpy()
        self.weights = bootstrap_weights(len(stimuli), related, n_boot, seed)
        known = trials.coords
        n_neuroids = trials.sizes["neuroid"]
        self.subject = known["subject"].values.astype(str) if "subject" in known else np.full(n_neuroids, "all")
        empty = CeilingEstimate(np.full(n_neuroids, np.nan), None)
        self.ceiling = bench.ceiling.estimate(trials, self.weights) if bench.ceiling else empty

    def map(self, features: np.ndarray, standardise: bool = True) -> Mapped:
        """Fit and predict over all folds."""
        predictions, alpha, edge, inner = [], [], [], []
        for number, fold in enumerate(self.folds):
            ridge = NeuroidRidge(self.bench.alphas, standardise=standardise, seed=self.seed + number)
            groups = None if self.groups is None else self.groups[fold.train]
            ridge.fit(features[fold.train], self.responses[fold.train], groups=groups)
            predictions.append(ridge.predict(features[fold.test]))
            alpha.append(ridge.alpha_)
            edge.append(ridge.at_edge_)
            inner.append(ridge.inner_r2_)
        return Mapped(predictions, np.stack(alpha), np.stack(edge), np.stack(inner))

    def map_null(self, null: Baseline, stimuli: StimulusSet) -> Mapped:
        """The same for a null model; the latest are remembered, since all models on a benchmark meet the same ones."""
        features = null.features(stimuli)
        digest = hashlib.sha256(f"{null.standardised} {self.seed} {features.shape}".encode())
        rows = [part for fold in self.folds for part in (fold.train, fold.test)]
        for array in (features, self.responses, self.bench.alphas, *rows):
            digest.update(np.ascontiguousarray(array).data)
        digest.update(repr(None if self.groups is None else self.groups.tolist()).encode())
        key = digest.hexdigest()
        if key not in _nulls:
            while len(_nulls) >= NULLS_REMEMBERED:
                del _nulls[next(iter(_nulls))]
            _nulls[key] = self.map(features, null.standardised)
        return _nulls[key]

    def correlations(self, mapped: Mapped) -> np.ndarray:
        """Pearson r ``(split, neuroid)``."""
        return np.stack(
            [
                pearson(made, self.responses[fold.test])
                for fold, made in zip(self.folds, mapped.predictions, strict=True)
            ]
        )

    def draws(self, mapped: Mapped) -> tuple[np.ndarray, np.ndarray]:
        """Aggregate raw and ceiled scores of every resample, each ``(boot,)``."""
        n_neuroids = self.responses.shape[1]
        raw = np.empty((len(self.weights), n_neuroids))
        for start in range(0, n_neuroids, NEUROIDS_PER_BLOCK):
            block = slice(start, start + NEUROIDS_PER_BLOCK)
            total = np.zeros((len(self.weights), raw[:, block].shape[1]))
            count = np.zeros_like(total)
            for fold, made in zip(self.folds, mapped.predictions, strict=True):
                r = weighted_pearson(made[:, block], self.responses[fold.test, block], self.weights[:, fold.test])
                total += np.nan_to_num(r)
                count += ~np.isnan(r)
            raw[:, block] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        ceilings = self.ceiling.values if self.ceiling.draws is None else self.ceiling.draws
        return aggregate(raw, self.subject), aggregate(raw / ceilings, self.subject)

    def dataset(self, mapped: dict[str, Mapped], nulls: dict[str, Mapped]) -> xr.Dataset:
        """All numbers, labelled."""
        variables: dict[str, Any] = {"ceiling": ("neuroid", self.ceiling.values)}
        if self.ceiling.draws is not None:
            variables["draws_ceiling"] = ("boot", aggregate(self.ceiling.draws, self.subject))
        for prefix, dim, results in (("", "layer", mapped), ("baseline_", "baseline", nulls)):
            each = list(results.values())
            cube = (dim, "split", "neuroid")
            variables[f"{prefix}raw"] = (cube, np.stack([self.correlations(one) for one in each]))
            variables[f"{prefix}alpha"] = (cube, np.stack([one.alpha for one in each]))
            variables[f"{prefix}at_edge"] = (cube, np.stack([one.at_edge for one in each]).astype(np.int8))
            variables[f"{prefix}inner_r2"] = (cube, np.stack([one.inner_r2 for one in each]))
            raw, ceiled = zip(*(self.draws(one) for one in each), strict=True)
            variables[f"{prefix}draws_raw"] = ((dim, "boot"), np.stack(raw))
            variables[f"{prefix}draws_ceiled"] = ((dim, "boot"), np.stack(ceiled))
        coords: dict[str, Any] = {
            "layer": ("layer", np.array(list(mapped))),
            "baseline": ("baseline", np.array(list(nulls))),
            **{
                str(key): ("neuroid", coord.values)
                for key, coord in self.trials.coords.items()
                if coord.dims == ("neuroid",)
            },
            "subject": ("neuroid", self.subject),
        }
        return xr.Dataset(variables, coords=coords)

    def ceiling_notes(self) -> list[str]:
        """Sentence on neuroids whose ceiling could not be had."""
        lost = int(np.isnan(self.ceiling.values).sum())
        if not self.bench.ceiling or lost == 0:
            return []
        return [
            f"{lost} of {len(self.ceiling.values)} neuroids have no positive ceiling; they count in raw scores only."
        ]


def choose_layers(mapped: dict[str, Mapped], subject: np.ndarray) -> tuple[Mapped, list[str]]:
    """Per fold, the layer with the best inner R2: chosen without its test rows, so not biased by the choice."""
    names = list(mapped)
    quality = np.stack([aggregate(mapped[name].inner_r2, subject) for name in names])  # (layer, split)
    best = [names[index] for index in np.nan_to_num(quality, nan=-np.inf).argmax(axis=0)]
    pick = lambda attribute: np.stack([getattr(mapped[name], attribute)[k] for k, name in enumerate(best)])  # noqa: E731
    predictions = [mapped[name].predictions[k] for k, name in enumerate(best)]
    return Mapped(predictions, pick("alpha"), pick("at_edge"), pick("inner_r2")), best
