"""Recipes: everything that decides what a training run computes, as one TOML file.

Each section of the file is a frozen dataclass here. A field is checked where the recipe is read, so that a run never
fails an hour later over a misspelt word; what a data set, an augmentation, a task or a schedule takes beside its
``kind`` is checked by that kind itself.
"""

import dataclasses
import difflib
import math
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, get_args, get_origin

from .schedules import learning_rates, list_schedules, schedule_options

OPTIMIZERS = ("adamw", "lars", "sgd")
PRECISIONS = ("float32", "bf16", "fp16")
SHIPPED = Path(__file__).resolve().parents[1]


class RecipeError(ValueError):
    """A recipe that cannot be meant; the message names the field."""

    exit_code = 2


@dataclass(frozen=True)
class Choice:
    """Something chosen by name, with the options that this kind takes.

    Attributes
    ----------
    kind
        Its name.
    options
        Every other key of the section.
    """

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As in a recipe."""
        return {"kind": self.kind, **self.options}


@dataclass(frozen=True)
class ModelRecipe:
    """``[model]``: the network, and where its weights start.

    Attributes
    ----------
    name
        Registered name, see `neuromodels.list_models`.
    seed
        Of the initial weights.
    options
        Overrides of the model's configuration.
    weights
        Folder of a trained network of the same name and options to start from; empty for random weights.
    """

    name: str
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    weights: str = ""

    def __post_init__(self) -> None:
        _check(0 <= self.seed < 2**32, "model.seed", self.seed, "from 0 to 2**32 - 1")


@dataclass(frozen=True)
class OptimizerRecipe:
    """``[optimizer]``: how a gradient becomes a step.

    Attributes
    ----------
    kind
        ``"sgd"``, ``"adamw"`` or ``"lars"``.
    lr
        Largest learning rate; the schedule gives that of each epoch.
    momentum
        Of sgd and lars.
    weight_decay
        Strength of the decay.
    decay
        ``"all"`` decays every parameter, as published; ``"weights"`` spares norms, biases, scalars and what a layer
        lists in ``no_weight_decay``.
    betas, eps
        Of adamw.
    trust
        Of lars.
    """

    kind: str
    lr: float
    momentum: float = 0.9
    weight_decay: float = 1e-4
    decay: str = "all"
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    trust: float = 1e-3

    def __post_init__(self) -> None:
        _choice("optimizer.kind", self.kind, OPTIMIZERS)
        _choice("optimizer.decay", self.decay, ("all", "weights"))
        _check(0 <= self.lr < math.inf, "optimizer.lr", self.lr, "finite and at least 0")
        _check(0 <= self.momentum < 1, "optimizer.momentum", self.momentum, "from 0 to below 1")
        _check(0 <= self.weight_decay < math.inf, "optimizer.weight_decay", self.weight_decay, "finite and at least 0")
        _check(
            all(0 <= beta < 1 for beta in self.betas), "optimizer.betas", self.betas, "two numbers from 0 to below 1"
        )
        _check(0 < self.eps < math.inf, "optimizer.eps", self.eps, "finite and above 0")
        _check(0 < self.trust < math.inf, "optimizer.trust", self.trust, "finite and above 0")


@dataclass(frozen=True)
class TrainingRecipe:
    """``[training]``: how long, in which batches and precision.

    Attributes
    ----------
    epochs
        Passes over the training samples; of a stream, ``steps_per_epoch`` batches each.
    batch_size
        Samples per step over all processes together: the recipe means the same on one device and on eight.
    seed
        Of shuffling, augmentation, dropout and heads.
    precision
        ``"float32"``, or the autocast types ``"bf16"`` and ``"fp16"``; fp16 scales the loss.
    deterministic
        Ask torch for deterministic algorithms: the same bits each time, on a GPU at some cost.
    clip_gradient
        Largest norm of the whole gradient; 0 clips nothing.
    workers
        Processes that read batches ahead; 0 reads in the training process.
    evaluate_every
        Epochs between two evaluations; the last epoch is always evaluated.
    patience
        Stop after so many evaluations without improvement; 0 never.
    checkpoint_every
        Steps between two savings within an epoch; 0 saves at the end of each epoch alone.
    evaluation_batch_size
        Samples per batch of an evaluation; 0 for four times ``batch_size``.
    steps_per_epoch, evaluation_steps
        Of a stream, which has no length of its own.
    compile
        Pass the network through ``torch.compile``.
    channels_last
        Keep the weights of convolutions in the memory order that GPUs prefer.
    tensorboard
        Write event files into the run's folder too.
    test
        Evaluate the best network on the part ``"test"`` at the end.
    """

    epochs: int
    batch_size: int
    seed: int = 0
    precision: str = "float32"
    deterministic: bool = False
    clip_gradient: float = 0.0
    workers: int = 0
    evaluate_every: int = 1
    patience: int = 0
    checkpoint_every: int = 0
    evaluation_batch_size: int = 0
    steps_per_epoch: int = 0
    evaluation_steps: int = 0
    compile: bool = False
    channels_last: bool = False
    tensorboard: bool = False
    test: bool = False

    def __post_init__(self) -> None:
        _choice("training.precision", self.precision, PRECISIONS)
        _check(0 <= self.seed < 2**32, "training.seed", self.seed, "from 0 to 2**32 - 1")
        _check(
            0 <= self.clip_gradient < math.inf, "training.clip_gradient", self.clip_gradient, "finite and at least 0"
        )
        for name in ("epochs", "batch_size", "evaluate_every"):
            _check(getattr(self, name) >= 1, f"training.{name}", getattr(self, name), "at least 1")
        counts = (
            "workers",
            "patience",
            "checkpoint_every",
            "evaluation_batch_size",
            "steps_per_epoch",
            "evaluation_steps",
        )
        for name in counts:
            _check(getattr(self, name) >= 0, f"training.{name}", getattr(self, name), "at least 0")


@dataclass(frozen=True)
class Recipe:
    """One training run.

    Attributes
    ----------
    model, data, task, optimizer, training
        Sections of the file, which must be there.
    schedule
        Constant by default; see `neuromodels.training.list_schedules`.
    augmentation
        None trains on the samples as they are.
    summary, source
        One line for listings, and where the values are from.
    """

    model: ModelRecipe
    data: Choice
    task: Choice
    optimizer: OptimizerRecipe
    training: TrainingRecipe
    schedule: Choice = Choice("constant")
    augmentation: Choice | None = None
    summary: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        _choice("schedule.kind", self.schedule.kind, list_schedules())
        known = schedule_options(self.schedule.kind)
        for option in self.schedule.options:
            if option not in known:
                close = (
                    ", ".join(difflib.get_close_matches(option, known, n=1, cutoff=0.0)) or "none, it takes no options"
                )
                raise RecipeError(
                    f"schedule.{option} is no option of {self.schedule.kind!r}; the closest one is {close}."
                )
        self.learning_rates()

    def learning_rates(self) -> list[float]:
        """Learning rate of each epoch."""
        return learning_rates(
            self.schedule.kind, self.training.epochs, self.optimizer.lr, **dict(self.schedule.options)
        )

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Read nested tables, as TOML and JSON give them.

        Raises
        ------
        ValueError
            If a key is unknown, missing, or has a value that cannot be meant.
        """
        return _read(cls, content, "")

    def to_dict(self) -> dict[str, Any]:
        """Nested tables that `from_dict` reads; every default is written out."""
        found: dict[str, Any] = {}
        for entry in dataclasses.fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, Choice):
                found[entry.name] = value.to_dict()
            elif dataclasses.is_dataclass(value) and not isinstance(value, type):
                found[entry.name] = _plain(dataclasses.asdict(value))
            elif value is not None:
                found[entry.name] = value
        return _plain(found)

    def with_changes(self, changes: Iterable[str]) -> Self:
        """Another recipe, some fields of which are set anew.

        Parameters
        ----------
        changes
            ``section.key=value``, the value in TOML; a word that is no TOML value is taken as text.

        Raises
        ------
        ValueError
            If a change has no ``=``, or gives a recipe that cannot be meant.
        """
        content = self.to_dict()
        for change in changes:
            path, equals, text = change.partition("=")
            if not equals or "." not in path:
                raise RecipeError(f"a change must be section.key=value, received {change!r}; training.epochs=3 is one.")
            *sections, key = path.strip().split(".")
            table = content
            for section in sections:
                table = table.setdefault(section, {})
                if not isinstance(table, dict):
                    raise RecipeError(f"{path.strip()} cannot be set: {section} is a value, not a section.")
            if key == "kind" and table.get("kind") != _value(text) and sections != ["optimizer"]:
                table.clear()  # options belong to the kind that they were written for
            table[key] = _value(text)
        return self.from_dict(content)


def read_recipe(source: str | Path) -> Recipe:
    """Read a recipe from a file, or a shipped one by its name.

    Parameters
    ----------
    source
        Path of a TOML file, or a name of `list_recipes`.

    Returns
    -------
    Recipe
        Checked field by field.

    Raises
    ------
    ValueError
        If there is no such recipe, or one of its fields cannot be meant.
    """
    path = Path(source)
    shipped = _shipped()
    if not path.is_file():
        if str(source) not in shipped:
            close = ", ".join(difflib.get_close_matches(str(source), shipped, n=3, cutoff=0.4)) or "none"
            raise RecipeError(
                f"there is no recipe {str(source)!r}: no such file, and no shipped recipe of this name (closest: {close}); "
                "see `neuromodels train --list`."
            )
        path = shipped[str(source)]
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is not a TOML file ({error}); mend the line.") from None
    return Recipe.from_dict(content)


def list_recipes() -> list[str]:
    """Names of the shipped recipes, ``family/recipe``."""
    return sorted(_shipped())


def first_difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """The first field in which two recipes differ.

    Parameters
    ----------
    one, other
        Nested tables, see `Recipe.to_dict`.

    Returns
    -------
    str or None
        ``section.key: value of one, value of other``; None where they are the same.
    """
    for key in sorted({*one, *other}):
        left, right = one.get(key), other.get(key)
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            inner = first_difference(left, right)
            if inner is not None:
                return f"{key}.{inner}"
        elif left != right:
            return f"{key}: {left!r} there, {right!r} here"
    return None


def _shipped() -> dict[str, Path]:
    return {f"{path.parents[1].name}/{path.stem}": path for path in SHIPPED.glob("*/recipes/*.toml")}


def _read(kind: Any, content: Mapping[str, Any], place: str) -> Any:
    """A dataclass from a table; unknown and missing keys are named with their place."""
    if not isinstance(content, Mapping):
        raise RecipeError(f"{place} must be a section with keys of its own, received {content!r}.")
    if kind is Choice:
        if not isinstance(content.get("kind"), str):
            raise RecipeError(f"{place}.kind must be there and name what is chosen; add it to the section [{place}].")
        return Choice(content["kind"], {key: value for key, value in content.items() if key != "kind"})
    hints = typing.get_type_hints(kind)
    prefix = f"{place}." if place else ""
    for key in content:
        if key not in hints:
            close = difflib.get_close_matches(key, hints, n=1, cutoff=0.0)[0]
            raise RecipeError(f"{prefix}{key} is no field of a recipe; the closest one is {prefix}{close}.")
    values: dict[str, Any] = {}
    for entry in dataclasses.fields(kind):
        if entry.name in content:
            values[entry.name] = _convert(hints[entry.name], content[entry.name], prefix + entry.name)
        elif entry.default is dataclasses.MISSING and entry.default_factory is dataclasses.MISSING:
            raise RecipeError(f"{prefix}{entry.name} is missing from the recipe; add it.")
    return kind(**values)


def _convert(hint: Any, value: Any, place: str) -> Any:
    """The value as the field wants it; a whole number may stand for a real one, nothing else is changed."""
    if get_origin(hint) in (types.UnionType, typing.Union):
        hint = next(choice for choice in get_args(hint) if choice is not type(None))
    if dataclasses.is_dataclass(hint):
        return _read(hint, value, place)
    if get_origin(hint) is tuple:
        parts = get_args(hint)
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != len(parts):
            raise RecipeError(f"{place} must be a list of {len(parts)} values, received {value!r}.")
        return tuple(_convert(part, item, place) for part, item in zip(parts, value, strict=True))
    if get_origin(hint) is not None:
        if not isinstance(value, Mapping):
            raise RecipeError(f"{place} must be a section with keys of its own, received {value!r}.")
        return dict(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not hint:
        words = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
        raise RecipeError(f"{place} must be {words[hint]}, received {value!r}.")
    return value


def _plain(value: Any) -> Any:
    """The same as dicts, lists and plain values, as they come back from JSON."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def _choice(place: str, received: str, accepted: Sequence[str]) -> None:
    if received not in accepted:
        close = difflib.get_close_matches(received, accepted, n=1, cutoff=0.0)[0]
        raise RecipeError(
            f"{place} must be one of {', '.join(accepted)}, received {received!r}; the closest one is {close!r}."
        )


def _check(holds: bool, place: str, received: object, accepted: str) -> None:
    if not holds:
        raise RecipeError(f"{place} must be {accepted}, received {received!r}.")
