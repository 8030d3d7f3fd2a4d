"""Corrections for many tests against scipy, plain loops and their error rates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from alignment.inference import false_discovery_rate, holm_correction, max_statistic

PROBABILITIES = hnp.arrays(float, st.integers(1, 30), elements=st.floats(0, 1))


@given(PROBABILITIES, st.sampled_from(["bh", "by"]))
@settings(max_examples=100, deadline=None)
def test_false_discovery_rate_equals_scipy(p, method):
    np.testing.assert_allclose(
        false_discovery_rate(p, method=method), stats.false_discovery_control(p, method=method), atol=1e-12
    )


@given(PROBABILITIES)
@settings(max_examples=100, deadline=None)
def test_holm_equals_a_plain_loop(p):
    adjusted, worst = np.empty(len(p)), 0.0
    for rank, index in enumerate(np.argsort(p, kind="stable")):
        worst = max(worst, (len(p) - rank) * p[index])
        adjusted[index] = min(worst, 1.0)
    np.testing.assert_allclose(holm_correction(p), adjusted, atol=1e-12)


def test_shape_is_kept():
    p = np.random.default_rng(0).uniform(size=(3, 4))
    np.testing.assert_array_equal(false_discovery_rate(p).ravel(), false_discovery_rate(p.ravel()))
    assert holm_correction(p).shape == (3, 4)


@pytest.mark.parametrize("step_down", [False, True])
@pytest.mark.parametrize("exact", [False, True])
def test_maximum_statistic_equals_a_plain_loop(step_down, exact):
    rng = np.random.default_rng(0)
    null, observed = rng.standard_normal((200, 6)), np.array([0.1, 3.0, -1.0, 1.2, 2.2, 1.2])
    order, expected, worst = np.argsort(-observed, kind="stable"), np.empty(6), 0.0
    for rank, unit in enumerate(order):
        rivals = order[rank:] if step_down else order
        reached = (null[:, rivals].max(axis=1) >= observed[unit]).sum()
        worst = max(worst, reached / 200 if exact else (reached + 1) / 201)
        expected[unit] = worst
    found = max_statistic(null, observed, exact=exact, step_down=step_down)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_stepping_down_is_never_larger():
    rng = np.random.default_rng(1)
    null, observed = rng.standard_normal((300, 8)), rng.standard_normal(8) + 1
    single, stepped = (max_statistic(null, observed, step_down=step) for step in (False, True))
    assert (stepped <= single).all() and (stepped < single).any()


def test_sides():
    null, observed = np.random.default_rng(2).standard_normal((400, 3)), np.array([-4.0, 0.0, 2.5])
    np.testing.assert_array_equal(
        max_statistic(null, observed, alternative="less"), max_statistic(-null, -observed, alternative="greater")
    )
    both = max_statistic(null, observed, alternative="two-sided")
    np.testing.assert_array_equal(both, max_statistic(np.abs(null), np.abs(observed)))
    assert both[0] == 1 / 401


def family_wise_errors(n_simulations, n_true, *, step_down, n_units=20, n_permutations=199):
    """Share of simulations with any false positive at 0.05; units correlate 0.5, ``n_true`` of them have an effect."""
    rng = np.random.default_rng(3)
    effect = np.where(np.arange(n_units) < n_true, 3.0, 0.0)
    wrong = 0
    for _ in range(n_simulations):
        shared, own = rng.standard_normal((n_permutations + 1, 1)), rng.standard_normal((n_permutations + 1, n_units))
        table = np.sqrt(0.5) * (shared + own)
        p = max_statistic(table[1:], table[0] + effect, step_down=step_down)
        wrong += (p[n_true:] <= 0.05).any()
    return wrong / n_simulations


@pytest.mark.parametrize("step_down", [False, True])
def test_family_wise_error_is_five_percent(step_down):
    assert family_wise_errors(3000, 0, step_down=step_down) == pytest.approx(0.05, abs=0.015)


def test_stepping_down_controls_errors_beside_true_effects():
    assert family_wise_errors(3000, 10, step_down=True) == pytest.approx(0.05, abs=0.015)


def test_uncorrected_p_would_fail():
    rng = np.random.default_rng(3)
    null = rng.standard_normal((1000, 200, 20))
    observed = rng.standard_normal((1000, 20))
    raw = ((null >= observed[:, None]).sum(axis=1) + 1) / 201
    assert (raw <= 0.05).any(axis=1).mean() > 0.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: max_statistic(np.zeros((3, 2)), np.zeros(3)), r"null \(3, 2\) must be"),
        (lambda: max_statistic(np.zeros((0, 2)), np.zeros(2)), r"null \(0, 2\)"),
        (lambda: max_statistic(np.full((3, 2), np.nan), np.zeros(2)), "must be finite"),
        (lambda: max_statistic(np.zeros((3, 2)), np.zeros(2), alternative="both"), "received 'both'"),
        (lambda: false_discovery_rate(np.array([0.1, np.nan])), "received 1 of 2 outside or NaN"),
        (lambda: false_discovery_rate(np.array([0.1]), method="storey"), "method must be 'bh' or 'by'"),
        (lambda: holm_correction(np.array([1.1, -0.1, 0.2])), "received 2 of 3 outside or NaN"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
