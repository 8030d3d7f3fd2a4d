"""Signed distance to a convex superquadric, by nested one-dimensional searches that cannot fail outside it.

The surface is (|x/a|^(2/e2) + |y/b|^(2/e2))^(e2/e1) + |z/c|^(2/e1) = 1 (Barr 1981, IEEE Comput Graph Appl 1:11).
Within one octant and from a point outside, the distance along the surface has a single minimum in each of the two
parameters, because the normal of the surface has no negative component there.
"""

import math

from .compiled import compiled

_TOLERANCE = 1e-15
_MAX_STEPS = 100
_N_SCAN = 12


@compiled
def _arc(exponent: float, k: float) -> tuple[float, float, float, float]:
    """Point of u^p + v^p = 1 on the ray (1-k, k), and its derivative with respect to k."""
    c, s = 1.0 - k, k
    cp, sp = c ** (exponent - 1.0), s ** (exponent - 1.0)
    total = c * cp + s * sp
    r = total ** (-1.0 / exponent)
    dr = r / total * (cp - sp)
    return r * c, r * s, dr * c - r, dr * s + r


@compiled
def _nearest_on_arc(exponent: float, a: float, b: float, x: float, y: float, low: float, high: float) -> float:
    """Ray of the point of the scaled arc (a u, b v) nearest to (x, y), searched between two rays."""
    u, v, du, dv = _arc(exponent, low)
    g_low = (a * u - x) * a * du + (b * v - y) * b * dv
    if g_low >= 0.0:
        return low
    u, v, du, dv = _arc(exponent, high)
    g_high = (a * u - x) * a * du + (b * v - y) * b * dv
    if g_high <= 0.0:
        return high
    last = 0
    width = high - low
    for step in range(_MAX_STEPS):
        k = low - g_low * (high - low) / (g_high - g_low)
        if step % 3 == 2:
            if high - low > 0.5 * width:
                k = 0.5 * (low + high)
            width = high - low
        u, v, du, dv = _arc(exponent, k)
        g = (a * u - x) * a * du + (b * v - y) * b * dv
        if g < 0.0:
            low, g_low = k, g
            if last == -1:
                g_high *= 0.5
            last = -1
        elif g > 0.0:
            high, g_high = k, g
            if last == 1:
                g_low *= 0.5
            last = 1
        else:
            return k
        if high - low <= _TOLERANCE:
            break
    return 0.5 * (low + high)


@compiled
def _slope_of_height(
    a: float, b: float, c: float, p: float, q: float, x: float, y: float, z: float, k: float, low: float, high: float
) -> tuple[float, float, float, float, float, float, float]:  # fmt: skip
    """Half the derivative of the squared distance with respect to the ray of the profile, and the point it belongs to."""
    rho, w, drho, dw = _arc(q, k)
    ray = _nearest_on_arc(p, a * rho, b * rho, x, y, low, high)
    u, v, _, _ = _arc(p, ray)
    ex, ey, ez = a * rho * u - x, b * rho * v - y, c * w - z
    g = ex * a * u * drho + ey * b * v * drho + ez * c * dw
    return g, ex, ey, ez, u, v, k


@compiled
def _search(
    a: float, b: float, c: float, p: float, q: float, x: float, y: float, z: float,
    low: float, high: float, ray_low: float, ray_high: float,
) -> tuple[float, float, float, float, float, float, float]:  # fmt: skip
    """Point nearest to (x, y, z) within a window of the two rays."""
    below = _slope_of_height(a, b, c, p, q, x, y, z, low, ray_low, ray_high)
    if below[0] >= 0.0:
        return below
    above = _slope_of_height(a, b, c, p, q, x, y, z, high, ray_low, ray_high)
    if above[0] <= 0.0:
        return above
    g_low, g_high = below[0], above[0]
    found = below
    last = 0
    width = high - low
    for step in range(_MAX_STEPS):
        k = low - g_low * (high - low) / (g_high - g_low)
        if step % 3 == 2:
            if high - low > 0.5 * width:
                k = 0.5 * (low + high)
            width = high - low
        found = _slope_of_height(a, b, c, p, q, x, y, z, k, ray_low, ray_high)
        g = found[0]
        if g < 0.0:
            low, g_low = k, g
            if last == -1:
                g_high *= 0.5
            last = -1
        elif g > 0.0:
            high, g_high = k, g
            if last == 1:
                g_low *= 0.5
            last = 1
        else:
            break
        if high - low <= _TOLERANCE:
            break
    return found


@compiled
def superquadric_distance(
    a: float, b: float, c: float, e1: float, e2: float, x: float, y: float, z: float
) -> tuple[float, float, float, float]:  # fmt: skip
    """Signed distance and outward unit normal; from inside the nearest of all sides, found by a scan first."""
    q, p = 2.0 / e1, 2.0 / e2
    px, py, pz = abs(x), abs(y), abs(z)
    level = ((px / a) ** p + (py / b) ** p) ** (q / p) + (pz / c) ** q
    if level >= 1.0:
        found = _search(a, b, c, p, q, px, py, pz, 0.0, 1.0, 0.0, 1.0)
        sign = 1.0
    else:
        sign = -1.0
        best = math.inf
        i_best, j_best = 0, 0
        for i in range(_N_SCAN + 1):
            rho, w, _, _ = _arc(q, i / _N_SCAN)
            for j in range(_N_SCAN + 1):
                u, v, _, _ = _arc(p, j / _N_SCAN)
                squared = (a * rho * u - px) ** 2 + (b * rho * v - py) ** 2 + (c * w - pz) ** 2
                if squared < best:
                    best, i_best, j_best = squared, i, j
        found = _search(
            a, b, c, p, q, px, py, pz,
            max(i_best - 1, 0) / _N_SCAN, min(i_best + 1, _N_SCAN) / _N_SCAN,
            max(j_best - 1, 0) / _N_SCAN, min(j_best + 1, _N_SCAN) / _N_SCAN,
        )  # fmt: skip
    _, ex, ey, ez, u, v, k = found
    d = math.sqrt(ex * ex + ey * ey + ez * ez)
    if d > 1e-6:
        nx, ny, nz = -sign * ex / d, -sign * ey / d, -sign * ez / d
    else:
        rho, w, _, _ = _arc(q, k)
        radial = rho ** (q - 1.0)
        nx, ny, nz = radial * u ** (p - 1.0) / a, radial * v ** (p - 1.0) / b, w ** (q - 1.0) / c
        size = math.sqrt(nx * nx + ny * ny + nz * nz)
        nx, ny, nz = nx / size, ny / size, nz / size
    return sign * d, math.copysign(nx, x), math.copysign(ny, y), math.copysign(nz, z)
