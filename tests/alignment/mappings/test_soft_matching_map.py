"""Soft matching, against a plain linear program, Hungarian assignment and the axioms of a metric."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment, linprog
from sklearn.utils.estimator_checks import parametrize_with_checks

import alignment.mappings.soft_matching_map as module
from alignment.correlation import pearson
from alignment.mappings import OneToOne, SoftMatching, soft_matching_correlation, soft_matching_distance

SIZES = [(1, 1), (1, 5), (4, 1), (6, 6), (4, 12), (12, 4), (7, 5), (5, 7), (20, 13), (30, 18), (40, 9)]


def population(n_units, n=30, seed=0):
    """Units that share a few dimensions, with unequal scales and offsets."""
    rng = np.random.default_rng([seed, n_units])
    shared = np.random.default_rng(99).standard_normal((n, 4))
    values = shared @ rng.standard_normal((4, n_units)) + rng.standard_normal((n, n_units))
    return values * rng.uniform(0.1, 10, n_units) + rng.normal(0, 5, n_units)


def standard(values):
    centred = values - values.mean(axis=0)
    return centred / np.sqrt((centred**2).sum(axis=0))


def plain_plan(merit):
    """The whole linear program at once, with masses 1/p and 1/m."""
    p, m = merit.shape
    sums = np.vstack([np.kron(np.eye(p), np.ones(m)), np.kron(np.ones(p), np.eye(m))])
    masses = np.concatenate([np.full(p, 1 / p), np.full(m, 1 / m)])
    return linprog(-merit.ravel(), A_eq=sums, b_eq=masses, method="highs")


@parametrize_with_checks([SoftMatching()])
def test_conforms_to_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("first_pairs", [1, 8])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_plan_is_feasible_and_as_good_as_a_plain_linear_program(sizes, first_pairs, monkeypatch):
    monkeypatch.setattr(module, "FIRST_PAIRS", first_pairs)
    merit = standard(population(sizes[0])).T @ standard(population(sizes[1], seed=1))
    plan = module.transport_plan(merit)
    assert (plan >= 0).all()
    np.testing.assert_allclose(plan.sum(axis=1), 1 / sizes[0], rtol=1e-12)
    np.testing.assert_allclose(plan.sum(axis=0), 1 / sizes[1], rtol=1e-12)
    np.testing.assert_allclose((plan * merit).sum(), -plain_plan(merit).fun, rtol=1e-9)


def test_plan_with_ties_is_optimal():
    merit = np.random.default_rng(0).integers(0, 3, (15, 11)).astype(float)
    np.testing.assert_allclose((module.transport_plan(merit) * merit).sum(), -plain_plan(merit).fun, rtol=1e-9)


def test_larger_plan_is_proven_optimal_by_its_duals():
    """Weak duality: no plan can beat the bound of any duals, here those of a solver that saw all pairs."""
    merit = standard(population(120, seed=2)).T @ standard(population(70, seed=3))
    solution = plain_plan(merit)
    duals = -solution.eqlin.marginals
    bound = (merit - duals[:120, None] - duals[120:]).max() + duals[:120].mean() + duals[120:].mean()
    np.testing.assert_allclose((module.transport_plan(merit) * merit).sum(), bound, rtol=1e-9)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_distance_and_correlation_follow_the_formulas(sizes):
    x, y = population(sizes[0]), population(sizes[1], seed=1)
    a, b = standard(x), standard(y)
    cost = ((a[:, :, None] - b[:, None, :]) ** 2).sum(axis=0)
    expected = plain_plan(-cost).fun
    np.testing.assert_allclose(soft_matching_distance(x, y) ** 2, expected, rtol=1e-9)
    np.testing.assert_allclose(soft_matching_correlation(x, y), 1 - expected / 2, rtol=1e-9)


@pytest.mark.parametrize("size", [1, 6, 25])
def test_equal_numbers_of_units_are_matched_one_to_one(size):
    x, y = population(size), population(size, seed=1)
    merit = standard(x).T @ standard(y)
    rows, columns = linear_sum_assignment(merit, maximize=True)
    np.testing.assert_allclose(soft_matching_correlation(x, y), merit[rows, columns].mean())
    soft, strict = SoftMatching().fit(x, y), OneToOne("hungarian").fit(x, y)
    np.testing.assert_array_equal(soft.plan_.argmax(axis=0), strict.match_)
    np.testing.assert_allclose(soft.plan_.max(axis=0), 1 / size)
    new = population(size, seed=5)
    np.testing.assert_allclose(pearson(soft.predict(new), y), pearson(strict.predict(new), y))


@settings(max_examples=25, deadline=None)
@given(size=st.integers(1, 12), copies=st.integers(1, 3), seed=st.integers(0, 99))
def test_zero_for_units_permuted_scaled_shifted_or_repeated(size, copies, seed):
    rng = np.random.default_rng(seed)
    x = population(size, seed=seed)
    y = (np.repeat(x, copies, axis=1) * rng.uniform(0.1, 9, size * copies) + 2)[:, rng.permutation(size * copies)]
    assert soft_matching_distance(x, y) < 1e-12
    np.testing.assert_allclose(soft_matching_correlation(x, y), 1.0, rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(1, 9), min_size=3, max_size=3), seed=st.integers(0, 99))
def test_symmetric_and_within_the_triangle_inequality(sizes, seed):
    x, y, z = (population(size, n=8, seed=seed + number) for number, size in enumerate(sizes))
    np.testing.assert_allclose(soft_matching_distance(x, y), soft_matching_distance(y, x), atol=1e-9)
    total = soft_matching_distance(x, y) + soft_matching_distance(y, z)
    assert soft_matching_distance(x, z) <= total + 1e-9


def test_opposite_units_are_farthest():
    x = population(1)
    np.testing.assert_allclose(soft_matching_distance(x, -x), 2.0)
    np.testing.assert_allclose(soft_matching_correlation(x, -x), -1.0)


@pytest.mark.parametrize("sizes", [(9, 4), (4, 9), (6, 3)], ids=str)
def test_predictions_are_plan_weighted_averages_of_standardised_units(sizes):
    x, y = population(sizes[0]), population(sizes[1], seed=1)
    new = population(sizes[0], seed=7)
    model = SoftMatching().fit(x, y)
    for j in range(sizes[1]):
        share = model.plan_[:, j] / model.plan_[:, j].sum()
        averaged = sum(share[i] * (new[:, i] - x[:, i].mean()) / x[:, i].std() for i in range(sizes[0]))
        np.testing.assert_allclose(model.predict(new)[:, j], y[:, j].mean() + y[:, j].std() * averaged)
    np.testing.assert_allclose(model.matching_correlation_, soft_matching_correlation(x, y))


def test_constant_units_have_no_part_and_are_counted():
    x, y = population(7), population(4, seed=1)
    padded = np.column_stack([np.full(30, 0.1), x])
    targets = np.column_stack([y, np.full(30, 1 / 3)])
    model, plain = SoftMatching().fit(padded, targets), SoftMatching().fit(x, y)
    assert (model.n_constant_features_, model.n_constant_neuroids_) == (1, 1)
    np.testing.assert_allclose(model.plan_[1:, :4], plain.plan_)
    assert (model.plan_[0] == 0).all() and (model.plan_[:, 4] == 0).all()
    np.testing.assert_allclose(model.predict(padded)[:, :4], plain.predict(x))
    np.testing.assert_allclose(model.predict(padded)[:, 4], 1 / 3)
    nothing = SoftMatching().fit(padded, targets[:, 4:])
    assert np.isnan(nothing.matching_correlation_)
    np.testing.assert_allclose(nothing.predict(padded), 1 / 3)


def test_only_constant_source_units_are_refused():
    with pytest.raises(ValueError, match="all 2 source units are constant over the 30 training presentations"):
        SoftMatching().fit(np.full((30, 2), 0.1), population(3))


@pytest.mark.parametrize("measure", [soft_matching_distance, soft_matching_correlation])
def test_unusable_populations_are_refused(measure):
    x, y = population(4), population(3)
    with pytest.raises(ValueError, match=r"X \(30, 4\) with Y \(29, 3\)"):
        measure(x, y[1:])
    with pytest.raises(ValueError, match=r"X \(30,\)"):
        measure(x[:, 0], y)
    with pytest.raises(ValueError, match=r"Y \(30, 0\)"):
        measure(x, y[:, :0])
    y[0, 1] = np.nan
    with pytest.raises(ValueError, match="Y holds 1 values that are NaN"):
        measure(x, y)
    x[:, [0, 2]] = 0.1
    with pytest.raises(ValueError, match="2 of 4 units of X are constant"):
        measure(x, population(3))


def test_an_unsolved_program_is_an_error(monkeypatch):
    failed = type("Failed", (), {"success": False, "message": "time limit"})()
    monkeypatch.setattr(module, "linprog", lambda *args, **kwargs: failed)
    with pytest.raises(RuntimeError, match="between 4 and 3 units was not solved: time limit"):
        soft_matching_distance(population(4), population(3))


def test_description():
    assert "optimal transport" in SoftMatching().describe()
