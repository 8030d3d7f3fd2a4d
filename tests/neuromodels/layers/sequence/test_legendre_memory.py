"""The Legendre memory against scipy's discretisation and against signals whose past is known, the LMU against its equations."""

import numpy as np
import pytest
import torch
from numpy.polynomial import legendre
from scipy.signal import cont2discrete

from neuromodels.layers.sequence import LMU
from neuromodels.layers.sequence.legendre_memory import delay_memory


def continuous(order):
    matrix, into = np.zeros((order, order)), np.zeros((order, 1))
    for i in range(order):
        into[i] = (2 * i + 1) * (-1) ** i
        for j in range(order):
            matrix[i, j] = (2 * i + 1) * (-1 if i < j else (-1) ** (i - j + 1))
    return matrix, into


@pytest.mark.parametrize(("order", "window"), [(1, 5.0), (6, 22.0), (32, 200.0)])
def test_discretisation_is_that_of_scipy(order, window):
    matrix, into = continuous(order)
    system = (matrix / window, into / window, np.eye(order), np.zeros((order, 1)))
    transition, drive, *_ = cont2discrete(system, dt=1.0, method="zoh")
    ours = delay_memory(order, window)
    np.testing.assert_allclose(ours[0], transition, rtol=0, atol=1e-10)
    np.testing.assert_allclose(ours[1], drive[:, 0], rtol=0, atol=1e-10)


def remembered(order, window, signal, share):
    """What the memory says the signal was, share * window steps ago."""
    transition, into = delay_memory(order, window)
    read, state, shown = legendre.legvander(np.array([2 * share - 1]), order - 1)[0], np.zeros(order), []
    for value in signal:
        state = transition @ state + into * value
        shown.append(read @ state)
    return np.array(shown)


@pytest.mark.parametrize("share", [0.0, 0.37, 1.0])
def test_remembers_a_constant_exactly(share):
    # In the steady state the memory holds the polynomial of degree 0 alone.
    shown = remembered(8, 50.0, np.full(600, 3.0), share)
    assert shown[-1] == pytest.approx(3.0, abs=1e-9)


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_remembers_a_slow_signal(share):
    # Inputs held during a step lag by half of one on average.
    window, time = 400.0, np.arange(2400)
    shown = remembered(12, window, np.sin(2 * np.pi * time / window), share)
    expected = np.sin(2 * np.pi * (time + 0.5 - share * window) / window)
    np.testing.assert_allclose(shown[1200:], expected[1200:], atol=2e-3)


def slow(layer, x):
    w = {name: value.detach().numpy() for name, value in layer.named_parameters()}
    transition, into = layer.transition.numpy(), layer.into_memory.numpy()
    outputs = np.zeros(x.shape)
    for b in range(x.shape[0]):
        memory, hidden = np.zeros((layer.memories, layer.order)), np.zeros(layer.width)
        for t in range(x.shape[1]):
            signal = w["encode.weight"] @ x[b, t] + w["encode_hidden.weight"] @ hidden
            signal = signal + w["encode_memory"] @ memory.ravel()
            for m in range(layer.memories):
                memory[m] = transition @ memory[m] + into * signal[m]
            total = w["drive.weight"] @ x[b, t] + w["drive.bias"] + w["recurrent.weight"] @ hidden
            hidden = np.tanh(total + w["recall.weight"] @ memory.ravel())
            outputs[b, t] = hidden
    return outputs


def test_follows_its_equations():
    layer = LMU(6, order=4, window=9.0, memories=3, seed=2).double()
    torch.nn.init.normal_(layer.encode_memory, std=0.1, generator=torch.Generator().manual_seed(2))
    x = torch.randn(2, 12, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    np.testing.assert_allclose(layer(x)[0].detach(), slow(layer, x.numpy()), rtol=0, atol=1e-12)


def test_only_what_is_learned_is_saved():
    layer = LMU(6)
    assert set(layer.state_dict()) == {name for name, _ in layer.named_parameters()}
    assert layer.double().transition.dtype == torch.float64


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": 0}, "order must be at least 1, received 0"),
        ({"memories": 0}, "memories must be at least 1, received 0"),
        ({"window": 0.0}, "window must be a positive number of steps, received 0.0"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        LMU(6, **options)
