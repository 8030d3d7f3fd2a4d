"""Ceilings from recordings with known variance components, and ceilings quoted from a source."""

import itertools
import math

import numpy as np
import pytest
import xarray as xr

from alignment import PublishedCeiling, SplitHalfCeiling
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
    values, signal = simulate(CEILINGS, n_repetitions)
    estimate = SplitHalfCeiling().estimate(labelled(values), none(values))
    np.testing.assert_allclose(estimate.values, CEILINGS, atol=0.03)
    # What it claims to be: the correlation that the noiseless signal reaches.
    np.testing.assert_allclose(estimate.values, pearson(signal, values.mean(axis=0)), atol=0.03)


def test_split_half_is_the_spearman_brown_formula():
    values, _ = simulate([0.7], 4, n_stimuli=50)
    pairs = [((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))]
    r = np.mean([np.corrcoef(values[list(a), :, 0].mean(0), values[list(b), :, 0].mean(0))[0, 1] for a, b in pairs])
    estimate = SplitHalfCeiling().estimate(labelled(values), none(values))
    assert estimate.values[0] == pytest.approx(math.sqrt(2 * r / (1 + r)))


def test_odd_number_of_repetitions_is_corrected_to_all_of_them():
    values, _ = simulate([0.7], 3, n_stimuli=50)
    r = np.mean([np.corrcoef(values[a, :, 0], values[b, :, 0])[0, 1] for a, b in [(0, 1), (0, 2), (1, 2)]])
    estimate = SplitHalfCeiling().estimate(labelled(values), none(values))
    assert estimate.values[0] == pytest.approx(math.sqrt(3 * r / (1 + 2 * r)))


@pytest.mark.parametrize("n_repetitions", [2, 3, 4, 5, 6, 8])
def test_every_halving_occurs_once(n_repetitions):
    half = n_repetitions // 2
    halvings = SplitHalfCeiling()._halvings(n_repetitions, half)
    seen = [frozenset((frozenset(first), frozenset(second))) for first, second in halvings]
    expected = {
        frozenset((frozenset(first), frozenset(second)))
        for first in itertools.combinations(range(n_repetitions), half)
        for second in itertools.combinations(set(range(n_repetitions)) - set(first), half)
    }
    assert len(seen) == len(set(seen))
    assert set(seen) == expected
    assert len(seen) == math.comb(n_repetitions, half) * math.comb(n_repetitions - half, half) // 2


def test_many_repetitions_use_random_halvings_of_the_seed():
    draws = [SplitHalfCeiling(max_halvings=30, seed=seed)._halvings(12, 6) for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]
    assert len(draws[0]) == 30
    assert all(sorted(first + second) == list(range(12)) for first, second in draws[0])


def test_random_halvings_agree_with_all_of_them():
    values, _ = simulate([0.5, 0.8], 8, n_stimuli=500)
    some = SplitHalfCeiling(max_halvings=20).estimate(labelled(values), none(values))
    every = SplitHalfCeiling().estimate(labelled(values), none(values))
    np.testing.assert_allclose(some.values, every.values, atol=0.02)


@pytest.mark.parametrize("n_repetitions", [2, 3, 6])
def test_recording_without_noise_has_ceiling_one(n_repetitions):
    signal = np.random.default_rng(0).standard_normal((100, 3))
    values = np.tile(signal, (n_repetitions, 1, 1))
    np.testing.assert_allclose(SplitHalfCeiling().estimate(labelled(values), none(values)).values, 1, rtol=1e-12)


def test_pure_noise_has_no_ceiling_or_one_near_zero():
    values = np.random.default_rng(0).standard_normal((4, 5000, 60))
    ceiling = SplitHalfCeiling().estimate(labelled(values), none(values)).values
    assert 0.25 < np.isnan(ceiling).mean() < 0.75
    assert np.nanmax(ceiling) < 0.25


def test_constant_neuroid_has_no_ceiling():
    values = np.ones((4, 50, 1))
    assert np.isnan(SplitHalfCeiling().estimate(labelled(values), none(values)).values).all()


def test_draws_have_one_row_per_resample_and_follow_its_weights():
    values, _ = simulate([0.6, 0.9], 4, n_stimuli=80)
    counts = np.random.default_rng(1).integers(0, 3, (5, 80))
    weights = np.vstack([np.ones(80), counts])
    estimate = SplitHalfCeiling().estimate(labelled(values), weights)
    assert estimate.draws.shape == (6, 2)
    np.testing.assert_allclose(estimate.draws[0], estimate.values, rtol=1e-12)
    for row, count in enumerate(counts, start=1):
        repeated = np.repeat(values, count, axis=1)
        expected = SplitHalfCeiling().estimate(labelled(repeated), none(repeated)).values
        np.testing.assert_allclose(estimate.draws[row], expected, rtol=1e-9)


def test_one_repetition_is_too_few():
    values = np.ones((1, 10, 2))
    with pytest.raises(ValueError, match="needs at least 2 repetitions, received 1"):
        SplitHalfCeiling().estimate(labelled(values), none(values))


def test_published_values_follow_the_order_of_the_neuroids():
    ceiling = PublishedCeiling({"n2": 0.2, "n0": 0.9, "elsewhere": 0.5}, "Somebody 2020, table 1")
    values = np.zeros((1, 5, 3))
    estimate = ceiling.estimate(labelled(values), np.ones((7, 5)))
    np.testing.assert_array_equal(estimate.values, [0.9, np.nan, 0.2])
    assert estimate.draws is None


def test_kinds_and_sources_are_told():
    assert PublishedCeiling({}, "Somebody 2020").describe() == "quoted, not computed: Somebody 2020"
    assert PublishedCeiling({}, "").kind == "published"
    assert SplitHalfCeiling().kind == "split-half"
    assert "Spearman-Brown" in SplitHalfCeiling().describe()
