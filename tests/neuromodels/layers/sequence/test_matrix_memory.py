"""mLSTM against its equations without any scaling, and where those would overflow."""

import numpy as np
import pytest
import torch

from neuromodels.layers.sequence import MLSTM
from neuromodels.layers.sequence.matrix_memory import PART


def logistic(value):
    return 1 / (1 + np.exp(-value))


def perturbed(seed=4):
    layer = MLSTM(6, heads=2, seed=seed).double()
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        layer.gate_weight.copy_(torch.randn(4, 6, dtype=torch.float64, generator=random))
    return layer


def slow(layer, x):
    w = {name: value.detach().numpy() for name, value in layer.named_parameters()}
    size, width = layer.head_size, layer.width
    shown = np.zeros(x.shape)
    for b in range(x.shape[0]):
        memory, total = np.zeros((layer.heads, size, size)), np.zeros((layer.heads, size))
        for t in range(x.shape[1]):
            query, key, value, gate = np.split(w["into.weight"] @ x[b, t] + w["into.bias"], 4)
            gates = w["gate_weight"] @ x[b, t] + w["gate_bias"]
            for head in range(layer.heads):
                part = slice(head * size, (head + 1) * size)
                write, keep = np.exp(gates[head]), logistic(gates[layer.heads + head])
                k = key[part] / np.sqrt(size)
                memory[head] = keep * memory[head] + write * np.outer(value[part], k)
                total[head] = keep * total[head] + write * k
                norm = max(abs(total[head] @ query[part]), 1.0)
                shown[b, t, part] = logistic(gate[part]) * (memory[head] @ query[part]) / norm
    assert width == layer.heads * size
    return shown @ w["out.weight"].T + w["out.bias"]


@pytest.mark.parametrize("time", [5, PART + 7])
def test_follows_its_equations(time):
    layer = perturbed()
    x = torch.randn(2, time, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    np.testing.assert_allclose(layer(x)[0].detach(), slow(layer, x.numpy()), rtol=0, atol=1e-11)


@pytest.mark.parametrize("bias", [-500.0, 500.0])
def test_gates_of_any_size_neither_overflow_nor_break_gradients(bias):
    layer = perturbed().float()
    with torch.no_grad():
        layer.gate_bias[:2] = bias
    y, state = layer(torch.randn(1, 90, 6, generator=torch.Generator().manual_seed(1)))
    y.sum().backward()
    assert bool(y.isfinite().all()) and all(bool(part.isfinite().all()) for part in state)
    assert all(bool(p.grad.isfinite().all()) for p in layer.parameters())


def test_recalls_the_value_of_a_key():
    # Keys are unit vectors, written once each with open gates; the query is one of them.
    layer = MLSTM(4, heads=1).double()
    values = torch.eye(4, dtype=torch.float64).flip(0)
    state = layer.initial_state(1)
    write, forget = torch.zeros(1, 1, 4, dtype=torch.float64), torch.zeros(1, 1, 4, dtype=torch.float64)
    keys = torch.eye(4, dtype=torch.float64)[None, None] * 2  # divided by sqrt(4) inside
    _, state = layer._part(keys, keys, values[None, None], write, forget, state)
    for place in range(4):
        asked = torch.eye(4, dtype=torch.float64)[place].view(1, 1, 1, 4)
        shut = torch.full((1, 1, 1), -1e4, dtype=torch.float64)
        shown, _ = layer._part(asked, asked, asked, shut, torch.zeros_like(shut), state)
        torch.testing.assert_close(shown.flatten(), values[place])
