"""One form for published tables of timescales: a number per neuron, electrode or area, and no stimulus."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ..assembly import make_responses
from ..dataset import DatasetInfo, NeuralDataset
from ..stimuli import StimulusSet

RECORDING = "whole-recording"


def timescale_table(
    info: DatasetInfo, tau_ms: np.ndarray, neuroid: Mapping[str, npt.ArrayLike], provenance: Mapping[str, str]
) -> NeuralDataset:
    """A dataset of timescales.

    Parameters
    ----------
    info
        Facts.
    tau_ms
        ``(neuroid,)`` timescales [ms].
    neuroid
        Facts per neuroid; ``neuroid_id`` and ``region`` are needed.
    provenance
        File name to SHA-256.

    Returns
    -------
    NeuralDataset
        One presentation, the recording as a whole, whose response is the timescale.
    """
    stimuli = xr.DataArray(
        np.zeros((1, 1), dtype=np.float32),
        dims=("stimulus", "descriptor"),
        coords={"stimulus_id": ("stimulus", [RECORDING])},
        attrs={"unit": "none: timescales belong to the recording as a whole"},
    )
    responses = make_responses(
        np.asarray(tau_ms, dtype=float)[None], presentation={"stimulus_id": [RECORDING]}, neuroid=neuroid, unit="ms"
    )
    table = StimulusSet(info.name, pd.DataFrame({"stimulus_id": [RECORDING]}), arrays=stimuli)
    return NeuralDataset(info, responses, table, {}, dict(provenance))
