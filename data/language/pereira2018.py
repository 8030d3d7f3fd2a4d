"""Pereira et al. 2018, experiment of 384 sentences: mean response of the left language network."""

import pandas as pd

from ..access import locate_all
from ..assembly import make_responses
from ..catalogue import register_dataset
from ..dataset import DataFile, DatasetInfo, NeuralDataset
from ..splits import SplitSpec
from ..stimuli import StimulusSet

SPLITS = {
    "passage5": SplitSpec("passage5", "group-kfold", 5, seed=0, group="passage"),
    "shuffled5": SplitSpec("shuffled5", "kfold", 5, seed=0, source="older protocols; divides passages"),
    "brainscore-shuffle": SplitSpec(
        "brainscore-shuffle",
        "shuffle",
        10,
        seed=1,
        train_fraction=0.9,
        source="brain-score/language Pereira2018 '-linear-shuffle'; divides passages",
    ),
    "brainscore-group": SplitSpec(
        "brainscore-group",
        "group-kfold",
        10,
        seed=1234,
        group="passage",
        source="brain-score/language Pereira2018 '-ridge', with passages in place of its 24 topics",
    ),
}

INFO = DatasetInfo(
    name="language/pereira2018",
    summary="fMRI, mean of the left language network over people, 384 sentences in 96 passages",
    citation=(
        "Pereira, Lou, Pritchett, Ritter, Gershman, Kanwisher, Botvinick, Fedorenko 2018, Nature Communications 9:963, "
        "doi 10.1038/s41467-018-03068-4"
    ),
    licence="none stated",
    access="own copy",
    how_to_get=(
        "The means stem from additional_analyses/pereira/pereira_averaged.csv of "
        "github.com/Andrea-de-Varda/multilingual-models-brain (commit 6bc237d), put into presentation order with the "
        "sentence lists of github.com/ebrahimfeghhi/beyond-brainscore."
    ),
    folder="language/pereira2018_avg",
    units="BOLD effect size (GLM estimate)",
    files=(
        DataFile(
            "exp384_public.csv",
            None,
            "18ec870e1860a9f2003f694aacd460aafae4e1c51225f39616a134efc3575f09",
            57_850,
            "row, passage, position, sentence, sentence with referent, effect size",
        ),
    ),
    notes="One mean per sentence: no ceiling can be computed. Per-voxel ceilings of the full data do not apply to the mean.",
    splits=SPLITS,
)


def load(info: DatasetInfo) -> NeuralDataset:
    """Open the 384 sentences with the text as recorded (pronouns where the recording had them)."""
    (located,) = locate_all(info)
    # As text first: then every version of pandas gives the same bits.
    table = pd.read_csv(located.path, dtype=str)
    stimuli = pd.DataFrame(
        {
            "stimulus_id": [f"384sentences.{row}" for row in table["row"]],
            "text": table["sentence"].astype(str),
            "passage": table["passage"].astype(int),
            "position": table["position_in_passage"].astype(int),
            "sentence_with_referent": table["sentence_with_referent"].astype(str),
        }
    )
    responses = make_responses(
        table[["effect_size"]].astype(float).to_numpy(),
        presentation={"stimulus_id": stimuli["stimulus_id"]},
        neuroid={
            "neuroid_id": ["lang_LH_netw"],
            "region": ["left language network"],
            "subject": ["mean of all"],
        },
        unit=info.units,
    )
    return NeuralDataset(
        info=info,
        responses=responses,
        stimuli=StimulusSet(f"{info.name}.384", stimuli, group="passage"),
        splits=SPLITS,
        provenance={located.file.path: located.sha256},
    )


register_dataset(INFO, load)
