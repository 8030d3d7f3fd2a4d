"""Single neurons of macaque area MT under random dots: direction tuning, and coherence while the monkey judged direction.

One dataset per neuron, ``motion/mt-rdk.<cell>``.
"""

import numpy as np
import pandas as pd
import xarray as xr

from ..access import locate_all
from ..assembly import make_responses
from ..catalogue import register_dataset
from ..dataset import DataFile, DatasetInfo, NeuralDataset
from ..stimuli import StimulusSet

FAMILY = "motion/mt-rdk"
EXPERIMENTS = ("direction", "coherence")
# The files state 99.9 per cent where all dots move together.
DESCRIPTORS = ("direction_deg", "coherence")

# cell: trials in both experiments, SHA-256, bytes
CELLS = {
    "cell1": (733, "83845ca5e6c74124481e5b56f7d72141a86f6839760fe84fdcfa1743e3555c3f", 110_652),
    "cell2": (337, "550a4748fdd94e1607ff9f97fe0ef2057a30d467e5b1892463cd48d8493f3c56", 32_418),
    "cell3": (553, "7b5cf5776569189015e6452db6856ce8fade13528fd07887f98fd811428b311b", 64_176),
    "cell4": (344, "91730ec3880b591f69156eb9348830e629d6a3fa007f1b9f94f7d0a94a8191bc", 48_628),
}


def info_of(cell: str) -> DatasetInfo:
    """Facts about one neuron's recording."""
    n_trials, sha256, n_bytes = CELLS[cell]
    return DatasetInfo(
        name=f"{FAMILY}.{cell}",
        summary=f"electrophysiology, macaque MT neuron, {n_trials} trials of random dots, 8 directions, 7 coherences ({cell})",
        citation="zpsheldon/Visual_Cortical_Neuron_Analysis, HW5_data.mat; recorded in the laboratory of J. Gold, unpublished",
        licence="none stated",
        access="own copy",
        how_to_get=(
            f"The arrays are those of {cell} in HW5_data.mat of github.com/zpsheldon/Visual_Cortical_Neuron_Analysis, one set "
            "per experiment (direction_, coherence_): dot_on_ms, dot_off_ms, dot_dir_deg, dot_coh_pct, task, correct, and all "
            "spikes in spike_ms with spike_indptr."
        ),
        units="spikes/s",
        files=(DataFile(f"mt_{cell}.npz", None, sha256, n_bytes, "spike times and dots of every trial"),),
        folder="recordings/macaque_mt_rdk",
        notes=(
            "Rates are spikes between onset and offset of the dots over that time. The dots moved at one speed that the file "
            "does not state; the sign of directions is inferred (0 rightward, counter-clockwise). At coherence 0 the direction "
            "is a label only. That both experiments are of one neuron is what the source's code says. The task codes are the "
            "file's: 3 tuning, 5 and 6 discrimination."
        ),
    )


def load(info: DatasetInfo) -> NeuralDataset:
    """Open one neuron's trials of both experiments, in the order in which they were run."""
    (located,) = locate_all(info)
    with np.load(located.path, allow_pickle=False) as arrays:
        trials = pd.concat([_trials(arrays, experiment) for experiment in EXPERIMENTS], ignore_index=True)
    trials["stimulus_id"] = [
        f"{experiment}.{degrees:03.0f}deg.{1000 * share:04.0f}"
        for experiment, degrees, share in zip(*(trials[name] for name in ("experiment", *DESCRIPTORS)), strict=True)
    ]
    trials["repetition"] = trials.groupby("stimulus_id").cumcount()
    shown = ["stimulus_id", "experiment", *DESCRIPTORS]
    table = trials[shown].drop_duplicates("stimulus_id").sort_values("stimulus_id", ignore_index=True)
    table["kind"] = "dots"
    # What the dots did, whichever experiment they were shown in: without coherence, their direction is a label only.
    degrees = np.where(table["coherence"] > 0, table["direction_deg"], 0.0)
    table["condition"] = [f"{a:03.0f}deg.{1000 * c:04.0f}" for a, c in zip(degrees, table["coherence"], strict=True)]
    codes = xr.DataArray(
        table[list(DESCRIPTORS)].to_numpy(np.float32),
        dims=("stimulus", "descriptor"),
        coords={
            "stimulus_id": ("stimulus", table["stimulus_id"].to_numpy(dtype=str)),
            "descriptor": list(DESCRIPTORS),
        },
        attrs={"unit": "parameters, not images"},
    )
    responses = make_responses(
        (trials["n_spikes"] / trials["duration_s"]).to_numpy()[:, None],
        presentation={
            "stimulus_id": trials["stimulus_id"].to_numpy(dtype=str),
            **{name: trials[name].to_numpy() for name in ("repetition", "n_spikes", "duration_s", "task", "correct")},
        },
        neuroid={"neuroid_id": [info.name.partition(".")[2]], "region": ["MT"]},
        unit=info.units,
    )
    return NeuralDataset(
        info=info,
        responses=responses,
        stimuli=StimulusSet(info.name, table, arrays=codes),
        splits={},
        provenance={located.file.path: located.sha256},
    )


def _trials(arrays: np.lib.npyio.NpzFile, experiment: str) -> pd.DataFrame:
    on, off = arrays[f"{experiment}_dot_on_ms"], arrays[f"{experiment}_dot_off_ms"]
    spikes, first = arrays[f"{experiment}_spike_ms"].astype(float), arrays[f"{experiment}_spike_indptr"]
    trial = np.repeat(np.arange(len(on)), np.diff(first))
    inside = (spikes >= on[trial]) & (spikes < off[trial])
    return pd.DataFrame(
        {
            "experiment": experiment,
            "direction_deg": arrays[f"{experiment}_dot_dir_deg"] % 360,
            "coherence": np.round(arrays[f"{experiment}_dot_coh_pct"] / 100, 6),
            "n_spikes": np.bincount(trial[inside], minlength=len(on)),
            "duration_s": (off - on) / 1000,
            "task": arrays[f"{experiment}_task"].astype(int),
            "correct": arrays[f"{experiment}_correct"].astype(int),
        }
    )


for _cell in CELLS:
    register_dataset(info_of(_cell), load)
