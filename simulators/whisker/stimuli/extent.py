"""How far a turned solid reaches along x, y and z: what placement at a stated distance needs."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..solids import Solid


def turned_extent_mm(solid: "Solid", rotation: np.ndarray) -> np.ndarray:
    """Lowest and highest x, y, z ``(2, 3)`` of a solid about its own origin, turned by ``rotation`` (3, 3).

    Exact for solids with a formula and for those made of flat faces; a curved plate to the fineness of its surface.

    Raises
    ------
    ValueError
        If the solid has no end, as a plane.
    """
    if not np.isfinite(solid.bounds_mm()).all():
        raise ValueError(f"a {type(solid).__name__} has no end and cannot be placed by its extent; use a finite solid.")
    reach = _symmetric_reach(solid, rotation)
    if reach is not None:
        return np.stack([-reach, reach])
    vertices = solid.surface()[0] @ rotation.T
    return np.stack([vertices.min(axis=0), vertices.max(axis=0)])


def _symmetric_reach(solid: "Solid", rotation: np.ndarray) -> np.ndarray | None:
    """Reach along the three axes of a solid that is its own mirror image through its origin and has a formula."""
    from ..solids import Capsule, Cylinder, Sphere, Superquadric, Torus

    across, along = np.hypot(rotation[:, 0], rotation[:, 1]), np.abs(rotation[:, 2])
    match solid:
        case Sphere():
            return np.full(3, solid.radius_mm)
        case Cylinder():
            return solid.radius_mm * across + solid.length_mm / 2 * along
        case Capsule():
            return solid.radius_mm + solid.length_mm / 2 * along
        case Torus():
            return solid.ring_radius_mm * across + solid.tube_radius_mm
        case Superquadric():
            radii = np.abs(rotation) * np.asarray(solid.radii_mm)
            polar, equatorial = solid.exponents
            flat = _dual_norm(radii[:, 0], radii[:, 1], equatorial)
            return _dual_norm(flat, radii[:, 2], polar)
    return None


def _dual_norm(u: np.ndarray, v: np.ndarray, exponent: float) -> np.ndarray:
    """Support function of |x|^(2/e) + |y|^(2/e) = 1 in the direction (u, v)."""
    power = 2 / exponent
    if power <= 1:
        return np.maximum(u, v)
    dual = power / (power - 1)
    largest = np.maximum(np.maximum(u, v), np.finfo(float).tiny)
    return largest * ((u / largest) ** dual + (v / largest) ** dual) ** (1 / dual)
