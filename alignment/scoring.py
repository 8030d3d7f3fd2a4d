"""From a model and a benchmark to a `Score`: record, fit, predict, correlate, resample, compare with nulls."""

import platform
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import xarray as xr

from data.dataset import NeuralDataset
from data.splits import SplitSpec
from data.stimuli import StimulusSet

from .activations import record_activations
from .baselines import Baseline, NuisanceModel, OasmModel, RandomFeatures
from .benchmark import Benchmark
from .cache import ActivationCache
from .ceilings import CeilingEstimate
from .correlation import pearson, weighted_pearson
from .folds import Fold, make_folds, warn_of_leak
from .protocol import RecordableModel
from .resampling import bootstrap_weights
from .result import NESTED, Score, aggregate
from .ridge import NeuroidRidge

NEUROIDS_PER_BLOCK = 2000


@dataclass(frozen=True)
class Mapped:
    """Features mapped to responses over all folds."""

    predictions: list[np.ndarray]  # per fold (n_test, neuroid)
    alpha: np.ndarray  # (split, neuroid)
    at_edge: np.ndarray
    inner_r2: np.ndarray


def score(
    model: RecordableModel,
    benchmark: Benchmark | str,
    *,
    layers: Sequence[str] | None = None,
    split: str | SplitSpec | None = None,
    batch_size: int = 64,
    cache: ActivationCache | bool = True,
    drop_invalid: bool = False,
    n_boot: int = 1000,
    seed: int = 0,
    offline: bool | None = None,
    progress: bool = False,
) -> Score:
    """Score a model against a recording.

    Parameters
    ----------
    model
        Anything that records activations, see `RecordableModel`; a torch network through `TorchModel`.
    benchmark
        Registered name, or a `Benchmark`.
    layers
        Layers to score; all by default. Each is reported; the headline is the model's committed layer, the only
        layer, or else the nested choice.
    split
        Another split of the dataset, by name or description. One that divides groups raises a `LeakageWarning`.
    batch_size
        Stimuli per forward pass.
    cache
        See `record_activations`.
    drop_invalid
        Leave out neuroids with NaN or constant responses, and say which.
    n_boot
        Bootstrap draws over presentations (over groups where there are groups).
    seed
        Seed of bootstrap, inner folds and random-feature baseline.
    offline
        True forbids downloads; None follows ``NEUROMODELS_OFFLINE``.
    progress
        Show a bar on stderr.

    Returns
    -------
    Score
        Raw and ceiled values with intervals, per layer, fold and neuroid, beside three null models.

    Raises
    ------
    ValueError
        For layers, splits, stimuli or responses that do not fit; the message says what to do.
    data.DataNotAvailableError
        If the recording is not on this machine.
    """
    from .benchmarks import load_benchmark

    bench = load_benchmark(benchmark) if isinstance(benchmark, str) else benchmark
    if n_boot < 1:
        raise ValueError(f"n_boot must be at least 1, received {n_boot}.")
    dataset = bench.load(offline=offline)
    spec = bench.split_spec(dataset, split)
    stimuli = dataset.stimuli
    trials, dropped = bench.trials(dataset, drop_invalid=drop_invalid)
    folds = make_folds(spec, stimuli.table)
    # A sentence that is raised as a Python warning also goes into the score: results outlive the terminal.
    notes = [warn_of_leak(spec, folds, stimuli.table, stimuli.group, _safe_split(dataset))]
    if dropped:
        notes.append(f"{len(dropped)} neuroids with NaN or constant responses were left out: {', '.join(dropped[:5])}.")

    run = _Run(trials, folds, stimuli, spec, bench, n_boot, seed)
    activations = record_activations(model, bench.shown(stimuli), layers, batch_size=batch_size, cache=cache)
    names = list(activations)
    headline = _headline(model, names)
    steps = _Progress(len(names) + 3, f"{model.name} on {bench.name}", progress)
    mapped = {}
    for name, values in activations.items():
        mapped[name] = run.map(values.values)
        steps.advance()
    width = activations[names[0] if headline == NESTED else headline].sizes["neuroid"]
    nulls: list[Baseline] = [
        RandomFeatures(width, seed),
        NuisanceModel(getattr(model, "n_tokens", None)),
        OasmModel(),
    ]
    mapped_nulls = {}
    for null in nulls:
        mapped_nulls[null.name] = run.map(null.features(stimuli), null.standardised)
        steps.advance()
    steps.close()
    choice: list[str] = []
    if len(names) > 1:
        mapped[NESTED], choice = _choose_layers(mapped, run.subject)
    notes.append(_edge_note(mapped, bench.alphas))
    data = run.dataset(mapped, mapped_nulls)
    notes += run.ceiling_notes()
    provenance = {
        **_identity(model, bench, dataset, spec),
        "n_presentations": len(stimuli),
        "n_repetitions": int(trials.sizes["repetition"]),
        "n_boot": n_boot,
        "scoring_seed": seed,
        "bootstrap_over": stimuli.group or "presentation",
        "nested_choice": choice,
        "neuroids_left_out": dropped,
        "baselines": {null.name: null.describe() for null in nulls},
        "published": [vars(number) for number in bench.published],
    }
    return Score(
        data=data,
        headline=headline,
        normalisation=bench.normalisation,
        ceiling_kind=bench.ceiling.kind if bench.ceiling else "none",
        protocol=(*bench.protocol(spec), *_interval_words(stimuli.group, n_boot)),
        warnings=tuple(note for note in notes if note),
        provenance=provenance,
    )


class _Run:
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


class _Progress:
    """A bar on stderr, silent unless it is asked for."""

    def __init__(self, total: int, label: str, shown: bool) -> None:
        from tqdm import tqdm

        self._bar = tqdm(total=total, desc=label, unit="fit", disable=not shown, leave=False)

    def advance(self) -> None:
        self._bar.update()

    def close(self) -> None:
        self._bar.close()


def _headline(model: RecordableModel, names: list[str]) -> str:
    committed = getattr(model, "committed_layer", None)
    if committed in names:
        return str(committed)
    return names[0] if len(names) == 1 else NESTED


def _choose_layers(mapped: dict[str, Mapped], subject: np.ndarray) -> tuple[Mapped, list[str]]:
    """Per fold, the layer with the best inner R2: chosen without its test rows, so not biased by the choice."""
    names = list(mapped)
    quality = np.stack([aggregate(mapped[name].inner_r2, subject) for name in names])  # (layer, split)
    best = [names[index] for index in np.nan_to_num(quality, nan=-np.inf).argmax(axis=0)]
    pick = lambda attribute: np.stack([getattr(mapped[name], attribute)[k] for k, name in enumerate(best)])  # noqa: E731
    predictions = [mapped[name].predictions[k] for k, name in enumerate(best)]
    return Mapped(predictions, pick("alpha"), pick("at_edge"), pick("inner_r2")), best


def _edge_note(mapped: dict[str, Mapped], alphas: np.ndarray) -> str:
    parts = []
    for name, one in mapped.items():
        if name != NESTED and one.at_edge.any():
            low = int((one.alpha[one.at_edge] == alphas[0]).sum())
            parts.append(f"{name}: {low} at {alphas[0]:g}, {int(one.at_edge.sum()) - low} at {alphas[-1]:g}")
    if not parts:
        return ""
    total = next(iter(mapped.values())).at_edge.size
    message = (
        f"the chosen penalty lies on the edge of the grid in some of {total} fits per layer ({'; '.join(parts)}): at "
        f"{alphas[-1]:g} the layer predicts hardly more than the mean, at {alphas[0]:g} it is hardly penalised; widen the "
        "grid if that is not what you expect."
    )
    warnings.warn(message, stacklevel=3)
    return message


def _safe_split(dataset: NeuralDataset) -> str | None:
    group = dataset.stimuli.group
    return next((name for name, spec in dataset.splits.items() if group and spec.group == group), None)


def _interval_words(group: str | None, n_boot: int) -> list[str]:
    unit = f"groups of {group}" if group else "presentations"
    return [
        f"Interval: 95 % percentile bootstrap, {n_boot} draws over {unit} of the test folds with the fitted mapping held "
        "fixed; it does not contain the variation of refitting.",
        "Nulls: the same folds, mapping and formula with features that know nothing of the content.",
    ]


def _identity(model: RecordableModel, bench: Benchmark, dataset: NeuralDataset, spec: SplitSpec) -> dict[str, Any]:
    return {
        "model": model.name,
        "model_revision": model.revision or "not keyed",
        "model_seed": getattr(model, "seed", None),
        "benchmark": bench.name,
        "benchmark_version": bench.version,
        "citation": bench.citation,
        "dataset": dataset.name,
        "dataset_licence": dataset.info.licence,
        "dataset_notes": dataset.info.notes,
        "synthetic": dataset.info.access == "embedded",
        "files": dataset.provenance,
        "stimuli_sha256": dataset.stimuli.content_hash(),
        "split": spec.name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": _versions(),
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("neuromodels", "numpy", "scipy", "scikit-learn", "xarray", "pandas"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed as a package"
    if "torch" in sys.modules:
        found["torch"] = str(sys.modules["torch"].__version__)
    return found
