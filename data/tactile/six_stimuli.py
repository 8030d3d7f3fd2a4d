"""The six stimuli of the comparison with barrel cortex as a network takes them: simulated here, since theirs are not public.

Made by ``examples/make_barrel_cortex_stimuli.py`` with the simulator of this package (``simulators.whisker``): 30 elastic
whiskers of the right side of a mouse whisk at 8 Hz for 1 s against a concave or convex plate at three distances.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from ..stimuli import StimulusSet
from .sessions import CANONICAL_ORDER

FILE = Path(__file__).with_name("barrel_cortex_stimuli.npz")
DIMS = ("stimulus", "time", "channel", "row", "col")
WORDS = (
    "Models are shown forces that this package simulated for the six stimuli (8 Hz whisking, plates close, medium and far); "
    "the stimuli of Chung et al. 2025 are not public, and the animals' own whisker movements are not simulated."
)


def six_stimuli(name: str) -> StimulusSet:
    """The stimuli in `CANONICAL_ORDER`.

    Parameters
    ----------
    name
        Name of the set.

    Returns
    -------
    StimulusSet
        Arrays ``(stimulus, time 22, channel 30, row 5, col 7)`` in mN (forces) and uN.m (moments); channel 6 s + q is
        quantity q (Fx, Fy, Fz, Mx, My, Mz) of sub-frame s. Columns ``shape`` and ``servo_position``.

    References
    ----------
    Chung et al. 2025, arXiv:2505.18361 (layout, poses of the plates). Zweifel et al. 2021, PNAS 118 (whisking).
    """
    table = pd.DataFrame(
        {
            "stimulus_id": CANONICAL_ORDER,
            "shape": [one.split()[0] for one in CANONICAL_ORDER],
            "servo_position": [one.split()[1] for one in CANONICAL_ORDER],
        }
    )
    arrays = xr.DataArray(
        _content()["stimuli"].astype(np.float32),
        dims=DIMS,
        coords={"stimulus_id": ("stimulus", np.array(CANONICAL_ORDER))},
        attrs={"unit": "mN (F), uN.m (M)"},
    )
    return StimulusSet(name, table, arrays=arrays)


def hidden_layer() -> np.ndarray:
    """Features ``(stimulus, feature)`` of the network that drives the planted recording: its conv4, mean over time."""
    return _content()["hidden"].astype(np.float64)


@cache
def _content() -> dict[str, np.ndarray]:
    with np.load(FILE, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in ("stimuli", "hidden")}
