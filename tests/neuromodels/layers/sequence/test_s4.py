"""S4 against the dense discretised state space, which is built from the equations without any identity."""

import numpy as np
import pytest
import torch

from neuromodels.layers.sequence import S4, legs_matrix
from neuromodels.layers.sequence.s4 import LONGEST_BLOCK


def complex_of(parameter):
    values = parameter.detach().numpy()
    return values[..., 0] + 1j * values[..., 1]


def dense(layer, channel):
    """A~, B~, C of one channel, with both members of every pair."""
    eigenvalues = (-layer.log_decay.exp() + 1j * layer.frequency).detach().numpy()[channel]
    low_rank, into, read = (complex_of(part)[channel] for part in (layer.low_rank, layer.into, layer.read))
    both = [np.concatenate([part, part.conj()]) for part in (eigenvalues, low_rank, into, read)]
    matrix, dt = np.diag(both[0]) - np.outer(both[1], both[1].conj()), float(layer.log_dt[channel].detach().exp())
    unit = np.eye(len(matrix))
    inverse = np.linalg.inv(unit - dt / 2 * matrix)
    return inverse @ (unit + dt / 2 * matrix), inverse @ (dt * both[2]), both[3]


def perturbed(width, state_size, seed=3):
    layer = S4(width, state_size=state_size, dt_range=(1e-2, 0.5), seed=seed).double()
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, dtype=torch.float64, generator=random)
    return layer


@pytest.mark.parametrize("length", [1, 22, LONGEST_BLOCK + 1, 150])
def test_kernel_is_that_of_the_dense_state_space(length):
    layer = perturbed(3, 8)
    kernel = layer.kernel(length).detach().numpy()
    for channel in range(3):
        transition, into, read = dense(layer, channel)
        state, expected = into, []
        for _ in range(length):
            expected.append((read @ state).real)
            state = transition @ state
        np.testing.assert_allclose(kernel[channel], expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("length", [7, LONGEST_BLOCK + 9])
def test_follows_its_equations(length):
    layer = perturbed(3, 4)
    x = torch.randn(2, length, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    linear, skip = np.zeros(x.shape), layer.skip.detach().numpy()
    last = np.zeros((2, 3, 2, 2))
    for channel in range(3):
        transition, into, read = dense(layer, channel)
        for b in range(2):
            state = np.zeros(4)
            for t in range(length):
                state = transition @ state + into * float(x[b, t, channel])
                linear[b, t, channel] = (read @ state).real + skip[channel] * float(x[b, t, channel])
            last[b, channel] = np.stack([state[:2].real, state[:2].imag], -1)
    weight, bias = layer.out.weight.detach().numpy(), layer.out.bias.detach().numpy()
    active = torch.nn.functional.gelu(torch.from_numpy(linear)).numpy()
    mixed = active @ weight.T + bias
    expected = mixed[..., :3] / (1 + np.exp(-mixed[..., 3:]))
    y, (state,) = layer(x)
    np.testing.assert_allclose(y.detach(), expected, rtol=0, atol=1e-11)
    np.testing.assert_allclose(layer.outputs(x).detach(), expected, rtol=0, atol=1e-11)
    np.testing.assert_allclose(state.detach(), last, rtol=0, atol=1e-11)


@pytest.fixture
def double_by_default():
    """The spectrum of the LegS matrix is too sensitive for parameters that were rounded to single precision."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_starts_with_the_spectrum_of_the_legendre_memory(double_by_default):
    layer = S4(2, state_size=16)
    transition, _, _ = dense(layer, 1)
    dt = float(layer.log_dt[1].detach().exp())
    numbers = -np.arange(16, 0, -1)
    expected = (1 + dt / 2 * numbers) / (1 - dt / 2 * numbers)
    np.testing.assert_allclose(np.sort_complex(np.linalg.eigvals(transition)), expected, atol=1e-5)


def test_starts_with_the_response_of_the_legendre_memory(double_by_default):
    # Read out by its own input vector, which no change of basis alters.
    layer = S4(1, state_size=64)
    with torch.no_grad():
        layer.read.copy_(layer.into * torch.tensor([1.0, -1.0]))
    matrix, drive = legs_matrix(64)
    dt = float(layer.log_dt[0].detach().exp())
    inverse = np.linalg.inv(np.eye(64) - dt / 2 * matrix)
    state, expected = inverse @ (dt * drive), []
    for _ in range(22):
        expected.append(drive @ state)
        state = inverse @ (state + dt / 2 * matrix @ state)
    np.testing.assert_allclose(layer.kernel(22).detach()[0], expected, rtol=1e-8)


def test_published_size():
    assert sum(p.numel() for p in S4(512).parameters()) == 657_408


def test_decays_whatever_the_weights():
    layer = perturbed(4, 8, seed=11)
    for channel in range(4):
        transition, _, _ = dense(layer, channel)
        assert np.abs(np.linalg.eigvals(transition)).max() < 1


def test_dropout_only_in_training():
    layer = S4(4, state_size=4, dropout=0.9)
    x = torch.ones(1, 5, 4)
    assert not torch.equal(layer.outputs(x), layer.eval().outputs(x))
    torch.testing.assert_close(layer.outputs(x), layer(x)[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"state_size": 5}, "even and at least 2, received 5"),
        ({"state_size": 0}, "state_size must be at least 1"),
        ({"dt_range": (0.1, 0.01)}, "0 < low <= high, received 0.1 and 0.01"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        S4(4, **options)
