"""Aaren against softmax attention over the prefix, computed directly."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromodels.layers.sequence import Aaren


def prefix_attention(layer, x):
    weight, bias = layer.keys_values.weight.detach().numpy(), layer.keys_values.bias.detach().numpy()
    query = layer.query.detach().numpy()
    shown = np.zeros(x.shape)
    for b in range(x.shape[0]):
        mapped = x[b] @ weight.T + bias
        keys, values = np.split(mapped, 2, axis=1)
        for head in range(layer.heads):
            part = slice(head * layer.head_size, (head + 1) * layer.head_size)
            scores = keys[:, part] @ query[head] / np.sqrt(layer.head_size)
            for t in range(x.shape[1]):
                weights = np.exp(scores[: t + 1] - scores[: t + 1].max())
                shown[b, t, part] = (weights / weights.sum()) @ values[: t + 1, part]
    return shown @ layer.out.weight.detach().numpy().T + layer.out.bias.detach().numpy()


@given(scale=st.floats(0.01, 300), heads=st.sampled_from([1, 2, 4]), time=st.integers(1, 20), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_is_softmax_attention_over_the_prefix(scale, heads, time, seed):
    layer = Aaren(8, heads=heads, seed=seed).double()
    x = scale * torch.randn(2, time, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    expected = prefix_attention(layer, x.numpy())
    np.testing.assert_allclose(layer(x)[0].detach(), expected, rtol=0, atol=1e-10 * max(1, scale))


def test_is_the_attention_of_torch():
    layer = Aaren(8, heads=2, seed=3).double()
    x = torch.randn(2, 9, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    keys, values = layer.keys_values(x).unflatten(-1, (2, 2, 4)).permute(2, 0, 3, 1, 4)
    query = layer.query[None, :, None].expand(2, 2, 9, 4)
    shown = torch.nn.functional.scaled_dot_product_attention(query, keys, values, is_causal=True)
    torch.testing.assert_close(layer(x)[0], layer.out(shown.transpose(1, 2).flatten(2)), rtol=0, atol=1e-12)


def test_width_must_be_a_multiple_of_the_heads():
    with pytest.raises(ValueError, match="width 6 is no multiple of heads 4"):
        Aaren(6)
    with pytest.raises(ValueError, match="heads must be at least 1, received 0"):
        Aaren(6, heads=0)
