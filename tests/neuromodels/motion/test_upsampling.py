"""Upsampling: golden arrays, scipy's lines, and flow that stays what it is."""

import numpy as np
import torch
from scipy.interpolate import RegularGridInterpolator

from neuromodels.motion.upsampling import ConvexUpsampler, bilinear_flow, convex_flow


def test_golden(motion_golden):
    arrays = {key: torch.from_numpy(values) for key, values in motion_golden("upsample.npz").items()}
    close = {"rtol": 0, "atol": 1e-5}
    torch.testing.assert_close(bilinear_flow(arrays["flow"]), arrays["bilinear8"], **close)
    torch.testing.assert_close(convex_flow(arrays["flow"], arrays["mask_logits"]), arrays["convex8"], **close)


def test_bilinear_is_scipys():
    flow = torch.rand(1, 2, 4, 5, generator=torch.Generator().manual_seed(0))
    fine = bilinear_flow(flow, 3)
    rows, cols = np.meshgrid(np.linspace(0, 3, 12), np.linspace(0, 4, 15), indexing="ij")
    for component in (0, 1):
        lines = RegularGridInterpolator((np.arange(4), np.arange(5)), flow[0, component].numpy())
        expected = 3 * lines(np.stack([rows, cols], axis=-1))
        np.testing.assert_allclose(fine[0, component], expected, atol=1e-6)


def test_convex_is_a_plain_loop():
    draw = torch.Generator().manual_seed(0)
    flow, logits = torch.rand(1, 2, 3, 4, generator=draw), torch.randn(1, 9 * 4, 3, 4, generator=draw)
    fine = convex_flow(flow, logits, 2)
    weights = logits.view(9, 2, 2, 3, 4).softmax(0)
    padded = np.pad(flow[0].numpy(), ((0, 0), (1, 1), (1, 1)))
    for row, col in np.ndindex(3, 4):
        around = padded[:, row : row + 3, col : col + 3].reshape(2, 9)
        for inner_row, inner_col in np.ndindex(2, 2):
            expected = 2 * around @ weights[:, inner_row, inner_col, row, col].numpy()
            np.testing.assert_allclose(fine[0, :, 2 * row + inner_row, 2 * col + inner_col], expected, rtol=1e-5)


def test_uniform_flow_stays_uniform_inside():
    flow = torch.ones(1, 2, 5, 5)
    upsampler = ConvexUpsampler(channels=4, hidden=8)
    with torch.no_grad():
        fine = upsampler(flow, torch.rand(1, 4, 5, 5))
    assert fine.shape == (1, 2, 40, 40)
    torch.testing.assert_close(fine[:, :, 8:-8, 8:-8], torch.full((1, 2, 24, 24), 8.0))
    torch.testing.assert_close(bilinear_flow(flow), torch.full((1, 2, 40, 40), 8.0))
