"""Equations of motion of a batch of chains as dense matrices: sums over links are cumulative sums, no recursion."""

from typing import NamedTuple

import torch
from torch import Tensor

from simulators.whisker.torch_backend.chain import ChainBatch
from simulators.whisker.torch_backend.paths import Frames


class Pose(NamedTuple):
    """Chains at one configuration, world axes about the base point; mm.

    Parameters
    ----------
    nodes
        Ends of the links (chain, link + 1, 3); node 0 is the base point.
    directions
        Unit vectors along the links (chain, link, 3).
    axes
        Axes of the two turns before each link (chain, link, 2, 3); zero for link 0 and for padding.
    """

    nodes: Tensor
    directions: Tensor
    axes: Tensor


class Motion(NamedTuple):
    """Velocities and accelerations that belong to a pose, world axes; mm and ms.

    Parameters
    ----------
    rates
        Angular velocities of the links (chain, link, 3).
    node_velocities
        Velocities of the nodes (chain, link + 1, 3).
    load
        Force that the links from each to the tip need for their accelerations (chain, link, 3), uN.
    load_moment
        Its moment about the proximal end of the link (chain, link, 3), uN.mm.
    """

    rates: Tensor
    node_velocities: Tensor
    load: Tensor
    load_moment: Tensor


def cross(a: Tensor, b: Tensor) -> Tensor:
    """Cross product over the last axis, with broadcasting."""
    return torch.linalg.cross(*torch.broadcast_tensors(a, b))


def _to_tip(values: Tensor) -> Tensor:
    """Sum of each link's value and all that lie distal to it (axis 1)."""
    return values.flip(1).cumsum(1).flip(1)


def _beyond(sums: Tensor) -> Tensor:
    """The sums of the next distal link, zero for the last."""
    return torch.cat([sums[:, 1:], torch.zeros_like(sums[:, :1])], 1)


def _from_base(first: Tensor, increments: Tensor) -> Tensor:
    """Running value at the nodes: ``first`` at node 0, then the increments of the links added up."""
    return torch.cat([first[:, None], first[:, None] + increments.cumsum(1)], 1)


def pose(chain: ChainBatch, base_rotation: Tensor, q: Tensor) -> Pose:
    """Place the links for the joint angles.

    Parameters
    ----------
    chain
        The chains.
    base_rotation
        Axes of the base frames (chain, 3, 3).
    q
        Angles about y and z before each link (chain, link, 2), rad; those of link 0 stay.
    """
    cos, sin = torch.cos(q), torch.sin(q)
    cy, cz, sy, sz, zero = cos[..., 0], cos[..., 1], sin[..., 0], sin[..., 1], torch.zeros_like(q[..., 0])
    turns = torch.stack([cy * cz, -cy * sz, sy, sz, cz, zero, -sy * cz, sy * sz, cy], -1).unflatten(-1, (3, 3))
    rotations = torch.cat([base_rotation[:, None] @ turns[:, :1], turns[:, 1:]], 1)
    reach = 1
    while reach < rotations.shape[1]:  # product of all turns before a link in log2(links) steps
        rotations = torch.cat([rotations[:, :reach], rotations[:, :-reach] @ rotations[:, reach:]], 1)
        reach *= 2
    before = torch.cat([rotations[:, :1], rotations[:, :-1]], 1)
    axes = torch.stack([before[..., 1], rotations[..., 2]], 2) * chain.joints[:, :, None, None]
    directions = rotations[..., 0]
    steps = chain.lengths[..., None] * directions
    return Pose(_from_base(torch.zeros_like(steps[:, 0]), steps), directions, axes)


def motion(chain: ChainBatch, base: Frames, at: Pose, v: Tensor, a: Tensor) -> Motion:
    """Velocities, and the loads that the links' accelerations ask for.

    Parameters
    ----------
    chain
        The chains.
    base
        Motion of the base.
    at
        Their pose.
    v, a
        Rates and accelerations of the joint angles (chain, link, 2), rad/ms and rad/ms^2.
    """
    t, along = at.directions, chain.lengths[..., None] * at.directions
    turn = v[..., None] * at.axes
    rates = base.rate[:, None] + turn.sum(2).cumsum(1)
    before = torch.cat([base.rate[:, None], rates[:, :-1]], 1)
    changes = (a[..., None] * at.axes).sum(2) + cross(before, turn[:, :, 0]) + cross(rates, turn[:, :, 1])
    changes = base.rate_change[:, None] + changes.cumsum(1)
    swing = cross(rates, along)
    pull = cross(changes, along) + cross(rates, swing)
    accelerations = _from_base(base.acceleration, pull)
    forces = chain.masses[..., None] * (accelerations[:, :-1] + chain.centroids[..., None] * pull)
    # No inertia about the link's own axis: I = It (1 - t t^T).
    spin = (rates * t).sum(-1, keepdim=True)
    across = changes - (changes * t).sum(-1, keepdim=True) * t
    couples = chain.inertias[..., None] * (across - spin * cross(rates, t))
    load = _to_tip(forces)
    moments = couples + cross(along, chain.centroids[..., None] * forces + _beyond(load))
    return Motion(rates, _from_base(base.velocity, swing), load, _to_tip(moments))


class Carry(NamedTuple):
    """Small change of all links, as if they moved with constant velocity from their pose; world axes.

    Parameters
    ----------
    turns
        (chain, link, 3) of the links.
    shifts
        (chain, link + 1, 3) of the nodes.
    """

    turns: Tensor
    shifts: Tensor


def carry(chain: ChainBatch, at: Pose, change: Tensor) -> Carry:
    """Move links by a small change of the joint angles (chain, link, 2)."""
    turns = (change[..., None] * at.axes).sum(2).cumsum(1)
    swing = cross(turns, chain.lengths[..., None] * at.directions)
    return Carry(turns, _from_base(torch.zeros_like(swing[:, 0]), swing))


class Inertia(NamedTuple):
    """Mass matrix, and what a joint acceleration asks of the base.

    Parameters
    ----------
    matrix
        (chain, joint, joint) with joints in the order link by link, y before z; ones on the diagonal of padding. ug.mm^2.
    base_force, base_moment
        Force and moment about the base point per unit of acceleration (chain, joint, 3).
    """

    matrix: Tensor
    base_force: Tensor
    base_moment: Tensor


def inertia(chain: ChainBatch, at: Pose) -> Inertia:
    """Mass matrix by composite bodies: what is distal to a joint turns with it as one rigid body.

    Parameters
    ----------
    chain
        The chains.
    at
        Their pose.

    References
    ----------
    Featherstone (2008) Rigid Body Dynamics Algorithms, section 6.2 (composite rigid bodies).
    """
    t, along = at.directions, chain.lengths[..., None] * at.directions
    to_centre = chain.centroids[..., None] * along
    mass = _to_tip(chain.masses)[..., None]
    mass_beyond = _beyond(mass)
    first = _to_tip(chain.masses[..., None] * to_centre + mass_beyond * along)
    # Second moments about each link's proximal end, with It t t^T of every link: the inertia is then trace - tensor.
    # Every increment is local to its link, so that nothing cancels in single precision.
    own = (
        chain.masses * (chain.centroids * chain.lengths) ** 2 + chain.inertias + mass_beyond[..., 0] * chain.lengths**2
    )
    mixed = along[..., :, None] * _beyond(first)[..., None, :]
    second = _to_tip(own[..., None, None] * (t[..., :, None] * t[..., None, :]) + mixed + mixed.mT)
    trace = second.diagonal(dim1=-2, dim2=-1).sum(-1)
    axes, start = at.axes, at.nodes[:, :-1, None]
    momenta = cross(axes, first[:, :, None])
    about_joint = trace[..., None, None] * axes - axes @ second
    about_base = about_joint + cross(start, momenta)
    axes, momenta, about_base = (x[:, 1:].flatten(1, 2) for x in (axes, momenta, about_base))
    levers = cross(axes, start[:, 1:].expand(-1, -1, 2, -1).flatten(1, 2))
    products = torch.cat([axes, -levers], -1) @ torch.cat([about_base, momenta], -1).mT
    upper = products.triu()
    matrix = upper + upper.triu(1).mT + torch.diag_embed(1.0 - chain.joints[:, 1:].repeat_interleave(2, 1))
    return Inertia(matrix, momenta, about_base)
