"""Stacks of sequence layers as encoders and attenders, against their layers called one after the other."""

import pytest
import torch
from torch.nn import functional

from neuromodels.layers.sequence import list_sequence_layers
from neuromodels.tactile.config import SEQUENCE_ENCODERS
from neuromodels.tactile.sequence_stages import SequenceAttender, SequenceEncoder

every_kind = pytest.mark.parametrize("kind", list_sequence_layers())


def encoder(kind, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = SequenceEncoder(kind, 30, width=8, blocks=2, size=5, seed=seed)
    return made.double().eval()


def frames(batch=2, time=6):
    return torch.randn(batch, time, 5, 2, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def by_layers(stage, x, kind):
    """Blocks as recorded, and what the stack gives, step by step through the recurrences."""
    blocks = []
    for layer, norm in zip(stage.stack.layers, stage.stack.norms, strict=True):
        state, outputs = None, []
        for step in range(x.shape[1]):
            into = x[:, step] if kind == "s4" else functional.layer_norm(x[:, step], (8,), norm.weight, norm.bias, 1e-5)
            y, state = layer.step(into, state)
            outputs.append(y)
        y = torch.stack(outputs, 1)
        x = x + y
        if kind == "s4":
            x = functional.layer_norm(x, (8,), norm.weight, norm.bias, 1e-5)
        blocks.append(x if kind == "s4" else y)
    if kind != "s4":
        last = stage.stack.last_norm
        x = functional.layer_norm(x, (8,), last.weight, last.bias, 1e-5)
    return blocks, x


def test_encoders_are_all_kinds_of_sequence_layers():
    assert sorted(SEQUENCE_ENCODERS) == list_sequence_layers()


@every_kind
def test_encoder_equals_its_layers_step_by_step(kind):
    model, x, tapped = encoder(kind), frames(), {}
    with torch.no_grad():
        output = model(x, tap=lambda layer, value: tapped.setdefault(layer, value))
        embedded = x.flatten(2) @ model.embedding.weight.T + model.embedding.bias
        blocks, last = by_layers(model, embedded, kind)
        untapped, last_step = model(x), model(x, every_step=False)
    expected = {"embedding": embedded, "block1": blocks[0], "block2": blocks[1]}
    expected |= {} if kind == "s4" else {"norm": last}
    expected["linear"] = last @ model.linear.weight.T + model.linear.bias
    assert list(tapped) == list(expected)
    for layer, values in expected.items():
        torch.testing.assert_close(tapped[layer], values, rtol=0, atol=1e-10, msg=layer)
    torch.testing.assert_close(output, expected["linear"], rtol=0, atol=1e-10)
    torch.testing.assert_close(untapped, output, rtol=0, atol=0)
    torch.testing.assert_close(last_step, output[:, -1:], rtol=0, atol=1e-10)


def test_attender_equals_its_layers_step_by_step():
    model, tapped = SequenceAttender("mamba", 8, blocks=2, seed=0).double().eval(), {}
    x = torch.randn(2, 6, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.no_grad():
        output = model(x, tap=lambda layer, value: tapped.setdefault(layer, value))
        blocks, last = by_layers(model, x, "mamba")
        last_step = model(x, every_step=False)
    expected = {"attender.block1": blocks[0], "attender.block2": blocks[1], "attender.norm": last}
    assert list(tapped) == list(expected)
    for layer, values in expected.items():
        torch.testing.assert_close(tapped[layer], values, rtol=0, atol=1e-10, msg=layer)
    torch.testing.assert_close(output, last, rtol=0, atol=1e-10)
    torch.testing.assert_close(last_step, output[:, -1:], rtol=0, atol=0)


@pytest.mark.parametrize("kind", ["s4", "mamba"])
def test_published_stacks_drop_in_training_where_the_paper_does(kind):
    model, x = encoder(kind), frames()
    model.train()
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        assert torch.equal(model(x), model(x)) == (kind == "mamba")
    assert model.stack.dropout.p == (0.2 if kind == "s4" else 0.0)
