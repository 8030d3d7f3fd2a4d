"""What all networks of the family share: readout heads of the last state, and how states are recorded."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..recording import Recordable


class MemoryNetwork(Recordable, nn.Module):
    """A network that reads digits one after the other; each head answers a question about them after the last one.

    A subclass has ``states`` and ``last_state``, and draws its own parameters before it calls ``_draw_readout``.

    Attributes
    ----------
    readout_weight, readout_bias : torch.nn.Parameter
        ``(head, class, unit)`` and ``(head, class)``.
    answers : tuple of int or None
        The N that each head was trained for, where that is known.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927.
    """

    layers = ("state", "readout")
    committed_layer = "state"
    readout_weight: nn.Parameter
    readout_bias: nn.Parameter

    def __init__(self, units: int, heads: int, inputs: int, answers: tuple[int, ...] | None) -> None:
        super().__init__()
        self.units, self.heads, self.inputs, self.answers = units, heads, inputs, answers
        self.input_spec = {"kind": "array", "dims": ("time", "channel"), "unit": "digits"}

    def states(self, x: Tensor, *, start: Tensor | None = None) -> Tensor:
        """States ``(batch, time + 1, unit)`` of digits ``(batch, time, channel)``; the start comes first."""
        raise NotImplementedError

    def last_state(self, x: Tensor, *, start: Tensor | None = None) -> Tensor:
        """State ``(batch, unit)`` after the last digit of ``(batch, time, channel)``."""
        return self.states(x, start=start)[:, -1]

    def forward(self, x: Tensor, heads: Sequence[int] | None = None, start: Tensor | None = None) -> Tensor:
        """Logits after the last digit.

        Parameters
        ----------
        x
            Digits ``(batch, time, channel)``, any number of steps.
        heads
            Which heads to compute, in this order; all of them by default.
        start
            State ``(batch, unit)`` or ``(unit,)`` before the first digit; the network's default without.

        Returns
        -------
        Tensor
            ``(batch, head, class)``.

        Raises
        ------
        ValueError
            If a head does not exist or a shape does not fit.
        """
        if self._tapped is None:
            return self.readout(self.last_state(x, start=start), heads)
        # A recording starts after the first digit, so that its steps are those of the stimulus.
        states = self.states(x, start=start)[:, 1:]
        self.tap("state", states)
        return self.tap("readout", self.readout(states, heads))[:, -1]

    def readout(self, states: Tensor, heads: Sequence[int] | None = None) -> Tensor:
        """Logits ``(..., head, class)`` of states ``(..., unit)``; only the heads asked for are computed."""
        weight, bias = chosen_heads(self.readout_weight, self.readout_bias, heads)
        return functional.linear(states, weight.flatten(0, 1), bias.flatten()).unflatten(-1, bias.shape)

    def _draw_readout(self, classes: int, random: torch.Generator) -> None:
        bound = 1 / math.sqrt(self.units)
        self.readout_weight = drawn((self.heads, classes, self.units), bound, random)
        self.readout_bias = drawn((self.heads, classes), bound, random)

    def _checked(self, x: Tensor) -> Tensor:
        """Digits in the network's precision."""
        if not isinstance(x, Tensor):
            raise TypeError(
                f"the network takes a tensor, received {type(x).__name__}; convert it, such as with torch.as_tensor."
            )
        if x.ndim != 3 or x.shape[2] != self.inputs or x.shape[1] < 1:
            raise ValueError(
                f"the network takes digits (batch, time, {self.inputs}) with at least one step, received {tuple(x.shape)}; "
                "bring them to this shape."
            )
        return x.to(self.readout_weight.dtype)

    def _checked_start(self, start: Tensor, batch: int) -> Tensor:
        """One start for each sequence, ``(batch, unit)``."""
        if start.shape not in ((self.units,), (batch, self.units)):
            raise ValueError(
                f"start must be ({batch}, {self.units}) or ({self.units},), one value for each sequence and unit; received "
                f"{tuple(start.shape)}."
            )
        return start.to(self.readout_weight.dtype).expand(batch, self.units)


def drawn(shape: Sequence[int], bound: float, random: torch.Generator) -> nn.Parameter:
    """A parameter of uniform draws from -bound to bound."""
    return nn.Parameter(torch.empty(tuple(shape)).uniform_(-bound, bound, generator=random))


def chosen_heads(weight: Tensor, bias: Tensor, heads: Sequence[int] | None) -> tuple[Tensor, Tensor]:
    """Of readouts ``([network], head, class, unit)`` and ``([network], head, class)``, those heads that are asked for.

    Raises
    ------
    ValueError
        If there are none, or one does not exist.
    """
    if heads is None:
        return weight, bias
    chosen, n_heads = [int(head) for head in heads], bias.shape[-2]
    if not chosen:
        raise ValueError("heads is empty; name at least one head, or leave it out for all.")
    for head in chosen:
        if not 0 <= head < n_heads:
            raise ValueError(
                f"head {head} does not exist: this network has heads 0 to {n_heads - 1}; build it with more heads."
            )
    if chosen == list(range(len(chosen))):
        return weight[..., : len(chosen), :, :], bias[..., : len(chosen), :]
    index = torch.tensor(chosen, device=weight.device)
    return weight.index_select(-3, index), bias.index_select(-2, index)
