"""Perceived motion in slowed MPI-Sintel: 36 places in each of five films, the mean of the observers."""

import pandas as pd

from ..access import locate_all
from ..catalogue import register_dataset
from ..dataset import DataFile, DatasetInfo, NeuralDataset
from .judged_flow import judged_flow

INFO = DatasetInfo(
    name="motion/sintel-slow",
    summary="behaviour, perceived motion at 180 places of five slowed Sintel films, mean of observers",
    citation=(
        "Sun, Chen, Yang, Nishida 2023, Modelling human visual motion processing with trainable motion energy sensing and a "
        "self-attention network, NeurIPS; judgements: Yang, Fukiage, Sun, Nishida 2023"
    ),
    licence="Apache-2.0",
    access="own copy",
    how_to_get=(
        "HumanResp.mat and SintelGT.mat of evaluate_human/matlab code/Data-sintelslow/ of "
        "github.com/anoymized/multi-order-motion-model, as one table perceived_flow.csv."
    ),
    units="pixels per frame",
    files=(
        DataFile(
            "human_sintel_slow/perceived_flow.csv",
            None,
            "f16c12a9cf003b4d7672031f8cc1018f6f1898f0406ab48075f930bc5c60872a",
            13_372,
            "true motion and mean response per place",
        ),
    ),
    folder="motion",
    notes=(
        "The mean over observers alone is public, so that no ceiling can be computed. Vertical "
        "motion is taken to be positive downwards, as stored; no film lies beside it to tell, and none to score a model on."
    ),
)


def load(info: DatasetInfo) -> NeuralDataset:
    """Open the table; places are pixels of the film enlarged twice."""
    (located,) = locate_all(info)
    rows = pd.read_csv(located.path)
    table = pd.DataFrame(
        {
            "stimulus_id": [f"{name}.{place:02d}" for name, place in zip(rows["movie"], rows["location"], strict=True)],
            "movie": rows["movie"],
            "row": rows["y_at_2x"],
            "col": rows["x_at_2x"],
            "truth_right": rows["gt_u"],
            "truth_vertical": rows["gt_v"],
        }
    )
    judged = rows[["human_u", "human_v"]].to_numpy()[None]
    return judged_flow(info, table, judged, {located.file.path: located.sha256}, vertical="down")


register_dataset(INFO, load)
