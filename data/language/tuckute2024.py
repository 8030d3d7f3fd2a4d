"""Tuckute et al. 2024: BOLD of the left language network to 1,000 six-word sentences."""

import numpy as np
import pandas as pd

from ..access import LocatedFile, locate_all
from ..assembly import make_responses
from ..catalogue import register_dataset
from ..dataset import DataFile, DatasetInfo, NeuralDataset
from ..errors import ChecksumError
from ..splits import SplitSpec
from ..stimuli import StimulusSet

REGIONS = {
    "lang_LH_netw": "left language network",
    "lang_LH_IFGorb": "IFGorb",
    "lang_LH_IFG": "IFG",
    "lang_LH_MFG": "MFG",
    "lang_LH_AntTemp": "AntTemp",
    "lang_LH_PostTemp": "PostTemp",
}
# The whole table has no recorded hash, so it is recognised by its size and by the maximum of the network column that
# brain-score/language checks for the same recordings (between 1.28 and 1.29).
WHOLE_TABLE_ROWS = 1000
WHOLE_TABLE_MAX = (1.28, 1.29)

SPLITS = {
    "kfold5": SplitSpec("kfold5", "kfold", 5, seed=0),
    "brainscore-shuffle": SplitSpec(
        "brainscore-shuffle",
        "shuffle",
        10,
        seed=1,
        train_fraction=0.9,
        source="brain-score/language Tuckute2024",
    ),
}

INFO = DatasetInfo(
    name="language/tuckute2024",
    summary="fMRI, left language network (5 regions and their mean), mean of 5 people, six-word sentences",
    citation=(
        "Tuckute, Sathe, Srikant, Taliaferro, Wang, Schrimpf, Kay, Fedorenko 2024, Nature Human Behaviour, "
        "doi 10.1038/s41562-023-01783-7"
    ),
    licence="none stated",
    access="own copy",
    how_to_get=(
        "The table of 1,000 sentences is bold_response_LH.csv of github.com/flawreen/LLM2vec; it has no recorded hash here, "
        "so it is never downloaded for you."
    ),
    units="z (each voxel z-scored within session, mean over voxels and participants)",
    alternatives=True,
    files=(
        DataFile(
            "bold_response_LH.csv",
            "https://raw.githubusercontent.com/flawreen/LLM2vec/ae89da442fe76ea50ea07b63f525ba367e55486d/"
            "bold_response_LH.csv",
            None,
            None,
            "the published table: 1,000 sentences",
        ),
        DataFile(
            "responses_public667.csv",
            None,
            "f0e7f3dfc6e83deb555f65a4491284270d31b3e3d6a6d77f67af82ca24719e71",
            93_832,
            "a public part of the table: 667 sentences",
        ),
    ),
    notes="One value per sentence and region, mean over participants 848, 853, 865, 875, 876: no ceiling can be computed.",
    splits=SPLITS,
)


def _read(located: LocatedFile) -> pd.DataFrame:
    # As text first: then every version of pandas gives the same bits.
    table = pd.read_csv(located.path, dtype=str)
    missing = [column for column in ("item_id", "sentence", *REGIONS) if column not in table]
    if missing:
        raise ValueError(f"{located.path} lacks the columns {missing}; expected item_id, sentence and six regions.")
    table[list(REGIONS)] = table[list(REGIONS)].astype(float)
    if located.file.sha256 is None:
        low, high = WHOLE_TABLE_MAX
        peak = table["lang_LH_netw"].max()
        if len(table) != WHOLE_TABLE_ROWS or not low < peak < high:
            raise ChecksumError(
                f"{located.path} is not the published table: {len(table)} rows with maximum {peak:.4f}, expected "
                f"{WHOLE_TABLE_ROWS} rows with a maximum between {low} and {high}; it was left as it is."
            )
    return table


def load(info: DatasetInfo) -> NeuralDataset:
    """Open the table of 1,000 sentences if it is here, else the public part of 667."""
    (located,) = locate_all(info)
    table = _read(located)
    stimuli = pd.DataFrame({"stimulus_id": table["item_id"].astype(str), "text": table["sentence"].astype(str)})
    responses = make_responses(
        table[list(REGIONS)].to_numpy(),
        presentation={"stimulus_id": stimuli["stimulus_id"]},
        neuroid={
            "neuroid_id": list(REGIONS),
            "region": list(REGIONS.values()),
            "subject": np.full(len(REGIONS), "mean of 5"),
        },
        unit=info.units,
    )
    return NeuralDataset(
        info=info,
        responses=responses,
        stimuli=StimulusSet(f"{info.name}[{len(table)}]", stimuli),
        splits=SPLITS,
        provenance={located.file.path: located.sha256},
    )


register_dataset(INFO, load)
