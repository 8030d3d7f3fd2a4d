"""How alike a model and a recording are: from activations and responses to a `Score`.

A model is anything with ``name``, ``revision``, ``input_spec``, ``layers`` and ``record``; see `RecordableModel`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

import data as _data

if not hasattr(_data, "__neuromodels__"):
    _place = getattr(_data, "__file__", None) or list(getattr(_data, "__path__", ["an unknown place"]))[0]
    raise ImportError(
        f"{_place} hides the package 'data' that alignment needs; rename it, or keep that folder off the import path."
    )

if TYPE_CHECKING:
    from .activations import record_activations
    from .baselines import NuisanceModel, OasmModel, RandomFeatures
    from .benchmark import Benchmark
    from .benchmarks import (
        benchmark_from_arrays,
        benchmark_from_toml,
        list_benchmarks,
        load_benchmark,
        register_benchmark,
    )
    from .ceilings import PublishedCeiling, SplitHalfCeiling
    from .folds import LeakageWarning, SmallFoldWarning
    from .inference import compare_scores
    from .leakage import check_leak, safe_split
    from .mappings import NeuroidRidge
    from .metrics import Cka, Rsa, make_metric
    from .named_splits import list_named_splits, named_split
    from .page import report
    from .partitioning import partition_variance
    from .protocol import RecordableModel
    from .recording_model import RecordingModel
    from .relation_ceiling import BetweenSubjects
    from .result import Score
    from .scoring import score
    from .torch_model import TorchModel

# Tells our package from a user's file of the same name; see neuromodels.cli.
__neuromodels__ = True

_HOME = {
    "Benchmark": "benchmark",
    "BetweenSubjects": "relation_ceiling",
    "Cka": "metrics",
    "LeakageWarning": "folds",
    "NeuroidRidge": "mappings",
    "NuisanceModel": "baselines",
    "OasmModel": "baselines",
    "PublishedCeiling": "ceilings",
    "RandomFeatures": "baselines",
    "RecordableModel": "protocol",
    "RecordingModel": "recording_model",
    "Rsa": "metrics",
    "Score": "result",
    "SmallFoldWarning": "folds",
    "SplitHalfCeiling": "ceilings",
    "TorchModel": "torch_model",
    "benchmark_from_arrays": "benchmarks",
    "benchmark_from_toml": "benchmarks",
    "check_leak": "leakage",
    "compare_scores": "inference",
    "list_benchmarks": "benchmarks",
    "list_named_splits": "named_splits",
    "load_benchmark": "benchmarks",
    "make_metric": "metrics",
    "named_split": "named_splits",
    "partition_variance": "partitioning",
    "record_activations": "activations",
    "register_benchmark": "benchmarks",
    "report": "page",
    "safe_split": "leakage",
    "score": "scoring",
}

__all__ = [
    "Benchmark",
    "BetweenSubjects",
    "Cka",
    "LeakageWarning",
    "NeuroidRidge",
    "NuisanceModel",
    "OasmModel",
    "PublishedCeiling",
    "RandomFeatures",
    "RecordableModel",
    "RecordingModel",
    "Rsa",
    "Score",
    "SmallFoldWarning",
    "SplitHalfCeiling",
    "TorchModel",
    "benchmark_from_arrays",
    "benchmark_from_toml",
    "check_leak",
    "compare_scores",
    "list_benchmarks",
    "list_named_splits",
    "load_benchmark",
    "make_metric",
    "named_split",
    "partition_variance",
    "record_activations",
    "register_benchmark",
    "report",
    "safe_split",
    "score",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
