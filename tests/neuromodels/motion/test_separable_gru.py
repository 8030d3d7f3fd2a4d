"""The convolutional GRU against its three separate convolutions."""

import torch

from neuromodels.motion.separable_gru import SeparableConvGRU


def test_equals_separate_gates():
    gru = SeparableConvGRU(3)
    draw = torch.Generator().manual_seed(0)
    hidden, x = torch.randn(2, 3, 6, 7, generator=draw), torch.randn(2, 3, 6, 7, generator=draw)
    with torch.no_grad():
        found, expected = gru(hidden, x), hidden
        for one in (gru.horizontal, gru.vertical):
            both = torch.cat([expected, x], dim=1)
            z, r = one.update(both).sigmoid(), one.reset(both).sigmoid()
            c = one.candidate(torch.cat([r * expected, x], dim=1)).tanh()
            expected = (1 - z) * expected + z * c
    torch.testing.assert_close(found, expected)
