"""The time loop of a batch of chains, each with its own step, and averages over output intervals.

Chains do not wait for one another at the end of every output interval, only at the end of a stretch of many: the steps
taken one after another are then those of the busiest chain, not the sum of what was the most in each interval.
"""

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from simulators.whisker.solver.kernel import (
    DONE,
    HALVINGS,
    LOST,
    NOT_FINITE,
    REST_RAD,
    RHO_TOUCHING,
    TOO_FAST,
    TURN_RAD,
)
from simulators.whisker.solver.plan import ending_sentence
from simulators.whisker.torch_backend.chain import ChainBatch
from simulators.whisker.torch_backend.dynamics import pose
from simulators.whisker.torch_backend.pairs import Surroundings
from simulators.whisker.torch_backend.paths import Paths, frames_at
from simulators.whisker.torch_backend.step import Scheme, State, advance, energy, rest_angles, rest_state
from simulators.whisker.torch_backend.surroundings import Memory, free_until_ms, look_again, look_around, start_memory

STRETCH = 32
"""Output intervals after which chains wait for one another."""


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

    @property
    def any_still(self) -> bool:
        """Whether any body is at rest."""
        return self.paths.any_at_rest


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
    object_names
        Of the paths of the objects, for messages.
    """

    chain: ChainBatch
    bases: Bases
    interval_ms: float
    levels: Tensor
    rho: float
    around: Surroundings | None = None
    pull: Pull | None = None
    names: tuple[str, ...] = ()
    object_names: tuple[str, ...] = ()


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
    """

    force: Tensor
    moment: Tensor
    contact_force: Tensor
    contact_point: Tensor
    contact_arc: Tensor
    contact_weight: Tensor
    nodes: Tensor
    energy: Tensor


class Carry(NamedTuple):
    """What one stretch of output intervals hands to the next.

    Parameters
    ----------
    state
        Of all chains.
    ticks
        (chain,) present step, in ticks of the shortest one.
    lagged
        (chain, 9) forces and moments on the base and forces of contact, as they lag behind (`Scheme.lag`).
    asleep
        (chain,) whether it rests, so that nothing changes until a solid comes near.
    memory
        What was last seen of the solids; none where nothing can be touched.
    steps, solves, unsettled, shortest_ms
        (chain,) steps taken so far, linear solves, steps whose search for contacts did not settle, and the shortest
        step; infinite before the first.
    """

    state: State
    ticks: Tensor
    lagged: Tensor
    asleep: Tensor
    memory: Memory | None
    steps: Tensor
    solves: Tensor
    unsettled: Tensor
    shortest_ms: Tensor


class _Clock(NamedTuple):
    """Where each chain stands in a stretch.

    Parameters
    ----------
    interval
        (chain,) the output interval it is in, from the start of the stretch.
    done, total
        (chain,) ticks of that interval behind it, and all ticks of an interval.
    ending, at_ms, by
        (chain,) how its run ended, 0 while it goes on; when; the object that ended it, -1 for none.
    """

    interval: Tensor
    done: Tensor
    total: Tensor
    ending: Tensor
    at_ms: Tensor
    by: Tensor


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
        If a whisker cannot be followed.
    """
    carry = start_carry(batch, start)
    rows: list[Interval] = []
    every = checkpoint_every or STRETCH
    for first in range(0, n_intervals, every):
        count = min(every, n_intervals - first)
        if checkpoint_every is None or not torch.is_grad_enabled():
            carry, some = advance_stretch(batch, first, count, carry)
        else:
            carry, some = checkpoint(
                advance_stretch, batch, first, count, carry, use_reentrant=False, preserve_rng_state=False
            )  # fmt: skip
        rows.append(some)
    return Interval(*(torch.cat(values) for values in zip(*rows, strict=True))), carry.state


def start_carry(batch: Batch, start: State | None = None) -> Carry:
    """What the first stretch takes: the unloaded shape at rest unless told, and the nominal steps."""
    chain, none = batch.chain, torch.zeros_like(batch.levels)
    state = rest_state(chain)
    if start is not None:
        # Link 0 has no joint; what turns it is the shape of its whisker.
        q, v, a, drift, surge = (
            torch.cat([rest[:, :1], given[:, 1:]], 1) for rest, given in zip(state[:5], start[:5], strict=True)
        )
        state = State(q, v, a, drift, surge, start.touching)
    return Carry(
        state,
        torch.full_like(batch.levels, 1 << HALVINGS),
        chain.lengths.new_zeros(len(chain.lengths), 9),
        none > 0,
        start_memory(batch.around, chain.links) if batch.around else None,
        none,
        none,
        none,
        torch.full_like(none, torch.inf, dtype=torch.float64),
    )


def advance_stretch(batch: Batch, first: int, count: int, carry: Carry) -> tuple[Carry, Interval]:
    """Some output intervals: every chain takes its own steps, those that are done wait for the rest.

    Parameters
    ----------
    batch
        What is integrated.
    first, count
        First interval, from 0, and how many.
    carry
        From the intervals before.

    Raises
    ------
    FloatingPointError
        If a state is no longer finite, a tip moves faster than the shortest step can follow near a surface, or a whisker
        is pressed into an object deeper than contact can hold.
    """
    chain, n, none = batch.chain, len(batch.levels), torch.zeros_like(batch.levels)
    clock = _Clock(none, none, 1 << (batch.levels + HALVINGS), none, none.double(), none - 1)
    rest = rest_state(chain)
    sums = chain.lengths.new_zeros(count * n, 14)
    ends_q, ends_v = (values.expand(count, *values.shape).flatten(0, 1).clone() for values in (rest.q, rest.v))
    while True:
        if batch.bases.any_still:
            carry, clock = _skip(batch, first, count, carry, clock)
        rows = (clock.interval < count).nonzero()[:, 0]
        if len(rows) == 0:
            break
        slots = clock.interval[rows] * n + rows
        carry, clock, gains = _step(batch, rest, first, count, rows, carry, clock)
        sums.index_add_(0, slots, gains)
        # The last that is written is that of the end.
        ends_q.index_copy_(0, slots, carry.state.q[rows])
        ends_v.index_copy_(0, slots, carry.state.v[rows])
    _refuse(batch, clock)
    shapes = zip(sums.split(n), ends_q.split(n), ends_v.split(n), strict=True)
    intervals = [_interval(batch, first + k, *shape) for k, shape in enumerate(shapes)]
    return carry, Interval(*(torch.stack(values) for values in zip(*intervals, strict=True)))


def _skip(batch: Batch, first: int, count: int, carry: Carry, clock: _Clock) -> tuple[Carry, _Clock]:
    """Let chains at rest pass over the intervals in which nothing can come near; the others wake."""
    free, memory = torch.full_like(clock.at_ms, torch.inf), carry.memory
    if batch.around is not None and memory is not None:
        free = free_until_ms(batch.around, memory, len(free))
    reached = ((free / batch.interval_ms).floor() - first).clamp(0, count).long()
    skips = carry.asleep & (reached > clock.interval)
    interval = torch.where(skips, reached, clock.interval)
    done = torch.where(skips, 0, clock.done)
    asleep = carry.asleep & (interval >= count)
    if batch.around is not None and memory is not None:
        until = batch.interval_ms * (first + interval + 1)
        memory = look_again(batch.around, memory, carry.asleep & ~asleep, until)
    return carry._replace(asleep=asleep, memory=memory), clock._replace(interval=interval, done=done)


def _step(
    batch: Batch, rest: State, first: int, count: int, rows: Tensor, carry: Carry, clock: _Clock
) -> tuple[Carry, _Clock, Tensor]:
    """One step of some chains, or a shorter one next time; with what it adds to the means of their intervals."""
    state, dtype = carry.state, batch.chain.lengths.dtype
    whole = len(rows) == len(clock.done)
    at, end, ticks = clock.done[rows], clock.total[rows], carry.ticks[rows]
    # A step begins at a multiple of itself: the lowest bit of the ticks behind it bounds it.
    now = torch.where(at > 0, torch.minimum(ticks, at & -at), ticks)
    share, tick_ms = now.double() / end, batch.interval_ms / end
    times = batch.interval_ms * (first + clock.interval[rows]) + batch.interval_ms * (at.double() / end)
    some, here = (batch.chain, state) if whole else (batch.chain.rows(rows), state.rows(rows))
    rho = torch.full_like(times, batch.rho).masked_fill(here.touching, RHO_TOUCHING)
    scheme = Scheme.of(batch.interval_ms * share, rho)
    instants = times + scheme.ahead_ms
    behind = batch.interval_ms * share - scheme.ahead_ms
    scheme = scheme.cast(dtype)
    base = frames_at(batch.bases.paths, batch.bases.body[rows], instants).cast(dtype)
    look = None
    if batch.around is not None and carry.memory is not None:
        look = partial(look_around, batch.around, carry.memory, some, rows, instants)
    pull, loaded = None, torch.zeros_like(here.touching)
    if batch.pull is not None:
        pull = batch.pull.force_un[rows] * (instants < batch.pull.until_ms[rows]).to(dtype)[:, None]
        loaded = times < batch.pull.until_ms[rows]
    taken = advance(some, base, here, scheme, look, pull)

    turned_far = ~(taken.turned < TURN_RAD)
    redo = turned_far & (now > 1)
    off = (taken.end.q - rest_angles(some)).detach().abs().sum(-1)
    rate = taken.end.v.detach().abs().sum(-1)
    quiet = batch.bases.still[rows] & ~loaded & ~redo & _quiet(off, rate, taken.end, scheme)
    after = here.where(redo, rest.rows(rows).where(quiet, taken.end))
    last = carry.lagged[rows]
    before = torch.where(carry.steps[rows, None] > 0, last, torch.nn.functional.pad(taken.loads[:, :6], (0, 3)))
    following, mean = scheme.lag(before, taken.loads[:, :9])
    mean = torch.cat([mean, taken.loads[:, 9:]], 1)
    gains = torch.where(redo[:, None], 0.0, mean * share.to(dtype)[:, None])
    following = torch.where(redo[:, None], last, torch.where(quiet[:, None], 0.0, following))

    wanted = torch.where(taken.turned < 0.4 * TURN_RAD, 1 << HALVINGS, now)
    wanted = torch.minimum(wanted, _allowed(taken.urgency, tick_ms, behind))
    too_fast = (taken.urgency * tick_ms > 1) | (taken.hazard * (tick_ms + behind) > 1)
    too_fast = too_fast & (wanted == 1)
    grown = torch.where((wanted > now) & ((at + now) % (2 * now) == 0), 2 * now, torch.minimum(wanted, now))
    moved = torch.where(redo, 0, now)
    over = at + moved >= end
    ending = torch.where(too_fast, TOO_FAST, DONE)
    ending = torch.where(taken.deep.ending > 0, taken.deep.ending, ending)
    ending = torch.where((off + rate).sum(1) < LOST, ending, NOT_FINITE)
    ending = torch.where(redo, DONE, ending)
    interval = torch.where(ending > DONE, count, clock.interval[rows] + over)
    clock = clock._replace(
        interval=clock.interval.index_copy(0, rows, interval),
        done=clock.done.index_copy(0, rows, torch.where(over, 0, at + moved)),
        ending=clock.ending.index_copy(0, rows, ending),
        at_ms=clock.at_ms.index_copy(0, rows, times),
        by=clock.by.index_copy(0, rows, taken.deep.body),
    )
    carry = Carry(
        state=after if whole else state.put(rows, after),
        ticks=carry.ticks.index_copy(0, rows, torch.where(redo, now // 2, grown)),
        lagged=carry.lagged.index_copy(0, rows, following),
        asleep=carry.asleep.index_copy(0, rows, quiet),
        memory=taken.memory,
        steps=carry.steps.index_add(0, rows, (~redo).long()),
        solves=carry.solves.index_add(0, rows, taken.solves),
        unsettled=carry.unsettled.index_add(0, rows, (taken.unsettled & ~redo).long()),
        shortest_ms=carry.shortest_ms.index_copy(
            0, rows, torch.where(redo, torch.inf, batch.interval_ms * share).minimum(carry.shortest_ms[rows])
        ),
    )
    return carry, clock, gains


def _quiet(off: Tensor, rate: Tensor, end: State, scheme: Scheme) -> Tensor:
    """Whether each chain is at rest in its unloaded shape and touches nothing; angles and rates (chain, link) from rest."""
    gain = scheme.step_ms[:, None] * end.a.detach().abs().sum(-1)
    return (torch.maximum(torch.maximum(off, rate), gain).amax(1) <= REST_RAD) & ~end.touching


def _allowed(urgency: Tensor, tick_ms: Tensor, behind_ms: Tensor) -> Tensor:
    """Longest step that enters no surface deeper than allowed, in ticks; at least one.

    ``behind_ms`` is the time from where the gaps were taken to the end of the present step.
    """
    left = 1 - urgency * behind_ms
    need = urgency * tick_ms / torch.where(left > 0, left, 1.0)
    _, exponent = torch.frexp(need)
    halvings = torch.where(left > 0, torch.where(need > 0, (-exponent).clamp(0, HALVINGS), HALVINGS), 0)
    halvings = torch.where(urgency.isnan(), HALVINGS, halvings)
    return torch.ones_like(halvings, dtype=torch.long) << halvings


def _refuse(batch: Batch, clock: _Clock) -> None:
    """Raise for the first chain that cannot be followed, with the words of the compiled loop."""
    lost = (clock.ending > DONE).nonzero()[:, 0]
    if len(lost) == 0:
        return
    first = int(lost[0])
    name = batch.names[first] if batch.names else f"chain {first}"
    body = int(clock.by[first])
    touched = batch.object_names[body] if 0 <= body < len(batch.object_names) else f"object {body}"
    raise FloatingPointError(ending_sentence(name, float(clock.at_ms[first]), int(clock.ending[first]), touched))


def _interval(batch: Batch, number: int, sums: Tensor, q: Tensor, v: Tensor) -> Interval:
    """Means and shapes of one interval from sums over its steps and the joints (chain, link, 2) at its end."""
    force, moment, pushed, weight, point, arc = sums.split([3, 3, 3, 1, 3, 1], 1)
    divisor = torch.where(weight > 0, weight, 1.0)
    ends = torch.full_like(batch.levels, (number + 1) * batch.interval_ms, dtype=torch.float64)
    base = frames_at(batch.bases.paths, batch.bases.body, ends).cast(q.dtype)
    at = pose(batch.chain, base.rotation, q)
    return Interval(
        force, moment, pushed, point / divisor, (arc / divisor)[:, 0], weight[:, 0],
        base.position[:, None] + at.nodes, energy(batch.chain, base, at, q, v),
    )  # fmt: skip
