"""Aaren: softmax attention of a learned query over everything so far, as a recurrence of constant size."""

import torch
from torch import Tensor, nn

from ...seeding import generator
from .scan import linear_scan
from .sequence_layer import SequenceLayer, State, checked_size, seeded_linear


class Aaren(SequenceLayer):
    """Attention as a recurrent network.

    Per head, with a learned query q (into which its linear map is folded), keys k_t = W_k x_t and values v_t = W_v x_t::

        s_t = q . k_t / sqrt(size of a head),  m_t = max(m_(t-1), s_t)
        c_t = exp(m_(t-1) - m_t) c_(t-1) + exp(s_t - m_t)
        a_t = exp(m_(t-1) - m_t) a_(t-1) + exp(s_t - m_t) v_t
        y_t = W_o [a_t / c_t of all heads],  so that a_t / c_t = sum over i <= t of softmax(s_1 .. s_t)_i v_i

    The state is m and c, ``(batch, heads)`` each, and a, ``(batch, heads, size of a head)``.

    Parameters
    ----------
    width
        Of input and output, a multiple of the heads.
    heads
        Queries, each with its share of the channels.
    seed
        Of the weights.

    Raises
    ------
    ValueError
        If the width is no multiple of the heads.

    References
    ----------
    Feng et al. 2024, arXiv 2405.13956, sections 3.1 and 3.3.
    """

    no_weight_decay = ("query",)

    def __init__(self, width: int, *, heads: int = 4, seed: int = 0) -> None:
        super().__init__(width)
        self.heads, self.head_size = heads, checked_head_size(width, heads)
        random = generator(seed)
        self.query = nn.Parameter(torch.randn(heads, self.head_size, generator=random))
        self.keys_values = seeded_linear(width, 2 * width, random)
        self.out = seeded_linear(width, width, random)

    def state_shapes(self, batch: int) -> tuple[tuple[int, ...], ...]:
        """Shapes of m, c and a.

        Parameters
        ----------
        batch
            Sequences side by side.
        """
        return (batch, self.heads), (batch, self.heads), (batch, self.heads, self.head_size)

    def initial_state(self, batch: int) -> State:
        """Nothing seen: c and a are zero, m is the smallest number.

        Parameters
        ----------
        batch
            Sequences side by side.
        """
        largest, *rest = super().initial_state(batch)
        return largest.fill_(torch.finfo(largest.dtype).min), *rest

    def _sequence(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        largest, total, weighted = state
        mapped = self.keys_values(x)
        keys, values = mapped.to(largest.dtype).unflatten(-1, (2, self.heads, -1)).unbind(2)
        scores = torch.einsum("bthe,he->bth", keys, self.query.to(largest.dtype)) / self.head_size**0.5
        maxima = torch.cat([largest[:, None], scores], 1).cummax(1).values  # (batch, 1 + time, heads)
        keep, add = torch.exp(maxima[:, :-1] - maxima[:, 1:]), torch.exp(scores - maxima[:, 1:])
        drive = torch.cat([add[..., None], add[..., None] * values], -1)
        sums = linear_scan(keep[..., None].expand_as(drive), drive, torch.cat([total[..., None], weighted], -1))
        y = (sums[..., 1:] / sums[..., :1]).flatten(2)
        return self.out(y.to(mapped.dtype)), (maxima[:, -1], sums[:, -1, :, 0], sums[:, -1, :, 1:])


def checked_head_size(width: int, heads: int) -> int:
    """Channels of a head.

    Raises
    ------
    ValueError
        If the width is no multiple of the heads.
    """
    if width % checked_size("heads", heads):
        raise ValueError(f"width {width} is no multiple of heads {heads}; choose a number of heads that divides it.")
    return width // heads
