"""What each unit of the energy bank prefers, in the units of the picture."""

import numpy as np
import xarray as xr

from .energy_bank import EnergyBank
from .pyramid import RATIO, level_scale


def bank_units(bank: EnergyBank, *, published_labels: bool = False) -> xr.Dataset:
    """Preferred direction, frequencies and speed of each unit.

    A unit of level k with frequency f prefers ``f RATIO^(k + 1)`` cycles per pixel of the picture, since the finest level
    (k = 0) is already smaller than the picture. This is where the energy of a unit peaks; divisive normalisation by all units
    moves the peak of the response, the more so the fewer and the less evenly spread they are.

    Parameters
    ----------
    bank
        The energy bank, with its parameters as they are now.
    published_labels
        Add the labels of the published code, which takes the finest level for the full picture: spatial frequencies
        ``1 / RATIO`` = 1.486 times too high, speeds as much too low.

    Returns
    -------
    xarray.Dataset
        Along ``unit``: ``preferred_direction_deg`` (counter-clockwise from rightward), ``spatial_frequency_cpp``
        (cycles/pixel), ``temporal_frequency_cpf`` (cycles/frame), ``speed_ppf`` (pixels/frame) and ``level``; if asked for
        ``published_spatial_frequency_cpp`` and ``published_speed_ppf``.
    """
    shape = bank.filters.shape()
    theta, frequency, temporal = (
        value.detach().cpu().double().numpy() for value in (shape.theta, shape.frequency, shape.temporal_frequency)
    )
    level = np.repeat(np.arange(bank.n_levels), bank.units_per_level)
    spatial = frequency * np.repeat([level_scale(k) for k in range(bank.n_levels)], bank.units_per_level)
    columns = {
        "preferred_direction_deg": np.rad2deg(np.pi - theta) % 360,
        "spatial_frequency_cpp": spatial,
        "temporal_frequency_cpf": temporal,
        "speed_ppf": temporal / spatial,
        "level": level,
    }
    if published_labels:
        columns["published_spatial_frequency_cpp"] = spatial / RATIO
        columns["published_speed_ppf"] = temporal / spatial * RATIO
    return xr.Dataset({name: ("unit", values) for name, values in columns.items()})
