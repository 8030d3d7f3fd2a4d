"""Models and how they are trained.

The package needs no recordings and no metrics: whatever scores a model sees it through
``name``, ``revision``, ``layers``, ``input_spec`` and ``record``. Importing it is cheap;
torch is loaded when the first model is built.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ._version import __version__

if TYPE_CHECKING:
    from .errors import ContractError, NeuromodelsError, ResourceNotAvailableError, UnknownNameError
    from .recording import Recordable
    from .registry import ModelInfo, create_model, list_models, model_info, register_model
    from .validate import validate_model
    from .weights import load_model, save_model

# Tells our package from a user's file of the same name; see neuromodels.cli.
__neuromodels__ = True

_HOME = {
    "ContractError": "errors",
    "ModelInfo": "registry",
    "NeuromodelsError": "errors",
    "Recordable": "recording",
    "ResourceNotAvailableError": "errors",
    "UnknownNameError": "errors",
    "create_model": "registry",
    "list_models": "registry",
    "load_model": "weights",
    "model_info": "registry",
    "register_model": "registry",
    "save_model": "weights",
    "validate_model": "validate",
}

__all__ = [
    "ContractError",
    "ModelInfo",
    "NeuromodelsError",
    "Recordable",
    "ResourceNotAvailableError",
    "UnknownNameError",
    "__version__",
    "create_model",
    "list_models",
    "load_model",
    "model_info",
    "register_model",
    "save_model",
    "validate_model",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
