"""Motion benchmarks: what people see at places in films, and neurons of V1, V2 and MT under gratings and dots."""

import numpy as np

from data.catalogue import dataset_info, list_datasets
from data.dataset import NeuralDataset
from data.motion.goris2015 import grating_components
from data.splits import SplitSpec

from ..benchmark import Benchmark, PublishedNumber
from ..ceilings import SplitHalfCeiling
from ..perceived_flow.metric import PerceivedFlow
from ..rendering import Pictures, Rendering
from . import register_benchmark

SECOND_ORDER_SOURCE = "project page of Sun et al. 2025, Nature Machine Intelligence"
SECOND_ORDER_PUBLISHED = (
    PublishedNumber("DUAL", 0.902, "r with observers, mean over modulations", SECOND_ORDER_SOURCE),
    PublishedNumber("RAFT", 0.102, "r, mean over modulations", SECOND_ORDER_SOURCE),
)
SECOND_ORDER_NOTES = (
    "The published 0.102 of RAFT is its correlation with the truth when its rightward flow stands for both components; with "
    "both it is 0.230 with the truth and 0.241 with observers.",
    "The published 0.902 of DUAL belongs to the network trained on non-diffuse materials; the final one reaches 0.934.",
    "The stored truth is 1.0607 times the motion of the picture, the film was shown enlarged 1.5 times: errors in pixels, and "
    "how fast people are beside the truth, mean nothing here; correlations are not affected.",
    "People are so close to the truth that partial correlations given the truth are near 0 for every model: r alone is used.",
)

register_benchmark(
    Benchmark(
        name="motion/huperflow.kitti1-partial-r",
        dataset="motion/huperflow.kitti1",
        citation=dataset_info("motion/huperflow.kitti1").citation,
        metric=PerceivedFlow(),
        normalisation="r/c",
    )
)
for _dataset, _metric in (
    ("motion/huperflow", PerceivedFlow(per="film")),
    ("motion/second-order", PerceivedFlow("r", per="modulation", window=3)),
    ("motion/sintel-slow", PerceivedFlow()),
):
    register_benchmark(
        Benchmark(
            name=f"{_dataset}-{_metric.measure.replace(' ', '-')}",
            dataset=_dataset,
            citation=dataset_info(_dataset).citation,
            metric=_metric,
            missing="average",
            normalisation="none" if _dataset == "motion/sintel-slow" else "r/c",
            published=SECOND_ORDER_PUBLISHED if _dataset == "motion/second-order" else (),
            protocol_notes=SECOND_ORDER_NOTES if _dataset == "motion/second-order" else (),
        )
    )

# Pictures per condition: its first trials, whose temporal frequencies differ; and seeds of dots.
N_TRIALS_DRAWN, N_SEEDS = 3, 4


def _mixtures(dataset: NeuralDataset) -> Pictures:
    """Gratings of the first trials of every condition."""
    assert dataset.responses is not None
    first = np.flatnonzero(dataset.responses["repetition"].values < N_TRIALS_DRAWN)
    components = grating_components(dataset.name).isel(presentation=first)
    names = ("direction_deg", "spatial_frequency_cpd", "temporal_frequency_hz", "contrast", "phase_deg")
    return Pictures(
        dataset.responses["stimulus_id"].values[first].astype(str), {name: components[name].values for name in names}
    )


def _dots(dataset: NeuralDataset) -> Pictures:
    """Several seeds of every condition; the dots themselves were not stored."""
    table = dataset.stimuli.table
    rows = np.repeat(np.arange(len(table)), N_SEEDS)
    return Pictures(
        table["stimulus_id"].to_numpy(dtype=str)[rows],
        {
            "direction_deg": table["direction_deg"].to_numpy(dtype=float)[rows],
            "coherence": np.minimum(table["coherence"].to_numpy(dtype=float)[rows], 1.0),
            "seed": np.arange(len(rows)),
        },
    )


MIXTURES = Rendering(
    "vision/grating-mixtures",
    _mixtures,
    words=(
        f"The gratings of the first {N_TRIALS_DRAWN} trials of each condition are drawn, 8 pixels per cycle, 48 x 48 pixels, "
        "30 frames per second for 1 s (or as many frames as the model takes), without an aperture; activations are averaged "
        "over time, the inner half of the map and these trials."
    ),
)
DOTS = Rendering(
    "vision/moving-dots",
    _dots,
    words=(
        f"Dots of each direction and coherence are drawn {N_SEEDS} times, at 1 pixel per frame: their speed, size and places "
        "were not stored. Activations are averaged over time, the inner half of the map and the draws."
    ),
)
for _pattern, _rendering, _split, _nuisance, _note in (
    (
        "motion/goris2015.*",
        MIXTURES,
        "",
        ("contrast", "n_components"),
        "Families of conditions that differ in direction alone are held out whole; the split condition10 holds out single "
        "conditions, whose neighbours in direction are then in training.",
    ),
    (
        "motion/mt-rdk.*",
        DOTS,
        SplitSpec("condition5", "group-kfold", 5, seed=0, group="condition"),
        ("coherence",),
        "Conditions are held out: equal dots of both experiments stay together, and so do dots without coherence, whose "
        "direction is a label only.",
    ),
):
    for _name in list_datasets(_pattern):
        register_benchmark(
            Benchmark(
                name=f"{_name}-ridge",
                dataset=_name,
                citation=dataset_info(_name).citation,
                split=_split,
                missing="average",
                ceiling=SplitHalfCeiling(),
                normalisation="r/c",
                rendering=_rendering,
                nuisance=_nuisance,
                protocol_notes=(_note,),
            )
        )
