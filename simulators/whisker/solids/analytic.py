"""Solids with a formula for their distance: plane, sphere, box, cylinder, capsule, torus, superquadric, curved plate."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

import numpy as np

from .base import Solid
from .kinds import BOX, CAPSULE, CURVED_PLATE, CYLINDER, PLANE, SPHERE, SUPERQUADRIC, TORUS
from .surfaces import lattice, prism, revolved, welded

_PICTURED_PLANE_MM = 200.0


@dataclass(frozen=True)
class Plane(Solid):
    """The half space z < 0; its surface looks along +z."""

    kind: ClassVar[int] = PLANE

    def bounds_mm(self) -> np.ndarray:
        """Lower and upper corner, infinite but for the top, (2, 3)."""
        return np.array([[-np.inf, -np.inf, -np.inf], [np.inf, np.inf, 0.0]])

    def surface(self) -> tuple[np.ndarray, np.ndarray]:
        """A square of 200 mm."""
        h = 0.5 * _PICTURED_PLANE_MM
        return np.array([[-h, -h, 0], [h, -h, 0], [h, h, 0], [-h, h, 0]]), np.array([[0, 1, 2], [0, 2, 3]])

    def kernel_parameters(self) -> tuple[float, ...]:
        """None."""
        return ()


@dataclass(frozen=True)
class Sphere(Solid):
    """A ball around the origin.

    Parameters
    ----------
    radius_mm
        Its radius.
    """

    kind: ClassVar[int] = SPHERE
    radius_mm: float

    def _check(self) -> None:
        self._need_positive("radius_mm")

    def bounds_mm(self) -> np.ndarray:
        """Lower and upper corner, (2, 3), mm."""
        return _symmetric(self.radius_mm, self.radius_mm, self.radius_mm)

    def surface(self) -> tuple[np.ndarray, np.ndarray]:
        """Triangles between 24 parallels and 48 meridians."""
        angle = np.linspace(-np.pi / 2, np.pi / 2, 25)
        return revolved(self.radius_mm * np.stack([np.cos(angle), np.sin(angle)], axis=1))

    def kernel_parameters(self) -> tuple[float, ...]:
        """Radius, and no length: compiled code takes the ball for a capsule."""
        return self.radius_mm, 0.0


@dataclass(frozen=True)
class Box(Solid):
    """A box with its faces across the axes, centred on the origin.

    Parameters
    ----------
    size_mm
        Full size along x, y, z.
    """

    kind: ClassVar[int] = BOX
    size_mm: tuple[float, float, float]

    def _check(self) -> None:
        self._need_positive_numbers("size_mm", 3)

    def bounds_mm(self) -> np.ndarray:
        """Lower and upper corner, (2, 3), mm."""
        return _symmetric(*self.kernel_parameters())

    def surface(self) -> tuple[np.ndarray, np.ndarray]:
        """Two triangles for each face."""
        x, y, z = self.kernel_parameters()
        return prism(np.array([[-x, -y], [x, -y], [x, y], [-x, y]]), np.array([[0, 1, 2], [0, 2, 3]]), 2 * z)

    def kernel_parameters(self) -> tuple[float, ...]:
        """Half sizes."""
        return tuple(0.5 * size for size in self.size_mm)


@dataclass(frozen=True)
class Cylinder(Solid):
    """A cylinder with flat ends, axis z, centred on the origin.

    Parameters
    ----------
    radius_mm
        Its radius.
    length_mm
        From end to end.
    """

    kind: ClassVar[int] = CYLINDER
    radius_mm: float
    length_mm: float

    def _check(self) -> None:
        self._need_positive("radius_mm", "length_mm")

    def bounds_mm(self) -> np.ndarray:
        """Lower and upper corner, (2, 3), mm."""
        return _symmetric(self.radius_mm, self.radius_mm, 0.5 * self.length_mm)

    def surface(self) -> tuple[np.ndarray, np.ndarray]:
        """Triangles of a prism with 48 sides."""
        r, h = self.kernel_parameters()
        return revolved(np.array([[0, -h], [r, -h], [r, h], [0, h]]))

    def kernel_parameters(self) -> tuple[float, ...]:
        """Radius and half length."""
        return self.radius_mm, 0.5 * self.length_mm


@dataclass(frozen=True)
class Capsule(Solid):
    """All points nearer than a radius to a stretch of the z axis, centred on the origin.

    Parameters
    ----------
    radius_mm
        Its radius.
    length_mm
        Of the stretch, without the round ends.
    """

    kind: ClassVar[int] = CAPSULE
    radius_mm: float
    length_mm: float

    def _check(self) -> None:
        self._need_positive("radius_mm", "length_mm")

    def bounds_mm(self) -> np.ndarray:
        """Lower and upper corner, (2, 3), mm."""
        return _symmetric(self.radius_mm, self.radius_mm, 0.5 * self.length_mm + self.radius_mm)

    def surface(self) -> tuple[np.ndarray, np.ndarray]:
        """Triangles around 48 meridians."""
        angle = np.linspace(0, np.pi / 2, 13)
        quarter = self.radius_mm * np.stack([np.cos(angle), np.sin(angle)], axis=1) + [0.0, 0.5 * self.length_mm]
        return revolved(np.concatenate([quarter[::-1] * [1, -1], quarter]))

    def kernel_parameters(self) -> tuple[float, ...]:
        """Radius and half length."""
        return self.radius_mm, 0.5 * self.length_mm


@dataclass(frozen=True)
class Torus(Solid):
    """A ring around the z axis, centred on the origin.

    Parameters
    ----------
    ring_radius_mm
        From the axis to the middle of the tube.
    tube_radius_mm
        Of the tube; less than that of the ring.
    """

    kind: ClassVar[int] = TORUS
    ring_radius_mm: float
    tube_radius_mm: float

    def _check(self) -> None:
        self._need_positive("ring_radius_mm", "tube_radius_mm")
        if self.tube_radius_mm >= self.ring_radius_mm:
            raise ValueError(
                f"tube_radius_mm is {self.tube_radius_mm} and ring_radius_mm {self.ring_radius_mm}; "
                "a torus needs a hole, so the tube must be thinner than the ring is wide."
            )

    def bounds_mm(self) -> np.ndarray:
        """Lower and upper corner, (2, 3), mm."""
        wide = self.ring_radius_mm + self.tube_radius_mm
        return _symmetric(wide, wide, self.tube_radius_mm)

    def surface(self) -> tuple[np.ndarray, np.ndarray]:
        """Triangles of 48 rings of 24 points."""
        angle = 2 * np.pi * np.arange(24) / 24
        tube = self.tube_radius_mm * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return revolved(tube + [self.ring_radius_mm, 0.0], closed=True)

    def kernel_parameters(self) -> tuple[float, ...]:
        """Both radii."""
        return self.ring_radius_mm, self.tube_radius_mm


@dataclass(frozen=True)
class Superquadric(Solid):
    r"""A convex superquadric, from rounded box to octahedron, centred on the origin.

    .. math:: \left(|x/a|^{2/e_2} + |y/b|^{2/e_2}\right)^{e_2/e_1} + |z/c|^{2/e_1} = 1

    Parameters
    ----------
    radii_mm
        Half sizes a, b, c along x, y, z.
    exponents
        e1 (from pole to pole) and e2 (around the z axis), from 0.1 to 2: 1 is round, small is square, 2 is a rhomb.

    References
    ----------
    Barr (1981) IEEE Computer Graphics and Applications 1:11.
    """

    kind: ClassVar[int] = SUPERQUADRIC
    radii_mm: tuple[float, float, float]
    exponents: tuple[float, float]

    def _check(self) -> None:
        self._need_positive_numbers("radii_mm", 3)
        self._need_numbers("exponents", 2)
        if not all(0.1 <= exponent <= 2.0 for exponent in self.exponents):
            raise ValueError(
                f"exponents of Superquadric are {self.exponents}; they must lie between 0.1 and 2: below it is a box, "
                "above it is no longer convex."
            )

    def bounds_mm(self) -> np.ndarray:
        """Lower and upper corner, (2, 3), mm."""
        return _symmetric(*self.radii_mm)

    def surface(self) -> tuple[np.ndarray, np.ndarray]:
        """Triangles between 32 parallels and 64 meridians."""
        (a, b, c), (e1, e2) = self.radii_mm, self.exponents
        latitude, longitude = np.linspace(-np.pi / 2, np.pi / 2, 33), 2 * np.pi * np.arange(64) / 64
        (rho, w), (u, v) = _superellipse(latitude, e1), _superellipse(longitude, e2)
        points = np.stack([a * np.outer(u, rho), b * np.outer(v, rho), np.broadcast_to(c * w, (64, 33))], axis=2)
        return welded(*lattice(points, closed_u=True, closed_v=False))

    def kernel_parameters(self) -> tuple[float, ...]:
        """Radii, exponents, and a radius of a ball that rolls freely inside."""
        return *self.radii_mm, *self.exponents, _rolling_radius(self.radii_mm, self.exponents)


@dataclass(frozen=True)
class CurvedPlate(Solid):
    """Part of a cylindrical shell about an axis along z; the origin is the middle of the plate.

    The axis of the shell lies at x = -radius_mm, so that the hollow side looks along -x.

    Parameters
    ----------
    radius_mm
        Radius of the middle surface.
    angle_deg
        Of the arc from end to end, less than 360.
    height_mm
        Along z.
    thickness_mm
        Across the shell.
    concave_side
        Where the hollow side looks.
    """

    kind: ClassVar[int] = CURVED_PLATE
    radius_mm: float
    angle_deg: float
    height_mm: float
    thickness_mm: float
    concave_side: Literal["-x", "+x"] = "-x"

    def _check(self) -> None:
        self._need_positive("radius_mm", "angle_deg", "height_mm", "thickness_mm")
        if self.angle_deg >= 360:
            raise ValueError(f"angle_deg of CurvedPlate is {self.angle_deg}; the arc must be less than 360 degrees.")
        if self.thickness_mm >= 2 * self.radius_mm:
            raise ValueError(
                f"thickness_mm of CurvedPlate is {self.thickness_mm}; it must be less than twice radius_mm "
                f"({self.radius_mm}), or the inner face would pass the axis."
            )
        if self.concave_side not in ("-x", "+x"):
            raise ValueError(f"concave_side is {self.concave_side!r}; it is '-x' or '+x'.")

    def bounds_mm(self) -> np.ndarray:
        """Lower and upper corner, (2, 3), mm."""
        half = math.radians(0.5 * self.angle_deg)
        inner, outer = self.radius_mm - 0.5 * self.thickness_mm, self.radius_mm + 0.5 * self.thickness_mm
        wide = outer if half >= math.pi / 2 else outer * math.sin(half)
        left = min(inner * math.cos(half), outer * math.cos(half)) - self.radius_mm
        right = 0.5 * self.thickness_mm
        if self.concave_side == "+x":
            left, right = -right, -left
        return np.array([[left, -wide, -0.5 * self.height_mm], [right, wide, 0.5 * self.height_mm]])

    def surface(self) -> tuple[np.ndarray, np.ndarray]:
        """Triangles of 48 steps along the arc."""
        half = math.radians(0.5 * self.angle_deg)
        angle = np.linspace(-half, half, 49)
        h, t = 0.5 * self.height_mm, 0.5 * self.thickness_mm
        ring = [(self.radius_mm - t, -h), (self.radius_mm + t, -h), (self.radius_mm + t, h), (self.radius_mm - t, h)]
        points = np.stack(
            [np.stack([rho * np.cos(angle), rho * np.sin(angle), np.full(49, z)], axis=1) for rho, z in ring], axis=1
        )
        vertices, faces = lattice(points, closed_u=False, closed_v=True)
        ends = np.array([[0, 1, 2], [0, 2, 3]])
        faces = np.concatenate([faces, ends, 4 * 48 + ends[:, ::-1]])
        vertices = vertices - [self.radius_mm, 0.0, 0.0]
        if self.concave_side == "+x":
            return vertices * [-1.0, 1.0, 1.0], faces[:, ::-1]
        return vertices, faces

    def kernel_parameters(self) -> tuple[float, ...]:
        """Radius, cosine and sine of half the angle, half height, half thickness, side."""
        half = math.radians(0.5 * self.angle_deg)
        side = -1.0 if self.concave_side == "+x" else 1.0
        return self.radius_mm, math.cos(half), math.sin(half), 0.5 * self.height_mm, 0.5 * self.thickness_mm, side

    def mirrored(self) -> Self:
        """The plate that is hollow on the other side."""
        return replace(self, concave_side="-x" if self.concave_side == "+x" else "+x")


def _symmetric(*half_mm: float) -> np.ndarray:
    return np.array([[-half for half in half_mm], list(half_mm)])


def _superellipse(angle: np.ndarray, exponent: float) -> tuple[np.ndarray, np.ndarray]:
    """Unit superellipse u^(2/e) + v^(2/e) = 1 on rays of the given angles."""
    u, v = np.cos(angle), np.sin(angle)
    u, v = np.where(np.abs(u) < 1e-12, 0, u), np.where(np.abs(v) < 1e-12, 0, v)
    radius = (np.abs(u) ** (2 / exponent) + np.abs(v) ** (2 / exponent)) ** (-exponent / 2)
    return radius * u, radius * v


def _rolling_radius(radii: tuple[float, float, float], exponents: tuple[float, float]) -> float:
    """Four fifths of the least radius of curvature on a grid of points; 0 where exponents make it vanish [mm]."""
    if max(exponents) > 1.0:
        return 0.0
    q, p = 2.0 / np.array(exponents)
    rays = np.linspace(0.005, 0.995, 100) * np.pi / 2
    (rho, w), (u, v) = _superellipse(rays, exponents[0]), _superellipse(rays, exponents[1])
    ux, uy, uz = np.outer(rho, u), np.outer(rho, v), np.broadcast_to(w[:, None], (100, 100))
    rho = np.broadcast_to(rho[:, None], (100, 100))
    # Gradient and Hessian of rho^q + w^q - 1 with rho^p = u^p + v^p, in coordinates divided by the radii.
    gx, gy, gz = rho ** (q - p) * ux ** (p - 1), rho ** (q - p) * uy ** (p - 1), uz ** (q - 1)
    cross = (q - p) * rho ** (q - 2 * p)
    bend = (p - 1) * rho ** (q - p)
    hessian = np.zeros((100, 100, 3, 3))
    hessian[..., 0, 0] = cross * ux ** (2 * p - 2) + bend * ux ** (p - 2)
    hessian[..., 1, 1] = cross * uy ** (2 * p - 2) + bend * uy ** (p - 2)
    hessian[..., 0, 1] = hessian[..., 1, 0] = cross * (ux * uy) ** (p - 1)
    hessian[..., 2, 2] = (q - 1) * uz ** (q - 2)
    scale = 1.0 / np.array(radii)
    gradient = np.stack([gx, gy, gz], axis=-1) * scale
    size = np.linalg.norm(gradient, axis=-1)[..., None]
    across = np.eye(3) - (gradient / size)[..., :, None] * (gradient / size)[..., None, :]
    shape = across @ (hessian * scale[:, None] * scale) @ across / size[..., None]
    return 0.8 / float(np.linalg.norm(shape, ord=2, axis=(-2, -1)).max())
