"""HuPerFlow: the motion that people perceive at 2,400 places of films from ten data sets of optical flow."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from ..access import LocatedFile, locate, locate_all
from ..catalogue import register_dataset
from ..dataset import DataFile, DatasetInfo, NeuralDataset
from .judged_flow import Clip, judged_flow
from .kitti_frames import FRAMES

NAME = "motion/huperflow"
FILMS = (
    "kitti",
    "virtual-kitti",
    "sintel",
    "viper",
    "spring",
    "monkaa",
    "mhof",
    "driving",
    "flyingthings",
    "tartanair",
)
N_TRIALS = 16
# The files do not name observers, but responses 1-4, 5-8, 9-12 and 13-16 of a session err alike over its places (their
# log speed ratios correlate by 0.56 to 0.74, those of different fours by 0.33 to 0.45): four observers, four responses each.
OBSERVER = tuple(trial // 4 for trial in range(N_TRIALS))
PLACE = ["Dataset", "Session", "Movie", "Location"]
# The probed motion is that from the eighth to the ninth of fifteen frames, each shown for two refreshes at 60 Hz.
N_FRAMES, RATE_HZ = 15, 30.0

INFO = DatasetInfo(
    name=NAME,
    summary="behaviour, perceived motion at 2,400 places of films of ten optical-flow data sets, 16 responses each",
    citation=(
        "Yang, Sun, Fukiage, Nishida 2025, HuPerFlow: A Comprehensive Benchmark for Human vs. Machine Motion Estimation "
        "Comparison, CVPR"
    ),
    licence="Apache-2.0 (responses); the films keep the terms of their data sets",
    access="own copy",
    how_to_get=(
        "Responses: human_response/ of github.com/KUCognitiveInformaticsLab/Huperflow-Website, as averaged.csv and "
        "raw_trials.csv.gz. Films, where models are to be scored: 15 frames per film as "
        "kitti_session1/mov1_frame01.jpg to mov2_frame15.jpg."
    ),
    units="pixels per frame",
    files=(
        DataFile(
            "human_huperflow/averaged.csv",
            None,
            "dad103fc8eafc47184c26f688ea56625db32176138cda5162f32565c7497aab2",
            175_804,
            "true motion and mean response per place",
        ),
        DataFile(
            "human_huperflow/raw_trials.csv.gz",
            None,
            "0d5ab0c7e7318de21d2643292e80ca5729ad8308c76d9bce7a22d395c02b442f",
            507_421,
            "every response",
        ),
    ),
    folder="motion",
    notes=(
        "Upward motion counts as positive. 33 of 38,400 trials hold no "
        "response. Observers are not named; that four of them gave four responses each in a row is read off the responses, see "
        "`data.motion.huperflow.OBSERVER`."
    ),
)
KITTI = DatasetInfo(
    name="motion/huperflow.kitti1",
    summary="behaviour, perceived motion at 20 places of two KITTI films whose frames are at hand (HuPerFlow, session 1)",
    citation=INFO.citation + "; films: Menze & Geiger 2015, KITTI multi-view",
    licence="responses Apache-2.0; frames CC BY-NC-SA 3.0, not for commercial use",
    access="own copy",
    how_to_get=INFO.how_to_get,
    units=INFO.units,
    files=(*INFO.files, *FRAMES),
    folder="motion",
    notes=INFO.notes,
)


def load(info: DatasetInfo) -> NeuralDataset:
    """Open the responses; films are known for the first session of KITTI, where its frames lie beside them."""
    tables = [locate(info, file) for file in INFO.files]
    if None in tables:
        locate_all(info)
    averaged_file, raw_file = (one for one in tables if one is not None)
    averaged, raw = pd.read_csv(averaged_file.path), pd.read_csv(raw_file.path)
    only_kitti = info.name == KITTI.name
    if only_kitti:
        averaged, raw = (
            one[(one["Dataset"] == 1) & (one["Session"] == 1)].reset_index(drop=True) for one in (averaged, raw)
        )
    film = np.array(FILMS)[averaged["Dataset"].to_numpy() - 1]
    movie = [
        f"{name}.{session}.{number}"
        for name, session, number in zip(film, averaged["Session"], averaged["Movie"], strict=True)
    ]
    table = pd.DataFrame(
        {
            "stimulus_id": [f"{name}.{place:02d}" for name, place in zip(movie, averaged["Location"], strict=True)],
            "film": film,
            "movie": movie,
            "row": averaged["Coordinate_y"],
            "col": averaged["Coordinate_x"],
            "truth_right": averaged["GT_u"],
            "truth_vertical": averaged["GT_v"],
        }
    )
    number = pd.Series(range(len(averaged)), index=pd.MultiIndex.from_frame(averaged[PLACE]))
    place = number.loc[pd.MultiIndex.from_frame(raw[PLACE])].to_numpy()
    judged = np.full((N_TRIALS, len(table), 2), np.nan)
    judged[raw["Trial"].to_numpy() - 1, place] = raw[["Resp_u", "Resp_v"]].to_numpy()
    located = [averaged_file, raw_file]
    clips: dict[str, Clip] = {}
    frames = [locate(KITTI, file) for file in FRAMES]
    if only_kitti or None not in frames:
        there = [one for one in frames if one is not None]
        clips = {f"kitti.1.{number}": partial(_film, there, number) for number in (1, 2)}
        located += there
    return judged_flow(
        info,
        table,
        judged,
        {one.file.path: one.sha256 for one in located},
        vertical="up",
        observer=OBSERVER,
        clips=clips,
    )


def load_kitti(info: DatasetInfo) -> NeuralDataset:
    """Open the places whose films are at hand."""
    locate_all(info)
    return load(info)


def _film(frames: list[LocatedFile], number: int) -> xr.DataArray:
    from PIL import Image

    paths = [Path(one.path) for one in frames if f"mov{number}_" in one.file.path]
    pictures = np.stack([np.asarray(Image.open(path).convert("RGB")) for path in paths])
    return xr.DataArray(
        (pictures.astype(np.float32) / 255).transpose(0, 3, 1, 2),
        dims=("time", "channel", "row", "col"),
        coords={"channel": ["red", "green", "blue"], "time": np.arange(len(paths)) / RATE_HZ},
        attrs={"unit": "luminance, 0 to 1", "rate_hz": RATE_HZ, "flow_frame": N_FRAMES // 2},
    )


register_dataset(INFO, load)
register_dataset(KITTI, load_kitti)
