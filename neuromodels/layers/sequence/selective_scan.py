"""The selective state space s_t = exp(dt_t A) s_(t-1) + dt_t x_t B_t, y_t = C_t . s_t, without keeping what it multiplies."""

from typing import Any

import torch
from torch import Tensor

from .scan import linear_scan


def selective_scan(
    dt: Tensor, x: Tensor, write: Tensor, read: Tensor, matrix: Tensor, initial: Tensor
) -> tuple[Tensor, Tensor]:
    """Outputs and last state.

    On a CPU the steps run one after the other and make the factors exp(dt_t A) and dt_t x_t B_t, which are as large as all
    states together, where they are needed; on a GPU they run in rounds, see `linear_scan`.

    Parameters
    ----------
    dt, x
        Step sizes and inputs, ``(batch, time, channel)``.
    write, read
        B and C, ``(batch, time, state)``, shared by the channels.
    matrix
        A, ``(channel, state)``.
    initial
        s before the first step, ``(batch, channel, state)``.

    Returns
    -------
    tuple
        y ``(batch, time, channel)`` and s after the last step; they can be differentiated any number of times.

    References
    ----------
    Gu & Dao 2023, arXiv 2312.00752, algorithm 2 and section 3.3.
    """
    if x.is_cuda:
        return _in_rounds(dt, x, write, read, matrix, initial)
    return _StepByStep.apply(dt, x, write, read, matrix, initial)


def _in_rounds(
    dt: Tensor, x: Tensor, write: Tensor, read: Tensor, matrix: Tensor, initial: Tensor
) -> tuple[Tensor, Tensor]:
    states = linear_scan(torch.exp(dt[..., None] * matrix), (dt * x)[..., None] * write[:, :, None], initial)
    return (states @ read[..., None])[..., 0], states[:, -1]


class _StepByStep(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, dt: Tensor, x: Tensor, write: Tensor, read: Tensor, matrix: Tensor, initial: Tensor
    ) -> tuple[Tensor, Tensor]:
        driven, outputs = dt * x, torch.empty_like(x)
        states = initial.new_empty(x.shape[1] + 1, *initial.shape)
        states[0] = initial
        decay = torch.empty_like(states[0])
        for step in range(x.shape[1]):
            torch.mul(dt[:, step, :, None], matrix, out=decay).exp_()
            state = torch.mul(decay, states[step], out=states[step + 1])
            state.addcmul_(driven[:, step, :, None], write[:, step, None])
            outputs[:, step] = torch.bmm(state, read[:, step, :, None])[..., 0]
        ctx.save_for_backward(dt, x, write, read, matrix, initial, states)
        return outputs, states[-1].clone()

    @staticmethod
    def backward(ctx: Any, of_outputs: Tensor, of_last: Tensor) -> tuple[Tensor | None, ...]:
        *inputs, states = ctx.saved_tensors
        dt, x, write, read, matrix, _ = inputs
        if torch.is_grad_enabled():
            # To be differentiated again: the gradient of the other form, of which torch follows every operation.
            wanted = [part for part in inputs if part.requires_grad]
            found = iter(torch.autograd.grad(_in_rounds(*inputs), wanted, (of_outputs, of_last), create_graph=True))
            return tuple(next(found) if part.requires_grad else None for part in inputs)
        driven, of_state = dt * x, of_last.clone(memory_format=torch.contiguous_format)
        of_dt, of_driven = torch.empty_like(dt), torch.empty_like(x)
        of_write, of_read = torch.empty_like(write), torch.empty_like(read)
        decay, product, of_matrix = (torch.zeros_like(of_state) for _ in range(3))
        for step in range(x.shape[1] - 1, -1, -1):
            of_state.addcmul_(of_outputs[:, step, :, None], read[:, step, None])
            of_read[:, step] = torch.bmm(of_outputs[:, step, None], states[step + 1])[:, 0]
            of_write[:, step] = torch.bmm(driven[:, step, None], of_state)[:, 0]
            of_driven[:, step] = torch.bmm(of_state, write[:, step, :, None])[..., 0]
            of_state.mul_(torch.mul(dt[:, step, :, None], matrix, out=decay).exp_())
            torch.mul(of_state, states[step], out=product)  # the gradient of dt A
            of_matrix.addcmul_(product, dt[:, step, :, None])
            of_dt[:, step] = product.mul_(matrix).sum(-1)
        return of_dt + of_driven * x, of_driven * dt, of_write, of_read, of_matrix.sum(0), of_state
