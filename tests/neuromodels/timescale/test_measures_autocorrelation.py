"""Autocorrelation: the published routine, processes with a known one, and networks whose decay is known."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromodels.timescale import GatedConfig, GatedRNN, LeakyConfig, LeakyRNN
from neuromodels.timescale.measures_activity import random_digits, state_pieces
from neuromodels.timescale.measures_autocorrelation import LaggedSums, autocorrelation


def published_routine(values, n_lags, less=1):
    """Mean removed, zero-padded to twice the length, power, back; over n - 1 - k; averaged over trials."""
    trials, n, _ = values.shape
    centred = values - values.mean(1, keepdims=True)
    power = np.abs(np.fft.fft(centred, 2 * n, axis=1)) ** 2
    lagged = np.fft.ifft(power, axis=1).real[:, : n_lags + 1]
    return (lagged / (n - less - np.arange(n_lags + 1))[:, None]).mean(0).T


def leaky(units=12, **options):
    return LeakyRNN(LeakyConfig(units=units, heads=2, answers=(2, 3), **options), seed=0)


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(1, 199), max_size=5, unique=True), less=st.integers(0, 1), seed=st.integers(0, 99))
def test_pieces_give_what_the_published_fourier_routine_gives(cuts, less, seed):
    values = 3 + np.random.default_rng(seed).normal(size=(3, 200, 4)).cumsum(1).astype(np.float32)
    sums = LaggedSums(12)
    for piece in np.split(values, sorted(cuts), axis=1):
        sums.add(piece)
    expected = published_routine(values.astype(float), 12, less)
    np.testing.assert_allclose(sums.autocovariance(divisor_less=less), expected, rtol=1e-4, atol=1e-4 * expected.max())


def test_an_autoregressive_process_has_the_autocorrelation_it_was_given():
    rng = np.random.default_rng(0)
    phi = np.array([0.3, 0.8, 0.95])
    values = np.zeros((40, 4000, 3), np.float32)
    noise = rng.normal(size=values.shape)
    for t in range(1, 4000):
        values[:, t] = phi * values[:, t - 1] + noise[:, t]
    sums = LaggedSums(20)
    sums.add(values[:, 500:])
    found = sums.autocovariance()
    np.testing.assert_allclose(found / found[:, :1], phi[:, None] ** np.arange(21), atol=0.03)


@pytest.mark.parametrize("tau", [1.5, 4.0, 12.0])
def test_a_single_linear_unit_decays_as_its_leak(tau):
    network = leaky(units=1, timescales="fixed", tau=tau)
    with torch.no_grad():
        # Positive states only, where the unit is linear.
        network.input_weight.fill_(1.0)
        network.input_bias.fill_(1.0)
        network.recurrent_bias.zero_()
    data = autocorrelation(network, trials=100, steps=3000, odds="even", n_lags=10)
    np.testing.assert_allclose(data["unit"][0], (1 - 1 / tau) ** np.arange(11), atol=0.02)


def test_states_in_pieces_are_the_states_at_once():
    for network in (leaky(), leaky(leak="outside", substeps=3), GatedRNN(GatedConfig("gru", units=5, heads=2), seed=0)):
        digits = random_digits(3, 600, seed=1)
        pieces = torch.cat(list(state_pieces(network, digits, burn_in=7)), dim=1)
        with torch.no_grad():
            torch.testing.assert_close(pieces, network.states(digits)[:, 7:], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("values", ["states", "cells"])
def test_an_lstm_is_run_whole_in_groups_of_trials(values, monkeypatch):
    network = GatedRNN(GatedConfig("lstm", units=5, heads=2), seed=0)
    sizes = {"trials": 6, "steps": 200, "burn_in": 20, "n_lags": 5, "values": values}
    together = autocorrelation(network, **sizes)
    monkeypatch.setattr("neuromodels.timescale.measures_activity.HELD", 2 * 200 * 5)
    np.testing.assert_allclose(autocorrelation(network, **sizes)["unit"], together["unit"], atol=1e-5)
    digits = random_digits(6, 200, seed=0)
    with torch.no_grad():
        held = network.cells(digits) if values == "cells" else network.states(digits)
    expected = published_routine(held[:, 20:].double().numpy(), 5, 0)
    np.testing.assert_allclose(together["unit"], expected / expected[:, :1], atol=1e-4)


def test_the_population_is_the_sum_of_the_units():
    network = leaky()
    data = autocorrelation(network, trials=4, steps=400, burn_in=50, n_lags=6)
    with torch.no_grad():
        summed = network.states(random_digits(4, 400, seed=0))[:, 50:].sum(-1, keepdim=True)
    expected = published_routine(summed.double().numpy(), 6, 0)[0]
    np.testing.assert_allclose(data["population"], expected / expected[0], atol=1e-4)


def test_trials_are_averaged_before_they_are_divided():
    """A trial that moves ten times as much counts a hundred times as much."""
    rng = np.random.default_rng(0)
    slow = rng.normal(size=(1, 500, 1)).cumsum(1).astype(np.float32)
    fast = 0.1 * slow.std() * rng.normal(size=(1, 500, 1)).astype(np.float32)
    both, alone = LaggedSums(5), LaggedSums(5)
    both.add(np.concatenate([slow, fast]))
    alone.add(slow)
    found, expected = both.autocovariance(), alone.autocovariance()
    np.testing.assert_allclose(found / found[:, :1], expected / expected[:, :1], atol=0.02)


def test_a_unit_that_never_changes_is_told():
    network = leaky()
    with torch.no_grad():
        for weight in (network.input_weight, network.input_bias, network.recurrent_weight, network.recurrent_bias):
            weight[3] = 0
        network.tau[3] = 1.0
    data = autocorrelation(network, trials=4, steps=300, burn_in=50, n_lags=5)
    assert data.attrs["units_without_change"] == 1
    assert np.isnan(data["unit"][3]).all() and np.isfinite(data["unit"][4]).all()


def test_the_bias_of_short_trials_is_told():
    network = leaky(units=1, timescales="fixed", tau=10.0)
    with torch.no_grad():
        network.input_weight.fill_(1.0)
        network.input_bias.fill_(1.0)
    data = autocorrelation(network, trials=600, steps=299, burn_in=100, n_lags=40, odds="even")
    measured = float((data["unit"][0] - 0.9 ** data["lag"])[20:].mean())
    assert data.attrs["bias"] < 0
    assert measured == pytest.approx(data.attrs["bias"], rel=0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"burn_in": 301}, "burn_in must be from 0"),
        ({"n_lags": 300, "burn_in": 10}, "use longer trials"),
        ({"odds": "loaded"}, "odds must be one of"),
        ({"values": "cells"}, "only an LSTM has cell states"),
        ({"values": "spikes"}, 'values must be "states" or "cells"'),
    ],
)
def test_what_cannot_be_done_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        autocorrelation(leaky(), **{"trials": 2, "steps": 300, "burn_in": 10, "n_lags": 5, **options})


def test_what_is_published_is_published(monkeypatch):
    monkeypatch.setattr("neuromodels.timescale.measures_autocorrelation.PUBLISHED_STEPS", 700)
    data = autocorrelation(leaky(), as_published=True)
    assert data.attrs["trials"] == 10 and data.attrs["states_per_trial"] == 201
    assert data.sizes["lag"] == 31
