"""Contact of many chains at one instant: which links press on what, and the solve that lets them press."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from simulators.whisker.torch_backend.dynamics import Pose, cross

MAX_REVISIONS = 8
CLOSING_REVISIONS = 4
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
    drag
        (contact,) friction per sliding speed.
    arc
        (contact,) arc length from the base.
    """

    chain: Tensor
    link: Tensor
    point: Tensor
    normal: Tensor
    gap: Tensor
    press: Tensor
    slide: Tensor
    drag: Tensor
    arc: Tensor


class Law(NamedTuple):
    """How a contact resists.

    Parameters
    ----------
    stiffness
        Normal force per depth, uN/mm.
    relaxation
        Damper over spring, ms.
    slip_speed
        Below this friction is viscous, mm/ms.
    """

    stiffness: float
    relaxation: float
    slip_speed: float


class Pushes(NamedTuple):
    """Forces of the contacts after the solve.

    Parameters
    ----------
    chain
        (push,) which chain.
    point
        (push, 3) relative to the base point, mm.
    force
        (push, 3) of the solid on the whisker, uN.
    arc
        (push,) arc length from the base, mm.
    """

    chain: Tensor
    point: Tensor
    force: Tensor
    arc: Tensor


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

    A contact pushes if, after the motion that is solved for, it is closed and its spring and damper push; the set is
    revised until that holds.

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
    levers = _levers(at, contacts)
    spring, damper = feed_q[contacts.chain], feed_v[contacts.chain]
    stiff = law.stiffness * (spring + law.relaxation * damper)
    tangent = contacts.drag * damper
    force = contacts.press[:, None] * contacts.normal - contacts.drag[:, None] * contacts.slide
    dyads = contacts.normal[:, :, None] * contacts.normal[:, None]
    round_part = torch.eye(3, dtype=right.dtype, device=right.device) * tangent[:, None, None]
    yielding = (stiff - tangent)[:, None, None] * dyads + round_part
    push = (levers @ force[..., None])[..., 0]
    block = levers @ yielding @ levers.mT

    def solved(rows: Tensor, active: Tensor) -> Tensor:
        """Solution of some chains with some of their contacts."""
        place = torch.zeros(len(right), dtype=torch.long, device=right.device)
        place[rows] = torch.arange(len(rows), device=right.device)
        chosen = torch.zeros(len(right), dtype=torch.bool, device=right.device)
        chosen[rows] = True
        chosen = (chosen[contacts.chain] & active).nonzero()[:, 0]
        index = place[contacts.chain[chosen]]
        return solve(matrix[rows].index_add(0, index, block[chosen]), right[rows].index_add(0, index, push[chosen]))

    active = (contacts.press > 0) & (contacts.gap < 0)
    change = solved(torch.arange(len(right), device=right.device), active)
    for attempt in range(MAX_REVISIONS):
        gain = (change[contacts.chain][:, None] @ levers)[:, 0]
        along = (gain * contacts.normal).sum(-1)
        pushes = (contacts.press - stiff * along > 0) & (contacts.gap + spring * along < 0)
        if attempt >= CLOSING_REVISIONS:
            pushes = pushes & active
        revised = pushes != active
        if attempt == MAX_REVISIONS - 1 or not revised.any():
            break
        active = pushes
        rows = contacts.chain[revised].unique()
        change = change.index_copy(0, rows, solved(rows, active))
    force = force - (yielding @ gain[..., None])[..., 0]
    chosen = active.nonzero()[:, 0]
    return change, Pushes(contacts.chain[chosen], contacts.point[chosen], force[chosen], contacts.arc[chosen])


def _levers(at: Pose, contacts: Contacts) -> Tensor:
    """Velocity of each contact point per joint rate (contact, joint, 3)."""
    axes, start = at.axes[contacts.chain], at.nodes[contacts.chain, :-1]
    before = torch.arange(axes.shape[1], device=axes.device) <= contacts.link[:, None]
    arms = (contacts.point[:, None] - start) * before[..., None]
    return cross(axes, arms[:, :, None])[:, 1:].flatten(1, 2)
