"""Trials in their conditions: means by a plain loop, resamples inside conditions, and what is refused."""

import numpy as np
import pytest

from alignment.inference import small_sample_factor
from alignment.physiology.conditions import arrange, bounded, bounded_angle, stratified_weights


@pytest.fixture
def trials(respond):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(30, 3))
    values[4, 1] = np.nan
    direction = rng.permutation(np.repeat([0.0, 90.0, 180.0], 10))
    return respond(values, direction_deg=direction, contrast=np.repeat([1.0, 0.0], [27, 3]))


def test_means_are_those_of_a_plain_loop(trials):
    table = arrange(trials, ["direction_deg"])
    assert table.axes["direction_deg"].tolist() == [0, 90, 180]
    for number, degrees in enumerate((0, 90, 180)):
        rows = (trials["direction_deg"].values == degrees) & (trials["contrast"].values > 0)
        np.testing.assert_allclose(table.means()[number], np.nanmean(trials.values[rows], axis=0))
        assert table.counts[number] == rows.sum()
    np.testing.assert_allclose(table.blank(), trials.values[-3:].mean(axis=0))


def test_repeats_are_trials(trials, respond):
    values = np.arange(24.0).reshape(4, 3, 2)
    direction = np.array([0.0, 90.0, 180.0, 270.0])
    cube = arrange(respond(values, direction_deg=direction), ["direction_deg"])
    flat = arrange(respond(values.reshape(12, 2), direction_deg=np.repeat(direction, 3)), ["direction_deg"])
    np.testing.assert_array_equal(cube.means(), values.mean(axis=1))
    np.testing.assert_array_equal(cube.draws(5, 0), flat.draws(5, 0))


def test_a_repeat_that_was_not_shown_is_left_out(respond):
    values = np.arange(24.0).reshape(4, 3, 2)
    values[0, 2] = np.nan
    table = arrange(respond(values, direction_deg=[0.0, 90.0, 180.0, 270.0]), ["direction_deg"])
    assert table.counts.tolist() == [2, 3, 3, 3]
    np.testing.assert_array_equal(table.means()[0], values[0, :2].mean(axis=0))


def test_resamples_stay_inside_their_condition():
    code = np.array([0, 1, 0, 1, 1, 2])
    weights = stratified_weights(code, 500, 3)
    for condition in range(3):
        assert (weights[:, code == condition].sum(axis=1) == (code == condition).sum()).all()
    assert (weights[:, 5] == 1).all()
    np.testing.assert_allclose(weights[:, 0].mean(), 1, atol=0.1)


def test_spread_of_draws_is_the_standard_error(trials):
    seen = trials.isel(stimulus=slice(0, 27))
    table = arrange(seen, ["direction_deg"])
    drawn = table.draws(4000, 0)[:, 0, 0].std()
    rows = table.trials[table.code == 0, 0]
    assert drawn == pytest.approx(rows.std() / np.sqrt(len(rows)), rel=0.05)


def test_few_trials_widen_the_interval(respond):
    table = arrange(respond(np.zeros((8, 1)), direction_deg=np.repeat([0.0, 90.0, 180.0, 270.0], 2)), ["direction_deg"])
    assert table.factor == pytest.approx(small_sample_factor(5, n_tested=2.0))
    assert table.repeated


def test_single_responses_have_no_draws(respond):
    table = arrange(respond(np.ones((4, 2)), direction_deg=[0.0, 90.0, 180.0, 270.0]), ["direction_deg"])
    assert table.draws(10, 0).shape == (0, 4, 2)
    assert "no intervals" in table.finish({}, {}).attrs["notes"]


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"speed_deg_per_s": [1.0, 2.0, 3.0, 4.0]}, "have no coordinate 'direction_deg'.*speed_deg_per_s"),
        ({"direction_deg": [0.0, 90.0, np.nan, 270.0]}, "1 of 4 trials state no direction_deg"),
        (
            {"direction_deg": [0.0, 0.0, 90.0, 90.0], "kind": ["grating", "plaid"] * 2},
            "differ in kind.*select_stimuli.*average_over=\\('kind',\\)",
        ),
        (
            {"direction_deg": [0.0, 0.0, 90.0, 90.0], "temporal_frequency_hz": [4.0, 2.0, 4.0, 4.0]},
            "differ in temporal_frequency_hz",
        ),
        ({"direction_deg": [0.0] * 4, "contrast": [0.0] * 4}, "all stimuli have contrast 0"),
    ],
)
def test_unclear_conditions_are_refused(facts, message, respond):
    with pytest.raises(ValueError, match=message):
        arrange(respond(np.ones((4, 1)), **facts), ["direction_deg"])


def test_wrong_responses_are_refused(respond):
    good = respond(np.ones((4, 1)), direction_deg=[0.0, 90.0, 180.0, 270.0])
    with pytest.raises(ValueError, match="must be .stimulus, unit.*average over time first"):
        arrange(good.expand_dims("time"), ["direction_deg"])
    with pytest.raises(ValueError, match="infinite"):
        arrange(good * np.inf, ["direction_deg"])
    with pytest.raises(ValueError, match="no number at all"):
        arrange(good * np.nan, ["direction_deg"])


def test_phase_and_seed_make_trials_not_conditions(respond):
    facts = {"direction_deg": [0.0, 0.0, 90.0, 90.0], "phase_deg": [0.0, 90.0, 0.0, 90.0], "seed": [1, 2, 3, 4]}
    assert arrange(respond(np.ones((4, 1)), **facts), ["direction_deg"]).counts.tolist() == [2, 2]


def test_averaging_over_a_fact_has_to_be_said(respond):
    facts = {"direction_deg": [0.0, 0.0, 90.0, 90.0], "temporal_frequency_hz": [4.0, 2.0, 4.0, 4.0]}
    table = arrange(respond(np.ones((4, 1)), **facts), ["direction_deg"], average_over=("temporal_frequency_hz",))
    assert table.counts.tolist() == [2, 2]


def test_constant_units_are_counted(respond):
    values = np.array([[0.0, 5.0, 1.0], [0.0, 5.0, 2.0]])
    table = arrange(respond(values, direction_deg=[0.0, 180.0]), ["direction_deg"])
    assert table.constant().tolist() == [True, True, False]
    assert table.notes == ["2 of 3 units answer all conditions alike and have no tuning: NaN."]


def test_bounds_of_an_angle_turn_with_it():
    draws = np.array([[355.0], [358.0], [2.0], [5.0]] * 50)
    found = bounded_angle("angle", np.array([0.0]), draws, 1.0)
    assert -5 <= found["angle_low"][1][0] < 0 < found["angle_high"][1][0] <= 5


def test_no_interval_for_what_is_unknown():
    found = bounded("value", np.array([np.nan, 1.0]), np.ones((10, 2)), 1.0)
    assert np.isnan(found["value_low"][1]).tolist() == [True, False]
