"""The second-order pathway before its motion energy: a residual 3D CNN that never strides in time."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (32, 64, 128, 256)
BLOCKS = (1, 2, 2, 2)
STRIDES = (1, 2, 2, 1)


class ResidualBlock(nn.Module):
    """Two 3 x 3 x 3 convolutions with instance norm, beside a shortcut.

    Parameters
    ----------
    channels_in, channels_out
        Of the maps.
    stride
        In rows and columns.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.convolution_1 = nn.Conv3d(channels_in, channels_out, 3, stride=(1, stride, stride), padding=1, bias=False)
        self.convolution_2 = nn.Conv3d(channels_out, channels_out, 3, padding=1, bias=False)
        self.shortcut: nn.Conv3d | None = None
        if stride != 1 or channels_in != channels_out:
            self.shortcut = nn.Conv3d(channels_in, channels_out, 1, stride=(1, stride, stride), bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(batch, channel, time, row, col)``."""
        beside = x if self.shortcut is None else functional.instance_norm(self.shortcut(x))
        x = functional.relu(functional.instance_norm(self.convolution_1(x)))
        return functional.relu(functional.instance_norm(self.convolution_2(x)) + beside)


class SecondOrderFeatures(nn.Module):
    """Features of moving texture at an eighth of the resolution, one map per frame, normalised over everything.

    Parameters
    ----------
    widths
        Channels of the four stages; the last is that of the output.
    as_published
        Divide by the mean over the whole batch; by default by that of each sample.

    References
    ----------
    Sun et al. 2025, doi 10.1038/s42256-025-01068-w.
    """

    def __init__(self, widths: Sequence[int] = WIDTHS, *, as_published: bool = False) -> None:
        super().__init__()
        if len(widths) != len(BLOCKS):
            raise ValueError(f"widths must be {len(BLOCKS)} numbers, one per stage, received {tuple(widths)}.")
        self.as_published = as_published
        self.stem = nn.Conv3d(3, widths[0], (3, 7, 7), stride=(1, 2, 2), padding=(1, 3, 3), bias=False)
        stages = []
        width = widths[0]
        for out, blocks, stride in zip(widths, BLOCKS, STRIDES, strict=True):
            first = ResidualBlock(width, out, stride)
            stages.append(nn.Sequential(first, *(ResidualBlock(out, out, 1) for _ in range(blocks - 1))))
            width = out
        self.stages = nn.ModuleList(stages)
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        self.output = nn.Conv3d(width, width, 3, padding=1)
        self.norm_k = nn.Parameter(torch.tensor(4.0))
        self.norm_sigma = nn.Parameter(torch.tensor(0.2))

    def forward(self, clips: Tensor) -> Tensor:
        """Features of each frame.

        Parameters
        ----------
        clips
            ``(batch, time, channel 1 or 3, row, col)``, 0 to 1, sides multiples of 8; grey clips are taken as colour.

        Returns
        -------
        Tensor
            ``(batch, time, channel, row / 8, col / 8)``, positive.
        """
        x = clips.expand(-1, -1, 3, -1, -1).transpose(1, 2)
        x = functional.relu(functional.instance_norm(self.stem(x)))
        for stage in self.stages:
            x = stage(x)
        x = self.output(x).float().sigmoid()
        pool = x.mean(dim=tuple(range(5)) if self.as_published else (1, 2, 3, 4), keepdim=True)
        return (self.norm_k.abs() * x / (pool + self.norm_sigma.square())).transpose(1, 2)
