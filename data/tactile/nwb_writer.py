"""Sessions as NWB files in the layout of DANDI 000231, with no more in them than `read_nwb` reads."""

from pathlib import Path

import h5py
import numpy as np

from ..atomic import atomic_path
from .nwb import STARTING_TIME, TRIALS, SessionRecord


def write_nwb(record: SessionRecord, folder: str | Path) -> Path:
    """Write one session.

    Parameters
    ----------
    record
        Trials, all of them correct and not to be ignored, and spikes.
    folder
        The file becomes ``<animal>/<animal>_<session>_behavior+ecephys+image.nwb`` below it.

    Returns
    -------
    Path
        The file. Raw voltages, tracked whiskers and contacts are not in it: a window that begins with the touch cannot be
        read from it.

    References
    ----------
    Rodgers 2022, Scientific Data 9:620, table 6 (columns of the trial table).
    """
    path = Path(folder) / record.animal / f"{record.animal}_{record.session}_behavior+ecephys+image.nwb"
    n_trials, text = len(record.trial_id), h5py.string_dtype()
    shape, position = zip(*(name.split() for name in record.stimulus), strict=True)
    columns = {
        "id": record.trial_id,
        "start_time": record.start_s,
        "stop_time": np.append(record.start_s[1:], record.choice_s[-1]),
        "choice_time": record.choice_s,
        "ignore_trial": np.zeros(n_trials, dtype=bool),
        "outcome": np.array(["correct"] * n_trials, dtype=text),
        "stimulus": np.array(shape, dtype=text),
        "servo_position": np.array(position, dtype=text),
    }
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        for name, column in columns.items():
            file[f"{TRIALS}/{name}"] = column
        file["units/id"] = record.unit_id
        file["units/spike_times"] = np.concatenate(record.spikes_s)
        file["units/spike_times_index"] = np.cumsum([len(one) for one in record.spikes_s])
        file[STARTING_TIME] = 0.0
    return path
