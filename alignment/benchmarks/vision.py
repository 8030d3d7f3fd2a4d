"""Vision benchmarks: object images in human inferior temporal cortex, film frames in macaque V1 populations."""

from data.catalogue import dataset_info, list_datasets

from ..benchmark import Benchmark
from ..ceilings import SplitHalfCeiling
from ..metrics import Rsa
from ..relation_ceiling import BetweenSubjects
from . import register_benchmark

register_benchmark(
    Benchmark(
        name="vision/kriegeskorte2008-rsa",
        dataset="vision/kriegeskorte2008",
        citation=dataset_info("vision/kriegeskorte2008").citation,
        split="kfold2",
        metric=Rsa(),
        ceiling=BetweenSubjects(),
    )
)

# The frames are not public: these are for other recordings as models, and for ceilings.
for _name in list_datasets("vision/henaff2021.*"):
    register_benchmark(
        Benchmark(
            name=f"{_name}-ridge",
            dataset=_name,
            citation=dataset_info(_name).citation,
            split="movie5",
            missing="average",
            ceiling=SplitHalfCeiling(),
            normalisation="r/c",
        )
    )
