"""Brain-Score's own benchmark and ours give the same numbers for the same splits."""

import numpy as np
import pytest

pytest.importorskip("brainscore_vision", reason="brainscore-vision is not installed; run `make test-brainscore`")

import brainscore_vision
from brainscore_vision.benchmark_helpers.neural_common import NeuralBenchmark

from alignment import Benchmark, NeuroidRidge, PublishedCeiling, SplitHalfCeiling, score
from alignment.brainscore import as_brain_model, as_metric, as_neural_benchmark
from alignment.correlation import pearson
from alignment.folds import Fold
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
    assert theirs.attrs["error_over"] == ["presentation"]
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
