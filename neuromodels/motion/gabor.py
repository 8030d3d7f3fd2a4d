"""Space-time Gabor filters in quadrature, each unit with trainable direction, frequencies, size, shape and decay."""

from math import log, pi, sqrt
from typing import NamedTuple

import torch
from torch import Tensor, nn

RADIUS = 7
SIDE = 2 * RADIUS + 1
HIGHEST_FREQUENCY = 0.25
# The widest Gaussian falls to a half where its squared distance is that of a corner of the square of radius 6, halved.
WIDEST_SIGMA = sqrt((RADIUS - 1) ** 2 * 0.5 / log(2))
# Below these a filter is one pixel or one frame in any precision; at 0 its exponent would be 0 / 0.
SMALLEST_SIGMA = 1e-2
SHORTEST_TAU = 1e-2


def longest_tau(n_taps: int) -> float:
    """The decay constant in frames at which the envelope is 0.2 one frame after the last tap."""
    return n_taps / log(5)


class GaborShape(NamedTuple):
    """What a filter is, physically; each ``(unit,)``.

    Attributes
    ----------
    theta
        Angle of the wave vector in radians, rows counted downward. The unit prefers motion towards ``pi - theta``,
        counted counter-clockwise from rightward.
    frequency
        Cycles per pixel of the picture that is filtered, 0 to 0.25.
    sigma
        Standard deviation of the Gaussian along the wave vector, pixels, up to 5.0959.
    gamma
        Sigma along the wave vector over sigma across it.
    temporal_frequency
        Cycles per frame, 0 to 0.25.
    tau
        Decay of the temporal filter, frames.
    """

    theta: Tensor
    frequency: Tensor
    sigma: Tensor
    gamma: Tensor
    temporal_frequency: Tensor
    tau: Tensor


class GaborFilters(nn.Module):
    """Spatial Gabor pairs and decaying temporal pairs, each in quadrature.

    With s the logistic function, ``theta = 2 pi s(theta_raw)``, ``frequency = 0.25 s(frequency_raw)``,
    ``sigma = 5.0959 s(sigma_raw)``, ``gamma = |gamma_raw|``, ``temporal_frequency = 0.25 s(temporal_frequency_raw)`` and
    ``tau = longest_tau s(tau_raw)``. Along ``x' = x cos theta + y sin theta`` and ``y' = -x sin theta + y cos theta`` the
    spatial filter is ``exp(-(x'^2 + gamma^2 y'^2) / 2 sigma^2) exp(i (2 pi frequency x' + phase))`` on 15 x 15 pixels,
    less its mean; the temporal one is ``exp(-t / tau) exp(2 pi i temporal_frequency t)``.

    Parameters
    ----------
    n_units
        Filters.
    n_taps
        Frames that a temporal filter spans.
    decay_period
        Units after which the initial decays begin again: unit j starts at ``tau_raw = 1 + (j mod decay_period) / 2``.
    generator
        For the random initial values: ``theta / 2 pi`` and ``temporal_frequency / 0.25`` uniform between 0.01 and 0.99,
        ``frequency / 0.25`` between 0.2 and 0.8, ``sigma / 5.0959`` between 0.8 and 0.99; gamma is 1, the phase 0.

    References
    ----------
    Sun, Chen, Yang & Nishida 2023 (NeurIPS), section 3.1; Sun et al. 2025 (Nature Machine Intelligence), Methods.
    """

    def __init__(
        self, n_units: int, n_taps: int, *, decay_period: int, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()

        def uniform(low: float, high: float) -> nn.Parameter:
            return nn.Parameter(torch.logit(low + (high - low) * torch.rand(n_units, generator=generator)))

        self.n_units, self.n_taps = n_units, n_taps
        self.theta_raw = uniform(0.01, 0.99)
        self.frequency_raw = uniform(0.2, 0.8)
        self.sigma_raw = uniform(0.8, 0.99)
        self.gamma_raw = nn.Parameter(torch.ones(n_units))
        self.temporal_frequency_raw = uniform(0.01, 0.99)
        self.tau_raw = nn.Parameter(torch.arange(n_units) % decay_period / 2 + 1)
        self.phase = nn.Parameter(torch.zeros(n_units), requires_grad=False)

    def shape(self) -> GaborShape:
        """The physical parameters, in single precision or better."""
        kind = torch.promote_types(self.theta_raw.dtype, torch.float32)
        return GaborShape(
            theta=2 * pi * torch.sigmoid(self.theta_raw.to(kind)),
            frequency=HIGHEST_FREQUENCY * torch.sigmoid(self.frequency_raw.to(kind)),
            sigma=WIDEST_SIGMA * torch.sigmoid(self.sigma_raw.to(kind)),
            gamma=self.gamma_raw.to(kind).abs(),
            temporal_frequency=HIGHEST_FREQUENCY * torch.sigmoid(self.temporal_frequency_raw.to(kind)),
            tau=longest_tau(self.n_taps) * torch.sigmoid(self.tau_raw.to(kind)),
        )

    def spatial(self, *, with_phase: bool = True) -> tuple[Tensor, Tensor]:
        """Cosine and sine kernels ``(unit, row, col)``, 15 x 15, for true convolution (flipped against the picture).

        Parameters
        ----------
        with_phase
            Whether the wave is shifted by the phase; motion energy is the same with and without.
        """
        unit = self.shape()
        axis = torch.arange(-RADIUS, RADIUS + 1, device=unit.theta.device, dtype=unit.theta.dtype)
        y, x = axis[:, None], axis[None, :]
        theta, frequency, gamma = (value[:, None, None] for value in (unit.theta, unit.frequency, unit.gamma))
        sigma = unit.sigma.clamp_min(SMALLEST_SIGMA)[:, None, None]
        along = x * theta.cos() + y * theta.sin()
        across = y * theta.cos() - x * theta.sin()
        envelope = torch.exp(-0.5 * (along.square() + (gamma * across).square()) / sigma.square())
        angle = 2 * pi * frequency * along
        if with_phase:
            angle = angle + self.phase.to(angle.dtype)[:, None, None]
        cosine, sine = envelope * angle.cos(), envelope * angle.sin()
        return cosine - cosine.mean((1, 2), keepdim=True), sine - sine.mean((1, 2), keepdim=True)

    def temporal(self) -> tuple[Tensor, Tensor]:
        """Cosine and sine kernels ``(unit, tap)``; tap t weighs the frame t before the present one."""
        unit = self.shape()
        t = torch.arange(self.n_taps, device=unit.tau.device, dtype=unit.tau.dtype)
        envelope = torch.exp(-t / unit.tau.clamp_min(SHORTEST_TAU)[:, None])
        angle = 2 * pi * unit.temporal_frequency[:, None] * t
        return envelope * angle.cos(), envelope * angle.sin()
