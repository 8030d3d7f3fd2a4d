"""Gated cells: UGRNN, intersection RNN, GRU and LSTM, convolutional or fully connected."""

import torch
from torch import Tensor, nn

from .cell import ChannelNorm, RecurrentCell, State, Step
from .channel_map import ChannelMap


class _GatedCell(RecurrentCell):
    """Input, state and output of equal width; ``n_gates`` maps of [x;h] computed as one.

    Parameters
    ----------
    channels
        Of the input and the output.
    kernel_size
        Of all maps; None for fully connected.
    layer_norm
        Whether every gate is normalised before its non-linearity.
    forget_bias
        b_f, added to the gates that keep the state.
    """

    n_gates: int
    n_states = 1

    def __init__(
        self,
        channels: int,
        *,
        kernel_size: int | tuple[int, int] | None = 3,
        layer_norm: bool = False,
        forget_bias: float = 1.0,
    ) -> None:
        super().__init__(channels, channels, self.n_states * channels)
        self.forget_bias = forget_bias
        self.gates = ChannelMap(2 * channels, self.n_gates * channels, kernel_size)
        self.norm = ChannelNorm(channels, self.n_gates) if layer_norm else nn.Identity()


class UGRNNCell(_GatedCell):
    """g, c = split(W * [x;h]); g = sigma(LN(g) + b_f); h <- g h + (1 - g) tanh(LN(c)); y = h.

    Parameters
    ----------
    channels
        Of the input, the state and the output.
    kernel_size
        Of the convolution; None for fully connected.
    layer_norm
        Whether every gate is normalised before its non-linearity.
    forget_bias
        b_f.

    References
    ----------
    Collins, Sohl-Dickstein, Sussillo 2017, arXiv 1611.09913, the update gate RNN.
    """

    n_gates = 2

    def bind(self, *, repeated: bool = False) -> Step:
        """The step as a function ``(x, state) -> (y, state)``."""
        gates, norm, forget_bias = self.gates.bind(repeated=repeated), self.norm, self.forget_bias

        def step(x: Tensor, state: Tensor) -> tuple[Tensor, State]:
            keep, new = norm(gates(x, state)).chunk(2, 1)
            state = torch.lerp(torch.tanh(new), state, torch.sigmoid(keep + forget_bias))
            return state, state

        return step


class IntersectionRNNCell(_GatedCell):
    """One gate for what is passed on in time, one for what is passed up.

    g_h, h', g_y, y' = split(W * [x;h]); g_h = sigma(LN(g_h) + b_f); g_y = sigma(LN(g_y) + b_f);
    y = g_y x + (1 - g_y) relu(LN(y')); h <- g_h h + (1 - g_h) tanh(LN(h')).

    Parameters
    ----------
    channels
        Of the input, the state and the output.
    kernel_size
        Of the convolution; None for fully connected.
    layer_norm
        Whether every gate is normalised before its non-linearity.
    forget_bias
        b_f.

    References
    ----------
    Collins, Sohl-Dickstein, Sussillo 2017, arXiv 1611.09913, the intersection RNN.
    """

    n_gates = 4

    def bind(self, *, repeated: bool = False) -> Step:
        """The step as a function ``(x, state) -> (y, state)``."""
        gates, norm, forget_bias = self.gates.bind(repeated=repeated), self.norm, self.forget_bias

        def step(x: Tensor, state: Tensor) -> tuple[Tensor, State]:
            keep, new, carry, up = norm(gates(x, state)).chunk(4, 1)
            output = torch.lerp(torch.relu(up), x, torch.sigmoid(carry + forget_bias))
            return output, torch.lerp(torch.tanh(new), state, torch.sigmoid(keep + forget_bias))

        return step


class GRUCell(_GatedCell):
    """r, u = split(W * [x;h]); r = sigma(LN(r) + b_f); u = sigma(LN(u)); c = tanh(LN(W_c * [x; r h])); h <- u h + (1 - u) c.

    y = h. The forget bias is on r, not on u, which keeps the old state.

    Parameters
    ----------
    channels
        Of the input, the state and the output.
    kernel_size
        Of both convolutions; None for fully connected.
    layer_norm
        Whether every gate and the candidate are normalised before their non-linearity.
    forget_bias
        b_f.

    References
    ----------
    Cho et al. 2014, arXiv 1406.1078, equations 5 to 8, with u in the place of z.
    """

    n_gates = 2

    def __init__(
        self,
        channels: int,
        *,
        kernel_size: int | tuple[int, int] | None = 3,
        layer_norm: bool = False,
        forget_bias: float = 1.0,
    ) -> None:
        super().__init__(channels, kernel_size=kernel_size, layer_norm=layer_norm, forget_bias=forget_bias)
        self.candidate = ChannelMap(2 * channels, channels, kernel_size)
        self.candidate_norm = ChannelNorm(channels) if layer_norm else nn.Identity()

    def bind(self, *, repeated: bool = False) -> Step:
        """The step as a function ``(x, state) -> (y, state)``."""
        gates, norm, forget_bias = self.gates.bind(repeated=repeated), self.norm, self.forget_bias
        candidate, candidate_norm = self.candidate.bind(repeated=repeated), self.candidate_norm

        def step(x: Tensor, state: Tensor) -> tuple[Tensor, State]:
            reset, update = norm(gates(x, state)).chunk(2, 1)
            shown = torch.sigmoid(reset + forget_bias) * state
            new = torch.tanh(candidate_norm(candidate(x, shown)))
            state = torch.lerp(new, state, torch.sigmoid(update))
            return state, state

        return step


class LSTMCell(_GatedCell):
    """i, j, f, o = split(W * [x;h]); c <- LN(sigma(LN(f) + b_f) c + sigma(LN(i)) tanh(LN(j))); h <- sigma(LN(o)) tanh(c).

    y = h; the state is [c;h]. No peepholes. With layer norm the normalised c is what is kept.

    Parameters
    ----------
    channels
        Of the input, c, h and the output; the state has twice as many.
    kernel_size
        Of the convolution; None for fully connected.
    layer_norm
        Whether every gate and c are normalised.
    forget_bias
        b_f.

    References
    ----------
    Shi et al. 2015, arXiv 1506.04214, equation 3 without peepholes.
    """

    n_gates = 4
    n_states = 2

    def __init__(
        self,
        channels: int,
        *,
        kernel_size: int | tuple[int, int] | None = 3,
        layer_norm: bool = False,
        forget_bias: float = 1.0,
    ) -> None:
        super().__init__(channels, kernel_size=kernel_size, layer_norm=layer_norm, forget_bias=forget_bias)
        self.memory_norm = ChannelNorm(channels) if layer_norm else nn.Identity()

    def bind(self, *, repeated: bool = False) -> Step:
        """The step as a function ``(x, state) -> (y, state)``."""
        gates, norm, forget_bias = self.gates.bind(repeated=repeated), self.norm, self.forget_bias
        memory_norm = self.memory_norm

        def step(x: Tensor, state: Tensor) -> tuple[Tensor, State]:
            memory, shown = state.chunk(2, 1)
            write, new, keep, read = norm(gates(x, shown)).chunk(4, 1)
            kept = torch.sigmoid(keep + forget_bias) * memory
            memory = memory_norm(torch.addcmul(kept, torch.sigmoid(write), torch.tanh(new)))
            output = torch.sigmoid(read) * torch.tanh(memory)
            return output, torch.cat([memory, output], 1)

        return step
