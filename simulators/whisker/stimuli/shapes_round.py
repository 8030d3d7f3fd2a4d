"""Families of round objects: solids with an exact distance where there is one, surfaces of meshes else.

Each builder takes the scale in mm of a shape described by ratios, and returns a solid with a formula or the surface of
a mesh, in its own frame, axis z.
"""

import numpy as np

from ..solids import Capsule, CurvedPlate, Cylinder, Superquadric, Torus
from .surfaces import Surface, centred, revolve, tube, union_of_balls


def ellipsoid(scale_mm: float, *, width: float, depth: float) -> Superquadric:
    """Ellipsoid of height 2, half widths ``width`` and ``depth``."""
    return Superquadric((width * scale_mm, depth * scale_mm, scale_mm), (1.0, 1.0))


def superquadric(scale_mm: float, *, width: float, depth: float, polar: float, equatorial: float) -> Superquadric:
    """Box with rounded edges (exponents below 1) to pinched spindle (above 1)."""
    return Superquadric((width * scale_mm, depth * scale_mm, scale_mm), (polar, equatorial))


def rod(scale_mm: float, *, radius: float) -> Capsule:
    """Round-ended rod of length 1 between the centres of its ends."""
    return Capsule(radius * scale_mm, scale_mm)


def cylinder(scale_mm: float, *, radius: float) -> Cylinder:
    """Cylinder of length 1."""
    return Cylinder(radius * scale_mm, scale_mm)


def torus(scale_mm: float, *, tube_radius: float) -> Torus:
    """Torus whose ring has radius 1."""
    return Torus(scale_mm, tube_radius * scale_mm)


def curved_plate(scale_mm: float, *, angle_deg: float, height: float, thickness: float) -> CurvedPlate:
    """Plate of constant thickness, bent to an arc of radius 1."""
    return CurvedPlate(scale_mm, angle_deg, height * scale_mm, thickness * scale_mm)


def egg(scale_mm: float, *, width: float, asymmetry: float) -> Surface:
    """Body of revolution, height 2, wider below the middle by the asymmetry."""
    polar = np.linspace(-np.pi / 2, np.pi / 2, 25)
    radius = width * np.cos(polar) * (1 - asymmetry * np.sin(polar))
    return _revolved(scale_mm, np.column_stack([radius, np.sin(polar)]))


def cone(scale_mm: float, *, radius: float) -> Surface:
    """Cone of height 1."""
    return _revolved(scale_mm, [(0, 0), (radius, 0), (0, 1)])


def frustum(scale_mm: float, *, radius: float, top_share: float) -> Surface:
    """Cone of height 1 cut off at the top."""
    return _revolved(scale_mm, [(0, 0), (radius, 0), (radius * top_share, 1), (0, 1)])


def pyramid(scale_mm: float, *, n_sides: int, radius: float) -> Surface:
    """Pyramid of height 1 on a regular polygon."""
    return centred(scale_mm, revolve(np.array([(0, 0), (radius, 0), (0, 1)]), n_sides))


def ring_plate(scale_mm: float, *, hole_share: float, thickness: float) -> Surface:
    """Flat ring of outer radius 1."""
    half = thickness / 2
    return _revolved(scale_mm, [(hole_share, -half), (1, -half), (1, half), (hole_share, half)])


def dumbbell(scale_mm: float, *, bar_radius: float, bar_length: float, end_ratio: float) -> Surface:
    """Ball of radius 1 and ball of radius ``end_ratio``, joined by a bar."""
    low_join, high_join = np.arcsin(bar_radius), np.arcsin(bar_radius / end_ratio)
    low = np.linspace(0, np.pi - low_join, 16)
    high = np.linspace(high_join, np.pi, 16)
    top_centre = np.cos(low_join) + bar_length + end_ratio * np.cos(high_join)
    below = np.column_stack([np.sin(low), -np.cos(low)])
    above = np.column_stack([end_ratio * np.sin(high), top_centre - end_ratio * np.cos(high)])
    return _revolved(scale_mm, np.concatenate([below, above]), n_sides=28)


def bowl(scale_mm: float, *, opening_deg: float, thickness: float) -> Surface:
    """Part of a hollow ball of outer radius 1, from the bottom to the rim at an angle from the bottom."""
    angle = np.linspace(0, np.radians(opening_deg), 14)
    wall = np.column_stack([np.sin(angle), -np.cos(angle)])
    return _revolved(scale_mm, np.concatenate([wall, (1 - thickness) * wall[::-1]]))


def bottle(scale_mm: float, *, radius: float, neck_share: float, shoulder: float) -> Surface:
    """Closed bottle of height 1: body, shoulder of one quarter of a wave, neck."""
    rise = np.linspace(0, 1, 9)
    neck = radius * neck_share
    slope = np.column_stack([neck + (radius - neck) * (1 + np.cos(np.pi * rise)) / 2, shoulder + 0.2 * rise])
    return _revolved(scale_mm, np.concatenate([[(0, 0), (radius, 0)], slope, [(neck, 1), (0, 1)]]))


def vase(scale_mm: float, *, radius: float, waist: float, n_waves: float) -> Surface:
    """Closed body of height 1 whose outline waves in and out."""
    height = np.linspace(0, 1, 25)
    outline = radius * (1 - waist * (1 - np.cos(2 * np.pi * n_waves * height)) / 2)
    return _revolved(scale_mm, np.concatenate([[(0, 0)], np.column_stack([outline, height]), [(0, 1)]]))


def helix(scale_mm: float, *, n_turns: float, rise: float, wire: float) -> Surface:
    """Coil of radius 1 that rises by ``rise`` per turn."""
    turn = 2 * np.pi * np.linspace(0, n_turns, 28 * int(np.ceil(n_turns)))
    path = np.column_stack([np.cos(turn), np.sin(turn), rise * turn / (2 * np.pi)])
    return centred(scale_mm, tube(path, wire, 8))


def blobs(scale_mm: float, *, n_balls: int, spread: float, shape_seed: int) -> Surface:
    """Union of balls that share a point, of unequal size."""
    rng = np.random.default_rng(shape_seed)
    directions = rng.normal(size=(n_balls, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    radii = rng.uniform(0.5, 1.0, n_balls)
    return centred(scale_mm, union_of_balls(directions * (spread * radii)[:, None], radii))


def _revolved(scale_mm: float, profile: np.ndarray | list[tuple[float, float]], n_sides: int = 32) -> Surface:
    points = np.array(profile, dtype=np.float64)
    points[np.abs(points[:, 0]) < 1e-12, 0] = 0
    return centred(scale_mm, revolve(points, n_sides))
