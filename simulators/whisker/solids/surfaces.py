"""Triangles of simple surfaces, for pictures."""

import numpy as np


def lattice(points: np.ndarray, *, closed_u: bool, closed_v: bool) -> tuple[np.ndarray, np.ndarray]:
    """Triangles of a grid of points.

    Parameters
    ----------
    points
        (U, V, 3).
    closed_u, closed_v
        The last row or column joins the first.

    Returns
    -------
    vertices, faces
        (U V, 3) and (F, 3); counter-clockwise seen from the side of d/du x d/dv.
    """
    n_u, n_v = points.shape[:2]
    grid = np.meshgrid(np.arange(n_u if closed_u else n_u - 1), np.arange(n_v if closed_v else n_v - 1), indexing="ij")
    u, v = grid[0].ravel(), grid[1].ravel()
    u_next, v_next = (u + 1) % n_u, (v + 1) % n_v
    a, b, c, d = u * n_v + v, u_next * n_v + v, u_next * n_v + v_next, u * n_v + v_next
    faces = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
    return points.reshape(-1, 3), faces


def revolved(profile_mm: np.ndarray, n_around: int = 48, *, closed: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Surface of revolution about z.

    Parameters
    ----------
    profile_mm
        (P, 2) distance from the axis and height, from bottom to top on the outside.
    n_around
        Points around the axis.
    closed
        The profile is a loop.
    """
    angle = 2 * np.pi * np.arange(n_around) / n_around
    rho, z = np.asarray(profile_mm, dtype=float).T
    points = np.stack(
        [np.outer(np.cos(angle), rho), np.outer(np.sin(angle), rho), np.broadcast_to(z, (n_around, len(z)))], axis=2
    )
    vertices, faces = lattice(points, closed_u=True, closed_v=closed)
    return welded(vertices, faces)


def welded(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Join corners at the same place and drop triangles that thereby lose their area."""
    unique, inverse = np.unique(np.round(vertices, 9), axis=0, return_inverse=True)
    faces = inverse.reshape(-1)[faces]
    keep = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    return unique, faces[keep]


def prism(profile_mm: np.ndarray, cap: np.ndarray, height_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """Closed surface of a polygon extruded along z, centred.

    Parameters
    ----------
    profile_mm
        (P, 2) corners, counter-clockwise.
    cap
        (P-2, 3) triangles of the polygon, counter-clockwise.
    height_mm
        Full height.
    """
    n = len(profile_mm)
    half = np.full((n, 1), 0.5 * height_mm)
    vertices = np.concatenate([np.hstack([profile_mm, -half]), np.hstack([profile_mm, half])])
    i = np.arange(n)
    j = (i + 1) % n
    walls = np.concatenate([np.stack([i, j, j + n], axis=1), np.stack([i, j + n, i + n], axis=1)])
    return vertices, np.concatenate([cap[:, ::-1], cap + n, walls])
