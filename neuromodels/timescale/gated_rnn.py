"""LSTM and GRU with the readout heads of the leaky networks, as controls."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..seeding import generator
from .leaky_config import check_answers, check_sizes
from .memory_network import MemoryNetwork

KINDS = ("lstm", "gru")


@dataclass(frozen=True)
class GatedConfig:
    """Parts and sizes of a gated network.

    Attributes
    ----------
    kind
        ``"lstm"`` or ``"gru"``.
    units, heads, classes, inputs
        Recurrent units, readout heads, logits of each head, input channels.
    signed
        Whether the network turns digits 0 and 1 into -1 and 1 before it reads them, as the published LSTM was given.
    answers
        The N that each head was trained for, where that is known.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927.
    """

    kind: Literal["lstm", "gru"] = "lstm"
    units: int = 500
    heads: int = 100
    classes: int = 2
    inputs: int = 1
    signed: bool = True
    answers: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        check_sizes(self, ("units", "heads", "classes", "inputs"))
        if self.kind not in KINDS:
            raise ValueError(f"kind is {self.kind!r}; it must be one of {', '.join(KINDS)}.")
        object.__setattr__(self, "answers", check_answers(self.answers, self.heads))


class GatedRNN(MemoryNetwork):
    """One layer of torch's LSTM or GRU, and readout heads of its output.

    Parameters
    ----------
    config
        Parts and sizes; see `GatedConfig`.
    seed
        Of all weights.

    Attributes
    ----------
    layer : torch.nn.LSTM or torch.nn.GRU
        The recurrent layer.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927, where both are controls.
    """

    def __init__(self, config: GatedConfig | None = None, *, seed: int) -> None:
        config = config or GatedConfig()
        super().__init__(config.units, config.heads, config.inputs, config.answers)
        self.config = config
        random = generator(seed)
        kind = nn.LSTM if config.kind == "lstm" else nn.GRU
        with torch.random.fork_rng(devices=[]):
            self.layer = kind(config.inputs, config.units, batch_first=True)
        bound = 1 / math.sqrt(config.units)
        for parameter in self.layer.parameters():
            nn.init.uniform_(parameter, -bound, bound, generator=random)
        self._draw_readout(config.classes, random)
        self.seed = seed

    def draw_start(self, batch: int, generator: torch.Generator) -> Tensor:
        """Output ``(batch, unit)`` before a training sequence: 0, nothing is drawn."""
        return torch.zeros(batch, self.units).to(self.readout_weight)

    def states(self, x: Tensor, *, start: Tensor | None = None) -> Tensor:
        """Output ``(batch, time + 1, unit)`` of digits ``(batch, time, channel)``; the start, 0 by default, comes first.

        The cell states of an LSTM start at 0 whatever the start of the output.
        """
        digits, start = self._digits(x), self._start(x, start)
        before = start[None].contiguous()
        outputs, _ = self.layer(digits, (before, torch.zeros_like(before)) if self.config.kind == "lstm" else before)
        return torch.cat([start[:, None], outputs], 1)

    def time_constants(self, x: Tensor, *, start: Tensor | None = None) -> Tensor:
        """Steps over which a unit keeps what it holds, ``(batch, time, unit)``: 1 / (1 - f).

        f is the share of the cell state (LSTM) or of the output (GRU) that a unit keeps in a step; it depends on the digits.
        """
        return 1 / (1 - self._gates(x, self.states(x, start=start))["keep"])

    def cells(self, x: Tensor, *, start: Tensor | None = None) -> Tensor:
        """Cell states ``(batch, time + 1, unit)`` of an LSTM; 0 comes first.

        Raises
        ------
        ValueError
            Of a GRU, which has none.
        """
        if self.config.kind != "lstm":
            raise ValueError("a GRU has no cell states beside its output; use states.")
        states = self.states(x, start=start)
        gates = self._gates(x, states)
        cells = [torch.zeros_like(states[:, 0])]
        for keep, change in zip(gates["keep"].unbind(1), gates["change"].unbind(1), strict=True):
            cells.append(keep * cells[-1] + change)
        return torch.stack(cells, 1)

    def _gates(self, x: Tensor, states: Tensor) -> dict[str, Tensor]:
        """Gates ``(batch, time, unit)`` of all steps at once, from the outputs before each step."""
        from_input, from_output, *biases = self.layer.all_weights[0]
        sums = functional.linear(self._digits(x), from_input, biases[0])
        sums = sums + functional.linear(states[:, :-1], from_output, biases[1])
        if self.config.kind == "gru":
            return {"keep": torch.sigmoid(sums.chunk(3, -1)[1])}
        opened, keep, candidate, _ = sums.chunk(4, -1)
        return {"keep": torch.sigmoid(keep), "change": torch.sigmoid(opened) * torch.tanh(candidate)}

    def _digits(self, x: Tensor) -> Tensor:
        digits = self._checked(x)
        return 2 * digits - 1 if self.config.signed else digits

    def _start(self, x: Tensor, start: Tensor | None) -> Tensor:
        zeros = self.readout_weight.new_zeros(self.units)
        return self._checked_start(zeros if start is None else start, len(x))
