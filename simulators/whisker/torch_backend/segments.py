"""Where a tapered segment comes nearest to a solid: many segments at once, in the frames of their solids."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from simulators.whisker.solids.kinds import CAPSULE, CURVED_PLATE, PLANE, SPHERE, TORUS
from simulators.whisker.torch_backend.distances import FIELDS, Field, length

MAX_STEPS = 24
N_INTERVALS = 16
"""Pieces of a segment that are searched one by one where a solid is not convex."""
SHARPEST = 0.2
"""Length of the mean of two normals below which they belong to the two faces of a sheet rather than to an edge."""

Distance = Callable[[Tensor, Tensor], Field]
"""From points (row, point, 3) and the segments of the rows (row,) to distances and normals of their solids."""


class End(NamedTuple):
    """One end of an interval that holds a smallest gap: where, gap, slope and normal of the solid."""

    place: Tensor
    gap: Tensor
    slope: Tensor
    normal: Tensor


class Nearest(NamedTuple):
    """Places of the smallest gaps of segments.

    Parameters
    ----------
    share
        (segment,) from 0 (a) to 1 (b).
    edge
        (segment,) whether an edge of the solid is there, at which the normal jumps.
    before, after
        (segment, 3) its normals on the sides of a and b; zero elsewhere.
    """

    share: Tensor
    edge: Tensor
    before: Tensor
    after: Tensor

    @classmethod
    def smooth(cls, share: Tensor) -> "Nearest":
        """Places without an edge."""
        none = share.new_zeros(len(share), 3)
        return cls(share, torch.zeros_like(share, dtype=torch.bool), none, none)

    def some(self, index: Tensor) -> "Nearest":
        """Some of them."""
        return Nearest(*(values[index] for values in self))

    def put(self, index: Tensor, new: "Nearest") -> "Nearest":
        """The same with some replaced."""
        return Nearest(*(old.index_copy(0, index, some) for old, some in zip(self, new, strict=True)))

    def facing(self, normal: Tensor, u: Tensor, taper: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Normal of the gap, that of an edge included, for the normal of the distance at the places.

        Between the normals of its two sides an edge faces the segment with the one along which nothing is gained by
        sliding, so that the force does not jump from side to side.

        Parameters
        ----------
        normal
            (segment, 3) of the distance.
        u, taper
            (segment, 3) from a to b; (segment,) the radius at b less that at a.

        Returns
        -------
        tuple[Tensor, Tensor, Tensor]
            Whether there is an edge (segment,); the normal (segment, 3); how the least gap at an edge grows with the
            place of the segment (segment, 3).
        """
        down, up = (self.before * u).sum(-1) - taper, (self.after * u).sum(-1) - taper
        spread = torch.where(self.edge, up - down, 1.0)
        mean = (up[:, None] * self.before - down[:, None] * self.after) / spread[:, None]
        size = length(mean)
        edge = self.edge & (size > SHARPEST)
        return edge, torch.where(edge[:, None], mean / torch.where(edge, size, 1.0)[:, None], normal), mean


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
def locate(kind: int, parameters: tuple[Tensor, ...], a: Tensor, b: Tensor, ra: Tensor, rb: Tensor) -> Nearest:
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
    """
    u, taper = b - a, rb - ra
    if kind == PLANE:
        fall = u[:, 2] - taper
        return Nearest.smooth(torch.where(fall > 0, 0.0, torch.where(fall < 0, 1.0, 0.5)).to(a))
    if kind == SPHERE:
        return Nearest.smooth(nearest_to_point(a, u, taper))
    if kind == CAPSULE:
        axis = torch.nn.functional.pad(2 * parameters[1][:, None], (2, 0))
        return Nearest.smooth(nearest_to_segment(a + axis / 2, u, axis, taper)[0])
    field = FIELDS[kind][0]
    return search(
        lambda x, rows: field(x, *(values[rows, None] for values in parameters)),
        N_INTERVALS if kind in (TORUS, CURVED_PLATE) else 1, a, b, ra, rb,
    )  # fmt: skip


@torch.no_grad()
def search(distance: Distance, n_intervals: int, a: Tensor, b: Tensor, ra: Tensor, rb: Tensor) -> Nearest:
    """Position of the smallest gap by the slope, in every interval where the slope changes sign.

    Each round looks at many points of every bracket at once, close about where the slope's secant vanishes (a smooth
    minimum) and where the tangents at both ends meet (a kink that an edge makes), so that a few rounds are enough.

    Parameters
    ----------
    distance
        From points and the segments they lie on to distances and normals.
    n_intervals
        1 for convex solids, whose gap is convex along a segment.
    a, b, ra, rb
        As in `locate`.
    """
    u, taper = b - a, rb - ra
    tiny = torch.finfo(a.dtype).eps
    steepest = u.norm(dim=-1) + taper.abs()

    def at(rows: Tensor, s: Tensor) -> End:
        along, widening = u[rows, None], taper[rows, None]
        d, n = distance(a[rows, None] + s[..., None] * along, rows)
        return End(s, d - ra[rows, None] - s * widening, (n * along).sum(-1) - widening, n)

    knots = torch.linspace(0, 1, n_intervals + 1, dtype=a.dtype, device=a.device).expand(len(a), -1)
    known = at(torch.arange(len(a), device=a.device), knots)
    gap, slope = known.gap, known.slope
    best, where = gap.min(1)
    found = Nearest.smooth(knots.gather(1, where[:, None])[:, 0])
    reachable = 0.5 * (gap[:, :-1] + gap[:, 1:] - steepest[:, None] / n_intervals) < best[:, None]
    # Where two sides of a solid are equally near either normal may come back; the chord tells it all the same.
    chord = n_intervals * (gap[:, 1:] - gap[:, :-1])
    down, up = torch.minimum(slope[:, :-1], chord), torch.maximum(slope[:, 1:], chord)
    row, k = ((down < 0) & (up > 0) & reachable).nonzero(as_tuple=True)
    if len(row) == 0:
        return found
    low, high = (End(*(values[row, k + side] for values in known)) for side in (0, 1))
    first, last = low.place, high.place
    low, high, steepest = low._replace(slope=down[row, k]), high._replace(slope=up[row, k]), steepest[row]
    for _ in range(MAX_STEPS):
        low, high = _narrowed(low, high, partial(at, row))
        flat = torch.minimum(-low.slope, high.slope) <= 100 * tiny * steepest
        if (flat | (high.place - low.place <= 64 * tiny)).all():
            break
    deeper = high.gap < low.gap
    place, gap = torch.where(deeper, high.place, low.place), torch.where(deeper, high.gap, low.gap)
    # Where the solid is merely round the normals of both sides are all but one.
    jump = length(high.normal - low.normal) > tiny**0.5
    kink = ~flat & jump & (low.place > first) & (high.place < last)
    sides = (torch.where(kink[:, None], end.normal, 0.0) for end in (low, high))
    least = best.scatter_reduce(0, row, gap, "amin")
    chosen = ((gap <= least[row]) & (gap < best[row])).nonzero()[:, 0]
    # Of equal ones any.
    return found.put(row[chosen], Nearest(place, kink, *sides).some(chosen))


def _narrowed(low: End, high: End, at: Callable[[Tensor], End]) -> tuple[End, End]:
    """The two nearest of many places in each bracket between which the slope changes sign, where the gap is least."""
    width, fall = high.place - low.place, low.slope - high.slope
    vanish = low.place + low.slope * width / fall
    meet = (high.gap - low.gap + low.place * low.slope - high.place * high.slope) / fall
    near = 0.03 * 40.0 ** -torch.arange(4, dtype=width.dtype, device=width.device)
    parts = torch.cat([-near, torch.zeros_like(near[:1]), near])
    quarters = 0.25 * torch.arange(1, 4, dtype=width.dtype, device=width.device)
    s = torch.cat(
        [
            vanish[:, None] + width[:, None] * parts,
            meet[:, None] + width[:, None] * parts,
            low.place[:, None] + width[:, None] * quarters,
        ],
        1,
    )
    s = s.clamp(low.place[:, None], high.place[:, None]).sort(1).values
    s, gap, slope, normal = (
        torch.cat([one[:, None], inner, two[:, None]], 1) for one, inner, two in zip(low, at(s), high, strict=True)
    )
    turns = (slope[:, :-1] < 0) & (slope[:, 1:] >= 0)
    lowest = torch.where(turns, torch.minimum(gap[:, :-1], gap[:, 1:]), torch.inf).argmin(1, keepdim=True)
    ends = []
    for side in (0, 1):
        index = lowest + side
        place, height, fall = (values.gather(1, index)[:, 0] for values in (s, gap, slope))
        ends.append(End(place, height, fall, normal.gather(1, index[..., None].expand(-1, 1, 3))[:, 0]))
    return ends[0], ends[1]


def follow(
    distance: Callable[[Tensor], Field], places: Nearest, a: Tensor, b: Tensor, ra: Tensor, rb: Tensor
) -> Nearest:
    """The same places, with the derivative of the minimum.

    Where the gap is smooth, ds = -d(slope) / curvature; at an edge the place goes where both sides stay equally near.

    Parameters
    ----------
    distance
        From points (segment, point, 3) to distances and normals, of each segment's own solid.
    places
        That `locate` found, without derivative.
    a, b, ra, rb
        As in `locate`; with derivative.
    """
    s, u, taper = places.share, b - a, rb - ra

    def normal(share: Tensor) -> Tensor:
        return distance((a + share[:, None] * u)[:, None])[1][:, 0]

    with torch.enable_grad():
        trial = s.detach().requires_grad_()
        falls = (distance((a.detach() + trial[:, None] * u.detach())[:, None])[1][:, 0] * u.detach()).sum(-1)
        curvature = torch.autograd.grad(falls.sum(), trial, allow_unused=True)[0] if falls.requires_grad else None
    curvature = torch.zeros_like(s) if curvature is None else curvature
    inside = (s > 0) & (s < 1) & (curvature > 1e-6 * u.detach().norm(dim=-1))
    curvature = torch.where(inside, curvature, 1.0)
    jump = places.after - places.before
    turn = torch.where(places.edge, (jump * u).sum(-1), 1.0).detach()
    ahead = (jump * (a + s[:, None] * u)).sum(-1)
    moved = torch.where(
        places.edge, _rate(ahead) / turn, torch.where(inside, _rate((normal(s) * u).sum(-1) - taper) / curvature, 0.0)
    )
    share, beside = s - moved, places.edge[:, None]
    off = torch.finfo(s.dtype).eps ** (2 / 3)
    before, after = (
        side + torch.where(beside, _rate(normal(share + sign * off)), 0.0)
        for side, sign in ((places.before, -1), (places.after, 1))
    )
    return Nearest(share, places.edge, before, after)


def _rate(value: Tensor) -> Tensor:
    """Zero with the derivative of ``value``."""
    return value - value.detach()
