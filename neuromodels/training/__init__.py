"""Training, shared by all families: recipes, the loop, checkpoints, tasks, objectives without labels, optimizers, schedules."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .lars import LARS
    from .logs import plot_learning_curve, read_history
    from .loop import Trainer
    from .objectives import Autoencoder, SimCLR, SimSiam, contrastive_loss
    from .progress import EpochEnd
    from .recipe import ModelRecipe, OptimizerRecipe, Recipe, TrainingRecipe, list_recipes, read_recipe
    from .run import TrainingResult, train
    from .samples import Samples, Stream, TensorSamples
    from .schedules import (
        constant,
        cosine_annealing_with_warmup,
        cosine_with_warmup,
        learning_rates,
        list_schedules,
        one_cycle,
        step_decay,
    )
    from .tables import Choice
    from .task import Task, TaskContext

_HOME = {
    "Autoencoder": "objectives",
    "Choice": "tables",
    "EpochEnd": "progress",
    "LARS": "lars",
    "ModelRecipe": "recipe",
    "OptimizerRecipe": "recipe",
    "Recipe": "recipe",
    "Samples": "samples",
    "SimCLR": "objectives",
    "SimSiam": "objectives",
    "Stream": "samples",
    "Task": "task",
    "TaskContext": "task",
    "TensorSamples": "samples",
    "Trainer": "loop",
    "TrainingRecipe": "recipe",
    "TrainingResult": "run",
    "constant": "schedules",
    "contrastive_loss": "objectives",
    "cosine_annealing_with_warmup": "schedules",
    "cosine_with_warmup": "schedules",
    "learning_rates": "schedules",
    "list_recipes": "recipe",
    "list_schedules": "schedules",
    "one_cycle": "schedules",
    "plot_learning_curve": "logs",
    "read_history": "logs",
    "read_recipe": "recipe",
    "step_decay": "schedules",
    "train": "run",
}

__all__ = [
    "Autoencoder",
    "Choice",
    "EpochEnd",
    "LARS",
    "ModelRecipe",
    "OptimizerRecipe",
    "Recipe",
    "Samples",
    "SimCLR",
    "SimSiam",
    "Stream",
    "Task",
    "TaskContext",
    "TensorSamples",
    "Trainer",
    "TrainingRecipe",
    "TrainingResult",
    "constant",
    "contrastive_loss",
    "cosine_annealing_with_warmup",
    "cosine_with_warmup",
    "learning_rates",
    "list_recipes",
    "list_schedules",
    "one_cycle",
    "plot_learning_curve",
    "read_history",
    "read_recipe",
    "step_decay",
    "train",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
