"""What makes stimuli; needs no data files, no models and no metrics.

Every simulator ends in one form: an ``xarray.DataArray`` with the first dimension ``stimulus``, units in its
attributes, written by `save_stimulus_set` and read by ``data.load_stimulus_set``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .format import save_stimulus_set

# Tells our package from a user's file of the same name; see neuromodels.cli.
__neuromodels__ = True

_HOME = {"save_stimulus_set": "format"}

__all__ = ["save_stimulus_set"]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
