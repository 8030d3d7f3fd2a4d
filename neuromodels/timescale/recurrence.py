"""The steps of a leaky network over time, with their gradient written by hand.

Buffers hold all steps and are allocated once. A step is one matrix product, which adds to the drive that lies in the buffer
already, and one non-linearity in place. Backwards, the gradient of the matrix is one product over all steps and sequences.
A network has ``(time, batch, unit)``; an ensemble ``(network, time, batch, unit)`` with a matrix for each network.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

SLOPE = 0.01
TIME, BATCH = -3, -2
ROW_BYTES = 64
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
        ``([network], time, batch, channel)``.
    start
        ``([network], batch, unit)``.
    activation
        Name in `ACTIVATIONS`.
    whole
        Whether all states are given, ``([network], time + 1, batch, unit)`` with the start first, or the last alone.
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
        steps = digits.shape[TIME]
        states = _buffer(start, steps + 1)
        states.select(TIME, 0).copy_(start)
        _fill_drive(states.narrow(TIME, 1, steps), input_matrix, bias, digits)
        transposed, apply = matrix.mT, ACTIVATIONS[activation].apply
        views = states.unbind(TIME)
        for step in range(steps):
            before, after, product = _taking_part(active, step, views[step], views[step + 1], transposed)
            apply(_add_product(after, before, product))
            if active is not None:
                views[step + 1][active[step] :] = start[active[step] :]
        ctx.save_for_backward(matrix, input_matrix, digits, states)
        ctx.activation, ctx.whole, ctx.active = activation, whole, active
        return states if whole else views[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        matrix, input_matrix, digits, states = ctx.saved_tensors
        needs, steps = ctx.needs_input_grad, digits.shape[TIME]
        backward = ACTIVATIONS[ctx.activation].backward
        deltas = _buffer(states.select(TIME, 0), steps)
        flowing, arriving = _flow(gradient, ctx.whole)
        views, results = deltas.unbind(TIME), states.unbind(TIME)
        for step in reversed(range(steps)):
            flow, result, delta, back = _taking_part(ctx.active, step, flowing, results[step + 1], views[step], matrix)
            backward(flow, result, delta)
            if step or needs[4]:
                _write_product(flow, delta, back)
            if ctx.active is not None:
                views[step][ctx.active[step] :] = 0
            if arriving:
                flowing += arriving[step]
        return (
            _outer(deltas, states.narrow(TIME, 0, steps)) if needs[0] else None,
            _outer(deltas, digits) if needs[1] else None,
            deltas.sum((TIME, BATCH)) if needs[2] else None,
            _back_to_digits(deltas, input_matrix) if needs[3] else None,
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
        steps = digits.shape[TIME]
        states, aims = _buffer(start, steps + 1), _buffer(start, steps)
        states.select(TIME, 0).copy_(start)
        _fill_drive(aims, input_matrix, bias, digits)
        transposed, apply, share = matrix.mT, ACTIVATIONS[activation].apply, leak.unsqueeze(BATCH)
        views, aim_views = states.unbind(TIME), aims.unbind(TIME)
        for step in range(steps):
            before, after, aim, product, part = _taking_part(
                active, step, views[step], views[step + 1], aim_views[step], transposed, share
            )
            apply(_add_product(aim, before, product))
            torch.lerp(before, aim, part, out=after)
            if active is not None:
                views[step + 1][active[step] :] = start[active[step] :]
        ctx.save_for_backward(matrix, input_matrix, leak, digits, states, aims)
        ctx.activation, ctx.whole, ctx.active = activation, whole, active
        return states if whole else views[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        matrix, input_matrix, leak, digits, states, aims = ctx.saved_tensors
        needs, steps = ctx.needs_input_grad, digits.shape[TIME]
        backward, share = ACTIVATIONS[ctx.activation].backward, leak.unsqueeze(BATCH)
        deltas = _buffer(states.select(TIME, 0), steps)
        flowing, arriving = _flow(gradient, ctx.whole)
        room, leak_gradient = torch.empty_like(flowing), torch.zeros_like(leak)
        views, befores, aim_views = deltas.unbind(TIME), states.unbind(TIME), aims.unbind(TIME)
        for step in reversed(range(steps)):
            flow, before, aim, delta, back, part, scaled, total = _taking_part(
                ctx.active,
                step,
                flowing,
                befores[step],
                aim_views[step],
                views[step],
                matrix,
                share,
                room,
                leak_gradient,
            )
            total += torch.sub(aim, before, out=scaled).mul_(flow).sum(BATCH)
            torch.mul(flow, part, out=scaled)
            backward(scaled, aim, delta)
            flow -= scaled
            if step or needs[5]:
                _add_product(flow, delta, back)
            if ctx.active is not None:
                views[step][ctx.active[step] :] = 0
            if arriving:
                flowing += arriving[step]
        return (
            _outer(deltas, states.narrow(TIME, 0, steps)) if needs[0] else None,
            _outer(deltas, digits) if needs[1] else None,
            deltas.sum((TIME, BATCH)) if needs[2] else None,
            leak_gradient if needs[3] else None,
            _back_to_digits(deltas, input_matrix) if needs[4] else None,
            flowing if needs[5] else None,
            *(None,) * 3,
        )


def _buffer(like: Tensor, steps: int) -> Tensor:
    """Room for ``steps`` of ``like``, ``([network], steps, batch, unit)``; rows begin where fast products want them."""
    *networks, batch, units = like.shape
    multiple = ROW_BYTES // like.element_size()
    room = like.new_empty((*networks, steps, batch, -(-units // multiple) * multiple))
    return room[..., :units]


def _flow(gradient: Tensor, whole: bool) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Gradient of the last state, to be written over, and those of all states that come from outside."""
    arriving = gradient.unbind(TIME) if whole else ()
    return (arriving[-1] if whole else gradient).clone(memory_format=torch.contiguous_format), arriving


def _taking_part(active: tuple[int, ...] | None, step: int, *tensors: Tensor) -> tuple[Tensor, ...]:
    """Of each tensor, those of the networks that take part in a step."""
    return tensors if active is None else tuple(one[: active[step]] for one in tensors)


def _fill_drive(drive: Tensor, input_matrix: Tensor, bias: Tensor, digits: Tensor) -> None:
    """Write A s + c of all steps to ``drive``; channels are few, so one pass for each."""
    rows = drive.flatten(TIME, BATCH)
    rows.copy_(bias.unsqueeze(BATCH).expand(rows.shape))
    digits = digits.flatten(TIME, BATCH)
    for channel in range(digits.shape[-1]):
        rows.addcmul_(digits[..., channel : channel + 1], input_matrix[..., channel].unsqueeze(BATCH))


def _add_product(target: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Add a matrix product, or one for each network, in place."""
    return target.addmm_(left, right) if target.ndim == 2 else target.baddbmm_(left, right)


def _write_product(target: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Write a matrix product, or one for each network, over ``target``."""
    return torch.mm(left, right, out=target) if target.ndim == 2 else torch.bmm(left, right, out=target)


def _outer(left: Tensor, right: Tensor) -> Tensor:
    """Sum over steps and sequences of the outer products, ``([network], left, right)``, as one matrix product."""
    return left.flatten(TIME, BATCH).mT @ right.flatten(TIME, BATCH)


def _back_to_digits(deltas: Tensor, input_matrix: Tensor) -> Tensor:
    return (deltas.flatten(TIME, BATCH) @ input_matrix).unflatten(BATCH, deltas.shape[TIME:-1])
