"""Signed distances of the solids that have a formula, as compiled functions of numbers."""

import math

from ..compiled import compiled
from .kinds import BOX, CAPSULE, CURVED_PLATE, CYLINDER, PLANE, SPHERE, TORUS
from .superquadric import superquadric_distance


@compiled
def _joined(u: float, v: float) -> tuple[float, float, float]:
    """Distance and weights of two axes from the signed distances to two surfaces at right angles."""
    if u > 0.0 and v > 0.0:
        d = math.sqrt(u * u + v * v)
        return d, u / d, v / d
    if u > v:
        return u, 1.0, 0.0
    return v, 0.0, 1.0


@compiled
def _box_distance(hx: float, hy: float, hz: float, x: float, y: float, z: float) -> tuple[float, float, float, float]:
    u, v, w = abs(x) - hx, abs(y) - hy, abs(z) - hz
    if u > 0.0 or v > 0.0 or w > 0.0:
        nx, ny, nz = max(u, 0.0), max(v, 0.0), max(w, 0.0)
        d = math.sqrt(nx * nx + ny * ny + nz * nz)
        nx, ny, nz = nx / d, ny / d, nz / d
    elif w >= u and w >= v:
        d, nx, ny, nz = w, 0.0, 0.0, 1.0
    elif v >= u:
        d, nx, ny, nz = v, 0.0, 1.0, 0.0
    else:
        d, nx, ny, nz = u, 1.0, 0.0, 0.0
    return d, math.copysign(nx, x), math.copysign(ny, y), math.copysign(nz, z)


@compiled
def _plate_distance(
    radius: float, cosine: float, sine: float, half_height: float, half_thickness: float, side: float,
    x: float, y: float, z: float,
) -> tuple[float, float, float, float]:  # fmt: skip
    """Sector of a cylindrical shell; ``cosine`` and ``sine`` of half its angle, ``side`` -1 if it opens towards +x."""
    px, py = side * x + radius, abs(y)
    across = py * cosine - px * sine
    along = px * cosine + py * sine
    rho = math.sqrt(px * px + py * py)
    shell = abs(rho - radius) - half_thickness
    if across <= 0.0:
        # Between the two ends; inside the material the end may still be nearer than the faces.
        d = shell
        if rho > 0.0:
            sign = math.copysign(1.0, rho - radius)
            nx, ny = sign * px / rho, sign * py / rho
        else:
            nx, ny = -1.0, 0.0
        if shell < 0.0 and -across < -shell and abs(along - radius) <= half_thickness:
            d, nx, ny = across, -sine, cosine
    else:
        off = along - min(max(along, radius - half_thickness), radius + half_thickness)
        d = math.sqrt(off * off + across * across)
        nx = (off * cosine - across * sine) / d
        ny = (off * sine + across * cosine) / d
    total, wide, high = _joined(d, abs(z) - half_height)
    return total, side * nx * wide, math.copysign(1.0, y) * ny * wide, math.copysign(high, z)


@compiled
def solid_distance(
    kind: int, p0: float, p1: float, p2: float, p3: float, p4: float, p5: float, x: float, y: float, z: float
) -> tuple[float, float, float, float]:  # fmt: skip
    """Signed distance to a solid and the outward unit normal, the gradient of the distance.

    Where the nearest point is not unique (the centre of a sphere, the axis of a cylinder) one of the directions is
    taken, never one along x, so that mirrored questions have mirrored answers.
    """
    if kind == PLANE:
        return z, 0.0, 0.0, 1.0
    if kind == SPHERE:
        d = math.sqrt(x * x + y * y + z * z)
        if d > 0.0:
            return d - p0, x / d, y / d, z / d
        return -p0, 0.0, 0.0, 1.0
    if kind == BOX:
        return _box_distance(p0, p1, p2, x, y, z)
    if kind == CYLINDER:
        rho = math.sqrt(x * x + y * y)
        d, wide, high = _joined(rho - p0, abs(z) - p1)
        high = math.copysign(high, z)
        if rho > 0.0:
            return d, wide * x / rho, wide * y / rho, high
        return d, 0.0, wide, high
    if kind == CAPSULE:
        above = z - min(max(z, -p1), p1)
        d = math.sqrt(x * x + y * y + above * above)
        if d > 0.0:
            return d - p0, x / d, y / d, above / d
        return -p0, 0.0, 1.0, 0.0
    if kind == TORUS:
        rho = math.sqrt(x * x + y * y)
        out = rho - p0
        d = math.sqrt(out * out + z * z)
        if d == 0.0:
            return -p1, 0.0, 0.0, 1.0
        wide, high = out / d, z / d
        if rho > 0.0:
            return d - p1, wide * x / rho, wide * y / rho, high
        return d - p1, 0.0, wide, high
    if kind == CURVED_PLATE:
        return _plate_distance(p0, p1, p2, p3, p4, p5, x, y, z)
    return superquadric_distance(p0, p1, p2, p3, p4, p5, x, y, z)
