"""The time loop of a batch of chains, each with its own step, and averages over output intervals."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from simulators.whisker.torch_backend.chain import ChainBatch
from simulators.whisker.torch_backend.contact import Contacts
from simulators.whisker.torch_backend.dynamics import Motion, Pose, pose
from simulators.whisker.torch_backend.paths import Frames, Paths, frames_at
from simulators.whisker.torch_backend.step import Scheme, State, advance, rest_state
from simulators.whisker.torch_backend.surroundings import Surroundings, find_contacts

HALVINGS = 12
"""Most halvings of the nominal step before a tip is called too fast."""


class Bases(NamedTuple):
    """Base frames of the chains.

    Parameters
    ----------
    paths
        Motions of the bases.
    body
        (chain,) which of them each chain stands on.
    """

    paths: Paths
    body: Tensor


class Pull(NamedTuple):
    """Force on the tips that is let go.

    Parameters
    ----------
    force_un
        (chain, 3) world axes.
    until_ms
        Steps whose collocation time lies before this feel it.
    """

    force_un: Tensor
    until_ms: float


class Plan(NamedTuple):
    """What is integrated, and how.

    Parameters
    ----------
    chain
        The chains.
    bases
        Their bases.
    interval_ms
        Output interval.
    levels
        (chain,) halvings of the output interval that give the nominal step.
    rho
        Spectral radius of the integration at infinite frequency.
    around
        Solids; none where nothing can be touched.
    pull
        Force on the tips; none without.
    """

    chain: ChainBatch
    bases: Bases
    interval_ms: float
    levels: Tensor
    rho: float
    around: Surroundings | None = None
    pull: Pull | None = None


class Interval(NamedTuple):
    """One output interval of all chains, or many of them, time first; world axes, mm, uN.

    Parameters
    ----------
    force, moment
        (..., chain, 3) of the whisker on its base, mean; the moment about the base point.
    contact_force
        (..., chain, 3) of the objects on the whisker, mean.
    contact_point, contact_arc
        (..., chain, 3) and (..., chain) mean of the contacts, weighted by force; zero without contact.
    contact_weight
        (..., chain) mean size of the contact forces.
    nodes
        (..., chain, link + 1, 3) ends of the links at the end of the interval.
    steps
        (..., chain) steps taken.
    """

    force: Tensor
    moment: Tensor
    contact_force: Tensor
    contact_point: Tensor
    contact_arc: Tensor
    contact_weight: Tensor
    nodes: Tensor
    steps: Tensor


class Carry(NamedTuple):
    """What one output interval hands to the next.

    Parameters
    ----------
    state
        Of all chains.
    ticks
        (chain,) present step, in ticks of the shortest one.
    """

    state: State
    ticks: Tensor


def integrate(
    plan: Plan, n_intervals: int, start: State | None = None, *, checkpoint_every: int | None = None
) -> tuple[Interval, State]:
    """Motion of all chains over output intervals; differentiable with respect to the chains and the start.

    Parameters
    ----------
    plan
        What is integrated.
    n_intervals
        How many output intervals.
    start
        State at time 0; the unloaded shape at rest without.
    checkpoint_every
        Intervals whose steps are computed again on the way back in place of being kept; ``None`` keeps all, which takes
        the memory of every step.

    Returns
    -------
    tuple[Interval, State]
        (interval, ...) and the state at the end.

    Raises
    ------
    FloatingPointError
        If a tip moves faster than the shortest step can follow near a surface.
    """
    carry = Carry(
        rest_state(plan.chain) if start is None else start,
        torch.full_like(plan.levels, 1 << HALVINGS),
    )
    rows: list[Interval] = []
    every = checkpoint_every or n_intervals
    for first in range(0, n_intervals, every):
        numbers = range(first, min(first + every, n_intervals))
        if checkpoint_every is None:
            carry, some = _stretch(plan, numbers, carry)
        else:
            carry, some = checkpoint(
                _stretch, plan, numbers, carry, use_reentrant=False, preserve_rng_state=False
            )  # fmt: skip
        rows.extend(some)
    return Interval(*(torch.stack(values) for values in zip(*rows, strict=True))), carry.state


def _stretch(plan: Plan, numbers: range, carry: Carry) -> tuple[Carry, list[Interval]]:
    rows = []
    for number in numbers:
        carry, row = _interval(plan, number, carry)
        rows.append(row)
    return carry, rows


def _interval(plan: Plan, number: int, carry: Carry) -> tuple[Carry, Interval]:
    """One output interval: every chain takes its own steps, those that are done wait for the rest."""
    chain, (state, ticks) = plan.chain, carry
    device, dtype = chain.lengths.device, chain.lengths.dtype
    began, total = number * plan.interval_ms, torch.ones_like(plan.levels) << (plan.levels + HALVINGS)
    done, steps = torch.zeros_like(total), torch.zeros_like(total)
    sums = torch.zeros(len(total), 14, dtype=dtype, device=device)
    while True:
        rows = (done < total).nonzero()[:, 0]
        if len(rows) == 0:
            break
        whole = len(rows) == len(total)
        now, at, end = (values if whole else values[rows] for values in (ticks, done, total))
        while (odd := (at % now != 0) | (at + now > end)).any():
            now = torch.where(odd, now // 2, now)
        share = now.double() / end
        times = began + plan.interval_ms * (at.double() / end)
        scheme = Scheme.of(plan.interval_ms * share, plan.rho)
        instants = times + scheme.collocation * scheme.step_ms
        scheme = scheme.cast(dtype)
        base = frames_at(plan.bases.paths, plan.bases.body[rows], instants).cast(dtype)
        some = chain if whole else chain.rows(rows)
        here = state if whole else State(*(values[rows] for values in state))

        def touch(at: Pose, moving: Motion, base: Frames) -> tuple[Contacts | None, Tensor]:
            return find_contacts(plan.around, some, rows, instants, at, moving, base)  # noqa: B023

        pull = None
        if plan.pull is not None and began < plan.pull.until_ms:
            pull = plan.pull.force_un[rows] * (instants < plan.pull.until_ms).to(dtype)[:, None]
        after, loads, urgency = advance(some, base, here, scheme, touch if plan.around else None, pull)
        gains = torch.cat([values if values.ndim == 2 else values[:, None] for values in loads], 1)
        gains = gains * share.to(dtype)[:, None]
        if whole:
            state, sums = after, sums + gains
        else:
            state = State(*(old.index_copy(0, rows, new) for old, new in zip(state, after, strict=True)))
            sums = sums.index_add(0, rows, gains)
        done, steps = done.index_add(0, rows, now), steps.index_add(0, rows, torch.ones_like(now))
        if urgency is not None:
            now = _next_step(now, at + now, plan.interval_ms / end, urgency)
            ticks = ticks.index_copy(0, rows, now)
    force, moment, pushed, weight, point, arc = sums.split([3, 3, 3, 1, 3, 1], 1)
    divisor = torch.where(weight > 0, weight, 1.0)
    ends = torch.full_like(plan.levels, 0, dtype=torch.float64) + (number + 1) * plan.interval_ms
    base = frames_at(plan.bases.paths, plan.bases.body, ends).cast(dtype)
    nodes = base.position[:, None] + pose(chain, base.rotation, state.q).nodes
    row = Interval(
        force, moment, pushed, point / divisor, (arc / divisor)[:, 0], weight[:, 0], nodes, steps.to(dtype)
    )  # fmt: skip
    return Carry(state, ticks), row


def _next_step(now: Tensor, reached: Tensor, tick_ms: Tensor, urgency: Tensor) -> Tensor:
    """Length of the next step in ticks: short enough to enter no surface deeper than allowed, grown by doubling."""
    wanted = torch.full_like(now, 1 << HALVINGS)
    while (far := urgency * wanted * tick_ms > 1).any():
        if (far & (wanted == 1)).any():
            raise FloatingPointError(
                "a tip moves faster near a surface than the shortest step can follow; slow the motion, or lower the step."
            )
        wanted = torch.where(far, wanted // 2, wanted)
    grown = torch.where((wanted > now) & (reached % (2 * now) == 0), 2 * now, now)
    return torch.where(wanted < now, wanted, grown)
