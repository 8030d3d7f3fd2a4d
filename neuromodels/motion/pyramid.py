"""Pictures at falling scales, sixteen-fold over eight levels, and back to one coarse map."""

import torch
from torch import Tensor
from torch.nn import functional

RATIO = 16 ** (-1 / 7)
STRIDE = 8


def level_scale(level: int) -> float:
    """Pixels of a level (0 is the finest) per pixel of the picture: the finest is already smaller than the picture."""
    return float(RATIO ** (level + 1))


def level_sizes(rows: int, cols: int, n_levels: int) -> list[tuple[int, int]]:
    """Rows and columns of each level, finest first."""
    sizes = []
    for _ in range(n_levels):
        rows, cols = int(rows * RATIO), int(cols * RATIO)
        sizes.append((rows, cols))
    return sizes


def pyramid(frames: Tensor, n_levels: int) -> list[Tensor]:
    """Levels of ``(batch, channel, row, col)``, each from the one before: bilinear, without smoothing."""
    levels = []
    for _ in range(n_levels):
        frames = functional.interpolate(frames, scale_factor=RATIO, mode="bilinear", align_corners=False)
        levels.append(frames)
    return levels


def resize(maps: Tensor, rows: int, cols: int) -> Tensor:
    """Bilinear ``(batch, channel, row, col)`` to a size, corner on corner."""
    return functional.interpolate(maps, (rows, cols), mode="bilinear", align_corners=True)


def sample_places(size: int, n: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Where `resize` reads one axis: the lower of two neighbours and the weight of the upper one.

    Parameters
    ----------
    size, n
        Length of the axis before and after; `size` is at least 2.
    like
        Gives device and precision: the weights round as those of `resize` do.

    Returns
    -------
    tuple of Tensor
        Whole numbers from 0 to size - 2, and weights from 0 to 1, both ``(n,)``.
    """
    step = torch.tensor((size - 1) / (n - 1) if n > 1 else 0.0, dtype=like.dtype, device=like.device)
    places = step * torch.arange(n, dtype=like.dtype, device=like.device)
    lower = places.long().clamp_max(size - 2)
    return lower, places - lower
