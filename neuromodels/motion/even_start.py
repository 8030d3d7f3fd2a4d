"""Initial values of an energy bank whose units cover directions and speeds evenly, for short training."""

import torch
from torch import Tensor

from .energy_bank import EnergyBank
from .gabor import HIGHEST_FREQUENCY

# Coarse and fast, fine and slow: cycles per pixel of the level and cycles per frame.
TUNINGS = ((0.1, 0.15), (0.15, 0.06))
# Share of the widest envelope; two pixels of the level, so that small objects are seen apart.
SIGMA_SHARE = 0.4


def start_evenly(bank: EnergyBank) -> None:
    """Set the directions, frequencies and widths of all units of a bank; decays and the rest stay as they are.

    On each level half of the units are coarse and fast (0.1 cycles per pixel of the level, 0.15 per frame), the others fine
    and slow (0.15 and 0.06). Directions are equally spaced within each half; those of the second half and of further levels
    lie between. Every unit has a twin that prefers the opposite direction and is alike in its frequencies and width, so a
    linear read-out can start from their difference.

    Parameters
    ----------
    bank
        Whose units per level are a multiple of 4.

    Raises
    ------
    ValueError
        If the units of a level cannot be shared out.
    """
    n_units = bank.units_per_level
    if n_units % 4:
        raise ValueError(
            f"an even start needs a multiple of 4 units per level, opposite directions of two tunings, received {n_units}."
        )
    n_directions = n_units // len(TUNINGS)
    unit = torch.arange(bank.n_levels * n_units)
    level, tuning, direction = unit // n_units, unit % n_units // n_directions, unit % n_directions
    # The smallest shift keeps the first direction off the end of the logistic scale.
    shift = (tuning / len(TUNINGS) + (level + 0.5) / bank.n_levels / len(TUNINGS)) % 1
    frequency, temporal = torch.tensor(TUNINGS)[tuning].unbind(1)
    _set(bank.filters.theta_raw, (direction + shift) / n_directions)
    _set(bank.filters.frequency_raw, frequency / HIGHEST_FREQUENCY)
    _set(bank.filters.temporal_frequency_raw, temporal / HIGHEST_FREQUENCY)
    _set(bank.filters.sigma_raw, torch.full((len(unit),), SIGMA_SHARE))


def _set(parameter: Tensor, share: Tensor) -> None:
    with torch.no_grad():
        parameter.copy_(torch.logit(share))
