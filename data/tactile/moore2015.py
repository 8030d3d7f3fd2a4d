"""Moore et al. 2015: one neuron of rat VPM thalamus while the whiskers move freely in air.

The stimulus is the whisker's angle. The authors' own decomposition of it (phase, amplitude, set point, whisking bouts) are
coordinates of the stimulus array, so that one computed here can be laid beside it.
"""

import numpy as np
import pandas as pd
import xarray as xr

from ..access import locate_all
from ..assembly import make_responses
from ..catalogue import register_dataset
from ..dataset import DataFile, DatasetInfo, NeuralDataset
from ..stimuli import StimulusSet

NAME = "tactile/moore2015.83_e2"
N_EPOCHS = 4
TICKS_PER_SAMPLE = 40  # clock of 40 kHz, whisker samples every ms
RATE_HZ = 1000.0
DECOMPOSITION = ("phase_rad", "amplitude_deg", "setpoint_deg", "whisking")

INFO = DatasetInfo(
    name=NAME,
    summary="electrophysiology, rat VPM thalamus, 1 unit, 40 s of free whisking in air (whisker E2)",
    citation=(
        "Moore, Mercer Lindsay, Deschenes, Kleinfeld 2015, PLoS Biology 13(9):e1002253, doi 10.1371/journal.pbio.1002253; "
        "distributed with Aljadeff, Lansdell, Fairhall, Kleinfeld 2016, Neuron 91:221, doi 10.1016/j.neuron.2016.05.039"
    ),
    licence="none stated",
    access="own copy",
    how_to_get=(
        "The arrays are those of WhiskerData/VPM_cell_83_E2.mat of github.com/NeuroInfoPrimer/primer, one set per epoch "
        "(sample_k, position_deg_k, ..., spike_sample_k), ticks of 40 kHz as whole numbers."
    ),
    units="spikes in 1 ms",
    files=(
        DataFile(
            "vpm_cell_83_E2.npz",
            None,
            "481cb309ed1b326d5adaf8f3b8086a5ba849b63586773f2cc321c61df18811a4",
            589_518,
            "whisker angle and its decomposition at 1 kHz, spike times",
        ),
    ),
    folder="recordings/rat_vpm_whisking",
    notes=(
        "Four epochs of about 10 s, none a repetition of another, so that no ceiling can be estimated. Angle: -180 deg fully "
        "retracted, -90 perpendicular, 0 fully protracted; upsampled from video by the authors. Phase: 0 most protracted, "
        "negative while protracting. A spike counts in the millisecond that begins with the last whisker sample before it; "
        "spikes outside the whisker's time are left out."
    ),
)


def load(info: DatasetInfo) -> NeuralDataset:
    """Open the recording: one presentation per epoch, spike counts per millisecond."""
    (located,) = locate_all(info)
    with np.load(located.path, allow_pickle=False) as arrays:
        counts = np.stack([_counts(arrays[f"spike_sample_{k}"], arrays[f"sample_{k}"]) for k in range(N_EPOCHS)])
        angle = np.stack([arrays[f"position_deg_{k}"] for k in range(N_EPOCHS)])
        parts = {name: np.stack([arrays[f"{name}_{k}"] for k in range(N_EPOCHS)]) for name in DECOMPOSITION}
    ids = [f"epoch{k}" for k in range(N_EPOCHS)]
    start_ms = np.arange(counts.shape[1]) * 1000 / RATE_HZ
    stimuli = xr.DataArray(
        angle,
        dims=("stimulus", "time"),
        coords={"stimulus_id": ("stimulus", np.array(ids)), "time_ms": ("time", start_ms)}
        | {name: (("stimulus", "time"), values) for name, values in parts.items()},
        attrs={"unit": "deg", "rate_hz": RATE_HZ},
    )
    responses = make_responses(
        counts[:, None],
        presentation={"stimulus_id": ids},
        neuroid={"neuroid_id": ["83_e2"], "region": ["VPM thalamus"], "whisker": ["E2"]},
        time_bin={"time_bin_start_ms": start_ms, "time_bin_end_ms": start_ms + 1000 / RATE_HZ},
        unit=info.units,
    )
    table = pd.DataFrame({"stimulus_id": ids})
    return NeuralDataset(
        info=info,
        responses=responses,
        stimuli=StimulusSet(info.name, table, arrays=stimuli),
        splits={},
        provenance={located.file.path: located.sha256},
    )


def _counts(spikes: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Spikes ``(sample,)`` that begin in the millisecond of each whisker sample; both in ticks."""
    if (np.diff(samples) != TICKS_PER_SAMPLE).any():
        raise ValueError(
            f"whisker samples of {NAME} are not {TICKS_PER_SAMPLE} ticks apart; restore the file whose hash is recorded."
        )
    inside = spikes[(spikes >= samples[0]) & (spikes <= samples[-1])]
    return np.bincount((inside - samples[0]) // TICKS_PER_SAMPLE, minlength=len(samples))


register_dataset(INFO, load)
