"""What every stage of motion energy shares: its filters, the border of its pictures, pooling in time, normalisation."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..seeding import generator as seeded
from .gabor import RADIUS, SIDE, GaborFilters

METHODS = ("auto", "plain", "fft")


class EnergyFilters(NamedTuple):
    """All that turns frames into the energy of some units.

    Attributes
    ----------
    cosine, sine
        Spatial kernels ``(unit, 15, 15)``.
    temporal_cosine, temporal_sine
        Temporal kernels ``(unit, tap)``.
    pooling
        Weights ``(unit, output time)`` whose sum over the output times is the pooled energy.
    spontaneous
        Energy without any input, ``(unit,)``, pooled.
    """

    cosine: Tensor
    sine: Tensor
    temporal_cosine: Tensor
    temporal_sine: Tensor
    pooling: Tensor
    spontaneous: Tensor


class EnergyStage(nn.Module):
    """Base of the stages that compute motion energy.

    With o and e the imaginary and real part of a picture sequence filtered by a complex space-time Gabor, the energy of a
    unit is ``E = |mean over times of w(time) (o^2 + e^2 + s0^2)|`` and its response ``N = |k| E / (mean over units of E +
    sigma^2)``, at each place on its own. The mean over units leaves out units without input.

    Parameters
    ----------
    n_units
        Units.
    n_frames
        Frames of a clip.
    n_taps
        Frames that a temporal filter spans; the energy is pooled over ``n_frames - n_taps + 1`` times.
    decay_period
        See `GaborFilters`.
    as_published
        Pictures end in zeros, black. Otherwise they go on with their outermost pixels.
    method
        How energy is computed, see the stage; all give the same numbers.
    generator
        For the random initial values; by default one with seed 0.
    """

    methods: tuple[str, ...] = METHODS

    def __init__(
        self,
        n_units: int,
        n_frames: int,
        n_taps: int,
        *,
        decay_period: int,
        as_published: bool,
        method: str,
        generator: torch.Generator | None,
    ) -> None:
        super().__init__()
        for name, value in (("the number of units", n_units), ("n_taps", n_taps)):
            if value < 1:
                raise ValueError(f"{name} is {value}; give at least 1.")
        if n_frames < n_taps:
            raise ValueError(f"n_frames is {n_frames}; a temporal filter of {n_taps} frames needs at least {n_taps}.")
        if method not in self.methods:
            raise ValueError(f"method is {method!r}; give one of {', '.join(self.methods)}.")
        self.n_units, self.n_frames, self.n_taps = n_units, n_frames, n_taps
        self.as_published, self.method = as_published, method
        self.filters = GaborFilters(
            n_units, n_taps, decay_period=decay_period, generator=seeded(0) if generator is None else generator
        )
        self.pooling = nn.Parameter(torch.ones(n_units, n_frames - n_taps + 1))
        self.spontaneous = nn.Parameter(torch.tensor(0.3))
        self.norm_sigma = nn.Parameter(torch.tensor(0.2))
        self.norm_k = nn.Parameter(torch.tensor(4.0))

    def energy_filters(self) -> EnergyFilters:
        """Filters of all units, in single precision or better."""
        cosine, sine = self.filters.spatial(with_phase=False)
        pooling = self.pooling.to(cosine.dtype)
        spontaneous = self.spontaneous.to(cosine.dtype).square() * pooling.mean(1)
        return EnergyFilters(cosine, sine, *self.filters.temporal(), pooling / pooling.shape[1], spontaneous)

    def with_border(self, frames: Tensor) -> Tensor:
        """Frames ``(batch, channel, time, row, col)`` with what filters see beyond their 4 sides."""
        mode = "constant" if self.as_published else "replicate"
        batch, channels = frames.shape[:2]
        return functional.pad(frames.flatten(0, 1), (RADIUS,) * 4, mode=mode).unflatten(0, (batch, channels))

    def normalised(self, energy: Tensor, n_active: int | None = None) -> Tensor:
        """Divisive normalisation of ``(batch, unit, row, col)`` over units, of which the first `n_active` have input."""
        mean = energy.sum(1, keepdim=True) / (n_active or self.n_units)
        kind = energy.dtype
        return self.norm_k.to(kind).abs() * energy / (mean + self.norm_sigma.to(kind).square())

    def precision(self) -> torch.dtype:
        """What the stage computes in: its own precision, but no less than single."""
        return torch.promote_types(self.norm_k.dtype, torch.float32)


def fits(rows: int, cols: int) -> bool:
    """Whether a picture is as large as the filters."""
    return min(rows, cols) >= SIDE
