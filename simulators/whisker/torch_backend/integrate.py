"""The time loop of a batch of chains, each with its own step, and averages over output intervals."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from simulators.whisker.torch_backend.chain import ChainBatch
from simulators.whisker.torch_backend.contact import Contacts
from simulators.whisker.torch_backend.dynamics import Motion, Pose, pose
from simulators.whisker.torch_backend.paths import Frames, Paths, frames_at
from simulators.whisker.torch_backend.step import Scheme, State, Step, advance, energy, rest_state
from simulators.whisker.torch_backend.surroundings import Surroundings, find_contacts

HALVINGS = 12
"""Most halvings of the nominal step before a tip is called too fast."""
TURN_RAD = 0.1
"""Largest turn of a joint in one step; a step that would turn more is halved."""


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
        (chain,) steps whose collocation time lies before this feel it.
    """

    force_un: Tensor
    until_ms: Tensor


class Batch(NamedTuple):
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
    names
        Of the chains, for messages; numbered when empty.
    """

    chain: ChainBatch
    bases: Bases
    interval_ms: float
    levels: Tensor
    rho: float
    around: Surroundings | None = None
    pull: Pull | None = None
    names: tuple[str, ...] = ()


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
    energy
        (..., chain) kinetic and elastic, at the end of the interval, uN.mm.
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
    energy: Tensor
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
    batch: Batch, n_intervals: int, start: State | None = None, *, checkpoint_every: int | None = None
) -> tuple[Interval, State]:
    """Motion of all chains over output intervals; differentiable with respect to the chains and the start.

    Parameters
    ----------
    batch
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
    carry = start_carry(batch, start)
    rows: list[Interval] = []
    every = checkpoint_every or n_intervals
    for first in range(0, n_intervals, every):
        numbers = range(first, min(first + every, n_intervals))
        if checkpoint_every is None:
            carry, some = _stretch(batch, numbers, carry)
        else:
            carry, some = checkpoint(
                _stretch, batch, numbers, carry, use_reentrant=False, preserve_rng_state=False
            )  # fmt: skip
        rows.extend(some)
    return Interval(*(torch.stack(values) for values in zip(*rows, strict=True))), carry.state


def start_carry(batch: Batch, start: State | None = None) -> Carry:
    """What the first interval takes: the unloaded shape at rest unless told, and the nominal steps."""
    return Carry(
        rest_state(batch.chain) if start is None else start,
        torch.full_like(batch.levels, 1 << HALVINGS),
    )


def _stretch(batch: Batch, numbers: range, carry: Carry) -> tuple[Carry, list[Interval]]:
    rows = []
    for number in numbers:
        carry, row = advance_interval(batch, number, carry)
        rows.append(row)
    return carry, rows


def advance_interval(batch: Batch, number: int, carry: Carry) -> tuple[Carry, Interval]:
    """One output interval: every chain takes its own steps, those that are done wait for the rest.

    Parameters
    ----------
    batch
        What is integrated.
    number
        Which interval, from 0.
    carry
        From the interval before.

    Raises
    ------
    FloatingPointError
        If a state is no longer finite, or a tip moves faster than the shortest step can follow near a surface.
    """
    chain, (state, ticks) = batch.chain, carry
    device, dtype = chain.lengths.device, chain.lengths.dtype
    began, total = number * batch.interval_ms, torch.ones_like(batch.levels) << (batch.levels + HALVINGS)
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
        times = began + batch.interval_ms * (at.double() / end)
        scheme = Scheme.of(batch.interval_ms * share, batch.rho)
        instants = times + scheme.collocation * scheme.step_ms
        scheme = scheme.cast(dtype)
        base = frames_at(batch.bases.paths, batch.bases.body[rows], instants).cast(dtype)
        some = chain if whole else chain.rows(rows)
        here = state if whole else state.rows(rows)

        def touch(at: Pose, moving: Motion, base: Frames) -> tuple[Contacts | None, Tensor]:
            return find_contacts(batch.around, some, rows, instants, at, moving, base)  # noqa: B023

        pull = None
        if batch.pull is not None:
            pull = batch.pull.force_un[rows] * (instants < batch.pull.until_ms[rows]).to(dtype)[:, None]
        taken = advance(some, base, here, scheme, touch if batch.around else None, pull)
        redo = ~(taken.turned < TURN_RAD) & (now > 1)
        gains = torch.cat([values if values.ndim == 2 else values[:, None] for values in taken.loads], 1)
        gains = gains * share.to(dtype)[:, None]
        after = taken.end
        if redo.any():
            ticks = ticks.index_copy(0, rows, torch.where(redo, now // 2, now))
            kept = (~redo).nonzero()[:, 0]
            rows, now, at, end, gains, after = rows[kept], now[kept], at[kept], end[kept], gains[kept], after.rows(kept)
            taken = taken._replace(
                turned=taken.turned[kept], urgency=None if taken.urgency is None else taken.urgency[kept]
            )
            whole = False
        state = after if whole else state.put(rows, after)
        sums = sums.index_add(0, rows, gains)
        done, steps = done.index_add(0, rows, now), steps.index_add(0, rows, torch.ones_like(now))
        now, too_fast = _next_step(now, at + now, batch.interval_ms / end, taken)
        if too_fast.any():
            raise _lost(batch, rows[too_fast], number, "moves faster near a surface than the shortest step can follow")
        ticks = ticks.index_copy(0, rows, now)
    lost = ~torch.isfinite(state.v).all(2).all(1)
    if lost.any():
        raise _lost(batch, lost.nonzero()[:, 0], number, "is no longer finite")
    force, moment, pushed, weight, point, arc = sums.split([3, 3, 3, 1, 3, 1], 1)
    divisor = torch.where(weight > 0, weight, 1.0)
    ends = torch.full_like(batch.levels, (number + 1) * batch.interval_ms, dtype=torch.float64)
    base = frames_at(batch.bases.paths, batch.bases.body, ends).cast(dtype)
    nodes = base.position[:, None] + pose(chain, base.rotation, state.q).nodes
    row = Interval(
        force, moment, pushed, point / divisor, (arc / divisor)[:, 0], weight[:, 0], nodes,
        energy(chain, base, state), steps,
    )  # fmt: skip
    return Carry(state, ticks), row


def _lost(batch: Batch, chains: Tensor, number: int, what: str) -> FloatingPointError:
    """The error of chains that cannot be followed."""
    first = int(chains[0])
    name = batch.names[first] if batch.names else f"chain {first}"
    return FloatingPointError(
        f"whisker {name} cannot be followed after {number * batch.interval_ms / 1000:.4f} s: it {what}; slow the motion, "
        "or lower the step."
    )


def _next_step(now: Tensor, reached: Tensor, tick_ms: Tensor, taken: Step) -> tuple[Tensor, Tensor]:
    """Next step in ticks, short enough to enter no surface deeper than allowed, grown by doubling; whether none is."""
    wanted = torch.where(taken.turned < 0.4 * TURN_RAD, 1 << HALVINGS, now)
    urgency = torch.zeros_like(tick_ms) if taken.urgency is None else taken.urgency
    while (far := (urgency * wanted * tick_ms > 1) & (wanted > 1)).any():
        wanted = torch.where(far, wanted // 2, wanted)
    grown = torch.where((wanted > now) & (reached % (2 * now) == 0), 2 * now, now)
    return torch.where(wanted < now, wanted, grown), urgency * wanted * tick_ms > 1
