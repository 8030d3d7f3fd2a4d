"""From a dataset to responses, folds, context and a protocol in words."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from alignment import Benchmark, NeuroidRidge, SplitHalfCeiling
from data import NeuralDataset, SplitSpec, StimulusSet, UnknownNameError, dataset_from_arrays, make_responses


def shuffled_presentations(dataset, seed=0):
    """The same recording with its presentations in another order."""
    order = np.random.default_rng(seed).permutation(dataset.responses.sizes["presentation"])
    return dataclasses.replace(dataset, responses=dataset.responses.isel(presentation=order))


def test_trials_follow_the_stimulus_table_and_the_repetitions(make_dataset):
    dataset, _ = make_dataset(n_repetitions=3)
    benchmark = Benchmark("test/x", dataset)
    found = benchmark.trials(dataset)
    trials = found.values
    assert trials.dims == ("repetition", "stimulus", "neuroid")
    assert found.left_out == () and found.n_missing == 0
    np.testing.assert_array_equal(trials.values, dataset.responses.values.reshape(3, 48, 4))
    assert trials["stimulus_id"].values.tolist() == dataset.stimuli.ids


def test_order_of_presentations_does_not_matter(make_dataset):
    dataset, _ = make_dataset(n_repetitions=3)
    benchmark = Benchmark("test/x", dataset)
    expected = benchmark.trials(dataset).values
    received = benchmark.trials(shuffled_presentations(dataset)).values
    xr.testing.assert_identical(received, expected)


def test_neuroids_are_chosen_by_id_and_in_that_order(make_dataset):
    dataset, _ = make_dataset()
    trials = Benchmark("test/x", dataset, neuroids=("n3", "n1")).trials(dataset).values
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
    with pytest.raises(
        ValueError, match="repeated between 2 and 3 times; average what is there with missing='average'"
    ):
        Benchmark("test/x", changed).trials(changed)


def test_time_bins_become_neuroids_of_their_own(make_dataset):
    dataset, _ = make_dataset()
    values = np.random.default_rng(0).standard_normal((48, 4, 2))
    responses = make_responses(
        values,
        presentation={"stimulus_id": dataset.stimuli.ids},
        neuroid={"neuroid_id": list("abcd")},
        time_bin={"time_bin_start_ms": [0, 10], "time_bin_end_ms": [10, 20]},
        unit="1",
    )
    binned = dataclasses.replace(dataset, responses=responses)
    trials = Benchmark("test/x", binned).trials(binned).values
    assert trials["neuroid_id"].values.tolist() == list("aabbccdd")
    assert trials["time_bin_start_ms"].values.tolist() == [0, 10] * 4
    np.testing.assert_array_equal(trials.values[0].reshape(48, 4, 2), values)


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
    found = Benchmark("test/x", changed).trials(changed, drop_invalid=True)
    trials = found.values
    assert found.left_out == ("n2",)
    assert "1 neuroids with NaN or constant responses were left out: n2" in found.notes[0]
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
    with pytest.raises(UnknownNameError, match="it has: none; known for every dataset: .*brainscore-vision"):
        Benchmark("test/x", bare).split_spec(bare, "group")
    assert Benchmark("test/x", bare).split_spec(bare).group == "passage"


def test_splits_of_papers_are_known_by_name(make_dataset):
    dataset, _ = make_dataset()
    spec = Benchmark("test/x", dataset, split="brainscore-language-shuffle").split_spec(dataset)
    assert (spec.scheme, spec.n_splits, spec.train_fraction, spec.seed) == ("shuffle", 10, 0.9, 1)


def test_default_split_of_a_drifting_recording_is_cut_in_blocks():
    drift = np.cumsum(np.random.default_rng(0).standard_normal((200, 3)), axis=0)
    dataset = dataset_from_arrays("test/drift", np.zeros((200, 2)), drift)
    assert Benchmark("test/x", dataset).split_spec(dataset, responses=drift).scheme == "blocks"
    still = np.random.default_rng(1).standard_normal((200, 3))
    assert Benchmark("test/x", dataset).split_spec(dataset, responses=still).scheme == "kfold"


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


def test_dividing_needs_a_ceiling(make_dataset):
    with pytest.raises(ValueError, match="normalisation 'r/c' needs a ceiling"):
        Benchmark("test/x", "language/planted", normalisation="r/c")


@pytest.mark.parametrize(
    ("field", "value", "accepted"),
    [
        ("normalisation", "c/r", "r/c, noise-corrected, none"),
        ("direction", "up", "model to brain"),
        ("missing", "skip", "refuse, average"),
    ],
)
def test_words_out_of_a_list_are_checked(field, value, accepted):
    with pytest.raises(ValueError, match=f"{field} must be one of .*{accepted}.*received '{value}'"):
        Benchmark("test/x", "language/planted", **{field: value})


def test_reverse_takes_no_ceiling():
    with pytest.raises(ValueError, match="units of the model, which have no noise"):
        Benchmark(
            "test/x", "language/planted", direction="brain to model", ceiling=SplitHalfCeiling(), normalisation="r/c"
        )


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
    ceiled = Benchmark(
        "test/x", dataset, ceiling=SplitHalfCeiling(), normalisation="r/c", metric=NeuroidRidge([0.5, 20.0])
    )
    words = " ".join(ceiled.protocol(grouped))
    for part in (grouped.describe(), "2 values between 0.5 and 20", "no passage is divided", "not clipped"):
        assert part in words
    assert SplitHalfCeiling().describe() in words
    assert "context" not in words and "earlier texts" not in words
    bare = " ".join(Benchmark("test/x", dataset, context=True).protocol(shuffled))
    assert "earlier texts of its group" in bare and "raw score stands alone" in bare
    assert "no passage is divided" not in bare
