"""ResNet-18 of single steps: every step is an image of its own."""

import torch
from torch import Tensor, nn

from .stages import Tap, untapped

STAGES = (64, 128, 256, 512)


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions with batch norm, added to the input, which a 1 x 1 convolution fits where shapes differ.

    Parameters
    ----------
    in_channels, out_channels
        Sizes of axis 1 of the input and of the output.
    stride
        Of the first convolution.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, channel, row, col)``."""
        inner = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(inner + self.downsample(x))


class ResNet18(nn.Module):
    """ResNet-18 with time folded into the batch.

    Parameters
    ----------
    in_channels
        Channels of a step.
    size
        Features that come out.
    stages
        Channels of the four stages; the first convolution has those of the first.

    Notes
    -----
    Convolutions start He-normal by fan-out, except the first, which like the last linear layer starts as torch's own:
    the published network replaced both after the others had been drawn. Names of the parameters are torchvision's.
    In training, batch norm takes its statistics over the batch and all steps, so that all are computed.

    References
    ----------
    He, Zhang, Ren, Sun 2016, "Deep residual learning for image recognition", table 1; Chung, Shen, Kong, Nayebi 2025, arXiv
    2505.18361, for the first convolution and the last layer.
    """

    def __init__(self, in_channels: int, size: int, stages: tuple[int, ...] = STAGES) -> None:
        super().__init__()
        self.size = size
        self.conv1 = nn.Conv2d(in_channels, stages[0], 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(stages[0])
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        before = stages[0]
        for number, channels in enumerate(stages, 1):
            first = ResidualBlock(before, channels, 1 if number == 1 else 2)
            self.add_module(f"layer{number}", nn.Sequential(first, ResidualBlock(channels, channels, 1)))
            before = channels
        self.fc = nn.Linear(before, size)
        for name, module in self.named_modules():
            if isinstance(module, nn.Conv2d) and name != "conv1":
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor, *, every_step: bool = True, tap: Tap | None = None) -> Tensor:
        """Encode ``(batch, time, channel, row, col)`` as ``(batch, time or 1, feature)``."""
        if not every_step and not self.training:
            x = x[:, -1:]
        steps = x.shape[1]

        def offer(layer: str, value: Tensor) -> Tensor:
            return (tap or untapped)(layer, value.unflatten(0, (-1, steps))).flatten(0, 1)

        y = offer("relu", torch.relu(self.bn1(self.conv1(x.flatten(0, 1)))))
        y = offer("maxpool", self.maxpool(y))
        for stage in range(1, 5):
            blocks = self.get_submodule(f"layer{stage}")
            assert isinstance(blocks, nn.Sequential)
            for number, block in enumerate(blocks):
                y = offer(f"layer{stage}.{number}", block(y))
        y = offer("avgpool", y.mean((2, 3)))
        features = offer("fc", self.fc(y)).unflatten(0, (-1, steps))
        return features if every_step else features[:, -1:]
