"""Gao et al. 2020: timescales of the electrocorticogram over the human and macaque cortex.

``timescale/gao2020`` is the map over 180 parcels, ``.human`` the electrodes behind it, ``.macaque`` two monkeys awake and
under drugs.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from ..access import LocatedFile, locate_all
from ..catalogue import register_dataset
from ..dataset import DataFile, DatasetInfo, NeuralDataset
from .timescale_tables import timescale_table

NAME = "timescale/gao2020"
FEATURES, MACRO, HUMAN, MACAQUE = "df_human_features.csv", "mmp_macro.csv", "df_human.csv", "df_macaque.csv"
FILES = {
    FEATURES: (
        "c929b968a9a60e3cba302c4a9691ec907ccfcdbaebdfb7c86bcf081b7003cfac",
        12_568,
        "tau, T1w/T2w, gene expression",
    ),
    MACRO: ("09531f9706a20a8c9349f1cc2aa13b04c1c546e0e435917f9ddce0f74157dd24", 5_879, "parcels and macro-regions"),
    HUMAN: ("33b4bc223a16851a692d450d45574326f2f77955acf4b5a35196b6c86303bf29", 297_566, "human electrodes"),
    MACAQUE: ("6ba35e8798e6ea64794f3c17b4ac1d25cb59f8a5c2f60f339d77f0035259eaf4", 749_353, "macaque electrodes"),
}


def _info(name: str, summary: str, files: tuple[str, ...], notes: str) -> DatasetInfo:
    return DatasetInfo(
        name=name,
        summary=summary,
        citation=(
            "Gao, van den Brink, Pfeffer, Voytek 2020, eLife 9:e61277, doi 10.7554/eLife.61277; tables of "
            "rdgao/field-echos, from the MNI open iEEG atlas, Neurotycho, the Human Connectome Project and the Allen "
            "Human Brain Atlas"
        ),
        licence="none stated",
        access="own copy",
        how_to_get=f"The files {', '.join(files)} of the folder data of github.com/rdgao/field-echos.",
        units="ms",
        files=tuple(DataFile(file, None, *FILES[file]) for file in files),
        folder="recordings/ecog_timescales_gao2020",
        notes=f"tau is 1 / (2 pi knee frequency) of the aperiodic part of the power spectrum. {notes}",
    )


PARCELS = _info(
    NAME,
    "electrocorticography, timescales of 180 parcels of the human cortex, with T1w/T2w and gene expression",
    (FEATURES, MACRO),
    "Left hemisphere, parcels of the Human Connectome Project, weighed means over 106 patients; parcels are smoothed over "
    "neighbours and so not independent.",
)
ELECTRODES = _info(
    f"{NAME}.human",
    "electrocorticography, timescales of 1,722 human electrodes, 106 patients",
    (HUMAN,),
    "Quiet wakefulness, eyes closed, tissue without lesions.",
)
MONKEYS = _info(
    f"{NAME}.macaque",
    "electrocorticography, timescales of 2 macaques, 128 electrodes in up to 8 conditions, awake and under drugs",
    (MACAQUE,),
    "A neuroid is an electrode in a condition and session.",
)


def _parcels(located: dict[str, LocatedFile]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    rows = pd.read_csv(located[FEATURES].path, index_col=0)
    macro = pd.read_csv(located[MACRO].path, header=None, names=["number", "parcel", "short", "words"])
    known = macro.drop_duplicates("parcel").set_index("parcel")["words"]
    names = rows.index.to_numpy(dtype=str)
    facts = {
        "neuroid_id": names,
        "region": known.reindex(rows.index).fillna("not stated").to_numpy(dtype=str),
        "t1t2": rows["T1T2"].to_numpy(dtype=float),
        "gene_component": rows["gPC1"].to_numpy(dtype=float),
    }
    return rows["tau"].to_numpy(dtype=float), facts


def _electrodes(located: dict[str, LocatedFile]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    rows = pd.read_csv(located[HUMAN].path, index_col=0)
    facts = {
        "neuroid_id": np.array([f"electrode{number:04d}" for number in range(1, len(rows) + 1)]),
        "region": np.array([f"region{one:g}" for one in rows["region"]]),
        "subject": np.array([f"patient{one:g}" for one in rows["patient"]]),
        **{name: rows[name].to_numpy(dtype=float) for name in ("age", "x", "y", "z")},
        "fit_r2": rows["r2"].to_numpy(dtype=float),
    }
    return 1000 * rows["tau"].to_numpy(dtype=float), facts


def _monkeys(located: dict[str, LocatedFile]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    rows = pd.read_csv(located[MACAQUE].path, index_col=0)
    facts = {
        "neuroid_id": np.array([f"fit{number:04d}" for number in range(1, len(rows) + 1)]),
        "region": np.full(len(rows), "cortex"),
        "subject": rows["patient"].to_numpy(dtype=str),
        "condition": rows["cond"].to_numpy(dtype=str),
        "drug": rows["pharm"].to_numpy(dtype=str),
        "session": rows["session_id"].to_numpy(dtype=float),
        "channel": rows["chan"].to_numpy(dtype=float),
        "fit_r2": rows["r2"].to_numpy(dtype=float),
    }
    return 1000 * rows["tau"].to_numpy(dtype=float), facts


READERS: dict[str, Callable[[dict[str, LocatedFile]], tuple[np.ndarray, dict[str, np.ndarray]]]] = {
    PARCELS.name: _parcels,
    ELECTRODES.name: _electrodes,
    MONKEYS.name: _monkeys,
}


def load(info: DatasetInfo) -> NeuralDataset:
    """Open one of the tables: a neuroid per parcel, electrode or fit."""
    located = {one.file.path: one for one in locate_all(info)}
    tau_ms, facts = READERS[info.name](located)
    return timescale_table(info, tau_ms, facts, {path: one.sha256 for path, one in located.items()})


for _one in (PARCELS, ELECTRODES, MONKEYS):
    register_dataset(_one, load)
