"""Mamba-1: a diagonal state space whose step size, input and read-out depend on the input."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...seeding import generator
from .selective_scan import selective_scan
from .sequence_layer import SequenceLayer, State, checked_size, log_uniform, seeded_linear

SMALLEST_STEP = 1e-4


class Mamba(SequenceLayer):
    """Selective state space between two projections, gated; without norm and residual, which `SequenceStack` adds.

    With inputs u_t and per inner channel a state s of N numbers::

        [x_t, z_t] = W_in u_t
        x_t <- SiLU(b + sum_k w_k x_(t-k)), k = 0 .. conv - 1, every channel by itself
        [r_t, B_t, C_t] = W_x x_t,  dt_t = softplus(W_dt r_t + b_dt)
        s_t = exp(dt_t A) s_(t-1) + dt_t B_t x_t,  A = -exp(A_log)
        y_t = W_out (SiLU(z_t) (C_t s_t + D x_t))

    A_log starts at log(1..N), D at 1, dt_t around values log-uniform in 0.001 .. 0.1 (at least 0.0001).

    The state is the last ``conv - 1`` values of x before the convolution, ``(batch, conv - 1, inner)``, and s,
    ``(batch, inner, N)``.

    Parameters
    ----------
    width
        Of input and output.
    expand
        Inner channels per channel of the input.
    state_size
        N.
    conv
        Steps that the convolution sees.
    dt_rank
        Size of r; width / 16 rounded up if None.
    seed
        Of the weights.

    Raises
    ------
    ValueError
        If a size is below 1.

    References
    ----------
    Gu & Dao 2023, arXiv 2312.00752, algorithm 2, equation 4 and section 3.6.
    """

    no_weight_decay = ("log_decay", "skip", "dt_bias")

    def __init__(
        self,
        width: int,
        *,
        expand: int = 2,
        state_size: int = 16,
        conv: int = 4,
        dt_rank: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(width)
        self.inner = width * checked_size("expand", expand)
        self.state_size, self.conv = checked_size("state_size", state_size), checked_size("conv", conv)
        self.dt_rank = checked_size("dt_rank", math.ceil(width / 16) if dt_rank is None else dt_rank)
        random = generator(seed)
        self.into = seeded_linear(width, 2 * self.inner, random, bias=False)
        bound = 1 / math.sqrt(conv)
        self.taps = nn.Parameter(torch.empty(conv, self.inner).uniform_(-bound, bound, generator=random))
        self.tap_bias = nn.Parameter(torch.empty(self.inner).uniform_(-bound, bound, generator=random))
        self.select = seeded_linear(self.inner, self.dt_rank + 2 * state_size, random, bias=False)
        bound = 1 / math.sqrt(self.dt_rank)
        self.dt_weight = nn.Parameter(torch.empty(self.inner, self.dt_rank).uniform_(-bound, bound, generator=random))
        steps = log_uniform((self.inner,), 1e-3, 1e-1, random).exp().clamp(min=SMALLEST_STEP)
        self.dt_bias = nn.Parameter(steps + torch.log(-torch.expm1(-steps)))  # the inverse of softplus
        self.log_decay = nn.Parameter(torch.arange(1.0, state_size + 1).log().repeat(self.inner, 1))
        self.skip = nn.Parameter(torch.ones(self.inner))
        self.out = seeded_linear(self.inner, width, random, bias=False)

    def state_shapes(self, batch: int) -> tuple[tuple[int, ...], ...]:
        """Shapes of the last inputs of the convolution and of s.

        Parameters
        ----------
        batch
            Sequences side by side.
        """
        return (batch, self.conv - 1, self.inner), (batch, self.inner, self.state_size)

    def _sequence(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        recent, memory = state
        values, gate = self.into(x).chunk(2, -1)
        history = torch.cat([recent, values.to(recent.dtype)], 1)  # (batch, conv - 1 + time, inner)
        length = x.shape[1]
        mixed = self.tap_bias + sum(
            history[:, lag : lag + length] * taps for lag, taps in enumerate(self.taps.unbind())
        )
        mixed = functional.silu(mixed)
        selected = self.select(mixed.to(self.select.weight.dtype))
        rank, write, read = selected.split([self.dt_rank, self.state_size, self.state_size], -1)
        dt = functional.softplus(functional.linear(rank, self.dt_weight).to(memory.dtype) + self.dt_bias)
        write, read = write.to(memory.dtype), read.to(memory.dtype)
        shown, memory = selective_scan(dt, mixed, write, read, -self.log_decay.to(memory.dtype).exp(), memory)
        y = (shown + self.skip * mixed) * functional.silu(gate)
        return self.out(y.to(self.out.weight.dtype)), (history[:, length:], memory)
