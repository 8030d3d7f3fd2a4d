"""Signal and noise variance against plain loops, unbiased for known variances, and the tutorials' explainable variance."""

import numpy as np
import pytest
import scipy.stats
import xarray as xr

from alignment.ceilings import (
    SignalPowerCeiling,
    explainable_variance,
    signal_power,
    split_half_reliability,
    variance_components,
)


def simulate(n_repetitions=5, n_stimuli=60, n_units=4, noise=1.5, seed=0):
    rng = np.random.default_rng(seed)
    signal = rng.standard_normal((n_stimuli, n_units))
    return signal + noise * rng.standard_normal((n_repetitions, n_stimuli, n_units)), signal


def test_signal_power_is_the_equation():
    trials, _ = simulate()
    n = len(trials)
    expected = (trials.sum(axis=0).var(axis=0, ddof=1) - trials.var(axis=1, ddof=1).sum(axis=0)) / (n * (n - 1))
    np.testing.assert_allclose(signal_power(trials), expected, rtol=1e-12)
    # The same as the mean covariance of two different repetitions.
    pairs = [
        [np.cov(trials[i, :, unit], trials[j, :, unit])[0, 1] for i in range(n) for j in range(i)] for unit in range(4)
    ]
    np.testing.assert_allclose(signal_power(trials), np.mean(pairs, axis=1), rtol=1e-10)


@pytest.mark.parametrize("gaps", [False, True])
def test_components_are_unbiased(gaps):
    found = []
    for seed in range(40):
        trials, signal = simulate(n_stimuli=50, n_units=50, seed=seed)
        if gaps:
            count = np.random.default_rng(seed).integers(2, 6, 50)
            trials[np.arange(5)[:, None] >= count] = np.nan
        one = variance_components(trials)
        n_of_mean = 1.5**2 * np.mean(1 / np.isfinite(trials[..., 0]).sum(axis=0))
        found.append([(one.signal - signal.var(axis=0, ddof=1)).mean(), one.noise.mean() - 1.5**2,
                      one.noise_of_mean.mean() - n_of_mean])  # fmt: skip
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(40)
    assert (np.abs(mean) < 4 * error).all(), (mean, error)
    assert (error < 0.02).all()


def test_complete_trials_agree_with_the_formula_for_gaps_but_for_drifts():
    trials, _ = simulate(n_repetitions=4, n_stimuli=400, n_units=3)
    complete = variance_components(trials)
    gappy = trials.copy()
    gappy[0, 0, 0] = np.nan
    np.testing.assert_allclose(variance_components(gappy).reliability, complete.reliability, atol=0.01)
    drifting = trials + 5 * np.arange(4)[:, None, None]
    np.testing.assert_allclose(variance_components(drifting).signal, complete.signal, rtol=1e-10)
    np.testing.assert_allclose(variance_components(drifting).noise, complete.noise, rtol=1e-10)


def test_unequal_repetitions_by_a_plain_loop():
    trials, _ = simulate()
    trials[3:, ::2], trials[4, 1::3, 1] = np.nan, np.nan
    found = variance_components(trials)
    for unit in range(4):
        means, squares, freedom, share = [], 0.0, 0, []
        for stimulus in range(60):
            values = trials[:, stimulus, unit]
            values = values[np.isfinite(values)]
            means.append(values.mean())
            squares += ((values - values.mean()) ** 2).sum()
            freedom += len(values) - 1
            share.append(1 / len(values))
        noise = squares / freedom
        assert found.noise[unit] == pytest.approx(noise, rel=1e-12)
        assert found.response[unit] == pytest.approx(np.var(means, ddof=1), rel=1e-12)
        assert found.signal[unit] == pytest.approx(np.var(means, ddof=1) - noise * np.mean(share), rel=1e-10)
        assert found.noise_of_mean[unit] == pytest.approx(noise * np.mean(share), rel=1e-12)
    assert found.n_missing == np.isnan(trials).sum()


@pytest.mark.parametrize("gaps", [False, True])
def test_draws_are_repeated_stimuli(gaps):
    trials, _ = simulate()
    if gaps:
        trials[4, :10] = np.nan
    counts = np.random.default_rng(0).integers(0, 3, (4, 60))
    found = variance_components(trials, weights=counts.astype(float))
    for row, count in enumerate(counts):
        expected = variance_components(np.repeat(trials, count, axis=1))
        np.testing.assert_allclose(found.draws_signal[row], expected.signal, rtol=1e-9)
        np.testing.assert_allclose(found.draws_response[row], expected.response, rtol=1e-9)
        np.testing.assert_allclose(found.draws[row], expected.reliability, rtol=1e-9)
    assert variance_components(trials).draws is None


def test_ceiling_is_the_root_of_the_share_of_signal():
    trials, _ = simulate()
    found = variance_components(trials)
    array = xr.DataArray(trials, dims=("repetition", "stimulus", "neuroid"))
    values = SignalPowerCeiling().estimate(array, np.ones((0, 60))).values
    np.testing.assert_allclose(values, np.sqrt(found.signal / trials.mean(axis=0).var(axis=0, ddof=1)), rtol=1e-12)
    np.testing.assert_allclose(values**2, split_half_reliability(trials).reliability, atol=0.05)


def test_negative_signal_is_kept_and_has_no_ceiling():
    trials = np.random.default_rng(0).standard_normal((3, 40, 50))
    found = variance_components(trials)
    assert (found.signal < 0).any()
    array = xr.DataArray(trials, dims=("repetition", "stimulus", "neuroid"))
    values = SignalPowerCeiling().estimate(array, np.ones((0, 40))).values
    np.testing.assert_array_equal(np.isnan(values), found.signal <= 0)


def test_time_bins_are_separate():
    trials, _ = simulate()
    stacked = np.stack([trials, 2 * trials], axis=-1)
    assert variance_components(stacked).signal.shape == (4, 2)
    np.testing.assert_allclose(signal_power(stacked)[:, 1], 4 * signal_power(trials), rtol=1e-12)
    assert explainable_variance(stacked).shape == (4, 2)


@pytest.mark.parametrize("zscore", [False, True])
@pytest.mark.parametrize("bias_correction", [False, True])
def test_explainable_variance_is_that_of_the_tutorials(zscore, bias_correction):
    trials, _ = simulate()
    values = scipy.stats.zscore(trials, axis=1) if zscore else trials
    ratio = values.mean(axis=0).var(axis=0, ddof=1) / values.var(axis=1, ddof=1).mean(axis=0)
    expected = ratio - (1 - ratio) / 4 if bias_correction else ratio
    found = explainable_variance(trials, zscore=zscore, bias_correction=bias_correction)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_corrected_explainable_variance_is_signal_over_total_power():
    trials, _ = simulate()
    found = variance_components(trials)
    np.testing.assert_allclose(
        explainable_variance(trials, zscore=False), found.signal / (found.signal + found.noise), rtol=1e-10
    )
    noise = np.random.default_rng(0).standard_normal((5, 4000, 20))
    assert abs(explainable_variance(noise).mean()) < 0.01
    assert explainable_variance(noise, bias_correction=False).mean() == pytest.approx(1 / 5, abs=0.01)


def test_explainable_variance_needs_complete_trials_that_vary():
    trials, _ = simulate()
    trials[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="explainable_variance needs the same repetitions.*received 1 NaN"):
        explainable_variance(trials)
    assert np.isnan(explainable_variance(np.ones((3, 10, 1))))
