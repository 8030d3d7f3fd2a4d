"""Triangle meshes as solids: closed ones with an inside, all others as sheets with a contact offset."""

import copy
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np

from ..numbers_given import refuse_not_positive
from . import mesh_checks
from .base import Solid
from .bvh import Hierarchy, build_hierarchy
from .kinds import MESH
from .orientation import oriented, paired_edges

if TYPE_CHECKING:
    import trimesh

_UNIT_MM = {"um": 1e-3, "mm": 1.0, "cm": 10.0, "m": 1000.0, "in": 25.4}
_MOST_FACES_CHECKED = 20_000


@dataclass(frozen=True, eq=False)
class Mesh(Solid):
    """A solid given by triangles.

    A closed mesh whose triangles do not cross has an inside: its distance is signed, and the contact offset may be 0.
    Anything else (open, several sheets on one edge, crossing itself) is a set of sheets: its distance is that to the
    nearest triangle from either side, and contact needs an offset that keeps a whisker from passing through.

    Equal corners are merged, triangles without area dropped, and the triangles of a closed mesh turned outwards;
    ``notes`` tells what was done.

    Parameters
    ----------
    vertices_mm
        (V, 3) corners.
    faces
        (F, 3) indices of the corners of each triangle, counter-clockwise from outside.
    contact_offset_mm
        Contact begins at this distance from the surface.
    strict
        Refuse a mesh that crosses itself; otherwise it is taken as sheets, with a warning.
    check_crossing
        Whether to look for triangles that cross; None looks up to 20,000 triangles.

    Raises
    ------
    ValueError
        If the mesh is empty, not finite, without area, of a size that tells of another unit, without an inside while
        the contact offset is 0, or crosses itself and ``strict`` is set.
    """

    kind: ClassVar[int] = MESH
    vertices_mm: np.ndarray
    faces: np.ndarray
    contact_offset_mm: float = field(default=0.1, kw_only=True)
    strict: bool = field(default=False, kw_only=True)
    check_crossing: bool | None = field(default=None, kw_only=True)
    has_inside: bool = field(init=False)
    notes: tuple[str, ...] = field(init=False)
    _hierarchy: Hierarchy = field(init=False, repr=False)

    def _check(self) -> None:
        mesh = mesh_checks.cleaned(self.vertices_mm, self.faces)
        vertices_mm, faces = mesh.vertices_mm, mesh.faces
        mesh_checks.check_size(vertices_mm)
        notes = []
        if mesh.n_degenerate:
            notes.append(f"{mesh.n_degenerate} triangles without area were dropped")
        pairs = paired_edges(faces)
        turned = None if pairs is None else oriented(vertices_mm, faces, pairs)
        normals = None
        if turned is None:
            notes.append("the mesh is not closed and has no inside")
        else:
            faces, n_turned = turned
            if n_turned:
                notes.append(f"{n_turned} triangles were turned to look outwards")
            normals = mesh_checks.pseudonormals(vertices_mm, faces)
        hierarchy = build_hierarchy(vertices_mm, faces, normals)
        if self._crosses_itself(hierarchy, faces, closed=normals is not None):
            notes.append("the mesh crosses itself and is taken as sheets")
            hierarchy, normals = build_hierarchy(vertices_mm, faces), None
        if normals is None and self.contact_offset_mm == 0:
            raise ValueError(
                f"contact_offset_mm is 0 and {notes[-1]}; whiskers would pass through sheets without thickness: give "
                "an offset above 0, such as 0.1."
            )
        for name, value in (
            ("vertices_mm", vertices_mm), ("faces", faces), ("has_inside", normals is not None),
            ("notes", tuple(notes)), ("_hierarchy", hierarchy),
        ):  # fmt: skip
            object.__setattr__(self, name, value)

    def _crosses_itself(self, hierarchy: Hierarchy, faces: np.ndarray, *, closed: bool) -> bool:
        """Refuse or warn; sheets may cross as they like unless the user is strict."""
        wanted = len(faces) <= _MOST_FACES_CHECKED if self.check_crossing is None else self.check_crossing
        if not wanted or not (closed or self.strict):
            return False
        from .intersections import n_intersections

        n_pairs = n_intersections(hierarchy, faces)
        if n_pairs == 0:
            return False
        if self.strict:
            raise ValueError(
                f"{n_pairs} pairs of triangles of the mesh cross or touch; mend it, or set strict=False to take it as "
                "sheets with a contact offset."
            )
        if closed:
            warnings.warn(
                f"{n_pairs} pairs of triangles of the mesh cross or touch, so that it has no certain inside: it is "
                "taken as sheets with a contact offset; mend the mesh if depth inside it matters.",
                stacklevel=5,
            )
        return closed

    @classmethod
    def from_trimesh(cls, mesh: "trimesh.Trimesh", **options: Any) -> Self:
        """Solid of a trimesh whose coordinates are millimetres; ``options`` as for `Mesh`."""
        return cls(np.array(mesh.vertices, dtype=np.float64), np.array(mesh.faces, dtype=np.int64), **options)

    @classmethod
    def read(
        cls,
        path: str | Path,
        *,
        diagonal_mm: float | None = None,
        scale: float | None = None,
        unit: str = "mm",
        up: Literal["y", "z"] = "z",
        centred: bool = False,
        **options: Any,
    ) -> Self:
        """Solid of a mesh file.

        Parameters
        ----------
        path
            A file that trimesh reads: obj, stl, ply, off, glb; the parts of a scene become one mesh.
        diagonal_mm
            Scale the mesh so that the diagonal of its bounding box has this length; the unit no longer matters.
        scale
            Factor on the coordinates, before the unit.
        unit
            Of the coordinates: ``um``, ``mm``, ``cm``, ``m`` or ``in``.
        up
            Axis of the file that points up; ``y`` (as in ShapeNet and glb) is turned onto z about x.
        centred
            Move the middle of the bounding box to the origin.
        options
            As for `Mesh`.

        Raises
        ------
        ValueError
            If the file cannot be read, has no triangles, or an option is unknown.
        ImportError
            If trimesh is not installed.
        """
        path = Path(path)
        if unit not in _UNIT_MM:
            raise ValueError(f"unit {unit!r} is not known; the units are {', '.join(_UNIT_MM)}.")
        if up not in ("y", "z"):
            raise ValueError(f"up is {up!r}; the axis that points up is 'y' or 'z'.")
        if diagonal_mm is not None and scale is not None:
            raise ValueError(f"diagonal_mm ({diagonal_mm}) and scale ({scale}) exclude each other; give one.")
        for name, value in (("diagonal_mm", diagonal_mm), ("scale", scale)):
            if value is not None:
                refuse_not_positive(name, value)
        vertices, faces = _read_triangles(path)
        # Only corners of triangles count for the size.
        extent = np.ptp(vertices[np.unique(faces)], axis=0)
        if diagonal_mm is not None:
            diagonal = float(np.linalg.norm(extent))
            if not (np.isfinite(diagonal) and diagonal > 0):
                raise ValueError(f"the bounding box of {path.name} has the diagonal {diagonal}; it cannot be scaled.")
            vertices = vertices * (diagonal_mm / diagonal)
        else:
            vertices = vertices * ((1.0 if scale is None else scale) * _UNIT_MM[unit])
        if up == "y":
            vertices = np.stack([vertices[:, 0], -vertices[:, 2], vertices[:, 1]], axis=1)
        if centred:
            used = vertices[np.unique(faces)]
            vertices = vertices - 0.5 * (used.min(axis=0) + used.max(axis=0))
        return cls(vertices, faces, **options)

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

    def mirrored(self) -> Self:
        """The mirror image under x -> -x."""
        image = copy.copy(self)
        vertices_mm = self.vertices_mm * [-1.0, 1.0, 1.0] + 0.0
        faces = np.ascontiguousarray(self.faces[:, ::-1])
        object.__setattr__(image, "vertices_mm", vertices_mm)
        object.__setattr__(image, "faces", faces)
        object.__setattr__(image, "_hierarchy", self._hierarchy.mirrored())
        return image


def _read_triangles(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Corners (V, 3) and triangles (F, 3) of all parts of a file, unscaled."""
    try:
        import trimesh
    except ImportError as error:
        raise ImportError("reading meshes needs trimesh; install it with: pip install trimesh") from error
    if not path.is_file():
        raise ValueError(f"there is no mesh file {path}; give the path of an obj, stl, ply, off or glb file.")
    try:
        # Unprocessed: merging and dropping is done, and counted, by the checks.
        scene = trimesh.load_scene(path, process=False)
        parts: Iterable[Any] = scene.dump() if scene.geometry else ()
        meshes = [part for part in parts if isinstance(part, trimesh.Trimesh) and len(part.faces)]
    except Exception as error:
        raise ValueError(
            f"{path.name} could not be read as a mesh ({error}); give an obj, stl, ply, off or glb file."
        ) from error
    if not meshes:
        raise ValueError(f"{path.name} holds no triangles; the mesh is empty: give a file with a surface.")
    offsets = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes[:-1]])
    vertices = np.concatenate([np.asarray(mesh.vertices, dtype=np.float64) for mesh in meshes])
    faces = np.concatenate(
        [np.asarray(mesh.faces, dtype=np.int64) + k for mesh, k in zip(meshes, offsets, strict=True)]
    )
    return vertices, faces
