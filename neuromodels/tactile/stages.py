"""What encoders and attenders of tactile networks share: how they are called, and the simplest of them.

A stage maps ``(batch, time, ...)`` to ``(batch, time, feature)``. It has ``size``, the number of features, and is called with
``every_step``, whether all steps are needed or the last only, and ``tap``, where layers are offered for recording, or None.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..recurrent_graph import RecurrentGraph
from ..recurrent_graph.config import GraphConfig

Tap = Callable[[str, Tensor], Tensor]


def untapped(layer: str, value: Tensor) -> Tensor:
    """Offer ``value`` to nobody."""
    return value


class GraphEncoder(nn.Module):
    """A recurrent graph as an encoder.

    Parameters
    ----------
    config
        Description of the graph; its output has no space.
    seed
        Of the weights, see `RecurrentGraph`.

    Attributes
    ----------
    graph : RecurrentGraph
        The graph.
    """

    def __init__(self, config: GraphConfig, *, seed: int) -> None:
        super().__init__()
        self.graph = RecurrentGraph(config, seed=seed)
        (self.size,) = self.graph.shapes[config.output]

    def forward(self, x: Tensor, *, every_step: bool = True, tap: Tap | None = None) -> Tensor:
        """Encode ``(batch, time, channel, row, col)`` as ``(batch, time or 1, feature)``."""
        if tap is None:
            return self.graph(x, None if every_step else [-1])
        found = self.graph.activations(x)
        for name, value in found.items():
            tap(name, value)
        return found[self.graph.config.output]


class FlattenEncoder(nn.Module):
    """One linear map of everything in a step.

    Parameters
    ----------
    in_features
        Channels x rows x columns of a step.
    size
        Features that come out.
    """

    def __init__(self, in_features: int, size: int) -> None:
        super().__init__()
        self.size = size
        self.linear = nn.Linear(in_features, size)

    def forward(self, x: Tensor, *, every_step: bool = True, tap: Tap | None = None) -> Tensor:
        """Encode ``(batch, time, channel, row, col)`` as ``(batch, time or 1, feature)``."""
        x = x if every_step else x[:, -1:]
        return (tap or untapped)("linear", self.linear(x.flatten(2)))


class Decoder(nn.Module):
    """Linear layers with rectification between them, of the features of the last step or of all steps.

    Parameters
    ----------
    size
        Features of a step.
    widths
        Of the hidden layers.
    classes
        Logits.
    n_steps
        Steps that are read, counted from the end.
    """

    def __init__(self, size: int, widths: tuple[int, ...], classes: int, *, n_steps: int = 1) -> None:
        super().__init__()
        self.n_steps = n_steps
        sizes = (size * n_steps, *widths, classes)
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in zip(sizes[:-1], sizes[1:], strict=True))

    def forward(self, features: Tensor, *, tap: Tap | None = None) -> Tensor:
        """Logits ``(batch, classes)`` of ``(batch, time, feature)``; a hidden layer is offered after its rectification."""
        x = features[:, -self.n_steps :].flatten(1)
        for number, layer in enumerate(self.layers, 1):
            x = layer(x)
            x = (tap or untapped)(f"decoder.{number}", torch.relu(x) if number < len(self.layers) else x)
        return x
