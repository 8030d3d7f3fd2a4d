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
_aten = torch.ops.aten


class Activation(NamedTuple):
    """A non-linearity in place, and its gradient from its result.

    Attributes
    ----------
    apply
        Replaces a tensor by its image.
    backward
        ``(gradient, result, out)``: writes the gradient of the argument to ``out``.
    """

    apply: Callable[[Tensor], Tensor]
    backward: Callable[[Tensor, Tensor, Tensor], object]


ACTIVATIONS = {
    "leaky_relu": Activation(
        lambda z: torch.nn.functional.leaky_relu_(z, SLOPE),
        lambda g, h, out: _aten.leaky_relu_backward.grad_input(g, h, SLOPE, True, grad_input=out),
    ),
    "relu": Activation(torch.relu_, lambda g, h, out: _aten.threshold_backward.grad_input(g, h, 0, grad_input=out)),
    "tanh": Activation(torch.tanh_, lambda g, h, out: _aten.tanh_backward.grad_input(g, h, grad_input=out)),
    "sigmoid": Activation(torch.sigmoid_, lambda g, h, out: _aten.sigmoid_backward.grad_input(g, h, grad_input=out)),
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
    return _cast(_Inside, matrix, input_matrix, bias, digits, start, *shape)


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
    return _cast(_Outside, matrix, input_matrix, bias, leak, digits, start, *shape)


def _cast(function: Any, *arguments: Any) -> Tensor:
    """Apply outside of autocast: with 8 bits of mantissa, 1 - 1/tau of a long time constant is another one."""
    device = arguments[0].device.type
    if not torch.is_autocast_enabled(device):
        return function.apply(*arguments)
    with torch.autocast(device, enabled=False):
        return function.apply(*arguments)


class _Inside(torch.autograd.Function):
    @staticmethod
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
        for step in range(steps):
            n = _taking_part(active, step)
            apply(_add_product(states[step + 1, :n], states[step, :n], _of(transposed, n)))
            if n is not None:
                states[step + 1, n:] = start[n:]
        ctx.save_for_backward(matrix, input_matrix, digits, states)
        ctx.activation, ctx.whole, ctx.active = activation, whole, active
        return states if whole else states[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        matrix, input_matrix, digits, states = ctx.saved_tensors
        backward = ACTIVATIONS[ctx.activation].backward
        deltas = torch.empty_like(states[1:])
        flowing = (gradient[-1] if ctx.whole else gradient).clone(memory_format=torch.contiguous_format)
        for step in reversed(range(len(digits))):
            n = _taking_part(ctx.active, step)
            backward(flowing[:n], states[step + 1, :n], deltas[step, :n])
            torch.matmul(deltas[step, :n], _of(matrix, n), out=flowing[:n])
            if n is not None:
                deltas[step, n:] = 0
            if ctx.whole:
                flowing += gradient[step]
        needs = ctx.needs_input_grad
        return (
            _outer(deltas, states[:-1]) if needs[0] else None,
            _outer(deltas, digits) if needs[1] else None,
            deltas.sum((0, -2)) if needs[2] else None,
            deltas @ input_matrix if needs[3] else None,
            flowing if needs[4] else None,
            *(None,) * 3,
        )


class _Outside(torch.autograd.Function):
    @staticmethod
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
        for step in range(steps):
            n = _taking_part(active, step)
            apply(_add_product(aims[step, :n], states[step, :n], _of(transposed, n)))
            torch.lerp(states[step, :n], aims[step, :n], _of(share, n), out=states[step + 1, :n])
            if n is not None:
                states[step + 1, n:] = start[n:]
        ctx.save_for_backward(matrix, input_matrix, leak, digits, states, aims)
        ctx.activation, ctx.whole, ctx.active = activation, whole, active
        return states if whole else states[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        matrix, input_matrix, leak, digits, states, aims = ctx.saved_tensors
        backward, share = ACTIVATIONS[ctx.activation].backward, leak.unsqueeze(-2)
        deltas = torch.empty_like(aims)
        flowing = (gradient[-1] if ctx.whole else gradient).clone(memory_format=torch.contiguous_format)
        scaled, leak_gradient = torch.empty_like(flowing), torch.zeros_like(leak)
        for step in reversed(range(len(digits))):
            n = _taking_part(ctx.active, step)
            flow = flowing[:n]
            leak_gradient[:n] += torch.sub(aims[step, :n], states[step, :n], out=scaled[:n]).mul_(flow).sum(-2)
            torch.mul(flow, _of(share, n), out=scaled[:n])
            backward(scaled[:n], aims[step, :n], deltas[step, :n])
            flow -= scaled[:n]
            _add_product(flow, deltas[step, :n], _of(matrix, n))
            if n is not None:
                deltas[step, n:] = 0
            if ctx.whole:
                flowing += gradient[step]
        needs = ctx.needs_input_grad
        return (
            _outer(deltas, states[:-1]) if needs[0] else None,
            _outer(deltas, digits) if needs[1] else None,
            deltas.sum((0, -2)) if needs[2] else None,
            leak_gradient if needs[3] else None,
            deltas @ input_matrix if needs[4] else None,
            flowing if needs[5] else None,
            *(None,) * 3,
        )


def _taking_part(active: tuple[int, ...] | None, step: int) -> int | None:
    return None if active is None else active[step]


def _of(matrix: Tensor, n: int | None) -> Tensor:
    """Those of the networks that take part."""
    return matrix if n is None else matrix[:n]


def _fill_drive(drive: Tensor, input_matrix: Tensor, bias: Tensor, digits: Tensor) -> None:
    """Write A s + c of all steps to ``drive``; channels are few, so one pass for each."""
    drive.copy_(bias.unsqueeze(-2).expand(drive.shape[1:]))
    for channel in range(digits.shape[-1]):
        drive.addcmul_(digits[..., channel : channel + 1], input_matrix[..., channel].unsqueeze(-2))


def _add_product(target: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Add a matrix product, or one for each network, in place."""
    return target.addmm_(left, right) if target.ndim == 2 else target.baddbmm_(left, right)


def _outer(left: Tensor, right: Tensor) -> Tensor:
    """Sum over steps and sequences of the outer products, ``([network], left, right)``, as one matrix product."""
    if left.ndim == 3:
        return left.flatten(0, 1).mT @ right.flatten(0, 1)
    left, right = (one.transpose(0, 1).flatten(1, 2) for one in (left, right))
    return left.mT @ right
