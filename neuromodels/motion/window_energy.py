"""Motion energy where it is asked for: blocks of 2 x 2 pixels, each from one window of 16 x 16, as matrix products.

A window's even and odd part under a half turn see half of the kernels each, since a Gabor without phase has an even cosine
and an odd sine part: for the two pixels of a diagonal, a and its image a', the sum of their two kernels and the difference
are even or odd, so that each product has 128 instead of 256 terms.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from .energy_stage import EnergyFilters
from .fourier_energy import moving
from .gabor import RADIUS, SIDE
from .pyramid import resize, sample_places

WINDOW = SIDE + 1
HALF = WINDOW // 2
# Windows times frames that are held at a time.
CHUNK = 2**13
# Pixels per window from which windows are faster than Fourier transforms, measured on one CPU core.
PIXELS_PER_WINDOW = 7


class Kernels(NamedTuple):
    """Filters of the units in the form that windows take, see `window_kernels`."""

    even: Tensor
    odd: Tensor
    of_cosine: Tensor
    of_sine: Tensor
    pooling: Tensor
    spontaneous: Tensor


def window_energy(frames: Tensor, filters: EnergyFilters, rows: int, cols: int) -> Tensor:
    """Pooled energy resized to a coarse map: what `resize` makes of `plain_energy`.

    Where the map is so coarse that it reads few pixels, only these are computed. Some windows are computed at a time; for
    a gradient their intermediate values are computed again instead of kept, unless one part has them all.

    Parameters
    ----------
    frames
        ``(batch, 1, time, row + 14, col + 14)``, with their border.
    filters
        Of all units; without phase.
    rows, cols
        Size of the coarse map.

    Returns
    -------
    Tensor
        ``(batch, unit, rows, cols)``.
    """
    pictures = frames[:, 0].transpose(0, 1)
    size = [n - 2 * RADIUS for n in pictures.shape[2:]]
    kernels = window_kernels(filters, len(pictures))
    if reads_few(size[0], size[1], rows, cols):
        (above, down), (left, right) = (sample_places(n, k, frames) for n, k in zip(size, (rows, cols), strict=True))
        blocks = _blocks(pictures, kernels, above, left)
        weights = [torch.stack([1 - upper, upper], dim=1) for upper in (down, right)]
        return torch.einsum("byxuij,yi,xj->buyx", blocks, *weights)
    # Every pixel: blocks side by side, with one row or column to spare where their number is odd.
    pictures = functional.pad(pictures, (0, size[1] % 2, 0, size[0] % 2))
    above, left = (torch.arange(0, n, 2, device=frames.device) for n in size)
    blocks = _blocks(pictures, kernels, above, left)
    maps = blocks.permute(0, 3, 1, 4, 2, 5).flatten(4, 5).flatten(2, 3)
    return resize(maps[:, :, : size[0], : size[1]], rows, cols)


def reads_few(rows: int, cols: int, coarse_rows: int, coarse_cols: int) -> bool:
    """Whether blocks where a coarse map reads are fewer than blocks that cover all pixels."""
    return min(rows, cols) > 1 and coarse_rows * coarse_cols <= -(-rows // 2) * -(-cols // 2)


def windows_pay(frames: Tensor, rows: int, cols: int) -> bool:
    """Whether `window_energy` is faster than `fourier_energy`, for frames with their border and a coarse map."""
    if frames.device.type != "cpu":
        return False
    height, width = frames.shape[3] - 2 * RADIUS, frames.shape[4] - 2 * RADIUS
    windows = rows * cols if reads_few(height, width, rows, cols) else -(-height // 2) * -(-width // 2)
    return frames.shape[3] * frames.shape[4] >= PIXELS_PER_WINDOW * windows


def window_kernels(filters: EnergyFilters, times: int) -> Kernels:
    """Kernels of the even and of the odd half windows, and matrices in time.

    Returns
    -------
    Kernels
        ``even`` and ``odd`` ``(2 * diagonal * unit, 128)``: of a diagonal's two pixels the sum of the cosine kernels and
        difference of the sine kernels, and the other way round, each halved. ``of_cosine`` and ``of_sine``
        ``(diagonal * unit, 2 * output time, time)``: real above imaginary part of the energy's root.
    """
    even, odd = [], []
    for shift in (0, 1):
        # First diagonal: upper left and lower right pixel; second: upper right and lower left.
        cosine, sine = (
            [
                functional.pad(kernel.flip(1, 2), (dx, 1 - dx, dy, 1 - dy)).flatten(1) / 2
                for dy, dx in ((0, shift), (1, 1 - shift))
            ]
            for kernel in (filters.cosine, filters.sine)
        )
        even.append([cosine[0] + cosine[1], sine[0] - sine[1]])
        odd.append([cosine[0] - cosine[1], sine[0] + sine[1]])
    along, delayed = moving(filters.temporal_cosine, times), moving(filters.temporal_sine, times)
    halves = [
        torch.stack([torch.stack(pair) for pair in zip(*part, strict=True)]).flatten(0, 2)[:, : WINDOW * HALF]
        for part in (even, odd)
    ]
    return Kernels(
        even=halves[0],
        odd=halves[1],
        of_cosine=torch.cat([along, delayed], dim=1).repeat(2, 1, 1),
        of_sine=torch.cat([-delayed, along], dim=1).repeat(2, 1, 1),
        pooling=filters.pooling.repeat(2, 2),
        spontaneous=filters.spontaneous.repeat(2),
    )


def _blocks(pictures: Tensor, kernels: Kernels, above: Tensor, left: Tensor) -> Tensor:
    """Energy ``(batch, row, col, unit, 2, 2)`` of blocks of pixels that begin at the given rows and columns."""
    # Each window's columns forward for its upper half, and backward for its lower half: (time, batch, row, col, 16).
    forward = pictures.unfold(3, WINDOW, 1).index_select(3, left)
    backward = pictures.flip(3).unfold(3, WINDOW, 1).index_select(3, pictures.shape[3] - WINDOW - left)
    at_a_time = max(1, CHUNK // (pictures.shape[0] * pictures.shape[1] * len(left)))
    parts = []
    for start in range(0, len(above), at_a_time):
        arguments = (forward, backward, above[start : start + at_a_time], *kernels)
        # What a single part leaves is little enough to keep.
        if at_a_time < len(above) and _differentiated(pictures, *kernels):
            parts.append(checkpoint(_energy, *arguments, use_reentrant=False, preserve_rng_state=False))
        else:
            parts.append(_energy(*arguments))
    return torch.cat(parts, dim=1)


def _differentiated(*values: Tensor) -> bool:
    return torch.is_grad_enabled() and any(value.requires_grad for value in values)


def _energy(
    forward: Tensor,
    backward: Tensor,
    above: Tensor,
    even: Tensor,
    odd: Tensor,
    of_cosine: Tensor,
    of_sine: Tensor,
    pooling: Tensor,
    spontaneous: Tensor,
) -> Tensor:
    """Energy of the blocks of some rows."""
    times, batch = forward.shape[:2]
    down = torch.arange(HALF, device=above.device)
    upper = forward.index_select(2, (above[:, None] + down).flatten()).unflatten(2, (-1, HALF))
    lower = backward.index_select(2, (above[:, None] + WINDOW - 1 - down).flatten()).unflatten(2, (-1, HALF))
    cols = upper.shape[4]
    # (time, batch, row, half window row, col, window col) to (time * batch * row * col, half window)
    parts = [part.transpose(3, 4).reshape(-1, HALF * WINDOW) for part in (upper + lower, upper - lower)]
    cosine_sum, sine_difference = (even @ parts[0].T).view(2, len(of_cosine), times, -1)
    cosine_difference, sine_sum = (odd @ parts[1].T).view(2, len(of_cosine), times, -1)
    total = torch.baddbmm(of_sine @ sine_sum, of_cosine, cosine_sum)
    difference = torch.baddbmm(of_sine @ sine_difference, of_cosine, cosine_difference)
    energies = [
        ((pooling[:, None] @ root.square()).squeeze(1) + spontaneous[:, None]).abs()
        for root in (total + difference, total - difference)
    ]
    # (pixel of the diagonal, diagonal, unit, batch, row, col)
    first, second = (part.view(2, -1, batch, len(above), cols) for part in energies)
    blocks = torch.stack([first[0], first[1], second[1], second[0]])
    return blocks.unflatten(0, (2, 2)).permute(3, 4, 5, 2, 0, 1)
