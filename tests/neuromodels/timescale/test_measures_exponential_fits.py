"""Fits of one and two exponentials: planted values come back, and scipy finds nothing better."""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from neuromodels.timescale.measures_exponential_fits import fit_best, fit_double, fit_from, fit_single

LAGS = np.arange(31.0)


def single(t, a, tau):
    return a * np.exp(-t / tau)


def double(t, a, tau1, tau2, c):
    return a * (c * np.exp(-t / tau1) + (1 - c) * np.exp(-t / tau2))


def noisy_curves(n=25, seed=0):
    rng = np.random.default_rng(seed)
    planted = np.stack(
        [double(LAGS, 1, *np.sort(np.exp(rng.uniform(-1, 3.5, 2))), rng.uniform(0.05, 0.95)) for _ in range(n)]
    )
    curves = planted + rng.normal(0, rng.choice([1e-3, 1e-2, 5e-2], (n, 1)), planted.shape)
    curves[:, 0] = 1
    return curves


def test_planted_single_exponentials_come_back():
    taus = np.geomspace(0.3, 95, 60)
    curves = single(LAGS, 0.8, taus[:, None])
    found = fit_single(curves, LAGS)
    np.testing.assert_allclose(found.timescales[:, 0], taus, rtol=1e-5)
    np.testing.assert_allclose(found.amplitude, 0.8, rtol=1e-6)
    assert found.residual.max() < 1e-10


@pytest.mark.parametrize(("short", "long", "weight"), [(0.5, 4, 0.7), (1.2, 20, 0.9), (3, 60, 0.3), (0.2, 1.5, 0.5)])
def test_planted_double_exponentials_come_back(short, long, weight):
    found = fit_double(double(LAGS, 0.9, short, long, weight)[None], LAGS)
    np.testing.assert_allclose(found.timescales[0], [short, long], rtol=1e-3)
    np.testing.assert_allclose([found.amplitude[0], found.weight[0]], [0.9, weight], rtol=1e-3)


def test_scipy_finds_nothing_better_and_where_it_finds_the_best_the_timescales_agree():
    curves = noisy_curves()
    found = fit_best(curves, LAGS)
    for row, curve in enumerate(curves):
        theirs = curve_fit(single, LAGS, curve, p0=(1, 1), bounds=(0, [1, 100]), maxfev=2000)[0]
        residual = ((single(LAGS, *theirs) - curve) ** 2).sum()
        assert found["single"].residual[row] <= residual * (1 + 1e-6)
        np.testing.assert_allclose(found["single"].timescales[row, 0], theirs[1], rtol=1e-3)
        theirs = curve_fit(double, LAGS, curve, p0=(1, 1, 10, 0.5), bounds=(0, [1, 100, 100, 1]), maxfev=2000)[0]
        residual = ((double(LAGS, *theirs) - curve) ** 2).sum()
        assert found["double"].residual[row] <= residual * (1 + 1e-6)
        clear = 0.02 < theirs[3] < 0.98 and abs(np.log(theirs[1] / theirs[2])) > 0.7
        if clear and found["double"].residual[row] > residual * (1 - 1e-6):
            ours, wanted = found["double"].timescales[row], np.sort(theirs[1:3])
            np.testing.assert_allclose(ours[1], wanted[1], rtol=2e-2)
            # exp(-1 / tau) of a shorter one is below 0.007.
            assert max(ours[0], wanted[0]) < 0.2 or ours[0] == pytest.approx(wanted[0], rel=2e-2)


def test_residuals_are_those_of_the_parameters():
    curves = noisy_curves()
    for name, fit in fit_best(curves, LAGS).items():
        for row, curve in enumerate(curves):
            shown = fit.timescales[row]
            model = double(LAGS, fit.amplitude[row], shown[0], shown[-1], fit.weight[row])
            assert ((model - curve) ** 2).sum() == pytest.approx(fit.residual[row], rel=1e-6, abs=1e-12), name


def test_parameters_stay_within_their_bounds():
    rng = np.random.default_rng(1)
    curves = np.concatenate([np.ones((1, 31)), 2 * np.ones((1, 31)), -np.ones((1, 31)), rng.normal(size=(30, 31))])
    for fit in fit_best(curves, LAGS).values():
        assert (fit.amplitude >= 0).all() and (fit.amplitude <= 1 + 1e-12).all()
        assert (fit.weight >= 0).all() and (fit.weight <= 1).all()
        assert (fit.timescales <= 100 * (1 + 1e-12)).all() and (fit.timescales > 0).all()
        assert (np.diff(fit.timescales, axis=1) >= 0).all()
    assert fit_single(np.ones((1, 31)), LAGS).timescales[0, 0] == pytest.approx(100)


def test_a_double_exponential_never_fits_worse_than_a_single_one():
    fits = fit_best(noisy_curves(seed=3), LAGS)
    assert (fits["double"].residual <= fits["single"].residual * (1 + 1e-6)).all()


def test_from_the_middle_of_the_bounds_the_two_timescales_often_stay_equal():
    rng = np.random.default_rng(0)
    curves = 1e-3 * rng.normal(size=(12, 31))
    curves[:, 0] = 1
    middle, apart = fit_from(curves, LAGS)["double"], fit_from(curves, LAGS, double=(1, 1, 10, 0.5))["double"]
    equal = [np.isclose(*fit.timescales.T, rtol=1e-3).mean() for fit in (middle, apart)]
    assert equal[0] > 0.1 > equal[1]
    assert (fit_best(curves, LAGS)["double"].residual <= middle.residual * (1 + 1e-6)).all()


def test_a_fit_that_does_not_end_is_told(monkeypatch):
    monkeypatch.setattr("neuromodels.timescale.measures_exponential_fits.PUBLISHED_EVALUATIONS", 1)
    fits = fit_from(noisy_curves(2), LAGS)
    assert np.isinf(fits["double"].residual).all()
    assert np.isnan(fits["double"].timescales).all()
