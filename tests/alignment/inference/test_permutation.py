"""Permutation tests against scipy's, plain loops, and the uniform p that a true null must give."""

import numpy as np
import pytest
from scipy import signal, stats

from alignment.correlation import pearson
from alignment.inference import (
    make_scheme,
    permutation_p,
    permutation_test,
    permutation_test_correlation,
    sign_flip_test,
)

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((2, 7))
ALTERNATIVES = ("greater", "less", "two-sided")


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_exact_p_equals_scipy(alternative):
    ours = permutation_test(lambda index: np.corrcoef(X[index], Y)[0, 1], 7, alternative=alternative)
    reference = stats.permutation_test(
        (X,),
        lambda x: np.corrcoef(x, Y)[0, 1],
        permutation_type="pairings",
        vectorized=False,
        n_resamples=5040,
        alternative=alternative,
    )
    assert ours.exact
    assert float(ours.p) == pytest.approx(reference.pvalue, abs=1e-12)
    np.testing.assert_allclose(np.sort(ours.null), np.sort(reference.null_distribution), atol=1e-12)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_exact_sign_flips_equal_scipy(alternative):
    differences = RNG.standard_normal(9) + 0.4
    ours = sign_flip_test(differences, alternative=alternative)
    reference = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative=alternative
    )
    assert ours.exact and len(ours.null) == 512
    assert float(ours.p) == pytest.approx(reference.pvalue, abs=1e-12)


def test_equal_statistics_count_as_reached():
    # Ties by symmetry that rounding would break: half of all orders give the observed value.
    ours = permutation_test(lambda index: 0.1 * np.array([1, 1, 2, 2])[index] @ np.array([0.3, 0.3, 0.7, 0.7]), 4)
    assert float(ours.p) == pytest.approx(4 / 24)


def test_stacks_give_the_same_as_single_permutations():
    single = permutation_test(lambda index: X[index] @ Y, 7, batch=100)
    stacked = permutation_test(lambda stack: X[stack] @ Y, 7, vectorised=True)
    np.testing.assert_allclose(single.null, stacked.null, atol=1e-12)
    assert single.p == stacked.p


@pytest.mark.parametrize(
    ("scheme", "options", "exact"),
    [
        ("exchange", {}, False),
        ("within-groups", {"groups": np.arange(40) // 10}, False),
        ("between-groups", {"groups": np.arange(40) // 10}, True),
        ("circular-shift", {"min_shift": 5}, True),
        ("block", {"block_length": 8}, True),
    ],
)
def test_correlations_of_all_neuroids_equal_a_plain_loop(scheme, options, exact):
    rng = np.random.default_rng(1)
    predicted, observed = rng.standard_normal((2, 40, 3))
    found = permutation_test_correlation(predicted, observed, scheme=scheme, n_permutations=50, seed=3, **options)
    loop = permutation_test(
        lambda index: pearson(predicted[index], observed), 40, scheme=scheme, n_permutations=50, seed=3, **options
    )
    assert found.exact == loop.exact == exact
    np.testing.assert_allclose(found.null, loop.null, atol=1e-12)
    np.testing.assert_allclose(found.observed, pearson(predicted, observed), atol=1e-12)
    np.testing.assert_array_equal(found.p, loop.p)
    pooled = permutation_test_correlation(
        predicted, observed, scheme=scheme, n_permutations=50, seed=3, pool="median", **options
    )
    np.testing.assert_allclose(pooled.null, np.median(loop.null, axis=1), atol=1e-12)


def test_blocks_of_neuroids_change_nothing(monkeypatch):
    predicted, observed = np.random.default_rng(1).standard_normal((2, 30, 11))
    whole = permutation_test_correlation(predicted, observed, n_permutations=20)
    monkeypatch.setattr("alignment.inference.permutation.MAX_BLOCK", 90)
    parts = permutation_test_correlation(predicted, observed, n_permutations=20)
    np.testing.assert_allclose(parts.null, whole.null, atol=1e-14)


@pytest.mark.parametrize(
    "options", [{"scheme": "exchange", "n_permutations": 30}, {"scheme": "circular-shift", "min_shift": 2}]
)
def test_constants_correlate_as_elsewhere(options):
    predicted, observed = np.random.default_rng(2).standard_normal((2, 20, 3))
    predicted[:, 0], observed[:, 1] = 4.0, 0.1
    found = permutation_test_correlation(predicted, observed, **options)
    assert found.observed[0] == 0 and found.p[0] == 1
    assert np.isnan(found.observed[1]) and np.isnan(found.p[1])
    assert np.isfinite(found.p[2])


def test_random_p_counts_the_observed_permutation():
    found = permutation_test(lambda index: index @ np.arange(20.0), 20, n_permutations=99)
    assert not found.exact
    assert float(found.p) == 1 / 100
    assert found.describe() == (
        "permutation test (greater) with 99 random permutations, p = (b + 1) / (B + 1): 20 items in every order."
    )


def test_exact_result_says_so():
    found = sign_flip_test(np.ones(3))
    assert found.describe() == "exact permutation test (two-sided) over all 8 permutations: signs of 3 items flipped."
    assert float(found.p) == 2 / 8


def test_groups_keep_one_sign():
    differences, groups = RNG.standard_normal((12, 2)), np.arange(12) % 4
    found = sign_flip_test(differences, groups=groups)
    sums = np.array([differences[groups == group].sum(axis=0) for group in range(4)])
    assert found.null.shape == (16, 2)
    np.testing.assert_allclose(found.observed, differences.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(np.sort(np.abs(found.null[:, 0]))[-1], np.abs(sums[:, 0]).sum() / 12)


def test_p_by_hand():
    null = np.array([1.0, 2.0, 3.0, 4.0])
    by = {name: float(permutation_p(null, 3.0, exact=True, alternative=name)) for name in ALTERNATIVES}
    assert by == {"greater": 0.5, "less": 0.75, "two-sided": 1.0}
    assert float(permutation_p(null, 5.0, exact=False, alternative="two-sided")) == pytest.approx(0.4)
    assert np.isnan(permutation_p(null, np.nan, exact=True, alternative="greater"))


def test_undefined_permutations_count_as_extreme():
    assert float(permutation_p(np.array([np.nan, 0.0, 0.0]), 1.0, exact=False, alternative="greater")) == 0.5


def simulated_p(make, n_simulations=400, **options):
    """One p per simulation: neuroid j of the arrays is simulation j, and all simulations meet the same permutations."""
    predicted, observed = make(np.random.default_rng(7), n_simulations)
    found = permutation_test_correlation(predicted, observed, n_permutations=1999, **options)
    # p is discrete: spread each value over its step, so that it is uniform under a true null.
    step = 1 / len(found.null) if found.exact else 1 / 2000
    return found.p - step * np.random.default_rng(8).uniform(size=n_simulations)


def independent(rng, n):
    return rng.standard_normal((2, 60, n))


def with_group_means(rng, n):
    # Both sides share the mean of their group: exchangeable inside groups only.
    noise = rng.standard_normal((2, 60, n))
    return noise + 2 * np.repeat(rng.standard_normal((1, 6, n)), 10, axis=1)


def with_own_group_means(rng, n):
    # Each side has group means of its own: whole groups are exchangeable, items are not.
    return rng.standard_normal((2, 60, n)) + 2 * np.repeat(rng.standard_normal((2, 12, n)), 5, axis=1)


def autocorrelated(rng, n):
    # AR(1), coefficient 0.8, time constant 4.5 steps; 100 steps of burn-in.
    return signal.lfilter([1], [1, -0.8], rng.standard_normal((2, 500, n)), axis=1)[:, 100:]


UNIFORM = {
    "exchange": (independent, {}),
    "within-groups": (with_group_means, {"groups": np.arange(60) // 10}),
    "between-groups": (with_own_group_means, {"groups": np.arange(60) // 5}),
    "circular-shift": (autocorrelated, {"min_shift": 25}),
    "block": (autocorrelated, {"block_length": 40}),
}


@pytest.mark.parametrize("scheme", UNIFORM)
def test_p_is_uniform_under_the_null(scheme):
    make, options = UNIFORM[scheme]
    ps = simulated_p(make, scheme=scheme, **options)
    assert stats.kstest(ps, "uniform").pvalue > 0.01


@pytest.mark.parametrize(
    ("make", "least"), [(with_group_means, 0.5), (with_own_group_means, 0.1), (autocorrelated, 0.15)]
)
def test_plain_exchange_fails_where_items_are_not_exchangeable(make, least):
    ps = simulated_p(make, n_simulations=300)
    assert (ps <= 0.05).mean() > least
    assert stats.kstest(ps, "uniform").pvalue < 1e-6


def test_sign_flip_p_is_uniform_under_the_null():
    differences = np.random.default_rng(9).laplace(size=(12, 500))
    ps = sign_flip_test(differences, alternative="greater").p - np.random.default_rng(1).uniform(size=500) / 4096
    assert stats.kstest(ps, "uniform").pvalue > 0.01


def test_a_planted_relation_is_found():
    predicted = np.random.default_rng(3).standard_normal((100, 5))
    observed = 0.5 * predicted + np.random.default_rng(4).standard_normal((100, 5))
    assert (permutation_test_correlation(predicted, observed, n_permutations=999).p <= 0.005).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: permutation_test(lambda index: 0.0, 5, n_permutations=0),
            "n_permutations and batch must be at least 1",
        ),
        (lambda: permutation_test(lambda index: np.zeros((2, 2)), 3), "must return a number or"),
        (lambda: permutation_test(lambda stack: np.zeros(2), 3, vectorised=True), "the statistic returned"),
        (lambda: permutation_test(lambda index: 0.0, 3, alternative="both"), "alternative must be 'greater'"),
        (lambda: permutation_test_correlation(np.zeros((4, 2)), np.zeros((4, 3))), "must both be"),
        (lambda: permutation_test_correlation(np.full((4, 2), np.nan), np.zeros((4, 2))), "must be finite"),
        (lambda: sign_flip_test(np.array([np.nan])), "differences must be finite"),
        (lambda: sign_flip_test(np.zeros(3), groups=np.zeros(2)), r"groups has shape \(2,\)"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_schemes_are_counted_before_they_are_listed():
    assert make_scheme("exchange", 200).count > 10**300
