"""GRU and LSTM cut down until nothing but the state itself depends on the past: they run in parallel over time."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...seeding import generator
from .scan import linear_scan
from .sequence_layer import SequenceLayer, State, checked_size, seeded_linear


class _MinimalRecurrence(SequenceLayer):
    """h_t = keep_t h_(t-1) + write_t g(W x_t + b); the gates are maps of x_t, computed with the candidate as one.

    Parameters
    ----------
    width
        Of input and output.
    expand
        Channels of h per channel of the input; above 1 a linear map leads back to the width.
    positive
        Whether g(c) = c + 1/2 for c >= 0, sigma(c) below, which keeps h positive; else g(c) = c.
    seed
        Of the weights.
    """

    n_gates: int

    def __init__(self, width: int, *, expand: int = 1, positive: bool = False, seed: int = 0) -> None:
        super().__init__(width)
        self.hidden, self.positive = width * checked_size("expand", expand), positive
        random = generator(seed)
        self.into = seeded_linear(width, (self.n_gates + 1) * self.hidden, random)
        self.out = seeded_linear(self.hidden, width, random) if expand > 1 else nn.Identity()

    def state_shapes(self, batch: int) -> tuple[tuple[int, ...], ...]:
        """Shape of h.

        Parameters
        ----------
        batch
            Sequences side by side.
        """
        return ((batch, self.hidden),)

    def _sequence(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        mapped = self.into(x)
        *gates, candidate = mapped.to(state[0].dtype).chunk(self.n_gates + 1, -1)
        if self.positive:
            candidate = torch.where(candidate >= 0, candidate + 0.5, torch.sigmoid(candidate))
        keep = self._kept(*gates)
        states = linear_scan(keep, (1 - keep) * candidate, state[0])
        return self.out(states.to(mapped.dtype)), (states[:, -1],)

    def _kept(self, *gates: Tensor) -> Tensor:
        raise NotImplementedError


class MinGRU(_MinimalRecurrence):
    """z = sigma(W_z x + b_z); h <- (1 - z) h + z g(W x + b); y = h.

    The state is h, ``(batch, expand * width)``.

    Parameters
    ----------
    width
        Of input and output.
    expand
        Channels of h per channel of the input; above 1 a linear map leads back to the width.
    positive
        Whether g(c) = c + 1/2 for c >= 0, sigma(c) below, which keeps h positive; else g(c) = c.
    seed
        Of the weights.

    Raises
    ------
    ValueError
        If a size is below 1.

    References
    ----------
    Feng et al. 2024, arXiv 2410.01201, section 3.1; appendix B for g.
    """

    n_gates = 1

    def _kept(self, *gates: Tensor) -> Tensor:
        return torch.sigmoid(-gates[0])


class MinLSTM(_MinimalRecurrence):
    """f = sigma(W_f x + b_f); i = sigma(W_i x + b_i); h <- (f h + i g(W x + b)) / (f + i); y = h.

    The state is h, ``(batch, expand * width)``.

    Parameters
    ----------
    width
        Of input and output.
    expand
        Channels of h per channel of the input; above 1 a linear map leads back to the width.
    positive
        Whether g(c) = c + 1/2 for c >= 0, sigma(c) below, which keeps h positive; else g(c) = c.
    seed
        Of the weights.

    Raises
    ------
    ValueError
        If a size is below 1.

    References
    ----------
    Feng et al. 2024, arXiv 2410.01201, section 3.2; appendix B for g.
    """

    n_gates = 2

    def _kept(self, *gates: Tensor) -> Tensor:
        forget, write = gates
        # f / (f + i) without dividing two numbers that may both be zero.
        return torch.sigmoid(functional.logsigmoid(forget) - functional.logsigmoid(write))
