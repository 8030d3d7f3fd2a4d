"""Distributions and orders of timescales: known distances, one common factor, rivals, exact p."""

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import ks_2samp, spearmanr, wasserstein_distance

from alignment.timescales import compare_hierarchies, compare_timescales
from alignment.timescales.comparison import wasserstein_ks

RNG = np.random.default_rng(0)
NEURAL = 10 ** RNG.normal(2.2, 0.4, 300)


def test_same_distribution_in_other_units_is_as_near_as_two_halves():
    found = compare_timescales(10 ** RNG.normal(0.5, 0.4, 300), NEURAL, n_boot=200)
    assert found["ms_per_step"].item() == pytest.approx(10**1.7, rel=0.3)
    assert found["ms_per_step_low"] < 10**1.7 < found["ms_per_step_high"]
    assert found["wasserstein"].item() < 1.6 * found["wasserstein_ceiling"].item()
    assert found["wasserstein_single"].item() > 5 * found["wasserstein"].item()
    assert found["sd_model_low"] < 0.4 < found["sd_model_high"]


def test_shifted_copy_is_as_far_as_it_was_shifted():
    found = compare_timescales(NEURAL / 10, NEURAL, ms_per_step=1.0, n_boot=50)
    assert found["wasserstein"].item() == pytest.approx(1.0)
    assert found["ms_per_step_low"].item() == found["ms_per_step_high"].item() == 1.0
    assert compare_timescales(NEURAL / 10, NEURAL, n_boot=0)["wasserstein"].item() == pytest.approx(0, abs=1e-12)


def test_rivals_are_what_they_say():
    found = compare_timescales(NEURAL[:40], NEURAL, n_boot=20)
    logs = np.log10(NEURAL)
    assert found["wasserstein_single"].item() == pytest.approx(np.abs(logs - np.median(logs)).mean())
    assert found["ks_single"].item() == pytest.approx(0.5, abs=0.01)
    assert found["wasserstein_lognormal"].item() < 0.1


def test_distance_of_a_wider_distribution_is_covered():
    truth = 0.3 * np.sqrt(2 / np.pi)  # mean absolute difference of normal quantiles, sd 0.7 against 0.4
    inside = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        found = compare_timescales(
            10 ** rng.normal(0, 0.7, 150), 10 ** rng.normal(2, 0.4, 150), n_boot=100, seed=seed, ms_per_step=100.0
        )
        inside += bool(found["wasserstein_low"] <= truth <= found["wasserstein_high"])
    assert inside >= 16


def test_distances_are_those_of_scipy():
    one, other = RNG.normal(size=31), RNG.normal(1, 2, size=50)
    assert wasserstein_ks(one, other) == pytest.approx(
        (wasserstein_distance(one, other), ks_2samp(one, other).statistic)
    )


def test_unresolved_units_are_counted_not_compared():
    model = np.concatenate([NEURAL[:30], [np.nan, np.inf, 0, -1]])
    found = compare_timescales(model, np.append(NEURAL, np.nan), n_boot=100)
    assert found["unresolved_model"].item() == pytest.approx(4 / 34)
    assert found["unresolved_model_low"] < 4 / 34 < found["unresolved_model_high"]
    assert found["unresolved_neural"].item() == pytest.approx(1 / 301)
    assert found["sd_model"].item() == pytest.approx(np.log10(NEURAL[:30]).std())


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ([1.0, 2.0, np.nan, 3.0], {}, "model_tau holds 3 resolved timescales of 4"),
        (NEURAL, {"ms_per_step": -1.0}, "ms_per_step must be 'fit' or a positive number"),
    ],
)
def test_what_is_no_distribution_is_refused(model, options, message):
    with pytest.raises(ValueError, match=message):
        compare_timescales(model, NEURAL, n_boot=0, **options)


def test_hierarchy_is_spearman_with_the_share_of_all_orders():
    one, other = np.array([3.0, 1.0, 2.0, 2.0, 9.0]), np.array([30.0, 11.0, 22.0, 25.0, 24.0])
    found = compare_hierarchies(one, other)
    assert found["rho"].item() == pytest.approx(spearmanr(one, other).statistic)
    null = [spearmanr(one, other[list(order)]).statistic for order in permutations(range(5))]
    assert found["p"].item() == pytest.approx(np.mean(np.array(null) >= found["rho"].item() - 1e-12))
    assert found["p_two_sided"].item() >= found["p"].item()
    assert found.attrs["exact"] == 1
    assert compare_hierarchies(np.arange(4), np.arange(4))["p"].item() == pytest.approx(1 / 24)


def test_many_regions_take_random_orders():
    found = compare_hierarchies(np.arange(12.0), np.arange(12.0), n_permutations=999)
    assert (found.attrs["exact"], found["p"].item()) == (0, 1e-3)


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ([1, 2, np.nan], [1, 2, 3], "leave out regions without a timescale"),
        ([1, 2], [1, 2], "3 or more regions"),
        ([1, 1, 1], [1, 2, 3], "no order"),
    ],
)
def test_what_is_no_hierarchy_is_refused(one, other, message):
    with pytest.raises(ValueError, match=message):
        compare_hierarchies(one, other)
