"""Henaff et al. 2021: macaque V1 populations, spike counts to the frames of natural and synthetic films.

One dataset per recording, ``vision/henaff2021.<recording>``. All recordings saw the same 440 frames, so one population can
predict another. The frames themselves are not public: the stimuli here are names, not images.
"""

from itertools import product

import numpy as np
import pandas as pd
import xarray as xr

from ..access import locate_all
from ..assembly import make_responses
from ..catalogue import register_dataset
from ..dataset import DataFile, DatasetInfo, NeuralDataset
from ..splits import SplitSpec
from ..stimuli import StimulusSet

FAMILY = "vision/henaff2021"
CATEGORIES = ("natural", "synthetic", "contrast")
SCALES = ("zoom1x", "zoom2x")
N_FRAMES = 11
WINDOW_S = 0.2

# recording: neuroids, SHA-256, bytes
RECORDINGS = {
    "ay2_u003": (39, "08b73d7f485a5d76c1ca3ce9f3754ecf7ad5132567ae50f6416fef6d41e0ac44", 544_132),
    "ay3_u001": (47, "f57aa5994ba4b79ecb870165306f3aaebcc8200aa4e4d6af3170e342211f44a2", 649_558),
    "ay3_u002": (53, "f225ee3efdc1118055303a5fbc80f935ef5accd41cd53f1f5d23831172ce1b07", 654_080),
    "ay4_u001": (13, "6e2215415e3ed32f2514be0b3963adb99d163168e6c997d5201fed141cd82da4", 143_164),
    "ay4_u005": (46, "32cc71e4f9f4754c2bab3918c2555ca30191e94252feea82c1eb09243f9b9447", 619_671),
    "ay4_u006": (66, "4e0324b7d4bb1860fe52ba3eb34c517840d494f996612fd64ff952026b00f69e", 907_102),
    "ay5_u005": (49, "ac1357ae1dbb2cf1cb9dfa0c8c41481ad1bd857f07d5aba8ee65f7df6591d985", 489_131),
}

SPLITS = {
    "movie5": SplitSpec("movie5", "group-kfold", 5, seed=0, group="movie"),
    "shuffled5": SplitSpec("shuffled5", "kfold", 5, seed=0),
}


def info_of(recording: str) -> DatasetInfo:
    """Facts about one recording."""
    n_neuroids, sha256, n_bytes = RECORDINGS[recording]
    return DatasetInfo(
        name=f"{FAMILY}.{recording}",
        summary=f"electrophysiology, macaque V1, {n_neuroids} units, 440 film frames, up to 60 repetitions ({recording})",
        citation=(
            "Henaff, Bai, Charlton, Nauhaus, Simoncelli, Goris 2021, Nature Communications 12:5982, "
            "doi 10.1038/s41467-021-25939-z"
        ),
        licence="none stated",
        access="own copy",
        how_to_get=(
            f"The counts stem from V1_responses/{recording}_image_sequences.mat of "
            "github.com/wongyoJung/Primary-visual-cortex-straightens-natural-video-trajectories, stored as arrays of whole "
            "numbers with -1 for what was not shown."
        ),
        units="spikes in 200 ms",
        files=(DataFile(f"{recording}.npz", None, sha256, n_bytes, "counts per frame, unit and repetition"),),
        folder="recordings/macaque_v1_natural_sequences",
        notes=(
            "The frames are not public, so no model of images can be scored; the stimuli are codes of scale, category, film "
            "and frame. Units were lost and found during a recording: a response that a unit lacks is NaN. First and last "
            "frame of a synthetic sequence, and the last of a contrast sequence, are those of the natural one and stand once."
        ),
        splits=SPLITS,
    )


def _stimuli(name: str, movies: list[str], shown: np.ndarray) -> tuple[StimulusSet, np.ndarray]:
    """Frames that were shown, each once, and their places ``(stimulus, 4)`` in the counts."""
    rows = []
    for scale, category, movie, frame in product(*map(range, (len(SCALES), len(CATEGORIES), len(movies), N_FRAMES))):
        natural_too = category > 0 and (frame == N_FRAMES - 1 or (category == 1 and frame == 0))
        if shown[scale, category, movie, frame] and not natural_too:
            rows.append((scale, category, movie, frame))
    places = np.array(rows)
    table = pd.DataFrame(
        {
            "stimulus_id": [f"{movies[m]}.{SCALES[s]}.{CATEGORIES[c]}.{f:02d}" for s, c, m, f in rows],
            "scale": [SCALES[s] for s, _, _, _ in rows],
            "category": [CATEGORIES[c] for _, c, _, _ in rows],
            "movie": [movies[m] for _, _, m, _ in rows],
            "frame": places[:, 3],
        }
    )
    codes = xr.DataArray(
        places.astype(np.float32),
        dims=("stimulus", "descriptor"),
        coords={
            "stimulus_id": ("stimulus", table["stimulus_id"].to_numpy(dtype=str)),
            "descriptor": ["scale", "category", "movie", "frame"],
        },
        attrs={"unit": "code, not an image"},
    )
    return StimulusSet(name, table, group="movie", arrays=codes), places


def load(info: DatasetInfo) -> NeuralDataset:
    """Open one recording: a presentation per frame and repetition, NaN for units that were not recorded then."""
    (located,) = locate_all(info)
    recording = info.name.partition(".")[2]
    with np.load(located.path, allow_pickle=False) as arrays:
        counts = arrays["counts"]  # (scale, category, movie, frame, neuroid, repetition)
        movies = arrays["movie"].astype(str).tolist()
        latency = float(arrays["latency_s"])
        layout = (*arrays["scale"].astype(str).tolist(), *arrays["category"].astype(str).tolist())
    if layout != (*SCALES, *CATEGORIES) or counts.shape[3] != N_FRAMES:
        raise ValueError(f"{located.path} has the layout {layout}, expected {(*SCALES, *CATEGORIES)} and 11 frames.")
    stimuli, places = _stimuli(info.name, movies, (counts >= 0).any(axis=(4, 5)))
    cube = counts[tuple(places.T)].transpose(0, 2, 1)  # (stimulus, repetition, neuroid)
    row, repetition = np.nonzero((cube >= 0).any(axis=2))
    values = np.where(cube >= 0, cube, np.nan)[row, repetition]
    n_neuroids = cube.shape[2]
    responses = make_responses(
        values,
        presentation={"stimulus_id": np.array(stimuli.ids)[row], "repetition": repetition},
        neuroid={
            "neuroid_id": [f"{recording}.{unit:02d}" for unit in range(n_neuroids)],
            "region": np.full(n_neuroids, "V1"),
            "subject": np.full(n_neuroids, recording.partition("_")[0]),
            "recording": np.full(n_neuroids, recording),
        },
        unit=info.units,
    )
    responses.attrs.update(window_start_s=latency, window_end_s=latency + WINDOW_S)
    return NeuralDataset(
        info=info, responses=responses, stimuli=stimuli, splits=SPLITS, provenance={located.file.path: located.sha256}
    )


for _recording in RECORDINGS:
    register_dataset(info_of(_recording), load)
