"""The transformer attender against its equations as plain loops, its weights at the start, and what it can see."""

import math

import numpy as np
import pytest
import torch

from neuromodels.tactile.gpt import GPTAttender


def attender(size=6, width=8, *, blocks=2, heads=2, dropout=0.1, positions=20, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = GPTAttender(size, width, blocks=blocks, heads=heads, dropout=dropout, positions=positions)
        # Weights of the published spread would hide the attention behind the residual stream.
        for parameter in made.parameters():
            torch.nn.init.normal_(parameter, std=0.5)
    return made.double().eval()


def steps(batch=2, time=5, size=6):
    return torch.randn(batch, time, size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def normalise(row, norm):
    weight, bias = (parameter.detach().numpy() for parameter in (norm.weight, norm.bias))
    mean = sum(row) / len(row)
    variance = sum((value - mean) ** 2 for value in row) / len(row)
    return (row - mean) / math.sqrt(variance + 1e-5) * weight + bias


def mapped(row, linear):
    bias = 0 if linear.bias is None else linear.bias.detach().numpy()
    return linear.weight.detach().numpy() @ row + bias


def gelu(row):
    return np.array([0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))) for v in row])


def attend(queries, keys, values, at, heads):
    """Causal attention of token ``at``, head by head, one earlier token after the other."""
    width = len(queries[at]) // heads
    mixed = []
    for head in range(heads):
        own = slice(head * width, (head + 1) * width)
        shares = [math.exp(queries[at][own] @ keys[token][own] / math.sqrt(width)) for token in range(at + 1)]
        mixed.append(sum(share * values[token][own] for token, share in enumerate(shares)) / sum(shares))
    return np.concatenate(mixed)


def block_by_hand(block, rows, heads):
    parts = [np.split(mapped(normalise(row, block.attention_norm), block.qkv), 3) for row in rows]
    queries, keys, values = zip(*parts, strict=True)
    rows = [row + mapped(attend(queries, keys, values, at, heads), block.attention_out) for at, row in enumerate(rows)]
    return [row + mapped(gelu(mapped(normalise(row, block.mlp_norm), block.mlp_in)), block.mlp_out) for row in rows]


def by_hand(model, encoded, heads):
    """Every layer of one sequence: name to rows, one per token."""
    tokens = []
    for step in encoded:
        tokens += [step, model.action_token.detach().numpy()]
    position = model.position.weight.detach().numpy()
    rows = [mapped(token, model.embedding) + position[place] for place, token in enumerate(tokens)]
    found = {"attender.embedding": rows}
    for number, block in enumerate(model.blocks, 1):
        rows = block_by_hand(block, rows, heads)
        found[f"attender.block{number}"] = rows
    found["attender.norm"] = [normalise(row, model.norm) for row in rows]
    found["attender.head"] = [mapped(row, model.head) for row in found["attender.norm"]]
    return found


@pytest.mark.parametrize(("size", "width", "heads", "blocks"), [(6, 8, 2, 2), (4, 6, 1, 1), (8, 8, 4, 3)])
def test_layers_and_output_equal_the_equations(size, width, heads, blocks):
    model, x, tapped = attender(size, width, heads=heads, blocks=blocks), steps(size=size), {}
    with torch.no_grad():
        output = model(x, tap=lambda layer, value: tapped.setdefault(layer, value))
        untapped, last = model(x), model(x, every_step=False)
    for sample, encoded in enumerate(x.numpy()):
        expected = by_hand(model, encoded, heads)
        assert list(tapped) == list(expected)
        for layer, rows in expected.items():
            np.testing.assert_allclose(tapped[layer][sample].numpy(), rows, rtol=0, atol=1e-10, err_msg=layer)
        np.testing.assert_allclose(output[sample].numpy(), expected["attender.head"][1::2], rtol=0, atol=1e-10)
    torch.testing.assert_close(untapped, output, rtol=0, atol=1e-12)
    torch.testing.assert_close(last, output[:, -1:], rtol=0, atol=1e-12)


def test_step_does_not_see_later_steps():
    model, x = attender(), steps()
    changed = x.clone()
    changed[:, 3:] += 1
    with torch.no_grad():
        before, after = model(x), model(changed)
    torch.testing.assert_close(before[:, :3], after[:, :3], rtol=0, atol=1e-12)
    assert (before[:, 3:] - after[:, 3:]).abs().amax((0, 2)).min() > 1e-3


def test_weights_start_with_the_published_spread():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = GPTAttender(256, 128, blocks=8, heads=4, dropout=0.1, positions=65)
    residual = 0.02 / math.sqrt(16)
    for name, parameter in model.named_parameters():
        if name.endswith(".bias"):
            assert not parameter.any(), name
        elif "norm" in name:
            assert (parameter == 1).all(), name
        else:
            expected = residual if "_out" in name else 0.02
            expected = 1.0 if name == "action_token" else expected
            n = parameter.numel()
            assert abs(parameter.std() / expected - 1) < 5 / math.sqrt(2 * n), name
            assert abs(parameter.mean() / expected) < 5 / math.sqrt(n), name


def test_dropout_acts_in_training_only():
    model, x = attender(dropout=0.5), steps()
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        assert torch.equal(model(x), model(x))
        model.train()
        assert not torch.equal(model(x), model(x))
