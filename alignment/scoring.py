"""From a model and a benchmark to a `Score`: record, fit, predict, correlate, resample, compare with nulls."""

import platform
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from data.dataset import NeuralDataset
from data.splits import SplitSpec

from .activations import constant_note, record_activations
from .baselines import Baseline, NuisanceModel, OasmModel, RandomFeatures
from .benchmark import Benchmark
from .cache import ActivationCache
from .crossvalidation import CrossValidation, Mapped, choose_layers
from .folds import make_folds, warn_of_leak
from .inference.resampling import fold_factor
from .protocol import RecordableModel
from .result import NESTED, Score


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

    absent = [member for member in ("name", "revision", "layers", "input_spec", "record") if not hasattr(model, member)]
    if absent:
        raise TypeError(
            f"{type(model).__name__} is no RecordableModel, it lacks {', '.join(absent)}; wrap a torch network in TorchModel."
        )
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

    run = CrossValidation(trials, folds, stimuli, spec, bench, n_boot, seed)
    activations = record_activations(model, bench.shown(stimuli), layers, batch_size=batch_size, cache=cache)
    notes += [constant_note(model, name, values.values) for name, values in activations.items()]
    names = list(activations)
    headline = _headline(model, names)
    steps = _Progress(len(names) + 3, f"{model.name} on {bench.name}", progress)
    mapped = {}
    for name, values in activations.items():
        mapped[name] = run.map(values.values)
        steps.advance()
    considered = names if headline == NESTED else [headline]
    width = max(activations[name].sizes["neuroid"] for name in considered)
    nulls: list[Baseline] = [
        RandomFeatures(width, seed),
        NuisanceModel(getattr(model, "n_tokens", None)),
        OasmModel(),
    ]
    mapped_nulls = {}
    for null in nulls:
        mapped_nulls[null.name] = run.map_null(null, stimuli)
        steps.advance()
    steps.close()
    choice: list[str] = []
    if len(names) > 1:
        mapped[NESTED], choice = choose_layers(mapped, run.subject)
    notes += [_edge_note(mapped, bench.alphas), _null_edge_note(mapped_nulls)]
    data = run.dataset(mapped, mapped_nulls)
    notes += run.ceiling_notes()
    tested = np.unique(np.concatenate([fold.test for fold in folds]))
    factor = fold_factor(len(tested), float(np.mean([len(fold.train) for fold in folds])))
    provenance = {
        **_identity(model, bench, dataset, spec),
        "model_revision": activations[names[0]].attrs["revision"] or "not keyed",
        "n_presentations": len(stimuli),
        "n_repetitions": int(trials.sizes["repetition"]),
        "n_boot": n_boot,
        "scoring_seed": seed,
        "interval_factor": factor,
        "bootstrap_over": stimuli.group or "presentation",
        "nested_choice": choice,
        "neuroids_left_out": dropped,
        "baselines": {null.name: null.describe() for null in nulls},
        "published": [vars(number) for number in bench.published],
    }
    result = Score(
        data=data,
        headline=headline,
        normalisation=bench.normalisation,
        ceiling_kind=bench.ceiling.kind if bench.ceiling else "none",
        protocol=(*bench.protocol(spec), *_interval_words(stimuli.group, n_boot, factor)),
        warnings=tuple(note for note in notes if note),
        provenance=provenance,
    )
    # The printed interval and the one in this sentence must be the same, so it is taken from the score itself.
    neighbours = _neighbour_note(result)
    return replace(result, warnings=(*result.warnings, neighbours)) if neighbours else result


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


def _null_edge_note(nulls: dict[str, Mapped]) -> str:
    parts = [f"{name} {one.at_edge.mean():.0%}" for name, one in nulls.items() if one.at_edge.any()]
    if not parts:
        return ""
    return (
        "null models with penalties on the edge of the grid (its top where they carry no signal), share of fits: "
        f"{', '.join(parts)}."
    )


def _neighbour_note(result: Score) -> str:
    """Sentence for a set whose neighbouring stimuli are alike across folds, found by the null that knows nothing else."""
    name = OasmModel().name
    row = result.baseline_row(name)
    low, high = row["ci_low"], row["ci_high"]
    if not low > 0:
        return ""
    return (
        f"{name} scores above 0 (interval {low:.3f} to {high:.3f}) though it knows only which stimuli are neighbours: "
        "responses of neighbours are alike across these folds, and part of any model's score may come from that."
    )


def _safe_split(dataset: NeuralDataset) -> str | None:
    group = dataset.stimuli.group
    return next((name for name, spec in dataset.splits.items() if group and spec.group == group), None)


def _interval_words(group: str | None, n_boot: int, factor: float) -> list[str]:
    unit = f"groups of {group}" if group else "presentations"
    return [
        f"Interval: 95 % percentile bootstrap, {n_boot} draws over {unit} of the test folds with the fitted mapping held "
        f"fixed, widened around the score by {factor:.2f} = sqrt(1 + tested / training rows) because folds share "
        "training rows (Nadeau & Bengio 2003).",
        "Nulls: the same folds, mapping and formula with features that know nothing of the content.",
    ]


def _identity(model: RecordableModel, bench: Benchmark, dataset: NeuralDataset, spec: SplitSpec) -> dict[str, Any]:
    return {
        "model": model.name,
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
