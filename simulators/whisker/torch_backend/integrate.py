"""The time loop of a batch of chains, each with its own step, and averages over output intervals."""

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from simulators.whisker.solver.kernel import HALVINGS, REST_RAD, RHO_TOUCHING, TURN_RAD
from simulators.whisker.solver.plan import ADVICE, ENDINGS
from simulators.whisker.torch_backend.chain import ChainBatch
from simulators.whisker.torch_backend.dynamics import pose
from simulators.whisker.torch_backend.pairs import Surroundings
from simulators.whisker.torch_backend.paths import Paths, frames_at
from simulators.whisker.torch_backend.step import Scheme, State, advance, energy, rest_angles, rest_state
from simulators.whisker.torch_backend.surroundings import Memory, look_around, may_touch, start_memory


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

    @property
    def still(self) -> Tensor:
        """(chain,) whether the base is at rest."""
        return self.paths.at_rest[self.body]


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
    steps, shortest_ms
        (..., chain) steps taken, and the shortest of them; infinite where none was.
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
    shortest_ms: Tensor


class Carry(NamedTuple):
    """What one output interval hands to the next.

    Parameters
    ----------
    state
        Of all chains.
    ticks
        (chain,) present step, in ticks of the shortest one.
    lagged
        (chain, 9) forces and moments on the base and forces of contact, as they lag behind (`Scheme.lag`).
    begun
        (chain,) whether it has taken a step.
    asleep
        (chain,) whether it rests, so that nothing changes until a solid comes near.
    memory
        What was last seen of the solids; none where nothing can be touched.
    """

    state: State
    ticks: Tensor
    lagged: Tensor
    begun: Tensor
    asleep: Tensor
    memory: Memory | None


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
    chain = batch.chain
    return Carry(
        rest_state(chain) if start is None else start,
        torch.full_like(batch.levels, 1 << HALVINGS),
        chain.lengths.new_zeros(len(chain.lengths), 9),
        torch.zeros_like(batch.levels, dtype=torch.bool),
        torch.zeros_like(batch.levels, dtype=torch.bool),
        start_memory(batch.around, chain.links) if batch.around else None,
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
    chain, (state, ticks, lagged, begun, asleep, memory) = batch.chain, carry
    device, dtype = chain.lengths.device, chain.lengths.dtype
    began, total = number * batch.interval_ms, torch.ones_like(batch.levels) << (batch.levels + HALVINGS)
    done, steps = torch.zeros_like(total), torch.zeros_like(total)
    shortest = torch.full_like(total, torch.inf, dtype=torch.float64)
    sums = torch.zeros(len(total), 14, dtype=dtype, device=device)
    while True:
        if asleep.any():
            if batch.around is not None and memory is not None:
                asleep = asleep & ~may_touch(batch.around, memory, len(total), began + batch.interval_ms)
            done = torch.where(asleep, total, done)
        rows = (done < total).nonzero()[:, 0]
        if len(rows) == 0:
            break
        whole = len(rows) == len(total)
        now, at, end = (values if whole else values[rows] for values in (ticks, done, total))
        while (odd := (at % now != 0) | (at + now > end)).any():
            now = torch.where(odd, now // 2, now)
        share = now.double() / end
        times = began + batch.interval_ms * (at.double() / end)
        some, here = (chain, state) if whole else (chain.rows(rows), state.rows(rows))
        rho = torch.where(here.touching, RHO_TOUCHING, batch.rho).double()
        scheme = Scheme.of(batch.interval_ms * share, rho)
        instants = times + scheme.ahead_ms
        scheme = scheme.cast(dtype)
        base = frames_at(batch.bases.paths, batch.bases.body[rows], instants).cast(dtype)

        look = None
        if batch.around is not None and memory is not None:
            look = partial(look_around, batch.around, memory, some, rows, instants)

        pull, loaded = None, torch.zeros_like(here.touching)
        if batch.pull is not None:
            pull = batch.pull.force_un[rows] * (instants < batch.pull.until_ms[rows]).to(dtype)[:, None]
            loaded = times < batch.pull.until_ms[rows]
        taken = advance(some, base, here, scheme, look, pull)
        memory = taken.memory
        redo = ~(taken.turned < TURN_RAD) & (now > 1)
        quiet = _quiet(some, taken.end, scheme) & batch.bases.still[rows] & ~loaded & ~redo
        after = here.where(redo, rest_state(some).where(quiet, taken.end))
        loads = torch.cat([values if values.ndim == 2 else values[:, None] for values in taken.loads], 1)
        last = lagged[rows]
        first = torch.nn.functional.pad(loads[:, :6], (0, 3))
        following, mean = scheme.lag(torch.where(begun[rows, None], last, first), loads[:, :9])
        mean = torch.cat([mean, loads[:, 9:]], 1)
        gains = torch.where(redo[:, None], 0.0, mean * share.to(dtype)[:, None])
        following = torch.where(redo[:, None], last, torch.where(quiet[:, None], 0.0, following))
        lagged, begun = lagged.index_copy(0, rows, following), begun.index_copy(0, rows, begun[rows] | ~redo)
        state = after if whole else state.put(rows, after)
        sums = sums.index_add(0, rows, gains)
        done = done.index_add(0, rows, torch.where(redo, 0, now))
        steps = steps.index_add(0, rows, (~redo).long())
        taken_ms = torch.where(redo, torch.inf, batch.interval_ms * share)
        shortest = shortest.index_copy(0, rows, torch.minimum(shortest[rows], taken_ms))
        asleep = asleep.index_copy(0, rows, quiet)
        now, too_fast = _next_step(now, at, batch.interval_ms / end, taken.turned, taken.urgency)
        for ending, lost in ((3, taken.too_deep & ~redo), (2, too_fast & ~redo)):
            if lost.any():
                raise _lost(batch, rows[lost], times[lost], ending)
        ticks = ticks.index_copy(0, rows, now)
    lost = ~torch.isfinite(state.v).all(2).all(1)
    if lost.any():
        raise _lost(batch, lost.nonzero()[:, 0], torch.full_like(shortest, began)[lost], 1)
    force, moment, pushed, weight, point, arc = sums.split([3, 3, 3, 1, 3, 1], 1)
    divisor = torch.where(weight > 0, weight, 1.0)
    ends = torch.full_like(batch.levels, (number + 1) * batch.interval_ms, dtype=torch.float64)
    base = frames_at(batch.bases.paths, batch.bases.body, ends).cast(dtype)
    nodes = base.position[:, None] + pose(chain, base.rotation, state.q).nodes
    row = Interval(
        force, moment, pushed, point / divisor, (arc / divisor)[:, 0], weight[:, 0], nodes,
        energy(chain, base, state), steps, shortest,
    )  # fmt: skip
    return Carry(state, ticks, lagged, begun, asleep, memory), row


def _lost(batch: Batch, chains: Tensor, times_ms: Tensor, ending: int) -> FloatingPointError:
    """The error of chains that cannot be followed, with the words of the compiled loop."""
    first = int(chains[0])
    name = batch.names[first] if batch.names else f"chain {first}"
    return FloatingPointError(
        f"whisker {name} cannot be followed at {float(times_ms[0]) / 1000:.4f} s: {ENDINGS[ending]}; {ADVICE[ending]}."
    )


def _quiet(chain: ChainBatch, end: State, scheme: Scheme) -> Tensor:
    """Whether each chain is at rest in its unloaded shape and touches nothing."""
    with torch.no_grad():
        off = (end.q - rest_angles(chain)).abs().sum(-1).amax(1)
        rate = end.v.abs().sum(-1).amax(1)
        gain = scheme.step_ms * end.a.abs().sum(-1).amax(1)
        return (off <= REST_RAD) & (rate <= REST_RAD) & (gain <= REST_RAD) & ~end.touching


def _next_step(now: Tensor, at: Tensor, tick_ms: Tensor, turned: Tensor, urgency: Tensor) -> tuple[Tensor, Tensor]:
    """Next step in ticks, and whether none is short enough.

    It enters no surface deeper than allowed and turns no joint too far; it grows by doubling where its place in the
    interval allows.
    """
    wanted = torch.where(turned < 0.4 * TURN_RAD, 1 << HALVINGS, now)
    while (far := (urgency * wanted * tick_ms > 1) & (wanted > 1)).any():
        wanted = torch.where(far, wanted // 2, wanted)
    grown = torch.where((wanted > now) & ((at + now) % (2 * now) == 0), 2 * now, now)
    redo = ~(turned < TURN_RAD) & (now > 1)
    following = torch.where(redo, now // 2, torch.where(wanted < now, wanted, grown))
    return following, urgency * wanted * tick_ms > 1
