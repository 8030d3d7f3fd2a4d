"""The steps of a leaky network over time, with their gradient written by hand.

Buffers are time-first and allocated once. A step is one matrix product, which adds to the drive that lies in the buffer
already, and one non-linearity in place. Backwards, the gradient of the matrix is one product over all steps and sequences.
A network has ``(time, batch, unit)``; an ensemble ``(time, network, batch, unit)`` with a matrix for each network.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

SLOPE = 0.01


class Activation(NamedTuple):
    """A non-linearity in place, and its slope from its result.

    Attributes
    ----------
    apply
        Replaces a tensor by its image.
    slope
        Of an image, in a tensor of its own.
    """

    apply: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]


ACTIVATIONS = {
    "leaky_relu": Activation(
        lambda z: torch.nn.functional.leaky_relu_(z, SLOPE),
        # The gradient for an arriving 1, in one pass.
        lambda h: torch.ops.aten.leaky_relu_backward(h.new_ones(()).expand_as(h), h, SLOPE, True),
    ),
    "relu": Activation(torch.relu_, lambda h: (h > 0).to(h.dtype)),
    "tanh": Activation(torch.tanh_, lambda h: 1 - h * h),
    "sigmoid": Activation(torch.sigmoid_, lambda h: h * (1 - h)),
}


def leak_inside(
    matrix: Tensor,
    input_matrix: Tensor,
    bias: Tensor,
    digits: Tensor,
    start: Tensor,
    *,
    activation: str,
    whole: bool,
    active: Sequence[int] | None = None,
) -> Tensor:
    """All steps of h' = f(M h + A s + c).

    Parameters
    ----------
    matrix, input_matrix, bias
        M ``([network], post, pre)``, which holds the leak; A ``([network], unit, channel)``; c ``([network], unit)``.
    digits
        ``(time, [network], batch, channel)``.
    start
        ``([network], batch, unit)``.
    activation
        Name in `ACTIVATIONS`.
    whole
        Whether all states are given, ``(time + 1, [network], batch, unit)`` with the start first, or the last alone.
    active
        For each step, how many networks, from the first on, take part; the others stay at their start.
    """
    shape = (activation, whole, None if active is None else tuple(active))
    return _Inside.apply(matrix, input_matrix, bias, digits, start, *shape)


def leak_outside(
    matrix: Tensor,
    input_matrix: Tensor,
    bias: Tensor,
    leak: Tensor,
    digits: Tensor,
    start: Tensor,
    *,
    activation: str,
    whole: bool,
    active: Sequence[int] | None = None,
) -> Tensor:
    """All steps of h' = (1 - a) h + a f(W h + A s + c); a is ``leak``, ``([network], unit)``, the rest as `leak_inside`."""
    shape = (activation, whole, None if active is None else tuple(active))
    return _Outside.apply(matrix, input_matrix, bias, leak, digits, start, *shape)


def _without_autocast(method: Callable[..., Any]) -> Any:
    """Compute in the precision of the parameters: with 8 bits, 1 - 1/tau of a long time constant is another one."""

    def run(ctx: Any, first: Tensor, *others: Any) -> Any:
        device = first.device.type
        if not torch.is_autocast_enabled(device):
            return method(ctx, first, *others)
        with torch.autocast(device, enabled=False):
            return method(ctx, first, *others)

    return run


class _Inside(torch.autograd.Function):
    @staticmethod
    @_without_autocast
    def forward(
        ctx: Any,
        matrix: Tensor,
        input_matrix: Tensor,
        bias: Tensor,
        digits: Tensor,
        start: Tensor,
        activation: str,
        whole: bool,
        active: tuple[int, ...] | None,
    ) -> Tensor:
        steps = len(digits)
        states = start.new_empty((steps + 1, *start.shape))
        states[0] = start
        _fill_drive(states[1:], input_matrix, bias, digits)
        transposed, apply = matrix.mT, ACTIVATIONS[activation].apply
        before, after = _views(states[:-1], active), _views(states[1:], active)
        for step in range(steps):
            if active is not None:
                n = len(after[step])
                transposed = matrix.mT[:n]
                states[step + 1, n:] = start[n:]
            apply(_add_product(after[step], before[step], transposed))
        ctx.save_for_backward(matrix, input_matrix, digits, states)
        ctx.activation, ctx.whole, ctx.active = activation, whole, active
        return states if whole else states[-1].clone()

    @staticmethod
    @_without_autocast
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        matrix, input_matrix, digits, states = ctx.saved_tensors
        deltas, needs = ACTIVATIONS[ctx.activation].slope(states[1:]), ctx.needs_input_grad
        flowing = (gradient[-1] if ctx.whole else gradient).clone(memory_format=torch.contiguous_format)
        changes = _views(deltas, ctx.active)
        part, share = flowing, matrix
        for step in reversed(range(len(digits))):
            if ctx.active is not None:
                n = len(changes[step])
                part, share = flowing[:n], matrix[:n]
                deltas[step, n:] = 0
            changes[step].mul_(part)
            if step or needs[4]:
                _product(changes[step], share, part)
            if ctx.whole:
                flowing += gradient[step]
        columns = _rows(deltas).mT
        return (
            columns @ _rows(states[:-1]) if needs[0] else None,
            columns @ _rows(digits) if needs[1] else None,
            deltas.sum((0, -2)) if needs[2] else None,
            deltas @ input_matrix if needs[3] else None,
            flowing if needs[4] else None,
            *(None,) * 3,
        )


class _Outside(torch.autograd.Function):
    @staticmethod
    @_without_autocast
    def forward(
        ctx: Any,
        matrix: Tensor,
        input_matrix: Tensor,
        bias: Tensor,
        leak: Tensor,
        digits: Tensor,
        start: Tensor,
        activation: str,
        whole: bool,
        active: tuple[int, ...] | None,
    ) -> Tensor:
        steps = len(digits)
        states = start.new_empty((steps + 1, *start.shape))
        states[0] = start
        aims = start.new_empty((steps, *start.shape))
        _fill_drive(aims, input_matrix, bias, digits)
        transposed, apply, share = matrix.mT, ACTIVATIONS[activation].apply, leak.unsqueeze(-2)
        before, after, aim = _views(states[:-1], active), _views(states[1:], active), _views(aims, active)
        for step in range(steps):
            if active is not None:
                n = len(aim[step])
                transposed, share = matrix.mT[:n], leak.unsqueeze(-2)[:n]
                states[step + 1, n:] = start[n:]
            apply(_add_product(aim[step], before[step], transposed))
            torch.lerp(before[step], aim[step], share, out=after[step])
        ctx.save_for_backward(matrix, input_matrix, leak, digits, states, aims)
        ctx.activation, ctx.whole, ctx.active = activation, whole, active
        return states if whole else states[-1].clone()

    @staticmethod
    @_without_autocast
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        matrix, input_matrix, leak, digits, states, aims = ctx.saved_tensors
        deltas, needs = ACTIVATIONS[ctx.activation].slope(aims), ctx.needs_input_grad
        flowing = (gradient[-1] if ctx.whole else gradient).clone(memory_format=torch.contiguous_format)
        scaled, leak_gradient = torch.empty_like(flowing), torch.zeros_like(leak)
        before, aim, changes = (_views(one, ctx.active) for one in (states[:-1], aims, deltas))
        share = leak.unsqueeze(-2)
        parts = (flowing, scaled, leak_gradient, share, matrix)
        for step in reversed(range(len(digits))):
            if ctx.active is not None:
                n = len(aim[step])
                parts = (flowing[:n], scaled[:n], leak_gradient[:n], share[:n], matrix[:n])
                deltas[step, n:] = 0
            flow, room, of_leak, kept, connections = parts
            of_leak += torch.sub(aim[step], before[step], out=room).mul_(flow).sum(-2)
            torch.mul(flow, kept, out=room)
            changes[step].mul_(room)
            flow -= room
            if step or needs[5]:
                _add_product(flow, changes[step], connections)
            if ctx.whole:
                flowing += gradient[step]
        columns = _rows(deltas).mT
        return (
            columns @ _rows(states[:-1]) if needs[0] else None,
            columns @ _rows(digits) if needs[1] else None,
            deltas.sum((0, -2)) if needs[2] else None,
            leak_gradient if needs[3] else None,
            deltas @ input_matrix if needs[4] else None,
            flowing if needs[5] else None,
            *(None,) * 3,
        )


def _views(buffer: Tensor, active: tuple[int, ...] | None) -> Sequence[Tensor]:
    """Views of all steps, made at once, of the networks that take part."""
    steps = buffer.unbind(0)
    return steps if active is None else [one[:n] for one, n in zip(steps, active, strict=True)]


def _fill_drive(drive: Tensor, input_matrix: Tensor, bias: Tensor, digits: Tensor) -> None:
    """Write A s + c of all steps to ``drive``; channels are few, so one pass for each."""
    drive.copy_(bias.unsqueeze(-2).expand(drive.shape[1:]))
    for channel in range(digits.shape[-1]):
        drive.addcmul_(digits[..., channel : channel + 1], input_matrix[..., channel].unsqueeze(-2))


def _add_product(target: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Add a matrix product, or one for each network, in place."""
    return target.addmm_(left, right) if target.ndim == 2 else target.baddbmm_(left, right)


def _product(left: Tensor, right: Tensor, out: Tensor) -> None:
    """Write a matrix product, or one for each network, to ``out``."""
    torch.mm(left, right, out=out) if left.ndim == 2 else torch.bmm(left, right, out=out)


def _rows(steps: Tensor) -> Tensor:
    """All steps and sequences below each other, ``([network], row, unit)``: a view of one network, a copy of many."""
    return steps.flatten(0, 1) if steps.ndim == 3 else steps.transpose(0, 1).flatten(1, 2)
