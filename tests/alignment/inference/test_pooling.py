"""Weighted medians and means, and values of populations of animals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment.inference.pooling import Pooling, weighted_mean, weighted_median
from alignment.result import aggregate

RNG = np.random.default_rng(0)


@given(st.lists(st.tuples(st.floats(-5, 5), st.integers(0, 4)), min_size=1, max_size=12))
@settings(max_examples=200, deadline=None)
def test_weighted_median_and_mean_are_those_of_repeated_values(items):
    values, counts = (np.array(part, dtype=float) for part in zip(*items, strict=True))
    repeated = np.repeat(values, counts.astype(int))
    for weighted, plain in ((weighted_median, np.median), (weighted_mean, np.mean)):
        found = weighted(values, counts)
        if len(repeated):
            assert found == pytest.approx(plain(repeated), abs=1e-12)
        else:
            assert np.isnan(found)


def test_nan_values_do_not_count():
    values, counts = np.array([[1.0, np.nan, 3.0, 10.0]]), np.array([[1.0, 5.0, 1.0, 1.0]])
    assert weighted_median(values, counts) == pytest.approx([3])
    assert weighted_mean(values, counts) == pytest.approx([14 / 3])


@pytest.mark.parametrize("how", ["median", "mean"])
def test_population_value_is_over_neuroids_of_an_animal_then_over_animals(how):
    values, animals = RNG.standard_normal((3, 11)), np.array(list("aabbbbbbccc"))
    values[0, 0] = np.nan
    of = {"median": np.nanmedian, "mean": np.nanmean}[how]
    expected = [np.mean([of(row[animals == name]) for name in "abc"]) for row in values]
    np.testing.assert_allclose(Pooling(animals, 11, how).value(values), expected, atol=1e-12)


def test_median_pool_is_the_aggregate_of_scores():
    values, animals = RNG.standard_normal((5, 9)), np.array(list("aabbbcccc"))
    np.testing.assert_allclose(Pooling(animals, 9, "median").value(values), aggregate(values, animals), atol=1e-12)


@pytest.mark.parametrize("how", ["median", "mean"])
@pytest.mark.parametrize("animals", [None, np.array(list("aabbbbbcccc"))])
def test_leave_one_out_values_equal_a_plain_loop(monkeypatch, how, animals):
    monkeypatch.setattr("alignment.inference.pooling.JACKKNIFE_ROWS", 2)
    values = RNG.standard_normal(11)
    pooling = Pooling(animals, 11, how)
    without = [
        Pooling(None if animals is None else np.delete(animals, unit), 10, how).value(np.delete(values, unit))
        for unit in range(11)
    ]
    np.testing.assert_allclose(pooling.jackknife(values, animals=False), without, atol=1e-12)
    if animals is not None:
        kept = [Pooling(animals[animals != name], int((animals != name).sum()), how) for name in "abc"]
        without = [one.value(values[animals != name]) for one, name in zip(kept, "abc", strict=True)]
        np.testing.assert_allclose(pooling.jackknife(values, animals=True), without, atol=1e-12)


def test_resampled_means_have_the_variance_of_each_level():
    # Mean over animals of means over 4 neuroids: drawing animals, neuroids inside fixed animals, and both.
    rng = np.random.default_rng(1)
    animals = np.repeat(np.arange(6), 4)
    values = rng.standard_normal(6)[animals] + rng.standard_normal(24)
    pooling, n_draws = Pooling(animals, 24, "mean"), 40_000
    table = values.reshape(6, 4)
    between, within = table.mean(axis=1).var() / 6, (table.var(axis=1) / 4).mean() / 6
    many = np.broadcast_to(values, (n_draws, 24))
    expected = {(True, False): within, (False, True): between, (True, True): between + within}
    for (neuroids, outer), variance in expected.items():
        drawn = pooling.resample(many, np.random.default_rng(2), neuroids=neuroids, animals=outer)
        assert drawn.var() == pytest.approx(variance, rel=0.04)
        assert drawn.mean() == pytest.approx(values.mean(), abs=4 * np.sqrt(variance / n_draws))


@pytest.mark.parametrize(
    ("animals", "how", "message"),
    [(None, "mode", "pool must be 'median' or 'mean'"), (np.zeros(3), "mean", r"animals has shape \(3,\)")],
)
def test_refusals(animals, how, message):
    with pytest.raises(ValueError, match=message):
        Pooling(animals, 5, how)
