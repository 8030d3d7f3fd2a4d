"""Kriegeskorte et al. 2008: 92 object images and their dissimilarities in human inferior temporal cortex."""

import numpy as np
import pandas as pd
import xarray as xr

from ..access import locate_all
from ..catalogue import register_dataset
from ..dataset import DataFile, DatasetInfo, NeuralDataset
from ..splits import SplitSpec
from ..stimuli import StimulusSet

SPLITS = {"kfold2": SplitSpec("kfold2", "kfold", 2, seed=0)}

INFO = DatasetInfo(
    name="vision/kriegeskorte2008",
    summary="fMRI, human IT, dissimilarities of 92 object images, 4 people x 2 sessions",
    citation="Kriegeskorte, Mur, Ruff, Kiani, Bodurka, Esteky, Tanaka, Bandettini 2008, Neuron 60:1126, "
    "doi 10.1016/j.neuron.2008.10.043",
    licence="none stated for the data (demo files of rsagroup/rsatoolbox, repository MIT)",
    access="own copy",
    how_to_get=(
        "The arrays stem from demos/92imageData (Kriegeskorte_Neuron2008_supplementalData.mat, 92_brainRDMs.mat) of "
        "github.com/rsagroup/rsatoolbox, stored without change as it_92images.npz."
    ),
    folder="recordings/it_92images_rdms",
    units="1 - Pearson r between response patterns",
    files=(
        DataFile(
            "it_92images.npz",
            None,
            "e928449888fe77682f6bbe000bc69bbdd0e080d96ebbe98fcafb766d2ad1f715",
            3_753_998,
            "images, categories, dissimilarities of human and macaque IT",
        ),
    ),
    notes="Only dissimilarities were published: responses, and so regressions, are not to be had. Mean of two sessions.",
    splits=SPLITS,
)


def load(info: DatasetInfo) -> NeuralDataset:
    """Open the images and the mean dissimilarities of each person's two sessions."""
    (located,) = locate_all(info)
    with np.load(located.path, allow_pickle=False) as arrays:
        images = arrays["images"].astype(np.float32) / 255
        category = arrays["category"].astype(str)
        sessions = arrays["rdm_human_it_subject_session"].astype(float)
        names = arrays["rdm_human_names"].astype(str)
    table = pd.DataFrame(
        {"stimulus_id": [f"image.{number:02d}" for number in range(len(images))], "category": category}
    )
    shown = xr.DataArray(
        images.transpose(0, 3, 1, 2),
        dims=("stimulus", "channel", "row", "col"),
        attrs={"unit": "share of white"},
    )
    square = sessions.mean(axis=1)
    upper = np.triu_indices(square.shape[-1], 1)
    subject = np.array([name.split("|")[1].strip() for name in names[:, 0]])
    rdms = xr.DataArray(
        square[:, upper[0], upper[1]],
        dims=("subject", "pair"),
        coords={"subject": subject},
        attrs={"unit": info.units},
    )
    return NeuralDataset(
        info=info,
        responses=None,
        stimuli=StimulusSet(info.name, table, arrays=shown),
        splits=SPLITS,
        provenance={located.file.path: located.sha256},
        rdms=rdms,
    )


register_dataset(INFO, load)
