"""The recurrence s_t = a_t s_(t-1) + b_t, element by element, for all steps at once."""

from typing import Any

import torch
from torch import Tensor

# Below so many elements of a step the calls cost more than the arithmetic, and fewer, larger calls win on a CPU.
SMALL_STEP = 2048


def linear_scan(decay: Tensor, drive: Tensor, initial: Tensor) -> Tensor:
    """All states of s_t = a_t s_(t-1) + b_t.

    Parameters
    ----------
    decay
        a, ``(batch, time, ...)``; stable for values from -1 to 1.
    drive
        b, of the same shape.
    initial
        s before the first step, ``(batch, ...)``.

    Returns
    -------
    Tensor
        s after every step, ``(batch, time, ...)``; it can be differentiated any number of times.

    References
    ----------
    Blelloch 1990, Prefix sums and their applications, section 1.4, for the form in log2(time) rounds.
    """
    return _Scan.apply(decay, drive, initial)


class _Scan(torch.autograd.Function):
    """The gradient of a scan is a scan backwards in time with the decays of the step after.

    Where the gradient is differentiated again it is made of operations that torch follows; otherwise in place.
    """

    @staticmethod
    def forward(ctx: Any, decay: Tensor, drive: Tensor, initial: Tensor) -> Tensor:
        if _pays_in_rounds(initial):
            first = torch.addcmul(drive[:, 0], decay[:, 0], initial)
            states = _in_rounds(decay, torch.cat([first[:, None], drive[:, 1:]], 1))
        else:
            states = _one_by_one(decay, drive, initial)
        ctx.save_for_backward(decay, initial, states)
        return states

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        decay, initial, states = ctx.saved_tensors
        if torch.is_grad_enabled():
            after = torch.cat([decay[:, 1:], torch.zeros_like(decay[:, :1])], 1)
            of_drive = linear_scan(after.flip(1), gradient.flip(1), torch.zeros_like(initial)).flip(1)
            of_decay = of_drive * torch.cat([initial[:, None], states[:, :-1]], 1)
            return of_decay, of_drive, of_drive[:, 0] * decay[:, 0]
        if _pays_in_rounds(initial):
            after = torch.cat([decay[:, 1:], torch.zeros_like(decay[:, :1])], 1)
            of_drive = _in_rounds(after.flip(1), gradient.flip(1)).flip(1)
        else:
            of_drive = gradient.clone(memory_format=torch.contiguous_format)
            for step in range(decay.shape[1] - 1, 0, -1):
                of_drive[:, step - 1].addcmul_(decay[:, step], of_drive[:, step])
        of_decay = of_drive.clone()
        of_decay[:, 1:].mul_(states[:, :-1])
        of_decay[:, 0].mul_(initial)
        return of_decay, of_drive, of_drive[:, 0] * decay[:, 0]


def _pays_in_rounds(initial: Tensor) -> bool:
    return initial.is_cuda or initial.numel() < SMALL_STEP or torch.compiler.is_compiling()


def _one_by_one(decay: Tensor, drive: Tensor, initial: Tensor) -> Tensor:
    states, state = torch.empty_like(drive), initial
    for step in range(drive.shape[1]):
        state = torch.addcmul(drive[:, step], decay[:, step], state, out=states[:, step])
    return states


def _in_rounds(decay: Tensor, drive: Tensor) -> Tensor:
    """Steps joined in pairs, the half as long sequence solved likewise, the steps between filled in."""
    if drive.shape[1] == 1:
        return drive
    pairs = drive.shape[1] // 2
    even_decay, odd_decay = decay[:, 0 : 2 * pairs : 2], decay[:, 1::2]
    even, odd = drive[:, 0 : 2 * pairs : 2], drive[:, 1::2]
    at_odd = _in_rounds(odd_decay * even_decay, torch.addcmul(odd, odd_decay, even))
    states = torch.empty_like(drive)
    states[:, 0], states[:, 1::2] = drive[:, 0], at_odd
    rest = drive[:, 2::2]
    states[:, 2::2] = torch.addcmul(rest, decay[:, 2::2], at_odd[:, : rest.shape[1]])
    return states
