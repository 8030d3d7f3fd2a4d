"""Contact of many chains at one instant: which links press on what, and the solve that lets them press."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from simulators.whisker.solver.kernel import ATTEMPTS, BURIED, TOO_DEEP
from simulators.whisker.solver.touching import GRIP
from simulators.whisker.torch_backend.dynamics import Pose, cross

CLOSING_ATTEMPTS = 4
"""After this many solves of a step contacts may open only, so that the search ends."""


class Contacts(NamedTuple):
    """Points where links are in or near solids, world axes; mm, ms, uN.

    Parameters
    ----------
    chain, link
        (contact,) which link of which chain.
    point
        (contact, 3) relative to the base point of the chain.
    normal
        (contact, 3) out of the solid.
    gap
        (contact,) negative inside.
    press
        (contact,) normal force of spring and damper at the predicted motion; it pushes where positive.
    slide
        (contact, 3) velocity along the surface, relative to the solid.
    drag, friction
        (contact,) friction per sliding speed, to start the search with; coefficient of friction.
    arc
        (contact,) arc length from the base.
    slot
        (contact,) number of this link and solid among all.
    body
        (contact,) number of the object.
    limit
        (contact,) depth from which on the run ends.
    """

    chain: Tensor
    link: Tensor
    point: Tensor
    normal: Tensor
    gap: Tensor
    press: Tensor
    slide: Tensor
    drag: Tensor
    friction: Tensor
    arc: Tensor
    slot: Tensor
    body: Tensor
    limit: Tensor


class Law(NamedTuple):
    """How a contact resists.

    Parameters
    ----------
    stiffness
        Normal force per depth, uN/mm; a tensor without dimensions where it is to have a gradient.
    relaxation
        Damper over spring, ms; likewise.
    slip_speed
        Below this friction is viscous, mm/ms.
    """

    stiffness: Tensor | float
    relaxation: Tensor | float
    slip_speed: float


class Pushes(NamedTuple):
    """Contacts after the solve.

    Parameters
    ----------
    force
        (contact, 3) of the solid on the whisker, zero where the solve held none, uN.
    pressed
        (contact,) its normal part.
    gap
        (contact,) after the motion, mm.
    solves
        (chain,) how often each chain was solved for.
    """

    force: Tensor
    pressed: Tensor
    gap: Tensor
    solves: Tensor


class Deep(NamedTuple):
    """Chains with a contact deeper than can be held.

    Parameters
    ----------
    ending
        (chain,) how that ends the run; 0 where there is none.
    body
        (chain,) the object, -1 where there is none.
    """

    ending: Tensor
    body: Tensor


def none_deep(chains: Tensor) -> Deep:
    """For chains without contact (chain,)."""
    none = torch.zeros_like(chains, dtype=torch.long)
    return Deep(none, none - 1)


def deepest(contacts: Contacts, pushes: Pushes, none: Deep) -> Deep:
    """The first contact of each chain that is too deep, by object and link; the clamped link is buried, not bent."""
    unset = torch.iinfo(torch.long).max
    key = torch.where(pushes.gap < -contacts.limit, (contacts.body << 32) + contacts.link, unset)
    first = torch.full_like(none.body, unset).scatter_reduce(0, contacts.chain, key, "amin")
    held, clamped = first == unset, first & 0xFFFFFFFF == 0
    ending = torch.where(clamped, BURIED, TOO_DEEP)
    return Deep(torch.where(held, 0, ending), torch.where(held, -1, first >> 32))


class _SymmetricSolve(torch.autograd.Function):
    """Solution of A x = b for symmetric positive definite A; the adjoint solves with the same factor."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, right: Tensor) -> Tensor:
        # To raise here would stop the device at every step: a failure becomes NaN, which the time loop refuses.
        factor, info = torch.linalg.cholesky_ex(matrix)
        solution = torch.cholesky_solve(right[..., None], factor)[..., 0].masked_fill((info != 0)[:, None], torch.nan)
        ctx.save_for_backward(factor, solution)
        return solution

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        factor, solution = ctx.saved_tensors
        right = torch.cholesky_solve(gradient[..., None], factor)[..., 0]
        return -right[..., :, None] * solution[..., None, :], right


def solve(matrix: Tensor, right: Tensor) -> Tensor:
    """Solution of A x = b for symmetric positive definite matrices (chain, n, n) and right sides (chain, n)."""
    return _SymmetricSolve.apply(matrix, right)


def solve_with_contacts(
    matrix: Tensor, right: Tensor, contacts: Contacts, law: Law, at: Pose, feed_q: Tensor, feed_v: Tensor
) -> tuple[Tensor, Pushes]:
    """Change of joint accelerations with springs, dampers and friction of the contacts implicit.

    A contact pushes if, after the motion that is solved for, its spring and damper push and it is closed, or was found
    to close without (`touching.revise_contacts`); its drag is that of the normal force and the sliding speed after the
    motion. Chains are solved again until both hold.

    Parameters
    ----------
    matrix, right
        (chain, n, n) and (chain, n) without contacts.
    contacts, law
        At the predicted motion; what they press with.
    at
        Pose of the chains.
    feed_q, feed_v
        (chain,) change of position (ms^2) and velocity (ms) per change of acceleration.
    """
    levers, normal = _levers(at, contacts), contacts.normal
    spring, damper = feed_q[contacts.chain], feed_v[contacts.chain]
    stiff = law.stiffness * (spring + law.relaxation * damper)
    active, drag = (contacts.press > 0) & (contacts.gap < 0), contacts.drag
    held, pressed, gap, used = active, torch.zeros_like(drag), contacts.gap, drag
    # Single precision does not tell apart what lies nearer.
    grip = max(GRIP, 100 * torch.finfo(drag.dtype).eps)
    last, told = torch.full_like(drag, -1.0), torch.zeros_like(drag)
    unit = torch.eye(3, dtype=normal.dtype, device=normal.device)

    def solved(rows: Tensor, mine: Tensor) -> Tensor:
        """Solution of some chains with their contacts."""
        place = torch.zeros(len(right), dtype=torch.long, device=right.device)
        place = place.index_copy(0, rows, torch.arange(len(rows), device=right.device))
        chosen = (mine & active).nonzero()[:, 0]
        n, lever, tangent = normal[chosen], levers[chosen], (drag * damper)[chosen, None, None]
        force = contacts.press[chosen, None] * n - drag[chosen, None] * contacts.slide[chosen]
        yielding = (stiff[chosen, None, None] - tangent) * (n[:, :, None] * n[:, None]) + tangent * unit
        index = place[contacts.chain[chosen]]
        return solve(
            matrix[rows].index_add_(0, index, lever @ yielding @ lever.mT),
            right[rows].index_add_(0, index, (lever @ force[..., None])[..., 0]),
        )

    mine, solves = torch.ones_like(active), torch.ones(len(right), dtype=torch.long, device=right.device)
    change = solved(torch.arange(len(right), device=right.device), mine)
    for attempt in range(ATTEMPTS):
        gain = (change[contacts.chain][:, None] @ levers)[:, 0]
        along = (gain * normal).sum(-1)
        push, reached = contacts.press - stiff * along, contacts.gap + spring * along
        held = torch.where(mine, active, held)
        pushes = push > 0
        if attempt == 0:
            pushes = pushes & (reached < 0)
        elif attempt < CLOSING_ATTEMPTS:
            pushes = pushes & (active | (reached < 0))
        else:
            pushes = pushes & active
        toggled, both = mine & (pushes != active), mine & pushes & active & (contacts.friction > 0)
        active = torch.where(mine, pushes, active)
        pressed, gap = torch.where(mine, push * active, pressed), torch.where(mine, reached, gap)
        speed = sliding_speed(contacts.slide + damper[:, None] * (gain - along[:, None] * normal), law.slip_speed)
        wanted = contacts.friction * pressed / speed
        slid = both & ((wanted - drag).abs() * speed > grip * contacts.friction * pressed)
        # The drag that would stay as it is, from the last two (secant), unless they say little about it.
        told_apart = both & (last >= 0) & (last != drag)
        slope = (wanted - told) / torch.where(told_apart, drag - last, 1.0)
        told_apart = told_apart & (slope > -20) & (slope < 0.8)
        steady = (drag + (wanted - drag) / torch.where(told_apart, 1 - slope, 1.0)).clamp_min(0)
        used, told = torch.where(mine, drag, used), torch.where(both, wanted, told)
        last = torch.where(both, drag, torch.where(mine, -1.0, last))
        drag = torch.where(told_apart, steady, torch.where(both, wanted, drag))
        if attempt == ATTEMPTS - 1:
            break
        again = torch.zeros(len(right), dtype=right.dtype, device=right.device)
        again = again.index_add(0, contacts.chain, (toggled | slid).to(right.dtype)) > 0
        solves, rows = solves + again, again.nonzero()[:, 0]
        if len(rows) == 0:
            break
        mine = again[contacts.chain]
        change = change.index_copy(0, rows, solved(rows, mine))
    sliding = contacts.slide + damper[:, None] * (gain - along[:, None] * normal)
    # Of the contacts that the last solve held, whatever came of them since.
    force = torch.where(held[:, None], push[:, None] * normal - used[:, None] * sliding, 0.0)
    return change, Pushes(force, pressed, gap, solves)


def sliding_speed(velocity: Tensor, slip_speed: float) -> Tensor:
    """Length of velocities (..., 3), at least ``slip_speed``."""
    square = (velocity * velocity).sum(-1)
    slow = square <= slip_speed**2
    return torch.where(slow, slip_speed, torch.where(slow, 1.0, square).sqrt())


def _levers(at: Pose, contacts: Contacts) -> Tensor:
    """Velocity of each contact point per joint rate (contact, joint, 3)."""
    axes, start = at.axes[contacts.chain], at.nodes[contacts.chain, :-1]
    before = torch.arange(axes.shape[1], device=axes.device) <= contacts.link[:, None]
    arms = (contacts.point[:, None] - start) * before[..., None]
    return cross(axes, arms[:, :, None])[:, 1:].flatten(1, 2)
