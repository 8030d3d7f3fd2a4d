"""Leaky recurrent network in which every unit has a time constant of its own."""

import math

import torch
from torch import Tensor, nn

from ..seeding import generator
from .leaky_config import CLAMP, LeakyConfig
from .leaky_step import (
    LARGEST_START,
    PARAMETERS,
    effective_connections,
    effective_tau,
    merged_matrix,
    run,
)
from .memory_network import MemoryNetwork, drawn


class LeakyRNN(MemoryNetwork):
    """One layer of leaky units, every one connected to every other, none to itself.

    Its numbers are those of `neuromodels.timescale.plain_step.plain_states`, in fewer operations.

    Parameters
    ----------
    config
        Parts and sizes; see `LeakyConfig`.
    seed
        Of all weights and time constants.

    Attributes
    ----------
    tau : torch.Tensor
        ``(unit,)``: a parameter, before the clamp or, of ``timescales="free"``, before the softplus; fixed ones are a buffer.
        `time_constants` gives what is in effect.
    input_weight, input_bias, recurrent_weight, recurrent_bias : torch.nn.Parameter
        ``(unit, channel)``, ``(unit,)``, ``(post, pre)``, ``(unit,)``. What stands on the diagonal of the recurrent one has
        no effect.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927.
    """

    tau: Tensor

    def __init__(self, config: LeakyConfig | None = None, *, seed: int) -> None:
        config = config or LeakyConfig()
        super().__init__(config.units, config.heads, config.inputs, config.answers)
        self.config = config
        random = generator(seed)
        from_units, from_inputs = 1 / math.sqrt(config.units), 1 / math.sqrt(config.inputs)
        if config.timescales == "fixed":
            self.register_buffer("tau", torch.full((config.units,), float(config.tau)))
        else:
            # Never 0, whose inverse softplus is none.
            above = 1 - torch.empty(config.units).uniform_(0, 1, generator=random) + (config.tau - CLAMP)
            free = config.timescales == "free"
            self.tau = nn.Parameter(above.expm1().log() if free else CLAMP + above)
        self.input_weight = drawn((config.units, config.inputs), from_inputs, random)
        self.input_bias = drawn((config.units,), from_inputs, random)
        self.recurrent_weight = drawn((config.units, config.units), from_units, random)
        self.recurrent_bias = drawn((config.units,), from_units, random)
        with torch.no_grad():
            self.recurrent_weight.fill_diagonal_(0)
        self._draw_readout(config.classes, random)
        self.seed = seed

    def time_constants(self) -> Tensor:
        """Time constants in effect, ``(unit,)``, in input steps."""
        return effective_tau(self.config, self.tau)

    def connections(self) -> Tensor:
        """Recurrent weights in effect, ``(post, pre)``, with a diagonal of 0."""
        return effective_connections(self.config, self.recurrent_weight)

    def step_matrix(self) -> Tensor:
        """Connections and leak as one matrix, ``(post, pre)``: diag(1 - a) + diag(a) W.

        Raises
        ------
        ValueError
            If the leak is outside of the non-linearity, where no one matrix holds both.
        """
        if self.config.leak != "inside":
            raise ValueError(
                "step_matrix needs a network with leak='inside'; with 'outside' no one matrix holds the leak."
            )
        return merged_matrix(1 / (self.config.substeps * self.time_constants()), self.connections())

    def draw_start(self, batch: int, generator: torch.Generator) -> Tensor:
        """States ``(batch, unit)`` before a training sequence: uniform between 0 and 0.1."""
        start = torch.rand(batch, self.units, generator=generator, device=generator.device)
        return (LARGEST_START * start).to(self.readout_weight)

    def states(self, x: Tensor, *, start: Tensor | None = None, every_substep: bool = False) -> Tensor:
        """States of all units over time.

        Parameters
        ----------
        x
            Digits ``(batch, time, channel)``.
        start
            State ``(batch, unit)`` or ``(unit,)`` before the first digit; 0.05 everywhere without, the mean of what
            `draw_start` draws.
        every_substep
            Give the state of every substep, not that after the last substep of each digit alone.

        Returns
        -------
        Tensor
            ``(batch, time + 1, unit)``, the start first; ``time * substeps + 1`` with ``every_substep``.
        """
        states = self._run(x, start, whole=True).transpose(0, 1)
        return states if every_substep else states[:, :: self.config.substeps]

    def last_state(self, x: Tensor, *, start: Tensor | None = None) -> Tensor:
        """State ``(batch, unit)`` after the last digit of ``(batch, time, channel)``."""
        return self._run(x, start, whole=False)

    def _run(self, x: Tensor, start: Tensor | None, *, whole: bool) -> Tensor:
        digits = self._checked(x).transpose(0, 1)
        if start is None:
            start = digits.new_full((self.units,), LARGEST_START / 2)
        parameters = {name: getattr(self, name) for name in PARAMETERS}
        return run(self.config, parameters, digits, self._checked_start(start, len(x)), whole=whole)
