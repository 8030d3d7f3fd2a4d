"""2 x 2 convolutions by few products against torch's, with every way in which gradients are asked for."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from neuromodels.layers import ChannelMap
from neuromodels.layers import minimal_convolution as minimal

CLOSE = {"rtol": 0, "atol": 1e-12}


def bound(channel_map):
    found = channel_map.bind(repeated=True)
    assert isinstance(found, minimal.MinimalConvolution)
    return found


def gradients(channel_map, convolve, inputs):
    """Outputs and gradients of several calls: each call also reads the output of the one before."""
    inputs = [x.clone().requires_grad_() for x in inputs]
    channel_map.zero_grad()
    outputs, carried = [], 0.0
    for x in inputs:
        outputs.append(convolve(x + carried))
        carried = outputs[-1].mean()
    sum(weight * (y**2).sum() for weight, y in enumerate(outputs, 1)).backward()
    return [*outputs, *(x.grad for x in inputs), channel_map.weight.grad, channel_map.bias.grad]


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(2, 7),
    columns=st.integers(2, 7),
    padding=st.sampled_from(["same", "valid", 1]),
    batch=st.integers(1, 3),
    calls=st.integers(1, 3),
)
def test_outputs_and_gradients_are_those_of_torch(rows, columns, padding, batch, calls):
    channel_map = ChannelMap(3, 4, 2, padding=padding).double()
    inputs = [torch.randn(batch, 3, rows, columns, dtype=torch.float64) for _ in range(calls)]
    expected = gradients(channel_map, channel_map.bind(), inputs)
    found = gradients(channel_map, bound(channel_map), inputs)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-11)


def test_several_tensors_are_stacked_along_the_channels():
    channel_map = ChannelMap(5, 4, 2).double()
    x = torch.randn(2, 5, 4, 6, dtype=torch.float64)
    torch.testing.assert_close(bound(channel_map)(x[:, :2], x[:, 2:]), channel_map(x), **CLOSE)


def test_more_calls_than_a_block_and_sizes_that_change(monkeypatch):
    monkeypatch.setattr(minimal, "BLOCK", 2)
    channel_map = ChannelMap(3, 4, 2).double()
    inputs = [
        torch.randn(batch, 3, rows, 3, dtype=torch.float64) for batch, rows in ((1, 2), (2, 2), (2, 2), (2, 4), (2, 2))
    ]
    expected = gradients(channel_map, channel_map.bind(), inputs)
    for ours, theirs in zip(gradients(channel_map, bound(channel_map), inputs), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-11)


def test_gradients_of_parts_leave_nothing_behind():
    channel_map = ChannelMap(2, 3, 2).double()
    convolve = bound(channel_map)
    x, other = (torch.randn(1, 2, 3, 3, dtype=torch.float64, requires_grad=True) for _ in range(2))
    first, second = convolve(x).sum(), (convolve(other) ** 2).sum()
    # Gradients of the inputs alone, twice, and of the first call alone: then of everything.
    torch.autograd.grad(second, other, retain_graph=True)
    torch.autograd.grad(second, other, retain_graph=True)
    (alone,) = torch.autograd.grad(first, channel_map.weight, retain_graph=True)
    (again,) = torch.autograd.grad(first, channel_map.weight, retain_graph=True)
    assert torch.equal(alone, again)
    (first + second).backward()
    expected = torch.autograd.grad(
        channel_map(x).sum() + (channel_map(other) ** 2).sum(), [channel_map.weight, channel_map.bias, other]
    )
    for found, value in zip((channel_map.weight.grad, channel_map.bias.grad, other.grad), expected, strict=True):
        torch.testing.assert_close(found, value, **CLOSE)


def test_frozen_weights_pass_gradients_on():
    channel_map = ChannelMap(2, 3, 2).double().requires_grad_(False)
    x = torch.randn(1, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    bound(channel_map)(x).sum().backward()
    found, x.grad = x.grad, None
    channel_map(x).sum().backward()
    torch.testing.assert_close(found, x.grad, **CLOSE)


def test_nine_products_make_four_outputs():
    """The algorithm, in integers: exact."""
    channel_map = ChannelMap(1, 1, 2, padding="valid").double()
    convolve, kernel = bound(channel_map), channel_map.weight.detach()
    assert convolve.kernels.shape == (9, 1, 1)
    with torch.no_grad():
        kernel.copy_(torch.tensor([[[[1.0, 2.0], [3.0, 5.0]]]]))
        channel_map.bias.zero_()
        x = torch.arange(9.0, dtype=torch.float64).view(1, 1, 3, 3)
        assert torch.equal(bound(channel_map)(x), functional.conv2d(x, kernel))


@pytest.mark.parametrize(
    "channel_map",
    [ChannelMap(2, 2, 3), ChannelMap(2, 2, 2, stride=2), ChannelMap(2, 2, 2, groups=2), ChannelMap(2, 2, 2).bfloat16()],
)
def test_other_convolutions_are_left_to_torch(channel_map):
    assert channel_map.bind(repeated=True) == channel_map.bind()


def test_mixed_precision_is_left_to_torch():
    channel_map = ChannelMap(2, 2, 2)
    with torch.autocast("cpu", torch.bfloat16):
        assert channel_map.bind(repeated=True)(torch.ones(1, 2, 3, 3)).dtype == torch.bfloat16
