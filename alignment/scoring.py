"""From a model and a benchmark to a `Score`: record, fit, predict, correlate, resample, permute, compare with nulls."""

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from data.dataset import NeuralDataset
from data.splits import SplitSpec

from .activations import constant_note, record_activations
from .baselines import Baseline, NuisanceModel, OasmModel, RandomFeatures, TableColumns
from .benchmark import Benchmark
from .cache import ActivationCache
from .crossvalidation import CrossValidation
from .folds import LeakageWarning, make_folds, warn_of_small_folds
from .layer_target.scoring import score_animals
from .leakage import check_leak
from .mappings import Mapping
from .measurement import Measurement, assemble
from .network_timescales.scoring import score_timescales
from .notes import (
    ceiling_notes,
    edge_note,
    interval_words,
    left_out_notes,
    neighbour_note,
    null_edge_note,
    penalties_of,
)
from .over_time import activations_over_time
from .perceived_flow.scoring import score_perceived_flow
from .protocol import RecordableModel
from .provenance import headline_layer, identity
from .recording_model import RecordingModel
from .rendering import rendered_activations
from .result import NESTED, Score
from .runs import make_run, swap_sides
from .similarity_run import SimilarityRun
from .surrogates import measure_surrogate


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

    bench = load_benchmark(benchmark) if isinstance(benchmark, str) else benchmark
    if not bench.by_place:
        _check_model(model)
    if n_boot < 1:
        raise ValueError(f"n_boot must be at least 1, received {n_boot}.")
    dataset = bench.load(offline=offline)
    if isinstance(model, RecordingModel):
        model.refuse_itself(dataset)
    stimuli = dataset.stimuli
    if bench.by_place:
        if split is not None or layers is not None:
            raise ValueError(f"{bench.name} compares optical flow and fits nothing; leave out split and layers.")
        return score_perceived_flow(model, bench, dataset, n_boot=n_boot, n_permutations=n_permutations, seed=seed)
    if bench.by_timescale:
        if split is not None:
            raise ValueError(f"{bench.name} compares timescales and fits nothing; leave out split={split!r}.")
        return score_timescales(model, bench, dataset, layers=layers, n_boot=n_boot, seed=seed)
    if bench.by_animal:
        if split is not None:
            raise ValueError(f"{bench.name} takes every half of the stimuli for training; leave out split={split!r}.")
        return score_animals(
            model,
            bench,
            dataset,
            layers=layers,
            batch_size=batch_size,
            cache=cache,
            drop_invalid=drop_invalid,
            n_boot=n_boot,
            n_permutations=n_permutations,
            seed=seed,
        )
    metric = bench.make_metric()
    trials = bench.trials(dataset, drop_invalid=drop_invalid)
    responses = trials.mean if dataset.rdms is None else None
    spec = bench.split_spec(dataset, split, responses)
    _check_reach(metric, spec)
    table = stimuli.table_with_content()
    folds = make_folds(spec, table)
    # A sentence that is raised as a Python warning also goes into the score: results outlive the terminal.
    leak = check_leak(
        spec, folds, table, responses, group=stimuli.group, safe=_safe_split(dataset), seed=seed, warn=False
    )
    notes = [leak.sentence if leak.leaks else ""]
    if leak.leaks:
        warnings.warn(leak.sentence, LeakageWarning, stacklevel=2)
    if isinstance(metric, Mapping):
        notes.append(warn_of_small_folds(spec, folds, table))
    if bench.rendering and not isinstance(model, RecordingModel):
        activations = rendered_activations(
            model, bench.rendering, dataset, layers, batch_size=min(batch_size, 16), cache=cache, progress=progress
        )
    elif bench.over_time and not isinstance(model, RecordingModel):
        activations, left_out = activations_over_time(model, bench.over_time, dataset, layers)
        notes += left_out
    else:
        activations = record_activations(model, bench.shown(stimuli), layers, batch_size=batch_size, cache=cache)
    notes += [constant_note(model, name, values.values) for name, values in activations.items()]
    names = list(activations)
    layer_features = {name: values.values for name, values in activations.items()}
    reverse = bench.direction == "brain to model"
    if reverse:
        trials, layer_features = swap_sides(bench, trials, layer_features)
    notes += [*left_out_notes(dataset), *trials.notes]
    run, units, note = make_run(bench, spec, dataset, trials, folds, n_boot, n_permutations, seed)
    notes.append(note)
    headline = headline_layer(model, names)
    steps = _Progress(len(names) + 3, f"{model.name} on {bench.name}", progress)
    measured: dict[str, Measurement] = {}
    for name, features in layer_features.items():
        measured[name] = run.measure(features, choose=len(names) > 1)
        steps.advance()
    considered = names if headline == NESTED else [headline]
    width = max(layer_features[name].shape[1] for name in considered)
    nulls: list[Baseline] = [RandomFeatures(width, seed), *(bench.baselines or _baselines(bench, model))]
    measured_nulls = {}
    for null in nulls:
        measured_nulls[null.name] = run.measure_null(null, null.features(stimuli))
        steps.advance()
    steps.close()
    choice: list[str] = []
    if len(names) > 1:
        measured[NESTED], choice = run.nested(measured)
    stands = layer_features[max(names, key=choice.count) if headline == NESTED else headline]
    for surrogate in bench.surrogates:
        measured_nulls[surrogate.name] = measure_surrogate(
            surrogate, stands, bench, spec, dataset, trials, folds, n_boot, seed
        )
    notes += [edge_note(measured, penalties_of(metric)), null_edge_note(measured_nulls)]
    coords = {"neuroid_id": run.subject}
    if isinstance(run, CrossValidation):
        known = trials.values.coords.items()
        coords = {str(key): coord.values for key, coord in known if coord.dims == ("neuroid",) and key != "subject"}
    data = assemble(measured, measured_nulls, run.ceiling, run.subject, coords)
    if isinstance(run, SimilarityRun):
        data = data.assign(run.described(measured))
    notes += ceiling_notes(bench, run.ceiling)
    fitted = isinstance(run, CrossValidation)
    n_train = float(np.mean([len(fold.train) for fold in folds]))
    factor = run.factor if isinstance(run, CrossValidation) else 1.0
    provenance = {
        **identity(model, bench, dataset, spec.name),
        "model_revision": activations[names[0]].attrs["revision"] or "not keyed",
        "n_presentations": len(stimuli),
        "n_neuroids_compared": int(trials.values.sizes["neuroid"]),
        "n_repetitions": int(trials.values.sizes["repetition"]),
        "n_missing_responses": trials.n_missing,
        "n_boot": n_boot,
        "n_permutations": len(run.orders),
        "scoring_seed": seed,
        "interval_factor": factor,
        "test_over_train": float(np.mean([len(fold.test) for fold in folds])) / n_train,
        "bootstrap_over": units.words,
        "nested_choice": choice,
        "neuroids_left_out": list(trials.left_out),
        "metric": _metric_words(bench),
        "measure": _measure(bench, metric),
        "baselines": {null.name: null.describe() for null in nulls}
        | {surrogate.name: surrogate.describe() for surrogate in bench.surrogates},
        "published": [vars(number) for number in bench.published],
    }
    words = interval_words(units.words, n_boot, factor, len(run.orders), fitted=fitted)
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
    neighbours = neighbour_note(result)
    return replace(result, warnings=(*result.warnings, neighbours)) if neighbours else result


def _baselines(bench: Benchmark, model: RecordableModel) -> list[Baseline]:
    """What is known of a list of stimuli: how long or strong they are, and which are neighbours."""
    if bench.nuisance:
        return [TableColumns(bench.nuisance), OasmModel()]
    return [NuisanceModel(getattr(model, "n_tokens", None)), OasmModel()]


def _check_model(model: RecordableModel) -> None:
    absent = [member for member in ("name", "revision", "layers", "input_spec", "record") if not hasattr(model, member)]
    if absent:
        raise TypeError(
            f"{type(model).__name__} is no RecordableModel, it lacks {', '.join(absent)}; wrap a torch network in TorchModel."
        )


def _measure(bench: Benchmark, metric: object) -> str:
    if not isinstance(metric, Mapping):
        return str(getattr(metric, "name", "similarity"))
    return "cosine" if bench.over_time and bench.over_time.between else "Pearson r"


def _metric_words(bench: Benchmark) -> str:
    direction = "" if bench.direction == "model to brain" else f", {bench.direction}"
    return bench.make_metric().describe() + direction


def _check_reach(metric: object, spec: SplitSpec) -> None:
    """A mapping that looks back in time must not look across the border of a fold."""
    reach = int(getattr(metric, "memory_samples", 0))
    if reach and not (spec.scheme == "blocks" and spec.time is None and spec.embargo >= reach):
        raise ValueError(
            f"{type(metric).__name__} looks back {reach} presentations, but split {spec.name!r} does not keep training and "
            f"test rows that far apart; use SplitSpec('blocks', 'blocks', 5, embargo={reach})."
        )


class _Progress:
    """A bar on stderr, silent unless it is asked for."""

    def __init__(self, total: int, label: str, shown: bool) -> None:
        from tqdm import tqdm

        self._bar = tqdm(total=total, desc=label, unit="fit", disable=not shown, leave=False)

    def advance(self) -> None:
        self._bar.update()

    def close(self) -> None:
        self._bar.close()


def _safe_split(dataset: NeuralDataset) -> SplitSpec | None:
    group = dataset.stimuli.group
    return next((spec for spec in dataset.splits.values() if group and spec.group == group), None)
