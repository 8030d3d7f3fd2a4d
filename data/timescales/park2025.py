"""Park et al. 2025: memory cells of the macaque's prefrontal cortex while a direction is kept in mind.

``timescale/park2025`` holds the delay after one of six directions, ``timescale/park2025.trial`` fixation, target and delay
for the two directions that the authors call preferred and null.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd
import xarray as xr

from ..access import locate_all
from ..assembly import make_responses
from ..catalogue import register_dataset
from ..dataset import DataFile, DatasetInfo, NeuralDataset
from ..stimuli import StimulusSet

NAME = "timescale/park2025"
Task = Literal["both", "look", "no look"]
BIN_MS = 50
# Codes of the files to names, in the order of the stimulus table.
DIRECTIONS = {code: f"direction{code}" for code in range(1, 7)}
SIDES = {0: "class0", 1: "class1"}
CITATION = (
    "Park et al. 2025, bioRxiv 10.1101/2025.02.25.640211; data of github.com/pjjeongjun/Orthogonal_Code, units 1 to 240 "
    "of 319"
)
NOTES = (
    "Macaque lateral prefrontal cortex. Units were not recorded together: a repetition is a pseudo-trial, the n-th trial "
    "of each unit in that condition, and units have unequal numbers of them (NaN after the last). Rates of the files were "
    "multiples of 20 Hz, here spikes in 50 ms. "
)


def _info(name: str, summary: str, file: DataFile, source: str, notes: str) -> DatasetInfo:
    return DatasetInfo(
        name=name,
        summary=summary,
        citation=CITATION,
        licence="none stated",
        access="own copy",
        how_to_get=(
            f"The arrays are those of {source} of github.com/pjjeongjun/Orthogonal_Code for units 1 to 240, trials of all "
            "units stacked: rate_hz, direction, look, time_ms, and unit_indptr with the first row of each unit."
        ),
        units="spikes in 50 ms",
        files=(file,),
        folder="recordings/macaque_pfc_working_memory",
        notes=NOTES + notes,
    )


DELAY = _info(
    NAME,
    "electrophysiology, macaque prefrontal cortex, 240 memory cells, 1 s of delay after one of six directions",
    DataFile(
        "delay_6dir_units001_240.npz",
        None,
        "004e5e93439b423b4be0259cb7941ffe7274e5eb31091eb104563fb1794e6591",
        1_092_259,
        "spikes in 50 ms bins from target offset",
    ),
    "Figure5/5C_PCspace/late_delay/spikes_binary_6directions_delay.mat",
    "Directions are six classes of 60 degrees; which is where the source does not say.",
)
TRIAL = _info(
    f"{NAME}.trial",
    "electrophysiology, macaque prefrontal cortex, 240 memory cells, fixation, target and delay, two directions",
    DataFile(
        "trial_prefnull_units001_240.npz",
        None,
        "23f4afd7a6e836a993f914bfca3f0977d95a34559fedc68c071a74ad259f27b8",
        936_884,
        "spikes in 50 ms bins from 500 ms before target onset",
    ),
    "Figure4/4CD_taskEffect/spikes_binary_directions_pref_null.mat",
    "The two classes are preferred and null by the authors' choice; which code is which the source does not say.",
)


def load(info: DatasetInfo, *, task: str = "both") -> NeuralDataset:
    """Open the recording: pseudo-trials ``(presentation, neuroid, time_bin)``, NaN where a unit has fewer trials.

    ``task`` keeps trials of one task: ``"look"``, ``"no look"`` or ``"both"``.
    """
    if task not in get_args(Task):
        raise ValueError(f"task of {info.name} must be one of {', '.join(get_args(Task))}, received {task!r}.")
    (located,) = locate_all(info)
    with np.load(located.path, allow_pickle=False) as arrays:
        counts = np.round(arrays["rate_hz"] * (BIN_MS / 1000)).astype(np.float32)
        direction, look = arrays["direction"].astype(int), arrays["look"].astype(int)
        first, start_ms = arrays["unit_indptr"].astype(int), arrays["time_ms"].astype(float)
    kept = np.ones(len(look), bool) if task == "both" else look == int(task == "look")
    unit = np.repeat(np.arange(len(first) - 1), np.diff(first))
    names = DIRECTIONS if info.name == NAME else SIDES
    cube, repetition, condition = _pseudo_trials(counts[kept], unit[kept], direction[kept], list(names), len(first) - 1)
    ids = np.array(list(names.values()))
    table = pd.DataFrame({"stimulus_id": ids, "code": list(names)})
    responses = make_responses(
        cube,
        presentation={"stimulus_id": ids[condition], "repetition": repetition},
        neuroid={
            "neuroid_id": [f"unit{number:03d}" for number in range(1, len(first))],
            "region": np.full(len(first) - 1, "PFC"),
        },
        time_bin={"time_bin_start_ms": start_ms, "time_bin_end_ms": start_ms + BIN_MS},
        unit=info.units,
    )
    codes = xr.DataArray(
        np.array(list(names), dtype=np.float32)[:, None],
        dims=("stimulus", "descriptor"),
        coords={"stimulus_id": ("stimulus", ids), "descriptor": ["code"]},
        attrs={"unit": "code of the condition, not an input"},
    )
    return NeuralDataset(
        info=info,
        responses=responses,
        stimuli=StimulusSet(info.name, table, arrays=codes),
        splits={},
        provenance={located.file.path: located.sha256},
    )


def _pseudo_trials(
    counts: np.ndarray, unit: np.ndarray, code: np.ndarray, codes: Sequence[int], n_units: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``(pseudo-trial, unit, bin)`` with the number of its repetition and the place of its condition in ``codes``."""
    order = np.lexsort((np.arange(len(unit)), unit, code))
    unit, code, counts = unit[order], code[order], counts[order]
    starts = np.flatnonzero(np.r_[True, (np.diff(unit) != 0) | (np.diff(code) != 0)])
    place = np.arange(len(unit)) - np.repeat(starts, np.diff(np.r_[starts, len(unit)]))
    condition = np.searchsorted(codes, code)
    longest = [int(place[condition == one].max()) + 1 for one in range(len(codes))]
    begin = np.concatenate([[0], np.cumsum(longest)])
    cube = np.full((begin[-1], n_units, counts.shape[1]), np.nan, dtype=np.float32)
    cube[begin[condition] + place, unit] = counts
    repetition = np.concatenate([np.arange(n) for n in longest])
    return cube, repetition, np.repeat(np.arange(len(codes)), longest)


register_dataset(DELAY, load)
register_dataset(TRIAL, load)
