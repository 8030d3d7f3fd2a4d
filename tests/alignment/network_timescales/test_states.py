"""Timescales of states: planted decays come back, and what cannot be told is said to be so."""

import numpy as np
import pytest

from alignment.activations import UnknownLayerError
from alignment.network_timescales import (
    Noise,
    SeveralNetworks,
    autocorrelations,
    fit_timescales,
    state_timescales,
)


class Leaky:
    """Linear leaky units of planted timescales, driven by the digits; two layers if asked for."""

    revision, committed_layer = "one", "state"
    input_spec = {"kind": "array", "dims": ("time", "channel")}

    def __init__(self, tau, *, name="testing/leaky", layers=("state",)):
        self.tau, self.name, self.layers = np.asarray(tau, dtype=float), name, layers

    def record(self, stimuli, layers=None):
        keep = np.exp(-1 / self.tau)
        state, states = np.zeros((len(stimuli), len(keep))), []
        for digit in np.swapaxes(np.asarray(stimuli), 0, 1):
            state = keep * state + digit
            states.append(state)
        made = np.stack(states, axis=1)
        return {layer: made if layer != "last" else made[:, -1] for layer in layers or self.layers}


def test_planted_timescales_come_back():
    tau = np.array([0.5, 1.0, 3.0, 8.0])
    found = state_timescales(Leaky(tau), Noise(n_sequences=40))["state"]
    np.testing.assert_allclose(found, tau, rtol=0.15)


def test_exact_decays_are_fitted_to_the_grid():
    lags = np.arange(31)[:, None]
    tau = np.geomspace(0.3, 60, 25)
    found = fit_timescales(0.7 * np.exp(-lags / tau) + 0.1)
    np.testing.assert_allclose(found, tau, rtol=0.011)  # half a step of the grid


def test_autocorrelation_is_that_of_a_slow_loop():
    states = np.random.default_rng(0).standard_normal((3, 50, 2)).cumsum(axis=1)
    found = autocorrelations(states, 4)
    centred = states - states.mean(axis=(0, 1))
    for unit in range(2):
        for lag in range(5):
            products = [centred[s, t, unit] * centred[s, t + lag, unit] for s in range(3) for t in range(50 - lag)]
            expected = np.mean(products) / (centred[..., unit] ** 2).mean()
            assert found[lag, unit] == pytest.approx(expected)


def test_what_cannot_be_told_is_not_a_number():
    lags = np.arange(31)
    noise = np.where(lags == 0, 1.0, 0.0)
    rising = lags / 30
    forever = np.ones(31) - 1e-4 * lags
    swing = np.cos(lags)
    assert np.isnan(fit_timescales(np.stack([noise, rising, forever, swing], axis=1))).all()
    assert np.isnan(autocorrelations(np.full((2, 400, 1), 3.0), 5)).all()


def test_layers_without_a_state_per_step_are_left_out_or_refused():
    model = Leaky([2.0, 3.0], layers=("state", "last"))
    assert list(state_timescales(model)) == ["state"]
    with pytest.raises(UnknownLayerError, match="'testing/leaky' have no state for each of the 1100 steps"):
        state_timescales(model, layers=["last"])
    with pytest.raises(ValueError, match="at least 10 times as many steps as lags"):
        Noise(n_steps=100)


def test_several_networks_are_the_layers_of_one():
    both = SeveralNetworks({"fast": Leaky([1.0, 1.5]), "slow": Leaky([5.0, 6.0])}, "pair")
    found = state_timescales(both, Noise(n_sequences=30))
    np.testing.assert_allclose(found["slow"], [5, 6], rtol=0.2)
    assert both.revision.startswith("sha256=")
    assert list(both.record(np.zeros((1, 5, 1)), ["slow"])) == ["slow"]
    with pytest.raises(ValueError, match="at least 2, received 1"):
        SeveralNetworks({"fast": Leaky([1.0])})
    other = Leaky([1.0])
    other.input_spec = {"kind": "text"}
    with pytest.raises(ValueError, match="all must take the same"):
        SeveralNetworks({"fast": Leaky([1.0]), "words": other})
