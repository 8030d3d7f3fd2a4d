"""Motion energy by Fourier transform: in the frequency domain each unit is one product, and time one small matrix."""

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from .energy_stage import EnergyFilters
from .gabor import RADIUS

# Complex numbers that are held at a time.
CHUNK = 2**21


def fourier_energy(frames: Tensor, filters: EnergyFilters) -> Tensor:
    """Pooled energy at every pixel, as `plain_energy` gives it, in time that hardly depends on the size of the filters.

    Some units are computed at a time; for a gradient their intermediate values are computed again instead of kept.

    Parameters
    ----------
    frames
        ``(batch, channel, time, row + 14, col + 14)``, with their border; one channel for all units or one for each.
    filters
        Of all units; without phase.

    Returns
    -------
    Tensor
        ``(batch, unit, row, col)``.
    """
    batch, channels, times, rows, cols = frames.shape
    units, taps = filters.temporal_cosine.shape
    size = (good_length(rows), good_length(cols))
    spectrum = torch.fft.fft2(frames, s=size)
    at_a_time = max(1, CHUNK // (batch * times * size[0] * size[1]))
    parts = []
    for first in range(0, units, at_a_time):
        some = slice(first, first + at_a_time)
        arguments = (
            spectrum if channels == 1 else spectrum[:, some],
            *(value[some] for value in filters),
            (rows - 2 * RADIUS, cols - 2 * RADIUS),
        )
        if torch.is_grad_enabled() and (frames.requires_grad or any(value.requires_grad for value in filters)):
            parts.append(checkpoint(_energy, *arguments, use_reentrant=False, preserve_rng_state=False))
        else:
            parts.append(_energy(*arguments))
    return torch.cat(parts, dim=1)


def _energy(
    spectrum: Tensor,
    cosine: Tensor,
    sine: Tensor,
    temporal_cosine: Tensor,
    temporal_sine: Tensor,
    pooling: Tensor,
    spontaneous: Tensor,
    size: tuple[int, int],
) -> Tensor:
    """Energy of some units from the spectrum ``(batch, channel, time, frequency, frequency)`` of the frames."""
    batch, channels, times = spectrum.shape[:3]
    lengths = spectrum.shape[3:]
    units, taps = temporal_cosine.shape
    kernels = torch.fft.fft2(torch.complex(cosine, sine), s=lengths)
    in_time = torch.complex(moving(temporal_cosine, times), moving(temporal_sine, times))
    flat = spectrum.flatten(3)
    if channels == 1:
        moved = (in_time.flatten(0, 1) @ flat[:, 0]).view(batch, units, -1, *lengths)
    else:
        moved = (in_time @ flat).view(batch, units, -1, *lengths)
    filtered = torch.fft.ifft2(moved * kernels[:, None])
    inside = torch.view_as_real(filtered)[..., 2 * RADIUS :, 2 * RADIUS :, :][..., : size[0], : size[1], :]
    pooled = torch.einsum("butyxc,ut->buyxc", inside.square(), pooling)
    pooled = pooled[..., 0] + pooled[..., 1]
    return (pooled + spontaneous[:, None, None]).abs()


def moving(kernels: Tensor, times: int) -> Tensor:
    """Matrices ``(unit, output time, time)`` that convolve with ``(unit, tap)`` where all taps find a frame."""
    taps = kernels.shape[1]
    rows = [functional.pad(kernels.flip(1), (start, times - taps - start)) for start in range(times - taps + 1)]
    return torch.stack(rows, dim=1)


def good_length(n: int) -> int:
    """The next whole number without prime factors above 7: such transforms are fast."""
    while True:
        rest = n
        for factor in (2, 3, 5, 7):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return n
        n += 1
