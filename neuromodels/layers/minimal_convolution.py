"""Convolution with a 2 x 2 kernel by 9 products for every 4 outputs, where the definition takes 16.

In one dimension two outputs of a kernel g of two, y_0 = d_0 g_0 + d_1 g_1 and y_1 = d_1 g_0 + d_2 g_1, take three products::

    p = (d_0 - d_1) g_0,  q = d_1 (g_0 + g_1),  r = (d_1 - d_2) g_1;   y_0 = p + q,  y_1 = q - r

Applied to rows and columns this is y = S [(A x) . (G w)], with matrices A, G and S of 0, 1 and -1 only and one matrix product
over channels for each of the 9 points. G w is computed once for many calls with one kernel, and the gradient of G w is one
product for all of these calls. The transforms only add, so nothing is lost in precision.

References
----------
Winograd 1980, "Arithmetic complexity of computations", chapter 5, F(2, 2); Lavin, Gray 2016, arXiv 1509.09308, for the form.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

KERNEL = (2, 2)
INPUT_POINTS = ((1, -1, 0), (0, 1, 0), (0, 1, -1))
KERNEL_POINTS = ((1, 0), (1, 1), (0, 1))
OUTPUT_POINTS = ((1, 1, 0), (0, 1, -1))
# Calls that share one node of the gradient's graph.
BLOCK = 32


class MinimalConvolution:
    """A convolution with one 2 x 2 kernel at stride 1, bound for many calls.

    Parameters
    ----------
    weight
        ``(out channel, in channel, 2, 2)``.
    bias
        ``(out channel,)``.
    margins
        Zeros before and behind the rows, before and behind the columns.
    """

    def __init__(self, weight: Tensor, bias: Tensor, margins: tuple[int, int, int, int]) -> None:
        self.weight, self.bias, self.margins = weight, bias, margins
        self.points = torch.kron(torch.tensor(KERNEL_POINTS), torch.tensor(KERNEL_POINTS)).to(weight)
        positions = weight.detach().permute(2, 3, 0, 1).reshape(4, -1)
        self.kernels = (self.points @ positions).view(9, *weight.shape[:2])  # (point, out, in)
        self._open: dict[tuple[int, ...], _Calls] = {}

    def __call__(self, *pieces: Tensor) -> Tensor:
        """Convolve ``(batch, channel, row, col)``; several tensors are stacked along the channels."""
        last = [piece.permute(2, 3, 0, 1) for piece in pieces]
        x = (torch.cat(last, 3) if len(last) > 1 else last[0]).contiguous()  # (row, col, batch, in)
        transforms = _transforms(x.shape[0], x.shape[1], self.margins, x.dtype)
        calls, at, ticket = None, 0, None
        if torch.is_grad_enabled() and self.weight.requires_grad:
            size = (*transforms.size, x.shape[2], self.kernels.shape[1])
            if size not in self._open or not self._open[size].tickets:
                self._open[size] = _Calls(self.weight, self.points, size, transforms)
            calls = self._open[size]
            at, ticket = calls.tickets.pop()
        y = _Convolve.apply(x, self.kernels, transforms, calls, at, ticket)
        return (y + self.bias).permute(2, 3, 0, 1)


@dataclass(frozen=True)
class _Transforms:
    """A and S for one size of input.

    Attributes
    ----------
    into
        A, ``(point * tile, position of the input)``.
    outof
        S, ``(position of the output, point * tile)``.
    size
        Rows and columns of the output.
    """

    into: Tensor
    outof: Tensor
    size: tuple[int, int]


class _Calls:
    """Calls with one kernel and one size of output, whose gradients of the kernel are taken together.

    Every call gets a ticket, a tensor that depends on the kernel. The call does not look at it, but hands its own gradient
    back to it, so that autograd brings the gradients of all calls to one place once all of them are known.
    """

    def __init__(self, weight: Tensor, points: Tensor, size: tuple[int, ...], transforms: _Transforms) -> None:
        self.points, self.transforms = points, transforms
        self.inputs: dict[int, Tensor] = {}
        self.tickets = list(enumerate(_Tickets.apply(weight, size, self)))


class _Tickets(torch.autograd.Function):
    """Tickets of a weight; backward is its gradient, summed over the calls that were made."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, size: tuple[int, ...], calls: _Calls) -> tuple[Tensor, ...]:
        ctx.set_materialize_grads(False)
        ctx.calls = calls
        return tuple(weight.new_zeros(()).expand(size) for _ in range(BLOCK))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, None, None]:
        calls: _Calls = ctx.calls
        made = [(calls.inputs.pop(at), gradient) for at, gradient in enumerate(gradients) if gradient is not None]
        if not made:
            return None, None, None
        points = _spread(calls.transforms.into, torch.cat([x for x, _ in made], 2))
        products = _spread(calls.transforms.outof.T, torch.cat([gradient for _, gradient in made], 2))
        kernels = torch.bmm(products.transpose(1, 2), points)
        weight = (calls.points.T @ kernels.flatten(1)).view(*KERNEL, *kernels.shape[1:])
        return weight.permute(2, 3, 0, 1), None, None


class _Convolve(torch.autograd.Function):
    """S [(A x) . kernels] from and to (row, col, batch, channel)."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        kernels: Tensor,
        transforms: _Transforms,
        calls: _Calls | None,
        at: int,
        ticket: Tensor | None,
    ) -> Tensor:
        ctx.save_for_backward(x, kernels)
        ctx.transforms, ctx.calls, ctx.at = transforms, calls, at
        products = torch.bmm(_spread(transforms.into, x), kernels.transpose(1, 2))
        return _gathered(transforms.outof, products, (*transforms.size, x.shape[2], kernels.shape[1]))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, None, None, None, None, Tensor | None]:
        x, kernels = ctx.saved_tensors
        gradient, given = gradient.contiguous(), None
        if ctx.needs_input_grad[0]:
            points = torch.bmm(_spread(ctx.transforms.outof.T, gradient), kernels)
            given = _gathered(ctx.transforms.into.T, points, tuple(x.shape))
        if ctx.calls is None:
            return given, None, None, None, None, None
        ctx.calls.inputs[ctx.at] = x
        return given, None, None, None, None, gradient


def _spread(matrix: Tensor, x: Tensor) -> Tensor:
    """From (row, col, batch, channel) to (point, tile * batch, channel)."""
    rows, columns, batch, channels = x.shape
    return (matrix @ x.view(rows * columns, -1)).view(9, len(matrix) // 9 * batch, channels)


def _gathered(matrix: Tensor, points: Tensor, shape: tuple[int, ...]) -> Tensor:
    """From (point, tile * batch, channel) to (row, col, batch, channel)."""
    return (matrix @ points.view(matrix.shape[1], -1)).view(shape)


@lru_cache(maxsize=64)
def _transforms(rows: int, columns: int, margins: tuple[int, int, int, int], dtype: torch.dtype) -> _Transforms:
    into_rows, outof_rows = _transforms_along(rows, *margins[:2])
    into_columns, outof_columns = _transforms_along(columns, *margins[2:])
    into = torch.einsum("ptr,qsc->pqtsrc", into_rows, into_columns).reshape(-1, rows * columns)
    outof = torch.einsum("rpt,cqs->rcpqts", outof_rows, outof_columns)
    size = (outof_rows.shape[0], outof_columns.shape[0])
    return _Transforms(into.to(dtype), outof.reshape(size[0] * size[1], -1).to(dtype), size)


def _transforms_along(extent: int, before: int, behind: int) -> tuple[Tensor, Tensor]:
    """(point, tile, input) and (output, point, tile) along rows or columns; tiles have two outputs, the last maybe one."""
    outputs = extent + before + behind - 1
    tiles = (outputs + 1) // 2
    into, outof = torch.zeros(3, tiles, extent), torch.zeros(outputs, 3, tiles)
    for tile in range(tiles):
        for place in range(3):
            at = 2 * tile + place - before
            if 0 <= at < extent:
                into[:, tile, at] = torch.tensor(INPUT_POINTS)[:, place].float()
        for place in range(min(2, outputs - 2 * tile)):
            outof[2 * tile + place, :, tile] = torch.tensor(OUTPUT_POINTS)[place].float()
    return into, outof
