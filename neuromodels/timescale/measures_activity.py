"""Activity of a memory network over long trains of binary digits, piece by piece so that no trial has to fit in memory.

The published analyses drive a network with 10 trials of 101,000 digits, each trial with its own probability of a 1,
and leave out the first 500 recorded states, of which the start is one.
"""

from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor

PUBLISHED_TRIALS = 10
PUBLISHED_STEPS = 101_000
PUBLISHED_BURN_IN = 500
PIECE = 256


class MemoryNetwork(Protocol):
    """What the measures ask of a network; `LeakyRNN` and `GatedRNN` have it."""

    def states(self, x: Tensor, *, start: Tensor | None = None) -> Tensor:
        """States ``(batch, time + 1, unit)`` for digits ``(batch, time, channel)``, the start first."""

    def readout(self, states: Tensor, heads: "list[int] | None" = None) -> Tensor:
        """Logits ``(..., head, class)`` of states ``(..., unit)``."""


def random_digits(trials: int, steps: int, *, seed: int, odds: str = "per sequence") -> Tensor:
    """Trains of digits 0 and 1, ``(trial, time, 1)``.

    Parameters
    ----------
    trials, steps
        How many trains, and digits in each.
    seed
        Of the draw.
    odds
        ``"per sequence"``: each train has its own probability of a 1, drawn from U(0, 1), as in training on parity;
        ``"even"``: 1/2.

    Returns
    -------
    Tensor
        Float32.
    """
    if odds not in ("per sequence", "even"):
        raise ValueError(f'odds must be "per sequence" or "even", received {odds!r}.')
    for name, value in (("trials", trials), ("steps", steps)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, received {value}.")
    source = torch.Generator().manual_seed(seed)
    p = torch.rand(trials, 1, generator=source) if odds == "per sequence" else torch.full((trials, 1), 0.5)
    return (torch.rand(trials, steps, generator=source) < p).float()[..., None]


def state_pieces(
    network: MemoryNetwork, digits: Tensor, *, burn_in: int = PUBLISHED_BURN_IN, start: Tensor | None = None
) -> Iterator[Tensor]:
    """Consecutive pieces of the states of a network, without the burn-in.

    Parameters
    ----------
    network
        Any network of this family.
    digits
        ``(trial, time, channel)``.
    burn_in
        States left out at the beginning, the start among them.
    start
        State ``(trial, unit)`` before the first digit; the network's own by default.

    Yields
    ------
    Tensor
        ``(trial, piece, unit)``; all pieces together have ``time + 1 - burn_in`` states.

    Raises
    ------
    ValueError
        If nothing is left after the burn-in.
    """
    n_steps = digits.shape[1]
    if not 0 <= burn_in <= n_steps:
        raise ValueError(
            f"burn_in must be from 0 to the number of steps, received {burn_in} for {n_steps}; use longer trials."
        )
    skipped = burn_in
    first = 0
    with torch.no_grad():
        for begin in range(0, n_steps, PIECE):
            states = network.states(digits[:, begin : begin + PIECE], start=start)
            start = states[:, -1].clone()
            piece = states[:, first:]
            first = 1  # the last state of a piece is the start of the next one
            if skipped < piece.shape[1]:
                yield piece[:, skipped:]
            skipped = max(skipped - piece.shape[1], 0)
