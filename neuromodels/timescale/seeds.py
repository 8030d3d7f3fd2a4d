"""Many seeds of one memory recipe in one process: their steps are batched, each keeps its own run."""

import math
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim import SGD

from ..training.loop import AUGMENTATION, COUNTED, Trainer
from ..training.optimizers import set_learning_rate
from ..training.recipe import Recipe, read_recipe
from ..training.run import TrainingResult, end_run, prepare, start_run
from ..training.samples import Batch, step_seed
from ..training.tables import RecipeError
from .curriculum import Stage
from .ensemble import LeakyEnsemble
from .leaky_rnn import LeakyRNN
from .memory_task import MemoryTask

UNUSED = -100


def train_seeds(
    recipe: Recipe | str | Path,
    seeds: Sequence[int],
    folder: str | Path,
    *,
    resume: bool = False,
    device: str = "cpu",
) -> list[TrainingResult]:
    """Train a memory recipe with several seeds, side by side.

    Each seed is the run that ``model.seed`` and ``training.seed`` of this value give alone, up to rounding: it has its own
    digits and its own place in the curriculum, and its folder, such as ``seed-0``, is that of any other run. A seed that is
    done leaves the others more room. State is saved at the end of each epoch.

    Parameters
    ----------
    recipe
        Of leaky networks, with the task ``timescale/memory``, sgd and float32.
    seeds
        No two the same.
    folder
        Gets one folder for each seed.
    resume, device
        See `neuromodels.training.train`.

    Returns
    -------
    list of TrainingResult
        In the order of the seeds.

    Raises
    ------
    ValueError
        If the recipe is none of those, there are no seeds or one twice, or a folder holds another run.
    FloatingPointError
        If the loss of a seed is no longer finite: the other seeds are trained to their end first, and what was saved of
        this one before stays.
    """
    recipe = recipe if isinstance(recipe, Recipe) else read_recipe(recipe)
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds must be at least one, and no two the same, received {list(seeds)}.")
    trainers = [_trainer(recipe, seed, Path(folder), device) for seed in seeds]
    for trainer in trainers:
        start_run(trainer, resume=resume)
        if trainer.at.step:
            raise RecipeError(
                f"{trainer.folder} was saved within an epoch, where seeds cannot meet; resume it alone to the end of the epoch."
            )
    broken: dict[int, str] = {}
    with ExitStack() as sessions:
        for trainer in trainers:
            sessions.enter_context(trainer.session())
        while alive := [t for t in trainers if t.unfinished and id(t) not in broken]:
            started = time.perf_counter()
            broken.update(_train_epoch(alive))
            for trainer in alive:
                if id(trainer) not in broken:
                    trainer.end_epoch(started)
    if broken:
        raise FloatingPointError(" ".join(broken.values()) + " What was saved before stays; the other seeds are done.")
    return [end_run(trainer) for trainer in trainers]


def _trainer(recipe: Recipe, seed: int, folder: Path, device: str) -> Trainer:
    """The run that this seed is alone."""
    own = recipe.with_changes([f"model.seed={seed}", f"training.seed={seed}"])
    trainer = prepare(own, folder / f"seed-{seed}", torch.device(device))
    training = own.training
    if not isinstance(trainer.task, MemoryTask) or not isinstance(trainer.model, LeakyRNN):
        raise RecipeError(
            f"only leaky networks and the task timescale/memory train side by side, received {own.model.name} and "
            f"{own.task.kind}; train its seeds one after the other."
        )
    if own.optimizer.kind != "sgd" or training.precision != "float32" or training.compile:
        raise RecipeError(
            "seeds side by side need optimizer.kind = 'sgd', training.precision = 'float32' and no compile, received "
            f"{own.optimizer.kind!r}, {training.precision!r} and {training.compile}; change them, or train one after the other."
        )
    return trainer


def _train_epoch(trainers: list[Trainer]) -> dict[int, str]:
    """One epoch of each, from the weights of their networks and back into them; what broke, by the trainer's id."""
    ensemble = LeakyEnsemble.from_networks([trainer.model for trainer in trainers]).train()  # type: ignore[misc]
    optimizer = _joint_optimizer(ensemble, trainers)
    clip, n_steps = trainers[0].recipe.training.clip_gradient, trainers[0].steps
    sums = torch.zeros(2, len(trainers), dtype=torch.double, device=trainers[0].device)
    losses = torch.empty(n_steps, len(trainers), device=trainers[0].device)
    streams = [trainer.batches(trainer.at.epoch, 0) for trainer in trainers]
    for step, batches in enumerate(zip(*streams, strict=True)):
        optimizer.zero_grad(set_to_none=True)
        each, accuracies = _losses(ensemble, trainers, batches, step)
        each.sum().backward()
        _clip_each(ensemble, clip)
        optimizer.step()
        losses[step] = each.detach()
        sums += torch.stack([each.detach(), accuracies])
    broken = _first_broken(losses, trainers)
    for number, trainer in enumerate(trainers):
        _hand_back(ensemble, optimizer, number, trainer)
        loss, accuracy = sums[:, number].tolist()
        trainer.at.step, trainer.at.sums = n_steps, {COUNTED: float(n_steps), "loss": loss, "accuracy": accuracy}
    return broken


def _losses(
    ensemble: LeakyEnsemble, trainers: list[Trainer], batches: Sequence[Batch], step: int
) -> tuple[Tensor, Tensor]:
    """Loss and mean accuracy of each network, ``(network,)``."""
    stages = [_stage(trainer) for trainer in trainers]
    heads = sorted({head for stage in stages for head in stage.heads})
    lengths = [batch["x"].shape[1] for batch in batches]
    n, longest = len(batches[0]["x"]), max(lengths)
    x = batches[0]["x"].new_zeros(len(batches), n, longest, 1)
    label = batches[0]["label"].new_full((len(batches), n, len(heads)), UNUSED)
    for number, (batch, stage, length) in enumerate(zip(batches, stages, lengths, strict=True)):
        # Sequences end together.
        x[number, :, longest - length :] = batch["x"]
        label[number, :, [heads.index(head) for head in stage.heads]] = batch["label"]
    drawn = [
        torch.Generator().manual_seed(step_seed(trainer.recipe.training.seed, trainer.at.epoch, step, AUGMENTATION))
        for trainer in trainers
    ]
    logits = ensemble(x, heads, ensemble.draw_start(n, drawn), [longest - length for length in lengths])
    each = functional.cross_entropy(logits.flatten(0, 2), label.flatten(), ignore_index=UNUSED, reduction="none")
    right = (logits.argmax(-1) == label).double().sum((1, 2))
    asked = torch.tensor([len(stage.heads) for stage in stages], device=x.device)
    return each.view(len(batches), -1).sum(1) / n, right / (asked * n)


def _stage(trainer: Trainer) -> Stage:
    """What is asked of this seed now."""
    found: Stage = trainer.task.stage  # type: ignore[assignment]
    return found


def _joint_optimizer(ensemble: LeakyEnsemble, trainers: list[Trainer]) -> SGD:
    """One optimizer over the stacked parameters, with the groups and the momentum of those of the trainers."""
    stacked = dict(ensemble.named_parameters())
    first = {id(parameter): name for name, parameter in trainers[0].model.named_parameters()}
    groups = [
        {**group, "params": [stacked[first[id(parameter)]] for parameter in group["params"]]}
        for group in trainers[0].optimizer.param_groups
    ]
    optimizer = SGD(groups)
    rates = {trainer.rates[trainer.at.epoch] for trainer in trainers}
    if len(rates) > 1:
        raise RecipeError("seeds in different epochs have different learning rates; resume them one after the other.")
    set_learning_rate(optimizer, rates.pop())
    if any(trainer.optimizer.state for trainer in trainers):
        for name, parameter in stacked.items():
            # A momentum of 0 is what a first step starts from.
            found = [_momentum(trainer, name) for trainer in trainers]
            buffers = [torch.zeros_like(parameter[0]) if one is None else one for one in found]
            optimizer.state[parameter] = {"momentum_buffer": torch.stack(buffers)}
    return optimizer


def _momentum(trainer: Trainer, name: str) -> Tensor | None:
    found: Tensor | None = trainer.optimizer.state[trainer.model.get_parameter(name)].get("momentum_buffer")
    return found


def _clip_each(ensemble: LeakyEnsemble, largest: float) -> None:
    """Clip the norm of each network's gradient, as `torch.nn.utils.clip_grad_norm_` does for one."""
    if not largest:
        return
    gradients = [parameter.grad for parameter in ensemble.parameters() if parameter.grad is not None]
    squares = torch.stack([gradient.flatten(1).square().sum(1) for gradient in gradients])
    factors = (largest / (squares.sum(0).sqrt() + 1e-6)).clamp(max=1)
    for gradient in gradients:
        gradient.mul_(factors.view(-1, *(1,) * (gradient.ndim - 1)))


def _first_broken(losses: Tensor, trainers: list[Trainer]) -> dict[int, str]:
    """A sentence for each trainer whose loss is not finite at some step."""
    broken = {}
    for trainer, column in zip(trainers, losses.T.tolist(), strict=True):
        for step, loss in enumerate(column):
            if not math.isfinite(loss):
                seed, rate = trainer.recipe.training.seed, trainer.rates[trainer.at.epoch]
                broken[id(trainer)] = (
                    f"seed {seed}: the loss is {loss} at epoch {trainer.at.epoch + 1}, step {step + 1}; lower optimizer.lr "
                    f"(now {rate:g}) or set training.clip_gradient."
                )
                break
    return broken


def _hand_back(ensemble: LeakyEnsemble, optimizer: SGD, number: int, trainer: Trainer) -> None:
    """Weights and momentum of one network into its own run."""
    with torch.no_grad():
        for name, parameter in trainer.model.named_parameters():
            stacked = ensemble.get_parameter(name)
            parameter.copy_(stacked[number])
            buffer = optimizer.state[stacked].get("momentum_buffer")
            if buffer is not None:
                trainer.optimizer.state[parameter] = {"momentum_buffer": buffer[number].clone()}
