"""Trials: gaps are refused unless declared, then counted; time bins become neuroids."""

import dataclasses

import numpy as np
import pytest

from alignment import Benchmark, NeuroidRidge, SplitHalfCeiling, benchmark_from_arrays, score
from alignment.trials import arrange_trials, no_trials
from data import SplitSpec, dataset_from_arrays

pytestmark = pytest.mark.filterwarnings("ignore:the chosen penalty lies on the edge")
RIDGE = NeuroidRidge(np.logspace(-1, 3, 3))
SPLIT = SplitSpec("own", "kfold", 3, seed=0)


def arranged(dataset, **options):
    return arrange_trials(dataset.responses, dataset.stimuli, dataset.name, **options)


def gappy(make_dataset, with_responses):
    """Three repetitions with two single gaps, one presentation too few, and the cube ``(repetition, stimulus, neuroid)``."""
    dataset, signal = make_dataset(n_repetitions=3)
    values = dataset.responses.values.copy()
    values[5, 1] = values[48 + 7, 2] = np.nan
    dataset = with_responses(dataset, values)
    cube = values.reshape(3, 48, 4).copy()
    cube[2, 47] = np.nan
    return dataclasses.replace(dataset, responses=dataset.responses.isel(presentation=slice(0, -1))), cube, signal


def test_average_is_the_mean_of_what_is_there(make_dataset, with_responses):
    dataset, cube, _ = gappy(make_dataset, with_responses)
    trials = arranged(dataset, missing="average")
    np.testing.assert_array_equal(trials.values.values, cube)
    np.testing.assert_allclose(trials.mean, np.nanmean(cube, axis=0))
    assert trials.n_missing == 4 + 2
    assert trials.notes == (
        "stimuli were repeated between 2 and 3 times; the mean is over what is there.",
        "2 of 572 single responses are NaN; the mean is over the repetitions that are there.",
    )


def test_what_is_missing_is_counted_in_the_score(make_dataset, with_responses, stored_model):
    dataset, cube, signal = gappy(make_dataset, with_responses)
    benchmark = Benchmark(
        "test/x",
        dataset,
        metric=RIDGE,
        missing="average",
        ceiling=SplitHalfCeiling(max_halvings=3),
        normalisation="r/c",
    )
    result = score(stored_model(only=signal), benchmark, n_boot=3, n_permutations=0, cache=False)
    assert result.provenance["n_missing_responses"] == 6
    assert {note for note in result.warnings if "what is there" in note or "that are there" in note} == set(
        arranged(dataset, missing="average").notes
    )
    mean = np.nanmean(cube, axis=0)
    averaged = dataset_from_arrays(
        "test/y", dataset.stimuli, mean, neuroid={"subject": dataset.responses["subject"].values}
    )
    same = Benchmark("test/y", averaged, split=dataset.splits["grouped"], metric=RIDGE)
    expected = score(stored_model(only=signal), same, n_boot=3, n_permutations=0, cache=False)
    np.testing.assert_allclose(result.data["raw"], expected.data["raw"], atol=1e-12)


def test_unequal_repetitions_are_refused_with_the_way_out(make_dataset):
    dataset, _ = make_dataset()
    fewer = dataclasses.replace(dataset, responses=dataset.responses.isel(presentation=slice(0, -1)))
    with pytest.raises(
        ValueError, match=r"repeated between 1 and 2 times; average what is there with missing='average'"
    ):
        arranged(fewer)
    assert arranged(fewer, missing="average").n_missing == 4


@pytest.mark.parametrize(
    ("value", "drop"),
    [(np.nan, False), (np.inf, False), (np.nan, True), (np.inf, True)],
    ids=["nan", "inf", "drop", "drop inf"],
)
def test_single_gaps_are_refused_or_the_neuroid_left_out(make_dataset, with_responses, value, drop):
    dataset, _ = make_dataset()
    values = dataset.responses.values.copy()
    values[3, 1] = value
    broken = with_responses(dataset, values)
    if not drop:
        with pytest.raises(ValueError, match=r"'n1' of test/tiny has 1 NaN or infinite among 96 responses \(1 of 4"):
            arranged(broken)
        return
    trials = arranged(broken, drop_invalid=True)
    assert trials.left_out == ("n1",) and trials.n_missing == 0
    assert trials.notes == ("1 neuroids with NaN or constant responses were left out: n1.",)
    assert trials.values["neuroid_id"].values.tolist() == ["n0", "n2", "n3"]


def test_infinite_responses_are_never_averaged(make_dataset, with_responses):
    dataset, _ = make_dataset()
    values = dataset.responses.values.copy()
    values[3, 1] = -np.inf
    with pytest.raises(ValueError, match="1 NaN or infinite"):
        arranged(with_responses(dataset, values), missing="average")


@pytest.mark.parametrize("chosen", [None, ("n1",)], ids=["all neuroids", "one neuroid"])
def test_presentation_without_any_response_is_a_gap_too(make_dataset, with_responses, chosen):
    dataset, _ = make_dataset()
    values = dataset.responses.values.copy()
    values[3] = np.nan
    with pytest.raises(ValueError, match="has 1 NaN or infinite among 96 responses.*missing='average'"):
        arranged(with_responses(dataset, values), neuroids=chosen)
    trials = arranged(with_responses(dataset, values), neuroids=chosen, missing="average")
    assert trials.n_missing == trials.values.sizes["neuroid"]
    assert "single responses are NaN" in trials.notes[0]


def test_stimulus_without_any_response_cannot_be_averaged(make_dataset, with_responses):
    dataset, _ = make_dataset()
    values = dataset.responses.values.copy()
    values[[3, 48 + 3], 2] = np.nan
    broken = with_responses(dataset, values)
    with pytest.raises(ValueError, match="'n2' .*2 NaN or infinite") as caught:
        arranged(broken, missing="average")
    assert "missing='average'" not in str(caught.value)
    assert arranged(broken, missing="average", drop_invalid=True).left_out == ("n2",)


def test_constant_neuroids_are_refused_or_left_out(make_dataset, with_responses):
    dataset, _ = make_dataset()
    values = dataset.responses.values.copy()
    values[:, 0] = 3
    broken = with_responses(dataset, values)
    with pytest.raises(ValueError, match="'n0' of test/tiny has a constant response") as caught:
        arranged(broken)
    assert "missing='average'" not in str(caught.value)
    assert arranged(broken, drop_invalid=True).left_out == ("n0",)
    values[:] = 3
    with pytest.raises(ValueError, match="no neuroid of test/tiny has finite, varying responses"):
        arranged(with_responses(dataset, values), drop_invalid=True)


def test_mean_of_complete_trials_is_the_plain_mean(make_dataset):
    dataset, _ = make_dataset(n_repetitions=3)
    trials = arranged(dataset)
    np.testing.assert_array_equal(trials.mean, dataset.responses.values.reshape(3, 48, 4).mean(axis=0))
    assert (trials.left_out, trials.notes, trials.n_missing) == ((), (), 0)


def test_unknown_policy_and_absent_responses_are_refused(make_dataset):
    dataset, _ = make_dataset()
    with pytest.raises(ValueError, match="missing must be one of refuse, average, received 'drop'"):
        arranged(dataset, missing="drop")
    with pytest.raises(ValueError, match="test/tiny holds dissimilarities, no responses; only .* metric='rsa'"):
        arrange_trials(None, dataset.stimuli, dataset.name)
    assert no_trials(dataset.stimuli).values.shape == (0, 48, 0)


@pytest.fixture(scope="module")
def over_time():
    """Responses ``(repetition, stimulus, neuroid, time bin)``, their dataset, and features that drive the second bin."""
    rng = np.random.default_rng(0)
    signal = rng.standard_normal((36, 3, 1)) * np.array([0.0, 1.0, 0.5])
    values = signal + 0.5 * rng.standard_normal((2, 36, 3, 3))
    bins = {"time_bin_start_ms": [0, 50, 100], "time_bin_end_ms": [50, 100, 150]}
    neuroid = {"subject": ["a", "a", "b"], "region": ["x", "y", "y"]}
    texts = [f"text {row}" for row in range(36)]
    made = benchmark_from_arrays("test/time", texts, values, neuroid=neuroid, time_bin=bins, split=SPLIT, metric=RIDGE)
    return made, values, signal[:, :, 1] + 0.3 * rng.standard_normal((36, 3))


def test_time_bins_become_neuroids(over_time):
    benchmark, values, _ = over_time
    trials = benchmark.trials(benchmark.dataset).values
    assert trials.shape == (2, 36, 9)
    assert trials["neuroid_id"].values.tolist() == ["n0"] * 3 + ["n1"] * 3 + ["n2"] * 3
    assert trials["time_bin_start_ms"].values.tolist() == [0, 50, 100] * 3
    assert trials["time_bin_end_ms"].values.tolist() == [50, 100, 150] * 3
    for neuroid, start in ((0, 0), (1, 2), (2, 1)):
        at = (trials["neuroid_id"] == f"n{neuroid}") & (trials["time_bin_start_ms"] == 50 * start)
        np.testing.assert_array_equal(trials.values[..., at.values][..., 0], values[:, :, neuroid, start])


def test_scores_over_time_give_the_time_course(over_time, stored_model):
    benchmark, values, features = over_time
    result = score(stored_model(only=features), benchmark, n_boot=2, n_permutations=0, cache=False)
    course = result.per("time_bin_start_ms")
    assert course["time_bin_start_ms"].values.tolist() == [0, 50, 100]
    for number in range(3):
        alone = benchmark_from_arrays(
            "test/bin", benchmark.dataset.stimuli, values[..., number], split=SPLIT, metric=RIDGE, ceiling=None
        )
        one = score(stored_model(only=features), alone, n_boot=2, n_permutations=0, cache=False)
        expected = np.median(one.per_neuroid()["raw"])
        assert float(course["raw"][number]) == pytest.approx(expected, abs=1e-9)
    assert float(course["raw"][1]) > 0.6 > 0.3 > abs(float(course["raw"][0]))
    assert float(course["ceiling"][1]) > 0.7


def test_left_out_bins_of_a_neuroid_are_named_once(over_time):
    benchmark, values, _ = over_time
    broken = values.copy()
    broken[0, 4, 1] = np.nan
    bins = {"time_bin_start_ms": [0, 50, 100], "time_bin_end_ms": [50, 100, 150]}
    dataset = dataset_from_arrays("test/time", benchmark.dataset.stimuli, broken, time_bin=bins)
    trials = arranged(dataset, drop_invalid=True)
    assert trials.left_out == ("n1", "n1", "n1")
    assert trials.notes == ("3 neuroids with NaN or constant responses were left out: n1.",)
