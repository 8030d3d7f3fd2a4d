"""Split-half reliability from recordings with known variance components, equal repetitions and unequal ones."""

import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment.ceilings import SplitHalfCeiling, reliable_units, spearman_brown, split_half_reliability
from alignment.correlation import pearson

CEILINGS = np.array([0.4, 0.55, 0.7, 0.85, 0.95])


def simulate(ceilings, n_repetitions, n_stimuli=40_000, seed=0):
    """Repetitions whose mean correlates with the signal at the given ceilings."""
    rng = np.random.default_rng(seed)
    signal = rng.standard_normal((n_stimuli, len(ceilings)))
    sigma = np.sqrt(n_repetitions * (1 / np.asarray(ceilings) ** 2 - 1))
    return signal + sigma * rng.standard_normal((n_repetitions, *signal.shape)), signal


def labelled(values):
    ids = [f"n{unit}" for unit in range(values.shape[2])]
    return xr.DataArray(values, dims=("repetition", "stimulus", "neuroid"), coords={"neuroid_id": ("neuroid", ids)})


def none(values):
    """No bootstrap draws."""
    return np.zeros((0, values.shape[1]))


@pytest.mark.parametrize("n_repetitions", [2, 3, 4, 5, 6, 7])
def test_split_half_recovers_a_known_ceiling(n_repetitions):
    values, signal = simulate(CEILINGS, n_repetitions, n_stimuli=20_000)
    estimate = SplitHalfCeiling(max_halvings=20).estimate(labelled(values), none(values))
    np.testing.assert_allclose(estimate.values, CEILINGS, atol=0.03)
    # What it claims to be: the correlation that the noiseless signal reaches.
    np.testing.assert_allclose(estimate.values, pearson(signal, values.mean(axis=0)), atol=0.03)


def test_split_half_is_the_spearman_brown_formula():
    values, _ = simulate([0.7], 4, n_stimuli=50)
    pairs = [((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))]
    r = np.mean([np.corrcoef(values[list(a), :, 0].mean(0), values[list(b), :, 0].mean(0))[0, 1] for a, b in pairs])
    found = split_half_reliability(values)
    assert found.ceiling[0] == pytest.approx(math.sqrt(2 * r / (1 + r)))
    assert found.correlation.shape == (3, 1)
    assert (found.n_halvings, found.n_repetitions, found.n_missing, found.seed) == (3, (4, 4), 0, 0)


def test_odd_number_of_repetitions_is_corrected_to_all_of_them():
    values, _ = simulate([0.7], 3, n_stimuli=50)
    r = np.mean([np.corrcoef(values[a, :, 0], values[b, :, 0])[0, 1] for a, b in [(0, 1), (0, 2), (1, 2)]])
    found = split_half_reliability(values)
    assert found.reliability[0] == pytest.approx(3 * r / (1 + 2 * r))
    assert found.factor[0] == 3


def test_random_halvings_agree_with_all_of_them():
    values, _ = simulate([0.5, 0.8], 8, n_stimuli=500)
    some = split_half_reliability(values, max_halvings=20).ceiling
    np.testing.assert_allclose(some, split_half_reliability(values).ceiling, atol=0.02)


def test_pure_noise_has_no_ceiling_or_one_near_zero():
    values = np.random.default_rng(0).standard_normal((4, 5000, 60))
    found = split_half_reliability(values)
    assert 0.25 < np.isnan(found.ceiling).mean() < 0.75
    assert found.n_not_positive == np.isnan(found.ceiling).sum() == (found.reliability <= 0).sum()
    assert np.nanmax(found.ceiling) < 0.25
    assert abs(np.mean(found.reliability)) < 0.01


@pytest.mark.parametrize("gaps", [False, True])
def test_draws_follow_their_weights(gaps):
    values, _ = simulate([0.6, 0.9], 4, n_stimuli=80)
    if gaps:
        values[3, :20] = np.nan
        values[2, 10:15, 1] = np.nan
    counts = np.random.default_rng(1).integers(0, 3, (5, 80))
    found = split_half_reliability(values, weights=np.vstack([np.ones(80), counts]), max_halvings=20)
    assert found.draws.shape == (6, 2)
    np.testing.assert_allclose(found.draws[0], found.reliability, rtol=1e-12)
    if not gaps:
        for row, count in enumerate(counts, start=1):
            expected = split_half_reliability(np.repeat(values, count, axis=1), max_halvings=20).reliability
            np.testing.assert_allclose(found.draws[row], expected, rtol=1e-9)


def with_gaps(values, seed=0):
    """Between 2 and all repetitions of each stimulus, the first of them."""
    values = values.copy()
    count = np.random.default_rng(seed).integers(2, len(values) + 1, values.shape[1])
    values[np.arange(len(values))[:, None] >= count] = np.nan
    return values, count


def test_unequal_repetitions_recover_the_correlation_with_the_signal():
    values, signal = simulate(CEILINGS[1:], 8, n_stimuli=10_000)
    values, count = with_gaps(values)
    found = split_half_reliability(values, max_halvings=10)
    np.testing.assert_allclose(found.ceiling, pearson(signal, np.nanmean(values, axis=0)), atol=0.03)
    expected = np.mean(1 / (count // 2)) / np.mean(1 / count)
    np.testing.assert_allclose(found.factor, expected, rtol=1e-12)
    assert found.n_repetitions == (2, 8)
    assert found.n_missing == np.isnan(values).sum()


def test_stimuli_with_one_repetition_count_for_the_mean_but_not_for_the_halves():
    values, signal = simulate([0.8], 4, n_stimuli=30_000)
    values[1:, ::2] = np.nan
    found = split_half_reliability(values, max_halvings=10)
    assert found.n_stimuli[0] == 15_000
    assert found.factor[0] == pytest.approx((1 / 2) / np.mean([1, 1 / 4]))
    np.testing.assert_allclose(found.ceiling, pearson(signal, np.nanmean(values, axis=0)), atol=0.02)


def test_units_may_lack_different_responses():
    values, signal = simulate([0.7, 0.9], 6, n_stimuli=20_000)
    rng = np.random.default_rng(3)
    values[rng.random(values.shape) < 0.2] = np.nan
    values[:2] = np.nan_to_num(values[:2], nan=0.1)  # nobody is left with fewer than two
    values[:2] = simulate([0.7, 0.9], 6, n_stimuli=20_000)[0][:2]
    found = split_half_reliability(values, max_halvings=10)
    np.testing.assert_allclose(found.ceiling, pearson(signal, np.nanmean(values, axis=0)), atol=0.02)
    assert found.factor[0] != found.factor[1]


def test_repetition_that_nobody_has_is_only_padding():
    values, _ = simulate([0.7], 4, n_stimuli=50)
    padded = np.concatenate([values, np.full((2, 50, 1), np.nan)])
    assert split_half_reliability(padded).reliability == split_half_reliability(values).reliability


def test_further_axes_are_time_bins():
    values, _ = simulate([0.6, 0.9], 4, n_stimuli=60)
    stacked = np.stack([values, 2 * values + 1, values[:, ::-1]], axis=-1)
    weights = np.random.default_rng(0).integers(0, 3, (5, 60)).astype(float)
    found = split_half_reliability(stacked, weights=weights)
    assert found.reliability.shape == (2, 3)
    assert found.draws.shape == (5, 2, 3)
    assert found.correlation.shape == (3, 2, 3)
    for time_bin in range(3):
        one = split_half_reliability(stacked[..., time_bin], weights=weights)
        np.testing.assert_allclose(found.reliability[:, time_bin], one.reliability, rtol=1e-12)
        np.testing.assert_allclose(found.draws[..., time_bin], one.draws, rtol=1e-10)


@settings(max_examples=30, deadline=None)
@given(scale=st.floats(0.01, 100), shift=st.floats(-100, 100), seed=st.integers(0, 20))
def test_scale_and_offset_of_a_neuroid_do_not_matter(scale, shift, seed):
    values, _ = simulate([0.8], 4, n_stimuli=40, seed=seed)
    expected = split_half_reliability(values).reliability
    np.testing.assert_allclose(split_half_reliability(scale * values + shift).reliability, expected, rtol=1e-7)


def test_order_of_repetitions_does_not_matter_when_all_halvings_are_used():
    values, _ = simulate([0.8], 6, n_stimuli=40)
    shuffled = split_half_reliability(values[[3, 1, 5, 0, 2, 4]]).reliability
    np.testing.assert_allclose(shuffled, split_half_reliability(values).reliability, rtol=1e-12)


def test_spearman_brown_by_hand():
    np.testing.assert_allclose(spearman_brown([0.5, 0.0, -0.5, 1.0]), [2 / 3, 0, -2, 1])
    np.testing.assert_allclose(spearman_brown(0.5, 3), 0.75)
    assert np.isnan(spearman_brown(-0.6, 3))  # 1 + 2 r < 0: there is no such reliability
    assert np.isnan(spearman_brown(-1.0))


@settings(max_examples=50, deadline=None)
@given(r=st.floats(0.01, 0.99), first=st.floats(1, 5), second=st.floats(1, 5))
def test_spearman_brown_twice_is_once_with_the_product(r, first, second):
    np.testing.assert_allclose(
        spearman_brown(spearman_brown(r, first), second), spearman_brown(r, first * second), rtol=1e-9
    )


@pytest.mark.parametrize(
    ("trials", "message"),
    [
        (np.ones((1, 10, 2)), "needs at least 2 repetitions, received 1"),
        (np.ones((4, 2, 2)), "needs at least 3 stimuli, received 2"),
        (np.ones((4, 10)), r"needs trials \(repetition, stimulus, neuroid\), received shape \(4, 10\)"),
        (np.full((4, 10, 1), np.inf), "received 40 infinite responses"),
        (np.full((4, 10, 1), np.nan), "needs at least 2 repetitions, received 0"),
    ],
)
def test_unusable_trials_are_refused(trials, message):
    with pytest.raises(ValueError, match=message):
        split_half_reliability(trials)


def test_weights_must_belong_to_the_stimuli():
    with pytest.raises(
        ValueError, match=r"weights must be \(draw, stimulus\) with 10 stimuli, received shape \(3, 9\)"
    ):
        split_half_reliability(np.ones((4, 10, 1)), weights=np.ones((3, 9)))


def test_units_are_chosen_on_stimuli_that_are_not_scored():
    values, _ = simulate([0.3, 0.9, 0.95], 4, n_stimuli=200)
    scored = np.arange(100)
    values[:, scored, 0] = values[:1, scored, 0]  # reliable where it is scored, and only there
    values[:, scored, 1] = np.random.default_rng(0).standard_normal((4, 100))
    chosen = reliable_units(values, 0.5, scored=scored)
    np.testing.assert_array_equal(chosen.kept, [False, True, True])
    assert (chosen.n_dropped, chosen.n_stimuli, chosen.n_undefined) == (1, 100, 0)
    expected = split_half_reliability(values[:, 100:]).reliability
    np.testing.assert_array_equal(chosen.reliability, expected)
    assert chosen.describe() == (
        "1 of 3 neuroids were left out for a split-half reliability below 0.5, measured on 100 stimuli that are not scored"
    )


def test_neuroids_without_a_reliability_are_dropped_and_counted():
    values, _ = simulate([0.9, 0.9], 4, n_stimuli=50)
    values[..., 1] = 0
    chosen = reliable_units(values, -1.0, scored=[])
    np.testing.assert_array_equal(chosen.kept, [True, False])
    assert chosen.n_undefined == 1
    assert "1 of 2 neuroids, 1 of them because they have none, were left out" in chosen.describe()


@pytest.mark.parametrize(
    ("scored", "message"),
    [(np.arange(49), "1 of 50 stimuli are not scored, too few"), ([50], r"must lie in 0 \.\.\. 49, received 50 to 50")],
)
def test_choice_needs_other_stimuli(scored, message):
    values, _ = simulate([0.9], 4, n_stimuli=50)
    with pytest.raises(ValueError, match=message):
        reliable_units(values, 0.5, scored=scored)
