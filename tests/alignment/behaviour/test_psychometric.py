"""Psychometric fits: planted parameters recovered, each reason to reject, similarity of thresholds by its formula."""

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import norm

from alignment.behaviour import fit_threshold, threshold_elevation, threshold_similarity

LEVELS = np.linspace(0, 10, 9)


def trials(alpha=0.8, beta=4.0, lapse=0.05, per_level=400, seed=0, levels=LEVELS, gamma=0.5):
    x = np.repeat(levels, per_level)
    p = gamma + (1 - gamma - lapse) * norm.cdf(alpha * (x - beta))
    return x, np.random.default_rng(seed).random(len(x)) < p


def exact(rates, per_level=100, levels=LEVELS):
    """Trials with exactly these shares of right answers."""
    right = [np.arange(per_level) < round(rate * per_level) for rate in rates]
    return np.repeat(levels[: len(rates)], per_level), np.concatenate(right)


@pytest.mark.parametrize(("alpha", "beta", "lapse"), [(0.8, 4.0, 0.05), (2.0, 6.0, 0.03), (0.5, 5.0, 0.1)])
def test_planted_parameters_are_recovered(alpha, beta, lapse):
    fit = fit_threshold(*trials(alpha, beta, lapse, per_level=20000))
    assert fit.rejected == "" and fit.r2 > 0.99 and fit.n_levels_left_out == 0
    np.testing.assert_allclose((fit.alpha, fit.beta, fit.lapse), (alpha, beta, lapse), rtol=0.07, atol=0.005)
    ends = 0.5 + (0.5 - lapse) * norm.cdf(alpha * (np.array([0, 10]) - beta))
    assert fit.accuracy == pytest.approx(ends.mean(), abs=0.005)
    assert fit.threshold == pytest.approx(beta + norm.ppf((ends.mean() - 0.5) / (0.5 - lapse)) / alpha, abs=0.1)


def test_likelihood_is_no_worse_than_from_every_place_of_a_large_grid():
    x, y = trials(per_level=30, seed=3)
    fit = fit_threshold(x, y)

    def loss(parameters):
        alpha, beta, lapse = parameters
        p = 0.5 + (0.5 - lapse) * norm.cdf(alpha * (x - beta))
        return -np.sum(np.where(y, np.log(p), np.log(1 - p)))

    bounds = [(1e-6, None), (None, None), (0.03, 0.5)]
    starts = [(alpha, beta, 0.05) for alpha in np.logspace(-2, 1, 4) for beta in LEVELS[::2]]
    best = min(minimize(loss, start, method="L-BFGS-B", bounds=bounds).fun for start in starts)
    assert loss((fit.alpha, fit.beta, fit.lapse)) <= best + 1e-4


def test_threshold_at_a_given_accuracy_is_read_from_the_curve():
    fit = fit_threshold(*trials(), accuracy=0.8)
    assert fit.accuracy == 0.8
    assert float(fit.predict(fit.threshold)) == pytest.approx(0.8)
    assert float(fit.predict(fit.level_at(0.7))) == pytest.approx(0.7)
    assert np.isnan(fit.level_at(0.99)) and np.isnan(fit.level_at(0.5)) and np.isnan(fit.level_at(0.500001))


def test_the_unit_of_the_levels_does_not_matter():
    x, y = trials()
    fit, scaled = fit_threshold(x, y), fit_threshold(1e-4 * x - 3, y)
    assert scaled.threshold == pytest.approx(1e-4 * fit.threshold - 3, abs=1e-7)
    assert scaled.alpha == pytest.approx(1e4 * fit.alpha, rel=1e-3)


def test_levels_count_as_often_as_they_were_shown():
    x, y = exact([0.5, 0.55, 0.7, 0.9, 0.95])
    twice = fit_threshold(np.tile(x, 2), np.tile(y, 2))
    assert twice.threshold == pytest.approx(fit_threshold(x, y).threshold, abs=1e-3)
    assert twice.counts.tolist() == [200] * 5
    assert twice.rates.tolist() == [0.5, 0.55, 0.7, 0.9, 0.95]
    more = fit_threshold(np.r_[x, np.full(5000, LEVELS[2])], np.r_[y, np.arange(5000) < 4500])
    assert more.threshold < twice.threshold - 0.2


def test_another_rate_of_guessing_is_taken():
    fit = fit_threshold(*trials(gamma=0.25, lapse=0.05, per_level=5000), gamma=0.25)
    assert fit.beta == pytest.approx(4.0, abs=0.15) and fit.gamma == 0.25


def test_levels_after_the_fall_are_left_out():
    fit = fit_threshold(*exact([0.5, 0.6, 0.8, 0.95, 0.6, 0.55]))
    assert fit.rejected == "" and fit.n_levels_left_out == 2
    assert fit.levels.tolist() == LEVELS[:4].tolist()
    # A dip from which accuracy recovers is kept.
    assert fit_threshold(*exact([0.5, 0.6, 0.8, 0.95, 0.6, 0.94])).n_levels_left_out == 0


@pytest.mark.parametrize(
    ("rates", "options", "message"),
    [
        ([0.5, 0.5, 0.55, 0.6], {}, "mean accuracy is 0.537, below 0.6"),
        ([1.0, 0.6, 0.6, 0.55, 0.6, 0.5], {}, "accuracy does not rise with the level: 1 of 6 levels are left"),
        ([0.7, 0.6, 0.72, 0.6, 0.71, 0.62], {}, r"the fit explains .* of the variance, below 0.4"),
        ([0.7, 0.7, 0.7, 0.7], {}, "accuracy does not rise with the level: 1 of 4 levels are left"),
        ([0.9, 0.9, 0.2], {}, "the fit explains nan of the variance, below 0.4"),
        ([0.5, 0.6, 0.8, 0.9], {"accuracy": 0.99}, "accuracy 0.990 is not reached between levels 0 and 3.75"),
        ([0.7, 0.8, 0.9, 0.95], {"accuracy": 0.6}, "accuracy 0.600 is not reached between levels 0 and 3.75"),
    ],
)
def test_each_rejection_says_why(rates, options, message):
    fit = fit_threshold(*exact(rates), **options)
    assert re.fullmatch(message, fit.rejected)
    assert np.isnan(fit.threshold)


@pytest.mark.parametrize(
    ("levels", "correct", "options", "message"),
    [
        ([1.0, 2.0], [1, 0], {}, "at least 3 levels, received 2"),
        ([1.0, 2.0, 3.0], [1, 0], {}, "must be .trial,., finite, and right"),
        ([1.0, 2.0, np.nan], [1, 0, 1], {}, "must be .trial,., finite, and right"),
        ([1.0, 2.0, 3.0], [1, 0.5, 1], {}, "must be .trial,., finite, and right"),
        ([1.0, 2.0, 3.0], [1, 0, 1], {"gamma": 0.6}, "guessing 0.6 and lapses .* leave no psychometric function"),
    ],
)
def test_unfit_trials_are_refused(levels, correct, options, message):
    with pytest.raises(ValueError, match=message):
        fit_threshold(levels, correct, **options)


def test_inputs_are_not_changed():
    x, y = trials(per_level=20)
    before = x.copy(), y.copy()
    fit_threshold(x, y)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])


def test_elevation_is_read_at_the_accuracy_of_the_baseline():
    baseline = fit_threshold(*trials(beta=3.0, per_level=5000))
    test = fit_threshold(*trials(beta=6.0, per_level=5000, seed=1))
    found = threshold_elevation(baseline, test)
    assert found == pytest.approx(test.level_at(baseline.accuracy) / baseline.threshold)
    assert found == pytest.approx(2.0, abs=0.1)
    assert threshold_elevation(baseline, baseline) == pytest.approx(1)


def test_elevation_of_rejected_fits_is_missing_and_of_zero_refused():
    fit = fit_threshold(*trials(per_level=50))
    failed = fit_threshold(*exact([0.5, 0.5, 0.5]))
    assert np.isnan(threshold_elevation(fit, failed)) and np.isnan(threshold_elevation(failed, fit))
    with pytest.raises(ValueError, match="needs a positive baseline threshold, received -1"):
        threshold_elevation(replace(fit, threshold=-1.0), fit)


def test_similarity_equals_its_formula():
    people = [2.0, 4.0, 1.0]
    found = threshold_similarity(3.0, people)
    np.testing.assert_allclose(found.raw, [0.5, 0.75, 0.0])
    assert found.value == pytest.approx(1.25 / 3)
    nearness = lambda one, other: max(0.0, 1 - abs(other - one) / other)  # noqa: E731
    expected = [np.mean([nearness(a, b) for k, b in enumerate(people) if k != i]) for i, a in enumerate(people)]
    np.testing.assert_allclose(found.ceiling_raw, expected)
    assert found.ceiling == pytest.approx(np.mean(expected))


def test_pooled_similarity_compares_with_the_mean():
    found = threshold_similarity(3.0, [2.0, 4.0, 6.0], pooled=True)
    assert found.value == pytest.approx(0.75) and found.raw.shape == (1,)
    np.testing.assert_allclose(found.ceiling_raw, [1 - 3 / 5, 1.0, 0.0])


def test_a_model_without_threshold_scores_zero():
    found = threshold_similarity(float("nan"), [2.0, 4.0])
    assert found.value == 0 and found.ceiling == pytest.approx((0.5 + 0.0) / 2)
    assert np.isnan(threshold_similarity(1.0, [2.0]).ceiling)


def test_people_without_threshold_are_refused():
    with pytest.raises(ValueError, match="thresholds of people must be positive, received .*; leave out failed fits"):
        threshold_similarity(1.0, [2.0, np.nan])
