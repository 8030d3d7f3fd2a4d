"""Zeisler et al. 2024: timescales of single neurons in mice, macaques and humans, five regions."""

import numpy as np
import pandas as pd

from ..access import locate_all
from ..catalogue import register_dataset
from ..dataset import DataFile, DatasetInfo, NeuralDataset
from .timescale_tables import timescale_table

NAME = "timescale/zeisler2024"
SPECIES = {"mouse": "mouse", "monkey": "macaque", "human": "human"}
REGIONS = {"Hippocampus": "hippocampus", "Amygdala": "amygdala", "OFC": "ofc", "mPFC": "mpfc", "ACC": "acc"}

INFO = DatasetInfo(
    name=NAME,
    summary="electrophysiology, timescales of 13,732 single neurons of mouse, macaque and human, five regions",
    citation=(
        "Zeisler, Love, Rutishauser, Stoll, Rudebeck 2024, Consistent hierarchies of single-neuron timescales in mice, "
        "macaques and humans; tables of RudebeckLab/timescales"
    ),
    licence="none stated",
    access="own copy",
    how_to_get="spike_stats.csv of github.com/RudebeckLab/timescales, compressed with gzip.",
    units="ms",
    files=(
        DataFile(
            "spike_stats.csv.gz",
            None,
            "4c1cea5d17e394d387e0846129d2c786e501f0af2befe4fba04eeeb68dc63b92",
            897_381,
            "timescale and spike statistics per unit",
        ),
    ),
    folder="recordings/single_unit_timescales_zeisler2024",
    notes=(
        "Timescales of the interspike-interval method of Fontanier et al. 2022 over the whole recording; only fits that "
        "the authors accepted (10 to 1000 ms, R2 above 0.5) are in this table. Data sets of six laboratories, of sleep, "
        "tasks and rest together."
    ),
)


def load(info: DatasetInfo) -> NeuralDataset:
    """Open the table: a neuroid per unit, with species, region, area, data set and rate."""
    (located,) = locate_all(info)
    rows = pd.read_csv(located.path)
    numbered = rows.groupby(["dataset", "area", "unit"]).cumcount()
    parts = zip(rows["dataset"], rows["area"], rows["unit"], numbered, strict=True)
    return timescale_table(
        info,
        rows["tau"].to_numpy(),
        {
            "neuroid_id": [f"{dataset}.{area}.{unit}.{number}" for dataset, area, unit, number in parts],
            "species": rows["species"].map(SPECIES).to_numpy(dtype=str),
            "region": rows["brain_region"].map(REGIONS).to_numpy(dtype=str),
            "area": rows["area"].to_numpy(dtype=str),
            "source": rows["dataset"].to_numpy(dtype=str),
            "rate_hz": rows["mean_fr"].to_numpy(dtype=float),
            "fit_r2": rows["r2"].to_numpy(dtype=float),
            "latency_ms": np.asarray(rows["lat"], dtype=float),
        },
        {located.file.path: located.sha256},
    )


register_dataset(INFO, load)
