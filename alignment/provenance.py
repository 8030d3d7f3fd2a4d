"""Where a score came from: model, benchmark, files, versions; and the layer that stands for the model."""

import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from data.dataset import NeuralDataset

from .benchmark import Benchmark
from .protocol import RecordableModel
from .result import NESTED


def headline_layer(model: RecordableModel, names: list[str]) -> str:
    """The committed layer, the only one, or the nested choice."""
    committed = getattr(model, "committed_layer", None)
    if committed in names:
        return str(committed)
    return names[0] if len(names) == 1 else NESTED


def identity(model: RecordableModel, bench: Benchmark, dataset: NeuralDataset, split: str) -> dict[str, Any]:
    """What was scored on what."""
    return {
        "model": model.name,
        "model_seed": getattr(model, "seed", None),
        "performance": {str(what): float(value) for what, value in getattr(model, "performance", {}).items()},
        "benchmark": bench.name,
        "benchmark_version": bench.version,
        "citation": bench.citation,
        "dataset": dataset.name,
        "dataset_licence": dataset.info.licence,
        "dataset_notes": dataset.info.notes,
        "synthetic": dataset.info.access == "embedded",
        "files": dataset.provenance,
        "stimuli_sha256": dataset.stimuli.content_hash(),
        "split": split,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": _versions(),
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("neuromodels", "numpy", "scipy", "scikit-learn", "xarray", "pandas"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed as a package"
    if "torch" in sys.modules:
        found["torch"] = str(sys.modules["torch"].__version__)
    return found
