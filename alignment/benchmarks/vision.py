"""Vision benchmarks: dissimilarities of object images in human inferior temporal cortex."""

from data.catalogue import dataset_info

from ..benchmark import Benchmark
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
