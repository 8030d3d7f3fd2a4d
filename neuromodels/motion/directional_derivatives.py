"""Directional derivatives of a Gaussian in space and time, steered by the multinomial weights of their direction.

The derivative of order n along a unit vector (y, x, t) is the sum over o_y + o_x + o_t = n of
``n! / (o_y! o_x! o_t!) y^o_y x^o_x t^o_t`` times the derivative of these orders along the axes, so that a few separable
filters give all directions. Vectors are in (y up, x right, t).
"""

from functools import cache
from math import factorial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

ORDER = 3
# Derivatives of order 0 to 3 of a Gaussian of standard deviation 1.25, as tabulated with the published model.
FILTERS = np.array(
    [
        [0.0007, 0.0155, 0.0903, 0.2345, 0.3179, 0.2345, 0.0903, 0.0155, 0.0007],
        [0.0031, 0.0352, 0.1187, 0.1439, 0.0000, -0.1439, -0.1187, -0.0352, -0.0031],
        [0.0103, 0.0618, 0.0856, -0.0617, -0.1920, -0.0617, 0.0856, 0.0618, 0.0103],
        [0.0272, 0.0659, -0.0536, -0.2037, 0.0000, 0.2037, 0.0536, -0.0659, -0.0272],
    ]
)
N_TAPS = FILTERS.shape[1]


@cache
def orders(degree: int) -> tuple[tuple[int, int, int], ...]:
    """All (o_y, o_x, o_t) that sum to a degree."""
    return tuple((y, x, degree - y - x) for y in range(degree + 1) for x in range(degree + 1 - y))


def directions(azimuth_deg: np.ndarray, speed_ppf: np.ndarray) -> np.ndarray:
    """Unit vectors in frequency space, ``(unit, 3)``.

    Parameters
    ----------
    azimuth_deg
        Direction of motion of the preferred grating, degrees, 0 rightward, counter-clockwise.
    speed_ppf
        Its temporal over its spatial frequency, pixels per frame.
    """
    azimuth, elevation = np.deg2rad(azimuth_deg), np.arctan(speed_ppf)
    return np.stack(
        [np.cos(elevation) * np.sin(azimuth), np.cos(elevation) * np.cos(azimuth), np.sin(elevation)], axis=-1
    )


def steering_weights(vectors: np.ndarray, degree: int) -> np.ndarray:
    """Weight of each of `orders` for the derivative along unit vectors, ``(..., order)``."""
    y, x, t = np.moveaxis(vectors, -1, 0)
    return np.stack(
        [
            factorial(degree) / (factorial(a) * factorial(b) * factorial(c)) * y**a * x**b * t**c
            for a, b, c in orders(degree)
        ],
        axis=-1,
    )


def separable_derivatives(frames: Tensor, filters: Tensor) -> Tensor:
    """Third-order derivatives of clips along the axes, where the filters fit.

    Parameters
    ----------
    frames
        ``(batch, time, row, col)``.
    filters
        `FILTERS`, ``(order, tap)``, in the precision and on the device of the frames.

    Returns
    -------
    Tensor
        ``(batch, order, time - 8, row - 8, col - 8)``, in the sequence of ``orders(3)``.
    """
    # conv3d correlates. A pattern that moves right gains phase along x and loses it along t; rows run downward, y upward.
    places = orders(ORDER)
    by_time = functional.conv3d(frames[:, None], filters[:, None, :, None, None])
    by_time = by_time[:, [t for _, _, t in places]]
    kernels = filters[[y for y, _, _ in places]][:, None, None, :, None]
    by_rows = functional.conv3d(by_time, kernels, groups=len(places))
    kernels = filters.flip(1)[[x for _, x, _ in places]][:, None, None, None, :]
    return functional.conv3d(by_rows, kernels, groups=len(places))


def interpolation_weights(wanted: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Weights on squared third-order responses that give those of other directions.

    A squared third derivative is of degree 6 in its direction, so the 28 terms of that degree carry it to any direction from
    28 in general position.

    Parameters
    ----------
    wanted, held
        Unit vectors ``(..., 3)`` and ``(28, 3)``.

    Returns
    -------
    ndarray
        ``(..., 28)``.
    """
    degree = 2 * ORDER
    return steering_weights(wanted, degree) @ np.linalg.pinv(steering_weights(held, degree))


def gaussian_taps(sd: float, n_taps: int) -> np.ndarray:
    """A Gaussian at whole pixels around its centre, sum 1."""
    place = np.arange(n_taps) - n_taps // 2
    weights = np.exp(-(place**2) / (2 * sd**2))
    return weights / weights.sum()


def blur(maps: Tensor, taps: Tensor) -> Tensor:
    """Separable blur over rows and columns of ``(batch, channel, time, row, col)``, where the taps fit."""
    size = (-1, 1, *maps.shape[-3:])
    flat = functional.conv3d(maps.reshape(size), taps[None, None, None, :, None])
    flat = functional.conv3d(flat, taps[None, None, None, None, :])
    return flat.reshape(*maps.shape[:2], *flat.shape[-3:])


def steer(derivatives: Tensor, weights: Tensor) -> Tensor:
    """Weighted sums over the second axis: ``(batch, order, ...)`` by ``(unit, order)`` to ``(batch, unit, ...)``."""
    return torch.einsum("bo...,uo->bu...", derivatives, weights)
