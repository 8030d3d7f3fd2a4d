"""Stage II: places as nodes of a graph, along whose weights motion spreads while the weights are revised."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .affinity import normalised_affinity, spread_along
from .separable_gru import SeparableConvGRU

LONGEST_PERIOD = 10_000.0
POSITION_GAIN = 0.45 * math.pi
LARGEST_SCALE = 3 * math.pi
EXPANSION = 4


class Iteration(NamedTuple):
    """What one iteration leaves.

    Attributes
    ----------
    motion
        Read-out y, ``(batch, channel, row, col)``, not negative.
    context
        What the weights of the next iteration are made of, ``(batch, channel, row, col)``.
    """

    motion: Tensor
    context: Tensor


class MotionGraph(nn.Module):
    """Recurrent integration of motion energy over a graph of all places.

    Each iteration makes weights between places from a context, spreads the states along them, and revises context and
    state by gated recurrent units. One set of weights serves all iterations.

    Parameters
    ----------
    channels
        Of the maps; a multiple of 4.
    as_published
        Take the strength of the position code and the largest weight over the whole batch, so that a sample's result
        depends on its batch mates. By default both are of each sample, and equal to the published ones for one sample
        but for the 1e-6 beside the root of the degrees.
    streamed
        Of `neuromodels.motion.affinity.spread_along`.

    References
    ----------
    Sun, Chen, Yang, Nishida 2023, arXiv 2305.09156; Sun et al. 2025, doi 10.1038/s42256-025-01068-w.
    """

    def __init__(self, channels: int = 256, *, as_published: bool = False, streamed: bool | None = None) -> None:
        super().__init__()
        if channels < 4 or channels % 4:
            raise ValueError(
                f"channels must be a multiple of 4 for the position code, received {channels}; choose one."
            )
        self.channels, self.as_published, self.streamed = channels, as_published, streamed
        self.embed_1 = nn.Linear(channels, channels, bias=False)
        self.embed_2 = nn.Linear(channels, channels, bias=False)
        self.value = nn.Linear(channels, channels, bias=False)
        self.merge = nn.Linear(channels, channels, bias=False)
        self.message_norm_1 = nn.LayerNorm(channels)
        self.mlp_1 = nn.Linear(2 * channels, EXPANSION * channels, bias=False)
        self.mlp_2 = nn.Linear(EXPANSION * channels, EXPANSION * channels, bias=False)
        self.mlp_3 = nn.Linear(EXPANSION * channels, channels, bias=False)
        self.message_norm_2 = nn.LayerNorm(channels)
        self.context_project = nn.Linear(channels, channels, bias=False)
        self.context_norm = nn.LayerNorm(channels)
        self.context_conv_1 = nn.Conv2d(2 * channels, channels, 1)
        self.context_conv_2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.context_conv_3 = nn.Conv2d(channels, channels, 3, padding=1)
        self.context_gru = SeparableConvGRU(channels)
        self.state_gru = SeparableConvGRU(channels)
        self.read_1 = nn.Linear(channels, channels)
        self.read_2 = nn.Linear(channels, channels)
        self.norm_k = nn.Parameter(torch.tensor(1.8))
        self.norm_sigma = nn.Parameter(torch.tensor(1.0))
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.xavier_uniform_(parameter)

    def forward(self, features: Tensor, iterations: int, *, every: bool = True) -> list[Iteration]:
        """Iterate on maps of motion energy.

        Parameters
        ----------
        features
            ``(batch, channel, row, col)``.
        iterations
            At least 1.
        every
            Read out every iteration; otherwise the last alone.

        Returns
        -------
        list of Iteration
            One per iteration, or the last.
        """
        size = features.shape[2:]
        context, state = self.start(features), features
        found = []
        for number in range(1, iterations + 1):
            message = self._message(context, state)
            context = self._next_context(context, message)
            state = self.state_gru(state, _as_map(message, size))
            if every or number == iterations:
                found.append(Iteration(self._read(state), context))
        return found

    def start(self, features: Tensor) -> Tensor:
        """Context before the first iteration: the features with a position code, ``(batch, channel, row, col)``.

        x1 = N + 0.45 pi m P / mean(P), then a0 = x1 m / mean |x1|, with m = mean |N|.
        """
        with torch.autocast(features.device.type, enabled=False):
            features = features.float()
            code = position_code(self.channels, *features.shape[2:]).to(features.device)
            strength = features.abs().mean(dim=(0, 1, 2, 3) if self.as_published else (1, 2, 3), keepdim=True)
            placed = features + POSITION_GAIN * strength * (code / code.mean())
            return placed * (strength / placed.abs().mean(dim=(1, 2, 3), keepdim=True))

    def embedding(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors q ``(batch, place, channel)`` and the scale of their cosines ``(batch, 1, 1)``, of a context."""
        q = self.embed_2(functional.relu(self.embed_1(_as_places(context))))
        return q, 1 + LARGEST_SCALE * q.mean(dim=(1, 2), keepdim=True).sigmoid()

    def adjacency(self, context: Tensor) -> Tensor:
        """Weights between all places, ``(batch, place, place)``, that a context gives; see `normalised_affinity`."""
        return normalised_affinity(*self.embedding(context), coupled=self.as_published)

    def _message(self, context: Tensor, state: Tensor) -> Tensor:
        v = _as_places(state)
        spread = spread_along(
            *self.embedding(context), self.value(v), coupled=self.as_published, streamed=self.streamed
        )
        message = self.message_norm_1(self.merge(spread))
        hidden = functional.gelu(self.mlp_1(torch.cat([v, message.to(v.dtype)], dim=-1)))
        return self.message_norm_2(self.mlp_3(functional.gelu(self.mlp_2(hidden))))

    def _next_context(self, context: Tensor, message: Tensor) -> Tensor:
        projected = _as_map(self.context_norm(self.context_project(message)), context.shape[2:])
        x = torch.cat([context, projected.to(context.dtype)], dim=1)
        for convolution in (self.context_conv_1, self.context_conv_2, self.context_conv_3):
            x = functional.gelu(convolution(x))
        return self.context_gru(context, x)

    def _read(self, state: Tensor) -> Tensor:
        z = self.read_2(functional.gelu(self.read_1(_as_places(state)))).float().square()
        pool = z.mean(dim=(1, 2), keepdim=True) + self.norm_sigma.square()
        return _as_map(self.norm_k.abs() * z / pool, state.shape[2:])


def position_code(channels: int, rows: int, cols: int) -> Tensor:
    """Sines and cosines of the place: the first half of the channels of the row, the second of the column.

    A place is counted from 1 and divided by the number of places (plus 1e-6), times 2 pi; of each half, channel j has the
    frequency 10000^(-2 floor(j / 2) / (channels / 2)), even ones a sine and odd ones a cosine.

    Returns
    -------
    Tensor
        ``(1, channel, row, col)``.

    References
    ----------
    Carion et al. 2020, arXiv 2005.12872, appendix A.4.
    """
    half = channels // 2
    frequency = LONGEST_PERIOD ** -(2 * (torch.arange(half) // 2) / half)

    def along(count: int) -> Tensor:
        place = torch.arange(1, count + 1, dtype=torch.float32) / (count + 1e-6) * (2 * math.pi)
        angle = frequency[:, None] * place
        return torch.where((torch.arange(half) % 2 == 0)[:, None], angle.sin(), angle.cos())

    code = torch.cat([along(rows)[:, :, None].expand(-1, -1, cols), along(cols)[:, None, :].expand(-1, rows, -1)])
    return code[None]


def _as_places(maps: Tensor) -> Tensor:
    """``(batch, channel, row, col)`` to ``(batch, place, channel)``."""
    return maps.flatten(2).mT


def _as_map(places: Tensor, size: torch.Size) -> Tensor:
    """``(batch, place, channel)`` to ``(batch, channel, row, col)``."""
    return places.mT.unflatten(2, tuple(size))
