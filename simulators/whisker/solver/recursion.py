"""Equations of motion of one chain in time linear in its links, compiled.

Everything stands in world axes about the base point of the whisker, so that nothing is carried from link to link:
a spatial velocity is (angular velocity, velocity of the body's point at the origin), a spatial force (moment about
the origin, force). With the inertia of a link and what hangs on it, the joint accelerations follow from one sweep to
the base and one back (Featherstone 2008, Rigid Body Dynamics Algorithms, ch. 7); implicit springs, dampers and contacts
only add to the diagonal of that inertia.
"""

import numpy as np

from ..compiled import compiled

LINK_SIZE = 30
"""Numbers per link: 0:3 its axis, 3:6 and 6:9 its hinge axes, 9:12 its proximal node from the base point, 12:15 angular
velocity, 15:18 velocity at the origin, 18:24 spatial acceleration, 24:30 spatial force for it, less forces from outside."""
EXTRA_SIZE = 21
"""A symmetric 6 x 6 matrix: 0:6 moment by angular (xx, xy, xz, yy, yz, zz), 6:15 moment by linear (rows), 15:21 force by
linear."""
WORK_SIZE = 17
CHANGE_SIZE = 8
SHIFT_SIZE = 12


@compiled
def place_links(
    q: np.ndarray,
    v: np.ndarray,
    a: np.ndarray,
    lengths: np.ndarray,
    masses: np.ndarray,
    centroids: np.ndarray,
    inertias: np.ndarray,
    first_turn: float,
    base: np.ndarray,
    link: np.ndarray,
) -> None:
    """Positions, velocities, accelerations and inertial forces of all links.

    Parameters
    ----------
    q, v, a
        (n, 2) hinge angles, rates and accelerations (rad, rad/ms, rad/ms^2); row 0 is not read.
    lengths, masses, centroids, inertias
        (n,) of the links.
    first_turn
        Fixed turn of link 0 about the z axis of the base frame, rad.
    base
        (19,) pose, velocity and acceleration of the base frame, as `motion.interpolation.pose_at` leaves them.
    link
        (n, 30) filled; see `LINK_SIZE`.
    """
    n = lengths.shape[0]
    qw, qx, qy, qz = base[9], base[10], base[11], base[12]
    ww, ii, jj, kk = qw * qw, qx * qx, qy * qy, qz * qz
    # Columns of the base rotation, summed so that those of a mirror image are mirrored to the last bit.
    xx, xy, xz = (ww + ii) - (jj + kk), 2.0 * (qx * qy + qw * qz), 2.0 * (qx * qz - qw * qy)
    yx, yy, yz = 2.0 * (qx * qy - qw * qz), (ww + jj) - (ii + kk), 2.0 * (qy * qz + qw * qx)
    zx, zy, zz = 2.0 * (qx * qz + qw * qy), 2.0 * (qy * qz - qw * qx), (ww + kk) - (ii + jj)
    c, s = np.cos(first_turn), np.sin(first_turn)
    xx, xy, xz, yx, yy, yz = (
        c * xx + s * yx, c * xy + s * yy, c * xz + s * yz, c * yx - s * xx, c * yy - s * xy, c * yz - s * xz
    )  # fmt: skip
    wx, wy, wz = base[13], base[14], base[15]
    ux, uy, uz = base[3], base[4], base[5]
    bx, by, bz = base[16], base[17], base[18]
    # Acceleration of the field of velocities at the fixed origin: a - w x u.
    cx = base[6] - (wy * uz - wz * uy)
    cy = base[7] - (wz * ux - wx * uz)
    cz = base[8] - (wx * uy - wy * ux)
    px, py, pz = 0.0, 0.0, 0.0
    for i in range(n):
        row = link[i]
        if i > 0:
            # First hinge: about the y axis of the link before.
            rate, gain = v[i, 0], a[i, 0]
            mx, my, mz = py * yz - pz * yy, pz * yx - px * yz, px * yy - py * yx
            dx, dy, dz = wy * yz - wz * yy, wz * yx - wx * yz, wx * yy - wy * yx
            ex = wy * mz - wz * my + uy * yz - uz * yy
            ey = wz * mx - wx * mz + uz * yx - ux * yz
            ez = wx * my - wy * mx + ux * yy - uy * yx
            row[3], row[4], row[5] = yx, yy, yz
            bx += yx * gain + dx * rate
            by += yy * gain + dy * rate
            bz += yz * gain + dz * rate
            cx += mx * gain + ex * rate
            cy += my * gain + ey * rate
            cz += mz * gain + ez * rate
            wx += yx * rate
            wy += yy * rate
            wz += yz * rate
            ux += mx * rate
            uy += my * rate
            uz += mz * rate
            c, s = np.cos(q[i, 0]), np.sin(q[i, 0])
            xx, xy, xz, zx, zy, zz = (
                c * xx - s * zx, c * xy - s * zy, c * xz - s * zz, c * zx + s * xx, c * zy + s * xy, c * zz + s * xz
            )  # fmt: skip
            # Second hinge: about the z axis after the first.
            rate, gain = v[i, 1], a[i, 1]
            mx, my, mz = py * zz - pz * zy, pz * zx - px * zz, px * zy - py * zx
            dx, dy, dz = wy * zz - wz * zy, wz * zx - wx * zz, wx * zy - wy * zx
            ex = wy * mz - wz * my + uy * zz - uz * zy
            ey = wz * mx - wx * mz + uz * zx - ux * zz
            ez = wx * my - wy * mx + ux * zy - uy * zx
            row[6], row[7], row[8] = zx, zy, zz
            bx += zx * gain + dx * rate
            by += zy * gain + dy * rate
            bz += zz * gain + dz * rate
            cx += mx * gain + ex * rate
            cy += my * gain + ey * rate
            cz += mz * gain + ez * rate
            wx += zx * rate
            wy += zy * rate
            wz += zz * rate
            ux += mx * rate
            uy += my * rate
            uz += mz * rate
            c, s = np.cos(q[i, 1]), np.sin(q[i, 1])
            xx, xy, xz, yx, yy, yz = (
                c * xx + s * yx, c * xy + s * yy, c * xz + s * yz, c * yx - s * xx, c * yy - s * xy, c * yz - s * xz
            )  # fmt: skip
        row[0], row[1], row[2] = xx, xy, xz
        row[9], row[10], row[11] = px, py, pz
        row[12], row[13], row[14], row[15], row[16], row[17] = wx, wy, wz, ux, uy, uz
        row[18], row[19], row[20], row[21], row[22], row[23] = bx, by, bz, cx, cy, cz
        # Newton and Euler about the centroid, then carried to the origin.
        m, inertia, arm = masses[i], inertias[i], centroids[i] * lengths[i]
        gx, gy, gz = px + arm * xx, py + arm * xy, pz + arm * xz
        # Velocity of the centroid; its acceleration is c + b x g + w x (u + w x g).
        hx, hy, hz = ux + wy * gz - wz * gy, uy + wz * gx - wx * gz, uz + wx * gy - wy * gx
        fx = m * (cx + by * gz - bz * gy + wy * hz - wz * hy)
        fy = m * (cy + bz * gx - bx * gz + wz * hx - wx * hz)
        fz = m * (cz + bx * gy - by * gx + wx * hy - wy * hx)
        # Rate of I (w - (w.x) x): I (b - (b.x) x) - I (w.x) (w x x).
        along, turn = bx * xx + by * xy + bz * xz, wx * xx + wy * xy + wz * xz
        nx = inertia * (bx - along * xx - turn * (wy * xz - wz * xy))
        ny = inertia * (by - along * xy - turn * (wz * xx - wx * xz))
        nz = inertia * (bz - along * xz - turn * (wx * xy - wy * xx))
        row[24] = nx + gy * fz - gz * fy
        row[25] = ny + gz * fx - gx * fz
        row[26] = nz + gx * fy - gy * fx
        row[27], row[28], row[29] = fx, fy, fz
        px, py, pz = px + lengths[i] * xx, py + lengths[i] * xy, pz + lengths[i] * xz


@compiled
def carry_links(angles: np.ndarray, rates: np.ndarray, link: np.ndarray, shift: np.ndarray) -> None:
    """Small displacement and change of velocity of every link for small changes of its joints.

    Parameters
    ----------
    angles, rates
        (n, 2) changes of the hinge angles and of their rates; row 0 is not read.
    link
        As `place_links` left it.
    shift
        (n, 12) filled: turn, shift at the origin, change of angular velocity, change of velocity at the origin.
    """
    wx = wy = wz = ux = uy = uz = 0.0
    fx = fy = fz = gx = gy = gz = 0.0
    shift[0, :] = 0.0
    for i in range(1, link.shape[0]):
        row, out = link[i], shift[i]
        px, py, pz = row[9], row[10], row[11]
        sx, sy, sz, tx, ty, tz = row[3], row[4], row[5], row[6], row[7], row[8]
        first, second = angles[i, 0], angles[i, 1]
        dx, dy, dz = sx * first + tx * second, sy * first + ty * second, sz * first + tz * second
        wx, wy, wz = wx + dx, wy + dy, wz + dz
        ux, uy, uz = ux + py * dz - pz * dy, uy + pz * dx - px * dz, uz + px * dy - py * dx
        first, second = rates[i, 0], rates[i, 1]
        dx, dy, dz = sx * first + tx * second, sy * first + ty * second, sz * first + tz * second
        fx, fy, fz = fx + dx, fy + dy, fz + dz
        gx, gy, gz = gx + py * dz - pz * dy, gy + pz * dx - px * dz, gz + px * dy - py * dx
        out[0], out[1], out[2], out[3], out[4], out[5] = wx, wy, wz, ux, uy, uz
        out[6], out[7], out[8], out[9], out[10], out[11] = fx, fy, fz, gx, gy, gz


@compiled
def solve_links(
    pull: np.ndarray,
    stiff: np.ndarray,
    lengths: np.ndarray,
    masses: np.ndarray,
    centroids: np.ndarray,
    inertias: np.ndarray,
    link: np.ndarray,
    extra: np.ndarray,
    work: np.ndarray,
    change: np.ndarray,
    wrench: np.ndarray,
) -> None:
    """Change of joint accelerations that balances every joint, and the force the base must exert.

    Parameters
    ----------
    pull
        (n, 2) moment of springs and dampers at the predicted state.
    stiff
        (n,) what implicit springs and dampers add to the inertia of each hinge.
    lengths, masses, centroids, inertias
        (n,) of the links.
    link
        As `place_links` left it, outside forces subtracted from the last six.
    extra
        (n, 21) what implicit contacts add to the inertia of each link; see `EXTRA_SIZE`.
    work
        (n, 17) work: per joint the columns U1, U2 (6 each), the inverse 2 x 2 and the balances.
    change
        (n, 8) filled: 0:2 change of the two joint accelerations, 2:8 change of the link's spatial acceleration.
    wrench
        (6,) filled: moment about the base point and force that the base exerts on the whisker.
    """
    n = lengths.shape[0]
    a0 = a1 = a2 = a3 = a4 = a5 = 0.0
    b0 = b1 = b2 = b3 = b4 = b5 = b6 = b7 = b8 = 0.0
    c0 = c1 = c2 = c3 = c4 = c5 = 0.0
    n0 = n1 = n2 = f0 = f1 = f2 = 0.0
    for i in range(n - 1, -1, -1):
        row = link[i]
        n0 += row[24]
        n1 += row[25]
        n2 += row[26]
        f0 += row[27]
        f1 += row[28]
        f2 += row[29]
        if i == 0:
            break
        xx, xy, xz, px, py, pz = row[0], row[1], row[2], row[9], row[10], row[11]
        m, inertia, arm = masses[i], inertias[i], centroids[i] * lengths[i]
        gx, gy, gz = px + arm * xx, py + arm * xy, pz + arm * xz
        more = extra[i]
        a0 += inertia * (1.0 - xx * xx) + m * (gy * gy + gz * gz) + more[0]
        a1 += -inertia * xx * xy - m * gx * gy + more[1]
        a2 += -inertia * xx * xz - m * gx * gz + more[2]
        a3 += inertia * (1.0 - xy * xy) + m * (gx * gx + gz * gz) + more[3]
        a4 += -inertia * xy * xz - m * gy * gz + more[4]
        a5 += inertia * (1.0 - xz * xz) + m * (gx * gx + gy * gy) + more[5]
        # Moment per linear acceleration: m [g]x.
        b0 += more[6]
        b1 += -m * gz + more[7]
        b2 += m * gy + more[8]
        b3 += m * gz + more[9]
        b4 += more[10]
        b5 += -m * gx + more[11]
        b6 += -m * gy + more[12]
        b7 += m * gx + more[13]
        b8 += more[14]
        c0 += m + more[15]
        c1 += more[16]
        c2 += more[17]
        c3 += m + more[18]
        c4 += more[19]
        c5 += m + more[20]
        keep = work[i]
        # Columns U = I S of both hinges; S = (axis, p x axis).
        sx, sy, sz = row[3], row[4], row[5]
        lx, ly, lz = py * sz - pz * sy, pz * sx - px * sz, px * sy - py * sx
        u0 = a0 * sx + a1 * sy + a2 * sz + b0 * lx + b1 * ly + b2 * lz
        u1 = a1 * sx + a3 * sy + a4 * sz + b3 * lx + b4 * ly + b5 * lz
        u2 = a2 * sx + a4 * sy + a5 * sz + b6 * lx + b7 * ly + b8 * lz
        u3 = b0 * sx + b3 * sy + b6 * sz + c0 * lx + c1 * ly + c2 * lz
        u4 = b1 * sx + b4 * sy + b7 * sz + c1 * lx + c3 * ly + c4 * lz
        u5 = b2 * sx + b5 * sy + b8 * sz + c2 * lx + c4 * ly + c5 * lz
        tx, ty, tz = row[6], row[7], row[8]
        kx, ky, kz = py * tz - pz * ty, pz * tx - px * tz, px * ty - py * tx
        v0 = a0 * tx + a1 * ty + a2 * tz + b0 * kx + b1 * ky + b2 * kz
        v1 = a1 * tx + a3 * ty + a4 * tz + b3 * kx + b4 * ky + b5 * kz
        v2 = a2 * tx + a4 * ty + a5 * tz + b6 * kx + b7 * ky + b8 * kz
        v3 = b0 * tx + b3 * ty + b6 * tz + c0 * kx + c1 * ky + c2 * kz
        v4 = b1 * tx + b4 * ty + b7 * tz + c1 * kx + c3 * ky + c4 * kz
        v5 = b2 * tx + b5 * ty + b8 * tz + c2 * kx + c4 * ky + c5 * kz
        d11 = sx * u0 + sy * u1 + sz * u2 + lx * u3 + ly * u4 + lz * u5 + stiff[i]
        d12 = tx * u0 + ty * u1 + tz * u2 + kx * u3 + ky * u4 + kz * u5
        d22 = tx * v0 + ty * v1 + tz * v2 + kx * v3 + ky * v4 + kz * v5 + stiff[i]
        det = 1.0 / (d11 * d22 - d12 * d12)
        e11, e12, e22 = d22 * det, -d12 * det, d11 * det
        r1 = pull[i, 0] - (sx * n0 + sy * n1 + sz * n2 + lx * f0 + ly * f1 + lz * f2)
        r2 = pull[i, 1] - (tx * n0 + ty * n1 + tz * n2 + kx * f0 + ky * f1 + kz * f2)
        keep[0], keep[1], keep[2], keep[3], keep[4], keep[5] = u0, u1, u2, u3, u4, u5
        keep[6], keep[7], keep[8], keep[9], keep[10], keep[11] = v0, v1, v2, v3, v4, v5
        keep[12], keep[13], keep[14], keep[15], keep[16] = e11, e12, e22, r1, r2
        # Hand on: I - U D^-1 U', p + U D^-1 r.
        y0, z0 = e11 * u0 + e12 * v0, e12 * u0 + e22 * v0
        y1, z1 = e11 * u1 + e12 * v1, e12 * u1 + e22 * v1
        y2, z2 = e11 * u2 + e12 * v2, e12 * u2 + e22 * v2
        y3, z3 = e11 * u3 + e12 * v3, e12 * u3 + e22 * v3
        y4, z4 = e11 * u4 + e12 * v4, e12 * u4 + e22 * v4
        y5, z5 = e11 * u5 + e12 * v5, e12 * u5 + e22 * v5
        a0 -= u0 * y0 + v0 * z0
        a1 -= u0 * y1 + v0 * z1
        a2 -= u0 * y2 + v0 * z2
        a3 -= u1 * y1 + v1 * z1
        a4 -= u1 * y2 + v1 * z2
        a5 -= u2 * y2 + v2 * z2
        b0 -= u0 * y3 + v0 * z3
        b1 -= u0 * y4 + v0 * z4
        b2 -= u0 * y5 + v0 * z5
        b3 -= u1 * y3 + v1 * z3
        b4 -= u1 * y4 + v1 * z4
        b5 -= u1 * y5 + v1 * z5
        b6 -= u2 * y3 + v2 * z3
        b7 -= u2 * y4 + v2 * z4
        b8 -= u2 * y5 + v2 * z5
        c0 -= u3 * y3 + v3 * z3
        c1 -= u3 * y4 + v3 * z4
        c2 -= u3 * y5 + v3 * z5
        c3 -= u4 * y4 + v4 * z4
        c4 -= u4 * y5 + v4 * z5
        c5 -= u5 * y5 + v5 * z5
        n0 += y0 * r1 + z0 * r2
        n1 += y1 * r1 + z1 * r2
        n2 += y2 * r1 + z2 * r2
        f0 += y3 * r1 + z3 * r2
        f1 += y4 * r1 + z4 * r2
        f2 += y5 * r1 + z5 * r2
    wrench[0], wrench[1], wrench[2], wrench[3], wrench[4], wrench[5] = n0, n1, n2, f0, f1, f2
    wx = wy = wz = ux = uy = uz = 0.0
    change[0, :] = 0.0
    for i in range(1, n):
        row, keep = link[i], work[i]
        r1 = keep[15] - (
            keep[0] * wx + keep[1] * wy + keep[2] * wz + keep[3] * ux + keep[4] * uy + keep[5] * uz
        )  # fmt: skip
        r2 = keep[16] - (
            keep[6] * wx + keep[7] * wy + keep[8] * wz + keep[9] * ux + keep[10] * uy + keep[11] * uz
        )  # fmt: skip
        y1, y2 = keep[12] * r1 + keep[13] * r2, keep[13] * r1 + keep[14] * r2
        sx, sy, sz, tx, ty, tz = row[3], row[4], row[5], row[6], row[7], row[8]
        px, py, pz = row[9], row[10], row[11]
        wx += sx * y1 + tx * y2
        wy += sy * y1 + ty * y2
        wz += sz * y1 + tz * y2
        gx, gy, gz = sx * y1 + tx * y2, sy * y1 + ty * y2, sz * y1 + tz * y2
        ux += py * gz - pz * gy
        uy += pz * gx - px * gz
        uz += px * gy - py * gx
        out = change[i]
        out[0], out[1], out[2], out[3], out[4], out[5], out[6], out[7] = y1, y2, wx, wy, wz, ux, uy, uz
