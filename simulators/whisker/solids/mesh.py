"""Triangle meshes as solids."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from . import mesh_checks
from .base import Solid
from .bvh import Hierarchy, build_hierarchy
from .kinds import MESH


@dataclass(frozen=True, eq=False)
class Mesh(Solid):
    """A triangle mesh.

    Parameters
    ----------
    vertices_mm
        (V, 3).
    faces
        (F, 3) indices, counter-clockwise from outside.
    """

    kind: ClassVar[int] = MESH
    vertices_mm: np.ndarray
    faces: np.ndarray
    contact_offset_mm: float = field(default=0.1, kw_only=True)
    has_inside: bool = field(init=False)
    _hierarchy: Hierarchy = field(init=False, repr=False)

    def _check(self) -> None:
        mesh = mesh_checks.cleaned(self.vertices_mm, self.faces)
        mesh_checks.check_size(mesh.vertices_mm)
        closed = mesh_checks.has_inside(mesh.faces)
        normals = mesh_checks.pseudonormals(mesh.vertices_mm, mesh.faces) if closed else None
        object.__setattr__(self, "vertices_mm", mesh.vertices_mm)
        object.__setattr__(self, "faces", mesh.faces)
        object.__setattr__(self, "has_inside", closed)
        object.__setattr__(self, "_hierarchy", build_hierarchy(mesh.vertices_mm, mesh.faces, normals))

    def bounds_mm(self) -> np.ndarray:
        """Lower and upper corner, (2, 3), mm."""
        return np.stack([self.vertices_mm.min(axis=0), self.vertices_mm.max(axis=0)])

    def surface(self) -> tuple[np.ndarray, np.ndarray]:
        """The mesh itself."""
        return self.vertices_mm, self.faces

    def kernel_parameters(self) -> tuple[float, ...]:
        """1 if the mesh has an inside."""
        return (float(self.has_inside),)

    def hierarchy(self) -> Hierarchy:
        """Triangles in boxes."""
        return self._hierarchy
