"""Direction read out of motion energy: against the opposite direction first, then over the population."""

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from .energy_bank import EnergyBank


def opponent_energy(bank: EnergyBank, luminance: Tensor) -> Tensor:
    """Energy of each unit less that of its twin for the opposite direction, over their sum: from -1 to 1.

    The bank has no opponent stage: without it the energy that all directions share, of flicker and static contrast, hides
    the motion.

    Parameters
    ----------
    bank
        The energy bank.
    luminance
        As the bank takes it.

    Returns
    -------
    Tensor
        As the energy of the bank; 0 where neither has any.

    References
    ----------
    Adelson & Bergen 1985, section 6.
    """
    energy, twin = bank.energy(luminance), bank.energy(luminance, opposite=True)
    total = energy + twin
    return torch.where(total > 0, (energy - twin) / torch.where(total > 0, total, 1), 0)


def population_direction(responses: np.ndarray | Tensor, units: xr.Dataset) -> np.ndarray:
    """Direction of the sum of the units' preferred directions, each as long as its response.

    Parameters
    ----------
    responses
        ``(..., unit)``, opponent for a meaningful direction.
    units
        Their ``preferred_direction_deg``; a unit without one does not count.

    Returns
    -------
    numpy.ndarray
        ``(...)`` degrees from 0 to 360, counter-clockwise from rightward.

    Raises
    ------
    ValueError
        If the numbers of units differ.
    """
    values = responses.detach().cpu().numpy() if isinstance(responses, Tensor) else np.asarray(responses)
    directions = np.deg2rad(units["preferred_direction_deg"].values)
    if values.ndim == 0 or values.shape[-1] != len(directions):
        raise ValueError(f"responses have the shape {values.shape}; the last axis is to be {len(directions)} units.")
    known = np.isfinite(directions)
    total = values[..., known].astype(float) @ np.exp(1j * directions[known])
    return np.rad2deg(np.angle(total)) % 360
