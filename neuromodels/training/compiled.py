"""The compiled form of a network, beside the network itself, which is what is saved."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn


class CompiledForm:
    """Calls a network through ``torch.compile``: itself, ``features``, ``features_over_time`` and ``flows``.

    Parameters
    ----------
    model
        Keeps its parameters; they are read at each call.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._compiled: dict[str, Callable[..., Any]] = {}

    def __call__(self, *arguments: Any) -> Any:
        """The network's forward pass."""
        return self._call("__call__", *arguments)

    def __getattr__(self, name: str) -> Any:
        if name in ("features", "features_over_time", "flows"):
            return lambda *arguments: self._call(name, *arguments)
        return getattr(self._model, name)

    def _call(self, name: str, *arguments: Any) -> Any:
        if name not in self._compiled:
            self._compiled[name] = torch.compile(getattr(self._model, name))
        return self._compiled[name](*arguments)


def computing_form(model: nn.Module) -> Any:
    """What a task computes with where ``training.compile`` is on."""
    return CompiledForm(model)
