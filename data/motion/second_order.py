"""Perceived motion of regions that differ from their surround by luminance, noise, blur, warping or flicker alone."""

import numpy as np
import pandas as pd
import xarray as xr

from ..access import locate_all
from ..catalogue import dataset_info, register_dataset
from ..dataset import DataFile, DatasetInfo, NeuralDataset
from .judged_flow import judged_flow

NAME = "motion/second-order"
MODULATIONS = (
    "noise",
    "blur",
    "water-waves",
    "scrambled-phase",
    "random-warping",
    "swirl",
    "drift-balanced",
)
N_SCENES = 40
RESPONSES, MODELS, TRIALS = (
    f"human_second_order/{name}.csv" for name in ("human_responses", "reference_model_responses", "trial_table")
)

INFO = DatasetInfo(
    name=NAME,
    summary="behaviour, perceived motion of 40 moving regions in each of seven modulations, three observers",
    citation=(
        "Sun, Chen, Yang, Li, Nishida 2025, Machine learning modelling for multi-order human visual motion processing, "
        "Nature Machine Intelligence, doi 10.1038/s42256-025-01068-w"
    ),
    licence="Apache-2.0",
    access="own copy",
    how_to_get=(
        "second-order-exp/ of github.com/anoymized/multi-order-motion-model, as tables human_responses.csv, "
        "reference_model_responses.csv and trial_table.csv."
    ),
    units="pixels per frame",
    files=(
        DataFile(
            RESPONSES, None, "6b5fc8b188c3d85ad00f12fe9ea1c23f5fde1d5189c9c01097b9e24337025438", 38_808, "observers"
        ),
        DataFile(
            MODELS, None, "2b39dbf850b508816cf1fea9d7f765fd8e82b373f131f6053bfc7a0332a4dd41", 160_087, "13 models"
        ),
        DataFile(TRIALS, None, "575dcc834798b7f4debe28abfbd130cd4d0490032ac8370dd0ebd23c74e98d5d", 103_462, "trials"),
    ),
    folder="motion",
    notes=(
        "A response is the mean over four flips of the film, undone. The stored truth is 1.0607 (1.5 / sqrt 2) times the "
        "motion of the picture, while the film was shown enlarged 1.5 times: correlations are meaningful, errors in "
        "pixels are not. "
        "The films themselves are not here."
    ),
)


def load(info: DatasetInfo) -> NeuralDataset:
    """Open the observers' responses: a place per scene and modulation, a repetition per observer."""
    located = {one.file.path: one for one in locate_all(info)}
    rows = pd.read_csv(located[RESPONSES].path).sort_values(["participant", "modulation", "scene"])
    trials = pd.read_csv(located[TRIALS].path).drop_duplicates("MovI").set_index("MovI").sort_index()
    first = rows[rows["participant"] == rows["participant"].min()]
    n_observers = rows["participant"].nunique()
    movie = [f"scene{scene:02d}" for scene in first["scene"]]
    kind = np.array(MODULATIONS)[first["modulation"].to_numpy() - 1]
    at = trials.loc[first["scene"]]
    table = pd.DataFrame(
        {
            "stimulus_id": [f"{name}.{word}" for name, word in zip(movie, kind, strict=True)],
            "movie": movie,
            "modulation": kind,
            "row": at["picY"].to_numpy(),
            "col": at["picX"].to_numpy(),
            "truth_right": first["gt_u"].to_numpy(),
            "truth_vertical": first["gt_v"].to_numpy(),
        }
    )
    judged = rows[["resp_u", "resp_v"]].to_numpy().reshape(n_observers, len(table), 2)
    return judged_flow(info, table, judged, {path: one.sha256 for path, one in located.items()}, vertical="down")


def published_model_flows(name: str = NAME) -> xr.DataArray:
    """Motion that published models saw at the places of the experiment.

    Parameters
    ----------
    name
        The dataset.

    Returns
    -------
    xarray.DataArray
        ``(model, place, component)`` in the order of the dataset's stimulus table, pixels per frame, right and down.

    Raises
    ------
    DataNotAvailableError, ChecksumError
        As `data.load_dataset`.
    """
    located = {one.file.path: one for one in locate_all(dataset_info(name))}
    rows = pd.read_csv(located[MODELS].path).sort_values(["model", "modulation", "scene"])
    models = rows["model"].unique()
    values = rows[["u", "v"]].to_numpy().reshape(len(models), N_SCENES * len(MODULATIONS), 2)
    return xr.DataArray(
        values,
        dims=("model", "place", "component"),
        coords={"model": models.astype(str), "component": ["right", "down"]},
        attrs={"unit": "pixels per frame"},
    )


register_dataset(INFO, load)
