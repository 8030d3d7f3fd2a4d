"""Corrected measures of a prediction: equations by hand, unbiased for a known correlation."""

import numpy as np
import pytest

from alignment.ceilings import normalised_correlation, signal_power, unbiased_r2


def simulate(rho, n_stimuli=100, n_units=300, n_repetitions=4, noise=2.0, seed=0):
    """Trials of signals that correlate with a prediction at ``rho`` exactly."""
    rng = np.random.default_rng(seed)
    made, other = rng.standard_normal((2, n_stimuli, n_units))
    made, other = made - made.mean(axis=0), other - other.mean(axis=0)
    other -= made * (made * other).sum(axis=0) / (made**2).sum(axis=0)
    made, other = made / made.std(axis=0), other / other.std(axis=0)
    signal = rho * made + np.sqrt(1 - rho**2) * other
    return made, signal + noise * rng.standard_normal((n_repetitions, n_stimuli, n_units))


def test_normalised_correlation_is_the_equation():
    made, trials = simulate(0.6, n_units=5)
    mean = trials.mean(axis=0)
    for unit, found in enumerate(normalised_correlation(made, trials)):
        covariance = np.cov(mean[:, unit], made[:, unit])
        expected = covariance[0, 1] / np.sqrt(covariance[1, 1] * signal_power(trials)[unit])
        assert found == pytest.approx(expected, rel=1e-12)


def test_unbiased_r2_is_the_equation():
    made, trials = simulate(0.6, n_units=5)
    n, m = 4, 100
    for unit, found in enumerate(unbiased_r2(made, trials)):
        y, p = trials[..., unit], made[:, unit] - made[:, unit].mean()
        s2 = y.var(axis=0, ddof=1).mean()
        centred = y.mean(axis=0) - y.mean()
        upper = (p @ centred) ** 2 - s2 / n * (p @ p)
        lower = (p @ p) * (centred @ centred - (m - 1) * s2 / n)
        assert found == pytest.approx(upper / lower, rel=1e-12)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9, -0.7])
@pytest.mark.parametrize("gaps", [False, True])
def test_known_correlation_is_recovered(rho, gaps):
    made, trials = simulate(rho, n_stimuli=300)
    if gaps:
        trials[3, ::2] = np.nan
    squared = unbiased_r2(made, trials)
    assert np.nanmean(squared) == pytest.approx(rho**2, abs=4 * np.nanstd(squared) / np.sqrt(300) + 0.005)
    r = normalised_correlation(made, trials)
    assert np.nanmean(r) == pytest.approx(rho, abs=0.03)
    # What both correct: the plain squared correlation is far too small.
    plain = np.mean([np.corrcoef(a, b)[0, 1] ** 2 for a, b in zip(made.T, np.nanmean(trials, axis=0).T, strict=True)])
    assert rho == 0 or plain < 0.7 * rho**2


def test_values_are_not_clipped():
    made, trials = simulate(1.0, n_stimuli=30)
    assert (normalised_correlation(made, trials) > 1).any()
    assert (unbiased_r2(made, trials) > 1).any()
    unrelated = np.random.default_rng(9).standard_normal(made.shape)
    assert (unbiased_r2(unrelated, trials) < 0).any()


def test_missing_where_there_is_no_signal_and_zero_for_a_constant_prediction():
    noise = np.random.default_rng(0).standard_normal((4, 40, 50))
    made = np.random.default_rng(1).standard_normal((40, 50))
    without = signal_power(noise) <= 0
    assert without.any()
    assert np.isnan(normalised_correlation(made, noise)[without]).all()
    flat, trials = simulate(0.5, n_units=3)
    np.testing.assert_array_equal(normalised_correlation(np.ones_like(flat), trials), 0)
    assert np.isnan(unbiased_r2(np.ones_like(flat), trials)).all()


def test_time_bins_are_separate():
    made, trials = simulate(0.6, n_units=3)
    for measure in (normalised_correlation, unbiased_r2):
        stacked = measure(np.stack([made, -made], axis=-1), np.stack([trials, trials], axis=-1))
        assert stacked.shape == (3, 2)
        np.testing.assert_allclose(stacked[:, 0], measure(made, trials), rtol=1e-12)


@pytest.mark.parametrize("measure", [normalised_correlation, unbiased_r2])
def test_unusable_input_is_refused(measure):
    made, trials = simulate(0.6, n_units=3)
    with pytest.raises(ValueError, match=r"needs a prediction \(100, 3\) for trials \(4, 100, 3\), received \(99, 3\)"):
        measure(made[1:], trials)
    broken = made.copy()
    broken[0, 0] = np.nan
    with pytest.raises(ValueError, match="received 1 predictions that are NaN"):
        measure(broken, trials)
    trials[:, 5, 1] = np.nan
    with pytest.raises(ValueError, match="received 1 pairs of stimulus and neuroid without any response"):
        measure(made, trials)
