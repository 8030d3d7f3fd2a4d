"""Writer of tiny NWB files in the layout of DANDI 000231: only what a loader may read, every number given or drawn."""

import h5py
import numpy as np
import pytest

SIX = [f"{shape} {position}" for shape in ("concave", "convex") for position in ("close", "medium", "far")]
RAW = "acquisition/extracellular array recording"


def text(values):
    return np.array(values, dtype=h5py.string_dtype())


@pytest.fixture
def write_session(tmp_path):
    """Write one session and return its path; trials last 4 s, with the choice 2.5 s after the start."""

    def write(
        animal="sub-A",
        session="ses-1",
        *,
        stimuli=tuple(SIX * 2),
        spikes=None,
        n_units=3,
        seed=0,
        starting_time=0.0,
        choice_after=2.5,
        contacts=None,
        without=(),
        **columns,
    ):
        rng = np.random.default_rng(seed)
        start = 5.0 + 4.0 * np.arange(len(stimuli))
        if spikes is None:
            spikes = [np.sort(rng.uniform(0, start[-1] + 4, rng.integers(200, 400))) for _ in range(n_units)]
        table = {
            "id": np.arange(len(stimuli)),
            "start_time": start,
            "choice_time": start + choice_after,
            "ignore_trial": np.zeros(len(stimuli), dtype=bool),
            "outcome": text(["correct"] * len(stimuli)),
            "stimulus": text([name.split()[0] for name in stimuli]),
            "servo_position": text([name.split()[1] for name in stimuli]),
        } | columns
        path = tmp_path / "nwb" / animal / f"{animal}_{session}_behavior+ecephys+image.nwb"
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(path, "w") as file:
            for name, column in table.items():
                file[f"intervals/trials/{name}"] = column
            file["units/id"] = np.arange(len(spikes))
            file["units/spike_times"] = np.concatenate([*spikes, np.empty(0)]) + starting_time
            file["units/spike_times_index"] = np.cumsum([len(one) for one in spikes]).astype(np.uint16)
            file[f"{RAW}/starting_time"] = starting_time
            for whisker, onsets in (contacts or {"C1": start + 1.0}).items():
                file[f"processing/behavior/contacts_by_whisker_{whisker}/start_time"] = onsets
                frames = np.arange(0, start[-1] + 4, 0.1)
                file[f"processing/behavior/processed_position_whisker_{whisker}/angle/timestamps"] = frames
            for name in without:
                del file[name]
        return path

    return write
