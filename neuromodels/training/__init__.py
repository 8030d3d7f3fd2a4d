"""What training needs beside a model: objectives without labels, an optimizer and learning-rate schedules."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .lars import LARS
    from .objectives import Autoencoder, SimCLR, SimSiam, contrastive_loss
    from .schedules import (
        constant,
        cosine_annealing_with_warmup,
        cosine_with_warmup,
        learning_rates,
        list_schedules,
        step_decay,
    )

_HOME = {
    "Autoencoder": "objectives",
    "LARS": "lars",
    "SimCLR": "objectives",
    "SimSiam": "objectives",
    "constant": "schedules",
    "contrastive_loss": "objectives",
    "cosine_annealing_with_warmup": "schedules",
    "cosine_with_warmup": "schedules",
    "learning_rates": "schedules",
    "list_schedules": "schedules",
    "step_decay": "schedules",
}

__all__ = [
    "LARS",
    "Autoencoder",
    "SimCLR",
    "SimSiam",
    "constant",
    "contrastive_loss",
    "cosine_annealing_with_warmup",
    "cosine_with_warmup",
    "learning_rates",
    "list_schedules",
    "step_decay",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
