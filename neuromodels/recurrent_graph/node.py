"""One node of a recurrent graph: its inputs brought to one size and stacked, a map, a recurrent cell, an activation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..layers.cell import Step, activation_named
from ..layers.cell_kinds import make_cell
from ..layers.channel_map import ChannelMap, Map, convolved_size
from .config import NodeConfig

Shape = tuple[int, ...]


@dataclass(frozen=True)
class BoundNode:
    """The stages of a node as functions, weights made ready for many steps.

    Attributes
    ----------
    before
        Inputs, in order, to what the cell takes.
    step
        The cell: (x, state) to (y, state).
    after
        Output of the cell to the output of the node.
    """

    before: "Gather"
    step: Step
    after: Map


class GraphNode(nn.Module):
    """Modules of one node.

    Parameters
    ----------
    config
        Description of the node.
    shapes
        Of its inputs, in their order: ``(channel, row, col)``, or ``(channel,)`` of a node without space.

    Raises
    ------
    ValueError
        If the inputs cannot be stacked, or the map does not fit them.
    """

    def __init__(self, config: NodeConfig, shapes: Sequence[Shape]) -> None:
        super().__init__()
        self.config = config
        sizes = {shape[1:] for shape in shapes}
        if len({len(size) for size in sizes}) != 1:
            raise ValueError(
                f"node {config.name!r} reads inputs with and without space, of shapes {list(shapes)}; put a linear node "
                "between."
            )
        leading = shapes[config.inputs.index(config.size_from) if config.size_from else 0]
        self.size, self.shape = leading[1:], node_shape(config, leading)
        self.map = self._make_map(sum(shape[0] for shape in shapes))
        self.cell = make_cell(config.cell, config.channels, kernel_size=config.cell_kernel, options=config.cell_options)

    def bind(self) -> BoundNode:
        """The stages as functions."""
        return BoundNode(Gather(self), self.cell.bind(repeated=True), self._after)

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

    def _after(self, y: Tensor) -> Tensor:
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
    size = leading[1:]
    if config.map == "linear":
        size = ()
    elif config.map == "conv":
        if not size:
            raise ValueError(f"node {config.name!r} convolves an input without rows and columns; use map='linear'.")
        size = convolved_size(size, config.kernel, stride=config.stride, padding=config.padding)
    pooled = tuple(extent // config.pool for extent in size)
    if min(pooled, default=1) < 1 or (config.pool > 1 and not size):
        raise ValueError(
            f"node {config.name!r} would have the size {pooled} after its map and its pooling, from {leading[1:]}; make its "
            "kernel, its stride or its pooling smaller."
        )
    return (config.channels, *pooled)


class Gather:
    """Inputs resized, stacked and mapped.

    Parameters
    ----------
    node
        Whose inputs they are.
    """

    def __init__(self, node: GraphNode) -> None:
        self.size, self.flat = node.size, node.config.map == "linear"
        self.map = node.map.bind(repeated=True) if isinstance(node.map, ChannelMap) else None
        self.activation = activation_named(node.config.map_activation)

    def __call__(self, pieces: Sequence[Tensor]) -> Tensor:
        """Bring ``(batch, channel, ...)`` of every input to one size, stack the channels, map."""
        # Bilinear with antialiasing, the published default.
        fitted = [
            piece
            if tuple(piece.shape[2:]) == self.size
            else functional.interpolate(piece, self.size, mode="bilinear", antialias=True)
            for piece in pieces
        ]
        if self.flat or self.map is None:
            fitted = [torch.cat(fitted, 1).flatten(1) if self.flat else torch.cat(fitted, 1)]
        return self.activation(self.map(*fitted) if self.map else fitted[0])
