"""Optical flow read linearly from motion energy."""

import torch
from torch import Tensor, nn


class FlowDecoder(nn.Module):
    """A linear read-out: four 1 x 1 convolutions, then 3 x 3 on the last two, nothing nonlinear between.

    Parameters
    ----------
    channels
        Of the energy; a multiple of 8, since each step but the first halves it.

    References
    ----------
    Sun, Chen, Yang, Nishida 2023, arXiv 2305.09156.
    """

    def __init__(self, channels: int = 256) -> None:
        super().__init__()
        if channels < 8 or channels % 8:
            raise ValueError(
                f"channels must be a multiple of 8, received {channels}; the decoder halves them three times."
            )
        self.convolution_1 = nn.Conv2d(channels, channels, 1)
        self.convolution_2 = nn.Conv2d(channels, channels // 2, 1)
        self.convolution_3 = nn.Conv2d(channels // 2, channels // 4, 1)
        self.convolution_4 = nn.Conv2d(channels // 4, channels // 8, 1)
        self.read = nn.Conv2d(channels // 4 + channels // 8, 2, 3, padding=1)

    def forward(self, energy: Tensor) -> Tensor:
        """Flow ``(batch, 2, row, col)``, right and down, in units of 8 pixels per frame, of maps of energy."""
        third = self.convolution_3(self.convolution_2(self.convolution_1(energy)))
        return self.read(torch.cat([self.convolution_4(third), third], dim=1)).float()
