"""The eight motions of the whisker grid, with what they make of forces and moments.

Recordings stand in world axes: +x right, +y rostral, +z dorsal. In the pose of the published sweeps the base points of
the right side lie on a grid along these axes, columns 0 to 6 along +y and rows A to E along -z, and +x points away from
the face. A motion of the grid is therefore an orthogonal map R of the y-z plane that leaves x alone: the four turns by
90 deg about x and their four mirror images. With the middle of the grid, C3, as origin

    place (column - 3, 2 - row) -> R (column - 3, 2 - row)
    force  F                    -> R F                a polar vector
    moment M = r x F            -> det(R) R M         an axial vector

so that a scene moved by R about a grid of equal whiskers is recorded as exactly that.
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

N_ROWS, N_COLUMNS = 5, 7
N_QUANTITIES = 6
N_MOTIONS = 8
# Places without a whisker: rows A to E of the mouse have 5, 5, 7, 7 and 6.
MOUSE_ABSENT = ("A5", "A6", "B5", "B6", "E6")


def motion_matrix(motion: int) -> np.ndarray:
    """Orthogonal map ``(3, 3)`` of x, y, z, with entries -1, 0 and 1.

    Parameters
    ----------
    motion
        0 to 7: the sum of 4 for a quarter turn about +x (rostral becomes dorsal), which comes first, 1 for a mirror
        that turns rostral to caudal, 2 for one that turns dorsal to ventral. 3 is a half turn.

    Raises
    ------
    ValueError
        If there is no such motion.
    """
    if motion not in range(N_MOTIONS):
        raise ValueError(f"motion {motion} is not known; the grid has the motions 0 to {N_MOTIONS - 1}.")
    mirrors = np.diag([1, -1 if motion & 1 else 1, -1 if motion & 2 else 1])
    quarter_turn = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    return mirrors @ quarter_turn if motion & 4 else mirrors


def place_index(name: str) -> int:
    """Number of a place, row by row: ``A0`` is 0, ``E6`` is 34.

    Raises
    ------
    ValueError
        If the grid has no such place.
    """
    row, column = ("ABCDE".find(name[:1]), name[1:]) if name else (-1, "")
    if row < 0 or column not in set("0123456"):
        raise ValueError(f"place {name!r} is not on the grid; give a row A to E and a column 0 to 6, such as 'C2'.")
    return row * N_COLUMNS + int(column)


def moved_from(motion: int, absent: tuple[str, ...] = MOUSE_ABSENT) -> np.ndarray:
    """Which place each place takes its values from, ``(35,)``; -1 where it takes none.

    A place takes none where it holds no whisker itself, and where the place that would move there lies off the grid or
    holds no whisker: no force comes to stand where no whisker is, and none is invented.

    Parameters
    ----------
    motion
        As for `motion_matrix`.
    absent
        Places without a whisker.
    """
    empty = {place_index(name) for name in absent}
    matrix = motion_matrix(motion)[1:, 1:]
    source = np.full(N_ROWS * N_COLUMNS, -1)
    for place in range(N_ROWS * N_COLUMNS):
        row, column = divmod(place, N_COLUMNS)
        # The inverse of an orthogonal map is its transpose.
        along_columns, upwards = matrix.T @ (column - 3, 2 - row)
        from_row, from_column = 2 - upwards, 3 + along_columns
        if 0 <= from_row < N_ROWS and 0 <= from_column < N_COLUMNS:
            origin = from_row * N_COLUMNS + from_column
            if not {place, origin} & empty:
                source[place] = origin
    return source


@lru_cache(maxsize=8)
def motion_tables(absent: tuple[str, ...] = MOUSE_ABSENT) -> tuple[Tensor, Tensor]:
    """All motions as one gather and one product over the 210 values of a frame, quantity by place.

    Returns
    -------
    source
        ``(8, 210)`` int64: where each value comes from.
    sign
        ``(8, 210)``: 1 or -1; 0 where a place takes none. Motion 0 leaves every value, also of empty places.
    """
    n_places = N_ROWS * N_COLUMNS
    source = np.zeros((N_MOTIONS, N_QUANTITIES, n_places), dtype=np.int64)
    sign = np.zeros((N_MOTIONS, N_QUANTITIES, n_places))
    for motion in range(N_MOTIONS):
        matrix = motion_matrix(motion)
        axial = round(np.linalg.det(matrix)) * matrix
        places = moved_from(motion, absent) if motion else np.arange(n_places)
        for quantity in range(N_QUANTITIES):
            row = (matrix if quantity < 3 else axial)[quantity % 3]
            (axis,) = np.flatnonzero(row)
            source[motion, quantity] = (quantity // 3 * 3 + axis) * n_places + np.maximum(places, 0)
            sign[motion, quantity] = np.where(places >= 0, row[axis], 0)
    shape = (N_MOTIONS, N_QUANTITIES * n_places)
    return torch.from_numpy(source.reshape(shape)), torch.from_numpy(sign.reshape(shape))


def silenced(motion: int, absent: tuple[str, ...] = MOUSE_ABSENT) -> tuple[str, ...]:
    """Whiskers that are silent after a motion, for want of one that would move there.

    Examples
    --------
    >>> silenced(1)
    ('A0', 'A1', 'B0', 'B1', 'E0')
    >>> silenced(2)
    ('D5', 'D6', 'E5')
    """
    taken = moved_from(motion, absent)
    names = [f"{'ABCDE'[place // N_COLUMNS]}{place % N_COLUMNS}" for place in range(N_ROWS * N_COLUMNS)]
    return tuple(name for name, origin in zip(names, taken, strict=True) if origin < 0 and name not in absent)
