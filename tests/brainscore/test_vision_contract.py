"""Brain-Score's own benchmark and ours give the same numbers for the same splits."""

import warnings

import numpy as np
import pytest

pytest.importorskip("brainscore_vision", reason="brainscore-vision is not installed; run `make test-brainscore`")

import brainscore_vision
from brainscore_vision.benchmark_helpers.neural_common import NeuralBenchmark

from alignment import Benchmark, NeuroidRidge, PublishedCeiling, SplitHalfCeiling, score
from alignment.brainscore import as_brain_model, as_metric, as_neural_benchmark, isolated
from alignment.correlation import pearson
from alignment.folds import Fold, LeakageWarning
from alignment.mappings import LeastSquares

CASES = ["tall", "wide"]
RIDGE = NeuroidRidge(alphas=(1.0,), standardise=False)
# The reference solves for the weights, ours for the predictions: equal but for rounding.
CLOSE = 1e-9
# scikit-learn before 1.6 keeps the singular value of a centred wide matrix that is 0 but for rounding, so that its
# minimum-norm solution depends on the order of the rows.
ROW_ORDER = 2e-4


def vision_splits(golden, case):
    recorded = golden("splits.json")[case]
    tests = next(rows for name, rows in recorded.items() if name.startswith("pls/ridge"))
    everything = np.arange(len(golden(f"{case}_inputs.npz")["X"]))
    return [Fold(np.setdiff1d(everything, rows), np.array(rows)) for rows in tests]


@pytest.mark.parametrize("case", CASES)
def test_score_benchmark_equals_our_ridge_on_the_same_splits(case, golden, golden_dataset, echo):
    inputs, expected = golden(f"{case}_inputs.npz"), golden("brainscore_vision_expected.json")[case]
    dataset = golden_dataset(case, repetitions=True)
    benchmark = as_neural_benchmark(Benchmark(f"test/{case}-ridge", dataset), metric="ridge")
    theirs = brainscore_vision.score_benchmark(benchmark, as_brain_model(echo(inputs["X"].shape[1:])))

    folds = vision_splits(golden, case)
    made = RIDGE.cross_predict(inputs["X"], inputs["Y"], folds, inner=False).predictions
    ours = np.stack([pearson(one, inputs["Y"][fold.test]) for one, fold in zip(made, folds, strict=True)])
    assert isinstance(benchmark, NeuralBenchmark)
    assert np.abs(theirs.raw.raw.transpose("split", "neuroid").values - ours).max() < CLOSE
    assert float(theirs.raw) == pytest.approx(np.median(ours, axis=1).mean(), abs=CLOSE)
    assert float(theirs.raw) == pytest.approx(expected["ridge"]["score"], abs=CLOSE)
    assert float(theirs.ceiling) == pytest.approx(expected["internal_consistency"]["score"], abs=CLOSE)
    assert float(theirs) == pytest.approx(float(theirs.raw) ** 2 / float(theirs.ceiling), abs=CLOSE)


@pytest.mark.parametrize("case", CASES)
def test_score_benchmark_equals_our_whole_protocol_on_the_same_splits(case, golden, golden_dataset, echo):
    dataset = golden_dataset(case, repetitions=True)
    protocol = Benchmark(f"test/{case}-ridge", dataset, metric=RIDGE)
    model = echo(golden(f"{case}_inputs.npz")["X"].shape[1:])
    theirs = brainscore_vision.score_benchmark(as_neural_benchmark(protocol, metric="ridge"), as_brain_model(model))
    ours = score(model, protocol, layers=["same"], n_boot=2, n_permutations=0)
    raw = ours.data["raw"].sel(layer="same").values
    assert np.abs(theirs.raw.raw.transpose("split", "neuroid").values - raw).max() < CLOSE


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("metric", "name", "within"),
    [
        (RIDGE, "ridge", CLOSE),
        ("pls", "pls", 5e-4),
        (LeastSquares(), "linear_predictivity", ROW_ORDER),
        ("one-to-one", "neuron_to_neuron", CLOSE),
        ("cka", "cka", CLOSE),
        ("rsa", "rdm", CLOSE),
    ],
    ids=["ridge", "pls", "linear", "one-to-one", "cka", "rsa"],
)
def test_our_metric_in_their_benchmark_gives_their_number(case, metric, name, within, golden, golden_dataset, echo):
    expected = golden("brainscore_vision_expected.json")[case][name]
    protocol = Benchmark(f"test/{case}", golden_dataset(case, repetitions=True))
    ours = as_metric(metric)
    benchmark = as_neural_benchmark(protocol, metric=ours, ceiling=1.0)
    value = benchmark(as_brain_model(echo(golden(f"{case}_inputs.npz")["X"].shape[1:])))
    assert float(value.raw) == pytest.approx(expected["score"], abs=within)
    if "error" in expected:
        assert value.attrs["error"] == pytest.approx(expected["error"], abs=2 * within)


def test_our_protocol_as_their_benchmark_gives_our_numbers(golden, golden_dataset, echo):
    protocol = Benchmark(
        "test/tall-ridge", golden_dataset("tall", repetitions=True), ceiling=SplitHalfCeiling(), normalisation="r/c"
    )
    model = echo((64,))
    benchmark = as_neural_benchmark(protocol, scoring={"n_boot": 50, "n_permutations": 0, "seed": 3})
    theirs = brainscore_vision.score_benchmark(benchmark, as_brain_model(model, layers="same"))
    ours = score(model, protocol, layers=["same"], n_boot=50, n_permutations=0, seed=3)
    assert isinstance(benchmark, brainscore_vision.benchmarks.BenchmarkBase)
    assert float(theirs) == ours.value
    assert float(theirs.raw) == ours.row("same")["raw"]
    assert np.array_equal(theirs.raw.raw.values, ours.data["raw"].sel(layer="same").values)
    assert float(theirs.ceiling) == float(benchmark.ceiling) == ours.ceiling
    assert np.array_equal(theirs.ceiling.raw.values, ours.data["ceiling"].values)
    assert theirs.attrs["confidence_interval"] == ours.ci
    assert theirs.attrs["error"] > 0
    assert theirs.attrs["error_over"] == [ours.provenance["bootstrap_over"]]
    assert theirs.attrs["n_bootstrap"] == 50
    assert theirs.attrs["model_identifier"] == "test-echo"
    assert theirs.attrs["benchmark_identifier"] == benchmark.identifier == "test.tall-ridge.IT"
    assert theirs.attrs["protocol"] == list(ours.protocol)
    assert (benchmark.version, benchmark.parent) == (1, "neural")


def test_protocol_without_ceiling_reports_the_raw_score(golden_dataset, echo):
    protocol = Benchmark("test/tall-ridge", golden_dataset("tall"))
    value = as_neural_benchmark(protocol, scoring={"n_boot": 20, "n_permutations": 0})(as_brain_model(echo((64,))))
    assert float(value) == float(value.raw)
    assert np.isnan(float(value.ceiling))
    assert 0 < value.attrs["error"] == value.raw.attrs["error"]


def test_published_ceiling_becomes_a_reliability(golden, golden_dataset, echo):
    dataset = golden_dataset("tall")
    ceiling = PublishedCeiling({f"n{unit:04d}": 0.5 for unit in range(20)}, "the test")
    protocol = Benchmark("test/tall", dataset, ceiling=ceiling, normalisation="r/c")
    value = as_neural_benchmark(protocol, metric="ridge")(as_brain_model(echo((64,))))
    raw = golden("brainscore_vision_expected.json")["tall"]["ridge"]["score"]
    assert float(value.ceiling) == pytest.approx(0.25)
    assert float(value) == pytest.approx(raw**2 / 0.25)


def test_temporal_metric_of_theirs_runs_on_our_responses_over_time(golden, echo):
    import pandas as pd
    import xarray as xr

    from data import DatasetInfo, NeuralDataset, StimulusSet, make_responses

    inputs = golden("temporal_inputs.npz")
    ids = inputs["stimulus_id"].astype(str)
    table = pd.DataFrame({"stimulus_id": ids, "object_name": inputs["object_name"].astype(str)})
    bins = [(float(a), float(b)) for a, b in zip(inputs["time_bin_start"], inputs["time_bin_end"], strict=True)]
    starts, ends = zip(*bins, strict=True)
    responses = make_responses(
        inputs["Y"],
        presentation={"stimulus_id": ids, "object_name": table["object_name"].to_numpy()},
        neuroid={"neuroid_id": [f"n{unit:04d}" for unit in range(8)], "region": ["IT"] * 8},
        time_bin={"time_bin_start_ms": starts, "time_bin_end_ms": ends},
        unit="1",
    )
    movies = xr.DataArray(inputs["X"].transpose(0, 2, 1), dims=("stimulus", "time", "feature"))
    info = DatasetInfo("test/temporal", "made here", "nobody", "none", "own copy", "made here", "1")
    dataset = NeuralDataset(info, responses, StimulusSet("temporal", table, arrays=movies), {})
    benchmark = as_neural_benchmark(Benchmark("test/temporal", dataset), metric="spantime_ridge", ceiling=1.0)
    value = benchmark(as_brain_model(echo((5, 30)), time_bins_ms=bins))
    expected = golden("brainscore_vision_expected.json")["temporal"]["spantime_ridge"]["score"]
    assert np.asarray(value.raw.values) == pytest.approx(np.asarray(expected), abs=1e-9)


def test_texts_in_context_and_groups_keep_our_protocol(reader):
    from alignment import load_benchmark

    protocol = load_benchmark("language/planted-ridge")
    options = {"n_boot": 10, "n_permutations": 0}
    benchmark = as_neural_benchmark(protocol, scoring=options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = brainscore_vision.score_benchmark(benchmark, as_brain_model(reader))
        ours = score(reader, protocol, **options)
    assert float(theirs.raw) == pytest.approx(ours.row("letters")["raw"], abs=1e-12)
    with pytest.warns(LeakageWarning, match="Brain-Score's splits know no groups"):
        as_neural_benchmark(protocol, metric="ridge", ceiling=1.0)


def test_model_of_brain_score_is_scored_by_our_protocol(golden, golden_dataset):
    import torch
    from brainscore_vision.model_helpers.activations.pytorch import PytorchWrapper
    from brainscore_vision.model_helpers.brain_transformation import ModelCommitment

    from alignment import TorchModel

    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(64, 30), torch.nn.Tanh()).double()
    wrapper = PytorchWrapper(
        identifier="tanh", model=network, preprocessing=lambda paths: np.stack([np.load(path) for path in paths])
    )
    theirs = ModelCommitment("tanh", wrapper, layers=["1"], region_layer_map={"IT": "1"}, visual_degrees=8)
    protocol = Benchmark("test/tall-ridge", golden_dataset("tall"), metric=RIDGE)
    value = brainscore_vision.score_benchmark(
        as_neural_benchmark(protocol, scoring={"n_boot": 5, "n_permutations": 0}), theirs
    )
    own = TorchModel(network, layers=["1"], name="test/tanh", input_spec={"kind": "array"})
    expected = score(own, protocol, n_boot=5, n_permutations=0, cache=False).value
    # Brain-Score hands float32 on.
    assert float(value) == pytest.approx(expected, abs=1e-5)
    assert value.attrs["model_identifier"] == "tanh"


def test_memory_estimate_of_brain_score_works_with_our_models(golden_dataset, echo, capsys):
    benchmark = as_neural_benchmark(Benchmark("test/tall", golden_dataset("tall")), metric="ridge", ceiling=1.0)
    with isolated(check_memory=True):
        value = brainscore_vision.score_benchmark(benchmark, as_brain_model(echo((64,))))
    assert float(value.raw) > 0.8
    assert '"num_features": 64' in capsys.readouterr().out


def test_ceiling_is_never_read_from_an_earlier_benchmark_of_the_same_name(golden_dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("RESULTCACHING_DISABLE", "0")
    monkeypatch.setenv("RESULTCACHING_HOME", str(tmp_path))
    for case in CASES:
        protocol = Benchmark("test/same-name", golden_dataset(case, repetitions=True))
        found = as_neural_benchmark(protocol, metric="ridge", ceiling=0.5 if case == "tall" else 0.25).ceiling
        assert float(found) == (0.5 if case == "tall" else 0.25)


def test_region_must_be_clear(golden_dataset, echo):
    from dataclasses import replace

    dataset = golden_dataset("tall")
    halves = np.where(np.arange(20) < 8, "V4", "IT")
    several = replace(dataset, responses=dataset.responses.assign_coords(region=("neuroid", halves)))
    with pytest.raises(ValueError, match="come from V4, IT; pass region="):
        as_neural_benchmark(Benchmark("test/two", several))
    with pytest.raises(ValueError, match="has no neuroid in region 'V1'"):
        as_neural_benchmark(Benchmark("test/two", several), region="V1")
    for metric in (None, "ridge"):
        benchmark = as_neural_benchmark(
            Benchmark("test/two", several, metric=RIDGE),
            region="V4",
            metric=metric,
            ceiling=None if metric is None else 1.0,
            scoring={"n_boot": 5, "n_permutations": 0},
        )
        value = benchmark(as_brain_model(echo((64,)), layers={"V4": "same"}))
        assert value.raw.raw.sizes["neuroid"] == 8
    chosen = Benchmark("test/one", several, neuroids=("n0009", "n0010"))
    assert as_neural_benchmark(chosen).region == "IT"
    nameless = replace(dataset, responses=dataset.responses.drop_vars("region"))
    with pytest.raises(ValueError, match="have no coordinate region; pass region="):
        as_neural_benchmark(Benchmark("test/two", nameless))


def test_other_widths_and_missing_ceilings_are_refused(golden_dataset, echo):
    protocol = Benchmark("test/tall", golden_dataset("tall"))
    with pytest.raises(ValueError, match="neither repetitions nor a ceiling"):
        as_neural_benchmark(protocol, metric="ridge")
    model = as_brain_model(echo((64,)), visual_degrees=8)
    for benchmark in (
        as_neural_benchmark(protocol, visual_degrees=10),
        as_neural_benchmark(protocol, visual_degrees=10, metric="ridge", ceiling=1.0),
    ):
        with pytest.raises(
            ValueError, match="fill 10 degrees and 'test-echo' covers 8; Brain-Score rescales image files"
        ):
            brainscore_vision.score_benchmark(benchmark, model)


def test_repeated_or_missing_stimuli_are_refused_by_our_metric(golden_dataset, golden, echo):
    from alignment.brainscore import to_assembly

    once, twice = golden_dataset("tall").responses, golden_dataset("tall", repetitions=True).responses
    metric = as_metric("ridge")
    with pytest.raises(ValueError, match="a stimulus occurs twice"):
        metric(to_assembly(once), to_assembly(twice))
    with pytest.raises(ValueError, match="lacks 1 of 100 stimuli"):
        metric(to_assembly(once.isel(presentation=slice(1, None))), to_assembly(once))
