"""Iurilli & Datta 2017: single units of the mouse's olfactory cortex under ten odours, spikes to the millisecond.

``timescale/iurilli2017.apcx`` is anterior piriform cortex, ``timescale/iurilli2017.plcoa`` the posterolateral cortical
amygdala.
"""

import numpy as np
import pandas as pd
import xarray as xr

from ..access import locate_all
from ..assembly import make_responses
from ..catalogue import dataset_info, register_dataset
from ..dataset import DataFile, DatasetInfo, NeuralDataset
from ..stimuli import StimulusSet

FAMILY = "timescale/iurilli2017"
TRIAL_MS, ODOUR_MS, BIN_MS = 10_000, 4000, 50

# area: name, units, sessions, file, SHA-256, bytes
AREAS = {
    "apcx": (
        "anterior piriform cortex",
        229,
        10,
        "aPCx_AA.npz",
        "290074dc01653b5b1eb5ac04a30ce72c00f0c458a0162f8edd949a2ad4f631a2",
        1_205_039,
    ),
    "plcoa": (
        "posterolateral cortical amygdala",
        249,
        12,
        "plCoA_AA.npz",
        "df079bb0820ebbdf43bd46d928d1195ffacd2e1bdd755e81fe0b647eff295e69",
        462_377,
    ),
}


def info_of(area: str) -> DatasetInfo:
    """Facts about the recordings of one area."""
    words, n_units, n_sessions, file, sha256, n_bytes = AREAS[area]
    return DatasetInfo(
        name=f"{FAMILY}.{area}",
        summary=f"electrophysiology, mouse {words}, {n_units} units, 10 odours x 10 trials of 10 s",
        citation=(
            "Iurilli, Datta 2017, Neuron 93:1180-1197, doi 10.1016/j.neuron.2017.02.010; data of "
            "dattalab/Population-coding-in-an-Innately-Relevant-Olfactory-Area"
        ),
        licence="none stated",
        access="own copy",
        how_to_get=(
            f"The arrays are those of IurilliAndDatta2017_Data/{file.removesuffix('.npz')}.mat of github.com/dattalab/"
            "Population-coding-in-an-Innately-Relevant-Olfactory-Area: shape (units, odours, trials), spike_ms with "
            "spike_indptr of every trial, experiment, shank, isolation_distance and l_ratio per unit."
        ),
        units="spikes in 50 ms",
        files=(DataFile(file, None, sha256, n_bytes, "spike times of every trial"),),
        folder="recordings/mouse_olfactory_cortex_spikes",
        notes=(
            f"Awake, head-fixed. Silicon probes, {n_sessions} sessions; units of one session (coordinate subject) were "
            "recorded together, others were not. Time counts from the odour, which is aligned to the first inhalation and "
            "lasts 2 s; the 4 s before it are baseline. Which odours these are the files do not say."
        ),
    )


def load(info: DatasetInfo) -> NeuralDataset:
    """Open one area: a presentation per odour and trial, spikes in bins of 50 ms from -4 to 6 s."""
    (located,) = locate_all(info)
    with np.load(located.path, allow_pickle=False) as arrays:
        n_units, n_odours, n_trials = (int(one) for one in arrays["shape"])
        spikes, first = arrays["spike_ms"].astype(int), arrays["spike_indptr"].astype(int)
        facts = {name: arrays[name] for name in ("experiment", "shank", "isolation_distance", "l_ratio")}
    n_bins = TRIAL_MS // BIN_MS
    trial = np.repeat(np.arange(len(first) - 1), np.diff(first))
    # A spike at the very end belongs to the last bin.
    place = trial * n_bins + np.minimum(spikes // BIN_MS, n_bins - 1)
    counts = np.bincount(place, minlength=(len(first) - 1) * n_bins).reshape(n_units, n_odours * n_trials, n_bins)
    odours = np.array([f"odour{number}" for number in range(1, n_odours + 1)])
    start_ms = np.arange(n_bins) * BIN_MS - ODOUR_MS
    responses = make_responses(
        counts.transpose(1, 0, 2),
        presentation={
            "stimulus_id": np.repeat(odours, n_trials),
            "repetition": np.tile(np.arange(n_trials), n_odours),
        },
        neuroid={
            "neuroid_id": [f"unit{number:03d}" for number in range(1, n_units + 1)],
            "region": np.full(n_units, info.name.rpartition(".")[2]),
            "subject": np.array([f"session{one}" for one in facts["experiment"]]),
            **{name: facts[name] for name in ("shank", "isolation_distance", "l_ratio")},
        },
        time_bin={"time_bin_start_ms": start_ms, "time_bin_end_ms": start_ms + BIN_MS},
        unit=info.units,
    )
    codes = xr.DataArray(
        np.arange(1, n_odours + 1, dtype=np.float32)[:, None],
        dims=("stimulus", "descriptor"),
        coords={"stimulus_id": ("stimulus", odours), "descriptor": ["number"]},
        attrs={"unit": "number of the odour, not an input"},
    )
    return NeuralDataset(
        info=info,
        responses=responses,
        stimuli=StimulusSet(info.name, pd.DataFrame({"stimulus_id": odours}), arrays=codes),
        splits={},
        provenance={located.file.path: located.sha256},
    )


def trial_spikes(name: str) -> list[list[np.ndarray]]:
    """Spike times [ms] within the trials of 10 s: a list per unit of one array per trial, odour by odour.

    The odour comes at 4000 ms.

    Raises
    ------
    DataNotAvailableError, ChecksumError
        As `data.load_dataset`.
    """
    (located,) = locate_all(dataset_info(name))
    with np.load(located.path, allow_pickle=False) as arrays:
        n_units = int(arrays["shape"][0])
        trials = np.split(arrays["spike_ms"].astype(float), arrays["spike_indptr"][1:-1])
    n_trials = len(trials) // n_units
    return [trials[unit * n_trials : (unit + 1) * n_trials] for unit in range(n_units)]


for _area in AREAS:
    register_dataset(info_of(_area), load)
