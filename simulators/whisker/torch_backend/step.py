"""One step of a batch of chains: generalised alpha, linearly implicit in springs, dampers and contacts."""

from typing import NamedTuple

import torch
from torch import Tensor

from simulators.whisker.torch_backend.chain import ChainBatch
from simulators.whisker.torch_backend.contact import Pushes, Touch, solve, solve_with_contacts
from simulators.whisker.torch_backend.dynamics import Inertia, Motion, cross, inertia, motion, pose
from simulators.whisker.torch_backend.paths import Frames


class Scheme(NamedTuple):
    """Coefficients of the generalised-alpha method, for each chain's step.

    Parameters
    ----------
    step_ms
        (chain,) time step h.
    collocation
        Fraction 1 - alpha_f of the step at which forces are taken.
    feed_v, feed_q
        (chain,) change of v and q at the collocation time per change of the acceleration there.
    end_a, end_v, end_q
        Change of a, and per ms of v and q, at the end of the step per change of the acceleration at the collocation
        time; ``end_q`` is (chain,).

    References
    ----------
    Chung & Hulbert (1993), J. Appl. Mech. 60, 371, equations 17 and 25.
    """

    step_ms: Tensor
    collocation: float
    feed_v: Tensor
    feed_q: Tensor
    end_a: float
    end_v: float
    end_q: Tensor

    @classmethod
    def of(cls, step_ms: Tensor, rho: float) -> "Scheme":
        """Second-order scheme with the spectral radius ``rho`` at infinite frequency."""
        alpha_m, alpha_f = (2 * rho - 1) / (rho + 1), rho / (rho + 1)
        gamma = 0.5 - alpha_m + alpha_f
        beta = (1 - alpha_m + alpha_f) ** 2 / 4
        end_a, at = 1 / (1 - alpha_m), 1 - alpha_f
        end_v, end_q = gamma * end_a, beta * step_ms * end_a
        return cls(step_ms, at, at * step_ms * end_v, at * step_ms * end_q, end_a, end_v, end_q)

    def cast(self, dtype: torch.dtype) -> "Scheme":
        """The same in another precision."""
        return Scheme(*(value.to(dtype) if isinstance(value, Tensor) else value for value in self))


class State(NamedTuple):
    """Joints of all chains; rad and ms.

    Parameters
    ----------
    q, v, a
        (chain, link, 2) angles, rates and accelerations.
    drift, surge
        (chain, link, 2) changes of q and v per ms over the last step: where a chain will be inside the next one, also
        where its modes outrun the step.
    """

    q: Tensor
    v: Tensor
    a: Tensor
    drift: Tensor
    surge: Tensor

    def rows(self, index: Tensor) -> "State":
        """Some of the chains."""
        return State(*(values[index] for values in self))

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
        At the collocation time.
    turned
        (chain,) largest turn of a joint, rad.
    urgency
        (chain,) how soon each chain may reach a surface, 1/ms; none where nothing can be touched.
    """

    end: State
    loads: "Loads"
    turned: Tensor
    urgency: Tensor | None


class Loads(NamedTuple):
    """What a step sent through the base and through the contacts, world axes; uN, uN.mm, mm.

    Parameters
    ----------
    force, moment
        (chain, 3) of the whisker on its base; the moment about the base point.
    contact_force
        (chain, 3) of the objects on the whisker.
    weight
        (chain,) sum of the sizes of the contact forces.
    weighted_point, weighted_arc
        (chain, 3) and (chain,) world point and arc length of the contacts, times the sizes of their forces.
    """

    force: Tensor
    moment: Tensor
    contact_force: Tensor
    weight: Tensor
    weighted_point: Tensor
    weighted_arc: Tensor


def rest_angles(chain: ChainBatch) -> Tensor:
    """Joint angles of the unloaded chains (chain, link, 2), rad."""
    return torch.stack([torch.zeros_like(chain.rest_angles), chain.rest_angles], -1)


def rest_state(chain: ChainBatch) -> State:
    """Chains at rest in their unloaded shape."""
    q = rest_angles(chain)
    none = torch.zeros_like(q)
    return State(q, none, none, none, none)


def advance(
    chain: ChainBatch,
    base: Frames,
    state: State,
    scheme: Scheme,
    touch: Touch | None = None,
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
    touch
        Finds the contacts of a pose; nothing is touched without.
    tip_force
        (chain, 3) force on the tip, world axes, uN.
    """
    h = scheme.step_ms[:, None, None]
    ahead = scheme.collocation * h
    at = pose(chain, base.rotation, state.q + ahead * state.drift)
    moving = motion(chain, base, at, state.v + ahead * state.surge, state.a)
    if tip_force is not None:
        pull = tip_force[:, None].expand_as(moving.load)
        lever = at.nodes[:, -1:] - at.nodes[:, :-1]
        moving = moving._replace(load=moving.load - pull, load_moment=moving.load_moment - cross(lever, pull))
    mass = inertia(chain, at)
    held = (at.axes * moving.load_moment[:, :, None]).sum(-1)
    angles = state.q + ahead * (state.v + 0.5 * h * state.a) - rest_angles(chain)
    held = held + chain.stiffness[..., None] * angles + chain.damping[..., None] * (state.v + ahead * state.a)
    right = -held[:, 1:].flatten(1)
    implicit = scheme.feed_q[:, None] * chain.stiffness + scheme.feed_v[:, None] * chain.damping
    matrix = mass.matrix + torch.diag_embed(implicit[:, 1:].repeat_interleave(2, 1))
    contacts, urgency = touch(at, moving, base) if touch else (None, None)
    if contacts is None:
        change, pushes = solve(matrix, right), None
    else:
        change, pushes = solve_with_contacts(matrix, right, contacts, at, scheme.feed_q, scheme.feed_v)
    loads = _loads(base, moving, mass, change, pushes)
    y = torch.nn.functional.pad(change.unflatten(1, (-1, 2)), (0, 0, 1, 0))
    drift = state.v + 0.5 * h * state.a + scheme.end_q[:, None, None] * y
    surge = state.a + scheme.end_v * y
    end = State(state.q + h * drift, state.v + h * surge, state.a + scheme.end_a * y, drift, surge)
    turned = (h * drift.detach()).abs().amax((1, 2))
    return Step(end, loads, turned, urgency)


def energy(chain: ChainBatch, base: Frames, state: State) -> Tensor:
    """Kinetic and elastic energy of each chain (chain,), uN.mm."""
    at = pose(chain, base.rotation, state.q)
    moving = motion(chain, base, at, state.v, state.a)
    arms = (chain.centroids * chain.lengths)[..., None] * at.directions
    velocities = moving.node_velocities[:, :-1] + cross(moving.rates, arms)
    along = (moving.rates * at.directions).sum(-1)
    kinetic = chain.masses * (velocities**2).sum(-1) + chain.inertias * ((moving.rates**2).sum(-1) - along**2)
    elastic = chain.stiffness * ((state.q - rest_angles(chain)) ** 2).sum(-1)
    return 0.5 * (kinetic + elastic).sum(1)


def _loads(base: Frames, moving: Motion, mass: Inertia, change: Tensor, pushes: Pushes | None) -> Loads:
    """Forces on the base: contacts less the rate of momentum, both with the change of acceleration that was found."""
    force = -moving.load[:, 0] - (change[:, None] @ mass.base_force)[:, 0]
    moment = -moving.load_moment[:, 0] - (change[:, None] @ mass.base_moment)[:, 0]
    if pushes is None:
        none = torch.zeros_like(force)
        return Loads(force, moment, none, none[:, 0], none, none[:, 0])
    size = pushes.force.norm(dim=-1)
    world = pushes.point + base.position[pushes.chain]

    def summed(values: Tensor) -> Tensor:
        return values.new_zeros(len(force), *values.shape[1:]).index_add(0, pushes.chain, values)

    touched = summed(pushes.force)
    return Loads(
        force + touched,
        moment + summed(cross(pushes.point, pushes.force)),
        touched,
        summed(size),
        summed(size[:, None] * world),
        summed(size * pushes.arc),
    )
