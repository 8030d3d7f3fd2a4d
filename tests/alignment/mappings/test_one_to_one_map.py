"""One-to-one mappings, against plain loops, all permutations and planted matches."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr
from sklearn.utils.estimator_checks import parametrize_with_checks

import alignment.mappings.one_to_one_map as module
from alignment.correlation import pearson
from alignment.folds import Fold
from alignment.mappings import OneToOne


def problem(n=40, p=9, m=5, seed=0):
    """Target units made of pairs of source units, with noise; some relations are negative."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p)) * np.linspace(0.1, 10, p) + 3
    y = (x - 3) @ rng.standard_normal((p, m)) + rng.standard_normal((n, m))
    return x, y


def correlations(x, y):
    return np.array([[pearsonr(a, b).statistic for b in y.T] for a in x.T])


@parametrize_with_checks([OneToOne(), OneToOne("hungarian"), OneToOne(signed=False, scaled=True)])
def test_conforms_to_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("block", [1, 40 * 4, 1 << 25])
def test_best_unit_is_that_of_a_plain_loop(signed, block, monkeypatch):
    monkeypatch.setattr(module, "MAX_BLOCK", block)
    x, y = problem()
    r = correlations(x, y)
    match = (r if signed else np.abs(r)).argmax(axis=0)
    model = OneToOne(signed=signed).fit(x, y)
    np.testing.assert_array_equal(model.match_, match)
    np.testing.assert_allclose(model.correlation_, r[match, range(5)], rtol=1e-12)
    signs = 1 if signed else np.sign(model.correlation_)
    np.testing.assert_array_equal(model.predict(x + 1), (x + 1)[:, match] * signs)


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_hungarian_has_the_largest_sum_of_all_assignments(signed, seed):
    x, y = problem(p=6, m=4, seed=seed)
    r = correlations(x, y) if signed else np.abs(correlations(x, y))
    largest = max(sum(r[unit, column] for column, unit in enumerate(order)) for order in permutations(range(6), 4))
    model = OneToOne("hungarian", signed=signed).fit(x, y)
    assert len(set(model.match_)) == 4
    received = model.correlation_ if signed else np.abs(model.correlation_)
    np.testing.assert_allclose(received.sum(), largest, rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 50), noise=st.floats(0, 0.05), assignment=st.sampled_from(["best", "hungarian"]))
def test_planted_permutation_is_found_whatever_scale_and_offset(seed, noise, assignment):
    rng = np.random.default_rng(seed)
    x, order = rng.standard_normal((60, 8)), rng.permutation(8)
    y = x[:, order] * rng.uniform(0.1, 10, 8) + rng.normal(0, 5, 8)
    y = y + noise * y.std(axis=0) * rng.standard_normal(y.shape)
    np.testing.assert_array_equal(OneToOne(assignment).fit(x, y).match_, order)


def test_scaling_gives_least_squares_on_the_matched_unit():
    x, y = problem()
    new = problem(seed=1)[0]
    for signed in (True, False):
        copied, scaled = OneToOne(signed=signed).fit(x, y), OneToOne(signed=signed, scaled=True).fit(x, y)
        np.testing.assert_array_equal(copied.match_, scaled.match_)
        for column, unit in enumerate(scaled.match_):
            line = np.polyfit(x[:, unit], y[:, column], 1)
            np.testing.assert_allclose(scaled.predict(new)[:, column], np.polyval(line, new[:, unit]))
        target = problem(seed=1)[1]
        np.testing.assert_allclose(pearson(copied.predict(new), target), pearson(scaled.predict(new), target))


def test_negative_relations_are_followed_by_magnitude_only():
    x, _ = problem(p=3)
    y = -x[:, [2]]
    assert OneToOne().fit(x, y).match_[0] != 2
    model = OneToOne(signed=False).fit(x, y)
    assert model.match_[0] == 2
    np.testing.assert_allclose(model.predict(x), y)


def test_first_of_equal_units_wins():
    x, y = problem(p=4, m=1)
    winner = OneToOne().fit(x, y).match_[0]
    doubled = np.column_stack([x, x])
    assert OneToOne().fit(doubled, y).match_[0] == winner


@pytest.mark.parametrize("assignment", ["best", "hungarian"])
def test_constant_units_are_never_matched_and_constant_neuroids_get_their_mean(assignment):
    x, y = problem(p=3, m=2)
    y = -x[:, [1, 2]] - x[:, [2, 1]] / 5  # all correlations with varying units are negative or near 0
    padded = np.column_stack([np.full(40, 0.1), x])
    targets = np.column_stack([y[:, 0], np.full(40, 1 / 3), y[:, 1]])
    model = OneToOne(assignment).fit(padded, targets)
    assert model.match_[1] == -1 and np.isnan(model.correlation_[1])
    assert 0 not in model.match_
    np.testing.assert_allclose(model.predict(padded)[:, 1], 1 / 3)
    plain = OneToOne(assignment).fit(x, y)
    np.testing.assert_array_equal(model.match_[[0, 2]], plain.match_ + 1)


def test_only_constant_neuroids_need_no_source_unit():
    model = OneToOne().fit(np.ones((5, 2)), np.full((5, 1), 2.0))
    np.testing.assert_allclose(model.predict(np.zeros((3, 2))), 2.0)


def test_inner_quality_is_that_of_scaled_activity():
    x, y = problem(n=60)
    folds = [Fold(np.arange(50), np.arange(50, 60))]
    copied = OneToOne().cross_predict(x, y, folds)
    scaled = OneToOne(scaled=True).cross_predict(x, y, folds)
    np.testing.assert_allclose(copied.inner_r2, scaled.inner_r2)
    assert (copied.inner_r2 < 1).all()
    np.testing.assert_array_equal(copied.predictions[0], x[50:, OneToOne().fit(x[:50], y[:50]).match_])


def test_hungarian_with_too_few_units_is_refused():
    x, y = problem(p=4, m=5)
    with pytest.raises(ValueError, match="each of 5 neuroids .*n_features=4 and 4 of them vary.*assignment='best'"):
        OneToOne("hungarian").fit(x, y)
    x[:, 0] = 1.0
    with pytest.raises(ValueError, match="n_features=4 and 3 of them vary"):
        OneToOne("hungarian").fit(x, y[:, :4])


def test_only_constant_units_are_refused():
    with pytest.raises(ValueError, match="all 2 source units are constant over the 40 training presentations"):
        OneToOne().fit(np.full((40, 2), 0.1), problem()[1])


def test_unknown_assignment_is_refused():
    with pytest.raises(ValueError, match="assignment is 'greedy'; accepted are 'best' and 'hungarian'"):
        OneToOne("greedy").fit(*problem())


def test_description():
    assert "largest training correlation" in OneToOne().describe()
    assert "Hungarian" in OneToOne("hungarian", signed=False).describe()
    assert "magnitude" in OneToOne("hungarian", signed=False).describe()
