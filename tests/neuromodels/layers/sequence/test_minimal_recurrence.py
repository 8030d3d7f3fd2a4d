"""minGRU and minLSTM against their equations in plain numpy."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromodels.layers.sequence import MinGRU, MinLSTM


def logistic(value):
    return 1 / (1 + np.exp(-value))


def slow(layer, x):
    weight, bias = layer.into.weight.detach().numpy(), layer.into.bias.detach().numpy()
    outputs = np.zeros((*x.shape[:2], layer.hidden))
    for b in range(x.shape[0]):
        state = np.zeros(layer.hidden)
        for t in range(x.shape[1]):
            parts = np.split(weight @ x[b, t] + bias, layer.n_gates + 1)
            new = parts[-1]
            if layer.positive:
                new = np.where(new >= 0, new + 0.5, logistic(new))
            gates = [logistic(part) for part in parts[:-1]]
            if len(gates) == 1:
                state = (1 - gates[0]) * state + gates[0] * new
            else:
                state = (gates[0] * state + gates[1] * new) / (gates[0] + gates[1])
            outputs[b, t] = state
    if layer.hidden != layer.width:
        outputs = outputs @ layer.out.weight.detach().numpy().T + layer.out.bias.detach().numpy()
    return outputs


@pytest.mark.parametrize("expand", [1, 2])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("kind", [MinGRU, MinLSTM])
def test_follows_its_equations(kind, positive, expand):
    layer = kind(5, positive=positive, expand=expand, seed=2).double()
    x = torch.randn(2, 8, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    np.testing.assert_allclose(layer(x)[0].detach(), slow(layer, x.numpy()), rtol=0, atol=1e-13)


@given(scale=st.floats(0.1, 1e6), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
@pytest.mark.parametrize("kind", [MinGRU, MinLSTM])
def test_state_stays_within_the_range_of_the_candidates(kind, scale, seed):
    layer = kind(4, seed=seed).double()
    x = scale * torch.randn(1, 30, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    candidates = layer.into(x)[..., -4:]
    low, high = candidates.cummin(1).values.clamp(max=0), candidates.cummax(1).values.clamp(min=0)
    y = layer(x)[0]
    slack = 1e-9 * scale
    assert bool(((y >= low - slack) & (y <= high + slack)).all())


def test_gates_that_are_both_closed_share():
    # f = i = exp(-1000), which is zero in floating point: the state is the mean of what was and what comes.
    layer = MinLSTM(1).double()
    with torch.no_grad():
        layer.into.weight.zero_()
        layer.into.bias.copy_(torch.tensor([-1000.0, -1000.0, 8.0]))
    y = layer(torch.zeros(1, 3, 1, dtype=torch.float64))[0]
    assert y.flatten().tolist() == [4, 6, 7]


def test_size():
    assert sum(p.numel() for p in MinGRU(512).parameters()) == 2 * 512 * 513
    assert sum(p.numel() for p in MinLSTM(512).parameters()) == 3 * 512 * 513
