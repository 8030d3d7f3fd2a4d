"""Planted timescales: Ornstein-Uhlenbeck processes and Poisson counts that they drive."""

import numpy as np
import pytest
from scipy.signal import lfilter


def ornstein_uhlenbeck(tau_ms, step_ms, n_trials, n_steps, rng):
    keep = np.exp(-step_ms / tau_ms)
    noise = rng.standard_normal((n_trials, n_steps))
    noise[:, 1:] *= np.sqrt(1 - keep**2)
    return lfilter([1.0], [1.0, -keep], noise, axis=1)


@pytest.fixture
def planted_signal():
    def make(tau_ms, trial_ms, bin_ms, n_trials, seed=0, noise=0.3):
        rng = np.random.default_rng([seed, n_trials])
        path = ornstein_uhlenbeck(tau_ms, bin_ms, n_trials, round(trial_ms / bin_ms), rng)
        return path + noise * rng.standard_normal(path.shape)

    return make


@pytest.fixture
def planted_counts():
    def make(tau_ms, trial_ms, bin_ms, n_trials, seed=0, rate_hz=60.0, variation=0.5):
        rng = np.random.default_rng([seed, n_trials])
        path = ornstein_uhlenbeck(tau_ms, 1.0, n_trials, round(trial_ms), rng)
        rate = rate_hz / 1000 * np.maximum(0, 1 + variation * path)
        fine = rng.poisson(rate).astype(float)
        return fine.reshape(n_trials, -1, round(bin_ms)).sum(axis=2)

    return make
