"""Planted timescales through every estimator: intervals that hold them, bias taken out, refusals, repeatability."""

import numpy as np
import pytest
import xarray as xr

from alignment.timescales import (
    across_trial_timescale,
    fit_exponentials,
    knee_timescale,
    simulated_timescale,
    spike_difference_timescale,
    timescale_presence,
    within_trial_timescale,
)
from alignment.timescales.autocorrelations import autocovariance
from alignment.timescales.calibration import calibrate
from alignment.timescales.count_timescales import timescale_of_counts
from alignment.timescales.estimation import Options
from alignment.timescales.posterior import posterior_interval
from alignment.timescales.profiles import Profile
from alignment.timescales.surrogate_counts import Fluctuations

FEW = {"n_simulations": 120}


def estimates(values, bin_ms, **options):
    noise = {"noise": "gaussian", **FEW, **options}
    yield "trial", within_trial_timescale(values, bin_ms, **noise)
    yield "segment", within_trial_timescale(values, bin_ms, mean="segment", **noise)
    yield "pooled", within_trial_timescale(values, bin_ms, mean="pooled", **noise)
    yield "across", across_trial_timescale(values, bin_ms, **noise)
    yield "knee", knee_timescale(values, bin_ms, **noise)
    yield "simulated", simulated_timescale(values, bin_ms, **noise)


@pytest.mark.parametrize(("tau", "trial", "bin_ms"), [(5, 200, 5), (100, 500, 25), (500, 4000, 200)])
def test_planted_timescale_lies_in_the_interval(planted_signal, tau, trial, bin_ms):
    values = planted_signal(tau, trial, bin_ms, 60, seed=3)
    for name, found in estimates(values, bin_ms):
        one = found.isel(unit=0)
        assert one["tau_ms_low"] < tau < one["tau_ms_high"], name
        if one["resolved"]:
            assert one["tau_ms_low"] < one["tau_ms"] < one["tau_ms_high"], name
            assert 0.5 * tau < one["tau_ms"] < 2 * tau, name


def test_short_trials_make_plain_fits_too_short_and_are_corrected(planted_signal):
    found = within_trial_timescale(
        np.stack([planted_signal(200, 500, 25, 100, seed) for seed in range(6)]), 25.0, noise="gaussian", **FEW
    )
    plain = found["tau_ms_uncorrected"].median().item()
    corrected = found["tau_ms"].median().item()
    assert plain < 80
    assert 140 < corrected < 280
    assert ((found["tau_ms_low"] < 200) & (found["tau_ms_high"] > 200)).sum() >= 5


def test_slower_than_trials_can_tell_is_refused_with_a_sentence(planted_signal):
    found = within_trial_timescale(planted_signal(500, 500, 25, 30), 25.0, noise="gaussian", **FEW).isel(unit=0)
    assert found["status"].item() == "trials of 500 ms cannot tell the timescale from longer ones"
    assert found["tau_ms_high"] == np.inf and not found["resolved"] and found["tau_ms_low"] > 0


def test_faster_than_bins_can_tell_is_refused_with_a_sentence(planted_counts):
    found = within_trial_timescale(planted_counts(5, 500, 50, 200, variation=0.8), 50.0, **FEW).isel(unit=0)
    assert not found["resolved"] and found["tau_ms_low"] == 0
    assert (
        "cannot tell the timescale from shorter ones" in found["status"].item()
        or "no timescale" in found["status"].item()
    )


def test_poisson_counts_and_spike_differences(planted_counts):
    fine = planted_counts(50, 1000, 10, 60, seed=1)
    times = [np.repeat(np.arange(100) * 10 + 2.0, row.astype(int)) for row in fine]
    found = spike_difference_timescale(times, 1000, 10.0, max_lag_ms=300, **FEW).isel(unit=0)
    assert found["tau_ms_low"] < 50 < found["tau_ms_high"]
    two = spike_difference_timescale([times, times], 1000, 10.0, max_lag_ms=300, n_simulations=0)
    assert two.sizes["unit"] == 2
    np.testing.assert_allclose(two["autocorrelation"][0], found["autocorrelation"])


def test_differences_are_those_of_all_pairs():
    rng = np.random.default_rng(0)
    times = [np.sort(rng.integers(0, 100, 40)) * 5.0 for _ in range(6)]
    found = spike_difference_timescale(times, 500, 5.0, n_simulations=0, max_lag_ms=100).isel(unit=0)
    counted = np.zeros(21)
    for one in times:
        away = np.abs(np.subtract.outer(one, one))[np.triu_indices(40, 1)] / 5
        counted += np.histogram(away, np.arange(22) - 0.5)[0]
    zero = 2 * counted[0] + 240
    share = 100 / (100 - np.arange(21))
    np.testing.assert_allclose(found["autocorrelation"], (counted * share)[1:] / zero)


def test_plain_fit_is_that_of_all_exponentials(planted_counts):
    found = across_trial_timescale(planted_counts(100, 1000, 50, 200), 50.0, n_simulations=0).isel(unit=0)
    other = fit_exponentials(
        found["autocorrelation"].values, found["lag_ms"].values, offset=True, first_lag="first decrease"
    )
    assert found["tau_ms_uncorrected"].item() == pytest.approx(other["tau_ms"].item(), rel=0.01)
    assert found["r2"].item() == pytest.approx(other["r2"].item(), abs=1e-3)
    np.testing.assert_allclose(found["fitted"], other["fitted"], atol=2e-3)
    assert np.isnan(found["tau_ms"]) and not found["resolved"]


def test_one_long_trial_is_enough_for_means_of_trials(planted_signal):
    values = planted_signal(50, 20_000, 10, 1)
    found = within_trial_timescale(values, 10.0, noise="gaussian", max_lag_ms=500, **FEW).isel(unit=0)
    assert found["tau_ms_low"] < 50 < found["tau_ms_high"]
    with pytest.raises(ValueError, match="too few trials: 1, at least 2"):
        within_trial_timescale(values, 10.0, mean="pooled", noise="gaussian")


def test_numbers_repeat_with_the_seed_and_units_do_not_depend_on_each_other(planted_counts):
    one, other = planted_counts(50, 500, 25, 60, 0), planted_counts(100, 500, 25, 60, 1)
    both = within_trial_timescale([one, other], 25.0, **FEW)
    xr.testing.assert_identical(both, within_trial_timescale([one, other], 25.0, **FEW))
    alone = within_trial_timescale(one, 25.0, **FEW)
    xr.testing.assert_identical(both.isel(unit=[0]), alone)


def test_evoked_responses_do_no_harm_across_trials(planted_counts):
    evoked = np.arange(20) % 7 * 2.0
    counts = planted_counts(80, 1000, 50, 200, 2)
    with_response = counts + evoked
    found = across_trial_timescale(np.stack([counts, with_response]), 50.0, n_simulations=0)
    np.testing.assert_allclose(found["tau_ms_uncorrected"][0], found["tau_ms_uncorrected"][1])


@pytest.mark.parametrize(("noise", "variation"), [("gaussian", 1.0), ("poisson", 0.2), ("poisson", 0.9)])
@pytest.mark.parametrize("tau", [10.0, 80.0])
def test_simulated_recordings_have_the_moments_of_the_recording(noise, variation, tau):
    rng = np.random.default_rng(0)
    rho = variation**2 * np.exp(-np.arange(6) * 20 / 80.0)
    mean = 3.0 if noise == "poisson" else 0.0
    covariance = rho * (mean**2 if noise == "poisson" else 1.0)
    covariance[0] += mean + 0.5
    source = Fluctuations(np.full(20, mean), covariance, "pooled", 1000, 20.0, noise)
    made = source.simulate(tau, 20_000, rng)
    found = autocovariance("pooled", 20, 5).of(made)
    assert made.mean() == pytest.approx(mean, abs=0.05 * max(1.0, mean))
    if tau == 80:
        np.testing.assert_allclose(found, covariance, atol=0.035 * covariance[0])
    else:
        assert found[1] / found[2] > np.exp(20 / 80)


GRID = np.exp(np.linspace(0, np.log(1e4), 2000))


def profiles(tau_ms):
    """Fits with a parabola of the logarithm of tau around the estimates."""
    tau = np.atleast_1d(tau_ms)
    errors = (np.log(GRID) - np.log(tau)[:, None]) ** 2
    return Profile(tau, tau, 0 * tau, 0 * tau, np.zeros(len(tau), int), GRID, errors)


def test_inversion_of_a_known_biased_estimator_is_exact():
    def simulate(tau):
        return profiles(0.5 * tau * np.exp(0.2 * np.random.default_rng(0).standard_normal(3000)))

    found = calibrate(profiles(50.0), simulate, (1.0, 1e4), 0.95)
    assert found.tau_ms == pytest.approx(100, rel=0.02)
    assert found.low_ms == pytest.approx(100 * np.exp(-1.96 * 0.2), rel=0.03)
    assert found.high_ms == pytest.approx(100 * np.exp(1.96 * 0.2), rel=0.03)
    posterior = posterior_interval(profiles(50.0), simulate, (1.0, 1e4), 0.95)
    assert posterior.tau_ms == pytest.approx(100, rel=0.02)
    assert posterior.high_ms == pytest.approx(found.high_ms, rel=0.05)


@pytest.mark.parametrize("invert", [calibrate, posterior_interval])
def test_estimates_that_all_timescales_give_exclude_none(invert):
    def simulate(tau):
        return profiles(np.exp(np.random.default_rng(int(tau)).normal(3, 0.5, 500)))

    found = invert(profiles(20.0), simulate, (5.0, 500.0), 0.95)
    assert (found.low_ms, found.high_ms) == (0.0, np.inf)


def test_excess_error_is_signed_by_the_side_of_the_best():
    found = profiles([20.0, 50.0])
    np.testing.assert_allclose(found.root(30.0), np.log([20 / 30, 50 / 30]), atol=2e-3)
    silent = Profile(np.array([np.nan]), *[np.zeros(1)] * 4, GRID, np.ones((1, len(GRID))))
    assert silent.root(30.0)[0] == 0


def test_counts_without_a_timescale_rarely_look_like_one():
    counts = np.random.default_rng(0).poisson(2.0, (60, 30, 10)).astype(float)
    for null, mean in (("shuffled", "across"), ("poisson", "trial")):
        p = timescale_presence(counts, 50.0, null=null, mean=mean, n_surrogates=39)["p"].values
        assert (p <= 0.05).sum() <= 8
        assert 0.35 < p.mean() < 0.68


def test_a_timescale_is_told_from_none(planted_counts):
    counts = planted_counts(60, 500, 25, 100)
    for null in ("shuffled", "poisson"):
        for mean in ("across", "trial", "pooled"):
            found = timescale_presence(counts, 25.0, null=null, mean=mean, n_surrogates=99)
            assert found["p"].item() <= 0.05, (null, mean)
    assert found["explained"] > 5 * found["explained_null"]


def test_bad_requests(planted_counts):
    counts = planted_counts(50, 500, 25, 20)
    with pytest.raises(ValueError, match="mean must be 'trial', 'segment' or 'pooled'"):
        within_trial_timescale(counts, 25.0, mean="across")
    with pytest.raises(ValueError, match="mean must be 'trial' or 'segment'"):
        simulated_timescale(counts, 25.0, mean="pooled")
    with pytest.raises(ValueError, match="null 'shuffled' or 'poisson'"):
        timescale_presence(counts, 25.0, null="jittered")
    with pytest.raises(ValueError, match="n_surrogates must be at least 1"):
        timescale_presence(counts, 25.0, n_surrogates=0)
    with pytest.raises(ValueError, match="3 frequencies up to 7 Hz"):
        knee_timescale(counts, 25.0, max_hz=7.0)
    with pytest.raises(ValueError, match="exponent must be positive"):
        knee_timescale(counts, 25.0, exponent=0.0)


def test_no_removal_of_means_needs_no_correction(planted_counts):
    counts = planted_counts(50, 1000, 25, 100)
    options = Options(25.0, None, "poisson", 0.95, 0, 0)
    found = timescale_of_counts(counts, "none", None, "first", options).isel(unit=0)
    assert found["offset"] > found["amplitude"] > 0
