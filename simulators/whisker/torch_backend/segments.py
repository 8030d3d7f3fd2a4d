"""Where a tapered segment comes nearest to a solid: many segments at once, in the frames of their solids."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from simulators.whisker.solids.kinds import CAPSULE, CURVED_PLATE, PLANE, SPHERE, TORUS
from simulators.whisker.torch_backend.distances import FIELDS, Field

MAX_STEPS = 60
N_INTERVALS = 16
"""Pieces of a segment that are searched one by one where a solid is not convex."""

Distance = Callable[[Tensor], Field]
"""From points (segment, ..., 3) to distances and normals, of each segment's own solid."""


class Bracket(NamedTuple):
    """One end of an interval that holds a smallest gap: where, gap and slope, and the slope that its place is drawn by."""

    place: Tensor
    gap: Tensor
    slope: Tensor
    pull: Tensor

    def where(self, mask: Tensor, other: "Bracket") -> "Bracket":
        """Take this end where the mask holds, the other elsewhere."""
        return Bracket(*(torch.where(mask, a, b) for a, b in zip(self, other, strict=True)))


def nearest_to_point(w: Tensor, u: Tensor, taper: Tensor) -> Tensor:
    """Position s in [0, 1] that makes |w + s u| - taper s least."""
    uu = (u * u).sum(-1)
    centre = torch.where(uu > 0, -(w * u).sum(-1) / torch.where(uu > 0, uu, 1.0), 0.5)
    h = w + centre[..., None] * u
    slack = uu - taper**2
    bent = centre + taper * ((h * h).sum(-1) / torch.where(slack > 0, uu * slack, 1.0)).sqrt()
    # A segment thicker than it is long has its end nearest, or all points alike.
    end = torch.where(taper > 0, 1.0, torch.where(taper < 0, 0.0, 0.5))
    return torch.where(slack > 0, bent, end).clamp(0.0, 1.0)


def nearest_to_segment(w: Tensor, u: Tensor, v: Tensor, taper: Tensor) -> tuple[Tensor, Tensor]:
    """Positions s and t in [0, 1] that make |w + s u - t v| - taper s least.

    The function is convex, so that when the line through v is met before or beyond its ends, that end is the answer.
    """
    vv = (v * v).sum(-1)
    uv, wv = (u * v).sum(-1) / vv, (w * v).sum(-1) / vv
    s = nearest_to_point(w - wv[..., None] * v, u - uv[..., None] * v, taper)
    t = wv + s * uv
    s = torch.where(t < 0, nearest_to_point(w, u, taper), s)
    s = torch.where(t > 1, nearest_to_point(w - v, u, taper), s)
    return s, t.clamp(0.0, 1.0)


@torch.no_grad()
def locate(kind: int, parameters: tuple[Tensor, ...], a: Tensor, b: Tensor, ra: Tensor, rb: Tensor) -> Tensor:
    """Position of the smallest gap on each segment.

    Parameters
    ----------
    kind
        Of all solids, one that has a formula.
    parameters
        Its numbers (segment,).
    a, b
        Ends of the segments in the frames of the solids (segment, 3), mm.
    ra, rb
        Radii at the ends (segment,), mm.

    Returns
    -------
    Tensor
        From 0 (a) to 1 (b), (segment,).
    """
    u, taper = b - a, rb - ra
    if kind == PLANE:
        fall = u[:, 2] - taper
        return torch.where(fall > 0, 0.0, torch.where(fall < 0, 1.0, 0.5)).to(a)
    if kind == SPHERE:
        return nearest_to_point(a, u, taper)
    if kind == CAPSULE:
        axis = torch.zeros_like(a)
        axis[:, 2] = 2 * parameters[1]
        return nearest_to_segment(a + axis / 2, u, axis, taper)[0]
    field = FIELDS[kind][0]
    columns = tuple(values[:, None] for values in parameters)
    return search(lambda x: field(x, *columns), N_INTERVALS if kind in (TORUS, CURVED_PLATE) else 1, a, b, ra, rb)


@torch.no_grad()
def search(distance: Distance, n_intervals: int, a: Tensor, b: Tensor, ra: Tensor, rb: Tensor) -> Tensor:
    """Position of the smallest gap by regula falsi on its slope, in every interval where the slope changes sign.

    Every third step goes where the tangents at both ends of the bracket meet, which finds the kinks that edges make;
    where three steps have not halved the bracket, it is halved.

    Parameters
    ----------
    distance
        From points (segment, point, 3) to distances and normals.
    n_intervals
        1 for convex solids, whose gap is convex along a segment.
    a, b, ra, rb
        As in `locate`.

    References
    ----------
    Dowell & Jarratt (1971), BIT 11, 168 (the Illinois rule).
    """
    u, taper = (b - a)[:, None], (rb - ra)[:, None]
    tiny = torch.finfo(a.dtype).eps

    def at(s: Tensor) -> tuple[Tensor, Tensor]:
        d, n = distance(a[:, None] + s[..., None] * u)
        return d - ra[:, None] - s * taper, (n * u).sum(-1) - taper

    knots = torch.linspace(0, 1, n_intervals + 1, dtype=a.dtype, device=a.device).expand(len(a), -1)
    gap, slope = at(knots)
    steepest = u.norm(dim=-1) + taper.abs()
    best, where = gap.min(1)
    position = knots.gather(1, where[:, None])[:, 0]
    reachable = 0.5 * (gap[:, :-1] + gap[:, 1:] - steepest / n_intervals) < best[:, None]
    row, interval = ((slope[:, :-1] < 0) & (slope[:, 1:] > 0) & reachable).nonzero(as_tuple=True)
    low, high = (Bracket(knots[row, k], gap[row, k], slope[row, k], slope[row, k]) for k in (interval, interval + 1))
    steepest, width, last = steepest[row, 0], high.place - low.place, torch.zeros_like(low.place)
    going = torch.ones_like(row, dtype=torch.bool)
    for step in range(MAX_STEPS):
        fall = low.slope - high.slope
        meet = (high.gap - low.gap + low.place * low.slope - high.place * high.slope) / fall
        floor = low.gap + low.slope * (meet - low.place)
        # Tangents below a convex gap bound it; where it is not convex they may meet above it.
        going = going & ((torch.minimum(low.gap, high.gap) - floor).abs() > tiny * steepest)
        if not going.any():
            break
        s = low.place - low.pull * (high.place - low.place) / (high.pull - low.pull)
        if step % 3 == 1:
            s = meet
        elif step % 3 == 2:
            s = torch.where(high.place - low.place > 0.5 * width, 0.5 * (low.place + high.place), s)
            width = high.place - low.place
        s = s.clamp(low.place, high.place)
        every = torch.zeros_like(knots[:, :1]).expand(-1, n_intervals).index_put((row, interval), s)
        gap, slope = (values[row, interval] for values in at(every))
        falls, rises = going & (slope < 0), going & (slope >= 0)
        # The Illinois rule: an end that stays twice pulls half as much.
        low_pull = torch.where(rises & (last > 0), 0.5 * low.pull, low.pull)
        high_pull = torch.where(falls & (last < 0), 0.5 * high.pull, high.pull)
        here = Bracket(s, gap, slope, slope)
        low = here.where(falls, low._replace(pull=low_pull))
        high = here.where(rises, high._replace(pull=high_pull))
        last = torch.where(falls, -1.0, torch.where(rises, 1.0, last))
        going = going & (slope.abs() > 100 * tiny * steepest)
    for end in (low, high):
        least = best.scatter_reduce(0, row, end.gap, "amin")
        found = end.gap <= least[row]
        found = found & (end.gap < best[row])
        position = position.index_put((row[found],), end.place[found])
        best = least
    return position


def follow(distance: Distance, s: Tensor, a: Tensor, b: Tensor, ra: Tensor, rb: Tensor) -> Tensor:
    """The same positions, with the derivative of the minimum: ds = -d(slope) / curvature where it lies inside.

    Parameters
    ----------
    distance
        From points (segment, point, 3) to distances and normals.
    s
        Positions that `locate` found, without derivative.
    a, b, ra, rb
        As in `locate`; with derivative.
    """
    u, taper = b - a, rb - ra

    def slope(share: Tensor) -> Tensor:
        return (distance((a + share[:, None] * u)[:, None])[1][:, 0] * u).sum(-1) - taper

    width = torch.finfo(s.dtype).eps ** (1 / 3)
    with torch.no_grad():
        curvature = (slope(s + width) - slope(s - width)) / (2 * width)
        inside = (s > 0) & (s < 1) & (curvature > 1e-6 * u.norm(dim=-1))
        curvature = torch.where(inside, curvature, 1.0)
    here = slope(s)
    return s - torch.where(inside, (here - here.detach()) / curvature, 0.0)
