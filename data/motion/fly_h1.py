"""The blowfly's neuron H1 under a bar pattern that moves at a white-noise velocity: one signal, one spike train."""

import numpy as np
import pandas as pd
import xarray as xr

from ..access import locate_all
from ..assembly import make_responses
from ..catalogue import register_dataset
from ..dataset import DataFile, DatasetInfo, NeuralDataset
from ..stimuli import StimulusSet

NAME = "motion/fly-h1"
STIMULUS = "white-noise-velocity"

INFO = DatasetInfo(
    name=NAME,
    summary="electrophysiology, blowfly H1 neuron, 16 min of a bar pattern at white-noise velocity, 500 Hz",
    citation=(
        "R. de Ruyter van Steveninck, data of chapter 1, exercise 8 of Dayan & Abbott 2001, Theoretical Neuroscience; "
        "copy: dangbert/cns-coursera"
    ),
    licence="none stated",
    access="own copy",
    how_to_get=(
        "The arrays stim_velocity and spikes are the first 480,000 samples of stim and rho in c1p8.pickle of "
        "week2/quiz/quiz2_code_python3.4.zip of github.com/dangbert/cns-coursera; dt_ms is 2."
    ),
    units="spikes in 2 ms",
    files=(
        DataFile(
            "h1_first16min.npz",
            None,
            "0f9bd7981e7396ca98b1de15cd46794874996e5f8178b52afb57fd7e2991e2f7",
            1_447_267,
            "velocity and spikes at 500 Hz",
        ),
    ),
    folder="recordings/fly_h1_motion",
    notes=(
        "Calliphora vicina. The velocity is read as degrees per second, as the book says; the file has no unit, and does not "
        "say which direction is positive. The pattern itself was not stored. Nothing was repeated, so that no ceiling can be "
        "estimated. The last 4 of the 20 minutes are not part of this dataset."
    ),
)


def load(info: DatasetInfo) -> NeuralDataset:
    """Open the recording: one presentation, spikes in every sample of the velocity."""
    (located,) = locate_all(info)
    with np.load(located.path, allow_pickle=False) as arrays:
        velocity, spikes, step_ms = arrays["stim_velocity"], arrays["spikes"], float(arrays["dt_ms"])
    start_ms = np.arange(len(velocity)) * step_ms
    stimuli = xr.DataArray(
        velocity[None],
        dims=("stimulus", "time"),
        coords={"stimulus_id": ("stimulus", [STIMULUS]), "time_ms": ("time", start_ms)},
        attrs={"unit": "deg/s", "rate_hz": 1000 / step_ms},
    )
    responses = make_responses(
        spikes[None, None],
        presentation={"stimulus_id": [STIMULUS]},
        neuroid={"neuroid_id": ["H1"], "region": ["lobula plate"]},
        time_bin={"time_bin_start_ms": start_ms, "time_bin_end_ms": start_ms + step_ms},
        unit=info.units,
    )
    table = pd.DataFrame({"stimulus_id": [STIMULUS]})
    return NeuralDataset(
        info=info,
        responses=responses,
        stimuli=StimulusSet(info.name, table, arrays=stimuli),
        splits={},
        provenance={located.file.path: located.sha256},
    )


register_dataset(INFO, load)
