"""Maps between channels against torch's layers, and what they refuse."""

import pytest
import torch
from torch import nn

from neuromodels.layers import ChannelMap, ChannelNorm, SeparableMap
from neuromodels.layers.channel_map import convolved_size


@pytest.mark.parametrize("kernel", [1, 2, 3, (1, 2), (3, 2)])
def test_same_padding_is_that_of_torch(kernel):
    ours, theirs = ChannelMap(3, 4, kernel).double(), nn.Conv2d(3, 4, kernel).double()
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 3, 5, 6, dtype=torch.float64)
    rows, columns = ours.kernel_size
    padded = nn.functional.pad(x, ((columns - 1) // 2, columns // 2, (rows - 1) // 2, rows // 2))
    torch.testing.assert_close(ours(x), theirs(padded), rtol=0, atol=1e-13)
    assert ours(x).shape[2:] == convolved_size((5, 6), kernel) == (5, 6)


@pytest.mark.parametrize(("stride", "padding", "size"), [(1, "valid", (4, 5)), (2, 1, (3, 4)), (2, 0, (2, 3))])
def test_other_paddings_are_those_of_torch(stride, padding, size):
    ours = ChannelMap(3, 4, 2, stride=stride, padding=padding).double()
    theirs = nn.Conv2d(3, 4, 2, stride=stride, padding=padding).double()
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 3, 5, 6, dtype=torch.float64)
    torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=1e-13)
    assert ours(x).shape[2:] == convolved_size((5, 6), 2, stride=stride, padding=padding) == size


def test_without_a_kernel_it_is_a_linear_layer():
    ours, theirs = ChannelMap(3, 4), nn.Linear(3, 4)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 3)
    assert torch.equal(ours(x), theirs(x))


def test_separable_map_is_the_product_of_its_parts():
    ours = SeparableMap(3, 4, 3).double()
    whole = ChannelMap(3, 4, 3).double()
    depthwise, pointwise = ours.depthwise, ours.pointwise
    with torch.no_grad():
        whole.weight.copy_(pointwise.weight * depthwise.weight[None, :, 0])
        whole.bias.copy_(pointwise.weight[:, :, 0, 0] @ depthwise.bias + pointwise.bias)
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    torch.testing.assert_close(ours(x), whole(x), rtol=0, atol=1e-13)


def test_weights_start_as_those_of_torch():
    torch.manual_seed(5)
    ours = ChannelMap(30, 40, 2)
    torch.manual_seed(5)
    theirs = nn.Conv2d(30, 40, 2)
    torch.testing.assert_close(ours.weight, theirs.weight, rtol=1e-6, atol=0)
    torch.testing.assert_close(ours.bias, theirs.bias, rtol=1e-6, atol=0)


@pytest.mark.parametrize("shape", [(2, 6), (2, 6, 3, 2)])
def test_channel_norm_is_layer_norm_per_gate(shape):
    norm = ChannelNorm(3, 2).double()
    with torch.no_grad():
        norm.weight.normal_()
        norm.bias.normal_()
    x = torch.randn(shape, dtype=torch.float64)
    for gate, part in enumerate(norm(x).chunk(2, 1)):
        last = x.chunk(2, 1)[gate].movedim(1, -1)
        expected = nn.functional.layer_norm(last, (3,), norm.weight[gate], norm.bias[gate])
        torch.testing.assert_close(part.movedim(1, -1), expected, rtol=0, atol=1e-13)


def test_wrong_maps_are_named():
    with pytest.raises(ValueError, match="in_channels must be at least 1, received 0"):
        ChannelMap(0, 4)
    with pytest.raises(ValueError, match="padding is 'full'; it must be 'same', 'valid' or a number"):
        ChannelMap(3, 4, 2, padding="full")
    with pytest.raises(ValueError, match="padding must be 0 or more, received -1"):
        ChannelMap(3, 4, 2, padding=-1)
    with pytest.raises(ValueError, match=r"takes \(batch, channel\) with 3 channels, received shape \(1, 3, 2, 2\)"):
        ChannelMap(3, 4)(torch.zeros(1, 3, 2, 2))
    with pytest.raises(
        ValueError, match=r"takes \(batch, channel, row, col\) with 3 channels, received shape \(1, 2, 4"
    ):
        ChannelMap(3, 4, 2)(torch.zeros(1, 2, 4, 4))
