"""Gap between a tapered segment of a whisker and a solid, the innermost question of a contact step."""

import math
from typing import Any

import numpy as np

from ..compiled import compiled
from .distance import solid_distance
from .kinds import BOX, CAPSULE, CURVED_PLATE, MESH, PLANE, SPHERE, SUPERQUADRIC, TORUS
from .mesh_distance import (
    mesh_distance,
    nearest_on_segment,
    nearest_to_point,
    nearest_to_segment,
    triangle_distance,
)
from .table import SolidTable

_MAX_STEPS = 60
_RESOLUTION = 1e-13
_FLAT = 1e-11
_CLOSE = 1e-3
_N_INTERVALS = 16
_NEVER_CUT = 1e-9
# A centre line this near to the surface (mm) may have gone in elsewhere, too.
_GRAZES = 1e-9
# Length of the mean of two normals below which they belong to the two faces of a sheet rather than to an edge.
_SHARPEST = 0.2


@compiled
def _analytic_at(shape: tuple, x: float, y: float, z: float) -> tuple[float, float, float, float]:
    return solid_distance(shape[0], shape[1], shape[2], shape[3], shape[4], shape[5], shape[6], x, y, z)


@compiled
def _mesh_at(shape: tuple, x: float, y: float, z: float) -> tuple[float, float, float, float]:
    return mesh_distance(shape[0], shape[1], shape[2], shape[3], shape[4], True, x, y, z, math.inf)


def _make_search(distance_at: Any) -> Any:
    """Search along a segment for one family of solids; ``distance_at(shape, x, y, z)`` gives distance and normal."""

    @compiled
    def at(
        shape: tuple, ax: float, ay: float, az: float, ux: float, uy: float, uz: float, ra: float, taper: float, s: float
    ) -> tuple[float, float, float, float, float]:  # fmt: skip
        d, nx, ny, nz = distance_at(shape, ax + s * ux, ay + s * uy, az + s * uz)
        return d - ra - s * taper, nx * ux + ny * uy + nz * uz - taper, nx, ny, nz

    @compiled
    def search(
        shape: tuple, n_intervals: int,
        ax: float, ay: float, az: float, bx: float, by: float, bz: float, ra: float, rb: float, s_guess: float,
    ) -> tuple[float, float, float, float, float]:  # fmt: skip
        ux, uy, uz, taper = bx - ax, by - ay, bz - az, rb - ra
        steepest = math.sqrt(ux * ux + uy * uy + uz * uz) + abs(taper)
        flat = _FLAT * steepest
        low = 0.0
        f_low, g_low, nx, ny, nz = at(shape, ax, ay, az, ux, uy, uz, ra, taper, 0.0)
        best, s_best, best_x, best_y, best_z = f_low, 0.0, nx, ny, nz
        x_low, y_low, z_low = nx, ny, nz
        if n_intervals == 1 and g_low >= 0.0:
            return best, s_best, best_x, best_y, best_z
        for interval in range(n_intervals):
            high = (interval + 1) / n_intervals
            f_high, g_high, nx, ny, nz = at(shape, ax, ay, az, ux, uy, uz, ra, taper, high)
            x_high, y_high, z_high = nx, ny, nz
            if f_high < best:
                best, s_best, best_x, best_y, best_z = f_high, high, nx, ny, nz
            # Where two sides of a solid are equally near either normal may come back; the chord tells it all the same.
            chord = (f_high - f_low) / (high - low)
            down, up = min(g_low, chord), max(g_high, chord)
            if down < 0.0 < up and 0.5 * (f_low + f_high - (high - low) * steepest) < best:
                # Regula falsi (Illinois); where three steps have not halved the bracket there may be a kink: from then
                # on every other step goes to where the tangents of both sides meet, the others to the middle.
                p, q, g_p, g_q = low, high, down, up
                at_p, slope_p, at_q, slope_q = f_low, down, f_high, up
                px, py, pz, qx, qy, qz = x_low, y_low, z_low, x_high, y_high, z_high
                s = s_guess if p < s_guess < q else p - g_p * (q - p) / (g_q - g_p)
                last, width, kinked, smooth = 0, q - p, False, False
                for step in range(_MAX_STEPS):
                    f, g, nx, ny, nz = at(shape, ax, ay, az, ux, uy, uz, ra, taper, s)
                    if f < best:
                        best, s_best, best_x, best_y, best_z = f, s, nx, ny, nz
                    if abs(g) <= flat:
                        smooth = True
                        break
                    if g < 0.0:
                        p, g_p, at_p, slope_p, px, py, pz = s, g, f, g, nx, ny, nz
                        if last == -1:
                            g_q *= 0.5
                        last = -1
                    else:
                        q, g_q, at_q, slope_q, qx, qy, qz = s, g, f, g, nx, ny, nz
                        if last == 1:
                            g_p *= 0.5
                        last = 1
                    if q - p <= _RESOLUTION:
                        break
                    if step % 3 == 2:
                        kinked = kinked or q - p > 0.5 * width
                        width = q - p
                    if not kinked:
                        s = p - g_p * (q - p) / (g_q - g_p)
                    elif step % 2 == 0:
                        s = (at_q - at_p + slope_p * p - slope_q * q) / (slope_p - slope_q)
                        s = min(max(s, p + _CLOSE * (q - p)), q - _CLOSE * (q - p))
                    else:
                        s = 0.5 * (p + q)
                if not smooth and low < p and q < high and p - _GRAZES <= s_best <= q + _GRAZES:
                    # An edge: of the normals between those of its two sides the one along which nothing is gained by
                    # sliding, so that the force does not jump from side to side.
                    nx = slope_q * px - slope_p * qx
                    ny = slope_q * py - slope_p * qy
                    nz = slope_q * pz - slope_p * qz
                    size = math.sqrt(nx * nx + ny * ny + nz * nz)
                    if size > _SHARPEST * (slope_q - slope_p):
                        best_x, best_y, best_z = nx / size, ny / size, nz / size
            low, f_low, g_low, x_low, y_low, z_low = high, f_high, g_high, x_high, y_high, z_high
        return best, s_best, best_x, best_y, best_z

    return search


_search_analytic = _make_search(_analytic_at)
_search_mesh = _make_search(_mesh_at)


@compiled
def _capsule_gap(
    radius: float, half: float,
    ax: float, ay: float, az: float, bx: float, by: float, bz: float, ra: float, rb: float,
) -> tuple[float, float, float, float, float]:  # fmt: skip
    ux, uy, uz = bx - ax, by - ay, bz - az
    if half > 0.0:
        s, t = nearest_to_segment(ax, ay, az + half, ux, uy, uz, 0.0, 0.0, 2.0 * half, rb - ra)
        dz = az + half + s * uz - 2.0 * half * t
    else:
        s = nearest_to_point(ax, ay, az, ux, uy, uz, rb - ra)
        dz = az + s * uz
    dx, dy = ax + s * ux, ay + s * uy
    d = math.sqrt(dx * dx + dy * dy + dz * dz)
    gap = d - radius - ra - s * (rb - ra)
    if d > 0.0:
        return gap, s, dx / d, dy / d, dz / d
    return gap, s, 0.0, 0.0, 1.0


@compiled
def _mesh_gap(
    nodes: np.ndarray, boxes: np.ndarray, triangles: np.ndarray, normals: np.ndarray, root: int, signed: bool,
    ax: float, ay: float, az: float, bx: float, by: float, bz: float, ra: float, rb: float, cut: float, s_guess: float,
) -> tuple[float, float, float, float, float]:  # fmt: skip
    if signed:
        # A segment that crosses the surface is to be found however negative the bound is.
        cut = max(cut, _NEVER_CUT)
    gap, s, i, feature = nearest_on_segment(nodes, boxes, triangles, root, ax, ay, az, bx, by, bz, ra, rb, cut)
    ux, uy, uz = bx - ax, by - ay, bz - az
    if i < 0:
        # Far from every triangle: outside, or deep inside where the gap is most negative.
        if not signed:
            return cut, s_guess, 0.0, 0.0, 0.0
        mx, my, mz = ax + 0.5 * ux, ay + 0.5 * uy, az + 0.5 * uz
        if not (
            boxes[root, 0] < mx < boxes[root, 3] and boxes[root, 1] < my < boxes[root, 4]
            and boxes[root, 2] < mz < boxes[root, 5]
        ):  # fmt: skip
            return cut, s_guess, 0.0, 0.0, 0.0
        d, nx, ny, nz = mesh_distance(nodes, boxes, triangles, normals, root, True, mx, my, mz, math.inf)
        if d > 0.0:
            return cut, s_guess, 0.0, 0.0, 0.0
    elif feature >= 0:
        d, nx, ny, nz = triangle_distance(triangles, normals, i, signed, ax + s * ux, ay + s * uy, az + s * uz)
        if not signed or d > _GRAZES:
            return gap, s, nx, ny, nz
    elif not signed:
        # The centre line itself passes through a sheet: out again on the side where the segment began.
        nx, ny, nz = triangles[i, 9], triangles[i, 10], triangles[i, 11]
        if nx * ux + ny * uy + nz * uz > 0.0:
            return gap, s, -nx, -ny, -nz
        return gap, s, nx, ny, nz
    return _search_mesh((nodes, boxes, triangles, normals, root), _N_INTERVALS, ax, ay, az, bx, by, bz, ra, rb, s_guess)


@compiled
def segment_gap(
    table: SolidTable, k: int,
    ax: float, ay: float, az: float, bx: float, by: float, bz: float, ra: float, rb: float,
    bound: float, s_guess: float,
) -> tuple[float, float, float, float, float]:  # fmt: skip
    """Smallest gap between a tapered segment and solid ``k``, in the frame of the solid.

    The gap at a point of the segment is the signed distance to the solid minus the radius there, linear between the
    ends, minus the contact offset. The smallest is exact for convex solids, and for meshes and extrusions as long as
    the centre line is outside; on a torus, on a curved plate and inside a mesh two minima that lie closer together than
    a sixteenth of the segment may be taken for one.

    Parameters
    ----------
    table
        From `pack_solids`.
    k
        Which solid.
    ax, ay, az, bx, by, bz
        Ends of the segment [mm].
    ra, rb
        Radii at the ends [mm].
    bound
        A gap that is not below this need not be known [mm].
    s_guess
        Position of the last answer, from which the search starts; it changes the time taken, not the answer.

    Returns
    -------
    gap, s, nx, ny, nz
        Gap [mm], position of the smallest gap from 0 (a) to 1 (b), outward unit normal there. If the gap is not below
        ``bound``, a lower bound of it that is not below ``bound``, ``s_guess`` and zeros may come back instead.
    """
    kind = table.kind[k]
    offset = table.offset[k]
    if kind == MESH:
        gap, s, nx, ny, nz = _mesh_gap(
            table.nodes, table.boxes, table.triangles, table.normals, table.root[k], table.parameters[k, 0] > 0.0,
            ax, ay, az, bx, by, bz, ra, rb, bound + offset, s_guess,
        )  # fmt: skip
        return gap - offset, s, nx, ny, nz
    p0, p1, p2 = table.parameters[k, 0], table.parameters[k, 1], table.parameters[k, 2]
    if kind == PLANE:
        gap_a, gap_b = az - ra - offset, bz - rb - offset
        if gap_a < gap_b:
            return gap_a, 0.0, 0.0, 0.0, 1.0
        if gap_b < gap_a:
            return gap_b, 1.0, 0.0, 0.0, 1.0
        return gap_a, 0.5, 0.0, 0.0, 1.0
    if kind in (SPHERE, CAPSULE):
        gap, s, nx, ny, nz = _capsule_gap(p0, p1, ax, ay, az, bx, by, bz, ra, rb)
        return gap - offset, s, nx, ny, nz
    shape = (kind, p0, p1, p2, table.parameters[k, 3], table.parameters[k, 4], table.parameters[k, 5])
    ux, uy, uz = bx - ax, by - ay, bz - az
    mx, my, mz = ax + 0.5 * ux, ay + 0.5 * uy, az + 0.5 * uz
    reach = 0.5 * math.sqrt(ux * ux + uy * uy + uz * uz) + max(ra, rb) + offset
    if kind == SUPERQUADRIC:
        # The box around it costs a hundredth.
        d, _, _, _ = solid_distance(BOX, p0, p1, p2, 0.0, 0.0, 0.0, mx, my, mz)
        if d - reach >= bound:
            return d - reach, s_guess, 0.0, 0.0, 0.0
    d, _, _, _ = _analytic_at(shape, mx, my, mz)
    if d - reach >= bound:
        return d - reach, s_guess, 0.0, 0.0, 0.0
    n_intervals = _N_INTERVALS if kind in (TORUS, CURVED_PLATE) else 1
    gap, s, nx, ny, nz = _search_analytic(shape, n_intervals, ax, ay, az, bx, by, bz, ra, rb, s_guess)
    return gap - offset, s, nx, ny, nz


@compiled
def point_distance(
    table: SolidTable, k: int, x: float, y: float, z: float, bound: float
) -> tuple[float, float, float, float]:
    """Signed distance from a point to solid ``k`` and the outward unit normal there.

    Parameters
    ----------
    table
        From `pack_solids`.
    k
        Which solid.
    x, y, z
        The point in the frame of the solid [mm].
    bound
        A distance that is not below this need not be known [mm]; ``inf`` asks for the value in any case.

    Returns
    -------
    distance, nx, ny, nz
        Distance [mm], without the contact offset; of a mesh without an inside it is never negative. If the distance is
        not below ``bound``, ``bound`` and zeros may come back instead.
    """
    kind = table.kind[k]
    if kind == MESH:
        root, signed = table.root[k], table.parameters[k, 0] > 0.0
        cut = bound
        if signed and not (
            x < table.boxes[root, 0] or x > table.boxes[root, 3] or y < table.boxes[root, 1]
            or y > table.boxes[root, 4] or z < table.boxes[root, 2] or z > table.boxes[root, 5]
        ):  # fmt: skip
            cut = math.inf
        return mesh_distance(table.nodes, table.boxes, table.triangles, table.normals, root, signed, x, y, z, cut)
    return solid_distance(
        kind, table.parameters[k, 0], table.parameters[k, 1], table.parameters[k, 2], table.parameters[k, 3],
        table.parameters[k, 4], table.parameters[k, 5], x, y, z,
    )  # fmt: skip
