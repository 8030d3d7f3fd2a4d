"""Contact of many chains at one instant: which links press on what, and the solve that lets them press."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from simulators.whisker.solver.friction import GRIP
from simulators.whisker.solver.kernel import ATTEMPTS, BURIED, TOO_DEEP
from simulators.whisker.torch_backend.dynamics import Pose, cross
from simulators.whisker.torch_backend.friction import Trials, mixed_drags, sliding_speed

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
    followed
        (contact,) drag that followed from the last solve that held it, negative where there is none.
    solves, unsettled
        (chain,) how often each chain was solved for, and whether that was not enough.
    """

    force: Tensor
    pressed: Tensor
    gap: Tensor
    followed: Tensor
    solves: Tensor
    unsettled: Tensor


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
    to close without (`solver.friction.revise_contacts`); its drag is that of the normal force and the sliding speed after the
    motion. Chains are solved again until both hold. Derivatives are those of the motion that results.

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
    damper = feed_v[contacts.chain]
    stiff = law.stiffness * (feed_q[contacts.chain] + law.relaxation * damper)
    touch = _Touch(contacts, levers, stiff, damper, law.slip_speed)
    with torch.no_grad():
        change, found = _search(matrix, right, touch, feed_q)
    tracked = torch.is_grad_enabled() and any(
        values.requires_grad for values in (matrix, right, levers, stiff, contacts.press, contacts.slide, normal)
    )
    if tracked:
        change = change + _response(matrix, right, touch, change, found.held)
    push, sliding = touch.after(change)
    told = contacts.friction * push / sliding_speed(sliding, law.slip_speed)
    drag = found.drag + told - told.detach()
    # Of the contacts that the last solve held, whatever came of them since.
    force = torch.where(found.held[:, None], push[:, None] * normal - drag[:, None] * sliding, 0.0)
    return change, Pushes(force, found.pressed, found.gap, found.followed, found.solves, found.unsettled)


class _Touch(NamedTuple):
    """Contacts as the solve sees them: velocity per joint rate, gain of the normal force, and of velocities."""

    contacts: Contacts
    levers: Tensor
    stiff: Tensor
    damper: Tensor
    slip_speed: float

    def gain(self, change: Tensor) -> Tensor:
        """Acceleration of the contact points (contact, 3)."""
        return (change[self.contacts.chain][:, None] @ self.levers)[:, 0]

    def after(self, change: Tensor) -> tuple[Tensor, Tensor]:
        """Normal force (contact,) and sliding velocity (contact, 3) after the motion."""
        gain, normal = self.gain(change), self.contacts.normal
        along = (gain * normal).sum(-1)
        sliding = self.contacts.slide + self.damper[:, None] * (gain - along[:, None] * normal)
        return self.contacts.press - self.stiff * along, sliding


class _Found(NamedTuple):
    """What the search settled on: which contacts the last solve held and with which drag, and what followed."""

    held: Tensor
    drag: Tensor
    pressed: Tensor
    gap: Tensor
    followed: Tensor
    solves: Tensor
    unsettled: Tensor


def _search(matrix: Tensor, right: Tensor, touch: _Touch, feed_q: Tensor) -> tuple[Tensor, _Found]:
    """Solve until the contacts that push and their drags are those of the motion."""
    contacts, levers, stiff, damper = touch.contacts, touch.levers, touch.stiff, touch.damper
    normal, chain, spring = contacts.normal, contacts.chain, feed_q[contacts.chain]
    active, drag = (contacts.press > 0) & (contacts.gap < 0), contacts.drag
    held, pressed, gap, used = active, torch.zeros_like(drag), contacts.gap, drag
    followed, trials = torch.full_like(drag, -1.0), Trials.none(drag)
    # Single precision does not tell apart what lies nearer.
    grip = max(GRIP, 100 * torch.finfo(drag.dtype).eps)
    unit = torch.eye(3, dtype=normal.dtype, device=normal.device)

    def solved(rows: Tensor, mine: Tensor) -> Tensor:
        """Solution of some chains with their contacts."""
        place = torch.zeros(len(right), dtype=torch.long, device=right.device)
        place = place.index_copy(0, rows, torch.arange(len(rows), device=right.device))
        chosen = (mine & active).nonzero()[:, 0]
        n, lever, tangent = normal[chosen], levers[chosen], (drag * damper)[chosen, None, None]
        force = contacts.press[chosen, None] * n - drag[chosen, None] * contacts.slide[chosen]
        yielding = (stiff[chosen, None, None] - tangent) * (n[:, :, None] * n[:, None]) + tangent * unit
        index = place[chain[chosen]]
        return solve(
            matrix[rows].index_add_(0, index, lever @ yielding @ lever.mT),
            right[rows].index_add_(0, index, (lever @ force[..., None])[..., 0]),
        )

    mine, solves = torch.ones_like(active), torch.ones(len(right), dtype=torch.long, device=right.device)
    change = solved(torch.arange(len(right), device=right.device), mine)
    for attempt in range(ATTEMPTS):
        push, sliding = touch.after(change)
        reached = contacts.gap + spring * (touch.gain(change) * normal).sum(-1)
        held, used = torch.where(mine, active, held), torch.where(mine, drag, used)
        pushes = push > 0
        if attempt == 0:
            pushes = pushes & (reached < 0)
        elif attempt < CLOSING_ATTEMPTS:
            pushes = pushes & (active | (reached < 0))
        else:
            pushes = pushes & active
        toggled, slides = mine & (pushes != active), mine & pushes & active & (contacts.friction > 0)
        active = torch.where(mine, pushes, active)
        pressed, gap = torch.where(mine, push * active, pressed), torch.where(mine, reached, gap)
        speed = sliding_speed(sliding, touch.slip_speed)
        told = contacts.friction * pressed / speed
        followed = torch.where(slides, told, followed)
        slid = slides & ((told - drag).abs() * speed > grip * contacts.friction * pressed)
        fresh, again = (
            torch.zeros(len(right), dtype=right.dtype, device=right.device).index_add(0, chain, one.to(right.dtype)) > 0
            for one in (toggled, toggled | slid)
        )
        rows = again.nonzero()[:, 0]
        if attempt == ATTEMPTS - 1 or len(rows) == 0:
            break
        solves = solves + again
        following, tried = mixed_drags(drag, told, trials, slides, fresh[chain], chain, len(right))
        mine = again[chain]
        drag = torch.where(mine, following, drag)
        trials = Trials(*(torch.where(mine, new, old) for new, old in zip(tried, trials, strict=True)))
        change = change.index_copy(0, rows, solved(rows, mine))
    return change, _Found(held, used, pressed, gap, followed, solves, again)


def _response(matrix: Tensor, right: Tensor, touch: _Touch, change: Tensor, held: Tensor) -> Tensor:
    """Zero, with the derivatives of the motion that the search found: those that keep its equations fulfilled.

    The search itself may end at its first guess, and so has none.
    """
    contacts, normal = touch.contacts, touch.contacts.normal
    push, sliding = touch.after(change)
    speed = sliding_speed(sliding, touch.slip_speed)
    drag = contacts.friction * push / speed
    force = torch.where(held[:, None], push[:, None] * normal - drag[:, None] * sliding, 0.0)
    missing = (matrix @ change[..., None])[..., 0] - right
    missing = missing.index_add(0, contacts.chain, -(touch.levers @ force[..., None])[..., 0])
    with torch.no_grad():
        outer = normal[:, :, None] * normal[:, None]
        tangent = (drag * touch.damper)[:, None, None]
        yielding = (touch.stiff[:, None, None] - tangent) * outer
        yielding = yielding + tangent * torch.eye(3, dtype=normal.dtype, device=normal.device)
        # The drag itself follows the normal force and, where it slides, the speed.
        slower = torch.where(speed > touch.slip_speed, drag * touch.damper / speed.square(), 0.0)
        turn = (contacts.friction * touch.stiff / speed)[:, None] * normal + slower[:, None] * sliding
        yielding = torch.where(held[:, None, None], yielding - sliding[:, :, None] * turn[:, None], 0.0)
        jacobian = matrix.index_add(0, contacts.chain, touch.levers @ yielding @ touch.levers.mT)
    follows = torch.linalg.solve(jacobian, missing)
    return follows.detach() - follows


def _levers(at: Pose, contacts: Contacts) -> Tensor:
    """Velocity of each contact point per joint rate (contact, joint, 3)."""
    axes, start = at.axes[contacts.chain], at.nodes[contacts.chain, :-1]
    before = torch.arange(axes.shape[1], device=axes.device) <= contacts.link[:, None]
    arms = (contacts.point[:, None] - start) * before[..., None]
    return cross(axes, arms[:, :, None])[:, 1:].flatten(1, 2)
