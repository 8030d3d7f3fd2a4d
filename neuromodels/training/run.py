"""A run from a recipe: build what it names, train, and leave a folder that tells the whole story."""

import dataclasses
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..registry import create_model, model_info, takes_option
from ..weights import label_of, load_weights, read_facts, replace_text, settled, state_performance
from .checkpoint import read_heads
from .distributed import Processes, join_processes
from .kinds import build, named, place_of
from .logs import save_learning_curve
from .loop import Trainer
from .progress import AfterEpoch
from .recipe import Recipe, read_recipe
from .samples import Samples, Stream
from .tables import RecipeError, first_difference, plain
from .task import Task, TaskContext
from .whole_batch import WholeBatchAugmentation, share_batch_norms


@dataclass(frozen=True)
class TrainingResult:
    """What came of a run.

    Attributes
    ----------
    folder
        With ``best``, ``last``, ``metrics.csv``, ``curve.png``, ``recipe.json`` and ``result.json``.
    epochs
        Epochs that were trained.
    best_epoch
        From 1.
    best
        Metrics of that epoch, ``train_...`` and ``validation_...``.
    test
        Metrics of the best network on the part ``"test"``; empty unless the recipe asks for them.
    skipped_steps
        Whose gradient overflowed in fp16.
    stopped
        Why the run ended before its last epoch; empty where it did not.
    """

    folder: Path
    epochs: int
    best_epoch: int
    best: dict[str, float]
    test: dict[str, float]
    skipped_steps: int
    stopped: str

    @property
    def performance(self) -> dict[str, float]:
        """Top-1 or endpoint error by the part that it was measured on; empty for a task with neither."""
        known = self.best.get("validation_top1") if "validation_chance_top1" in self.best else None
        for words, tested, judged in (
            ("top-1", self.test.get("top1"), known),
            ("endpoint error in pixels per frame", self.test.get("epe"), self.best.get("validation_epe")),
            ("largest N solved", self.test.get("solved"), self.best.get("validation_solved")),
        ):
            if tested is not None:
                return {f"{words}, test part": tested}
            if judged is not None:
                return {f"{words}, validation part": judged}
        return {}

    def save(self) -> None:
        """Write ``result.json``, and what the best network can do into its folder, where `load_model` finds it."""
        content = {**dataclasses.asdict(self), "folder": self.folder.name}
        replace_text(self.folder / "result.json", json.dumps(content, indent=1) + "\n")
        state_performance(self.folder / "best", self.performance)

    def __str__(self) -> str:
        row = {key.removeprefix("validation_"): value for key, value in self.best.items() if "validation_" in key}
        row = self.test or row
        words = [f"best epoch {self.best_epoch} of {self.epochs}:"]
        if "top1" in row:
            for k in (1, 5):
                words.append(
                    f"top-{k} {row[f'top{k}']:.4f} (chance {row[f'chance_top{k}']:.4f}, constant prediction "
                    f"{row[f'constant_top{k}']:.4f})" + ("," if k == 1 else "")
                )
        else:
            words.append(", ".join(f"{name} {value:.6g}" for name, value in row.items()) or "not evaluated")
        if self.test:
            words.append("on the test part")
        if self.skipped_steps:
            words.append(f"; {self.skipped_steps} steps skipped by overflow")
        if self.stopped:
            words.append(f"; stopped: {self.stopped}")
        return " ".join(words).replace(" ;", ";")


def train(
    recipe: Recipe | str | Path,
    folder: str | Path,
    *,
    resume: bool = False,
    device: str = "cpu",
    after_epoch: Sequence[AfterEpoch] = (),
    progress: bool = False,
) -> TrainingResult:
    """Train a network as a recipe says.

    Under ``torchrun`` each process takes its share of every batch. In training the rest of an epoch that fills no batch is
    dropped, other samples each epoch; an evaluation reads every sample once. Augmentation draws for the whole batch on
    every process, and batch norms of the network see the whole batch, so that a run gives the same numbers on another number
    of processes. Dropout is the exception: each process draws for its share.

    Parameters
    ----------
    recipe
        A recipe, a file, or the name of a shipped one.
    folder
        Of the run; must be new or empty unless ``resume``.
    resume
        Go on from what ``folder`` holds; starts anew where nothing was saved yet.
    device
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ...
    after_epoch
        See `Trainer`.
    progress
        Whether to show a bar on stderr.

    Returns
    -------
    TrainingResult
        Numbers of the best epoch.

    Raises
    ------
    ValueError
        If the recipe cannot be meant, or ``folder`` holds another run.
    FloatingPointError
        If the loss is no longer finite.
    """
    recipe = recipe if isinstance(recipe, Recipe) else read_recipe(recipe)
    folder = Path(folder)
    processes, place = join_processes(torch.device(device))
    with _determinism(recipe.training.deterministic):
        trainer = prepare(recipe, folder, place, processes, after_epoch=after_epoch, progress=progress)
        start_run(trainer, resume=resume)
        trainer.run()
        return end_run(trainer)


def start_run(trainer: Trainer, *, resume: bool = False) -> None:
    """Bring a run to where its first step begins: a new folder, or what the folder holds.

    Raises
    ------
    ValueError
        If the folder holds a run, which is not to be resumed or had another recipe.
    """
    folder, processes = trainer.folder, trainer.processes
    saved = settled(folder / "last").exists()
    taken = saved or settled(folder / "best").exists()
    processes.wait()
    if taken and not resume:
        raise RecipeError(f"{folder} holds a run already; resume it, or choose another folder.")
    if saved:
        trainer.resume()
    elif processes.first:
        folder.mkdir(parents=True, exist_ok=True)
        content = json.dumps(trainer.recipe.to_dict(), indent=1) + "\n"
        (folder / "recipe.json").write_text(content, encoding="utf-8")


def end_run(trainer: Trainer) -> TrainingResult:
    """What came of a run whose last epoch is trained, also written into its folder."""
    at, processes = trainer.at, trainer.processes
    processes.wait()
    test = _test(trainer, trainer.recipe) if trainer.recipe.training.test else {}
    result = TrainingResult(
        trainer.folder,
        len(at.history),
        at.best_epoch + 1,
        at.history[at.best_epoch],
        test,
        trainer.precision.skipped,
        at.stopped,
    )
    if processes.first:
        save_learning_curve(at.history, trainer.task.best, trainer.folder)
        result.save()
    processes.wait()
    return result


def prepare(
    recipe: Recipe,
    folder: str | Path,
    device: torch.device,
    processes: Processes | None = None,
    *,
    after_epoch: Sequence[AfterEpoch] = (),
    progress: bool = False,
) -> Trainer:
    """Build all that a recipe names, without training.

    Parameters
    ----------
    recipe
        Of the run.
    folder
        Of the run; its name becomes the label of the trained weights.
    device, processes
        On which, and among which.
    after_epoch, progress
        See `Trainer`.

    Returns
    -------
    Trainer
        Before its first step.
    """
    processes = processes or Processes()
    # A misspelt task should not wait for the data to be read.
    for section, choice in (("data", recipe.data), ("task", recipe.task), ("augmentation", recipe.augmentation)):
        if choice is not None:
            place_of(section, choice)
    samples, validation = (_part(recipe, part) for part in ("train", "validation"))
    # What the samples demand, such as the scale of the inputs, is part of the network, and trained weights come with what
    # theirs demanded; the recipe has the last word.
    weights = recipe.model.weights
    carried = read_facts(weights)[0]["options"] if weights else getattr(samples, "model_options", {})
    options = {**carried, **recipe.model.options}
    options = {**_class_options(recipe, samples, options), **options}
    model = create_model(recipe.model.name, seed=recipe.model.seed, **options)
    if weights:
        load_weights(model, weights)
        _check_same_network(recipe, options)
    model = model.to(device)
    if recipe.training.channels_last:
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    share_batch_norms(model, processes)
    augmentation = None if recipe.augmentation is None else build("augmentation", recipe.augmentation)
    if augmentation is not None and processes.size > 1:
        augmentation = WholeBatchAugmentation(augmentation, processes)
    context = TaskContext(model, samples, recipe.training.seed, augmentation, processes)
    task: Task = build("task", recipe.task, context).to(device)
    return Trainer(
        model,
        task,
        samples,
        validation,
        recipe,
        Path(folder),
        label=label_of(folder),
        processes=processes,
        after_epoch=after_epoch,
        progress=progress,
    )


def _class_options(recipe: Recipe, samples: Samples | Stream, given: dict[str, Any]) -> dict[str, Any]:
    """The number of classes comes from the samples where the network must tell them; one that says another is refused."""
    if not getattr(named("task", recipe.task), "names_classes", False):
        return {}
    theirs: dict[str, Any] = getattr(samples, "class_options", {})
    for name, value in theirs.items():
        if given.get(name, value) != value:
            ours = name in recipe.model.options
            where = "model.options has" if ours else f"the network of {recipe.model.weights} has"
            what = "leave it out, and it is taken from them" if ours else "give samples of its classes"
            raise RecipeError(
                f"{where} {name} = {given[name]!r}, but the samples of {recipe.data.kind!r} have {value!r}; {what}."
            )
    return {name: value for name, value in theirs.items() if takes_option(recipe.model.name, name)}


def _check_same_network(recipe: Recipe, options: dict[str, Any]) -> None:
    """Options that no shape shows, such as the scale of the inputs, must be those with which the weights were trained."""
    facts = read_facts(recipe.model.weights)[0]
    there, here = (
        plain({**model_info(name).defaults, **given})
        for name, given in ((facts["name"], facts["options"]), (recipe.model.name, options))
    )
    difference = first_difference(there, here)
    if difference is not None:
        raise RecipeError(
            f"the weights in {recipe.model.weights} are of a network with another option, {difference}; give the recipe the "
            "options with which they were trained."
        )


def _part(recipe: Recipe, part: str) -> Samples | Stream:
    found: Samples | Stream = build("data", recipe.data, part=part)
    return found


def _test(trainer: Trainer, recipe: Recipe) -> dict[str, float]:
    """Metrics of the best network on samples that chose nothing."""
    best = trainer.folder / "best"
    load_weights(trainer.model, best)
    facts: dict[str, Any] = read_facts(best)[0]
    read_heads(trainer.task, best, facts)
    return trainer.evaluate(trainer.task.prepare(trainer.model, _part(recipe, "test"), trainer.device))


@contextmanager
def _determinism(wanted: bool) -> Iterator[None]:
    """Deterministic algorithms for the time of a run."""
    before = torch.are_deterministic_algorithms_enabled()
    if wanted:
        # cuBLAS reads it when it is first used; without it torch refuses its products.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
