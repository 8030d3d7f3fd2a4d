"""Contacts of one chain with the solids of a scene at one instant, compiled.

Per link and solid the point of smallest gap; where it is negative, a normal spring and damper push back and friction
drags. Both act implicitly: they enter the inertia of the link, so that their stiffness limits no time step.
"""

import numpy as np

from ..compiled import compiled
from ..solids import SolidTable, segment_gap
from .friction import guessed_drag
from .recursion import EXTRA_SIZE

CONTACT_SIZE = 24
"""Numbers per contact: 0 link, 1 active, 2:5 point from the base point, 5:8 normal (out of the solid), 8 normal force
at the predicted state, 9:12 sliding velocity, 12 drag (force per sliding speed), 13 share along the link, 14 gap, 15 and
16 implicit normal and tangential gain, 17 coefficient of friction, 18 object, 19 the drag that followed from the motion
solved for (negative: none), 20 and 21 the drag of the solve before and what followed from it, 22 and 23 those before
(negative: none)."""
SEEN_SIZE = 13
"""Numbers that a link keeps per object: 0:6 both link ends (world), 6 the object's travel and 7 the place of the smallest
gap when it was last computed, 8 normal force and 9 gap after the last step, 10 a lower bound of the gap now, 11 and 12
drag after the last step and the one before (negative: none)."""
NEAR_MM = 1.0
"""Gaps beyond this need no exact value."""
BAND_MM = 0.05
"""Gaps below this may close within the step."""


@compiled
def _add_contact(
    one: np.ndarray,
    i: int,
    share: float,
    gap: float,
    nx: float,
    ny: float,
    nz: float,
    length: float,
    row: np.ndarray,
    moved: np.ndarray,
    base: np.ndarray,
    pose: np.ndarray,
    stiffness: float,
    relaxation: float,
    slip_speed: float,
    friction: float,
    mark: np.ndarray,
) -> None:
    """Fill one contact at ``share`` of link ``i`` with a normal in world axes."""
    along = share * length
    px, py, pz = row[9] + along * row[0], row[10] + along * row[1], row[11] + along * row[2]
    # Velocity of the whisker there less that of the object.
    rx, ry, rz = base[0] + px - pose[0], base[1] + py - pose[1], base[2] + pz - pose[2]
    vx = row[15] + row[13] * pz - row[14] * py - (pose[3] + pose[14] * rz - pose[15] * ry)
    vy = row[16] + row[14] * px - row[12] * pz - (pose[4] + pose[15] * rx - pose[13] * rz)
    vz = row[17] + row[12] * py - row[13] * px - (pose[5] + pose[13] * ry - pose[14] * rx)
    # From the place where the gap was measured to the predicted state of the step.
    vx += moved[9] + moved[7] * pz - moved[8] * py
    vy += moved[10] + moved[8] * px - moved[6] * pz
    vz += moved[11] + moved[6] * py - moved[7] * px
    gap += nx * (moved[3] + moved[1] * pz - moved[2] * py) + ny * (moved[4] + moved[2] * px - moved[0] * pz)
    gap += nz * (moved[5] + moved[0] * py - moved[1] * px)
    normal = vx * nx + vy * ny + vz * nz
    force = -stiffness * (gap + relaxation * normal)
    one[0], one[1] = i, 1.0 if force > 0.0 and gap < 0.0 else 0.0
    one[2], one[3], one[4], one[5], one[6], one[7] = px, py, pz, nx, ny, nz
    vx, vy, vz = vx - normal * nx, vy - normal * ny, vz - normal * nz
    speed = np.sqrt(vx * vx + vy * vy + vz * vz)
    one[8], one[9], one[10], one[11] = force, vx, vy, vz
    one[12] = guessed_drag(friction, speed, slip_speed, mark)
    one[13], one[14], one[17], one[19], one[20], one[22] = share, gap, friction, -1.0, -1.0, -1.0


@compiled
def find_contacts(
    table: SolidTable,
    solid_of: np.ndarray,
    friction_of: np.ndarray,
    poses: np.ndarray,
    base: np.ndarray,
    link: np.ndarray,
    shift: np.ndarray,
    lengths: np.ndarray,
    radii: np.ndarray,
    stiffness: float,
    relaxation: float,
    slip_speed: float,
    clear: np.ndarray,
    seen: np.ndarray,
    travel: np.ndarray,
    contacts: np.ndarray,
) -> int:
    """Contacts at a predicted state; returns how many.

    A link touches each object at the point of its smallest gap, so that a whisker may touch one object in several places
    and a contact slides along the links without a jump.

    Parameters
    ----------
    table
        The solids (`solids.SolidTable`).
    solid_of, friction_of
        (K,) row of the table and coefficient of friction of every object of the scene.
    poses
        (K, 19) pose and velocity of the objects.
    base
        (19,) pose of the base frame.
    link, shift, lengths, radii
        Chain as `recursion.place_links` left it; (n, 12) what `recursion.carry_links` gives from there to the predicted
        state; (n,) lengths; (n + 1,) radii.
    stiffness, relaxation, slip_speed
        uN/mm, ms, mm/ms.
    clear
        (K, n) a lower bound of the gap when it was last computed, updated.
    seen
        (K, n, `SEEN_SIZE`) updated.
    travel
        (K,) path that the fastest point of each object has covered so far, mm.
    contacts
        (K n, `CONTACT_SIZE`) filled.
    """
    n = lengths.shape[0]
    count = 0
    for o in range(solid_of.shape[0]):
        pose, solid = poses[o], solid_of[o]
        qw, qx, qy, qz = pose[9], pose[10], pose[11], pose[12]
        xx, xy, xz = 1.0 - 2.0 * (qy * qy + qz * qz), 2.0 * (qx * qy + qw * qz), 2.0 * (qx * qz - qw * qy)
        yx, yy, yz = 2.0 * (qx * qy - qw * qz), 1.0 - 2.0 * (qx * qx + qz * qz), 2.0 * (qy * qz + qw * qx)
        zx, zy, zz = 2.0 * (qx * qz + qw * qy), 2.0 * (qy * qz - qw * qx), 1.0 - 2.0 * (qx * qx + qy * qy)
        for i in range(n):
            row = link[i]
            ax, ay, az = base[0] + row[9], base[1] + row[10], base[2] + row[11]
            bx, by, bz = ax + lengths[i] * row[0], ay + lengths[i] * row[1], az + lengths[i] * row[2]
            mark = seen[o, i]
            away = clear[o, i]
            if away > 0.0:
                first = (ax - mark[0]) ** 2 + (ay - mark[1]) ** 2 + (az - mark[2]) ** 2
                last = (bx - mark[3]) ** 2 + (by - mark[4]) ** 2 + (bz - mark[5]) ** 2
                left = away - np.sqrt(max(first, last)) - (travel[o] - mark[6])
                if left > BAND_MM:
                    mark[10] = left
                    continue
            gx, gy, gz = ax - pose[0], ay - pose[1], az - pose[2]
            hx, hy, hz = bx - pose[0], by - pose[1], bz - pose[2]
            gap, share, nx, ny, nz = segment_gap(
                table, solid,
                xx * gx + xy * gy + xz * gz, yx * gx + yy * gy + yz * gz, zx * gx + zy * gy + zz * gz,
                xx * hx + xy * hy + xz * hz, yx * hx + yy * hy + yz * hz, zx * hx + zy * hy + zz * hz,
                radii[i], radii[i + 1], NEAR_MM, mark[7],
            )  # fmt: skip
            clear[o, i] = mark[10] = gap
            mark[0], mark[1], mark[2], mark[3], mark[4], mark[5], mark[6] = ax, ay, az, bx, by, bz, travel[o]
            if gap >= BAND_MM:
                mark[8], mark[11], mark[12] = 0.0, -1.0, -1.0
                continue
            mark[7] = share
            _add_contact(
                contacts[count], i, share, gap,
                xx * nx + yx * ny + zx * nz, xy * nx + yy * ny + zy * nz, xz * nx + yz * ny + zz * nz,
                lengths[i], row, shift[i], base, pose, stiffness, relaxation, slip_speed, friction_of[o], mark,
            )  # fmt: skip
            contacts[count, 18] = o
            mark[8], mark[11], mark[12] = 0.0, -1.0, mark[11]
            count += 1
    return count


@compiled
def load_links(
    contacts: np.ndarray,
    count: int,
    spring_gain: float,
    damper_gain: float,
    stiffness: float,
    relaxation: float,
    free: np.ndarray,
    link: np.ndarray,
    extra: np.ndarray,
) -> None:
    """Put the forces of the active contacts on their links, and their gains into ``extra``.

    Parameters
    ----------
    contacts, count
        As `find_contacts` left them; the gains are written to columns 15 and 16.
    spring_gain, damper_gain
        Change of position and of velocity at the instant per change of acceleration (ms^2, ms).
    stiffness, relaxation
        uN/mm, ms.
    free
        (n, 6) inertial forces of the links without contacts, read where there are contacts.
    link
        Columns 24:30 of these links are set to that less the contact forces.
    extra
        (n, 21) set where there are contacts; zeros elsewhere.
    """
    for c in range(count):
        i = int(contacts[c, 0])
        for j in range(6):
            link[i, 24 + j] = free[i, j]
        for j in range(EXTRA_SIZE):
            extra[i, j] = 0.0
    for c in range(count):
        one = contacts[c]
        one[15] = one[16] = 0.0
        if one[1] == 0.0:
            continue
        i = int(one[0])
        px, py, pz, nx, ny, nz, force, drag = one[2], one[3], one[4], one[5], one[6], one[7], one[8], one[12]
        fx, fy, fz = force * nx - drag * one[9], force * ny - drag * one[10], force * nz - drag * one[11]
        row, more = link[i], extra[i]
        row[24] -= py * fz - pz * fy
        row[25] -= pz * fx - px * fz
        row[26] -= px * fy - py * fx
        row[27] -= fx
        row[28] -= fy
        row[29] -= fz
        normal = stiffness * (spring_gain + relaxation * damper_gain)
        tangent = drag * damper_gain
        one[15], one[16] = normal, tangent
        # A drag in every direction, and along the normal what stands above it.
        wx, wy, wz = py * nz - pz * ny, pz * nx - px * nz, px * ny - py * nx
        k, d = normal - tangent, tangent
        more[0] += k * wx * wx + d * (py * py + pz * pz)
        more[1] += k * wx * wy - d * px * py
        more[2] += k * wx * wz - d * px * pz
        more[3] += k * wy * wy + d * (px * px + pz * pz)
        more[4] += k * wy * wz - d * py * pz
        more[5] += k * wz * wz + d * (px * px + py * py)
        more[6] += k * wx * nx
        more[7] += k * wx * ny - d * pz
        more[8] += k * wx * nz + d * py
        more[9] += k * wy * nx + d * pz
        more[10] += k * wy * ny
        more[11] += k * wy * nz - d * px
        more[12] += k * wz * nx - d * py
        more[13] += k * wz * ny + d * px
        more[14] += k * wz * nz
        more[15] += k * nx * nx + d
        more[16] += k * nx * ny
        more[17] += k * nx * nz
        more[18] += k * ny * ny + d
        more[19] += k * ny * nz
        more[20] += k * nz * nz + d


@compiled
def sum_contacts(
    contacts: np.ndarray,
    count: int,
    damper_gain: float,
    change: np.ndarray,
    base: np.ndarray,
    arcs: np.ndarray,
    total: np.ndarray,
) -> None:
    """Force on the whisker, and point and arc length weighted by its magnitude: ``total`` (8,) filled.

    Of the contacts that the last solve held, which have a gain, whatever came of them since.
    """
    total[:] = 0.0
    for c in range(count):
        one = contacts[c]
        if one[15] == 0.0:
            continue
        i = int(one[0])
        out = change[i]
        px, py, pz, nx, ny, nz = one[2], one[3], one[4], one[5], one[6], one[7]
        dx = out[5] + out[3] * pz - out[4] * py
        dy = out[6] + out[4] * px - out[2] * pz
        dz = out[7] + out[2] * py - out[3] * px
        along = dx * nx + dy * ny + dz * nz
        normal = one[8] - one[15] * along
        drag = one[16] / damper_gain  # the one that was solved with
        fx = normal * nx - drag * one[9] - one[16] * (dx - along * nx)
        fy = normal * ny - drag * one[10] - one[16] * (dy - along * ny)
        fz = normal * nz - drag * one[11] - one[16] * (dz - along * nz)
        weight = np.sqrt(fx * fx + fy * fy + fz * fz)
        total[0] += fx
        total[1] += fy
        total[2] += fz
        total[3] += weight * (base[0] + px)
        total[4] += weight * (base[1] + py)
        total[5] += weight * (base[2] + pz)
        total[6] += weight * (arcs[i] + one[13] * (arcs[i + 1] - arcs[i]))
        total[7] += weight


@compiled
def keep_free(contacts: np.ndarray, count: int, link: np.ndarray, free: np.ndarray) -> None:
    """Set ``free`` (n, 6) to the inertial forces of the links, where there are contacts."""
    for c in range(count):
        i = int(contacts[c, 0])
        for j in range(6):
            free[i, j] = link[i, 24 + j]


@compiled
def unload_links(contacts: np.ndarray, count: int, extra: np.ndarray) -> None:
    """Take the gains of the contacts out of ``extra`` again."""
    for c in range(count):
        i = int(contacts[c, 0])
        for j in range(EXTRA_SIZE):
            extra[i, j] = 0.0


@compiled
def allowed_ticks(
    wanted: int,
    tick: float,
    behind: float,
    lengths: np.ndarray,
    link: np.ndarray,
    speed_of: np.ndarray,
    depth_of: np.ndarray,
    limit_of: np.ndarray,
    seen: np.ndarray,
) -> int:
    """Longest of ``wanted`` ticks (``tick`` ms each) and its halvings that enters no surface deeper than allowed; 0: none.

    Gaps are those of ``behind`` ms before the end of the present step. What that alone takes may be more than is allowed,
    but no more than the depth at which the run ends.
    """
    for o in range(speed_of.shape[0]):
        for i in range(lengths.shape[0]):
            row = link[i]
            room = max(seen[o, i, 10], 0.0) + depth_of[o]
            bx, by, bz = row[9] + lengths[i] * row[0], row[10] + lengths[i] * row[1], row[11] + lengths[i] * row[2]
            ux = row[15] + row[13] * bz - row[14] * by
            uy = row[16] + row[14] * bx - row[12] * bz
            uz = row[17] + row[12] * by - row[13] * bx
            square, step = ux * ux + uy * uy + uz * uz, wanted * tick + behind
            left = room - speed_of[o] * step
            if left > 0.0 and square * step * step < left * left:
                continue
            fast = np.sqrt(square) + speed_of[o]
            while wanted > 1 and fast * (wanted * tick + behind) > room:
                wanted //= 2
            far = max(seen[o, i, 10], 0.0) + limit_of[o]
            if wanted == 1 and (fast * tick > room or fast * (tick + behind) > far):
                return 0
    return wanted
