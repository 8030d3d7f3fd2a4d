"""The solids of many scenes: how far every link is from each, and where it presses on them."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from simulators.whisker.solids.kinds import MESH, SUPERQUADRIC
from simulators.whisker.torch_backend.chain import ChainBatch
from simulators.whisker.torch_backend.contact import Contacts
from simulators.whisker.torch_backend.distances import FIELDS
from simulators.whisker.torch_backend.dynamics import Motion, Pose, cross
from simulators.whisker.torch_backend.meshes import Meshes, bounded_distance, locate_on_meshes, mesh_distance, pack_meshes
from simulators.whisker.torch_backend.paths import Frames, Paths, frames_at
from simulators.whisker.torch_backend.segments import follow, locate

if TYPE_CHECKING:
    from simulators.whisker.plan import Plan

BAND_MM = 0.05
"""Gaps below this may close within the step."""


class Pairs(NamedTuple):
    """Chains and the solids of one kind in their scenes.

    Parameters
    ----------
    kind
        Of all solids.
    chain, body
        (pair,) which chain; which path of the objects.
    parameters
        Numbers of the solids, (pair,) each.
    offset, friction, speed, depth
        (pair,) contact offset (mm), coefficient of friction, highest speed of any point of the object (mm/ms), how deep
        a step may enter it (mm).
    mesh
        (pair,) row of the meshes.
    meshes
        All meshes; none for other kinds.
    """

    kind: int
    chain: Tensor
    body: Tensor
    parameters: tuple[Tensor, ...]
    offset: Tensor
    friction: Tensor
    speed: Tensor
    depth: Tensor
    mesh: Tensor
    meshes: Meshes | None

    def some(self, index: Tensor) -> "Pairs":
        """A part of the pairs."""
        return self._replace(
            chain=self.chain[index],
            body=self.body[index],
            parameters=tuple(values[index] for values in self.parameters),
            offset=self.offset[index],
            friction=self.friction[index],
            speed=self.speed[index],
            depth=self.depth[index],
            mesh=self.mesh[index],
        )


class Surroundings(NamedTuple):
    """Solids, their paths and the law of contact.

    Parameters
    ----------
    groups
        One for every kind of solid.
    paths
        Of all objects.
    stiffness, relaxation, slip_speed
        uN/mm, ms, mm/ms.
    """

    groups: tuple[Pairs, ...]
    paths: Paths
    stiffness: float
    relaxation: float
    slip_speed: float


def pack_pairs(plans: "list[Plan]", device: torch.device | str, dtype: torch.dtype) -> tuple[Pairs, ...]:
    """Every whisker of every scene with every object of its scene, by kind of solid.

    Parameters
    ----------
    plans
        The scenes; chains count through all of them, and so do objects.
    device, dtype
        Of the tensors.

    Raises
    ------
    ValueError
        If a solid has neither a formula here nor triangles.
    """
    rows: dict[int, list[tuple]] = {}
    hierarchies: dict[int, tuple[int, object]] = {}
    first_chain = first_body = 0
    for plan in plans:
        for o, item in enumerate(plan.scene.objects):
            kind = int(plan.table.kind[plan.solid_of[o]])
            if kind == SUPERQUADRIC:
                raise ValueError(
                    "a Superquadric has no distance formula in the torch backend; give Mesh(*solid.surface()), or take "
                    "backend='numba'."
                )
            row = 0
            if kind == MESH:
                row, _ = hierarchies.setdefault(id(item.solid), (len(hierarchies), item.solid))
            solid = int(plan.solid_of[o])
            numbers = (
                *plan.table.parameters[solid],
                plan.table.offset[solid],
                plan.friction_of[o],
                plan.speed_of[o],
                plan.depth_of[o],
            )
            rows.setdefault(kind, []).extend(
                (first_chain + w, first_body + o, row, *numbers) for w in range(len(plan.names))
            )
        first_chain += len(plan.names)
        first_body += len(plan.scene.objects)
    groups = []
    for kind in sorted(rows):
        table = np.array(rows[kind], dtype=np.float64)
        index = torch.from_numpy(table[:, :3]).long().to(device)
        numbers = torch.from_numpy(table[:, 3:]).to(device, dtype)
        count = 0 if kind == MESH else FIELDS[kind][1]
        meshes = pack_meshes([solid for _, solid in hierarchies.values()], device, dtype) if kind == MESH else None
        groups.append(
            Pairs(
                kind,
                index[:, 0],
                index[:, 1],
                tuple(numbers[:, k].contiguous() for k in range(count)),
                *(numbers[:, k].contiguous() for k in range(6, 10)),
                index[:, 2],
                meshes,
            )
        )
    return tuple(groups)


def find_contacts(
    around: Surroundings, chain: ChainBatch, rows: Tensor, times_ms: Tensor, at: Pose, moving: Motion, base: Frames
) -> tuple[Contacts | None, Tensor]:
    """Contacts of some chains, and how soon each of them may enter a surface.

    Parameters
    ----------
    around
        The solids of all scenes.
    chain, rows
        The chains that move, and their numbers among all.
    times_ms, at, moving, base
        Time, pose, motion and base frame of each of them.

    Returns
    -------
    tuple[Contacts | None, Tensor]
        Links nearer than `BAND_MM`, none where there are none; (chain,) the largest speed towards an object over the way
        that is left, 1/ms.
    """
    urgency = times_ms.new_zeros(len(rows))
    found = []
    for group in around.groups:
        pairs, own = _of(group, rows)
        if len(own) == 0:
            continue
        objects = frames_at(around.paths, pairs.body, times_ms[own]).cast(at.nodes.dtype)
        # World nodes in double precision would not pay: single precision resolves 2 nm at 30 mm.
        shift = base.position[own] - objects.position
        nodes = (at.nodes[own] + shift[:, None]) @ objects.rotation
        radii = chain.radii[own]
        with torch.no_grad():
            bound = _bound(pairs, nodes.detach(), radii.detach()) - pairs.offset[:, None]
            bound = torch.where(chain.links[own] > 0, bound, torch.inf)
            pair, link = (bound < BAND_MM).nonzero(as_tuple=True)
        clear = bound
        if len(pair):
            near = _contacts(around, pairs.some(pair), own[pair], link, nodes[pair], radii[pair], at, moving, base,
                             Frames(*(value[pair] for value in objects)), chain)  # fmt: skip
            clear = bound.index_put((pair, link), near.gap.detach().to(bound))
            found.append(near)
        with torch.no_grad():
            fast = moving.node_velocities[own, 1:].norm(dim=-1) + pairs.speed[:, None]
            risk = (fast / (clear.clamp(min=0) + pairs.depth[:, None])).amax(1)
            urgency = urgency.to(risk).scatter_reduce(0, own, risk, "amax")
    if not found:
        return None, urgency
    joined = [torch.cat(values) for values in list(zip(*found, strict=True))[:-2]]
    contacts = Contacts(*joined, around.stiffness, around.relaxation)
    chosen = (contacts.gap < BAND_MM).nonzero()[:, 0]
    if len(chosen) == 0:
        return None, urgency
    return Contacts(*(value[chosen] for value in joined), around.stiffness, around.relaxation), urgency


def _of(group: Pairs, rows: Tensor) -> tuple[Pairs, Tensor]:
    """Pairs whose chain moves, and the place of that chain among those that move."""
    size = int(group.chain.max()) + 1
    place = torch.full((max(size, int(rows.max()) + 1),), -1, dtype=torch.long, device=rows.device)
    place[rows] = torch.arange(len(rows), device=rows.device)
    own = place[group.chain]
    kept = (own >= 0).nonzero()[:, 0]
    return (group, own) if len(kept) == len(own) else (group.some(kept), own[kept])


def _bound(pairs: Pairs, nodes: Tensor, radii: Tensor) -> Tensor:
    """Lower bound of the gap of each link (pair, link), from the distances of its ends."""
    lengths = (nodes[:, 1:] - nodes[:, :-1]).norm(dim=-1)
    thick = torch.maximum(radii[:, 1:], radii[:, :-1])
    if pairs.meshes is not None:
        middles = 0.5 * (nodes[:, 1:] + nodes[:, :-1])
        extent = 0.5 * lengths + thick
        return bounded_distance(pairs.meshes, pairs.mesh, middles, extent + pairs.offset[:, None] + BAND_MM) - extent
    distance, _ = FIELDS[pairs.kind][0](nodes, *(values[:, None] for values in pairs.parameters))
    return 0.5 * (distance[:, 1:] + distance[:, :-1] - lengths) - thick


def _contacts(
    around: Surroundings,
    pairs: Pairs,
    own: Tensor,
    link: Tensor,
    nodes: Tensor,
    radii: Tensor,
    at: Pose,
    moving: Motion,
    base: Frames,
    objects: Frames,
    chain: ChainBatch,
) -> Contacts:
    """Point of smallest gap of each of some links, one row of the arguments each."""
    row = torch.arange(len(link), device=link.device)
    a, b, ra, rb = nodes[row, link], nodes[row, link + 1], radii[row, link], radii[row, link + 1]
    with torch.no_grad():
        ends = (a.detach(), b.detach(), ra.detach(), rb.detach())
        if pairs.meshes is None:
            s, through = locate(pairs.kind, pairs.parameters, *ends), None
        else:
            s, through = locate_on_meshes(pairs.meshes, pairs.mesh, *ends)
    if pairs.meshes is None:
        columns = tuple(values[:, None] for values in pairs.parameters)

        def distance(x: Tensor) -> tuple[Tensor, Tensor]:
            return FIELDS[pairs.kind][0](x, *columns)

    else:
        meshes = pairs.meshes

        def distance(x: Tensor) -> tuple[Tensor, Tensor]:
            return mesh_distance(meshes, pairs.mesh, x)

    if torch.is_grad_enabled() and (a.requires_grad or ra.requires_grad):
        s = follow(distance, s, a, b, ra, rb)
    depth, normal = distance((a + s[:, None] * (b - a))[:, None])
    depth, normal = depth[:, 0], normal[:, 0]
    if through is not None:
        # The centre line passes through a sheet: distance zero, out on the side where the segment began.
        pierced = through.abs().sum(-1) > 0
        depth = torch.where(pierced, 0.0, depth)
        normal = torch.where(pierced[:, None], through, normal)
    gap = depth - (ra + s * (rb - ra)) - pairs.offset
    normal = (objects.rotation @ normal[..., None])[..., 0]
    start, along = at.nodes[own, link], s[:, None] * chain.lengths[own, link, None] * at.directions[own, link]
    point = start + along
    velocity = moving.node_velocities[own, link] + cross(moving.rates[own, link], along)
    arm = point + base.position[own] - objects.position
    velocity = velocity - objects.velocity - cross(objects.rate, arm)
    approach = (velocity * normal).sum(-1)
    press = -around.stiffness * (gap + around.relaxation * approach)
    slide = velocity - approach[:, None] * normal
    square = (slide * slide).sum(-1)
    slow = square <= around.slip_speed**2
    speed = torch.where(slow, around.slip_speed, torch.where(slow, 1.0, square).sqrt())
    drag = pairs.friction * press.clamp(min=0) / speed
    arcs = torch.nn.functional.pad(chain.lengths[own].cumsum(1), (1, 0))
    arc = arcs[row, link] + s * chain.lengths[own, link]
    return Contacts(own, link, point, normal, gap, press, slide, drag, arc, around.stiffness, around.relaxation)
