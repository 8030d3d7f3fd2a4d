"""Autocorrelations against plain loops, and what mean removal does to an exponential against simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment.timescales import autocorrelation, fit_exponentials
from alignment.timescales.autocorrelations import (
    after_removal,
    autocovariance,
    exponentials,
    white_curve,
    without_noise,
)

RNG = np.random.default_rng(1)


def slow(trials, mean, lag):
    n_bins = trials.shape[1]
    if mean == "across":
        pairs = [np.corrcoef(trials[:, i], trials[:, i + lag])[0, 1] for i in range(n_bins - lag)]
        return np.mean(pairs)
    products = []
    for trial in trials:
        one, other = trial[: n_bins - lag], trial[lag:]
        if mean == "trial":
            one, other = one - trial.mean(), other - trial.mean()
        if mean == "pooled":
            one, other = one - trials.mean(), other - trials.mean()
        if mean == "segment":
            one, other = one - one.mean(), other - other.mean()
        products.append(np.mean(one * other))
    return np.mean(products)


@pytest.mark.parametrize("mean", ["across", "trial", "segment", "pooled", "none"])
def test_equals_the_loop_over_pairs(mean):
    trials = RNG.poisson(4, (13, 11)).astype(float)
    found = autocovariance(mean, 11, 7).of(trials)
    np.testing.assert_allclose(found, [slow(trials, mean, lag) for lag in range(8)], rtol=1e-9, atol=1e-12)
    shown = autocorrelation(trials, 20.0, mean=mean, max_lag_ms=140)
    np.testing.assert_allclose(shown.values[0], found / found[0])
    np.testing.assert_array_equal(shown["lag_ms"], np.arange(8) * 20.0)


def test_pairs_with_a_constant_bin_are_left_out():
    trials = RNG.poisson(4, (30, 6)).astype(float)
    trials[:, 2] = 0.1
    found = autocovariance("across", 6, 5).of(trials)
    kept = [np.corrcoef(trials[:, i], trials[:, i + 1])[0, 1] for i in (0, 3, 4)]
    assert found[1] == pytest.approx(np.mean(kept))


@pytest.mark.parametrize("mean", ["trial", "segment", "pooled"])
@pytest.mark.parametrize("tau", [7.0, 40.0, 300.0])
def test_expected_curve_is_the_mean_of_the_quadratic_form(mean, tau):
    n_bins, n_lags, n_trials = 9, 6, 3
    rho = exponentials(np.array([tau]), n_bins, 10.0)
    whole = np.kron(np.eye(n_trials), rho[0][np.abs(np.subtract.outer(np.arange(n_bins), np.arange(n_bins)))])
    # The mean of the quadratic form x' Q x is the sum of its values over the columns of a root of the covariance.
    columns = np.linalg.cholesky(whole).T.reshape(-1, n_trials, n_bins)
    expected = sum(autocovariance(mean, n_bins, n_lags).of(column) for column in columns)
    found = after_removal(mean, rho, n_trials, n_lags)[0]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("mean", ["trial", "segment", "pooled"])
def test_white_noise_is_taken_out(mean):
    white = white_curve(mean, 4, 12, 6)
    assert white[0] == pytest.approx(1 - 1 / (48 if mean == "pooled" else 12))
    signal = after_removal(mean, exponentials(np.array([30.0]), 12, 10.0), 4, 6)
    np.testing.assert_allclose(without_noise(signal + 5 * white, white), without_noise(signal, white), atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 50), st.floats(-20, 20))
def test_scale_and_level_do_not_matter(seed, scale, level):
    trials = np.random.default_rng(seed).normal(size=(12, 8))
    for mean in ("across", "trial", "segment", "pooled"):
        one = autocorrelation(trials, 10, mean=mean, noise="gaussian")
        other = autocorrelation(scale * trials + level, 10, mean=mean, noise="gaussian")
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_bad_requests():
    with pytest.raises(ValueError, match="mean must be one of"):
        autocorrelation(np.ones((4, 5)), 10, mean="median")
    with pytest.raises(ValueError, match="max_lag_ms must be from 10 to 40 ms"):
        autocorrelation(np.ones((4, 5)), 10, max_lag_ms=50)


@pytest.fixture
def olfactory(real_data):
    def counts(area):
        path = real_data / "recordings" / "mouse_olfactory_cortex_spikes" / f"{area}_AA.npz"
        with np.load(path, allow_pickle=False) as arrays:
            n_units = int(arrays["shape"][0])
            trial = np.repeat(np.arange(len(arrays["spike_indptr"]) - 1), np.diff(arrays["spike_indptr"]))
            spike = arrays["spike_ms"]
        before = spike < 4000
        place = trial[before] * 80 + spike[before] // 50
        return np.bincount(place, minlength=n_units * 8000).reshape(n_units, 100, 80).astype(float), len(spike)

    return counts


@pytest.mark.parametrize(
    ("area", "n_spikes", "rate", "first", "tau"),
    [
        ("aPCx", 651348, 1.14, [0.178, 0.076, 0.056, 0.052], 39),
        ("plCoA", 235885, 0.43, [0.181, 0.074, 0.055, 0.052], 34),
    ],
)
def test_olfactory_cortex(olfactory, area, n_spikes, rate, first, tau):
    counts, total = olfactory(area)
    hz = counts.sum(axis=(1, 2)) / 400
    assert total == n_spikes
    assert np.median(hz) == pytest.approx(rate, abs=0.006)
    mean = autocorrelation(counts[hz > 1], 50, max_lag_ms=1000).mean("unit")
    np.testing.assert_allclose(mean[1:5], first, atol=0.0012)
    fit = fit_exponentials(mean.values, mean["lag_ms"].values, offset=True)
    assert fit["tau_ms"].item() == pytest.approx(tau, abs=0.5)


def test_prefrontal_cortex(real_data):
    path = real_data / "recordings" / "macaque_pfc_working_memory" / "trial_prefnull_units001_240.npz"
    with np.load(path, allow_pickle=False) as arrays:
        counts = arrays["rate_hz"][:, :10] / 20.0
        edges = arrays["unit_indptr"]
    units = [counts[first:last] for first, last in zip(edges[:-1], edges[1:], strict=True)]
    mean = autocorrelation([unit for unit in units if unit.mean() > 0.05], 50).mean("unit")
    published = [0.188, 0.199, 0.174, 0.151, 0.140, 0.130, 0.120, 0.112, 0.105]
    np.testing.assert_allclose(mean[1:], published, atol=6e-4)
    # A window of 500 ms does not fix it: from the first lag on it is longer than the window, from the second a third of that.
    lags = mean["lag_ms"].values
    assert 500 < fit_exponentials(mean.values, lags, offset=True)["tau_ms"].item() < 800
    decrease = fit_exponentials(mean.values, lags, offset=True, first_lag="first decrease")
    assert decrease["tau_ms"].item() == pytest.approx(189, abs=3)
    assert np.isnan(decrease["fitted"].values[:2]).all()
