"""The mug: a cup and its handle as one closed surface."""

import numpy as np

from .surfaces import Surface, centred, grid_faces, revolve

_N_SIDES = 32
_N_RINGS = 15
# Corners around a hole of two by two cells of the wall, from the side, as steps of column and row.
_AROUND = ((1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1))


def mug(scale_mm: float, *, radius: float, wall: float, handle: float) -> Surface:
    """Cup of height 1 with a bent handle that is half a circle of radius ``handle``."""
    half = radius * np.sin(2 * np.pi / _N_SIDES)
    low, high = 0.5 - handle, 0.5 + handle
    heights = [0.0, low - half, low, low + half, high - half, high, high + half, 1.0]
    inner = radius - wall
    profile = [(0, 0), *((radius, height) for height in heights), (inner, 1), (inner, wall), (0, wall)]
    vertices, faces = revolve(np.array(profile), _N_SIDES)
    # The first vertex is the middle of the bottom; row r of the wall follows after r rings.
    lower, upper = (
        {
            (column, row): 1 + (middle + row) * _N_SIDES + column % _N_SIDES
            for column in (-1, 0, 1)
            for row in (-1, 0, 1)
        }
        for middle in (2, 5)
    )
    open_wall = [faces]
    for hole in (lower, upper):
        inside = np.isin(open_wall[-1], list(hole.values())).all(axis=1)
        open_wall.append(open_wall[-1][~inside])
    # Seen along the handle, which turns over, the upper hole is upside down.
    first = [lower[step] for step in _AROUND]
    last = [upper[(column, -row)] for column, row in _AROUND]
    rings = _handle_rings(radius, half, handle)
    numbers = np.concatenate([[first], len(vertices) + np.arange(rings.size // 3).reshape(-1, 8), [last]])
    tube = grid_faces(numbers, np.arange(len(numbers) - 1))
    return centred(
        scale_mm, _compact(np.concatenate([vertices, rings.reshape(-1, 3)]), np.concatenate([open_wall[-1], tube]))
    )


def _handle_rings(radius: float, half: float, handle: float) -> np.ndarray:
    """``(ring, 8, 3)`` between the holes, along half a circle that leaves the wall at right angles."""
    turn = np.linspace(-np.pi / 2, np.pi / 2, _N_RINGS + 2)[1:-1]
    path = np.column_stack([radius + handle * np.cos(turn), np.zeros(_N_RINGS), 0.5 + handle * np.sin(turn)])
    inward = np.column_stack([-np.cos(turn), np.zeros(_N_RINGS), -np.sin(turn)])
    around = np.arctan2([row for _, row in _AROUND], [column for column, _ in _AROUND])
    sideways = np.array([0.0, 1.0, 0.0])
    return path[:, None] + half * (
        np.cos(around)[None, :, None] * sideways + np.sin(around)[None, :, None] * inward[:, None]
    )


def _compact(vertices: np.ndarray, faces: np.ndarray) -> Surface:
    used, numbers = np.unique(faces, return_inverse=True)
    return vertices[used], numbers.reshape(-1, 3)
