"""From a model and a benchmark to a `Score`: record, fit, predict, correlate, resample, permute, compare with nulls."""

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
from .ceilings import CeilingEstimate
from .crossvalidation import CrossValidation
from .folds import Fold, make_folds, warn_of_leak
from .inference.resampling import bootstrap_weights, fold_factor
from .mappings import Mapping
from .measurement import Measurement, assemble
from .metrics import Rsa, Similarity
from .protocol import RecordableModel
from .relation_ceiling import RelationCeiling
from .result import NESTED, Score
from .similarity_run import SimilarityRun
from .trials import Trials

# Permuted responses are further columns of the regression: this many of them take seconds.
PERMUTED_COLUMNS = 20_000
MOST_PERMUTATIONS, FEWEST_PERMUTATIONS = 199, 19


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
    n_permutations: int | None = None,
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
    n_permutations
        Permutations of the stimulus labels, everything fitted anew for each. By default 199, fewer where neuroids are
        many, and none above about a thousand neuroids: the score says how many there were.
    seed
        Seed of bootstrap, permutations and random-feature baseline.
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

    _check_model(model)
    bench = load_benchmark(benchmark) if isinstance(benchmark, str) else benchmark
    metric = bench.make_metric()
    if n_boot < 1:
        raise ValueError(f"n_boot must be at least 1, received {n_boot}.")
    dataset = bench.load(offline=offline)
    spec = bench.split_spec(dataset, split)
    stimuli = dataset.stimuli
    trials = bench.trials(dataset, drop_invalid=drop_invalid)
    folds = make_folds(spec, stimuli.table)
    # A sentence that is raised as a Python warning also goes into the score: results outlive the terminal.
    notes = [warn_of_leak(spec, folds, stimuli.table, stimuli.group, _safe_split(dataset)), *trials.notes]
    activations = record_activations(model, bench.shown(stimuli), layers, batch_size=batch_size, cache=cache)
    notes += [constant_note(model, name, values.values) for name, values in activations.items()]
    names = list(activations)
    layer_features = {name: values.values for name, values in activations.items()}
    reverse = bench.direction == "brain to model"
    if reverse:
        trials, layer_features = _reversed(bench, trials, layer_features)
    run, related = _make_run(bench, spec, dataset, trials, folds, n_boot, n_permutations, seed)
    headline = _headline(model, names)
    steps = _Progress(len(names) + 3, f"{model.name} on {bench.name}", progress)
    measured: dict[str, Measurement] = {}
    for name, features in layer_features.items():
        measured[name] = run.measure(features, choose=len(names) > 1)
        steps.advance()
    considered = names if headline == NESTED else [headline]
    width = max(layer_features[name].shape[1] for name in considered)
    nulls: list[Baseline] = [RandomFeatures(width, seed), NuisanceModel(getattr(model, "n_tokens", None)), OasmModel()]
    measured_nulls = {}
    for null in nulls:
        measured_nulls[null.name] = run.measure_null(null, null.features(stimuli))
        steps.advance()
    steps.close()
    choice: list[str] = []
    if len(names) > 1:
        measured[NESTED], choice = run.nested(measured)
    notes += [_edge_note(measured, np.asarray(getattr(metric, "alphas", [np.nan]))), _null_edge_note(measured_nulls)]
    coords = {"neuroid_id": run.subject}
    if isinstance(run, CrossValidation):
        known = trials.values.coords.items()
        coords = {str(key): coord.values for key, coord in known if coord.dims == ("neuroid",) and key != "subject"}
    data = assemble(measured, measured_nulls, run.ceiling, run.subject, coords)
    if isinstance(run, SimilarityRun):
        data = data.assign(run.described(measured))
    notes += _ceiling_notes(bench, run.ceiling)
    tested = np.unique(np.concatenate([fold.test for fold in folds]))
    fitted = isinstance(run, CrossValidation)
    factor = fold_factor(len(tested), float(np.mean([len(fold.train) for fold in folds]))) if fitted else 1.0
    provenance = {
        **_identity(model, bench, dataset, spec),
        "model_revision": activations[names[0]].attrs["revision"] or "not keyed",
        "n_presentations": len(stimuli),
        "n_neuroids_compared": int(trials.values.sizes["neuroid"]),
        "n_repetitions": int(trials.values.sizes["repetition"]),
        "n_missing_responses": trials.n_missing,
        "n_boot": n_boot,
        "n_permutations": len(run.orders),
        "scoring_seed": seed,
        "interval_factor": factor,
        "bootstrap_over": related or "presentation",
        "nested_choice": choice,
        "neuroids_left_out": list(trials.left_out),
        "metric": _metric_words(bench),
        "measure": "Pearson r" if isinstance(metric, Mapping) else metric.name,
        "baselines": {null.name: null.describe() for null in nulls},
        "published": [vars(number) for number in bench.published],
    }
    words = _interval_words(related, n_boot, factor, len(run.orders), fitted=fitted)
    result = Score(
        data=data,
        headline=headline,
        normalisation=bench.normalisation,
        ceiling_kind=bench.ceiling.kind if bench.ceiling else "none",
        protocol=(*bench.protocol(spec, responses=dataset.rdms is None), *words),
        warnings=tuple(note for note in notes if note),
        provenance=provenance,
    )
    # The printed interval and the one in this sentence must be the same, so it is taken from the score itself.
    neighbours = _neighbour_note(result)
    return replace(result, warnings=(*result.warnings, neighbours)) if neighbours else result


def _check_model(model: RecordableModel) -> None:
    absent = [member for member in ("name", "revision", "layers", "input_spec", "record") if not hasattr(model, member)]
    if absent:
        raise TypeError(
            f"{type(model).__name__} is no RecordableModel, it lacks {', '.join(absent)}; wrap a torch network in TorchModel."
        )


def _make_run(
    bench: Benchmark,
    spec: SplitSpec,
    dataset: NeuralDataset,
    trials: Trials,
    folds: list[Fold],
    n_boot: int,
    n_permutations: int | None,
    seed: int,
) -> tuple[CrossValidation | SimilarityRun, str | None]:
    """What measures features against these responses, and the column whose groups are resampled whole."""
    stimuli, metric = dataset.stimuli, bench.make_metric()
    n_neuroids = trials.values.sizes["neuroid"]
    related = None if stimuli.group is None else stimuli.table[stimuli.group].to_numpy()
    weights = bootstrap_weights(len(stimuli), related, n_boot, seed)
    columns = n_neuroids if isinstance(metric, Mapping) else 1
    orders = permuted_orders(len(stimuli), related, _how_many(n_permutations, columns), seed)
    known = trials.values.coords
    if isinstance(metric, Mapping) and dataset.rdms is not None:
        raise ValueError(
            f"{dataset.name} holds dissimilarities, no responses, so nothing can be fitted; use metric='rsa' in {bench.name}."
        )
    subject = known["subject"].values.astype(str) if "subject" in known else np.full(n_neuroids, "all")
    if not isinstance(metric, Mapping):
        relations = _relations(dataset, trials, subject, metric)
        none = CeilingEstimate(np.full(len(relations), np.nan), None)
        ceiling = none
        if bench.ceiling is not None:
            if not isinstance(bench.ceiling, RelationCeiling):
                raise ValueError(
                    f"{bench.name}: ceiling {bench.ceiling.kind!r} belongs to neuroids, but {metric.name} is a number per "
                    "subject; use BetweenSubjects() or none."
                )
            ceiling = bench.ceiling.estimate_relations(relations, metric, weights)
        run = SimilarityRun(relations, folds, metric, ceiling=ceiling, weights=weights, orders=orders, groups=related)
        return run, stimuli.group
    if isinstance(bench.ceiling, RelationCeiling):
        raise ValueError(
            f"{bench.name}: ceiling {bench.ceiling.kind!r} belongs to a similarity, but a mapping is scored per neuroid; use "
            "SplitHalfCeiling() or another ceiling of neuroids."
        )
    ceiling = CeilingEstimate(np.full(n_neuroids, np.nan), None)
    if bench.ceiling is not None:
        ceiling = bench.ceiling.estimate(trials.values, weights)
    # Inner folds are cut as the outer ones are; the bootstrap always draws whole groups where there are any.
    groups = None if spec.group is None else stimuli.table[spec.group].to_numpy()
    return (
        CrossValidation(trials.mean, subject, folds, groups, metric, ceiling=ceiling, weights=weights, orders=orders),
        stimuli.group,
    )


def _relations(
    dataset: NeuralDataset, trials: Trials, subject: np.ndarray, metric: Similarity
) -> dict[str, np.ndarray]:
    """How each subject relates the stimuli: from its responses, or the dissimilarities that the dataset holds."""
    if dataset.rdms is not None:
        if not isinstance(metric, Rsa):
            raise ValueError(
                f"{dataset.name} holds dissimilarity matrices, which only RSA compares; use metric=Rsa(...), not "
                f"{metric.name}."
            )
        from .similarity import square_rdm

        names = dataset.rdms["subject"].values.astype(str)
        return {str(name): square_rdm(values) for name, values in zip(names, dataset.rdms.values, strict=True)}
    return {str(name): metric.relate(trials.mean[:, subject == name]) for name in np.unique(subject)}


def _how_many(asked: int | None, n_columns: int) -> int:
    if asked is not None:
        if asked < 0:
            raise ValueError(f"n_permutations must not be negative, received {asked}.")
        return asked
    affordable = PERMUTED_COLUMNS // n_columns
    return 0 if affordable < FEWEST_PERMUTATIONS else min(affordable, MOST_PERMUTATIONS)


def permuted_orders(n_rows: int, groups: np.ndarray | None, n_permutations: int, seed: int) -> np.ndarray:
    """Permuted rows ``(permutation, row)``; with groups their order is permuted and the order inside is kept."""
    rng = np.random.default_rng([seed, 1])
    if groups is None:
        return np.array([rng.permutation(n_rows) for _ in range(n_permutations)], dtype=int).reshape(-1, n_rows)
    _, codes = np.unique(groups, return_inverse=True)
    members = [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]
    slots = np.concatenate(members)
    orders = np.empty((n_permutations, n_rows), dtype=int)
    for order in orders:
        order[slots] = np.concatenate([members[code] for code in rng.permutation(len(members))])
    return orders


def _reversed(bench: Benchmark, trials: Trials, layers: dict[str, np.ndarray]) -> tuple[Trials, dict[str, np.ndarray]]:
    """Swap the sides: the recording becomes the features, the units of the layer become what is predicted."""
    import xarray as xr

    if len(layers) != 1:
        raise ValueError(
            f"{bench.name} predicts the units of one layer from the neuroids; choose one with layers=[...] out of "
            f"{', '.join(layers)}."
        )
    ((layer, units),) = layers.items()
    varying = np.flatnonzero(np.ptp(units, axis=0) > 0)
    if len(varying) == 0:
        raise ValueError(f"layer {layer!r} has no unit that varies over the stimuli; nothing can be predicted.")
    values = xr.DataArray(
        units[None, :, varying].astype(float),
        dims=("repetition", "stimulus", "neuroid"),
        coords={
            "stimulus_id": ("stimulus", trials.values["stimulus_id"].values),
            "neuroid_id": ("neuroid", np.array([f"{layer}.{unit}" for unit in varying])),
        },
    )
    constant = units.shape[1] - len(varying)
    notes = (f"{constant} units of {layer} never change and were left out.",) if constant else ()
    return Trials(values, (), (*trials.notes, *notes), trials.n_missing), {layer: trials.mean}


def _metric_words(bench: Benchmark) -> str:
    direction = "" if bench.direction == "model to brain" else f", {bench.direction}"
    return bench.make_metric().describe() + direction


def _ceiling_notes(bench: Benchmark, ceiling: CeilingEstimate) -> list[str]:
    """Sentence on neuroids whose ceiling could not be had."""
    lost = int(np.isnan(ceiling.values).sum())
    if not bench.ceiling or lost == 0:
        return []
    return [f"{lost} of {len(ceiling.values)} neuroids have no positive ceiling; they count in raw scores only."]


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


def _edge_note(measured: dict[str, Measurement], alphas: np.ndarray) -> str:
    parts, fits = [], 0
    for name, one in measured.items():
        edge = np.asarray(one.chosen.get("at_edge", False), dtype=bool)
        if name != NESTED and edge.any():
            low = int((one.chosen["alpha"][edge] == alphas[0]).sum())
            parts.append(f"{name}: {low} at {alphas[0]:g}, {int(edge.sum()) - low} at {alphas[-1]:g}")
            fits = edge.size
    if not parts:
        return ""
    message = (
        f"the chosen penalty lies on the edge of the grid in some of {fits} fits per layer ({'; '.join(parts)}): at "
        f"{alphas[-1]:g} the layer predicts hardly more than the mean, at {alphas[0]:g} it is hardly penalised; widen the "
        "grid if that is not what you expect."
    )
    warnings.warn(message, stacklevel=3)
    return message


def _null_edge_note(nulls: dict[str, Measurement]) -> str:
    edges = {name: one.chosen["at_edge"] for name, one in nulls.items() if "at_edge" in one.chosen}
    parts = [f"{name} {edge.mean():.0%}" for name, edge in edges.items() if edge.any()]
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
    if result.measure != "Pearson r":
        return (
            f"{name} scores above 0 (interval {low:.3f} to {high:.3f}) though it knows only the order of the stimuli table: "
            "stimuli that stand near each other are alike, as when a table is sorted by category, and any model that sees "
            "what they share gets part of its score from that."
        )
    return (
        f"{name} scores above 0 (interval {low:.3f} to {high:.3f}) though it knows only which stimuli are neighbours: "
        "responses of neighbours are alike across these folds, and part of any model's score may come from that."
    )


def _safe_split(dataset: NeuralDataset) -> str | None:
    group = dataset.stimuli.group
    return next((name for name, spec in dataset.splits.items() if group and spec.group == group), None)


def _interval_words(group: str | None, n_boot: int, factor: float, n_permutations: int, *, fitted: bool) -> list[str]:
    unit = f"groups of {group}" if group else "presentations"
    interval = f"Interval: 95 % percentile bootstrap, {n_boot} draws over {unit}"
    if fitted:
        interval += (
            " of the test folds with the fitted mapping held fixed, widened around the score by "
            f"{factor:.2f} = sqrt(1 + tested / training rows) because folds share training rows (Nadeau & Bengio 2003)"
        )
    words = [f"{interval}.", "Nulls: the same folds and formula with features that know nothing of the content."]
    if n_permutations:
        words.append(
            f"p: the {unit} of the recording are permuted {n_permutations} times against those of the model, everything is "
            "fitted and chosen anew each time; p = (b + 1) / (B + 1), one-sided."
        )
    return words


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
