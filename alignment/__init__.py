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
    from .benchmarks import list_benchmarks, load_benchmark, register_benchmark
    from .ceilings import PublishedCeiling, SplitHalfCeiling
    from .folds import LeakageWarning
    from .mappings.ridge import NeuroidRidge
    from .page import report
    from .protocol import RecordableModel
    from .result import Score
    from .scoring import score
    from .torch_model import TorchModel

# Tells our package from a user's file of the same name; see neuromodels.cli.
__neuromodels__ = True

_HOME = {
    "Benchmark": "benchmark",
    "LeakageWarning": "folds",
    "NeuroidRidge": "mappings",
    "NuisanceModel": "baselines",
    "OasmModel": "baselines",
    "PublishedCeiling": "ceilings",
    "RandomFeatures": "baselines",
    "RecordableModel": "protocol",
    "Score": "result",
    "SplitHalfCeiling": "ceilings",
    "TorchModel": "torch_model",
    "list_benchmarks": "benchmarks",
    "load_benchmark": "benchmarks",
    "record_activations": "activations",
    "register_benchmark": "benchmarks",
    "report": "page",
    "score": "scoring",
}

__all__ = [
    "Benchmark",
    "LeakageWarning",
    "NeuroidRidge",
    "NuisanceModel",
    "OasmModel",
    "PublishedCeiling",
    "RandomFeatures",
    "RecordableModel",
    "Score",
    "SplitHalfCeiling",
    "TorchModel",
    "list_benchmarks",
    "load_benchmark",
    "record_activations",
    "register_benchmark",
    "report",
    "score",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
