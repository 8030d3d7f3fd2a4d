"""Weighted medians and means, and values of populations of animals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment.inference.pooling import Pooling, median_draws, weighted_mean, weighted_median
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


@pytest.mark.parametrize(("spread", "n_neuroids"), [(0.0, 40), (1.0, 40), (10.0, 200)])
def test_median_draws_scatter_as_the_median_does(spread, n_neuroids):
    # Noise of variance 1 on each neuroid, drawn anew 300 times, and bootstrap draws of the same noise around each.
    rng = np.random.default_rng(3)
    truth = spread * rng.standard_normal(n_neuroids)
    measured = truth + rng.standard_normal((300, n_neuroids))
    medians, plain, moved = np.median(measured, axis=1), [], []
    for values in measured:
        draws = values + rng.standard_normal((200, n_neuroids))
        plain.append(np.median(draws, axis=1).var())
        moved.append(median_draws(values, draws).var())
    # The standard error of a variance from 300 medians is 8 %.
    assert np.mean(moved) == pytest.approx(medians.var(), rel=0.25)
    if spread == 0:
        assert np.mean(moved) == pytest.approx(np.pi / 2 / n_neuroids, rel=0.12)
        assert np.mean(plain) > 1.2 * np.pi / 2 / n_neuroids


def test_shared_noise_moves_the_median_as_it_is():
    rng = np.random.default_rng(4)
    values, shared = rng.standard_normal(30), rng.standard_normal((500, 1))
    animals = np.arange(30) % 3
    np.testing.assert_allclose(
        median_draws(values, values + shared, animals), aggregate(values, animals) + shared[:, 0], atol=1e-12
    )


def test_one_neuroid_keeps_its_draws():
    draws = np.random.default_rng(5).standard_normal((20, 1))
    np.testing.assert_allclose(median_draws(np.array([0.3]), draws), draws[:, 0])


def test_missing_values_and_draws_are_left_out():
    rng = np.random.default_rng(6)
    values, draws = rng.standard_normal(8), rng.standard_normal((50, 8))
    lost = np.append(values, np.nan)
    wide = np.hstack([draws, rng.standard_normal((50, 1))])
    np.testing.assert_allclose(median_draws(lost, wide), median_draws(values, draws))
    draws[:5] = np.nan
    draws[7, 3] = np.nan
    found = median_draws(values, draws)
    assert np.isnan(found[:5]).all() and np.isfinite(found[5:]).all()
    assert np.isnan(median_draws(np.full(8, np.nan), draws)).all()


def test_shapes_of_draws_must_fit():
    with pytest.raises(ValueError, match=r"values \(3,\), draws \(5, 2\)"):
        median_draws(np.zeros(3), np.zeros((5, 2)))
