"""Sums of exponentials: exact ones recovered, scipy's optimum reached, the monkey session's published fits, refusals."""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from alignment.timescales import fit_exponentials, select_exponentials

LAGS = np.arange(0, 600, 5.0)


def curve(t, terms, offset=0.0):
    return sum(weight * np.exp(-t / tau) for weight, tau in terms) + offset


@pytest.mark.parametrize(
    ("terms", "offset"),
    [
        ([(0.4, 80.0)], 0.0),
        ([(0.4, 80.0)], 0.1),
        ([(0.3, 10.0), (0.2, 150.0)], 0.0),
        ([(0.3, 10.0), (0.2, 150.0)], 0.05),
        ([(0.3, 4.0), (0.3, 30.0), (0.2, 250.0)], 0.0),
    ],
)
def test_exact_sums_are_recovered(terms, offset):
    found = fit_exponentials(curve(LAGS, terms, offset), LAGS, n_timescales=len(terms), offset=offset > 0)
    weights, taus = np.array(terms).T
    np.testing.assert_allclose(found["tau_ms"], taus, rtol=1e-3)
    np.testing.assert_allclose(found["weight"], weights / weights.sum(), rtol=2e-3)
    assert found["offset"].item() == pytest.approx(offset, abs=1e-4)
    assert found["tau_mean_ms"].item() == pytest.approx(weights @ taus / weights.sum(), rel=2e-3)
    assert found["status"].item() == "" and found["r2"].item() == pytest.approx(1)


@pytest.mark.parametrize("seed", range(3))
def test_no_worse_than_scipy_from_the_truth(seed):
    values = curve(LAGS, [(0.3, 12.0), (0.2, 90.0)]) + np.random.default_rng(seed).normal(0, 0.01, len(LAGS))
    found = fit_exponentials(values, LAGS, n_timescales=2)
    best = curve_fit(
        lambda t, a, b, c, d: a * np.exp(-t / b) + c * np.exp(-t / d), LAGS[1:], values[1:], (0.3, 12.0, 0.2, 90.0)
    )[0]
    theirs = ((curve(LAGS, [best[:2], best[2:]]) - values)[1:] ** 2).sum()
    ours = np.nansum((found["fitted"].values - values) ** 2)
    assert ours <= theirs * (1 + 1e-6)
    n = len(LAGS) - 1
    assert found["aic"].item() == pytest.approx(8 + n * np.log(ours / n))
    assert found["bic"].item() == pytest.approx(4 * np.log(n) + n * np.log(ours / n))


def test_number_of_timescales_is_selected():
    noise = np.random.default_rng(0).normal(0, 0.003, len(LAGS))
    two = select_exponentials(curve(LAGS, [(0.3, 8.0), (0.2, 120.0)]) + noise, LAGS, n_timescales=(1, 2, 3))
    one = select_exponentials(curve(LAGS, [(0.4, 60.0)]) + noise, LAGS, n_timescales=(1, 2))
    assert (two.sizes["timescale"], one.sizes["timescale"]) == (2, 1)
    aic = select_exponentials(curve(LAGS, [(0.3, 8.0), (0.2, 120.0)]) + noise, LAGS, criterion="aic")
    assert aic["tried"].values.tolist() == [1, 2] and aic.sizes["timescale"] == 2
    assert two["tried_bic"].values.argmin() in (1, 2)


def test_a_refractory_dip_is_left_out():
    values = curve(LAGS, [(0.4, 80.0)])
    values[1:4] = 0.1, 0.2, 0.3
    found = fit_exponentials(values, LAGS, first_lag="first decrease")
    assert found["tau_ms"].item() == pytest.approx(80, rel=1e-3)
    assert np.flatnonzero(np.isfinite(found["fitted"].values))[0] == 4
    assert fit_exponentials(values, LAGS)["tau_ms"].item() > 90
    at = fit_exponentials(values, LAGS, first_lag=20.0, max_lag_ms=200)
    assert at.attrs["n_lags"] == 37 and at["tau_ms"].item() == pytest.approx(80, rel=1e-3)


def test_useless_fits_are_flagged():
    rng = np.random.default_rng(0)
    noisy = curve(LAGS, [(0.2, 60.0)]) + rng.normal(0, 0.2, len(LAGS)) + 3
    assert "r2 is" in fit_exponentials(noisy, LAGS, offset=True)["status"].item()
    assert "at its bound" in fit_exponentials(1 - LAGS / 1e5, LAGS)["status"].item()
    assert fit_exponentials(-np.ones(len(LAGS)), LAGS)["status"].item() == "nothing decays"
    assert fit_exponentials(curve(LAGS, [(0.4, 60.0)]), LAGS, n_timescales=2)["status"].item() != ""


def test_monkey_session(real_data):
    path = real_data / "timescales" / "recordings" / "monkey_spikecount_autocorr.npz"
    with np.load(path, allow_pickle=False) as arrays:
        values, lags = arrays["autocorr"] / arrays["autocorr"][0], arrays["lag_ms"]
    one = fit_exponentials(values, lags, max_lag_ms=149)
    two = fit_exponentials(values, lags, max_lag_ms=149, n_timescales=2)
    assert one["amplitude"].item() == pytest.approx(0.369, abs=5e-4)
    assert one["tau_ms"].item() == pytest.approx(54.4, abs=0.05)
    assert two["amplitude"].item() == pytest.approx(0.403, abs=5e-4)
    np.testing.assert_allclose(two["tau_ms"], [4.99, 56.5], atol=0.01)
    assert two["weight"].values[0] == pytest.approx(0.120, abs=5e-4)
    assert select_exponentials(values, lags, max_lag_ms=149).sizes["timescale"] == 2
    with pytest.raises(ValueError, match="not finite at 1 fitted lags .first: 3000 ms."):
        fit_exponentials(values, lags)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_timescales": 5}, "n_timescales must be 1 to 4"),
        ({"max_lag_ms": 10.0}, "2 lags are too few for 2 parameters"),
        ({"first_lag": "peak"}, "first_lag must be"),
        ({"bounds_ms": (50.0, 5.0)}, "bounds_ms must be two positive rising timescales"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        fit_exponentials(np.exp(-LAGS / 50), LAGS, **options)


def test_bad_lags():
    with pytest.raises(ValueError, match="equal length with rising lags"):
        fit_exponentials(np.ones(4), LAGS)
    with pytest.raises(ValueError, match="criterion must be"):
        select_exponentials(np.ones(4), LAGS, criterion="r2")
