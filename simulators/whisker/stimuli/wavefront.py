"""Corners and triangles of a Wavefront OBJ text; materials, normals and textures are left aside."""

from itertools import pairwise

import numpy as np


def read_triangles(text: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Vertices ``(V, 3)`` in the units of the file and faces ``(F, 3)``; polygons become fans of triangles.

    Parameters
    ----------
    text
        Content of the file.
    name
        Of the file, for messages.

    Raises
    ------
    ValueError
        If there are no corners or no faces, or a line is broken.
    """
    corners: list[list[float]] = []
    triangles: list[tuple[int, int, int]] = []
    for number, line in enumerate(text.replace("\\\n", " ").splitlines(), start=1):
        try:
            if line.startswith("v "):
                corners.append([float(word) for word in line.split()[1:4]])
            elif line.startswith("f "):
                indices = [int(word.partition("/")[0]) for word in line.split()[1:]]
                places = [index - 1 if index > 0 else len(corners) + index for index in indices]
                triangles += [(places[0], *pair) for pair in pairwise(places[1:])]
        except ValueError:
            raise ValueError(
                f"line {number} of {name} is {line!r}; a corner has three numbers, a face numbers."
            ) from None
    if not corners or not triangles:
        raise ValueError(f"{name} has {len(corners)} corners and {len(triangles)} triangles; a mesh needs both.")
    if {len(corner) for corner in corners} != {3}:
        raise ValueError(f"{name} has a corner with fewer than three numbers.")
    faces = np.array(triangles, dtype=np.int64)
    if faces.min() < 0 or faces.max() >= len(corners):
        raise ValueError(
            f"{name} has faces of corners {faces.min() + 1} to {faces.max() + 1}, but {len(corners)} corners."
        )
    return np.array(corners, dtype=np.float64), faces
