"""ncsnr and its noise ceiling: the definition by a plain loop, the dataset's formula, known variances."""

import numpy as np
import pytest
import xarray as xr

from alignment.ceilings import NcsnrCeiling, ncsnr, noise_ceiling, variance_components


def simulate(n_repetitions=3, n_stimuli=80, n_units=4, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    signal = rng.standard_normal((n_stimuli, n_units))
    return signal + noise * rng.standard_normal((n_repetitions, n_stimuli, n_units))


@pytest.mark.parametrize("gaps", [False, True])
def test_ncsnr_is_the_definition(gaps):
    trials = simulate()
    if gaps:
        trials[2, ::2], trials[1, ::4] = np.nan, np.nan
    for unit, found in enumerate(ncsnr(trials)):
        by_stimulus = [row[np.isfinite(row)] for row in trials[..., unit].T]
        noise = np.mean([row.var(ddof=1) for row in by_stimulus if len(row) > 1])
        signal = np.concatenate(by_stimulus).var(ddof=1) - noise
        assert found == pytest.approx(np.sqrt(signal / noise), rel=1e-12)


def test_ncsnr_recovers_a_known_ratio():
    np.testing.assert_allclose(ncsnr(simulate(n_stimuli=40_000, noise=2.0)), 0.5, atol=0.02)


def test_dataset_formula_for_three_two_and_one_repetition():
    ratio = np.array([0.5, 1.0, 3.0])
    np.testing.assert_allclose(noise_ceiling(ratio, 3), 100 * ratio**2 / (ratio**2 + 1 / 3), rtol=1e-13)
    three, two, one = 5, 3, 2
    share = (three / 3 + two / 2 + one) / 10
    counts = [3] * three + [2] * two + [1] * one
    np.testing.assert_allclose(noise_ceiling(ratio, counts), 100 * ratio**2 / (ratio**2 + share), rtol=1e-13)
    np.testing.assert_array_equal(noise_ceiling([0.0, np.inf, np.nan], 3), [0, 100, np.nan])


@pytest.mark.parametrize("counts", [0, [], [2, 0]])
def test_ceiling_needs_repetitions(counts):
    with pytest.raises(ValueError, match="every stimulus needs at least one repetition"):
        noise_ceiling(1.0, counts)


def test_negative_signal_is_missing_and_no_noise_is_infinite():
    whole_numbers = np.random.default_rng(0).integers(0, 9, (1, 32, 1)).astype(float)
    assert np.isinf(ncsnr(np.tile(whole_numbers, (2, 1, 1)))).all()
    found = ncsnr(np.random.default_rng(0).standard_normal((3, 30, 60)))
    assert 0 < np.isnan(found).sum() < 60
    assert np.isnan(ncsnr(np.ones((3, 30, 1)))).all()


@pytest.mark.parametrize("gaps", [False, True])
def test_ceiling_is_the_root_of_the_noise_ceiling(gaps):
    trials = simulate()
    count = np.full(80, 3)
    if gaps:
        trials[2, ::2] = np.nan
        count[::2] = 2
    array = xr.DataArray(trials, dims=("repetition", "stimulus", "neuroid"))
    draws = np.random.default_rng(0).integers(0, 3, (3, 80))
    estimate = NcsnrCeiling().estimate(array, draws.astype(float))
    np.testing.assert_allclose(estimate.values, np.sqrt(noise_ceiling(ncsnr(trials), count) / 100), rtol=1e-12)
    for row, each in enumerate(draws):
        repeated = np.repeat(trials, each, axis=1)
        expected = np.sqrt(noise_ceiling(ncsnr(repeated), np.repeat(count, each)) / 100)
        np.testing.assert_allclose(estimate.draws[row], expected, rtol=1e-9)


def test_agrees_with_signal_power_on_complete_trials():
    trials = simulate(n_stimuli=2000)
    ceiling = noise_ceiling(ncsnr(trials), 3) / 100
    np.testing.assert_allclose(ceiling, variance_components(trials).reliability, atol=5e-3)


def test_offset_far_from_zero_does_not_matter():
    trials = simulate()
    np.testing.assert_allclose(ncsnr(trials + 1e6), ncsnr(trials), rtol=1e-7)
