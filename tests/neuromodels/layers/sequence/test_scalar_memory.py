"""sLSTM against its equations without any scaling, and where those would overflow."""

import numpy as np
import pytest
import torch

from neuromodels.layers.sequence import SLSTM


def logistic(value):
    return 1 / (1 + np.exp(-value))


def slow(layer, x):
    weight, bias = layer.into.weight.detach().numpy(), layer.bias.detach().numpy()
    recurrent, size = layer.recurrent.detach().numpy(), layer.head_size
    outputs = np.zeros(x.shape)
    for b in range(x.shape[0]):
        cell, total, shown = (np.zeros(layer.width) for _ in range(3))
        for t in range(x.shape[1]):
            gates = (weight @ x[b, t] + bias).reshape(4, layer.heads, size)
            for head in range(layer.heads):
                echo = shown.reshape(layer.heads, size)[head] @ recurrent[head]
                gates[:, head] += echo.reshape(4, size)
            new, write, forget, gate = gates.reshape(4, -1)
            cell = logistic(forget) * cell + np.exp(write) * np.tanh(new)
            total = logistic(forget) * total + np.exp(write)
            shown = logistic(gate) * cell / total
            outputs[b, t] = shown
    return outputs


@pytest.mark.parametrize("heads", [1, 2])
def test_follows_its_equations(heads):
    layer = SLSTM(6, heads=heads, seed=4).double()
    x = torch.randn(2, 15, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    np.testing.assert_allclose(layer(x)[0].detach(), slow(layer, x.numpy()), rtol=0, atol=1e-12)


@pytest.mark.parametrize("bias", [-500.0, 500.0])
def test_gates_of_any_size_neither_overflow_nor_break_gradients(bias):
    layer = SLSTM(8, seed=4)
    with torch.no_grad():
        layer.bias[8:16] = bias
    y, state = layer(torch.randn(1, 20, 8, generator=torch.Generator().manual_seed(1)))
    y.sum().backward()
    assert bool(y.isfinite().all()) and all(bool(part.isfinite().all()) for part in state)
    assert all(bool(p.grad.isfinite().all()) for p in layer.parameters())


def test_heads_do_not_see_each_others_past():
    layer = SLSTM(8, heads=2, seed=1).double()
    x = torch.randn(1, 2, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    _, state = layer(x)
    cell, total, shown, scale = state
    other = shown.clone()
    other[:, :4] = 0.5  # the past of the first head
    ours, theirs = layer(x, state)[0][:, 0], layer(x, (cell, total, other, scale))[0][:, 0]
    torch.testing.assert_close(ours[:, 4:], theirs[:, 4:])
    assert not torch.allclose(ours[:, :4], theirs[:, :4])
