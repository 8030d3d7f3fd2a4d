"""Checkpoints of a run: the network as `load_model` reads it, and beside it what training needs to go on.

The optimizer's tensors are safetensors, all else is JSON; nothing is pickled. No state of a random generator is kept: each
step derives its own from seed, epoch and step.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.optim import Optimizer

from .._version import __version__
from ..errors import ResourceNotAvailableError
from ..recording import Recordable
from ..weights import WEIGHTS, file_hash, fill, read_json, replaced_folder, settled, write_model, write_tensors
from .recipe import Recipe
from .tables import RecipeError, first_difference
from .task import Task

HEADS, OPTIMIZER, STATE = "task.safetensors", "optimizer.safetensors", "state.json"
FORMAT = 1


def save_network(model: Recordable, task: Task, folder: Path, *, label: str, facts: Mapping[str, Any]) -> None:
    """Replace a folder by the network and what was trained with it.

    Parameters
    ----------
    model, task
        What is written; of the task its heads.
    folder
        Such as ``best``.
    label
        Of these weights.
    facts
        Recipe, epoch and metrics.
    """
    with replaced_folder(folder) as place:
        _write(model, task, place, label, facts)


def save_state(
    model: Recordable,
    task: Task,
    optimizer: Optimizer,
    folder: Path,
    *,
    label: str,
    facts: Mapping[str, Any],
    progress: Mapping[str, Any],
) -> None:
    """Replace a folder by the network and all that `restore` needs.

    Parameters
    ----------
    model, task, optimizer
        As they are between two steps.
    folder
        Such as ``last``.
    label, facts
        As for `save_network`; ``facts["recipe"]`` must be there.
    progress
        Place in the run, as plain values.
    """
    with replaced_folder(folder) as place:
        _write(model, task, place, label, facts)
        tensors, numbers = _flat(optimizer.state_dict()["state"])
        write_tensors(tensors, place / OPTIMIZER)
        content = {
            "format": FORMAT,
            "version": __version__,
            "recipe": facts["recipe"],
            "optimizer": numbers,
            "task": task.state(),
            "sha256": {name: file_hash(place / name) for name in (WEIGHTS, HEADS, OPTIMIZER)},
            **progress,
        }
        (place / STATE).write_text(json.dumps(content), encoding="utf-8")


def read_state(folder: Path, recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Place in the run that was saved.

    Parameters
    ----------
    folder
        That `save_state` wrote.
    recipe
        Of the run that wants to go on.

    Returns
    -------
    dict
        As handed to `save_state`.

    Raises
    ------
    ResourceNotAvailableError
        If nothing was saved there.
    ValueError
        If it was saved by another recipe; names the first field that differs.
    ContractError
        If the file is damaged.
    """
    path = settled(folder) / STATE
    if not path.is_file():
        raise ResourceNotAvailableError(f"{folder} holds no state to resume from; train without --resume first.")
    state = read_json(path)
    # Read as a recipe: a field that is younger than the run has its default there.
    difference = first_difference(Recipe.from_dict(state["recipe"]).to_dict(), recipe)
    if difference is not None:
        raise RecipeError(
            f"the run in {folder.parent} was started with another recipe, {difference}; resume with its own recipe, or start "
            "a run in another folder."
        )
    return state


def restore(
    model: Recordable, task: Task, optimizer: Optimizer, folder: Path, state: Mapping[str, Any], device: torch.device
) -> None:
    """Bring network, task and optimizer back to where they were saved.

    Raises
    ------
    ContractError
        If a file is damaged or does not fit.
    """
    fill(model, folder / WEIGHTS, state["sha256"][WEIGHTS])
    fill(task, folder / HEADS, state["sha256"][HEADS])
    task.restore(state["task"])
    restored = optimizer.state_dict()
    restored["state"] = _nested(load_file(folder / OPTIMIZER), state["optimizer"])
    optimizer.load_state_dict(restored)


def read_heads(task: Task, folder: Path, facts: Mapping[str, Any]) -> None:
    """Fill the task's heads from a folder of `save_network`."""
    fill(task, folder / HEADS, facts["sha256_task"])


def _write(model: Recordable, task: Task, place: Path, label: str, facts: Mapping[str, Any]) -> None:
    write_tensors(task.state_dict(), place / HEADS)
    heads = file_hash(place / HEADS)
    write_model(model, place, label=label, facts={"trained": {**facts, "version": __version__}, "sha256_task": heads})


def _flat(state: Mapping[int, Mapping[str, Any]]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and plain numbers of an optimizer's state, under ``parameter.name``."""
    tensors: dict[str, Tensor] = {}
    numbers: dict[str, Any] = {}
    for index, entries in state.items():
        for name, value in entries.items():
            if isinstance(value, Tensor):
                tensors[f"{index}.{name}"] = value
            else:
                numbers[f"{index}.{name}"] = value
    return tensors, numbers


def _nested(tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    state: dict[int, dict[str, Any]] = {}
    for key, value in {**tensors, **numbers}.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = value
    return state
