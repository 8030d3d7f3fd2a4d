"""Polygons drawn out along z."""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np

from ..numbers_given import array_of_numbers
from . import mesh_checks
from .base import Solid
from .bvh import Hierarchy, build_hierarchy
from .kinds import MESH
from .surfaces import prism


@dataclass(frozen=True, eq=False)
class Extrusion(Solid):
    """A polygon drawn out along z, centred in z.

    A polyhedron, so that its distance is that of its triangles.

    Parameters
    ----------
    profile_mm
        (P, 2) corners in x and y, in either sense, convex or not; no edge may cross another.
    height_mm
        Full height along z.
    """

    kind: ClassVar[int] = MESH
    profile_mm: np.ndarray
    height_mm: float
    _cap: np.ndarray = field(init=False, repr=False)
    _hierarchy: Hierarchy = field(init=False, repr=False)

    def _check(self) -> None:
        self._need_positive("height_mm")
        profile = array_of_numbers("profile_mm of Extrusion", self.profile_mm)
        if profile.ndim != 2 or profile.shape[1] != 2 or len(profile) < 3:
            raise ValueError(
                f"profile_mm of Extrusion has the shape {profile.shape}; it takes at least 3 corners (P, 2)."
            )
        if not np.isfinite(profile).all():
            raise ValueError("profile_mm of Extrusion holds NaN or infinite values; every corner must be finite.")
        profile = _corners_only(profile)
        if len(profile) < 3:
            raise ValueError("profile_mm of Extrusion has no area; give a polygon that is not a line.")
        _refuse_crossing(profile)
        if _doubled_area(profile) < 0:
            profile = profile[::-1]
        object.__setattr__(self, "profile_mm", np.ascontiguousarray(profile))
        object.__setattr__(self, "_cap", triangulated(profile))
        vertices_mm, faces = self.surface()
        pseudonormals = mesh_checks.pseudonormals(vertices_mm, faces)
        object.__setattr__(self, "_hierarchy", build_hierarchy(vertices_mm, faces, pseudonormals))

    def bounds_mm(self) -> np.ndarray:
        """Lower and upper corner, (2, 3), mm."""
        low, high = self.profile_mm.min(axis=0), self.profile_mm.max(axis=0)
        return np.array([[*low, -0.5 * self.height_mm], [*high, 0.5 * self.height_mm]])

    def surface(self) -> tuple[np.ndarray, np.ndarray]:
        """Triangles of walls and caps."""
        return prism(self.profile_mm, self._cap, self.height_mm)

    def kernel_parameters(self) -> tuple[float, ...]:
        """1: a mesh with an inside."""
        return (1.0,)

    def hierarchy(self) -> Hierarchy:
        """Triangles in boxes."""
        return self._hierarchy

    def mirrored(self) -> Self:
        """The mirror image under x -> -x."""
        image = replace(self, profile_mm=self.profile_mm * [-1.0, 1.0])
        object.__setattr__(image, "_hierarchy", self._hierarchy.mirrored())
        return image


def triangulated(profile_mm: np.ndarray) -> np.ndarray:
    """Triangles of a simple polygon by cutting off its ears, the best shaped one first.

    Parameters
    ----------
    profile_mm
        (P, 2) corners, counter-clockwise.

    Returns
    -------
    ndarray
        (P-2, 3) indices, counter-clockwise.
    """
    left = list(range(len(profile_mm)))
    triangles = []
    while len(left) > 3:
        best, ear = 0.0, -1
        for i in range(len(left)):
            trio = [left[i - 1], left[i], left[(i + 1) % len(left)]]
            shape = _roundness(profile_mm[trio])
            if shape > best and not _any_within(profile_mm[trio], profile_mm[[k for k in left if k not in trio]]):
                best, ear = shape, i
        if ear < 0:
            raise ValueError("profile_mm of Extrusion cannot be cut into triangles; its edges touch or cross.")
        triangles.append([left[ear - 1], left[ear], left[(ear + 1) % len(left)]])
        del left[ear]
    return np.array([*triangles, left])


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _doubled_area(profile: np.ndarray) -> float:
    return float(_cross(profile, np.roll(profile, -1, axis=0)).sum())


def _roundness(trio: np.ndarray) -> float:
    """Doubled area over the sum of the squared sides; negative if clockwise."""
    return float(_cross(trio[1] - trio[0], trio[2] - trio[0]) / ((trio - np.roll(trio, 1, axis=0)) ** 2).sum())


def _any_within(trio: np.ndarray, points: np.ndarray) -> bool:
    """Whether any point lies in a counter-clockwise triangle or on its edge."""
    side = np.roll(trio, -1, axis=0) - trio
    slack = -1e-12 * float((side**2).sum())
    return bool((_cross(side[:, None], points[None] - trio[:, None]) >= slack).all(axis=0).any())


def _corners_only(profile: np.ndarray) -> np.ndarray:
    """Drop repeated points and points in the middle of a straight edge; refuse an edge that runs back on another."""
    while len(profile) >= 3:
        before, after = profile - np.roll(profile, 1, axis=0), np.roll(profile, -1, axis=0) - profile
        squares = (before**2).sum(axis=1) + (after**2).sum(axis=1)
        straight = np.abs(_cross(before, after)) <= 1e-12 * squares
        if (straight & ((before * after).sum(axis=1) < 0)).any():
            raise ValueError("profile_mm of Extrusion folds back onto itself at a corner; give a simple polygon.")
        if not straight.any():
            break
        profile = np.delete(profile, np.flatnonzero(straight)[0], axis=0)
    return profile


def _refuse_crossing(profile: np.ndarray) -> None:
    n = len(profile)
    a, b = profile, np.roll(profile, -1, axis=0)
    i, j = np.triu_indices(n, 2)
    apart = ~((i == 0) & (j == n - 1))
    i, j = i[apart], j[apart]

    def beside(line: np.ndarray, points: np.ndarray) -> np.ndarray:
        turn = _cross(b[line] - a[line], points - a[line])
        scale = ((b[line] - a[line]) ** 2).sum(axis=1) + ((points - a[line]) ** 2).sum(axis=1)
        return np.where(np.abs(turn) <= 1e-12 * scale, 0.0, np.sign(turn))

    sides_j, sides_i = beside(i, a[j]) * beside(i, b[j]), beside(j, a[i]) * beside(j, b[i])
    low = np.maximum(np.minimum(a[i], b[i]), np.minimum(a[j], b[j]))
    high = np.minimum(np.maximum(a[i], b[i]), np.maximum(a[j], b[j]))
    crossing = (sides_j <= 0) & (sides_i <= 0) & (low <= high).all(axis=1)
    if crossing.any():
        first = int(np.flatnonzero(crossing)[0])
        raise ValueError(
            f"edges {int(i[first])} and {int(j[first])} of profile_mm of Extrusion cross or touch; "
            "give the corners of a simple polygon in order."
        )
