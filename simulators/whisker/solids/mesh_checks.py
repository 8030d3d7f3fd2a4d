"""What a triangle mesh must be before whiskers may touch it, and what of it has an inside."""

from typing import NamedTuple

import numpy as np

from ..numbers_given import array_of_numbers

SIZE_RANGE_MM = (0.5, 2000.0)
"""Diagonals of objects that whiskers touch; what lies outside was given in another unit."""


class Cleaned(NamedTuple):
    """Mesh without repeated corners and without triangles that have no area, and how many of these there were."""

    vertices_mm: np.ndarray
    faces: np.ndarray
    n_degenerate: int
    n_merged: int


def cleaned(vertices_mm: np.ndarray, faces: np.ndarray) -> Cleaned:
    """Merge equal corners, drop triangles without area and corners without a triangle.

    Raises
    ------
    ValueError
        If the mesh is empty, not made of triangles, not finite, refers to missing corners or has no area at all.
    """
    vertices_mm = array_of_numbers("vertices_mm of Mesh", vertices_mm)
    array_of_numbers("faces of Mesh", faces)
    faces = np.asarray(faces)
    if vertices_mm.ndim != 2 or vertices_mm.shape[1] != 3 or faces.ndim != 2 or faces.shape[1] != 3:
        raise ValueError(
            f"vertices_mm and faces have shapes {vertices_mm.shape} and {faces.shape}; a mesh is corners (V, 3) and "
            "triangles (F, 3)."
        )
    if len(vertices_mm) == 0 or len(faces) == 0:
        raise ValueError(f"the mesh is empty: {len(vertices_mm)} corners, {len(faces)} triangles; it needs triangles.")
    if not np.isfinite(vertices_mm).all():
        n_bad = int((~np.isfinite(vertices_mm)).any(axis=1).sum())
        raise ValueError(f"{n_bad} corners of the mesh are NaN or infinite; every corner must be finite.")
    if not np.issubdtype(faces.dtype, np.integer) or faces.min() < 0 or faces.max() >= len(vertices_mm):
        raise ValueError(
            f"faces hold {faces.dtype} values from {faces.min()} to {faces.max()}; they must be indices of the "
            f"{len(vertices_mm)} corners."
        )
    # + 0.0 makes -0 and 0 the same corner.
    unique, inverse = np.unique(vertices_mm + 0.0, axis=0, return_inverse=True)
    merged = inverse.reshape(-1)[faces]
    corners = unique[merged]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    keep = np.linalg.norm(normal, axis=1) > 1e-12 * longest**2
    if not keep.any():
        raise ValueError(f"none of the {len(faces)} triangles of the mesh has an area; give a surface.")
    used, compact = np.unique(merged[keep], return_inverse=True)
    return Cleaned(
        np.ascontiguousarray(unique[used]),
        compact.reshape(-1, 3).astype(np.int64),
        int((~keep).sum()),
        len(vertices_mm) - len(unique),
    )


def check_size(vertices_mm: np.ndarray) -> None:
    """Refuse a mesh whose size says that its unit is not the millimetre.

    Raises
    ------
    ValueError
        If the diagonal of the bounding box is below 0.5 mm or above 2000 mm.
    """
    diagonal = float(np.linalg.norm(np.ptp(vertices_mm, axis=0)))
    low, high = SIZE_RANGE_MM
    if low <= diagonal <= high:
        return
    unit = "unit='m'" if diagonal < low else "unit='um'"
    raise ValueError(
        f"the diagonal of the mesh is {diagonal:.4g} mm; objects between {low:g} and {high:g} mm are accepted: read it with "
        f"{unit} if that is the unit of the file, or give diagonal_mm."
    )


def pseudonormals(vertices_mm: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals of the edges and the corners of each triangle, (F, 18).

    An edge has the mean normal of its two triangles, a corner that of its triangles weighted by their angles there.

    References
    ----------
    Baerentzen & Aanaes (2005) IEEE Transactions on Visualization and Computer Graphics 11:243.
    """
    corners = vertices_mm[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    ahead = np.roll(corners, -1, axis=1) - corners
    behind = np.roll(corners, 1, axis=1) - corners
    angle = np.arctan2(np.linalg.norm(np.cross(ahead, behind), axis=2), np.einsum("fij,fij->fi", ahead, behind))
    at_corner = np.zeros_like(vertices_mm)
    np.add.at(at_corner, faces, angle[:, :, None] * normal[:, None])
    edges = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=2), axis=2).reshape(-1, 2)
    _, which = np.unique(edges, axis=0, return_inverse=True)
    which = which.reshape(-1)
    at_edge = np.zeros((which.max() + 1, 3))
    np.add.at(at_edge, which, np.repeat(normal, 3, axis=0))
    both = np.concatenate([at_edge[which].reshape(-1, 3, 3), at_corner[faces]], axis=1)  # (F, 6, 3)
    size = np.linalg.norm(both, axis=2, keepdims=True)
    return (both / np.where(size > 0, size, 1.0)).reshape(-1, 18)
