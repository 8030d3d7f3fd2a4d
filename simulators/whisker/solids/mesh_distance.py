"""Nearest triangle of a mesh to a point and to a tapered segment: exact, without allocation.

The distance from a segment to one triangle is least at an end of the segment, at an edge of the triangle or where the
segment passes through it; each of these has a closed form even when the radius changes along the segment. The
hierarchy is walked near side first without a stack: one bit per level tells whether the other side is still to be
visited. The sign comes from the pseudonormal of the nearest face, edge or corner (Baerentzen & Aanaes 2005, IEEE TVCG
11:243).
"""

import math

import numpy as np

from ..compiled import compiled
from .bvh import CENTRE, CORNER, EDGES, NORMAL, REACH, SIDE_1, SIDE_2

_TOUCHING = 1e-9


@compiled
def _box_gap(
    boxes: np.ndarray, node: int,
    x_low: float, y_low: float, z_low: float, x_high: float, y_high: float, z_high: float,
) -> float:  # fmt: skip
    """Squared distance between a box of the hierarchy and another box."""
    dx = max(boxes[node, 0] - x_high, x_low - boxes[node, 3], 0.0)
    dy = max(boxes[node, 1] - y_high, y_low - boxes[node, 4], 0.0)
    dz = max(boxes[node, 2] - z_high, z_low - boxes[node, 5], 0.0)
    return dx * dx + dy * dy + dz * dz


@compiled
def _triangle_coordinates(triangles: np.ndarray, i: int, x: float, y: float, z: float) -> tuple[float, float, int]:
    """Coordinates along the two sides of the nearest point; feature 0 face, 1 to 3 edges, 4 to 6 corners.

    The regions are those of Ericson 2005, Real-Time Collision Detection, section 5.1.5.
    """
    ux, uy, uz = triangles[i, SIDE_1], triangles[i, SIDE_1 + 1], triangles[i, SIDE_1 + 2]
    vx, vy, vz = triangles[i, SIDE_2], triangles[i, SIDE_2 + 1], triangles[i, SIDE_2 + 2]
    px, py, pz = x - triangles[i, CORNER], y - triangles[i, CORNER + 1], z - triangles[i, CORNER + 2]
    d1 = ux * px + uy * py + uz * pz
    d2 = vx * px + vy * py + vz * pz
    if d1 <= 0.0 and d2 <= 0.0:
        return 0.0, 0.0, 4
    uu = ux * ux + uy * uy + uz * uz
    uv = ux * vx + uy * vy + uz * vz
    vv = vx * vx + vy * vy + vz * vz
    d3, d4 = d1 - uu, d2 - uv
    if d3 >= 0.0 and d4 <= d3:
        return 1.0, 0.0, 5
    c = d1 * d4 - d3 * d2
    if c <= 0.0 and d1 >= 0.0 and d3 <= 0.0:
        return d1 / uu, 0.0, 1
    d5, d6 = d1 - uv, d2 - vv
    if d6 >= 0.0 and d5 <= d6:
        return 0.0, 1.0, 6
    b = d5 * d2 - d1 * d6
    if b <= 0.0 and d2 >= 0.0 and d6 <= 0.0:
        return 0.0, d2 / vv, 3
    a = d3 * d6 - d5 * d4
    if a <= 0.0 and d4 >= d3 and d5 >= d6:
        t = (d4 - d3) / ((d4 - d3) + (d5 - d6))
        return 1.0 - t, t, 2
    total = a + b + c
    return b / total, c / total, 0


@compiled
def _feature_normal(triangles: np.ndarray, normals: np.ndarray, i: int, feature: int) -> tuple[float, float, float]:
    if feature == 0:
        return triangles[i, NORMAL], triangles[i, NORMAL + 1], triangles[i, NORMAL + 2]
    j = 3 * (feature - 1)
    return normals[i, j], normals[i, j + 1], normals[i, j + 2]


@compiled
def nearest_triangle(
    nodes: np.ndarray, boxes: np.ndarray, triangles: np.ndarray, root: int, x: float, y: float, z: float, cut: float
) -> tuple[float, int]:
    """Squared distance and index of the nearest triangle; index -1 if all are at least ``cut`` away."""
    best, found = cut * cut, -1
    node, pending = root, 0
    if _box_gap(boxes, root, x, y, z, x, y, z) >= best:
        return best, -1
    while True:
        right = nodes[node, 0]
        descended = False
        if right > 0:
            left = node + 1
            gap_left = _box_gap(boxes, left, x, y, z, x, y, z)
            gap_right = _box_gap(boxes, right, x, y, z, x, y, z)
            near, gap_near, gap_far = left, gap_left, gap_right
            if gap_right < gap_left:
                near, gap_near, gap_far = right, gap_right, gap_left
            if gap_near < best:
                pending = (pending << 1) | int(gap_far < best)
                node = near
                descended = True
        else:
            first = nodes[node, 1]
            for i in range(first, first + nodes[node, 2]):
                s, t, _ = _triangle_coordinates(triangles, i, x, y, z)
                dx = triangles[i, CORNER] + s * triangles[i, SIDE_1] + t * triangles[i, SIDE_2] - x
                dy = triangles[i, CORNER + 1] + s * triangles[i, SIDE_1 + 1] + t * triangles[i, SIDE_2 + 1] - y
                dz = triangles[i, CORNER + 2] + s * triangles[i, SIDE_1 + 2] + t * triangles[i, SIDE_2 + 2] - z
                squared = dx * dx + dy * dy + dz * dz
                if squared < best:
                    best, found = squared, i
        while not descended:
            if node == root:
                return best, found
            parent = nodes[node, 3]
            if pending & 1:
                pending ^= 1
                node = nodes[parent, 0] if node == parent + 1 else parent + 1
                descended = _box_gap(boxes, node, x, y, z, x, y, z) < best
            else:
                pending >>= 1
                node = parent


@compiled
def triangle_distance(
    triangles: np.ndarray, normals: np.ndarray, i: int, signed: bool, x: float, y: float, z: float
) -> tuple[float, float, float, float]:
    """Distance from a point to its nearest triangle, signed if asked, and the unit normal."""
    s, t, feature = _triangle_coordinates(triangles, i, x, y, z)
    dx = x - (triangles[i, CORNER] + s * triangles[i, SIDE_1] + t * triangles[i, SIDE_2])
    dy = y - (triangles[i, CORNER + 1] + s * triangles[i, SIDE_1 + 1] + t * triangles[i, SIDE_2 + 1])
    dz = z - (triangles[i, CORNER + 2] + s * triangles[i, SIDE_1 + 2] + t * triangles[i, SIDE_2 + 2])
    d = math.sqrt(dx * dx + dy * dy + dz * dz)
    if not signed:
        if d > _TOUCHING:
            return d, dx / d, dy / d, dz / d
        return d, triangles[i, NORMAL], triangles[i, NORMAL + 1], triangles[i, NORMAL + 2]
    nx, ny, nz = _feature_normal(triangles, normals, i, feature)
    sign = math.copysign(1.0, nx * dx + ny * dy + nz * dz)
    if d > _TOUCHING:
        return sign * d, sign * dx / d, sign * dy / d, sign * dz / d
    return sign * d, nx, ny, nz


@compiled
def mesh_distance(
    nodes: np.ndarray, boxes: np.ndarray, triangles: np.ndarray, normals: np.ndarray, root: int, signed: bool,
    x: float, y: float, z: float, cut: float,
) -> tuple[float, float, float, float]:  # fmt: skip
    """Distance and unit normal; ``cut`` and zeros if the mesh is at least that far away."""
    _, i = nearest_triangle(nodes, boxes, triangles, root, x, y, z, cut)
    if i < 0:
        return cut, 0.0, 0.0, 0.0
    return triangle_distance(triangles, normals, i, signed, x, y, z)


@compiled
def hyperbola_minimum(h2: float, m2: float, centre: float, taper: float) -> float:
    """Where sqrt(h2 + m2 (s - centre)^2) - taper s is least for s in [0, 1]."""
    if m2 > taper * taper:
        s = centre + taper * math.sqrt(h2 / (m2 * (m2 - taper * taper)))
    elif taper > 0.0:
        s = 1.0
    elif taper < 0.0:
        s = 0.0
    else:
        s = 0.5
    return min(max(s, 0.0), 1.0)


@compiled
def nearest_to_point(wx: float, wy: float, wz: float, ux: float, uy: float, uz: float, taper: float) -> float:
    """Position s on the segment w + s u that comes nearest to the origin, the radius growing by ``taper``."""
    uu = ux * ux + uy * uy + uz * uz
    centre = -(wx * ux + wy * uy + wz * uz) / uu if uu > 0.0 else 0.5
    hx, hy, hz = wx + centre * ux, wy + centre * uy, wz + centre * uz
    return hyperbola_minimum(hx * hx + hy * hy + hz * hz, uu, centre, taper)


@compiled
def nearest_to_segment(
    wx: float, wy: float, wz: float, ux: float, uy: float, uz: float, vx: float, vy: float, vz: float, taper: float
) -> tuple[float, float]:  # fmt: skip
    """Positions s and t in [0, 1] that make |w + s u - t v| - taper s least.

    The function is convex, so that when the line through v is met before or beyond its ends, that end is the answer.
    """
    vv = vx * vx + vy * vy + vz * vz
    uv = ux * vx + uy * vy + uz * vz
    wv = wx * vx + wy * vy + wz * vz
    # What is left across the line.
    ax, ay, az = wx - wv / vv * vx, wy - wv / vv * vy, wz - wv / vv * vz
    bx, by, bz = ux - uv / vv * vx, uy - uv / vv * vy, uz - uv / vv * vz
    s = nearest_to_point(ax, ay, az, bx, by, bz, taper)
    t = (wv + s * uv) / vv
    if t < 0.0:
        return nearest_to_point(wx, wy, wz, ux, uy, uz, taper), 0.0
    if t > 1.0:
        return nearest_to_point(wx - vx, wy - vy, wz - vz, ux, uy, uz, taper), 1.0
    return s, t


@compiled
def _face_height(triangles: np.ndarray, i: int, x: float, y: float, z: float) -> tuple[float, bool]:
    """Height over the plane of a triangle, and whether the foot of the perpendicular lies in the triangle."""
    ux, uy, uz = triangles[i, SIDE_1], triangles[i, SIDE_1 + 1], triangles[i, SIDE_1 + 2]
    vx, vy, vz = triangles[i, SIDE_2], triangles[i, SIDE_2 + 1], triangles[i, SIDE_2 + 2]
    px, py, pz = x - triangles[i, CORNER], y - triangles[i, CORNER + 1], z - triangles[i, CORNER + 2]
    height = px * triangles[i, NORMAL] + py * triangles[i, NORMAL + 1] + pz * triangles[i, NORMAL + 2]
    d1 = ux * px + uy * py + uz * pz
    d2 = vx * px + vy * py + vz * pz
    uu = ux * ux + uy * uy + uz * uz
    uv = ux * vx + uy * vy + uz * vz
    vv = vx * vx + vy * vy + vz * vz
    s = vv * d1 - uv * d2
    t = uu * d2 - uv * d1
    return height, s >= 0.0 and t >= 0.0 and s + t <= uu * vv - uv * uv


@compiled
def _triangle_gap(
    triangles: np.ndarray, i: int,
    ax: float, ay: float, az: float, ux: float, uy: float, uz: float, ra: float, taper: float,
    best: float, s_best: float, feature_best: int,
) -> tuple[float, float, int]:  # fmt: skip
    """Least distance minus radius of one triangle if below ``best``; feature -1 where the segment passes through."""
    h_a, above_a = _face_height(triangles, i, ax, ay, az)
    h_b, above_b = _face_height(triangles, i, ax + ux, ay + uy, az + uz)
    if h_a * h_b < 0.0:
        s = h_a / (h_a - h_b)
        _, through = _face_height(triangles, i, ax + s * ux, ay + s * uy, az + s * uz)
        if through and -ra - s * taper < best:
            best, s_best, feature_best = -ra - s * taper, s, -1
    if above_a and abs(h_a) - ra < best:
        best, s_best, feature_best = abs(h_a) - ra, 0.0, 0
    if above_b and abs(h_b) - ra - taper < best:
        best, s_best, feature_best = abs(h_b) - ra - taper, 1.0, 0
    owned = int(triangles[i, EDGES])
    for edge in range(3):
        if not (owned >> edge) & 1:
            continue
        ox, oy, oz = 0.0, 0.0, 0.0
        vx, vy, vz = triangles[i, SIDE_1], triangles[i, SIDE_1 + 1], triangles[i, SIDE_1 + 2]
        if edge == 1:
            ox, oy, oz = vx, vy, vz
            vx = triangles[i, SIDE_2] - vx
            vy = triangles[i, SIDE_2 + 1] - vy
            vz = triangles[i, SIDE_2 + 2] - vz
        elif edge == 2:
            ox, oy, oz = triangles[i, SIDE_2], triangles[i, SIDE_2 + 1], triangles[i, SIDE_2 + 2]
            vx, vy, vz = -ox, -oy, -oz
        wx, wy, wz = (
            ax - triangles[i, CORNER] - ox,
            ay - triangles[i, CORNER + 1] - oy,
            az - triangles[i, CORNER + 2] - oz,
        )
        s, t = nearest_to_segment(wx, wy, wz, ux, uy, uz, vx, vy, vz, taper)
        dx, dy, dz = wx + s * ux - t * vx, wy + s * uy - t * vy, wz + s * uz - t * vz
        gap = math.sqrt(dx * dx + dy * dy + dz * dz) - ra - s * taper
        if gap < best:
            best, s_best, feature_best = gap, s, 1
    return best, s_best, feature_best


@compiled
def _axis_distance(
    cx: float, cy: float, cz: float, mx: float, my: float, mz: float, ex: float, ey: float, ez: float, half: float
) -> float:  # fmt: skip
    """Squared distance from a point to a segment given by its middle, direction and half length."""
    wx, wy, wz = cx - mx, cy - my, cz - mz
    along = wx * ex + wy * ey + wz * ez
    over = along - min(max(along, -half), half)
    return wx * wx + wy * wy + wz * wz - along * along + over * over


@compiled
def nearest_on_segment(
    nodes: np.ndarray, boxes: np.ndarray, triangles: np.ndarray, root: int,
    ax: float, ay: float, az: float, bx: float, by: float, bz: float, ra: float, rb: float, cut: float,
) -> tuple[float, float, int, int]:  # fmt: skip
    """Least distance minus radius, where on the segment, which triangle (-1: all at least ``cut``), which feature."""
    best, s_best, found, feature = cut, 0.0, -1, 0
    ux, uy, uz, taper = bx - ax, by - ay, bz - az, rb - ra
    thick = max(ra, rb)
    x0, y0, z0 = min(ax, bx), min(ay, by), min(az, bz)
    x1, y1, z1 = max(ax, bx), max(ay, by), max(az, bz)
    limit = best + thick
    if limit <= 0.0 or _box_gap(boxes, root, x0, y0, z0, x1, y1, z1) >= limit * limit:
        return best, s_best, found, feature
    mx, my, mz = 0.5 * (ax + bx), 0.5 * (ay + by), 0.5 * (az + bz)
    length = math.sqrt(ux * ux + uy * uy + uz * uz)
    half = 0.5 * length
    ex, ey, ez = (ux / length, uy / length, uz / length) if length > 0.0 else (0.0, 0.0, 0.0)
    node, pending = root, 0
    while True:
        right = nodes[node, 0]
        descended = False
        if right > 0:
            left = node + 1
            away_left = _axis_distance(boxes[left, 6], boxes[left, 7], boxes[left, 8], mx, my, mz, ex, ey, ez, half)
            away_right = _axis_distance(boxes[right, 6], boxes[right, 7], boxes[right, 8], mx, my, mz, ex, ey, ez, half)
            open_left = away_left < (limit + boxes[left, 9]) ** 2 and (
                _box_gap(boxes, left, x0, y0, z0, x1, y1, z1) < limit * limit
            )
            open_right = away_right < (limit + boxes[right, 9]) ** 2 and (
                _box_gap(boxes, right, x0, y0, z0, x1, y1, z1) < limit * limit
            )
            if open_left or open_right:
                pending = (pending << 1) | int(open_left and open_right)
                node = right if open_right and not (open_left and away_left <= away_right) else left
                descended = True
        else:
            first = nodes[node, 1]
            for i in range(first, first + nodes[node, 2]):
                away = _axis_distance(
                    triangles[i, CENTRE],
                    triangles[i, CENTRE + 1],
                    triangles[i, CENTRE + 2],
                    mx,
                    my,
                    mz,
                    ex,
                    ey,
                    ez,
                    half,
                )
                if away >= (limit + triangles[i, REACH]) ** 2:
                    continue
                n1, n2, n3 = triangles[i, NORMAL], triangles[i, NORMAL + 1], triangles[i, NORMAL + 2]
                wx, wy, wz = mx - triangles[i, CENTRE], my - triangles[i, CENTRE + 1], mz - triangles[i, CENTRE + 2]
                rise = ex * n1 + ey * n2 + ez * n3
                height = wx * n1 + wy * n2 + wz * n3
                lift = max(abs(height) - half * abs(rise), 0.0)
                if lift >= limit:
                    continue
                fx, fy, fz = ex - rise * n1, ey - rise * n2, ez - rise * n3
                wx, wy, wz = wx - height * n1, wy - height * n2, wz - height * n3
                flat = fx * fx + fy * fy + fz * fz
                t = -(wx * fx + wy * fy + wz * fz) / flat if flat > 0.0 else 0.0
                t = min(max(t, -half), half)
                wx, wy, wz = wx + t * fx, wy + t * fy, wz + t * fz
                aside = math.sqrt(wx * wx + wy * wy + wz * wz) - triangles[i, REACH]
                if aside > 0.0 and lift * lift + aside * aside >= limit * limit:
                    continue
                gap, s, part = _triangle_gap(triangles, i, ax, ay, az, ux, uy, uz, ra, taper, best, s_best, feature)
                if gap < best:
                    best, s_best, found, feature = gap, s, i, part
                    limit = best + thick
                    if limit <= 0.0:
                        return best, s_best, found, feature
        while not descended:
            if node == root:
                return best, s_best, found, feature
            parent = nodes[node, 3]
            if pending & 1:
                pending ^= 1
                node = nodes[parent, 0] if node == parent + 1 else parent + 1
                away = _axis_distance(boxes[node, 6], boxes[node, 7], boxes[node, 8], mx, my, mz, ex, ey, ez, half)
                descended = away < (limit + boxes[node, 9]) ** 2 and (
                    _box_gap(boxes, node, x0, y0, z0, x1, y1, z1) < limit * limit
                )
            else:
                pending >>= 1
                node = parent
