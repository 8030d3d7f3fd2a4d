"""Decoder and fusion: parameter counts, linearity, and the gradient that fusion holds back."""

import pytest
import torch

from neuromodels.motion.decoder import FlowDecoder
from neuromodels.motion.fusion import Fusion


def test_decoder_is_linear():
    decoder = FlowDecoder(16)
    draw = torch.Generator().manual_seed(0)
    first, second = torch.rand(2, 1, 16, 6, 7, generator=draw)
    with torch.no_grad():
        zero = decoder(torch.zeros(1, 16, 6, 7))
        torch.testing.assert_close(decoder(first + 2 * second) - zero, decoder(first) + 2 * decoder(second) - 3 * zero)
    assert zero.shape == (1, 2, 6, 7)


def test_decoder_needs_three_halvings():
    with pytest.raises(ValueError, match="multiple of 8, received 12"):
        FlowDecoder(12)


def test_fusion_is_a_square_and_holds_the_first_gradient_back():
    fusion = Fusion(4)
    first, second = torch.rand(2, 1, 4, 5, 5, generator=torch.Generator().manual_seed(0)).unbind()
    first.requires_grad_()
    second.requires_grad_()
    fused = fusion(first, second)
    assert fused.shape == (1, 4, 5, 5) and (fused >= 0).all()
    fused.sum().backward()
    assert first.grad is None and second.grad is not None
