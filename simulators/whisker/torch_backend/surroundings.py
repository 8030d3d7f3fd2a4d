"""Which links come near solids, looked at only when they can have come nearer, and where they press on them."""

from typing import NamedTuple

import torch
from torch import Tensor

from simulators.whisker.solids.kinds import CAPSULE, PLANE, SPHERE
from simulators.whisker.solver.touching import BAND_MM, NEAR_MM
from simulators.whisker.torch_backend.chain import ChainBatch
from simulators.whisker.torch_backend.contact import Contacts, Law, Pushes
from simulators.whisker.torch_backend.distances import FIELDS
from simulators.whisker.torch_backend.dynamics import Carry, Motion, Pose, cross
from simulators.whisker.torch_backend.friction import guessed_drag, sliding_speed
from simulators.whisker.torch_backend.meshes import bounded_distance, locate_on_meshes, mesh_distance
from simulators.whisker.torch_backend.pairs import Pairs, Surroundings
from simulators.whisker.torch_backend.paths import Frames, frames_at
from simulators.whisker.torch_backend.segments import Nearest, follow, locate


class Watch(NamedTuple):
    """When each link was last compared with a solid (pair, link), and what was found; no part of it has gradients.

    Parameters
    ----------
    clear
        Its gap then, or a lower bound; mm.
    ends
        (pair, link, 2, 3) where its ends were, world axes, mm.
    travel
        Path that the fastest point of the object had covered, mm.
    """

    clear: Tensor
    ends: Tensor
    travel: Tensor

    def left(self, ends: Tensor, travel: Tensor) -> Tensor:
        """Lower bound of the gap now, for ends (pair, link, 2, 3) and travel (pair,)."""
        moved = (ends - self.ends).square().sum(-1).amax(-1).sqrt()
        return self.clear - moved - (travel[:, None] - self.travel)


class Memory(NamedTuple):
    """What one step leaves to the next.

    Parameters
    ----------
    watches
        One for every kind of solid.
    pressed
        (slot,) normal force of every link on every solid after the last step, group by group, uN.
    drags
        (slot, 2) friction per sliding speed after the last step and the one before (negative: none).
    """

    watches: tuple[Watch, ...]
    pressed: Tensor
    drags: Tensor

    def after(self, slot: Tensor, pushes: Pushes) -> "Memory":
        """With what a step left at some slots."""
        drags = torch.stack([pushes.followed, self.drags[slot, 1]], 1)
        return self._replace(
            pressed=self.pressed.index_put((slot,), pushes.pressed), drags=self.drags.index_copy(0, slot, drags)
        )


class Sight(NamedTuple):
    """What the chains of a step see of their surroundings.

    Parameters
    ----------
    contacts, law
        Places nearer than `BAND_MM`, none where there are none; what they press with.
    urgency, hazard
        (chain,) the largest speed towards an object over the way that is left to the depth that a step may enter, and to
        that at which the run ends, 1/ms.
    memory
        Brought up to date.
    """

    contacts: Contacts | None
    law: Law
    urgency: Tensor
    hazard: Tensor
    memory: Memory


def start_memory(around: Surroundings, links: Tensor) -> Memory:
    """Nothing has been compared yet; links that do not exist (chain, link) are never near."""
    watches = []
    for group in around.groups:
        clear = torch.where(links[group.chain] > 0, -1.0, torch.inf).to(links)
        watches.append(Watch(clear, clear.new_zeros(*clear.shape, 2, 3), torch.zeros_like(clear)))
    slots = sum(watch.clear.numel() for watch in watches)
    return Memory(tuple(watches), links.new_zeros(slots), links.new_full((slots, 2), -1.0))


def free_until_ms(around: Surroundings, memory: Memory, n_chains: int) -> Tensor:
    """Time until which no solid can come near each chain, if that stays where it is (chain,)."""
    free = torch.full((n_chains,), torch.inf, dtype=torch.float64, device=around.paths.first.device)
    for group, watch in zip(around.groups, memory.watches, strict=True):
        free = free.scatter_reduce(0, group.chain, _near_at_ms(watch, group.speed).amin(1), "amin")
    return free


def look_again(around: Surroundings, memory: Memory, woken: Tensor, until_ms: Tensor) -> Memory:
    """Forget the gaps of chains that wake (chain,) where something may come near before a time (chain,)."""
    watches = []
    for group, watch in zip(around.groups, memory.watches, strict=True):
        near = woken[group.chain, None] & (_near_at_ms(watch, group.speed) <= until_ms[group.chain, None])
        watches.append(watch._replace(clear=torch.where(near, -1.0, watch.clear)))
    return memory._replace(watches=tuple(watches))


def _near_at_ms(watch: Watch, speed: Tensor) -> Tensor:
    """When the gaps (pair, link) of links that stay where they were may be as small as `BAND_MM`."""
    way = (watch.clear - BAND_MM + watch.travel).double()
    return torch.where(way > 0, way / speed[:, None], 0.0)


def look_around(
    around: Surroundings,
    memory: Memory,
    chain: ChainBatch,
    rows: Tensor,
    times_ms: Tensor,
    at: Pose,
    moving: Motion,
    base: Frames,
    lag_q: Carry,
    lag_v: Carry,
) -> Sight:
    """Contacts of some chains, and how soon each of them may enter a surface.

    Parameters
    ----------
    around
        The solids of all scenes.
    memory
        From the last step.
    chain, rows
        The chains that move, and their numbers among all.
    times_ms, at, moving, base
        Time, pose, motion and base frame of each of them.
    lag_q, lag_v
        From that pose to the predicted angles, and from that motion to the predicted rates; the contacts are measured
        at the pose and carried from there.
    """
    ahead = Carry(moving.rates + lag_v.turns, moving.node_velocities + lag_v.shifts)
    urgency = hazard = torch.zeros(len(rows), dtype=at.nodes.dtype, device=rows.device)
    found: list[Contacts] = []
    updated, pressed, drags, first_slot = [], memory.pressed, memory.drags, 0
    links = torch.arange(chain.lengths.shape[1], device=rows.device)
    for group, watch in zip(around.groups, memory.watches, strict=True):
        kept, own = group.of(rows)
        slots = first_slot + kept[:, None] * len(links) + links
        first_slot += watch.clear.numel()
        if len(own) == 0:
            updated.append(watch)
            continue
        whole = len(kept) == len(group.chain)
        pairs, seen = (group, watch) if whole else (group.some(kept), Watch(*(values[kept] for values in watch)))
        with torch.no_grad():
            world = (base.position[own, None] + at.nodes[own]).detach()
            ends = torch.stack([world[:, :-1], world[:, 1:]], 2)
            travel = pairs.speed * times_ms[own].to(pairs.speed.dtype)
            due = (seen.clear <= 0) | (seen.left(ends, travel) <= BAND_MM)
            pair, link = due.nonzero(as_tuple=True)
        if len(pair):
            site = _site(around, pairs, pair, own[pair], link, times_ms, at, base, chain)
            gap, places, through = site.nearest()
            seen = Watch(
                seen.clear.index_put((pair, link), gap),
                seen.ends.index_put((pair, link), ends[pair, link]),
                seen.travel.index_put((pair, link), travel[pair]),
            )
            slot, near = slots[pair, link], (gap < BAND_MM).nonzero()[:, 0]
            if len(near):
                place = Place(slot[near], places.some(near), through[near], pressed[slot[near]], drags[slot[near]])
                found.append(_contacts(around, site.some(near), place, chain, at, lag_q, ahead, base))
            pressed = pressed.index_fill(0, slot, 0.0)
            last = torch.where(gap < BAND_MM, drags[slot, 0], -1.0).detach()
            drags = drags.index_copy(0, slot, torch.stack([torch.full_like(last, -1.0), last], 1))
            if whole:
                watch = seen
            else:
                watch = Watch(*(old.index_copy(0, kept, new) for old, new in zip(watch, seen, strict=True)))
        updated.append(watch)
        with torch.no_grad():
            fast = moving.node_velocities[own, 1:].norm(dim=-1) + pairs.speed[:, None]
            left = torch.where(seen.clear > 0, seen.left(ends, travel), 0.0).clamp(min=0)
            urgency, hazard = (
                known.scatter_reduce(0, own, (fast / (left + depth[:, None])).amax(1), "amax")
                for known, depth in ((urgency, pairs.depth), (hazard, pairs.limit))
            )
    contacts = None
    if found:
        contacts = Contacts(*(torch.cat(values) for values in zip(*found, strict=True)))
    return Sight(contacts, around.law, urgency, hazard, Memory(tuple(updated), pressed, drags))


def _site(
    around: Surroundings,
    pairs: Pairs,
    pair: Tensor,
    own: Tensor,
    link: Tensor,
    times_ms: Tensor,
    at: Pose,
    base: Frames,
    chain: ChainBatch,
) -> "Site":
    """Links in the frames of their solids."""
    pairs = pairs.some(pair)
    objects = frames_at(around.paths, pairs.body, times_ms[own]).cast(at.nodes.dtype)
    shift = base.position[own] - objects.position

    def local(node: Tensor) -> Tensor:
        return ((at.nodes[own, node] + shift)[:, None] @ objects.rotation)[:, 0]

    return Site(
        pairs, own, link, local(link), local(link + 1), chain.radii[own, link], chain.radii[own, link + 1], objects
    )  # fmt: skip


class Site(NamedTuple):
    """Links near solids, one row each, in the frames of their solids; mm.

    Parameters
    ----------
    pairs
        Their solids.
    own, link
        (row,) which link of which chain.
    a, b
        (row, 3) its ends.
    ra, rb
        (row,) its radii there.
    objects
        Frames of the objects.
    """

    pairs: Pairs
    own: Tensor
    link: Tensor
    a: Tensor
    b: Tensor
    ra: Tensor
    rb: Tensor
    objects: Frames

    def some(self, index: Tensor) -> "Site":
        """Some of the rows."""
        own, link, a, b, ra, rb = (
            values[index] for values in (self.own, self.link, self.a, self.b, self.ra, self.rb)
        )  # fmt: skip
        return Site(self.pairs.some(index), own, link, a, b, ra, rb, self.objects.rows(index))

    def distance(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Distance and normal at points (row, point, 3)."""
        if self.pairs.meshes is not None:
            return mesh_distance(self.pairs.meshes, self.pairs.mesh, x)
        return FIELDS[self.pairs.kind][0](x, *(values[:, None] for values in self.pairs.parameters))

    def gap(self, places: Nearest, through: Tensor) -> tuple[Tensor, Tensor]:
        """Gap and normal at a place of each link; ``through`` where the link passes through a sheet there."""
        share, u, taper = places.share, self.b - self.a, self.rb - self.ra
        point = self.a + share[:, None] * u
        depth, normal = self.distance(point[:, None])
        edge, normal, growth = places.facing(normal[:, 0], u, taper)
        pierced = through.abs().sum(-1) > 0
        depth = torch.where(pierced, 0.0, depth[:, 0])
        if depth.requires_grad:
            # At an edge the place moves as well, so that the gap grows neither as from the one side nor from the other.
            kinked = depth.detach() + (growth.detach() * (point - point.detach())).sum(-1)
            depth = torch.where(edge, kinked, depth)
        normal = torch.where(pierced[:, None], through, normal)
        return depth - (self.ra + share * taper) - self.pairs.offset, normal

    @torch.no_grad()
    def bound(self) -> Tensor:
        """Lower bound of the gap, from the distance of the middle of each link."""
        middle = 0.5 * (self.a + self.b)[:, None]
        extent = 0.5 * (self.b - self.a).norm(dim=-1) + torch.maximum(self.ra, self.rb) + self.pairs.offset
        if self.pairs.meshes is not None:
            limit = (extent + NEAR_MM)[:, None]
            gap = bounded_distance(self.pairs.meshes, self.pairs.mesh, middle, limit)[:, 0] - extent
            return gap.clamp(max=NEAR_MM)
        return self.distance(middle)[0][:, 0] - extent

    @torch.no_grad()
    def nearest(self) -> tuple[Tensor, Nearest, Tensor]:
        """Size and place of the smallest gap, and the normal where the link passes through a sheet.

        Gaps above `NEAR_MM` are lower bounds, for which a formula tells nothing sooner.
        """
        places, through = Nearest.smooth(torch.full_like(self.ra, 0.5)), torch.zeros_like(self.a)
        if self.pairs.kind in (PLANE, SPHERE, CAPSULE):
            places = locate(self.pairs.kind, self.pairs.parameters, self.a, self.b, self.ra, self.rb)
            return self.gap(places, through)[0], places, through
        gap = self.bound()
        near = (gap < NEAR_MM).nonzero()[:, 0]
        if len(near) == 0:
            return gap, places, through
        some = self.some(near)
        ends = (some.a, some.b, some.ra, some.rb)
        if some.pairs.meshes is None:
            found, pierced = locate(some.pairs.kind, some.pairs.parameters, *ends), torch.zeros_like(some.a)
        else:
            found, pierced = locate_on_meshes(some.pairs.meshes, some.pairs.mesh, *ends)
        exact = some.gap(found, pierced)[0]
        if some.pairs.meshes is not None:
            exact = exact.clamp(max=NEAR_MM)
        gap = gap.index_copy(0, near, exact)
        return gap, places.put(near, found), through.index_copy(0, near, pierced)


class Place(NamedTuple):
    """Where links come nearest.

    Parameters
    ----------
    slot
        (row,) number of this link and solid among all.
    places
        Along the links.
    through
        (row, 3) normal where the link passes through a sheet.
    pressed
        (row,) normal force after the last step, uN.
    drags
        (row, 2) friction per sliding speed after the last step and the one before (negative: none).
    """

    slot: Tensor
    places: Nearest
    through: Tensor
    pressed: Tensor
    drags: Tensor


def _contacts(
    around: Surroundings,
    site: Site,
    place: Place,
    chain: ChainBatch,
    at: Pose,
    lag: Carry,
    ahead: Carry,
    base: Frames,
) -> Contacts:
    """Contacts at one place of each link; ``lag`` and ``ahead`` move it to the predicted state."""
    own, link, objects, places = site.own, site.link, site.objects, place.places
    if torch.is_grad_enabled() and (site.a.requires_grad or site.ra.requires_grad):
        places = follow(site.distance, places, site.a, site.b, site.ra, site.rb)
    share = places.share
    gap, normal = site.gap(places, place.through)
    normal = (objects.rotation @ normal[..., None])[..., 0]
    along = (share * chain.lengths[own, link])[:, None] * at.directions[own, link]
    point = at.nodes[own, link] + along
    velocity = ahead.shifts[own, link] + cross(ahead.turns[own, link], along)
    arm = point + base.position[own] - objects.position
    velocity = velocity - objects.velocity - cross(objects.rate, arm)
    approach = (velocity * normal).sum(-1)
    gap = gap + ((lag.shifts[own, link] + cross(lag.turns[own, link], along)) * normal).sum(-1)
    slide = velocity - approach[:, None] * normal
    arcs = torch.nn.functional.pad(chain.lengths.cumsum(1), (1, 0))
    return Contacts(
        chain=own,
        link=link,
        point=point,
        normal=normal,
        gap=gap,
        press=-around.law.stiffness * (gap + around.law.relaxation * approach),
        slide=slide,
        drag=guessed_drag(
            site.pairs.friction, place.pressed, sliding_speed(slide.detach(), around.law.slip_speed), place.drags
        ),
        friction=site.pairs.friction,
        arc=arcs[own, link] + share * chain.lengths[own, link],
        slot=place.slot,
        body=site.pairs.body,
        # The clamped link cannot give way.
        limit=torch.where(link == 0, torch.minimum(site.pairs.limit, 2 * site.ra), site.pairs.limit),
    )
