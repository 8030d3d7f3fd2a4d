"""Trained networks on disk: a folder with the weights as safetensors and everything else as JSON."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import ContractError, ResourceNotAvailableError

if TYPE_CHECKING:
    import torch

    from .recording import Recordable

WEIGHTS, FACTS = "model.safetensors", "model.json"
FORMAT = 1


def save_model(
    model: "Recordable", folder: str | Path, *, label: str = "", facts: Mapping[str, Any] | None = None
) -> Path:
    """Write a network that `create_model` built to a folder, which `load_model` reads.

    The folder is written beside its place and put there when it is complete; an earlier one is replaced.

    Parameters
    ----------
    model
        Any registered network, trained or not.
    folder
        Where it is written.
    label
        Tells these weights apart from others of the same architecture, in lower-case letters, digits and hyphens; the
        name of the folder by default.
    facts
        What else to keep: plain values, for example how it was trained.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ContractError
        If the network was not built by `create_model`, or its options are no plain values.
    """
    with replaced_folder(folder) as place:
        write_model(model, place, label=label or label_of(folder), facts=facts)
    return Path(folder)


def write_model(model: "Recordable", folder: Path, *, label: str, facts: Mapping[str, Any] | None = None) -> None:
    """Write both files into a folder that is there already; see `save_model`."""
    if not model.registered_name:
        raise ContractError(
            f"{type(model).__name__} was not built by create_model, so no name says how to build it again; register it "
            "with register_model."
        )
    path = folder / WEIGHTS
    write_tensors(model.state_dict(), path)
    content = {
        "format": FORMAT,
        "name": model.registered_name,
        "options": dict(model.options),
        "seed": model.seed,
        "label": label,
        "sha256": file_hash(path),
        **(facts or {}),
    }
    try:
        text = json.dumps(content, indent=1)
    except TypeError as error:
        raise ContractError(
            f"options and facts of {model.registered_name!r} must be plain values to be written as JSON ({error})."
        ) from None
    (folder / FACTS).write_text(text + "\n", encoding="utf-8")


def load_model(folder: str | Path, device: str = "cpu") -> "Recordable":
    """Build the network of a folder that `save_model` or a training run wrote.

    Parameters
    ----------
    folder
        With ``model.json`` and ``model.safetensors``; or a training run, whose best network is taken.
    device
        Where the weights go.

    Returns
    -------
    Recordable
        In evaluation mode. Its ``name`` is the registered name with the label of the weights, ``family/architecture.label``.

    Raises
    ------
    ResourceNotAvailableError
        If the folder holds no network.
    ContractError
        If the weights are not those the JSON file tells of, or of another architecture; the first difference is named.
    """
    from .registry import create_model

    facts, path = read_facts(folder)
    model = create_model(facts["name"], seed=facts["seed"], **facts["options"])
    fill(model, path, facts["sha256"])
    model.label, model.performance = facts["label"], facts.get("performance", {})
    model.name = f"{facts['name']}.{facts['label']}"
    return model.to(device)


def load_weights(model: "Recordable", folder: str | Path) -> None:
    """Fill a network with the weights of a folder; its name and options stay.

    Raises
    ------
    ResourceNotAvailableError
        If the folder holds no network.
    ContractError
        If the weights are of another architecture; the first difference is named.
    """
    facts, path = read_facts(folder)
    fill(model, path, facts["sha256"])
    model.label = facts["label"]


def state_performance(folder: Path, performance: Mapping[str, float]) -> None:
    """Write into a network's folder how well it does what; a loaded network has it as ``performance``."""
    facts, weights = read_facts(folder)
    replace_text(weights.parent / FACTS, json.dumps({**facts, "performance": dict(performance)}, indent=1) + "\n")


def is_model_folder(path: str | Path) -> bool:
    """Whether `load_model` finds a network there."""
    return _place(path) is not None


def read_facts(folder: str | Path) -> tuple[dict[str, Any], Path]:
    """Content of ``model.json`` and path of the weights.

    Raises
    ------
    ResourceNotAvailableError
        If the folder holds no network.
    ContractError
        If the file is damaged.
    """
    place = _place(folder)
    if place is None:
        raise ResourceNotAvailableError(
            f"{folder} holds no trained network ({FACTS} and {WEIGHTS}); give a folder that `neuromodels train` or save_model "
            "wrote."
        )
    return read_json(place / FACTS), place / WEIGHTS


def read_json(path: Path) -> dict[str, Any]:
    """Content of a file that was written beside weights.

    Raises
    ------
    ContractError
        If it is no JSON.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ContractError(f"{path} is damaged ({error}); copy the whole folder again.") from None
    return found


def fill(module: "torch.nn.Module", path: Path, sha256: str) -> None:
    """Load weights strictly.

    Raises
    ------
    ContractError
        If the file is not the one that is meant, or its tensors are not those of the module; names the first difference.
    """
    from safetensors.torch import load_file

    found = file_hash(path)
    if found != sha256:
        raise ContractError(
            f"{path} has SHA-256 {found}, but {sha256} was written beside it; it is damaged or from elsewhere, so copy the "
            "whole folder again."
        )
    there, here = load_file(path), module.state_dict()
    for key, value in here.items():
        if key not in there:
            raise ContractError(
                f"{path} is of another architecture than {type(module).__name__}: {key!r} is missing there and has shape "
                f"{tuple(value.shape)} here."
            )
        if there[key].shape != value.shape:
            raise ContractError(
                f"{path} is of another architecture than {type(module).__name__}: {key!r} has shape "
                f"{tuple(there[key].shape)} there and {tuple(value.shape)} here."
            )
    for key, value in there.items():
        if key not in here:
            raise ContractError(
                f"{path} is of another architecture than {type(module).__name__}: {key!r} of shape {tuple(value.shape)} is "
                "unexpected here."
            )
    module.load_state_dict(there)


def write_tensors(tensors: Mapping[str, "torch.Tensor"], path: Path) -> None:
    """Tensors as safetensors on the disk, not just in the system's memory."""
    from safetensors.torch import save_file

    # Copies: safetensors refuses tensors that share memory or are laid out in another order.
    save_file({key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}, path)


def replace_text(path: Path, text: str) -> None:
    """Write a text file at once: a reader sees the earlier one or this one."""
    fresh = path.parent / f".{path.name}.new"
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def label_of(folder: str | Path) -> str:
    """Name of a folder in the characters that a model name may have."""
    return re.sub(r"[^a-z0-9]+", "-", Path(folder).resolve().name.lower()).strip("-") or "trained"


@contextmanager
def replaced_folder(target: str | Path) -> Iterator[Path]:
    """An empty folder beside ``target`` that takes its place when the block ends without an error.

    A process that is killed leaves the earlier folder, or for an instant neither: `settled` then brings the earlier back.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh, earlier = _beside(target, "new"), _beside(target, "old")
    settled(target)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    try:
        yield fresh
        for path in fresh.iterdir():
            with open(path, "rb+") as file:
                os.fsync(file.fileno())
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    if target.exists():
        os.replace(target, earlier)
    os.replace(fresh, target)
    shutil.rmtree(earlier, ignore_errors=True)


def settled(target: str | Path) -> Path:
    """The folder, brought back if a process was killed just when it replaced it."""
    target = Path(target)
    earlier = _beside(target, "old")
    if earlier.exists():
        if target.exists():
            shutil.rmtree(earlier, ignore_errors=True)
        else:
            os.replace(earlier, target)
    return target


def _beside(target: Path, what: str) -> Path:
    return target.parent / f".{target.name}.{what}"


def _place(folder: str | Path) -> Path | None:
    for place in (Path(folder), Path(folder) / "best"):
        if (place / FACTS).is_file() and (place / WEIGHTS).is_file():
            return place
    return None
