"""The time loop of one whisker, compiled: no Python between the first step and the last.

Generalised-alpha integration (Chung & Hulbert 1993) in joint angles: each step takes one linear solve at an instant
inside the step, with springs, dampers and contacts implicit, so that no stiffness limits the step. The step of a whisker
is a power-of-two part of the output interval; it shortens while a fast tip nears a surface.
"""

import numpy as np

from ..compiled import compiled_entry
from ..motion import pose_at
from ..solids import SolidTable
from .friction import revise_contacts
from .recursion import (
    CHANGE_SIZE,
    EXTRA_SIZE,
    LINK_SIZE,
    SHIFT_SIZE,
    WORK_SIZE,
    carry_links,
    place_links,
    solve_links,
)
from .touching import (
    BAND_MM,
    CONTACT_SIZE,
    SEEN_SIZE,
    allowed_ticks,
    find_contacts,
    keep_free,
    load_links,
    sum_contacts,
    unload_links,
)

DONE, NOT_FINITE, TOO_FAST, TOO_DEEP, BURIED = 0, 1, 2, 3, 4
"""How a run ends: complete; a state that is not finite; a tip too fast for the shortest step; a whisker pressed deeper
into an object than contact can hold; an object that drives over the clamped base."""
ATTEMPTS = 16
"""Most solves of one step in search of the contacts that push and of their friction."""
OUTPUTS = 25
"""Numbers per output interval: 0:3 force on the base, 3:6 moment, 6:9 contact force, 9:12 contact point, 12 its arc
length, 13 time-integrated magnitude of the contact forces, 14:17 tip, 17:20 base point, 20:24 base quaternion, 24
kinetic and elastic energy at the end."""
LOST = 1e4
"""Sum of all angles from rest (rad) and rates (rad/ms) from which on a state is none."""
REST_RAD = 1e-9
"""Angles (rad) and rates (rad/ms) below which an untouched whisker on a fixed base is at rest."""
RHO_TOUCHING = 0.0
"""Spectral radius while something is touched: what a contact excites beyond the step dies out at once."""
TURN_RAD = 0.1
"""Largest turn of a joint in one step; a step that would turn more is halved."""
HALVINGS = 12
"""Most halvings of the nominal step before a tip is called too fast."""


@compiled_entry
def first_gaps(
    lengths: np.ndarray,
    masses: np.ndarray,
    centroids: np.ndarray,
    inertias: np.ndarray,
    radii: np.ndarray,
    rest: np.ndarray,
    base: np.ndarray,
    table: SolidTable,
    solid_of: np.ndarray,
    poses: np.ndarray,
    gaps: np.ndarray,
) -> None:
    """Smallest gap (K,) of a whisker at rest to every object, exact below `touching.NEAR_MM`, else a lower bound."""
    n, n_objects = lengths.shape[0], solid_of.shape[0]
    angles = np.zeros((n, 2))
    angles[1:, 1] = rest[1:]
    none, link = np.zeros((n, 2)), np.zeros((n, LINK_SIZE))
    clear, seen = np.full((n_objects, n), -1.0), np.full((n_objects, n, SEEN_SIZE), 0.5)
    place_links(angles, none, none, lengths, masses, centroids, inertias, rest[0], base, link)
    find_contacts(
        table, solid_of, np.zeros(n_objects), poses, base, link, np.zeros((n, SHIFT_SIZE)), lengths, radii,
        1.0, 0.0, 1.0, clear, seen, np.zeros(n_objects), np.zeros((n_objects * n, CONTACT_SIZE)),
    )  # fmt: skip
    for o in range(n_objects):
        gaps[o] = clear[o].min()


@compiled_entry
def run_whisker(
    lengths: np.ndarray,
    masses: np.ndarray,
    centroids: np.ndarray,
    inertias: np.ndarray,
    radii: np.ndarray,
    springs: np.ndarray,
    dampers: np.ndarray,
    rest: np.ndarray,
    start: np.ndarray,
    base_dt: float,
    base_position: np.ndarray,
    base_velocity: np.ndarray,
    base_quaternion: np.ndarray,
    base_angular: np.ndarray,
    table: SolidTable,
    solid_of: np.ndarray,
    friction_of: np.ndarray,
    speed_of: np.ndarray,
    depth_of: np.ndarray,
    limit_of: np.ndarray,
    first_knot: np.ndarray,
    object_dt: np.ndarray,
    object_position: np.ndarray,
    object_velocity: np.ndarray,
    object_quaternion: np.ndarray,
    object_angular: np.ndarray,
    tip_force: np.ndarray,
    tip_force_until: float,
    interval: float,
    n_intervals: int,
    level: int,
    rho: float,
    stiffness: float,
    relaxation: float,
    slip_speed: float,
    out: np.ndarray,
    nodes: np.ndarray,
    report: np.ndarray,
) -> int:
    """Simulate one whisker of one scene.

    Parameters
    ----------
    lengths, masses, centroids, inertias, radii, springs, dampers, rest
        The `Chain`, in mm, ug, ms.
    start
        (3, n, 2) joint angles, rates and accelerations to start from, updated to those at the end.
    base_dt, base_position, base_velocity, base_quaternion, base_angular
        Knots of the base frame; one knot is a base at rest.
    table, solid_of, friction_of, speed_of, depth_of, limit_of
        The solids; per object its row, coefficient of friction, highest speed of any of its points (mm/ms), the depth
        (mm) that a step may enter it, and the depth at which the run ends; the clamped link, which cannot give way, may
        enter it by its diameter.
    first_knot, object_dt, object_position, object_velocity, object_quaternion, object_angular
        (K + 1,) slices of the objects' knots, their spacing and the knots one after another.
    tip_force, tip_force_until
        (3,) force on the tip (uN, world axes) and the time (ms) at which it is let go.
    interval, n_intervals, level
        Output interval (ms), how many, and the nominal step as ``interval / 2**level``.
    rho, stiffness, relaxation, slip_speed
        Of `Mechanics`, in uN/mm, ms, mm/ms.
    out
        (n_intervals, 25) filled; see `OUTPUTS`.
    nodes
        (n_intervals, n + 1, 3) filled with the link ends, or (0, 0, 0).
    report
        (6,) filled: steps, solves, time (ms) reached, shortest step (ms; 0 if none was taken), object that ended the run
        (-1 for none), steps whose contacts and friction had not settled after `ATTEMPTS` solves.

    Returns
    -------
    int
        `DONE`, `NOT_FINITE`, `TOO_FAST`, `TOO_DEEP` or `BURIED`.
    """
    n = lengths.shape[0]
    n_objects = solid_of.shape[0]
    q, v, a = start[0], start[1], start[2]
    sq, sv = np.zeros((n, 2)), np.zeros((n, 2))
    # Last increments per ms: where the chain will be inside the next step, also where modes outrun the step.
    drift, surge = v.copy(), np.zeros((n, 2))
    link, extra = np.zeros((n, LINK_SIZE)), np.zeros((n, EXTRA_SIZE))
    work, change = np.zeros((n, WORK_SIZE)), np.zeros((n, CHANGE_SIZE))
    lag_q, lag_v, shift = np.zeros((n, 2)), np.zeros((n, 2)), np.zeros((n, SHIFT_SIZE))
    pull, stiff, free = np.zeros((n, 2)), np.zeros(n), np.zeros((n, 6))
    wrench, total, base = np.zeros(6), np.zeros(8), np.zeros(19)
    lagged = np.zeros(9)
    poses = np.zeros((n_objects, 19))
    clear, seen = np.full((n_objects, n), -1.0), np.full((n_objects, n, SEEN_SIZE), 0.5)
    seen[:, :, 8:11], seen[:, :, 11:] = 0.0, -1.0
    travel = np.zeros(n_objects)
    contacts = np.zeros((n_objects * n, CONTACT_SIZE))
    arcs = np.zeros(n + 1)
    for i in range(n):
        arcs[i + 1] = arcs[i] + lengths[i]
    touching = False
    still = base_position.shape[0] == 1
    loaded = tip_force_until > 0.0
    ticks = 1 << (level + HALVINGS)
    nominal = 1 << HALVINGS
    ticks_now = nominal
    asleep = False
    n_steps = n_solves = 0
    report[:], report[4] = 0.0, -1.0
    for k in range(n_intervals):
        row = out[k]
        row[:14] = 0.0
        began = k * interval
        tick = 0
        while tick < ticks:
            if asleep:
                # Nothing moves: skip what is left of the interval unless an object may come near.
                end_travel = 0.0
                near = False
                for o in range(n_objects):
                    end_travel = speed_of[o] * (began + interval)
                    for i in range(n):
                        if clear[o, i] - (end_travel - seen[o, i, 6]) <= BAND_MM:
                            near = True
                            clear[o, i] = -1.0
                if not near:
                    tick = ticks
                    break
                asleep = False
            while tick % ticks_now != 0 or tick + ticks_now > ticks:
                ticks_now //= 2
            step = interval * ticks_now / ticks
            radius = RHO_TOUCHING if touching else rho
            alpha_m, alpha_f = (2.0 * radius - 1.0) / (radius + 1.0), radius / (radius + 1.0)
            gamma = 0.5 - alpha_m + alpha_f
            beta = 0.25 * (1.0 - alpha_m + alpha_f) ** 2
            time = began + interval * (tick / ticks)
            instant = time + (1.0 - alpha_f) * step
            share = 1.0 - alpha_f
            for i in range(1, n):
                for j in range(2):
                    sq[i, j] = q[i, j] + share * step * drift[i, j]
                    sv[i, j] = v[i, j] + share * step * surge[i, j]
            spring_gain = share * beta * step * step / (1.0 - alpha_m)
            damper_gain = share * gamma * step / (1.0 - alpha_m)
            pose_at(base_dt, base_position, base_velocity, base_quaternion, base_angular, instant, base)
            for o in range(n_objects):
                one, two = first_knot[o], first_knot[o + 1]
                pose_at(
                    object_dt[o], object_position[one:two], object_velocity[one:two], object_quaternion[one:two],
                    object_angular[one:two], instant, poses[o],
                )  # fmt: skip
                travel[o] = speed_of[o] * instant
            place_links(sq, sv, a, lengths, masses, centroids, inertias, rest[0], base, link)
            if loaded and instant < tip_force_until:
                last = link[n - 1]
                px, py, pz = (
                    last[9] + lengths[n - 1] * last[0], last[10] + lengths[n - 1] * last[1],
                    last[11] + lengths[n - 1] * last[2],
                )  # fmt: skip
                last[24] -= py * tip_force[2] - pz * tip_force[1]
                last[25] -= pz * tip_force[0] - px * tip_force[2]
                last[26] -= px * tip_force[1] - py * tip_force[0]
                last[27] -= tip_force[0]
                last[28] -= tip_force[1]
                last[29] -= tip_force[2]
            for i in range(1, n):
                for j in range(2):
                    angle = q[i, j] + share * step * (v[i, j] + 0.5 * step * a[i, j])
                    rate = v[i, j] + share * step * a[i, j]
                    lag_q[i, j], lag_v[i, j] = angle - sq[i, j], rate - sv[i, j]
                    pull[i, j] = -springs[i] * (angle - (rest[i] if j == 1 else 0.0)) - dampers[i] * rate
                stiff[i] = spring_gain * springs[i] + damper_gain * dampers[i]
            count, unsettled = 0, False
            if n_objects > 0:
                carry_links(lag_q, lag_v, link, shift)
                count = find_contacts(
                    table, solid_of, friction_of, poses, base, link, shift, lengths, radii, stiffness, relaxation,
                    slip_speed, clear, seen, travel, contacts,
                )  # fmt: skip
            if count > 0:
                keep_free(contacts, count, link, free)
                unsettled = True
                for attempt in range(ATTEMPTS):
                    load_links(
                        contacts, count, spring_gain, damper_gain, stiffness, relaxation, free, link, extra
                    )  # fmt: skip
                    solve_links(
                        pull, stiff, lengths, masses, centroids, inertias, link, extra, work, change, wrench
                    )  # fmt: skip
                    n_solves += 1
                    if not revise_contacts(
                        contacts,
                        count,
                        spring_gain,
                        damper_gain,
                        stiffness,
                        relaxation,
                        slip_speed,
                        change,
                        attempt,
                        seen,
                    ):
                        unsettled = False
                        break
                unload_links(contacts, count, extra)
            else:
                solve_links(pull, stiff, lengths, masses, centroids, inertias, link, extra, work, change, wrench)
                n_solves += 1
            turned = 0.0
            for i in range(1, n):
                for j in range(2):
                    gain = change[i, j] / (1.0 - alpha_m)
                    turned = max(turned, abs(step * v[i, j] + step * step * (0.5 * a[i, j] + beta * gain)))
            if not turned < TURN_RAD and ticks_now > 1:
                ticks_now //= 2
                continue
            total[:] = 0.0
            if count > 0:
                sum_contacts(contacts, count, damper_gain, change, base, arcs, total)
            if n_steps == 0:
                lagged[:6] = wrench
            # Forces lag as the accelerations do, so that their impulses are the changes of momentum.
            for j in range(9):
                now = wrench[j] if j < 6 else total[j - 6]
                next_lagged = (now - alpha_m * lagged[j]) / (1.0 - alpha_m)
                impulse = step * ((1.0 - gamma) * lagged[j] + gamma * next_lagged)
                lagged[j] = next_lagged
                if j < 3:
                    row[3 + j] -= impulse
                elif j < 6:
                    row[j - 3] -= impulse
                else:
                    row[j] += impulse
            if total[7] > 0.0:
                for j in range(3):
                    row[9 + j] += step * total[3 + j]
                row[12] += step * total[6]
                row[13] += step * total[7]
            size = 0.0  # a sum: a maximum would lose what is not a number
            for i in range(1, n):
                for j in range(2):
                    gain = change[i, j] / (1.0 - alpha_m)
                    drift[i, j] = v[i, j] + step * (0.5 * a[i, j] + beta * gain)
                    surge[i, j] = a[i, j] + gamma * gain
                    q[i, j] += step * drift[i, j]
                    v[i, j] += step * surge[i, j]
                    a[i, j] += gain
                    off = q[i, j] - (rest[i] if j == 1 else 0.0)
                    size += abs(off) + abs(v[i, j])
            n_steps += 1
            report[5] += unsettled
            report[3] = step if report[3] == 0.0 else min(report[3], step)
            touching = count > 0
            tick += ticks_now
            if not size < LOST:
                report[0], report[1], report[2] = n_steps, n_solves, time
                return NOT_FINITE
            for c in range(count):
                i, o = int(contacts[c, 0]), int(contacts[c, 18])
                depth = -seen[o, i, 9]
                if depth > limit_of[o] or (i == 0 and depth > 2.0 * radii[0]):
                    report[0], report[1], report[2], report[4] = n_steps, n_solves, time, o
                    return BURIED if i == 0 else TOO_DEEP
            # The next step may enter no surface deeper than `depth_of`.
            wanted = nominal if turned < 0.4 * TURN_RAD else ticks_now
            wanted = allowed_ticks(
                wanted, interval / ticks, alpha_f * step, lengths, link, speed_of, depth_of, limit_of, seen
            )
            if wanted == 0:
                report[0], report[1], report[2] = n_steps, n_solves, time
                return TOO_FAST
            if wanted < ticks_now:
                ticks_now = wanted
            elif ticks_now < wanted and tick % (2 * ticks_now) == 0:
                ticks_now *= 2
            if still and count == 0 and size < 1.0 and not (loaded and time < tip_force_until):
                quiet = True
                for i in range(1, n):
                    if (
                        abs(q[i, 0]) + abs(q[i, 1] - rest[i]) > REST_RAD
                        or abs(v[i, 0]) + abs(v[i, 1]) > REST_RAD
                        or step * (abs(a[i, 0]) + abs(a[i, 1])) > REST_RAD
                    ):
                        quiet = False
                        break
                if quiet:
                    asleep = True
                    lagged[:] = 0.0
                    for i in range(1, n):
                        q[i, 0], q[i, 1] = 0.0, rest[i]
                        v[i, 0] = v[i, 1] = a[i, 0] = a[i, 1] = 0.0
        for j in range(9):
            row[j] /= interval
        if row[13] > 0.0:
            for j in range(9, 13):
                row[j] /= row[13]
        # Shape at the end of the interval.
        pose_at(base_dt, base_position, base_velocity, base_quaternion, base_angular, began + interval, base)
        place_links(q, v, a, lengths, masses, centroids, inertias, rest[0], base, link)
        for j in range(3):
            last = link[n - 1]
            row[14 + j] = base[j] + last[9 + j] + lengths[n - 1] * last[j]
            row[17 + j] = base[j]
        for j in range(4):
            row[20 + j] = base[9 + j]
        row[24] = 0.0
        for i in range(1, n):
            row[24] += 0.5 * springs[i] * (q[i, 0] ** 2 + (q[i, 1] - rest[i]) ** 2)
        for i in range(n):
            last, arm = link[i], centroids[i] * lengths[i]
            px, py, pz = last[9] + arm * last[0], last[10] + arm * last[1], last[11] + arm * last[2]
            wx, wy, wz = last[12], last[13], last[14]
            ux, uy, uz = last[15] + wy * pz - wz * py, last[16] + wz * px - wx * pz, last[17] + wx * py - wy * px
            along = wx * last[0] + wy * last[1] + wz * last[2]
            spin = wx * wx + wy * wy + wz * wz - along * along
            row[24] += 0.5 * masses[i] * (ux * ux + uy * uy + uz * uz) + 0.5 * inertias[i] * spin
        if nodes.shape[0] > 0:
            for i in range(n):
                for j in range(3):
                    nodes[k, i, j] = base[j] + link[i, 9 + j]
            for j in range(3):
                nodes[k, n, j] = row[14 + j]
    report[0], report[1], report[2] = n_steps, n_solves, n_intervals * interval
    return DONE
