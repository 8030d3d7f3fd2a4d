"""From a dataset to responses, folds, context and a protocol in words."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from alignment import Benchmark, PublishedCeiling, SplitHalfCeiling
from data import NeuralDataset, SplitSpec, StimulusSet, UnknownNameError, make_responses


def shuffled_presentations(dataset, seed=0):
    """The same recording with its presentations in another order."""
    order = np.random.default_rng(seed).permutation(dataset.responses.sizes["presentation"])
    return dataclasses.replace(dataset, responses=dataset.responses.isel(presentation=order))


def test_trials_follow_the_stimulus_table_and_the_repetitions(make_dataset):
    dataset, _ = make_dataset(n_repetitions=3)
    benchmark = Benchmark("test/x", dataset)
    trials, dropped = benchmark.trials(dataset)
    assert trials.dims == ("repetition", "stimulus", "neuroid")
    assert dropped == []
    np.testing.assert_array_equal(trials.values, dataset.responses.values.reshape(3, 48, 4))
    assert trials["stimulus_id"].values.tolist() == dataset.stimuli.ids


def test_order_of_presentations_does_not_matter(make_dataset):
    dataset, _ = make_dataset(n_repetitions=3)
    benchmark = Benchmark("test/x", dataset)
    expected, _ = benchmark.trials(dataset)
    received, _ = benchmark.trials(shuffled_presentations(dataset))
    xr.testing.assert_identical(received, expected)


def test_neuroids_are_chosen_by_id_and_in_that_order(make_dataset):
    dataset, _ = make_dataset()
    trials, _ = Benchmark("test/x", dataset, neuroids=("n3", "n1")).trials(dataset)
    assert trials["neuroid_id"].values.tolist() == ["n3", "n1"]
    np.testing.assert_array_equal(trials.values, dataset.responses.values.reshape(2, 48, 4)[..., [3, 1]])


def test_unknown_neuroid_is_named(make_dataset):
    dataset, _ = make_dataset()
    with pytest.raises(ValueError, match="test/tiny has no neuroid 'n9'; it has n0, n1, n2, n3"):
        Benchmark("test/x", dataset, neuroids=("n1", "n9")).trials(dataset)


def test_ids_that_do_not_match_are_counted_and_named(make_dataset):
    dataset, _ = make_dataset()
    ids = dataset.responses["stimulus_id"].values.astype("<U8")
    ids[ids == "s003"] = "s003.wav"
    changed = dataclasses.replace(dataset, responses=dataset.responses.assign_coords(stimulus_id=("presentation", ids)))
    with pytest.raises(
        ValueError, match=r"1 presentation ids.*\['s003\.wav'\].*1 stimuli have no presentation.*\['s003'\]"
    ):
        Benchmark("test/x", changed).trials(changed)


def test_unequal_repetitions_are_counted(make_dataset):
    dataset, _ = make_dataset(n_repetitions=3)
    changed = dataclasses.replace(dataset, responses=dataset.responses.isel(presentation=slice(0, -2)))
    with pytest.raises(ValueError, match="repeated between 2 and 3 times; this protocol needs equal numbers"):
        Benchmark("test/x", changed).trials(changed)


def test_time_bins_are_refused(make_dataset):
    dataset, _ = make_dataset()
    responses = make_responses(
        np.zeros((48, 4, 2)),
        presentation={"stimulus_id": dataset.stimuli.ids},
        neuroid={"neuroid_id": list("abcd")},
        time_bin={"time_bin_start_ms": [0, 10], "time_bin_end_ms": [10, 20]},
        unit="1",
    )
    binned = dataclasses.replace(dataset, responses=responses)
    with pytest.raises(ValueError, match="one value per presentation; average the time bins of test/tiny first"):
        Benchmark("test/x", binned).trials(binned)


@pytest.mark.parametrize(
    ("row", "value", "state"),
    [
        (3, np.nan, "1 NaN.* among 96 responses"),
        (slice(None), 2.5, "a constant response"),
        (slice(None), np.nan, "96 NaN.* among 96 responses"),
        (3, np.inf, "1 .* among 96 responses"),
    ],
    ids=["one NaN", "constant", "all NaN", "infinite"],
)
def test_unusable_neuroid_is_named_with_the_way_out(make_dataset, with_responses, row, value, state):
    dataset, _ = make_dataset()
    values = dataset.responses.values.copy()
    values[row, 2] = value
    changed = with_responses(dataset, values)
    with pytest.raises(ValueError, match=rf"neuroid 'n2' of test/tiny has .*{state}.*1 of 4 .*drop_invalid=True"):
        Benchmark("test/x", changed).trials(changed)
    trials, dropped = Benchmark("test/x", changed).trials(changed, drop_invalid=True)
    assert dropped == ["n2"]
    assert trials["neuroid_id"].values.tolist() == ["n0", "n1", "n3"]
    assert trials["region"].values.tolist() == ["area 0", "area 0", "area 1"]


def test_recording_without_a_usable_neuroid_is_refused(make_dataset, with_responses):
    dataset, _ = make_dataset()
    empty = with_responses(dataset, np.zeros(dataset.responses.shape))
    with pytest.raises(ValueError, match="no neuroid of test/tiny has finite, varying responses"):
        Benchmark("test/x", empty).trials(empty, drop_invalid=True)


def test_split_is_the_one_asked_for_else_the_benchmarks_else_the_first(make_dataset):
    dataset, _ = make_dataset()
    own = SplitSpec("own", "kfold", 3, 0)
    benchmark = Benchmark("test/x", dataset, split="shuffled")
    assert benchmark.split_spec(dataset).name == "shuffled"
    assert benchmark.split_spec(dataset, "grouped").name == "grouped"
    assert benchmark.split_spec(dataset, own) is own
    assert Benchmark("test/x", dataset).split_spec(dataset).name == "grouped"
    assert Benchmark("test/x", dataset, split=own).split_spec(dataset) is own


def test_unknown_split_names_those_there_are(make_dataset):
    dataset, _ = make_dataset()
    with pytest.raises(UnknownNameError, match="'test/tiny' has no split 'group'; it has: grouped, shuffled"):
        Benchmark("test/x", dataset).split_spec(dataset, "group")
    bare = dataclasses.replace(dataset, splits={})
    with pytest.raises(UnknownNameError, match="it has: none"):
        Benchmark("test/x", bare).split_spec(bare)


def test_context_is_everything_read_before_in_the_group(make_dataset):
    dataset, _ = make_dataset()
    table = pd.DataFrame(
        {
            "stimulus_id": list("abcde"),
            "text": ["The dog .", "It ran , fast !", "A cat", "Then: it slept .", "And ; purred ?"],
            "passage": [1, 1, 2, 1, 2],
        }
    )
    stimuli = StimulusSet("story", table, group="passage")
    shown = Benchmark("test/x", dataset, context=True).shown(stimuli)
    assert shown.items() == [
        "The dog.",
        "The dog. It ran, fast!",
        "A cat",
        "The dog. It ran, fast! Then: it slept.",
        "A cat And; purred?",
    ]
    assert shown.ids == stimuli.ids and shown.group == "passage"
    assert shown.content_hash() != stimuli.content_hash()
    assert list(stimuli.table["text"])[1] == "It ran , fast !"


def test_without_context_stimuli_are_shown_as_they_are(make_dataset):
    dataset, _ = make_dataset()
    assert Benchmark("test/x", dataset).shown(dataset.stimuli) is dataset.stimuli
    bare = StimulusSet("bare", dataset.stimuli.table)
    assert Benchmark("test/x", dataset, context=True).shown(bare) is bare


def test_context_of_arrays_is_refused(make_dataset):
    dataset, _ = make_dataset()
    table = pd.DataFrame({"stimulus_id": list("ab"), "movie": [0, 0]})
    arrays = xr.DataArray(np.zeros((2, 3)), dims=("stimulus", "time"))
    with pytest.raises(ValueError, match="context"):
        Benchmark("test/x", dataset, context=True).shown(StimulusSet("movies", table, "movie", arrays))


@pytest.mark.parametrize(
    ("ceiling", "normalisation"), [(None, "r/c"), (SplitHalfCeiling(), "none"), (PublishedCeiling({}, ""), "none")]
)
def test_normalisation_must_fit_the_ceiling(ceiling, normalisation):
    with pytest.raises(ValueError, match="does not fit ceiling .*use 'none' exactly if there is no ceiling"):
        Benchmark("test/x", "test/tiny", ceiling=ceiling, normalisation=normalisation)


def test_dataset_is_named_or_given(make_dataset):
    dataset, _ = make_dataset()
    assert Benchmark("test/x", dataset).load() is dataset
    assert Benchmark("test/x", dataset).dataset_name == "test/tiny"
    named = Benchmark("test/x", "language/planted")
    assert named.dataset_name == "language/planted"
    assert isinstance(named.load(), NeuralDataset)


def test_protocol_says_what_is_done(make_dataset):
    dataset, _ = make_dataset()
    grouped, shuffled = dataset.splits["grouped"], dataset.splits["shuffled"]
    ceiled = Benchmark("test/x", dataset, ceiling=SplitHalfCeiling(), normalisation="r/c", alphas=np.array([0.5, 20.0]))
    words = " ".join(ceiled.protocol(grouped))
    for part in (grouped.describe(), "2 values between 0.5 and 20", "no passage is divided", "not clipped"):
        assert part in words
    assert SplitHalfCeiling().describe() in words
    assert "context" not in words and "earlier texts" not in words
    bare = " ".join(Benchmark("test/x", dataset, context=True).protocol(shuffled))
    assert "earlier texts of its group" in bare and "raw score stands alone" in bare
    assert "no passage is divided" not in bare
