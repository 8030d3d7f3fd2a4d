"""First- and second-order motion energy brought together."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Fusion(nn.Module):
    """F = (conv3x3 ReLU conv1x1 [N1, N2])^2, without biases.

    Parameters
    ----------
    channels
        Of each of both and of the result.

    References
    ----------
    Sun et al. 2025, doi 10.1038/s42256-025-01068-w.
    """

    def __init__(self, channels: int = 256) -> None:
        super().__init__()
        self.mix = nn.Conv2d(2 * channels, 2 * channels, 1, bias=False)
        self.combine = nn.Conv2d(2 * channels, channels, 3, padding=1, bias=False)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Fused energy ``(batch, channel, row, col)`` of two of its shape; no gradient reaches the first."""
        together = torch.cat([first.detach(), second], dim=1)
        return self.combine(functional.relu(self.mix(together))).float().square()
