"""Signed distance to a convex superquadric: Newton's method, and nested one-dimensional searches where it fails.

The surface is (|x/a|^(2/e2) + |y/b|^(2/e2))^(e2/e1) + |z/c|^(2/e1) = 1 (Barr 1981, IEEE Comput Graph Appl 1:11).
Within one octant and from a point outside, the distance to the surface has a single stationary point, because the
normal has no negative component there: whatever converges has found the nearest point, and the nested searches always
do. From inside the same holds up to a depth of the least radius of curvature, within which a ball rolls freely; deeper
a scan comes first.
"""

import math

from ..compiled import compiled

_TOLERANCE = 1e-15
_MAX_STEPS = 100
_N_SCAN = 12
_N_NEWTON = 25
_STATIONARY = 1e-12


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
    # At the pole all rays are one point; the way down from it is what counts.
    wide = max(rho, 1e-9)
    ray = _nearest_on_arc(p, a * wide, b * wide, x, y, low, high)
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
def _bend(exponent: float, k: float, total: float, cp: float, sp: float) -> tuple[float, float]:
    """First and second derivative of log r along `_arc`, where r scales the ray (1-k, k) onto the curve."""
    first = exponent * (sp - cp) / total
    second = exponent * (exponent - 1.0) * (cp / (1.0 - k) + sp / k) / total
    return -first / exponent, (first * first - second) / exponent


@compiled
def _curve(exponent: float, k: float) -> tuple[float, float, float, float, float, float]:
    """As `_arc`, with second derivatives, between the ends."""
    c, s = 1.0 - k, k
    cp, sp = c ** (exponent - 1.0), s ** (exponent - 1.0)
    total = c * cp + s * sp
    r = total ** (-1.0 / exponent)
    slope, bend = _bend(exponent, k, total, cp, sp)
    dr = r * slope
    ddr = r * (bend + slope * slope)
    return r * c, r * s, dr * c - r, dr * s + r, ddr * c - 2.0 * dr, ddr * s + 2.0 * dr


@compiled
def _newton(
    a: float, b: float, c: float, p: float, q: float, x: float, y: float, z: float, k: float, m: float
) -> tuple[bool, float, float, float, float, float, float]:  # fmt: skip
    """Whether the nearest point was found from the rays k and m, its offset from (x, y, z), and where it lies."""
    small = (_STATIONARY * (a + b + c)) ** 2
    ex, ey, ez, u, v = 0.0, 0.0, 0.0, 0.0, 0.0
    before = math.inf
    dk = dm = 0.0
    for _ in range(_N_NEWTON):
        rho, w, drho, dw, ddrho, ddw = _curve(q, k)
        u, v, du, dv, ddu, ddv = _curve(p, m)
        ex, ey, ez = a * rho * u - x, b * rho * v - y, c * w - z
        squared = ex * ex + ey * ey + ez * ez
        if squared > before + 1e-14 * (squared + small):
            dk, dm = 0.5 * dk, 0.5 * dm
            k, m = k - dk, m - dm
            continue
        before = squared
        kx, ky, kz = a * u * drho, b * v * drho, c * dw
        mx, my = a * rho * du, b * rho * dv
        g_k, g_m = ex * kx + ey * ky + ez * kz, ex * mx + ey * my
        kk, mm = kx * kx + ky * ky + kz * kz, mx * mx + my * my
        if g_k * g_k <= small * kk and g_m * g_m <= small * mm:
            return True, ex, ey, ez, u, v, k
        h_kk = kk + ex * a * u * ddrho + ey * b * v * ddrho + ez * c * ddw
        h_mm = mm + ex * a * rho * ddu + ey * b * rho * ddv
        h_km = kx * mx + ky * my + ex * a * drho * du + ey * b * drho * dv
        if not (h_kk > 0.0 and h_kk * h_mm > h_km * h_km):
            h_kk, h_mm, h_km = kk, mm, kx * mx + ky * my
        determinant = h_kk * h_mm - h_km * h_km
        if not determinant > 0.0:
            break
        dk = (h_km * g_m - h_mm * g_k) / determinant
        dm = (h_km * g_k - h_kk * g_m) / determinant
        # The ends of the rays are never reached, where the curvature may be infinite.
        dk = min(max(dk, -0.9 * k), 0.9 * (1.0 - k))
        dm = min(max(dm, -0.9 * m), 0.9 * (1.0 - m))
        k, m = k + dk, m + dm
    return False, ex, ey, ez, u, v, k


@compiled
def _ray(u: float, v: float) -> float:
    """Ray of the direction (u, v), kept off the ends, where Newton's method must not start."""
    return min(max(v / (u + v), 1e-3), 1.0 - 1e-3)


@compiled
def _nearest_inside(
    a: float, b: float, c: float, p: float, q: float, x: float, y: float, z: float
) -> tuple[bool, float, float, float, float, float, float]:  # fmt: skip
    """Nearest of the feet found from along each axis and from the best of a grid."""
    u, v, w = x / a, y / b, z / c
    ring = (u**p + v**p) ** (1.0 / p)
    wide = (1.0 - w**q) ** (1.0 / q)
    far_u, far_v = max(wide**p - v**p, 0.0) ** (1.0 / p), max(wide**p - u**p, 0.0) ** (1.0 / p)
    far_w = (1.0 - ring**q) ** (1.0 / q)
    across = _ray(u, v) if ring > 0.0 else 0.5
    best_square = math.inf
    best = (False, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    i_best, j_best = 0, 0
    for i in range(_N_SCAN + 1):
        rho, height, _, _ = _arc(q, i / _N_SCAN)
        for j in range(_N_SCAN + 1):
            side, depth, _, _ = _arc(p, j / _N_SCAN)
            squared = (a * rho * side - x) ** 2 + (b * rho * depth - y) ** 2 + (c * height - z) ** 2
            if squared < best_square:
                best_square, i_best, j_best = squared, i, j
    best_square = math.inf
    for start in range(4):
        if start == 0:
            k, m = _ray(ring, far_w), across
        elif start == 1:
            k, m = _ray(wide, w), _ray(far_u, v)
        elif start == 2:
            k, m = _ray(wide, w), _ray(u, far_v)
        else:
            k, m = _ray(_N_SCAN - i_best, i_best), _ray(_N_SCAN - j_best, j_best)
        found = _newton(a, b, c, p, q, x, y, z, k, m)
        if start == 3 and not found[0]:
            # At the pole every ray around it is the same point.
            at_pole = i_best >= _N_SCAN - 1
            _, ex, ey, ez, u, v, k = _search(
                a, b, c, p, q, x, y, z,
                max(i_best - 1, 0) / _N_SCAN, min(i_best + 1, _N_SCAN) / _N_SCAN,
                0.0 if at_pole else max(j_best - 1, 0) / _N_SCAN, 1.0 if at_pole else min(j_best + 1, _N_SCAN) / _N_SCAN,
            )  # fmt: skip
            found = (True, ex, ey, ez, u, v, k)
        squared = found[1] * found[1] + found[2] * found[2] + found[3] * found[3]
        if found[0] and squared < best_square:
            best_square, best = squared, found
    return best


@compiled
def superquadric_distance(
    a: float, b: float, c: float, e1: float, e2: float, rolling: float, x: float, y: float, z: float
) -> tuple[float, float, float, float]:  # fmt: skip
    """Signed distance and outward unit normal; ``rolling`` is the radius of a ball that rolls freely inside."""
    q, p = 2.0 / e1, 2.0 / e2
    px, py, pz = abs(x), abs(y), abs(z)
    ring = ((px / a) ** p + (py / b) ** p) ** (1.0 / p)
    outside = ring**q + (pz / c) ** q >= 1.0
    sign = 1.0 if outside else -1.0
    done = False
    ex, ey, ez, u, v, k = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    if ring > 0.0 and (outside or rolling > 0.0):
        k, m = _ray(ring, pz / c), _ray(px / a, py / b)
        done, ex, ey, ez, u, v, k = _newton(a, b, c, p, q, px, py, pz, k, m)
        done = done and (outside or ex * ex + ey * ey + ez * ez < rolling * rolling)
    if not done and outside:
        _, ex, ey, ez, u, v, k = _search(a, b, c, p, q, px, py, pz, 0.0, 1.0, 0.0, 1.0)
    elif not done:
        _, ex, ey, ez, u, v, k = _nearest_inside(a, b, c, p, q, px, py, pz)
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
