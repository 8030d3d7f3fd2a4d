"""A benchmark of ours as a Brain-Score benchmark, scored by our protocol or by a Brain-Score metric."""

import shutil
import tempfile
import warnings
import weakref
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
import pandas as pd
import xarray as xr

from data.dataset import NeuralDataset

from ..benchmark import Benchmark
from ..folds import LeakageWarning
from ..mappings import Mapping
from ..metrics import Similarity
from ..relation_ceiling import RelationCeiling
from ..result import Score, aggregate
from ..scoring import score
from ..trial_halves import RelationHalves
from .assemblies import average_repetitions, to_assembly
from .environment import require_brainscore
from .metric import as_metric, features_in_order
from .stimuli import to_stimulus_set

if TYPE_CHECKING:
    from brainscore_core.metrics import Score as BrainScoreScore
    from brainscore_vision.benchmarks import BenchmarkBase

# A window without length: a model over time refuses it, a static one does not look at it.
NO_WINDOW = (0, 0)


class ScoreOptions(TypedDict, total=False):
    """Options of `alignment.score` that a benchmark keeps for every model."""

    n_boot: int
    n_permutations: int | None
    seed: int
    drop_invalid: bool


def as_neural_benchmark(
    benchmark: Benchmark,
    *,
    metric: "str | Mapping | Similarity | Callable[..., BrainScoreScore] | None" = None,
    region: str | None = None,
    visual_degrees: float | None = None,
    window_ms: tuple[float, float] | None = None,
    ceiling: str | float | None = None,
    scoring: ScoreOptions | None = None,
) -> "BenchmarkBase":
    """A Brain-Score benchmark that is called with a Brain-Score model.

    Parameters
    ----------
    benchmark
        Its recording, stimuli, folds and ceiling are used.
    metric
        None scores by the benchmark's own protocol (`alignment.score`): own folds, metric, ceiling and normalisation, so
        the number is ours. Otherwise a Brain-Score ``NeuralBenchmark`` is made whose value is r^2 / reliability: with a
        Brain-Score metric by its registered name (``"ridge"``, ``"pls"``, ...) or as an object, or with one of our
        mappings or similarities on Brain-Score's splits, see `as_metric`. Stratified splits are used if the stimuli have a
        column ``object_name``.
    region
        Region that the model records. Needed if the neuroids have no coordinate ``region`` or come from several; then
        only neuroids of this region are scored.
    visual_degrees
        Width of the stimuli; by default whatever the model covers. The stimuli are handed over as ``.npy`` or ``.txt``
        files, which Brain-Score cannot rescale, so another width is refused.
    window_ms
        Response window relative to stimulus onset. Models over time need it; static models ignore it.
    ceiling
        For a ``NeuralBenchmark``: name of a Brain-Score ceiling, or a reliability. By default ``"internal_consistency"``
        if there are repetitions, else the squared ceiling of ``benchmark`` (median over neuroids).
    scoring
        Options of `alignment.score` for the own protocol.

    Returns
    -------
    BenchmarkBase
        Pass it to ``brainscore_vision.score_benchmark(benchmark, model)``. Its ceiling is computed once per object and
        never read from Brain-Score's disk cache, which goes by identifiers alone.

    Raises
    ------
    ValueError
        If the region is not clear, a ``NeuralBenchmark`` has no ceiling to divide by, or the benchmark shows sequences.
    """
    require_brainscore("vision")
    if benchmark.over_time or benchmark.by_timescale:
        raise ValueError(
            f"{benchmark.name} shows whole sequences to a network, which no Brain-Score model takes; use alignment.score."
        )
    dataset = benchmark.load()
    chosen, where = _in_region(benchmark, dataset, region)
    if metric is None:
        return _own(chosen, dataset, where, visual_degrees, window_ms, scoring or {})
    if dataset.stimuli.group is not None and not callable(metric):
        warnings.warn(
            f"Brain-Score's splits know no groups: those of {dataset.stimuli.group} will stand in training and test, which "
            f"inflates the score of {benchmark.name}; leave metric out, or pass as_metric(..., split=...) with a grouped one.",
            LeakageWarning,
            stacklevel=2,
        )
    return _theirs(chosen, dataset, where, visual_degrees, window_ms, metric, ceiling)


class OwnProtocol:
    """The part of `as_neural_benchmark`'s result that is ours: it records from the candidate and calls `alignment.score`."""

    _protocol: Benchmark
    _dataset: NeuralDataset
    _degrees: float | None
    _window: tuple[float, float] | None
    _scoring: ScoreOptions
    region: str

    def __call__(self, candidate: Any) -> "BrainScoreScore":
        """Score a Brain-Score model.

        Returns
        -------
        brainscore_core.metrics.Score
            Ceiled score (the raw one where there is no ceiling), not clipped. Attributes: ``raw`` (a score whose own
            ``raw`` is ``(split, neuroid)``), ``ceiling``, ``error`` (standard deviation of the bootstrap over test
            stimuli, widened as our intervals are), ``error_over``, ``n_bootstrap``, ``confidence_interval``, ``protocol``,
            ``warnings``, ``model_identifier`` and ``benchmark_identifier``.
        """
        agreed_degrees(self._degrees, candidate, self._protocol.name)
        shown = self._protocol.shown(self._dataset.stimuli)
        with tempfile.TemporaryDirectory() as folder:
            stimulus_set = to_stimulus_set(shown, folder)
            candidate.start_recording(self.region, time_bins=[self._window or NO_WINDOW])
            source = candidate.look_at(stimulus_set, number_of_trials=1)
        name = identifier_of(candidate)
        stored = _Stored(name, self.region, features_in_order(source, np.asarray(shown.ids)))
        result = score(stored, self._protocol, cache=False, **self._scoring)
        made = to_score(result)
        made.attrs["model_identifier"] = name
        made.attrs["benchmark_identifier"] = self.identifier  # type: ignore[attr-defined]
        return made

    @cached_property
    def _ceiling_score(self) -> "BrainScoreScore":
        return _own_ceiling(self._protocol, self._dataset)

    @property
    def ceiling(self) -> "BrainScoreScore":
        """Aggregate ceiling as a correlation; NaN if there is none. ``raw`` holds one value per neuroid."""
        return self._ceiling_score


class _Stored:
    """Recorded activations as a model with one layer."""

    revision = ""

    def __init__(self, name: str, layer: str, features: np.ndarray) -> None:
        self.name, self.layers, self._features = name, (layer,), features
        self.input_spec: dict[str, object] = {}
        self.committed_layer = layer

    def record(self, stimuli: Any, layers: Any = None) -> dict[str, np.ndarray]:
        return {self.layers[0]: self._features}


def to_score(result: Score) -> "BrainScoreScore":
    """A score of ours as a Brain-Score score: value, ``raw``, ``ceiling``, ``error`` and where they come from."""
    require_brainscore("vision")
    from brainscore_core.metrics import Score as BrainScoreScore

    row = result.row(result.headline)
    data = result.data.isel(layer=result.layers.index(result.headline))
    neuroid = {str(key): ("neuroid", one.values) for key, one in data.coords.items() if one.dims == ("neuroid",)}
    neuroid.setdefault("neuroid_num", ("neuroid", np.arange(data.sizes["neuroid"])))
    factor = float(result.provenance.get("interval_factor", 1.0))
    raw = BrainScoreScore(row["raw"])
    splits = {"split": np.arange(data.sizes["split"])}
    raw.attrs["raw"] = BrainScoreScore(data["raw"].values, coords={**splits, **neuroid}, dims=["split", "neuroid"])
    raw.attrs["error"] = _spread(data["draws_raw"].values, factor)
    ceiling = BrainScoreScore(result.ceiling)
    ceiling.attrs["raw"] = BrainScoreScore(data["ceiling"].values, coords=neuroid, dims=["neuroid"])
    made = BrainScoreScore(result.value)
    draws = data["draws_raw" if result.normalisation == "none" else "draws_ceiled"].values
    made.attrs.update(
        {
            "raw": raw,
            "ceiling": ceiling,
            "error": _spread(draws, factor),
            "error_over": [str(result.provenance.get("bootstrap_over", "presentation"))],
            "n_bootstrap": len(draws),
            "confidence_interval": result.ci,
            "comment": f"layers: {result.headline}; {result.normalisation}; ceiling {result.ceiling_kind}",
            "protocol": list(result.protocol),
            "warnings": list(result.warnings),
        }
    )
    return made


def identifier_of(candidate: Any) -> str:
    """Identifier of a Brain-Score model, which is a text in some and a method in others."""
    found = candidate.identifier
    return str(found() if callable(found) else found)


def agreed_degrees(stated: float | None, candidate: Any, name: str) -> float:
    """Visual degrees of stimuli and model, which must be equal: array and text files cannot be rescaled."""
    covered = float(candidate.visual_degrees())
    if stated is not None and float(stated) != covered:
        raise ValueError(
            f"stimuli of {name!r} fill {stated:g} degrees and {identifier_of(candidate)!r} covers {covered:g}; Brain-Score "
            "rescales image files only, and these are arrays or texts: make a model for the same width."
        )
    return covered


def _spread(draws: np.ndarray, factor: float) -> float:
    finite = draws[np.isfinite(draws)]
    return float(factor * finite.std(ddof=1)) if len(finite) > 1 else float("nan")


def _responses(dataset: NeuralDataset) -> xr.DataArray:
    if dataset.responses is None:
        raise ValueError(
            f"{dataset.name} holds dissimilarities and no responses, which Brain-Score's models cannot be compared with here; "
            "score it with alignment.score."
        )
    return dataset.responses


def _in_region(benchmark: Benchmark, dataset: NeuralDataset, region: str | None) -> tuple[Benchmark, str]:
    coords = _responses(dataset).coords
    if "region" not in coords:
        if region is None:
            raise ValueError(f"neuroids of {dataset.name} have no coordinate region; pass region='...'.")
        return benchmark, region
    every, names = coords["neuroid_id"].values.astype(str), coords["region"].values.astype(str)
    used = np.isin(every, every if benchmark.neuroids is None else benchmark.neuroids)
    found = list(dict.fromkeys(names[used].tolist()))
    if region is None and len(found) != 1:
        raise ValueError(
            f"neuroids of {dataset.name} come from {', '.join(found)}; pass region=... to score one of them."
        )
    chosen = region or found[0]
    if chosen not in found:
        raise ValueError(f"{dataset.name} has no neuroid in region {chosen!r}; it has {', '.join(found)}.")
    if len(found) == 1:
        return benchmark, chosen
    return replace(benchmark, neuroids=tuple(every[used & (names == chosen)].tolist())), chosen


def _identity(benchmark: Benchmark, region: str, suffix: str = "") -> dict[str, Any]:
    return {
        "identifier": f"{benchmark.name.replace('/', '.')}.{region}{suffix}",
        "version": benchmark.version,
        "parent": "neural",
        "bibtex": benchmark.citation,
    }


def _own(
    benchmark: Benchmark,
    dataset: NeuralDataset,
    region: str,
    degrees: float | None,
    window: tuple[float, float] | None,
    scoring: ScoreOptions,
) -> "BenchmarkBase":
    from brainscore_vision.benchmarks import BenchmarkBase

    kind = type("OwnBenchmark", (OwnProtocol, BenchmarkBase), {"__doc__": OwnProtocol.__doc__})
    made = kind(ceiling_func=lambda: _own_ceiling(benchmark, dataset), **_identity(benchmark, region))
    made._protocol, made._dataset, made.region = benchmark, dataset, region
    made._degrees, made._window, made._scoring = degrees, window, scoring
    return made


def _own_ceiling(benchmark: Benchmark, dataset: NeuralDataset) -> "BrainScoreScore":
    from brainscore_core.metrics import Score as BrainScoreScore

    if benchmark.ceiling is None:
        return BrainScoreScore(float("nan"))
    trials = benchmark.trials(dataset)
    coords, weights = trials.values.coords, np.ones((1, trials.values.sizes["stimulus"]))
    subject = np.full(trials.values.sizes["neuroid"], "all")
    subject = coords["subject"].values.astype(str) if "subject" in coords else subject
    metric = benchmark.make_metric()
    if isinstance(benchmark.ceiling, RelationCeiling):
        names = np.unique(subject)
        relations = {str(one): metric.relate(trials.mean[:, subject == one]) for one in names}
        estimate = benchmark.ceiling.estimate_relations(relations, metric, weights)
        made = BrainScoreScore(float(estimate.values.mean()))
        made.attrs["raw"] = BrainScoreScore(estimate.values, coords={"subject": names}, dims=["subject"])
        return made
    if isinstance(benchmark.ceiling, RelationHalves):
        raise ValueError(f"the ceiling of {benchmark.name} belongs to sequences; use alignment.score.")
    values = benchmark.ceiling.estimate(trials.values, weights).values
    made = BrainScoreScore(float(aggregate(values, subject)))
    neuroid = {"neuroid_id": ("neuroid", coords["neuroid_id"].values), "subject": ("neuroid", subject)}
    made.attrs["raw"] = BrainScoreScore(values, coords=neuroid, dims=["neuroid"])
    return made


def _theirs(
    benchmark: Benchmark,
    dataset: NeuralDataset,
    region: str,
    degrees: float | None,
    window: tuple[float, float] | None,
    metric: "str | Mapping | Similarity | Callable[..., BrainScoreScore]",
    ceiling: str | float | None,
) -> "BenchmarkBase":
    from brainscore_vision.benchmark_helpers.neural_common import NeuralBenchmark

    responses = _responses(dataset)
    if benchmark.neuroids is not None:
        known = responses["neuroid_id"].values.astype(str).tolist()
        responses = responses.isel(neuroid=[known.index(one) for one in benchmark.neuroids])
    if not np.isfinite(responses.values).all():
        raise ValueError(
            f"responses of {dataset.name} hold NaN, which Brain-Score's metrics do not take; mend or drop those neuroids."
        )
    folder = tempfile.mkdtemp()
    stimulus_set = to_stimulus_set(benchmark.shown(dataset.stimuli), folder)
    timed = None if "time_bin" in responses.dims else (window or NO_WINDOW)
    assembly = to_assembly(average_repetitions(responses), stimulus_set, region=region, window_ms=timed)

    class UncachedNeuralBenchmark(NeuralBenchmark):
        """Brain-Score's benchmark with a ceiling that is computed, not looked up under its identifier."""

        def __call__(self, candidate: Any) -> "BrainScoreScore":
            self._visual_degrees = agreed_degrees(degrees, candidate, benchmark.name)
            return super().__call__(candidate)

        def preallocate_memory(self, candidate: Any, raise_if_oom: bool = True) -> Any:
            self._visual_degrees = agreed_degrees(degrees, candidate, benchmark.name)
            return super().preallocate_memory(candidate, raise_if_oom=raise_if_oom)

        @cached_property
        def _computed(self) -> "BrainScoreScore":
            return self._ceiling_func()

        @property
        def ceiling(self) -> "BrainScoreScore":
            return self._computed

    made = UncachedNeuralBenchmark(
        assembly=assembly,
        similarity_metric=_metric(metric, dataset.stimuli.table),
        visual_degrees=degrees,
        number_of_trials=1,
        ceiling_func=_reliability(benchmark, dataset, ceiling, responses, stimulus_set, region, timed),
        **_identity(benchmark, region, f"-{metric}" if isinstance(metric, str) else ""),
    )
    weakref.finalize(made, shutil.rmtree, folder, ignore_errors=True)  # the files live as long as the benchmark
    return made


def _metric(
    metric: "str | Mapping | Similarity | Callable[..., BrainScoreScore]", table: pd.DataFrame
) -> "Callable[..., BrainScoreScore]":
    from brainscore_vision import load_metric

    stratified = "object_name" in table
    if isinstance(metric, (Mapping, Similarity)):
        return as_metric(metric, split="brainscore-vision" if stratified else "brainscore-vision-nostrat")
    if not isinstance(metric, str):
        return metric
    if stratified:
        return load_metric(metric)
    try:
        return load_metric(metric, crossvalidation_kwargs={"stratification_coord": None})
    except TypeError:  # a metric without cross-validation
        return load_metric(metric)


def _reliability(
    benchmark: Benchmark,
    dataset: NeuralDataset,
    ceiling: str | float | None,
    responses: Any,
    stimulus_set: Any,
    region: str,
    window: tuple[float, float] | None,
) -> "Callable[[], BrainScoreScore]":
    from brainscore_core.metrics import Score as BrainScoreScore

    repeated = len(np.unique(responses["repetition"].values)) > 1
    if isinstance(ceiling, str) or (ceiling is None and repeated):
        from brainscore_vision import load_ceiling

        ceiler = load_ceiling(ceiling or "internal_consistency")
        every = to_assembly(responses, stimulus_set, region=region, window_ms=window)
        return lambda: ceiler(every)
    if ceiling is not None:
        value = float(ceiling)
        return lambda: BrainScoreScore(value)
    if benchmark.ceiling is None:
        raise ValueError(
            f"{benchmark.name} has neither repetitions nor a ceiling, and Brain-Score's NeuralBenchmark divides by one; pass "
            "ceiling=... (1.0 gives r^2 as it is), or leave metric out for our own protocol, which then reports raw scores."
        )
    own = _own_ceiling(benchmark, dataset)
    return lambda: BrainScoreScore(float(np.nanmedian(own.attrs["raw"].values ** 2)))
