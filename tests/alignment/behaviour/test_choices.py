"""Trials and rates of confusion, against counting by hand."""

import numpy as np
import pandas as pd
import pytest

from alignment.behaviour import Choices
from alignment.behaviour.choices import Codebook, mean_by, rates_of_model, rates_of_people

COLUMNS = {
    "stimulus_id": ["a", "a", "a", "b", "b", "c"],
    "truth": ["dog", "dog", "dog", "cat", "cat", "cow"],
    "sample_obj": ["dog", "dog", "dog", "cat", "cat", "cow"],
    "dist_obj": ["cat", "cat", "cow", "dog", "dog", "dog"],
    "choice": ["dog", "cat", "dog", "dog", "dog", "cow"],
}
STIMULI, OBJECTS = ["c", "a", "b"], ["cat", "cow", "dog"]


@pytest.fixture
def choices():
    return Choices.from_table(COLUMNS)


def test_a_data_frame_gives_the_same_trials(choices):
    other = Choices.from_table(pd.DataFrame(COLUMNS))
    assert len(choices) == len(other) == 6
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(choices, name), getattr(other, name))


def test_rates_are_shares_of_the_trials_that_offered_the_object(choices):
    book = Codebook.of(choices, STIMULI, OBJECTS)
    assert book.truth.tolist() == [1, 2, 0]
    rates = rates_of_people(choices, book, np.arange(6))
    nan = np.nan
    np.testing.assert_array_equal(rates, [[nan, nan, 0], [0.5, 0, nan], [nan, nan, 1]])
    some = rates_of_people(choices, book, np.array([1, 2]))
    np.testing.assert_array_equal(some, [[nan] * 3, [1, 0, nan], [nan] * 3])


def test_rates_of_a_model_are_those_of_two_way_choices(choices):
    book = Codebook.of(choices, STIMULI, OBJECTS)
    p = np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8], [0.6, 0.3, 0.1]])
    before = p.copy()
    rates = rates_of_model(p, book)
    np.testing.assert_allclose(
        rates, [[2 / 7, np.nan, 3 / 8], [1 / 9, 1 / 9, np.nan], [np.nan, 3 / 9, 1 / 7]], rtol=1e-12
    )
    np.testing.assert_array_equal(p, before)


def test_means_of_objects_leave_nan_out():
    rates = np.array([[np.nan, 0.2], [np.nan, 0.4], [0.3, np.nan]])
    np.testing.assert_allclose(mean_by(rates, np.array([0, 0, 1]), 2), [[np.nan, 0.3], [0.3, np.nan]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"choice": ["dog"] * 5}, "columns of trials must have equal lengths above 0"),
        ({name: [] for name in COLUMNS}, "columns of trials must have equal lengths above 0"),
        (
            {"choice": ["dog", "cat", "cat", "dog", "dog", "cow"]},
            "trial 2 chose 'cat', but 'dog' and 'cow' were offered",
        ),
        ({"dist_obj": ["dog", "cat", "cow", "dog", "dog", "dog"]}, "trial 0 offers 'dog' twice"),
        ({"truth": ["dog", "cat", "dog", "cat", "cat", "cow"]}, "stimulus 'a' has more than one true object"),
    ],
)
def test_unfit_trials_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Choices(**COLUMNS | change)


def test_absent_columns_are_named():
    with pytest.raises(ValueError, match="lacks truth, choice; it has stimulus_id, sample_obj, dist_obj"):
        Choices.from_table({name: COLUMNS[name] for name in ("stimulus_id", "sample_obj", "dist_obj")})


@pytest.mark.parametrize(
    ("stimuli", "objects", "message"),
    [
        (["a", "b"], OBJECTS, r"stimuli of trials and model differ: 1 only in trials \(first: \['c'\]\)"),
        (["a", "b", "c", "d"], OBJECTS, r"0 only in trials .*, 1 only in the model \(first: \['d'\]\)"),
        (STIMULI, ["cat", "dog"], r"objects of trials and model differ: 1 only in trials \(first: \['cow'\]\)"),
        (["a", "b", "c", "c"], OBJECTS, "the model's stimulus names must be unique, received 4 for 3"),
    ],
)
def test_names_must_be_the_same_on_both_sides(choices, stimuli, objects, message):
    with pytest.raises(ValueError, match=message):
        Codebook.of(choices, stimuli, objects)


def test_more_objects_than_people_saw_are_allowed(choices):
    assert Codebook.of(choices, STIMULI, [*OBJECTS, "owl"]).objects["owl"] == 3


@pytest.mark.parametrize(
    ("p", "message"),
    [
        (np.ones((3, 2)), r"must be \(stimulus, object\) = \(3, 3\), received \(3, 2\)"),
        (np.full((3, 3), -1.0), "must be finite and not negative"),
        (np.full((3, 3), np.nan), "must be finite and not negative"),
        (np.zeros((3, 3)), "stimulus 'c' has probability 0 for its object and another"),
    ],
)
def test_unfit_probabilities_are_refused(choices, p, message):
    with pytest.raises(ValueError, match=message):
        rates_of_model(p, Codebook.of(choices, STIMULI, OBJECTS))
