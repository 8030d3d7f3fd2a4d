"""What was measured, and where it lies: named recordings with citation, licence and hashes.

Responses are plain ``xarray.DataArray`` with flat coordinates and dimensions
``(presentation, neuroid[, time_bin])``; stimuli are a table.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .arrays import dataset_from_arrays, dataset_from_files
    from .assembly import load_responses, make_responses, save_responses
    from .atomic import atomic_path
    from .catalogue import dataset_info, fetch, list_datasets, load_dataset, register_dataset
    from .dataset import DataFile, DatasetInfo, NeuralDataset
    from .errors import ChecksumError, DataNotAvailableError, UnknownNameError
    from .registry import Registry
    from .splits import SplitSpec
    from .stimuli import StimulusSet, load_stimulus_set

# Tells our package from a user's file of the same name; `alignment` checks it.
__neuromodels__ = True

_HOME = {
    "ChecksumError": "errors",
    "DataFile": "dataset",
    "DataNotAvailableError": "errors",
    "DatasetInfo": "dataset",
    "NeuralDataset": "dataset",
    "Registry": "registry",
    "SplitSpec": "splits",
    "StimulusSet": "stimuli",
    "UnknownNameError": "errors",
    "atomic_path": "atomic",
    "dataset_from_arrays": "arrays",
    "dataset_from_files": "arrays",
    "dataset_info": "catalogue",
    "fetch": "catalogue",
    "list_datasets": "catalogue",
    "load_dataset": "catalogue",
    "load_responses": "assembly",
    "load_stimulus_set": "stimuli",
    "make_responses": "assembly",
    "register_dataset": "catalogue",
    "save_responses": "assembly",
}

__all__ = [
    "ChecksumError",
    "DataFile",
    "DataNotAvailableError",
    "DatasetInfo",
    "NeuralDataset",
    "Registry",
    "SplitSpec",
    "StimulusSet",
    "UnknownNameError",
    "atomic_path",
    "dataset_from_arrays",
    "dataset_from_files",
    "dataset_info",
    "fetch",
    "list_datasets",
    "load_dataset",
    "load_responses",
    "load_stimulus_set",
    "make_responses",
    "register_dataset",
    "save_responses",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
