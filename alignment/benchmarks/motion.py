"""Motion benchmarks: what people see at places in films."""

from data.catalogue import dataset_info

from ..benchmark import Benchmark, PublishedNumber
from ..perceived_flow.metric import PerceivedFlow
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
            normalisation="none" if _dataset == "motion/sintel-slow" else "r/c",
            published=SECOND_ORDER_PUBLISHED if _dataset == "motion/second-order" else (),
            protocol_notes=SECOND_ORDER_NOTES if _dataset == "motion/second-order" else (),
        )
    )
