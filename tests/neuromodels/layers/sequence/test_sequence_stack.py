"""Stacks of layers: the published sizes, the two places of the norm, states."""

import pytest
import torch
from torch.nn import functional

from neuromodels.layers.sequence import SequenceStack, list_sequence_layers

WIDTH = 8


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


def sequences(time=6):
    return torch.randn(2, time, WIDTH, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


def test_published_sizes():
    assert size(SequenceStack("mamba", 512, 4)) == 6_784_000
    encoder = [torch.nn.Linear(1050, 512), SequenceStack("s4", 512, 4, norm="post"), torch.nn.Linear(512, 512)]
    assert sum(size(part) for part in encoder) == 3_434_496


def test_norm_first():
    stack, x = SequenceStack("mamba", WIDTH, 2, norm="pre", seed=1).double(), sequences()
    expected = x
    for layer in stack.layers:
        expected = expected + layer(functional.layer_norm(expected, (WIDTH,)))[0]
    torch.testing.assert_close(stack(x)[0], functional.layer_norm(expected, (WIDTH,)))


def test_norm_last():
    stack, x = SequenceStack("s4", WIDTH, 2, norm="post", seed=1).double(), sequences()
    expected = x
    for layer in stack.layers:
        expected = functional.layer_norm(expected + layer(expected)[0], (WIDTH,))
    torch.testing.assert_close(stack(x)[0], expected)


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("kind", list_sequence_layers())
def test_steps_give_what_the_whole_sequence_gives(kind, norm):
    stack, x = SequenceStack(kind, WIDTH, 2, norm=norm, seed=1).double(), sequences()
    y, last = stack(x)
    state, outputs = None, []
    for frame in x.unbind(1):
        output, state = stack.step(frame, state)
        outputs.append(output)
    torch.testing.assert_close(torch.stack(outputs, 1), y, rtol=0, atol=1e-10)
    torch.testing.assert_close(stack.outputs(x), y, rtol=0, atol=1e-10)
    for ours, theirs in zip(state, last, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-10)


def test_blocks_start_differently_and_from_the_seed_alone():
    before = torch.get_rng_state()
    first, again = SequenceStack("mamba", WIDTH, 2, seed=1), SequenceStack("mamba", WIDTH, 2, seed=1)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first.layers[1].taps, again.layers[1].taps)
    assert not torch.equal(first.layers[0].taps, first.layers[1].taps)


def test_dropout_only_in_training():
    stack, x = SequenceStack("s4", WIDTH, 1, dropout=0.5, options={"state_size": 4}).double(), sequences()
    assert not torch.equal(stack.outputs(x), stack.outputs(x))
    stack.eval()
    assert torch.equal(stack.outputs(x), stack.outputs(x))


def test_refuses():
    with pytest.raises(ValueError, match="norm is 'middle'; it must be 'pre' or 'post'"):
        SequenceStack("s4", WIDTH, 1, norm="middle")
    with pytest.raises(ValueError, match="n_blocks must be at least 1, received 0"):
        SequenceStack("s4", WIDTH, 0)
    stack = SequenceStack("mamba", WIDTH, 1)
    with pytest.raises(
        ValueError, match=r"SequenceStack takes \(batch, time, 8\) with a step at least, received shape"
    ):
        stack(torch.zeros(2, 3, 5))
    with pytest.raises(ValueError, match="received shape \\(2, 0, 8\\)"):
        stack.outputs(torch.zeros(2, 0, 8))
    with pytest.raises(ValueError, match="a step takes"):
        stack.step(torch.zeros(2, 3, 8))
    with pytest.raises(ValueError, match="has 2 layers and takes as many states, received 1"):
        stack = SequenceStack("s4", WIDTH, 2)
        stack(sequences().float(), stack.initial_state(2)[:1])
