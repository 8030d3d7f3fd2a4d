"""Poisson regression: the minimum that other solvers find, analytic cases, derivatives, and filters that were planted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize
from sklearn.linear_model import PoissonRegressor

from alignment.afferents import fit_poisson, raised_cosines
from alignment.afferents.bases import filtered, past_spikes
from alignment.afferents.poisson_glm import objective


def planted(seed=0, n_samples=400, n_features=5, offset=-1.0):
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n_samples, n_features))
    weights = rng.standard_normal(n_features) / 3
    return features, rng.poisson(np.exp(features @ weights + offset)), weights


@pytest.mark.parametrize("alpha", [0.1, 10.0, 1000.0])
def test_scikit_learn_finds_the_same_weights(alpha):
    features, counts, _ = planted()
    ours = fit_poisson(features, counts, alpha)
    # scikit-learn divides the likelihood by the number of samples.
    theirs = PoissonRegressor(alpha=alpha / len(counts), solver="newton-cholesky", tol=1e-12, max_iter=1000)
    theirs.fit(features, counts)
    np.testing.assert_allclose(ours.weights, theirs.coef_, atol=1e-9)
    assert ours.offset == pytest.approx(theirs.intercept_, abs=1e-9)


def test_a_general_optimiser_finds_no_lower_value():
    features, counts, _ = planted(1)
    ours = fit_poisson(features, counts, 2.0)
    found = minimize(
        lambda beta: objective(beta, features, counts, 2.0)[:2], np.zeros(6), jac=True, method="L-BFGS-B", tol=1e-14
    )
    assert ours.objective <= found.fun + 1e-9
    np.testing.assert_allclose(np.append(ours.weights, ours.offset), found.x, atol=1e-4)


def test_derivatives_are_those_of_the_objective():
    features, counts, _ = planted(2, 60, 3)
    beta = np.array([0.3, -0.2, 0.1, -0.5])
    _, gradient, hessian = objective(beta, features, counts, 1.5)
    np.testing.assert_allclose(
        gradient, approx_fprime(beta, lambda b: objective(b, features, counts, 1.5)[0], 1e-7), rtol=1e-4
    )
    numeric = np.stack(
        [approx_fprime(beta, lambda b, k=k: objective(b, features, counts, 1.5)[1][k], 1e-7) for k in range(4)]
    )
    np.testing.assert_allclose(hessian, numeric, rtol=1e-4, atol=1e-4)


def test_groups_get_their_mean_counts():
    features = np.eye(3)[np.repeat([0, 1, 2], 10)][:, 1:]
    counts = np.concatenate([np.full(10, 1), np.full(10, 2), np.full(10, 6)])
    fit = fit_poisson(features, counts)
    np.testing.assert_allclose(np.exp(fit.log_mean(features)), counts, rtol=1e-6)


def test_expected_spikes_add_up_to_the_observed_ones():
    features, counts, _ = planted(3)
    fit = fit_poisson(features, counts, 5.0)
    assert np.exp(fit.log_mean(features)).sum() == pytest.approx(counts.sum(), rel=1e-7)


def test_planted_stimulus_and_history_filters_are_recovered():
    rng = np.random.default_rng(4)
    n_times = 60_000
    bases = raised_cosines(20, 5, stretch=3), raised_cosines(30, 4, stretch=3)
    weights = np.array([0.0, 0.9, -0.6, 0.3, 0.0]), np.array([-3.0, -0.5, 0.6, 0.0])
    stimulus = rng.standard_normal((1, n_times, 1))
    drive = filtered(stimulus, bases[0])[0] @ weights[0] - 3.0
    own = bases[1] @ weights[1]
    counts = np.zeros(n_times)
    for t in range(n_times):
        past = counts[max(t - 30, 0) : t][::-1]
        counts[t] = rng.poisson(np.exp(drive[t] + past @ own[: len(past)]))
    columns = np.concatenate([filtered(stimulus, bases[0]), past_spikes(counts[None], bases[1])], axis=2)[0]
    fit = fit_poisson(columns, counts, 1.0)
    np.testing.assert_allclose(bases[0] @ fit.weights[:5], bases[0] @ weights[0], atol=0.12)
    np.testing.assert_allclose(bases[1] @ fit.weights[5:], own, atol=0.3)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.2, 5.0))
def test_scale_of_a_feature_only_scales_its_weight(seed, scale):
    features, counts, _ = planted(seed, 120, 2)
    plain, scaled = fit_poisson(features, counts), fit_poisson(features * scale, counts)
    np.testing.assert_allclose(scaled.weights * scale, plain.weights, atol=1e-5)
    assert scaled.objective == pytest.approx(plain.objective, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_larger_ridges_give_smaller_weights_from_any_start(seed):
    features, counts, _ = planted(seed, 120, 3)
    strong = fit_poisson(features, counts, 50.0)
    weak = fit_poisson(features, counts, 1.0, start=strong)
    assert np.linalg.norm(strong.weights) <= np.linalg.norm(weak.weights) + 1e-9
    np.testing.assert_allclose(weak.weights, fit_poisson(features, counts, 1.0).weights, atol=1e-5)


@pytest.mark.parametrize(
    ("features", "counts", "alpha", "words"),
    [
        (np.zeros(4), np.ones(4), 0.0, "features must be"),
        (np.zeros((4, 1)), np.ones(3), 0.0, "features must be"),
        (np.zeros((4, 1)), np.zeros(4), 0.0, "at least one spike.*received 0 spikes"),
        (np.zeros((4, 1)), np.array([1, -1, 0, 2]), 0.0, "not negative"),
        (np.full((4, 1), np.nan), np.ones(4), 0.0, "finite features"),
        (np.zeros((4, 1)), np.ones(4), -1.0, "alpha -1"),
        (np.ones((4, 1)), np.arange(4), 0.0, "use a larger alpha"),
    ],
)
def test_bad_input_is_refused(features, counts, alpha, words):
    with pytest.raises(ValueError, match=words):
        fit_poisson(features, counts, alpha)
