"""The loop: epochs of shuffled batches, evaluation, checkpoints; the same for every family of networks.

Nothing that happens in a step depends on anything but the weights, the recipe and (seed, epoch, step), so a run that is
killed and resumed ends with the same weights as one that is not.
"""

import math
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from ..recording import Recordable
from ..weights import label_of
from .checkpoint import read_state, restore, save_network, save_state
from .compiled import computing_form
from .distributed import Processes
from .evaluation import evaluate
from .logs import Events, write_history
from .optimizers import make_optimizer, set_learning_rate
from .precision import Precision
from .progress import AfterEpoch, EpochEnd, Progress
from .recipe import Recipe
from .samples import Batch, Samples, Stream, epoch_rows, step_seed, stored_batches, stream_batches
from .task import Task

# Losses are looked at this often: looking at each would make a GPU wait for it.
LOOK_EVERY = 20
DROPOUT, AUGMENTATION, STREAM = 1, 2, 3
COUNTED = "steps that count"


class Trainer:
    """One run.

    Parameters
    ----------
    model
        On its device.
    task
        On the same device.
    samples, validation
        What is learned and what is judged; without validation the last network is the best.
    recipe
        Of the run.
    folder
        Where ``last``, ``best`` and ``metrics.csv`` go.
    label
        Of the trained weights.
    processes
        Among which each batch is split.
    after_epoch
        Functions called at the end of each epoch, after the evaluation; True from any of them ends the run.
    progress
        Whether to show a bar on stderr.

    Raises
    ------
    ValueError
        If the batches cannot be made as the recipe says.
    """

    def __init__(
        self,
        model: Recordable,
        task: Task,
        samples: Samples | Stream,
        validation: Samples | Stream | None,
        recipe: Recipe,
        folder: Path,
        *,
        label: str = "trained",
        processes: Processes | None = None,
        after_epoch: Sequence[AfterEpoch] = (),
        progress: bool = False,
    ) -> None:
        self.model, self.task, self.recipe, self.folder, self.label = model, task, recipe, Path(folder), label
        self.processes, self.after_epoch = processes or Processes(), tuple(after_epoch)
        self.device = next(iter((*model.parameters(), *task.parameters()))).device
        training = recipe.training
        self.show = progress and self.processes.first
        self.precision = Precision(training.precision, self.device)
        self.computing = computing_form(model) if training.compile else model
        self.samples = task.prepare(model, samples, self.device)
        self.validation = None if validation is None else task.prepare(model, validation, self.device)
        self.optimizer = make_optimizer(recipe.optimizer, model, task)
        self.rates = recipe.learning_rates()
        self.steps = self._steps_per_epoch()
        self.share = self.processes.share(training.batch_size)
        self.at = Progress()
        self._looked: list[tuple[int, Tensor]] = []

    def resume(self) -> None:
        """Go on from ``last``.

        Raises
        ------
        ResourceNotAvailableError
            If there is nothing to resume.
        ValueError
            If it was saved by another recipe.
        ContractError
            If a file is damaged.
        """
        state = read_state(self.folder / "last", self.recipe.to_dict())
        restore(self.model, self.task, self.optimizer, self.folder / "last", state, self.device)
        self.precision.restore(state["precision"])
        self.at = Progress(**state["progress"])

    def run(self) -> Progress:
        """Train to the end.

        Returns
        -------
        Progress
            With the whole history.

        Raises
        ------
        FloatingPointError
            If the loss or a weight is no longer finite; what was saved before stays.
        """
        with self.session():
            while self.unfinished:
                started = time.perf_counter()
                self._train_epoch()
                self.end_epoch(started)
        return self.at

    @property
    def unfinished(self) -> bool:
        """Whether there is an epoch to train."""
        return self.at.epoch < self.recipe.training.epochs and not self.at.stopped

    @contextmanager
    def session(self) -> Iterator[None]:
        """What surrounds the epochs: event files, and torch's random state, which is left as it was."""
        wanted = self.recipe.training.tensorboard and self.processes.first
        self._events = Events(self.folder, wanted=wanted, epoch=self.at.epoch)
        if self.at.history and self.processes.first:
            # A run that was killed between saving and writing an epoch down has no row of it.
            write_history(self.at.history, self.folder)
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            yield
        self._events.close()

    def end_epoch(self, started: float) -> None:
        """Judge a trained epoch, and write down and save what came of it.

        Parameters
        ----------
        started
            Of the epoch, by `time.perf_counter`.
        """
        epoch, training = self.at.epoch, self.recipe.training
        row = {"epoch": float(epoch), "lr": self.rates[epoch]}
        counted = self.at.sums.pop(COUNTED)
        row.update({f"train_{name}": value / counted for name, value in self.at.sums.items() if counted})
        evaluated = (epoch + 1) % training.evaluate_every == 0 or epoch == training.epochs - 1
        if evaluated and self.validation is not None:
            found = self.evaluate(self.validation)
            row.update({f"validation_{name}": value for name, value in found.items()})
        row["skipped_steps"] = float(self.precision.skipped)
        row["seconds"] = time.perf_counter() - started
        self.at.history.append(row)
        self.at.epoch, self.at.step, self.at.sums = epoch + 1, 0, {}
        end = EpochEnd(epoch, row, self.model, self.task, self.samples, self.validation, self._keep)
        self.at.stopped = self.task.after_epoch(end)
        self._judge(row, epoch)
        for call in self.after_epoch:
            if call(end):
                self.at.stopped = self.at.stopped or f"a function after epoch {epoch + 1} ended the run"
        self._save()
        if self.processes.first:
            write_history(self.at.history, self.folder)
            self._events.add(row)

    def evaluate(self, samples: Samples | Stream) -> dict[str, float]:
        """Metrics of the network as it is now; see `neuromodels.training.evaluation.evaluate`."""
        return evaluate(
            self.model,
            self.computing,
            self.task,
            samples,
            self.recipe.training,
            precision=self.precision,
            processes=self.processes,
        )

    def _train_epoch(self) -> None:
        training, epoch = self.recipe.training, self.at.epoch
        set_learning_rate(self.optimizer, self.rates[epoch])
        frozen = not any(parameter.requires_grad for parameter in self.model.parameters())
        self.model.train(not frozen)
        self.task.train()
        running: dict[str, Tensor] = {}
        with self._bar() as bar:
            for batch in self.batches(epoch, self.at.step):
                metrics = self._step(batch, epoch, self.at.step)
                _sum_up(running, metrics)
                self._looked.append((self.at.step, metrics["loss"]))
                self.at.step += 1
                bar.update()
                save = training.checkpoint_every and self.at.step % training.checkpoint_every == 0
                save = save and self.at.step < self.steps
                if save or self.at.step == self.steps or len(self._looked) >= LOOK_EVERY:
                    bar.set_postfix(loss=f"{self._look(epoch):.4g}", refresh=False)
                if save or self.at.step == self.steps:
                    self._add(running)
                if save:
                    self._save()
                    self.model.train(not frozen)
                    self.task.train()

    def _step(self, batch: Batch, epoch: int, step: int) -> dict[str, Tensor]:
        seed, rank = self.recipe.training.seed, self.processes.rank
        # Dropout reads torch's global state, which is forked for the run.
        _seed_global(step_seed(seed, epoch, step, DROPOUT + 8 * rank), self.device)
        drawn = torch.Generator().manual_seed(step_seed(seed, epoch, step, AUGMENTATION + 8 * rank))
        self.optimizer.zero_grad(set_to_none=True)
        with self.precision.autocast():
            loss, metrics = self.task.loss(self.computing, batch, drawn)
        self.precision.backward(loss)
        self.processes.average_gradients((self.model, self.task))
        self.precision.step(self.optimizer, self.recipe.training.clip_gradient)
        return {"loss": loss.detach(), **metrics}

    def batches(self, epoch: int, first: int) -> Iterator[Batch]:
        """Training batches of an epoch from a step on."""
        training = self.recipe.training
        if isinstance(self.samples, Stream):
            seeds = [step_seed(training.seed, epoch, step, STREAM) for step in range(first, self.steps)]
            yield from stream_batches(
                self.samples, training.batch_size, seeds, self.share, self.device, workers=training.workers
            )
            return
        rows = epoch_rows(len(self.samples), training.batch_size, training.seed, epoch)[first:]
        mine = [batch[self.share] for batch in rows]
        yield from stored_batches(self.samples, mine, self.device, workers=training.workers)

    def _look(self, epoch: int) -> float:
        """The last loss; stops the run where one is not finite."""
        losses = torch.stack([loss.float() for _, loss in self._looked]).tolist()
        steps = [step for step, _ in self._looked]
        self._looked.clear()
        for step, loss in zip(steps, losses, strict=True):
            if not math.isfinite(loss) and self.precision.name != "fp16":
                raise FloatingPointError(
                    f"the loss is {loss} at epoch {epoch + 1}, step {step + 1}; lower optimizer.lr (now {self.rates[epoch]:g}) "
                    "or set training.clip_gradient. What was saved before stays."
                )
        return losses[-1]

    def _add(self, running: dict[str, Tensor]) -> None:
        """Bring the sums over steps, of all processes, into the record of the epoch."""
        local = {name: float(value) for name, value in running.items()}
        for name, value in self.processes.sum(local, self.device).items():
            self.at.sums[name] = self.at.sums.get(name, 0.0) + value / self.processes.size
        running.clear()

    def _judge(self, row: dict[str, float], epoch: int) -> None:
        """Keep the network if it is the best so far; count how long there was none."""
        name = f"validation_{self.task.best}"
        if self.validation is not None and name not in row:
            return
        value = row.get(name, math.nan)
        best, sign = self.at.best_value, 1 if self.task.larger_is_better else -1
        if self.validation is None or best is None or sign * value > sign * best:
            self.at.best_epoch, self.at.best_value, self.at.waited = epoch, None if math.isnan(value) else value, 0
            self._check_weights()
            if self.processes.first:
                save_network(self.model, self.task, self.folder / "best", label=self.label, facts=self._facts(row))
            return
        self.at.waited += 1
        if self.recipe.training.patience and self.at.waited >= self.recipe.training.patience:
            self.at.stopped = self.at.stopped or f"no better {self.task.best} in {self.at.waited} evaluations"

    def _keep(self, name: str) -> None:
        """The network as it is now, beside ``best`` and ``last``."""
        self._check_weights()
        if self.processes.first:
            label, facts = f"{self.label}-{label_of(name)}", self._facts(self.at.history[-1])
            save_network(self.model, self.task, self.folder / name, label=label, facts=facts)

    def _save(self) -> None:
        self._check_weights()
        if self.processes.first:
            row = self.at.history[-1] if self.at.history else {}
            save_state(
                self.model,
                self.task,
                self.optimizer,
                self.folder / "last",
                label=self.label,
                facts=self._facts(row),
                progress={"progress": vars(self.at), "precision": self.precision.state()},
            )

    def _facts(self, row: dict[str, float]) -> dict[str, Any]:
        numbers = {name: value for name, value in row.items() if math.isfinite(value)}
        return {"recipe": self.recipe.to_dict(), "epoch": self.at.epoch, "metrics": numbers}

    def _check_weights(self) -> None:
        """Nothing broken is saved: a gradient may overflow under a loss that does not."""
        for name, parameter in (*self.model.named_parameters(), *self.task.named_parameters()):
            if not bool(torch.isfinite(parameter).all()):
                raise FloatingPointError(
                    f"the weights {name!r} hold values that are not finite after epoch {self.at.epoch}; lower optimizer.lr, or "
                    "set training.clip_gradient. What was saved before stays."
                )

    def _steps_per_epoch(self) -> int:
        training = self.recipe.training
        if isinstance(self.samples, Stream) and not training.steps_per_epoch:
            raise ValueError("a stream has no length: set training.steps_per_epoch to the batches of an epoch.")
        if isinstance(self.validation, Stream) and not training.evaluation_steps:
            raise ValueError("a stream has no length: set training.evaluation_steps to the batches of an evaluation.")
        if isinstance(self.samples, Stream):
            return training.steps_per_epoch
        for name in ("steps_per_epoch", "evaluation_steps"):
            if getattr(training, name):
                raise ValueError(
                    f"training.{name} is {getattr(training, name)}, but only a stream reads it; leave it out: stored samples "
                    "are all read in an epoch, and in an evaluation."
                )
        return len(epoch_rows(len(self.samples), training.batch_size, training.seed, 0))

    @contextmanager
    def _bar(self) -> Iterator[Any]:
        words = f"epoch {self.at.epoch + 1}/{self.recipe.training.epochs}"
        with tqdm(
            total=self.steps, initial=self.at.step, desc=words, file=sys.stderr, disable=not self.show, leave=False
        ) as bar:
            yield bar


def _seed_global(seed: int, device: torch.device) -> None:
    """`torch.manual_seed`, which on a CPU also makes a stack trace for each kind of device that is not there."""
    if device.type == "cpu":
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)


def _sum_up(running: dict[str, Tensor], metrics: dict[str, Tensor]) -> None:
    """Add the metrics of a step; one whose loss overflowed, which is skipped, does not count."""
    counts = torch.isfinite(metrics["loss"])
    for name, value in {COUNTED: torch.ones_like(metrics["loss"]), **metrics}.items():
        kept = torch.where(counts, value, torch.zeros_like(value))
        running[name] = running[name] + kept if name in running else kept
