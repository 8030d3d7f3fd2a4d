"""A gated recurrent unit over maps whose kernels are a row, then a column."""

import torch
from torch import Tensor, nn
from torch.nn import functional

REACH = 5


class GatedPass(nn.Module):
    """One step of a convolutional GRU: h := (1 - z) h + z c.

    z = sigmoid(conv [h, x]), r = sigmoid(conv [h, x]), c = tanh(conv [r h, x]).

    Parameters
    ----------
    channels
        Of the hidden map and of the input.
    kernel
        Rows and columns of the convolutions, odd numbers.
    """

    def __init__(self, channels: int, kernel: tuple[int, int]) -> None:
        super().__init__()
        self.padding = (kernel[0] // 2, kernel[1] // 2)
        self.update = nn.Conv2d(2 * channels, channels, kernel, padding=self.padding)
        self.reset = nn.Conv2d(2 * channels, channels, kernel, padding=self.padding)
        self.candidate = nn.Conv2d(2 * channels, channels, kernel, padding=self.padding)

    def forward(self, hidden: Tensor, x: Tensor) -> Tensor:
        """Next hidden map ``(batch, channel, row, col)``, of the hidden map and an input of its shape."""
        # Both gates read the same map: one convolution.
        kernels = torch.cat([self.update.weight, self.reset.weight])
        biases = torch.cat([self.update.bias, self.reset.bias])  # type: ignore[list-item]
        gates = functional.conv2d(torch.cat([hidden, x], dim=1), kernels, biases, padding=self.padding)
        update, reset = gates.sigmoid().chunk(2, dim=1)
        candidate = self.candidate(torch.cat([reset * hidden, x], dim=1)).tanh()
        return hidden + update * (candidate - hidden)


class SeparableConvGRU(nn.Module):
    """A pass with kernels of 1 x 5, then one with kernels of 5 x 1.

    Parameters
    ----------
    channels
        Of the hidden map and of the input.

    References
    ----------
    Teed & Deng 2020, arXiv 2003.12039, section 3.3.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.horizontal = GatedPass(channels, (1, REACH))
        self.vertical = GatedPass(channels, (REACH, 1))

    def forward(self, hidden: Tensor, x: Tensor) -> Tensor:
        """Next hidden map ``(batch, channel, row, col)``, of the hidden map and an input of its shape."""
        return self.vertical(self.horizontal(hidden, x), x)
