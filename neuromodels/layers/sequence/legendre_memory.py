"""LMU: linear memories that hold the last stretch of a signal in Legendre polynomials, and a non-linear hidden state."""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ...seeding import generator
from .sequence_layer import SequenceLayer, State, checked_size, seeded_linear


def delay_memory(order: int, window: float) -> tuple[np.ndarray, np.ndarray]:
    """Transition and input of the memory m_t = A m_(t-1) + B u_t of a sliding window, for inputs held during a step.

    In continuous time window * m' = a m + b u with a_ij = (2i + 1) (-1 if i < j else (-1)^(i - j + 1)),
    b_i = (2i + 1) (-1)^i; here A = exp(a / window), B = a^-1 (A - 1) b. Then u r * window ago is about
    sum_i P_i(2r - 1) m_i with the Legendre polynomials P_i and r from 0 to 1.

    Parameters
    ----------
    order
        Polynomials.
    window
        Length of the window in steps.

    Returns
    -------
    tuple
        A ``(order, order)`` and B ``(order,)``, float64.

    Raises
    ------
    ValueError
        If the order is below 1 or the window is not positive.

    References
    ----------
    Voelker, Kajic & Eliasmith 2019, Legendre memory units, NeurIPS 32, equations 1 to 3.
    """
    checked_size("order", order)
    if not 0 < window < math.inf:
        raise ValueError(f"window must be a positive number of steps, received {window}; 32 is usual.")
    row, column = np.mgrid[:order, :order]
    matrix = (2 * row + 1) * np.where(row < column, -1.0, (-1.0) ** (row - column + 1))
    into = (2 * row[:, 0] + 1) * (-1.0) ** row[:, 0]
    transition = torch.linalg.matrix_exp(torch.from_numpy(matrix / window)).numpy()
    return transition, np.linalg.solve(matrix, (transition - np.eye(order)) @ into)


class LMU(SequenceLayer):
    """Legendre memory unit.

    With M memories of N numbers each, stacked to m, and hidden state h, width of the input and output::

        u_t = E_x x_t + E_h h_(t-1) + E_m m_(t-1)
        m_t = A m_(t-1) + B u_t, memory by memory, A and B from `delay_memory`
        h_t = tanh(W_x x_t + W_h h_(t-1) + W_m m_t + b),  y_t = h_t

    A and B are fixed. E_m starts at zero. The steps depend on each other, so they run one after the other.

    The state is m, ``(batch, M, N)``, and h, ``(batch, width)``.

    Parameters
    ----------
    width
        Of input, hidden state and output.
    order
        N.
    window
        Length of the memories in steps.
    memories
        M; width / order, at least 1, if None.
    seed
        Of the weights.

    Raises
    ------
    ValueError
        If a size is below 1 or the window is not positive.

    References
    ----------
    Voelker, Kajic & Eliasmith 2019, Legendre memory units, NeurIPS 32, equations 4, 6 and 7.
    """

    transition: Tensor
    into_memory: Tensor

    def __init__(
        self, width: int, *, order: int = 16, window: float = 32.0, memories: int | None = None, seed: int = 0
    ) -> None:
        super().__init__(width)
        transition, into = delay_memory(order, window)
        self.order, self.window = order, window
        self.memories = checked_size("memories", max(1, width // order) if memories is None else memories)
        dtype = torch.get_default_dtype()
        self.register_buffer("transition", torch.from_numpy(transition).to(dtype), persistent=False)
        self.register_buffer("into_memory", torch.from_numpy(into).to(dtype), persistent=False)
        random = generator(seed)
        size = self.memories * order
        self.encode = seeded_linear(width, self.memories, random, bias=False)
        self.encode_hidden = seeded_linear(width, self.memories, random, bias=False)
        self.encode_memory = nn.Parameter(torch.zeros(self.memories, size))
        self.drive = seeded_linear(width, width, random)
        self.recurrent = seeded_linear(width, width, random, bias=False)
        self.recall = seeded_linear(size, width, random, bias=False)

    def state_shapes(self, batch: int) -> tuple[tuple[int, ...], ...]:
        """Shapes of m and h.

        Parameters
        ----------
        batch
            Sequences side by side.
        """
        return (batch, self.memories, self.order), (batch, self.width)

    def _sequence(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        memory, hidden = state
        dtype = memory.dtype
        driven = torch.cat([self.encode(x), self.drive(x)], -1)
        from_hidden = torch.cat([self.encode_hidden.weight, self.recurrent.weight]).to(dtype)
        from_memory, recall = self.encode_memory.to(dtype), self.recall.weight.to(dtype)
        transition, into = self.transition.to(dtype), self.into_memory.to(dtype)
        outputs = []
        for drive in driven.to(dtype).unbind(1):
            signal, target = (drive + functional.linear(hidden, from_hidden)).split([self.memories, self.width], -1)
            signal = signal + functional.linear(memory.flatten(1), from_memory)
            memory = memory @ transition.T + signal[..., None] * into
            hidden = torch.tanh(target + functional.linear(memory.flatten(1), recall))
            outputs.append(hidden)
        return torch.stack(outputs, 1).to(driven.dtype), (memory, hidden)
