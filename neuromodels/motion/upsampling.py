"""Coarse flow to the pixels of the picture: by straight lines, or by a learned mean of neighbours."""

import torch
from torch import Tensor, nn
from torch.nn import functional

FACTOR = 8
NEIGHBOURS = 9


def bilinear_flow(flow: Tensor, factor: int = FACTOR) -> Tensor:
    """Flow on a finer grid whose corners are those of the coarse one.

    Parameters
    ----------
    flow
        ``(batch, 2, row, col)`` in pixels of the coarse grid.
    factor
        How many times finer.

    Returns
    -------
    Tensor
        ``(batch, 2, factor row, factor col)`` in pixels of the fine grid.
    """
    return factor * functional.interpolate(flow, scale_factor=factor, mode="bilinear", align_corners=True)


def convex_flow(flow: Tensor, logits: Tensor, factor: int = FACTOR) -> Tensor:
    """Flow on a finer grid, each pixel a weighted mean of the 3 x 3 coarse neighbours.

    Parameters
    ----------
    flow
        ``(batch, 2, row, col)`` in pixels of the coarse grid; beyond the border it is 0.
    logits
        ``(batch, 9 factor factor, row, col)``: neighbour by rows, row and column within the cell; the weights are their
        softmax over neighbours.
    factor
        How many times finer.

    Returns
    -------
    Tensor
        ``(batch, 2, factor row, factor col)`` in pixels of the fine grid.

    References
    ----------
    Teed & Deng 2020, arXiv 2003.12039, section 3.3.
    """
    batch, components, rows, cols = flow.shape
    with torch.autocast(flow.device.type, enabled=False):
        flow = flow.float()
        weights = logits.float().view(batch, NEIGHBOURS, factor * factor, rows, cols).softmax(dim=1)
        around = functional.unfold(factor * flow, 3, padding=1).view(batch, components, NEIGHBOURS, rows, cols)
        cells = torch.einsum("bcnij,bnkij->bckij", around, weights)
        return functional.pixel_shuffle(cells.flatten(1, 2), factor)


class ConvexUpsampler(nn.Module):
    """Weights of `convex_flow` from the flow and the context that it came with.

    Parameters
    ----------
    channels
        Of the context.
    hidden
        Channels of the two hidden layers.
    """

    def __init__(self, channels: int = 256, hidden: int = 256) -> None:
        super().__init__()
        self.convolution_1 = nn.Conv2d(2 + channels, hidden, 3, padding=1)
        self.convolution_2 = nn.Conv2d(hidden, hidden, 3, padding=1)
        self.convolution_3 = nn.Conv2d(hidden, FACTOR * FACTOR * NEIGHBOURS, 3, padding=1)

    def forward(self, flow: Tensor, context: Tensor) -> Tensor:
        """Flow ``(batch, 2, 8 row, 8 col)`` in pixels, of flow in units of 8 pixels and a context of its size."""
        hidden = functional.relu(self.convolution_1(torch.cat([flow, context.to(flow.dtype)], dim=1)))
        logits = self.convolution_3(functional.relu(self.convolution_2(hidden)))
        return convex_flow(flow, logits)
