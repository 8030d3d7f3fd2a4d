"""What is made ready for all layers: permuted orders, their number, shared ceilings, swapped sides."""

import dataclasses
from collections import Counter

import numpy as np
import pandas as pd
import pytest

import alignment.runs as runs
from alignment import Benchmark, NeuroidRidge, SplitHalfCeiling, score
from alignment.correlation import pearson
from alignment.folds import inner_groups, make_folds
from alignment.runs import how_many, make_run
from alignment.similarity import compare_rdms, rdm
from alignment.units import Units
from data import StimulusSet, dataset_from_arrays

pytestmark = pytest.mark.filterwarnings("ignore:the chosen penalty lies on the edge")
RIDGE = NeuroidRidge(np.logspace(-1, 3, 3))


def permuted_orders(n_rows, groups, n_permutations, seed):
    """Permuted rows of single stimuli or of groups."""
    return Units(groups, "units").orders(n_rows, n_permutations, seed)[0]


@pytest.mark.parametrize(
    ("asked", "n_columns", "number"),
    [
        (None, 1, 199),
        (None, 100, 199),
        (None, 200, 100),
        (None, 1052, 19),
        (None, 1053, 0),
        (None, 10**6, 0),
        (0, 1, 0),
        (7, 10**6, 7),
        (1000, 1, 1000),
    ],
)
def test_number_of_permutations(asked, n_columns, number):
    assert how_many(asked, n_columns) == number


def test_negative_number_of_permutations_is_refused(make_dataset, stored_model):
    with pytest.raises(ValueError, match="n_permutations must not be negative, received -1"):
        how_many(-1, 5)
    dataset, signal = make_dataset()
    with pytest.raises(ValueError, match="n_permutations must not be negative, received -3"):
        score(stored_model(only=signal), Benchmark("test/x", dataset), n_boot=2, n_permutations=-3, cache=False)


def test_orders_are_permutations_that_follow_the_seed():
    first, again, other = (permuted_orders(30, None, 6, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    np.testing.assert_array_equal(np.sort(first, axis=1), np.tile(np.arange(30), (6, 1)))


def test_whole_groups_of_equal_size_move():
    sizes = [3] * 6 + [5] * 4
    groups = np.repeat(np.arange(10), sizes)
    starts = np.r_[0, np.cumsum(sizes)[:-1]]
    moved = 0
    for order in permuted_orders(len(groups), groups, 20, 0):
        for start, size in zip(starts, sizes, strict=True):
            taken = order[start : start + size]
            source = groups[taken[0]]
            assert sizes[source] == size
            np.testing.assert_array_equal(taken, np.arange(starts[source], starts[source] + size))
            moved += source != groups[start]
        assert Counter(groups[order].tolist()) == Counter(groups.tolist())
    assert moved > 100


@pytest.mark.parametrize(
    "groups",
    [
        pytest.param(np.repeat([0, 1, 2], 5), id="few"),
        pytest.param(np.repeat(np.arange(5), [1, 2, 3, 4, 5]), id="unequal"),
    ],
)
def test_too_few_orders_give_no_permutations(groups):
    orders, note = Units(groups, "stories").orders(15, 50, 0)
    assert orders.shape == (0, 15) and note.startswith("no permutation test: ")
    assert permuted_orders(15, None, 0, 0).shape == (0, 15)


@pytest.mark.filterwarnings("ignore::alignment.SmallFoldWarning")
def test_stories_of_different_lengths_are_scored_without_permutations(make_dataset, stored_model):
    dataset, signal = make_dataset()
    lengths = np.repeat(np.arange(8), [2, 3, 4, 5, 6, 7, 8, 13])
    stimuli = StimulusSet("stories", dataset.stimuli.table.assign(passage=lengths), group="passage")
    benchmark = Benchmark("test/x", dataclasses.replace(dataset, stimuli=stimuli), metric=RIDGE)
    result = score(stored_model(only=signal), benchmark, n_boot=2, cache=False)
    assert result.provenance["n_permutations"] == 0
    assert np.isnan(result.p())
    assert any(note.startswith("no permutation test: ") for note in result.warnings)


def made(benchmark, n_boot=3, seed=0):
    dataset = benchmark.dataset
    spec = benchmark.split_spec(dataset)
    folds = make_folds(spec, dataset.stimuli.table)
    return make_run(benchmark, spec, dataset, benchmark.trials(dataset), folds, n_boot, 0, seed)


def test_ceiling_of_a_recording_is_estimated_once_for_all_models(make_dataset, with_responses, monkeypatch):
    monkeypatch.setattr(runs, "_ceilings", {})
    calls = []
    original = SplitHalfCeiling.estimate

    def counted(self, *arguments):
        calls.append(1)
        return original(self, *arguments)

    monkeypatch.setattr(SplitHalfCeiling, "estimate", counted)
    dataset, _ = make_dataset()
    benchmark = Benchmark("test/x", dataset, ceiling=SplitHalfCeiling(), normalisation="r/c")
    first, again = (made(benchmark)[0].ceiling for _ in range(2))
    assert first is again and len(calls) == 1
    made(benchmark, seed=1)
    made(dataclasses.replace(benchmark, ceiling=SplitHalfCeiling(max_halvings=1)))
    made(dataclasses.replace(benchmark, dataset=with_responses(dataset, dataset.responses.values + np.eye(96, 4))))
    assert len(calls) == 4
    monkeypatch.setattr(runs, "CEILINGS_REMEMBERED", 2)
    made(benchmark, seed=2)
    assert len(runs._ceilings) == 2


def test_groups_are_resampled_whole(make_dataset):
    dataset, _ = make_dataset()
    run, units, note = made(Benchmark("test/x", dataset), n_boot=5)
    assert (units.words, units.count, note) == ("groups of passage", 12, "")
    per_passage = run.weights.reshape(5, 12, 4)
    assert (per_passage == per_passage[..., :1]).all()
    table = pd.DataFrame({"stimulus_id": dataset.stimuli.ids, "text": dataset.stimuli.items()})
    splits = {"shuffled": dataset.splits["shuffled"]}
    bare = dataclasses.replace(dataset, stimuli=StimulusSet("bare", table), splits=splits)
    assert made(Benchmark("test/x", bare))[1].labels is None


def test_brain_to_model_is_the_regression_with_its_sides_swapped(make_dataset, stored_model):
    dataset, signal = make_dataset()
    units = np.hstack([signal, -signal, signal**2]) + 0.3 * np.random.default_rng(1).standard_normal((48, 12))
    benchmark = Benchmark("test/x", dataset, metric=RIDGE, direction="brain to model")
    result = score(stored_model(only=units), benchmark, n_boot=3, n_permutations=4, cache=False)
    table, spec = dataset.stimuli.table, dataset.splits["grouped"]
    folds, groups = make_folds(spec, table), inner_groups(spec, table)
    responses = dataset.responses.values.reshape(2, 48, 4).mean(axis=0)
    predicted = RIDGE.cross_predict(responses, units, folds, groups, inner=False)
    r = [pearson(part, units[fold.test]) for fold, part in zip(folds, predicted.predictions, strict=True)]
    np.testing.assert_allclose(result.data["raw"].values[0], r, atol=1e-10)
    assert result.value == pytest.approx(np.median(np.mean(r, axis=0)))
    assert result.data["neuroid_id"].values.tolist() == [f"only.{unit}" for unit in range(12)]
    # The other way round, with a recording made of the units and a model made of the responses.
    other = dataset_from_arrays("test/y", dataset.stimuli, units)
    swapped = Benchmark("test/y", other, metric=RIDGE, split=spec)
    expected = score(stored_model(only=responses), swapped, n_boot=3, n_permutations=4, cache=False)
    for name in ("raw", "draws_raw", "null_raw", "baseline_raw"):
        if name != "baseline_raw":
            np.testing.assert_allclose(result.data[name], expected.data[name], atol=1e-10)
        assert result.data[name].shape == expected.data[name].shape
    assert result.provenance["metric"].endswith(", brain to model")
    assert any("Mapping from neuroids to model units" in step for step in result.protocol)


def test_brain_to_model_takes_one_layer(make_dataset, stored_model):
    dataset, signal = make_dataset()
    benchmark = Benchmark("test/x", dataset, metric=RIDGE, direction="brain to model")
    model = stored_model(first=signal, second=signal)
    with pytest.raises(
        ValueError, match=r"units of one layer from the neuroids; choose one with layers=\[...\] out of first, sec"
    ):
        score(model, benchmark, n_boot=2, cache=False)
    assert score(model, benchmark, layers=["second"], n_boot=2, n_permutations=0, cache=False).layers == ["second"]


@pytest.mark.filterwarnings("ignore:layer 'only' of .* is the same")
def test_brain_to_model_says_what_was_left_out_on_either_side(make_dataset, with_responses, stored_model):
    dataset, signal = make_dataset()
    benchmark = Benchmark("test/x", dataset, metric=RIDGE, direction="brain to model")
    units = np.hstack([np.ones((48, 2)), signal])
    result = score(stored_model(only=units), benchmark, n_boot=2, n_permutations=0, cache=False)
    assert "2 units of only never change and were left out." in result.warnings
    assert result.data["neuroid_id"].values.tolist() == [f"only.{unit}" for unit in range(2, 6)]
    constant, varying = (stored_model(only=values) for values in (np.ones((48, 2)), units))
    with pytest.raises(ValueError, match="layer 'only' has no unit that varies"):
        score(constant, benchmark, n_boot=2, cache=False)
    values = dataset.responses.values.copy()
    values[0, 1] = np.nan
    broken = dataclasses.replace(benchmark, dataset=with_responses(dataset, values))
    gone = score(varying, broken, n_boot=2, n_permutations=0, cache=False, drop_invalid=True)
    assert gone.provenance["neuroids_left_out"] == ["n1"]


def test_brain_to_model_has_no_ceiling(make_dataset):
    dataset, _ = make_dataset()
    with pytest.raises(ValueError, match="predicts units of the model, which have no noise; use ceiling=None"):
        Benchmark("test/x", dataset, ceiling=SplitHalfCeiling(), direction="brain to model")
    with pytest.raises(ValueError, match="direction must be one of model to brain, brain to model, received 'back'"):
        Benchmark("test/x", dataset, direction="back")


def test_brain_to_model_of_a_similarity_has_the_same_value(make_dataset, stored_model):
    dataset, signal = make_dataset()
    units = np.hstack([signal, signal**2])
    benchmark = Benchmark("test/x", dataset, metric="rsa", direction="brain to model")
    result = score(stored_model(only=units), benchmark, n_boot=2, n_permutations=0, cache=False)
    responses = dataset.responses.values.reshape(2, 48, 4).mean(axis=0)
    assert result.value == pytest.approx(float(compare_rdms(rdm(responses), rdm(units))))
