"""Motion energy as it is defined: every filter at every pixel, then every frame."""

import torch
from torch import Tensor
from torch.nn import functional

from .energy_stage import EnergyFilters


def plain_energy(frames: Tensor, filters: EnergyFilters) -> Tensor:
    """Pooled energy at every pixel.

    Parameters
    ----------
    frames
        ``(batch, channel, time, row + 14, col + 14)``, with their border; one channel for all units or one for each.
    filters
        Of all units.

    Returns
    -------
    Tensor
        ``(batch, unit, row, col)``.
    """
    batch, channels, times = frames.shape[:3]
    units, taps = filters.temporal_cosine.shape
    # Convolutions of torch are correlations: both kinds of kernel are turned round.
    stacked = torch.cat([filters.cosine, filters.sine]) if channels == 1 else _paired(filters)
    flipped = stacked.flip(1, 2)[:, None]
    pictures = frames.transpose(1, 2).flatten(0, 1)
    filtered = functional.conv2d(pictures, flipped, groups=channels).unflatten(0, (batch, times))
    if channels == 1:
        cosine, sine = filtered.chunk(2, dim=2)
    else:
        cosine, sine = filtered.unflatten(2, (units, 2)).unbind(3)
    cosine, sine = (part.unfold(1, taps, 1) for part in (cosine, sine))
    along_time, delayed = filters.temporal_cosine.flip(1), filters.temporal_sine.flip(1)

    def in_time(maps: Tensor, kernels: Tensor) -> Tensor:
        return torch.einsum("btuyxk,uk->btuyx", maps, kernels)

    even = in_time(cosine, along_time) - in_time(sine, delayed)
    odd = in_time(cosine, delayed) + in_time(sine, along_time)
    pooled = torch.einsum("btuyx,ut->buyx", even.square() + odd.square(), filters.pooling)
    return (pooled + filters.spontaneous[:, None, None]).abs()


def _paired(filters: EnergyFilters) -> Tensor:
    """Cosine and sine kernel of each unit side by side, as grouped convolution wants them."""
    return torch.stack([filters.cosine, filters.sine], dim=1).flatten(0, 1)
