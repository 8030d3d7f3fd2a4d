"""sLSTM: the long short-term memory with exponential gates, a normaliser, and heads that mix within themselves."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...seeding import generator
from .attention_recurrence import checked_head_size
from .sequence_layer import SequenceLayer, State, seeded_linear


class SLSTM(SequenceLayer):
    """The long short-term memory whose input gate is an exponential.

    With [a_z, a_i, a_f, a_o] = W x_t + R h_(t-1) + b, R without connections between heads::

        z = tanh(a_z), i = exp(a_i), f = sigma(a_f), o = sigma(a_o)
        c_t = f c_(t-1) + i z,  n_t = f n_(t-1) + i,  h_t = o c_t / n_t,  y_t = h_t

    c and n are kept multiplied by exp(-m_t), m_t = max(log f + m_(t-1), log i), which cancels and never overflows. The
    biases of f start from 3 to 6 within each head. Without the convolution and the feed-forward map that its authors put
    around it. The steps depend on each other, so they run one after the other.

    The state is c, n, h and m, ``(batch, width)`` each.

    Parameters
    ----------
    width
        Of input and output, a multiple of the heads.
    heads
        Groups of channels that see each other's past.
    seed
        Of the weights.

    Raises
    ------
    ValueError
        If the width is no multiple of the heads.

    References
    ----------
    Beck et al. 2024, arXiv 2405.04517, section 2.2.
    """

    no_weight_decay = ("bias",)

    def __init__(self, width: int, *, heads: int = 4, seed: int = 0) -> None:
        super().__init__(width)
        self.heads, self.head_size = heads, checked_head_size(width, heads)
        random = generator(seed)
        self.into = seeded_linear(width, 4 * width, random, bias=False)
        bound = 1 / math.sqrt(self.head_size)
        self.recurrent = nn.Parameter(
            torch.empty(heads, self.head_size, 4 * self.head_size).uniform_(-bound, bound, generator=random)
        )
        bias = torch.zeros(4, heads, self.head_size)
        bias[2] = torch.linspace(3.0, 6.0, self.head_size)
        self.bias = nn.Parameter(bias.flatten())

    def state_shapes(self, batch: int) -> tuple[tuple[int, ...], ...]:
        """Shapes of c, n, h and m.

        Parameters
        ----------
        batch
            Sequences side by side.
        """
        return ((batch, self.width),) * 4

    def initial_state(self, batch: int) -> State:
        """Nothing seen: c, n and h are zero, m is the smallest number.

        Parameters
        ----------
        batch
            Sequences side by side.
        """
        *rest, scale = super().initial_state(batch)
        return *rest, scale.fill_(torch.finfo(scale.dtype).min)

    def _sequence(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        cell, total, shown, scale = state
        mapped = self.into(x)
        driven = (mapped.to(cell.dtype) + self.bias).unflatten(-1, (4, self.width))
        recurrent = self.recurrent.to(cell.dtype)
        outputs = []
        for drive in driven.unbind(1):
            heads = shown.unflatten(-1, (self.heads, -1)).transpose(0, 1)  # (heads, batch, size of a head)
            echo = torch.bmm(heads, recurrent).unflatten(-1, (4, -1))
            new, write, forget, gate = (drive + echo.permute(1, 2, 0, 3).flatten(2)).unbind(1)
            kept = functional.logsigmoid(forget) + scale
            scale = torch.maximum(kept, write)
            keep, add = torch.exp(kept - scale), torch.exp(write - scale)
            cell, total = keep * cell + add * torch.tanh(new), keep * total + add
            shown = torch.sigmoid(gate) * cell / total
            outputs.append(shown)
        return torch.stack(outputs, 1).to(mapped.dtype), (cell, total, shown, scale)
