"""Activity of a memory network over long trains of binary digits, piece by piece so that it need not fit in memory.

The published analyses drive a network with 10 trials of 101,000 digits, each trial with its own probability of a 1,
and leave out the first 500 recorded states, of which the start is one.
"""

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor

from .memory_network import MemoryNetwork

PUBLISHED_TRIALS = 10
PUBLISHED_STEPS = 101_000
PUBLISHED_BURN_IN = 500
# States of one piece over time, and numbers that are held where a network can only be run from the beginning.
PIECE = 250
HELD = 50_000_000

Odds = Literal["per sequence", "even"]
Values = Literal["states", "cells"]


def random_digits(trials: int, steps: int, *, seed: int, odds: Odds = "per sequence") -> Tensor:
    """Trains of digits 0 and 1, ``(trial, time, 1)`` float32.

    Parameters
    ----------
    trials, steps
        How many trains, and digits in each.
    seed
        Of the draw.
    odds
        ``"per sequence"``: each train has its own probability of a 1, drawn from U(0, 1), as in training on parity;
        ``"even"``: 1/2.
    """
    from simulators.tasks import draw_digits

    return draw_digits(trials, steps, torch.Generator().manual_seed(seed), odds=odds)[..., None]


def trial_groups(network: MemoryNetwork, digits: Tensor, values: Values = "states") -> list[Tensor]:
    """Trials that are run together: all of them, or a few where their states cannot be had piece by piece.

    Parameters
    ----------
    network, digits, values
        As for `state_pieces`.
    """
    if _goes_on(network, values):
        return [digits]
    return list(digits.split(max(HELD // (digits.shape[1] * network.units), 1)))


def state_pieces(
    network: MemoryNetwork, digits: Tensor, *, burn_in: int = PUBLISHED_BURN_IN, values: Values = "states"
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
    values
        ``"states"``, or ``"cells"`` for the cell states of an LSTM, whose timescales are the published ones of that control.

    Yields
    ------
    Tensor
        ``(trial, piece, unit)``; all pieces together have ``time + 1 - burn_in`` states.

    Raises
    ------
    ValueError
        If nothing is left after the burn-in, or the network has no such values.
    """
    n_steps = digits.shape[1]
    if not 0 <= burn_in <= n_steps:
        raise ValueError(
            f"burn_in must be from 0 to the number of steps, received {burn_in} for {n_steps}; use longer trials."
        )
    digits = digits.to(network.readout_weight.device)
    with torch.no_grad():
        if not _goes_on(network, values):
            yield (network.cells(digits) if values == "cells" else network.states(digits))[:, burn_in:]  # type: ignore[operator]
            return
        start: Tensor | None = None
        done = 0
        for part in digits.split(PIECE, dim=1):
            states = network.states(part, start=start)
            # The last state of a piece is the start of the next one.
            piece = states if start is None else states[:, 1:]
            start = states[:, -1]
            if done + piece.shape[1] > burn_in:
                yield piece[:, max(burn_in - done, 0) :]
            done += piece.shape[1]


def _goes_on(network: MemoryNetwork, values: Values) -> bool:
    """Whether a state says all that the next one depends on; that of an LSTM is without its cell."""
    if values not in ("states", "cells"):
        raise ValueError(f'values must be "states" or "cells", received {values!r}.')
    lstm = getattr(getattr(network, "config", None), "kind", "") == "lstm"
    if values == "cells" and not lstm:
        raise ValueError("only an LSTM has cell states; use values='states'.")
    return not lstm
