"""mLSTM: an associative memory per head, with exponential input gates; quadratic within a part, recurrent between parts."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...seeding import generator
from .attention_recurrence import checked_head_size
from .sequence_layer import SequenceLayer, State, seeded_linear

PART = 64


class MLSTM(SequenceLayer):
    """The long short-term memory with a matrix in place of a cell.

    Per head of size d, with q_t = W_q x_t + b_q, k_t = (W_k x_t + b_k) / sqrt(d), v_t = W_v x_t + b_v, input gate
    i_t = exp(w_i x_t + b_i), forget gate f_t = sigma(w_f x_t + b_f) and output gate o_t = sigma(W_o x_t + b_o)::

        C_t = f_t C_(t-1) + i_t v_t k_t^T,  n_t = f_t n_(t-1) + i_t k_t
        h_t = o_t (C_t q_t) / max(|n_t . q_t|, 1),  y_t = W h_t + b

    C and n are kept multiplied by exp(-m_t), m_t = max(log f_t + m_(t-1), log i_t, 0), which cancels and never overflows.
    The two scalar gates start without weights, the forget gates with biases from 3 to 6 over the heads. Without the
    convolution, the up-projection and the norm that its authors put around it.

    The state is C ``(batch, heads, d, d)``, n ``(batch, heads, d)`` and m ``(batch, heads)``.

    Parameters
    ----------
    width
        Of input and output, a multiple of the heads.
    heads
        Memories, each with its share of the channels.
    seed
        Of the weights.

    Raises
    ------
    ValueError
        If the width is no multiple of the heads.

    References
    ----------
    Beck et al. 2024, arXiv 2405.04517, section 2.3; appendix A.3 for the parallel form.
    """

    no_weight_decay = ("gate_bias",)

    def __init__(self, width: int, *, heads: int = 4, seed: int = 0) -> None:
        super().__init__(width)
        self.heads, self.head_size = heads, checked_head_size(width, heads)
        random = generator(seed)
        self.into = seeded_linear(width, 4 * width, random)
        self.gate_weight = nn.Parameter(torch.zeros(2 * heads, width))
        write = 0.1 * torch.randn(heads, generator=random)
        self.gate_bias = nn.Parameter(torch.cat([write, torch.linspace(3.0, 6.0, heads)]))
        self.out = seeded_linear(width, width, random)

    def state_shapes(self, batch: int) -> tuple[tuple[int, ...], ...]:
        """Shapes of C, n and m.

        Parameters
        ----------
        batch
            Sequences side by side.
        """
        size = self.head_size
        return (batch, self.heads, size, size), (batch, self.heads, size), (batch, self.heads)

    def _sequence(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        mapped, dtype = self.into(x), state[0].dtype
        # (batch, heads, time, size of a head)
        parts = mapped[..., : 3 * self.width].to(dtype).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        gates = functional.linear(x.to(dtype), self.gate_weight.to(dtype), self.gate_bias.to(dtype)).transpose(1, 2)
        write, forget = gates[:, : self.heads], functional.logsigmoid(gates[:, self.heads :])
        shown = []
        for begin in range(0, x.shape[1], PART):
            part = slice(begin, begin + PART)
            query, key, value = parts[:, :, :, part].unbind()
            y, state = self._part(query, key, value, write[..., part], forget[..., part], state)
            shown.append(y)
        hidden = torch.cat(shown, 2).transpose(1, 2).flatten(2).to(mapped.dtype)
        return self.out(torch.sigmoid(mapped[..., 3 * self.width :]) * hidden), state

    def _part(
        self, query: Tensor, key: Tensor, value: Tensor, write: Tensor, forget: Tensor, state: State
    ) -> tuple[Tensor, State]:
        memory, total, scale = state
        key = key / self.head_size**0.5
        since = forget.cumsum(-1)  # log of what is left of the state
        length = since.shape[-1]
        past = torch.ones(length, length, dtype=torch.bool, device=since.device).tril()
        left = since[..., :, None] - since[..., None, :] + write[..., None, :]
        left = left.masked_fill(~past, -torch.inf)  # (batch, heads, reading step, written step)
        carried = since + scale[..., None]
        scales = torch.maximum(left.amax(-1), carried).clamp(min=0)
        left, carried = torch.exp(left - scales[..., None]), torch.exp(carried - scales)
        attention = left * (query @ key.transpose(-1, -2))
        read = attention @ value + carried[..., None] * (query @ memory.transpose(-1, -2))
        norm = attention.sum(-1) + carried * (query @ total[..., None])[..., 0]
        shown = read / torch.maximum(norm.abs(), torch.exp(-scales))[..., None]
        kept, written = carried[..., -1], left[..., -1, :, None] * key
        memory = kept[..., None, None] * memory + value.transpose(-1, -2) @ written
        return shown, (memory, kept[..., None] * total + written.sum(-2), scales[..., -1])
