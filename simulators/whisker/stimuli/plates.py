"""The curved plate of the neural comparison, convex or concave to the whiskers, close, medium or far.

References
----------
Chung et al. 2025 (arXiv:2505.18361): the six stimuli compared with Rodgers 2022 (Sci Data 9:497). The plate is built
here from a circle fitted to the published outline; the outline itself can be given as a file.
"""

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..geometry.frames import rotation

if TYPE_CHECKING:
    from ..motion import RigidMotion
    from ..solids import Solid

Shape = Literal["convex", "concave"]
Distance = Literal["close", "medium", "far"]
SHAPES: tuple[Shape, ...] = ("convex", "concave")
DISTANCES: tuple[Distance, ...] = ("close", "medium", "far")

PUBLISHED_DIAGONAL_MM = 55.0
# In units of the published outline, whose plate has this bounding-box diagonal.
_UNITS_DIAGONAL = 1.60239
_CENTRE = np.array([-0.771, -1.653])
_OUTER_RADIUS = 1.860
_FIRST_DEG, _LAST_DEG = 88.449, 41.569
_INNER_SHIFT = np.array([-0.020447, -0.046006])
_LOWEST, _HIGHEST = -0.2566, 0.2513
_TURN_DEG = {"concave": -25.0, "convex": 155.0}
# Least x and y of the published plate once turned, in the same units; by these the published rule places it.
_REACH = {"concave": np.array([-0.60890, -0.67076]), "convex": np.array([-0.39942, -0.48155])}
_X_MM = {"close": -1.0, "medium": 0.0, "far": 1.0}
_Y_MM = {"close": 21.0, "medium": 22.0, "far": 23.0}
_Z_MM = 3.0


@dataclass(frozen=True)
class PlateStimulus:
    """A plate in its place.

    Attributes
    ----------
    shape, distance
        Which of the six.
    solid
        In its own frame.
    motion
        Its pose, at rest.
    """

    shape: Shape
    distance: Distance
    solid: "Solid"
    motion: "RigidMotion"

    @property
    def name(self) -> str:
        """As in ``concave-close``."""
        return f"{self.shape}-{self.distance}"


def plate(
    shape: Shape, distance: Distance, *, diagonal_mm: float = PUBLISHED_DIAGONAL_MM, profile: str | Path | None = None
) -> PlateStimulus:
    """One of the six plates.

    Parameters
    ----------
    shape
        What the whiskers meet: ``convex`` or ``concave``.
    distance
        ``close``, ``medium`` or ``far``: 1 mm in x and in y apart.
    diagonal_mm
        Of the plate's bounding box before it is turned.
    profile
        CSV file with the columns x and y of the outer edge of the published plate. By default an arc of a circle and
        the mean thickness.

    Raises
    ------
    ValueError
        If the shape or distance is unknown, or the file is no outline.
    """
    from ..motion import RigidMotion

    if shape not in SHAPES or distance not in DISTANCES:
        raise ValueError(f"plate {shape!r}, {distance!r} is not known; shapes are {SHAPES}, distances {DISTANCES}.")
    if not (np.isfinite(diagonal_mm) and diagonal_mm > 0):
        raise ValueError(f"diagonal_mm is {diagonal_mm}; it must be positive and finite.")
    outer = None if profile is None else tuple(map(tuple, read_profile(profile).tolist()))
    solid, offset, own_turn_deg = _arc(diagonal_mm) if outer is None else _outlined(diagonal_mm, outer)
    # The published rule places the origin of the outline's frame, which lies off the plate's middle.
    low = _REACH[shape] * diagonal_mm / _UNITS_DIAGONAL
    origin = np.array([_X_MM[distance] + (shape == "convex") - low[0], _Y_MM[distance] + low[1], _Z_MM])
    away = rotation(2, _TURN_DEG[shape]) @ offset
    position = tuple(float(value) for value in origin + away)
    orientation = (0.0, 0.0, _TURN_DEG[shape] + own_turn_deg)
    return PlateStimulus(shape, distance, solid, RigidMotion.fixed(position, orientation))


def read_profile(path: str | Path) -> np.ndarray:
    """Outer edge of the published plate ``(point, 2)``, in its own units.

    Parameters
    ----------
    path
        CSV file with the columns ``x`` and ``y``, in order along the edge.

    Raises
    ------
    ValueError
        If a column is missing, or there are fewer than three finite points.
    """
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"x", "y"} <= set(rows[0]):
        found = sorted(rows[0]) if rows else []
        raise ValueError(f"{path} has the columns {found}; an outline needs x and y.")
    points = np.array([[float(row["x"]), float(row["y"])] for row in rows])
    if len(points) < 3 or not np.isfinite(points).all():
        raise ValueError(f"{path} has {len(points)} points; an outline needs three or more, all finite.")
    return points


def _arc(diagonal_mm: float) -> "tuple[Solid, np.ndarray, float]":
    """Plate of the fitted circle, the place of its origin in the outline's frame (mm) and its turn there (deg)."""
    from ..solids import CurvedPlate

    scale = diagonal_mm / _UNITS_DIAGONAL
    middle_deg, angle_deg = (_FIRST_DEG + _LAST_DEG) / 2, _FIRST_DEG - _LAST_DEG
    # Two equal arcs, one shifted: the thickness falls from the middle to the ends; its mean is taken.
    directions = np.radians(np.linspace(_LAST_DEG, _FIRST_DEG, 101))
    outward = np.column_stack([np.cos(directions), np.sin(directions)])
    thickness = float(-(outward @ _INNER_SHIFT).mean())
    radius = _OUTER_RADIUS - thickness / 2
    middle = _CENTRE + radius * np.array([np.cos(np.radians(middle_deg)), np.sin(np.radians(middle_deg))])
    solid = CurvedPlate(radius * scale, angle_deg, (_HIGHEST - _LOWEST) * scale, thickness * scale)
    return solid, scale * np.array([*middle, (_HIGHEST + _LOWEST) / 2]), middle_deg


# The six plates share one solid, whose outline takes long to divide into triangles.
@lru_cache(maxsize=2)
def _outlined(diagonal_mm: float, edge: tuple[tuple[float, ...], ...]) -> "tuple[Solid, np.ndarray, float]":
    """Plate between the given edge and the same edge shifted, with its place as `_arc` gives it."""
    from ..solids import Extrusion

    outer = np.array(edge)
    outline = np.concatenate([outer, (outer + _INNER_SHIFT)[::-1]])
    height = _HIGHEST - _LOWEST
    scale = diagonal_mm / float(np.linalg.norm([*np.ptp(outline, axis=0), height]))
    solid = Extrusion(scale * outline, scale * height)
    return solid, scale * np.array([0.0, 0.0, (_HIGHEST + _LOWEST) / 2]), 0.0
