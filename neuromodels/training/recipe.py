"""Recipes: everything that decides what a training run computes, as one TOML file.

Each section of the file is a frozen dataclass here. A field is checked where the recipe is read, so that a run never
fails an hour later over a misspelt word; what a data set, an augmentation, a task or a schedule takes beside its
``kind`` is checked by that kind itself.
"""

import dataclasses
import difflib
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from .schedules import learning_rates, list_schedules, schedule_options
from .tables import Choice, RecipeError, check, check_choice, check_options, plain, read_table, toml_value

OPTIMIZERS = ("adamw", "lars", "sgd")
PRECISIONS = ("float32", "bf16", "fp16")
# Fields of an optimizer that only some kinds read.
READERS = {"momentum": ("sgd", "lars"), "nesterov": ("sgd",), "betas": ("adamw",), "eps": ("adamw",), "trust": ("lars",)}
SHIPPED = Path(__file__).resolve().parents[1]


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
        Folder of a trained network to start from, with its options, such as the scale of its inputs; empty for random
        weights.
    """

    name: str
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    weights: str = ""

    def __post_init__(self) -> None:
        check(0 <= self.seed < 2**32, "model.seed", self.seed, "from 0 to 2**32 - 1")


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
    nesterov
        Of sgd: the gradient is taken where the momentum leads, as Nesterov has it.
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
    nesterov: bool = False
    weight_decay: float = 1e-4
    decay: str = "all"
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    trust: float = 1e-3

    def __post_init__(self) -> None:
        check_choice("optimizer.kind", self.kind, OPTIMIZERS)
        check_choice("optimizer.decay", self.decay, ("all", "weights"))
        check(0 <= self.lr < math.inf, "optimizer.lr", self.lr, "finite and at least 0")
        check(0 <= self.momentum < 1, "optimizer.momentum", self.momentum, "from 0 to below 1")
        check(0 <= self.weight_decay < math.inf, "optimizer.weight_decay", self.weight_decay, "finite and at least 0")
        check(all(0 <= beta < 1 for beta in self.betas), "optimizer.betas", self.betas, "two numbers from 0 to below 1")
        check(0 < self.eps < math.inf, "optimizer.eps", self.eps, "finite and above 0")
        check(0 < self.trust < math.inf, "optimizer.trust", self.trust, "finite and above 0")
        if self.nesterov and self.momentum == 0:
            raise RecipeError("optimizer.nesterov needs a momentum above 0; set optimizer.momentum, or leave it out.")
        for entry in dataclasses.fields(self):
            value, readers = getattr(self, entry.name), READERS.get(entry.name, OPTIMIZERS)
            if self.kind not in readers and value != entry.default:
                raise RecipeError(
                    f"optimizer.{entry.name} is {plain(value)}, but {self.kind!r} does not read it; leave it out, or choose "
                    f"{' or '.join(readers)}."
                )


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
        Processes that read or generate batches ahead; 0 does it in the training process.
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
        check_choice("training.precision", self.precision, PRECISIONS)
        check(0 <= self.seed < 2**32, "training.seed", self.seed, "from 0 to 2**32 - 1")
        check(0 <= self.clip_gradient < math.inf, "training.clip_gradient", self.clip_gradient, "finite and at least 0")
        for name in ("epochs", "batch_size", "evaluate_every"):
            check(getattr(self, name) >= 1, f"training.{name}", getattr(self, name), "at least 1")
        counts = (
            "workers",
            "patience",
            "checkpoint_every",
            "evaluation_batch_size",
            "steps_per_epoch",
            "evaluation_steps",
        )
        for name in counts:
            check(getattr(self, name) >= 0, f"training.{name}", getattr(self, name), "at least 0")


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
        check_choice("schedule.kind", self.schedule.kind, list_schedules())
        check_options("schedule", self.schedule, schedule_options(self.schedule.kind))
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
        return read_table(cls, content, "")

    def to_dict(self) -> dict[str, Any]:
        """Nested tables that `from_dict` reads; every default is written out."""
        found: dict[str, Any] = {}
        for entry in dataclasses.fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, Choice):
                found[entry.name] = value.to_dict()
            elif dataclasses.is_dataclass(value) and not isinstance(value, type):
                found[entry.name] = plain(dataclasses.asdict(value))
            elif value is not None:
                found[entry.name] = value
        return plain(found)

    def with_changes(self, changes: Iterable[str]) -> Self:
        """Another recipe, some fields of which are set anew.

        Parameters
        ----------
        changes
            ``section.key=value``, the value in TOML; a word that is no TOML value is taken as text. Another ``kind`` drops
            the options of the old one, wherever it stands among the changes.

        Raises
        ------
        ValueError
            If a change has no ``=``, or gives a recipe that cannot be meant.
        """
        content = self.to_dict()
        # A kind goes first: the options that are given with it are meant for it.
        for change in sorted(changes, key=lambda change: not change.partition("=")[0].strip().endswith(".kind")):
            path, equals, text = change.partition("=")
            if not equals or "." not in path:
                raise RecipeError(f"a change must be section.key=value, received {change!r}; training.epochs=3 is one.")
            *sections, key = path.strip().split(".")
            table = content
            for section in sections:
                table = table.setdefault(section, {})
                if not isinstance(table, dict):
                    raise RecipeError(f"{path.strip()} cannot be set: {section} is a value, not a section.")
            if key == "kind" and sections == ["optimizer"]:
                for name, readers in READERS.items():
                    if toml_value(text) not in readers:
                        table.pop(name)
            elif key == "kind" and table.get("kind") != toml_value(text):
                table.clear()  # options belong to the kind that they were written for
            table[key] = toml_value(text)
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


def _shipped() -> dict[str, Path]:
    return {f"{path.parents[1].name}/{path.stem}": path for path in SHIPPED.glob("*/recipes/*.toml")}
