"""Affine maps between channels: at every point by itself (fully connected) or over a neighbourhood (convolution)."""

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from .minimal_convolution import KERNEL, MinimalConvolution

Padding = Literal["same", "valid"] | int
# Takes one tensor, or several to be stacked along the channels.
Map = Callable[..., Tensor]


class ChannelMap(nn.Module):
    """y = W * x + b, a 2-D convolution, or y = W x + b where there is no kernel.

    Weights and biases start uniform within 1/sqrt(fan in), as torch's own layers do, from torch's random state.

    Parameters
    ----------
    in_channels, out_channels
        Sizes of axis 1 of the input and of the output.
    kernel_size
        Rows and columns of the kernel, one number for both; None for a map of ``(batch, channel)`` without space.
    stride
        Step of the kernel, rows and columns alike.
    padding
        ``"same"`` keeps the size at stride 1: a kernel of k gets (k - 1) // 2 zeros before and the rest behind, so that
        a kernel of 2 gets one zero behind. ``"valid"`` adds none; a number adds so many on each side.
    groups
        Groups of channels that see each other only.

    Raises
    ------
    ValueError
        If a size is below 1 or the padding is neither of the words nor a number.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int] | None = None,
        *,
        stride: int = 1,
        padding: Padding = "same",
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.stride, self.groups = in_channels, out_channels, stride, groups
        self.kernel_size = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
        for name, size in (("in_channels", in_channels), ("out_channels", out_channels), ("stride", stride)):
            if size < 1:
                raise ValueError(f"{name} must be at least 1, received {size}.")
        self.margins = _margins(self.kernel_size or (1, 1), padding)
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels // groups, *(self.kernel_size or ())))
        self.bias = nn.Parameter(torch.empty(out_channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weights and biases anew."""
        bound = 1 / math.sqrt(self.weight[0].numel())
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)

    def bind(self, *, repeated: bool = False) -> Map:
        """The map as a function of one tensor, or of several that are stacked along the channels.

        Parameters
        ----------
        repeated
            Whether it will be called many times with these weights, so that it pays to make them ready.
        """
        if repeated and self._is_minimal():
            return MinimalConvolution(self.weight, self.bias, self.margins)
        return self._apply_once

    def forward(self, x: Tensor) -> Tensor:
        """Map one tensor.

        Parameters
        ----------
        x
            ``(batch, channel, row, col)``, or ``(batch, channel)`` without a kernel.
        """
        axes = 2 if self.kernel_size is None else 4
        if x.ndim != axes or x.shape[1] != self.in_channels:
            words = "(batch, channel)" if self.kernel_size is None else "(batch, channel, row, col)"
            raise ValueError(
                f"the map takes {words} with {self.in_channels} channels, received shape {tuple(x.shape)}; "
                "give kernel_size=None to a map without space and in_channels the number of channels."
            )
        return self.bind()(x)

    def extra_repr(self) -> str:
        """Sizes, as printed in the representation."""
        return f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"

    def _is_minimal(self) -> bool:
        """Whether the algorithm of few products applies and pays: on a GPU torch's own convolution is faster."""
        return (
            (self.kernel_size, self.stride, self.groups) == (KERNEL, 1, 1)
            and self.weight.device.type == "cpu"
            and self.weight.dtype in (torch.float32, torch.float64)
            and not torch.is_autocast_enabled("cpu")
            and not torch.compiler.is_compiling()
        )

    def _apply_once(self, *pieces: Tensor) -> Tensor:
        x = torch.cat(pieces, 1) if len(pieces) > 1 else pieces[0]
        if self.kernel_size is None:
            return functional.linear(x, self.weight, self.bias)
        before_rows, behind_rows, before_columns, behind_columns = self.margins
        margins: int | tuple[int, int] = (before_rows, before_columns)
        if (before_rows, before_columns) != (behind_rows, behind_columns):
            x, margins = functional.pad(x, (before_columns, behind_columns, before_rows, behind_rows)), 0
        return functional.conv2d(x, self.weight, self.bias, self.stride, margins, groups=self.groups)


class SeparableMap(nn.Module):
    """A depthwise convolution, then a map of the channels at every point; both have biases.

    Parameters
    ----------
    in_channels, out_channels
        Sizes of axis 1 of the input and of the output.
    kernel_size
        Of the depthwise convolution, padded to the same size.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int | tuple[int, int]) -> None:
        super().__init__()
        self.depthwise = ChannelMap(in_channels, in_channels, kernel_size, groups=in_channels)
        self.pointwise = ChannelMap(in_channels, out_channels, 1)

    def bind(self, *, repeated: bool = False) -> Map:
        """The map as a function; ``repeated`` as for `ChannelMap.bind`."""
        depthwise, pointwise = self.depthwise.bind(repeated=repeated), self.pointwise.bind(repeated=repeated)
        return lambda x: pointwise(depthwise(x))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, channel, row, col)``."""
        return self.pointwise(self.depthwise(x))


def convolved_size(
    size: tuple[int, ...], kernel_size: int | tuple[int, int], *, stride: int = 1, padding: Padding = "same"
) -> tuple[int, int]:
    """Rows and columns of a convolution's output; see `ChannelMap`."""
    kernel = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
    before_rows, behind_rows, before_columns, behind_columns = _margins(kernel, padding)
    rows = size[0] + before_rows + behind_rows - kernel[0]
    columns = size[1] + before_columns + behind_columns - kernel[1]
    return rows // stride + 1, columns // stride + 1


def _margins(kernel_size: tuple[int, int], padding: Padding) -> tuple[int, int, int, int]:
    """Zeros before and behind the rows, before and behind the columns."""
    if padding == "valid":
        padding = 0
    if isinstance(padding, int):
        if padding < 0:
            raise ValueError(f"padding must be 0 or more, received {padding}.")
        return (padding,) * 4
    if padding != "same":
        raise ValueError(f"padding is {padding!r}; it must be 'same', 'valid' or a number of rows and columns.")
    (before_rows, behind_rows), (before_columns, behind_columns) = (
        ((extent - 1) // 2, extent // 2) for extent in kernel_size
    )
    return before_rows, behind_rows, before_columns, behind_columns
