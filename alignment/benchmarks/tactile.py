"""Tactile benchmarks: every layer of a network against every animal, barrel cortex during whisking against six shapes."""

from data.catalogue import dataset_info

from ..benchmark import Benchmark, PublishedNumber
from ..layer_target import LayerTarget
from ..layer_target.metric import Comparison
from . import register_benchmark

COMPARISONS: tuple[Comparison, ...] = ("rsa", "ridge", "pls", "one-to-one")
SOURCE = "Chung et al. 2025, arXiv:2505.18361, released code"
PUBLISHED = (
    PublishedNumber(
        "Zhuang + IntersectionRNN, SimCLR", 0.956, "largest over all layers, 11 mice and their pool", SOURCE
    ),
    PublishedNumber("the same, without training", 0.658, "largest over all layers, 11 mice and their pool", SOURCE),
    PublishedNumber("model input", 0.458, "median over halvings, pool of all mice", SOURCE),
    PublishedNumber("from mouse to mouse", 0.175, "mean over mice", SOURCE),
)
NOTES = ("Responses: spikes from the start of the trial to the choice, in bins of 45 ms; correct trials.",)

for _dataset in ("tactile/rodgers2022", "tactile/planted"):
    _real = _dataset == "tactile/rodgers2022"
    for _comparison in COMPARISONS:
        register_benchmark(
            Benchmark(
                name=f"{_dataset}-{_comparison}",
                dataset=_dataset,
                citation=dataset_info(_dataset).citation,
                metric=LayerTarget(_comparison),
                normalisation="noise-corrected",
                missing="average",
                protocol_notes=NOTES,
                published=PUBLISHED if _real and _comparison == "rsa" else (),
            )
        )
    register_benchmark(
        Benchmark(
            name=f"{_dataset}-rsa-as-published",
            dataset=_dataset,
            citation=dataset_info(_dataset).citation,
            metric=LayerTarget("rsa", rule="released", n_halves=1000),
            normalisation="noise-corrected",
            missing="average",
            protocol_notes=(
                *NOTES,
                "As published: halvings of trials whose own r_yy is at least 0.5, 1000 of them; only for comparison.",
            ),
            published=PUBLISHED if _real else (),
        )
    )
