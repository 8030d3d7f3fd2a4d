"""What the comparison needs from one NWB file of DANDI 000231: trials, touches and spikes, read by path with h5py.

The raw voltage traces, nearly all of such a file, are never read. Times are seconds of the session; spike times count from
the start of the raw recording and are brought to the same clock by subtracting its ``starting_time``.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

SHAPES = ("concave", "convex")
POSITIONS = ("close", "medium", "far")
WHISKERS = ("C0", "C1", "C2", "C3")
TRIALS = "intervals/trials"
STARTING_TIME = "acquisition/extracellular array recording/starting_time"
COLUMNS = ("id", "start_time", "choice_time", "ignore_trial", "outcome", "stimulus", "servo_position")
NEEDED = (
    *(f"{TRIALS}/{column}" for column in COLUMNS),
    "units/id",
    "units/spike_times",
    "units/spike_times_index",
    STARTING_TIME,
)


@dataclass(frozen=True)
class SessionRecord:
    """Correct shape-discrimination trials of one session and the spikes of its units.

    Attributes
    ----------
    animal, session
        From the file's name: ``sub-219CR``, ``ses-20190403``.
    trial_id
        ``(trial,)`` ids in the file's trial table.
    stimulus
        ``(trial,)`` shape and position, such as ``"convex far"``.
    start_s, choice_s
        ``(trial,)`` start of the trial and time of the choice [s].
    first_touch_s
        ``(trial,)`` first contact of any whisker until the choice [s], at the next video frame; NaN without contact.
    unit_id
        ``(unit,)`` ids in the file's table of units.
    spikes_s
        Sorted spike times of each unit [s].
    """

    animal: str
    session: str
    trial_id: np.ndarray
    stimulus: np.ndarray
    start_s: np.ndarray
    choice_s: np.ndarray
    first_touch_s: np.ndarray
    unit_id: np.ndarray
    spikes_s: tuple[np.ndarray, ...]

    @property
    def sha256(self) -> str:
        """Hash of the trials and spikes."""
        digest = hashlib.sha256("\n".join(self.stimulus).encode())
        for array in (self.trial_id, self.start_s, self.choice_s, self.first_touch_s, self.unit_id, *self.spikes_s):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def read_nwb(path: str | Path) -> SessionRecord:
    """Read one session: trials not to be ignored, with a correct answer, that showed a convex or concave shape.

    Raises
    ------
    ValueError
        If the file is no HDF5, lacks a column or a part of one, holds no such trial, or has times or positions that cannot be.

    References
    ----------
    Rodgers 2022, Scientific Data 9:620, table 6 (columns of the trial table).
    """
    path = Path(path)
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"{path} cannot be read as NWB, which is HDF5 ({error}); download it again.") from None
    with file:
        missing = [name for name in NEEDED if name not in file]
        if missing:
            raise ValueError(
                f"{path} lacks {', '.join(missing)}; a session of DANDI 000231 has all of {', '.join(NEEDED)}: download it "
                "again, or move other files out of the folder."
            )
        trials = file[TRIALS]
        lengths = {column: len(trials[column]) for column in COLUMNS}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"{path} has columns of {TRIALS} of unequal length, {lengths}; download it again.")
        shape, position = trials["stimulus"].asstr()[:], trials["servo_position"].asstr()[:]
        kept = ~trials["ignore_trial"][:].astype(bool)
        kept &= (trials["outcome"].asstr()[:] == "correct") & np.isin(shape, SHAPES)
        rows = np.flatnonzero(kept)
        if not len(rows):
            raise ValueError(
                f"{path} has {len(kept)} trials, but none that is correct, not to be ignored, and shows a convex or concave "
                "shape; leave the session out."
            )
        strange = sorted(set(position[rows].tolist()) - set(POSITIONS))
        if strange:
            raise ValueError(
                f"{path} has the servo position {strange[0]!r}; accepted are {', '.join(POSITIONS)}: leave the session out."
            )
        start, choice = trials["start_time"][:][rows], trials["choice_time"][:][rows]
        if not (choice > start).all():
            raise ValueError(
                f"{path} has {int((~(choice > start)).sum())} kept trials whose choice_time is not after start_time; "
                "leave the session out."
            )
        stimulus = np.array([f"{shape[row]} {position[row]}" for row in rows])
        spikes = _spikes(file, path)
        touch = _first_touch(file, start, choice)
        trial_id, unit_id = trials["id"][:][rows], file["units/id"][:]
    animal, _, rest = path.stem.partition("_")
    session = rest.partition("_behavior")[0]
    return SessionRecord(animal, session, trial_id, stimulus, start, choice, touch, unit_id, spikes)


def _spikes(file: h5py.File, path: Path) -> tuple[np.ndarray, ...]:
    times = file["units/spike_times"][:] - file[STARTING_TIME][()]
    ends = file["units/spike_times_index"][:].astype(np.int64)
    if not len(ends) or (np.diff(ends, prepend=0) < 0).any() or ends[-1] != len(times):
        raise ValueError(
            f"{path} has units/spike_times_index that does not cut {len(times)} spike times into units; download it again."
        )
    if len(file["units/id"]) != len(ends):
        raise ValueError(f"{path} has {len(file['units/id'])} units/id for {len(ends)} units; download it again.")
    if not np.isfinite(times).all():
        raise ValueError(
            f"{path} has {int((~np.isfinite(times)).sum())} spike times that are not finite after the subtraction of "
            f"{STARTING_TIME}; download it again."
        )
    return tuple(np.sort(one) for one in np.split(times, ends[:-1]))


def _first_touch(file: h5py.File, start: np.ndarray, choice: np.ndarray) -> np.ndarray:
    """First contact from start to choice, moved to the next frame of the whisker that was tracked in most frames."""
    behaviour = "processing/behavior"
    frames = [
        file[name][:]
        for whisker in WHISKERS
        if (name := f"{behaviour}/processed_position_whisker_{whisker}/angle/timestamps") in file
    ]
    onsets = [
        file[name][:]
        for whisker in WHISKERS
        if (name := f"{behaviour}/contacts_by_whisker_{whisker}/start_time") in file
    ]
    if not frames or not onsets:
        return np.full(len(start), np.nan)
    grid, contacts = max(frames, key=len), np.sort(np.concatenate(onsets))
    first = np.append(contacts, np.inf)[np.searchsorted(contacts, start)]
    frame = np.append(grid, np.nan)[np.searchsorted(grid, first)]
    return np.where(first <= choice, frame, np.nan)
