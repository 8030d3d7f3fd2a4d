"""One node of a recurrent graph: its inputs brought to one size and stacked, a map, a recurrent cell, an activation."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..layers.cell import Step, activation_named
from ..layers.cell_kinds import make_cell
from ..layers.channel_map import ChannelMap, Map, convolved_size
from .config import NodeConfig
from .step_norm import Seen, StepNorm

Shape = tuple[int, ...]
# Source to what the node reads from it, (batch, channel, ...).
Pieces = Mapping[str, Tensor]


@dataclass(frozen=True)
class BoundNode:
    """The stages of a node as functions, weights made ready for many steps.

    Attributes
    ----------
    before
        What is read, at some steps one after the other, to the cell's input; and what the batch norm saw.
    beside
        What is read to what the cell takes beside its input.
    step
        The cell: (x, state, *beside) to (y, state).
    after
        Output of the cell, and what is read, to the output of the node.
    """

    before: Callable[[Pieces, Sequence[int]], tuple[Tensor, list[Seen]]]
    beside: Callable[[Pieces], tuple[Tensor | None, ...]]
    step: Step
    after: Callable[[Tensor, Pieces], Tensor]


class GraphNode(nn.Module):
    """Modules of one node.

    Parameters
    ----------
    config
        Description of the node.
    shapes
        Of all that it reads: ``(channel, row, col)``, or ``(channel,)`` of a node without space.

    Raises
    ------
    ValueError
        If the inputs cannot be stacked, the map does not fit them, the cell does not take what it is given beside, or what
        is added has another shape.
    """

    def __init__(self, config: NodeConfig, shapes: Mapping[str, Shape]) -> None:
        super().__init__()
        self.config = config
        inputs = [shapes[name] for name in config.inputs]
        if len({len(shape) for shape in inputs}) != 1:
            raise ValueError(
                f"node {config.name!r} reads inputs with and without space, of shapes {inputs}; put a linear node between."
            )
        leading = shapes[config.size_from or config.inputs[0]]
        self.size, self.shape, self.cell_size = leading[1:], node_shape(config, leading), mapped_size(config, leading)
        self._check_beside(shapes)
        self.map = self._make_map(sum(shape[0] for shape in inputs))
        self.norm = StepNorm(config.channels, config.batch_norm_steps) if config.batch_norm else None
        self.cell = make_cell(
            config.cell,
            config.channels,
            kernel_size=config.cell_kernel,
            residual_channels=sum(shapes[name][0] for name in config.cell_residual),
            feedback_channels=sum(shapes[name][0] for name in config.cell_feedback),
            options=config.cell_options,
        )

    def bind(self) -> BoundNode:
        """The stages as functions."""
        linear = self.map.bind(repeated=True) if isinstance(self.map, ChannelMap) else None
        return BoundNode(
            lambda pieces, steps: self._before(linear, pieces, steps),
            self._beside,
            self.cell.bind(repeated=True),
            self._after,
        )

    def _check_beside(self, shapes: Mapping[str, Shape]) -> None:
        where, expected = f"node {self.config.name!r}", (self.config.channels, *self.cell_size)
        for name in (*self.config.cell_residual, *self.config.cell_feedback):
            if len(shapes[name]) != len(expected):
                raise ValueError(
                    f"{where} gives its cell, whose input has the shape {expected}, {name!r} of shape {shapes[name]}; let "
                    "both have rows and columns, or neither."
                )
        for name in self.config.added:
            if shapes[name] != expected:
                raise ValueError(
                    f"{where} adds {name!r} of shape {shapes[name]} to the output of its cell, of shape {expected}; make "
                    "them equal, or put a node between that maps the one to the other."
                )

    def _make_map(self, stacked: int) -> nn.Module:
        config = self.config
        if config.map == "identity":
            if stacked != config.channels:
                raise ValueError(
                    f"node {config.name!r} has {config.channels} channels, but its inputs have {stacked}; an identity "
                    "map keeps them."
                )
            return nn.Identity()
        if config.map == "linear":
            made = ChannelMap(stacked * math.prod(self.size), config.channels)
        else:
            made = ChannelMap(stacked, config.channels, config.kernel, stride=config.stride, padding=config.padding)
        nn.init.constant_(made.bias, config.bias)
        return made

    def _before(self, linear: Map | None, pieces: Pieces, steps: Sequence[int]) -> tuple[Tensor, list[Seen]]:
        x, seen = self._mapped(linear, [pieces[name] for name in self.config.inputs]), []
        if self.norm is not None:
            x, seen = self.norm(x, steps)
        return activation_named(self.config.map_activation)(x), seen

    def _mapped(self, linear: Map | None, pieces: Sequence[Tensor]) -> Tensor:
        """Inputs brought to one size, stacked along the channels, mapped."""
        fitted = [_resized(piece, self.size) for piece in pieces]
        if linear is None:
            return torch.cat(fitted, 1)
        return linear(torch.cat(fitted, 1).flatten(1)) if self.config.map == "linear" else linear(*fitted)

    def _beside(self, pieces: Pieces) -> tuple[Tensor | None, ...]:
        read = (self.config.cell_residual, self.config.cell_feedback)
        if not any(read):
            return ()
        return tuple(
            torch.cat([_resized(pieces[name], self.cell_size) for name in names], 1) if names else None
            for names in read
        )

    def _after(self, y: Tensor, pieces: Pieces) -> Tensor:
        for name in self.config.added:
            y = y + pieces[name]
        y = activation_named(self.config.activation)(y)
        return functional.max_pool2d(y, self.config.pool) if self.config.pool > 1 else y


def node_shape(config: NodeConfig, leading: Shape) -> Shape:
    """Shape of a node's output.

    Parameters
    ----------
    config
        Description of the node.
    leading
        Shape of the input whose rows and columns it takes.

    Raises
    ------
    ValueError
        If a convolution or pooling would leave nothing.
    """
    size = mapped_size(config, leading)
    pooled = tuple(extent // config.pool for extent in size)
    if min(pooled, default=1) < 1 or (config.pool > 1 and not size):
        raise ValueError(
            f"node {config.name!r} would have the size {pooled} after its map and its pooling, from {leading[1:]}; make its "
            "kernel, its stride or its pooling smaller."
        )
    return (config.channels, *pooled)


def mapped_size(config: NodeConfig, leading: Shape) -> Shape:
    """Rows and columns after the map and before pooling, which are those of the cell; parameters as for `node_shape`.

    Raises
    ------
    ValueError
        If an input without rows and columns would be convolved.
    """
    if config.map == "linear":
        return ()
    if config.map == "identity":
        return leading[1:]
    if len(leading) == 1:
        raise ValueError(f"node {config.name!r} convolves an input without rows and columns; use map='linear'.")
    return convolved_size(leading[1:], config.kernel, stride=config.stride, padding=config.padding)


def _resized(piece: Tensor, size: Shape) -> Tensor:
    # Bilinear with antialiasing, the published default.
    if tuple(piece.shape[2:]) == size:
        return piece
    # Torch has no antialiasing in half precision on a CPU.
    wide = piece.to(torch.promote_types(piece.dtype, torch.float32))
    return functional.interpolate(wide, size, mode="bilinear", antialias=True).to(piece.dtype)
