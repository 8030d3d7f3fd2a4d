"""Middlebury optical flow: six pairs of frames with dense true motion, one of them with eight frames around it.

One entry per sequence, ``motion/middlebury.<sequence>``. They hold films and their motion, no responses: open them with
`flow_sequence`.
"""

from typing import NoReturn

import xarray as xr

from ..access import locate_all
from ..catalogue import dataset_info, register_dataset
from ..dataset import DatasetInfo
from ..errors import DataNotAvailableError
from .flow_sequences import read_flow_sequence
from .middlebury_files import FILES

FAMILY = "motion/middlebury"
# sequence: its folder, and the folder of further frames
SEQUENCES = {
    "dimetrodon": ("Dimetrodon", None),
    "grove2": ("Grove2", None),
    "hydrangea": ("Hydrangea", None),
    "rubberwhale": ("RubberWhale", "RubberWhale_frames"),
    "urban2": ("Urban2", None),
    "venus": ("Venus", None),
}
FIRST = "frame10.png"


def info_of(sequence: str) -> DatasetInfo:
    """Facts about one sequence."""
    folder, more = SEQUENCES[sequence]
    files = FILES[folder]
    if more:
        files = (*(file for file in files if file.path.endswith(".flo")), *FILES[more])
    n_frames = len(files) - 1
    return DatasetInfo(
        name=f"{FAMILY}.{sequence}",
        summary=f"film, {folder}, {n_frames} frames, true optical flow from {FIRST[:-4]} to the next (Middlebury)",
        citation=(
            "Baker, Scharstein, Lewis, Roth, Black, Szeliski 2011, A database and evaluation methodology for optical flow, "
            "International Journal of Computer Vision 92:1-31"
        ),
        licence="public for research with citation; no other terms are stated",
        access="own copy",
        how_to_get=(
            "The training set of vision.middlebury.edu/flow/data: other-color-twoframes.zip (or other-color-allframes.zip for "
            "all frames) and other-gt-flow.zip, one folder per sequence."
            + (f" Frames 07 to 14 lie in {more}/." if more else "")
        ),
        units="pixels per frame",
        files=files,
        folder="recordings/middlebury_flow",
        notes="Components of the flow above 1e9 in the file are unknown. No frame rate is stated.",
    )


def flow_sequence(name: str) -> xr.Dataset:
    """Open the frames of one sequence and its true motion.

    Parameters
    ----------
    name
        Such as ``"motion/middlebury.rubberwhale"``.

    Returns
    -------
    xarray.Dataset
        See `read_flow_sequence`.

    Raises
    ------
    ValueError
        If the name is another.
    DataNotAvailableError, ChecksumError
        As `data.load_dataset`.
    """
    sequence = name.removeprefix(f"{FAMILY}.")
    if sequence not in SEQUENCES:
        raise ValueError(
            f"{name!r} is no sequence with true motion; there are {', '.join(f'{FAMILY}.{one}' for one in SEQUENCES)}."
        )
    located = {one.file.path: one.path for one in locate_all(dataset_info(f"{FAMILY}.{sequence}"))}
    (flow,) = (path for file, path in located.items() if file.endswith(".flo"))
    frames = sorted((path for path in located.values() if path != flow), key=lambda path: path.name)
    first = [path.name for path in frames].index(FIRST)
    return read_flow_sequence(frames, flow, flow_frame=first, name=f"{FAMILY}.{sequence}")


def _no_responses(info: DatasetInfo) -> NoReturn:
    raise DataNotAvailableError(
        f"{info.name} holds frames with their true motion, no responses; open it with data.motion.flow_sequence({info.name!r})."
    )


for _sequence in SEQUENCES:
    register_dataset(info_of(_sequence), _no_responses)
