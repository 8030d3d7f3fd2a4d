"""One step of a batch of chains: generalised alpha, linearly implicit in springs, dampers and contacts."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from simulators.whisker.torch_backend.chain import ChainBatch
from simulators.whisker.torch_backend.contact import (
    Contacts,
    Deep,
    Pushes,
    deepest,
    none_deep,
    solve,
    solve_with_contacts,
)
from simulators.whisker.torch_backend.distances import length
from simulators.whisker.torch_backend.dynamics import Carry, Inertia, Motion, Pose, carry, cross, inertia, motion, pose
from simulators.whisker.torch_backend.paths import Frames
from simulators.whisker.torch_backend.surroundings import Memory, Sight

Look = Callable[[Pose, Motion, Frames, Carry, Carry], Sight]
"""From a pose, its motion, the frames of the bases, and the way from there to the predicted angles and rates."""


class Scheme(NamedTuple):
    """Coefficients of the generalised-alpha method, for each chain's step (chain,).

    Parameters
    ----------
    step_ms
        Time step h.
    ahead_ms
        From the start of the step to the collocation time, at which forces are taken.
    feed_v, feed_q
        Change of v and q at the collocation time per change of the acceleration there.
    end_a, end_v, end_q
        Change of a, and per ms of v and q, at the end of the step per change of the acceleration at the collocation
        time.
    alpha_m, gamma
        Weights of the accelerations.

    References
    ----------
    Chung & Hulbert (1993), J. Appl. Mech. 60, 371, equations 17 and 25.
    """

    step_ms: Tensor
    ahead_ms: Tensor
    feed_v: Tensor
    feed_q: Tensor
    end_a: Tensor
    end_v: Tensor
    end_q: Tensor
    alpha_m: Tensor
    gamma: Tensor

    @classmethod
    def of(cls, step_ms: Tensor, rho: Tensor) -> "Scheme":
        """Second-order scheme with the spectral radius ``rho`` at infinite frequency."""
        alpha_m, alpha_f = (2 * rho - 1) / (rho + 1), rho / (rho + 1)
        gamma = 0.5 - alpha_m + alpha_f
        beta = (1 - alpha_m + alpha_f) ** 2 / 4
        end_a, ahead = 1 / (1 - alpha_m), (1 - alpha_f) * step_ms
        end_v, end_q = gamma * end_a, beta * step_ms * end_a
        return cls(step_ms, ahead, ahead * end_v, ahead * end_q, end_a, end_v, end_q, alpha_m, gamma)

    def cast(self, dtype: torch.dtype) -> "Scheme":
        """The same in another precision."""
        return Scheme(*(value.to(dtype) for value in self))

    def lag(self, last: Tensor, now: Tensor) -> tuple[Tensor, Tensor]:
        """Loads (chain, load) as they lag behind those of the collocation time, and their mean over the step.

        They lag as the accelerations do, so that their impulses are the changes of momentum.
        """
        alpha_m, gamma = self.alpha_m[:, None], self.gamma[:, None]
        following = (now - alpha_m * last) / (1 - alpha_m)
        return following, (1 - gamma) * last + gamma * following


class State(NamedTuple):
    """Joints of all chains; rad and ms.

    Parameters
    ----------
    q, v, a
        (chain, link, 2) angles, rates and accelerations.
    drift, surge
        (chain, link, 2) changes of q and v per ms over the last step: where a chain will be inside the next one, also
        where its modes outrun the step.
    touching
        (chain,) whether the last step had contacts.
    """

    q: Tensor
    v: Tensor
    a: Tensor
    drift: Tensor
    surge: Tensor
    touching: Tensor

    @classmethod
    def of(cls, q: Tensor, v: Tensor, a: Tensor) -> "State":
        """State to start from, given angles, rates and accelerations (chain, link, 2); those of link 0 count for nothing."""
        return cls(q, v, a, v, torch.zeros_like(v), torch.zeros(len(q), dtype=torch.bool, device=q.device))

    def rows(self, index: Tensor) -> "State":
        """Some of the chains."""
        return State(*(values[index] for values in self))

    def where(self, mask: Tensor, other: "State") -> "State":
        """These where the mask (chain,) holds, the others elsewhere."""
        shaped = (mask[:, None, None],) * 5 + (mask,)
        return State(*(torch.where(m, a, b) for m, a, b in zip(shaped, self, other, strict=True)))

    def put(self, index: Tensor, new: "State") -> "State":
        """The same with some chains replaced."""
        return State(*(old.index_copy(0, index, some) for old, some in zip(self, new, strict=True)))


class Step(NamedTuple):
    """A step that was computed.

    Parameters
    ----------
    end
        State at its end.
    loads
        (chain, 14) at the collocation time, world axes; uN, uN.mm, mm: force 0:3 and moment 3:6 of the whisker on its
        base about the base point, force of the objects on the whisker 6:9, sum of the sizes of these forces 9, and
        weighted by them points 10:13 and arc lengths 13 of the contacts.
    turned
        (chain,) largest turn of a joint, rad.
    memory
        What was seen around; none where nothing can be touched.
    urgency, hazard
        (chain,) how soon each chain may be as deep in a surface as a step may enter it, and as where its run ends, 1/ms.
    deep
        Contacts deeper than can be held.
    solves
        (chain,) how often each chain was solved for, to find which contacts push and how they drag.
    unsettled
        (chain,) whether that was not found.
    """

    end: State
    loads: Tensor
    turned: Tensor
    memory: Memory | None
    urgency: Tensor
    hazard: Tensor
    deep: Deep
    solves: Tensor
    unsettled: Tensor


def rest_angles(chain: ChainBatch) -> Tensor:
    """Joint angles of the unloaded chains (chain, link, 2), rad."""
    return torch.stack([torch.zeros_like(chain.rest_angles), chain.rest_angles], -1)


def rest_state(chain: ChainBatch) -> State:
    """Chains at rest in their unloaded shape."""
    q = rest_angles(chain)
    none = torch.zeros_like(q)
    return State.of(q, none, none)


def advance(
    chain: ChainBatch,
    base: Frames,
    state: State,
    scheme: Scheme,
    look: Look | None = None,
    tip_force: Tensor | None = None,
) -> Step:
    """One time step of each chain.

    Parameters
    ----------
    chain
        The chains.
    base
        Frames of their bases at the collocation time (chain, ...).
    state
        At the start of the step.
    scheme
        Coefficients.
    look
        Finds the contacts of a pose; nothing is touched without.
    tip_force
        (chain, 3) force on the tip, world axes, uN.
    """
    h = scheme.step_ms[:, None, None]
    ahead = scheme.ahead_ms[:, None, None]
    q, v = state.q + ahead * state.drift, state.v + ahead * state.surge
    at = pose(chain, base.rotation, q)
    moving = motion(chain, base, at, v, state.a)
    if tip_force is not None:
        pull = tip_force[:, None].expand_as(moving.load)
        lever = at.nodes[:, -1:] - at.nodes[:, :-1]
        moving = moving._replace(load=moving.load - pull, load_moment=moving.load_moment - cross(lever, pull))
    mass = inertia(chain, at)
    held = (at.axes * moving.load_moment[:, :, None]).sum(-1)
    angles = state.q + ahead * (state.v + 0.5 * h * state.a)
    rates = state.v + ahead * state.a
    held = held + chain.stiffness[..., None] * (angles - rest_angles(chain)) + chain.damping[..., None] * rates
    right = -held[:, 1:].flatten(1)
    implicit = scheme.feed_q[:, None] * chain.stiffness + scheme.feed_v[:, None] * chain.damping
    matrix = mass.matrix + torch.diag_embed(implicit[:, 1:].repeat_interleave(2, 1))
    sight = look(at, moving, base, carry(chain, at, angles - q), carry(chain, at, rates - v)) if look else None
    memory, contacts, pushes = sight.memory if sight else None, sight.contacts if sight else None, None
    touching, deep = torch.zeros_like(state.touching), none_deep(state.touching)
    if sight is None or memory is None or contacts is None:
        change = solve(matrix, right)
    else:
        change, pushes = solve_with_contacts(matrix, right, contacts, sight.law, at, scheme.feed_q, scheme.feed_v)
        memory = memory.after(contacts.slot, pushes)
        touching = touching.index_fill(0, contacts.chain, True)
        deep = deepest(contacts, pushes, deep)
    loads = _loads(base, moving, mass, change, contacts, pushes)
    y = torch.nn.functional.pad(change.unflatten(1, (-1, 2)), (0, 0, 1, 0))
    drift = state.v + 0.5 * h * state.a + scheme.end_q[:, None, None] * y
    surge = state.a + scheme.end_v[:, None, None] * y
    a = state.a + scheme.end_a[:, None, None] * y
    end = State(state.q + h * drift, state.v + h * surge, a, drift, surge, touching)
    none = torch.zeros_like(scheme.step_ms)
    urgency, hazard = (none, none) if sight is None else (sight.urgency, sight.hazard)
    turned = (h * drift.detach()).abs().amax((1, 2))
    solves = torch.ones_like(deep.body) if pushes is None else pushes.solves
    unsettled = torch.zeros_like(touching) if pushes is None else pushes.unsettled
    return Step(end, loads, turned, memory, urgency, hazard, deep, solves, unsettled)


def energy(chain: ChainBatch, base: Frames, at: Pose, q: Tensor, v: Tensor) -> Tensor:
    """Kinetic and elastic energy of each chain (chain,), uN.mm."""
    moving = motion(chain, base, at, v, torch.zeros_like(v))
    arms = (chain.centroids * chain.lengths)[..., None] * at.directions
    velocities = moving.node_velocities[:, :-1] + cross(moving.rates, arms)
    along = (moving.rates * at.directions).sum(-1)
    kinetic = chain.masses * (velocities**2).sum(-1) + chain.inertias * ((moving.rates**2).sum(-1) - along**2)
    elastic = chain.stiffness * ((q - rest_angles(chain)) ** 2).sum(-1)
    return 0.5 * (kinetic + elastic).sum(1)


def _loads(
    base: Frames, moving: Motion, mass: Inertia, change: Tensor, contacts: Contacts | None, pushes: Pushes | None
) -> Tensor:
    """Loads of a step: on the base, contacts less the rate of momentum, with the change of acceleration that was found."""
    force = -moving.load[:, 0] - (change[:, None] @ mass.base_force)[:, 0]
    moment = -moving.load_moment[:, 0] - (change[:, None] @ mass.base_moment)[:, 0]
    own = torch.nn.functional.pad(torch.cat([force, moment], 1), (0, 8))
    if contacts is None or pushes is None:
        return own
    push, point = pushes.force, contacts.point
    size = length(push)[:, None]
    touched = torch.cat(
        [
            push,
            cross(point, push),
            push,
            size,
            size * (point + base.position[contacts.chain]),
            size * contacts.arc[:, None],
        ],
        1,
    )
    return own.index_add(0, contacts.chain, touched)
