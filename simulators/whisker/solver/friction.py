"""Friction of the contacts of one step: a drag per contact, found together with the motion by accelerated fixed point."""

import numpy as np

from ..compiled import compiled

GRIP = 1e-6
"""Friction is solved for until it is within this share of what the normal force allows."""
FARTHEST = 2.0
"""Most that one attempt raises a drag above, or 1 / lowers it below, both the last and what followed from it."""
ALIKE = 1e-6
"""Share of independence below which the last two changes of the drags count as one."""


@compiled
def guessed_drag(friction: float, speed: float, slip_speed: float, mark: np.ndarray) -> float:
    """Drag to start a step with: the last two steps' carried on, else what the last normal force allows at a speed.

    ``mark`` is a row of `touching.SEEN_SIZE`. The predicted normal force would not do: a fresh contact overshoots it.
    """
    if mark[11] < 0.0:
        return friction * mark[8] / max(speed, slip_speed)
    if mark[12] < 0.0:
        return mark[11]
    return min(max(2.0 * mark[11] - mark[12], mark[11] / FARTHEST), mark[11] * FARTHEST)


@compiled
def revise_contacts(
    contacts: np.ndarray,
    count: int,
    spring_gain: float,
    damper_gain: float,
    stiffness: float,
    relaxation: float,
    slip_speed: float,
    change: np.ndarray,
    attempt: int,
    seen: np.ndarray,
) -> bool:
    """Set which contacts push and how hard they drag, given the motion just solved for; true if that changed.

    A contact pushes if, after the motion, its spring and damper push and it is closed. One that is open although it
    pushes is tried without, once: where it would close then, it is held, for between the two there is no other answer.
    Its drag is that of the normal force and the sliding speed after a motion that it took part in. From the fifth
    attempt on no contact is closed any more.
    """
    changed = False
    fresh = False
    for c in range(count):
        one = contacts[c]
        out = change[int(one[0])]
        px, py, pz, nx, ny, nz = one[2], one[3], one[4], one[5], one[6], one[7]
        dx = out[5] + out[3] * pz - out[4] * py
        dy = out[6] + out[4] * px - out[2] * pz
        dz = out[7] + out[2] * py - out[3] * px
        gain = nx * dx + ny * dy + nz * dz
        force = one[8] - stiffness * (spring_gain + relaxation * damper_gain) * gain
        gap = one[14] + spring_gain * gain
        pushed = one[1] == 1.0
        pushes = force > 0.0 and (gap < 0.0 or (pushed and attempt > 0)) and (pushed or attempt < 4)
        one[1] = 1.0 if pushes else 0.0
        pressed = force if pushes else 0.0
        seen[int(one[18]), int(one[0]), 8] = pressed
        seen[int(one[18]), int(one[0]), 9] = gap
        if pushes != pushed:
            changed = fresh = True
        one[19] = -1.0
        if one[17] == 0.0 or not (pushes and pushed):
            continue
        vx = one[9] + damper_gain * (dx - gain * nx)
        vy = one[10] + damper_gain * (dy - gain * ny)
        vz = one[11] + damper_gain * (dz - gain * nz)
        speed = max(np.sqrt(vx * vx + vy * vy + vz * vz), slip_speed)
        one[19] = one[17] * pressed / speed
        seen[int(one[18]), int(one[0]), 11] = one[19]
        if abs(one[19] - one[12]) * speed > GRIP * one[17] * pressed:
            changed = True
    if changed:
        _mix_drags(contacts, count, fresh)
    return changed


@compiled
def _mix_drags(contacts: np.ndarray, count: int, fresh: bool) -> None:
    """Next drags to try, from the last three and what followed from them (Anderson 1965, of depth two).

    Contacts of one whisker slide together, so that a secant for each by itself does not settle. ``fresh`` where another
    set of contacts pushes, for which the earlier attempts say nothing.
    """
    aa = ab = bb = ar = br = 0.0
    for c in range(count):
        one = contacts[c]
        if fresh or one[19] < 0.0 or one[20] < 0.0:
            continue
        # Relative changes of what is left, so that large drags and small ones count alike.
        scale = 1.0 / max(one[12], one[19])
        left, before = (one[19] - one[12]) * scale, (one[21] - one[20]) * scale
        a = left - before
        aa += a * a
        ar += a * left
        if one[22] >= 0.0:
            b = before - (one[23] - one[22]) * scale
            bb += b * b
            ab += a * b
            br += b * left
    independent = aa * bb - ab * ab
    share = earlier = 0.0
    if independent > ALIKE * aa * bb:
        share, earlier = (ar * bb - br * ab) / independent, (br * aa - ar * ab) / independent
    elif aa > 0.0:
        share = ar / aa
    for c in range(count):
        one = contacts[c]
        tried, told = one[12], one[19]
        if told < 0.0:
            one[20] = one[22] = -1.0
            continue
        following = told
        if fresh:
            one[20] = -1.0
        elif one[20] >= 0.0:
            following -= share * (told - one[21])
            if one[22] >= 0.0:
                following -= earlier * (one[21] - one[23])
            if (following - tried) * (told - tried) <= 0.0:
                # What is left grows with the drag: the balance behind is none that friction would settle in.
                following = told
            following = min(max(following, min(told, tried) / FARTHEST), max(told, tried) * FARTHEST)
        one[22], one[23] = one[20], one[21]
        one[20], one[21] = tried, told
        one[12] = following
