"""Evaluation of a network: every sample once, exact means, and the levels that need no network."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from .distributed import Processes
from .precision import Precision
from .recipe import TrainingRecipe
from .samples import Batch, Samples, Stream, evaluation_rows, step_seed, stored_batches, stream_batch
from .task import Task

# Tells the draws of an evaluation from those of training.
EVALUATION = 0xE7A1


def evaluate(
    model: nn.Module,
    computing: Any,
    task: Task,
    samples: Samples | Stream,
    training: TrainingRecipe,
    *,
    precision: Precision,
    processes: Processes,
) -> dict[str, float]:
    """Means over all samples.

    Each process takes whole batches in turn, so a batch is the same however many there are; sums are weighted by the
    number of samples. Of labelled samples the levels of chance and of a constant prediction are added.

    Parameters
    ----------
    model, computing
        The network, and its compiled form if there is one.
    task
        Says what is computed.
    samples
        Stored, or a stream of ``training.evaluation_steps`` batches.
    training
        Batch sizes and seed.
    precision, processes
        Of the run.

    Returns
    -------
    dict of str to float
        Metrics of the task; with top-1 accuracy also ``chance_top1``, ``chance_top5``, ``constant_top1`` and
        ``constant_top5``: accuracies of guessing, and of always naming the most frequent classes of these samples.
    """
    device = precision.device
    processes.same_state((model, task))
    model.eval()
    task.eval()
    named: dict[str, float] = {}
    total = 0
    n_classes: int = getattr(samples, "n_classes", None) or 0
    counts = torch.zeros(n_classes, dtype=torch.double)
    with torch.no_grad():
        for place, batch in _batches(samples, training, task.minimum_batch, processes, device):
            drawn = torch.Generator().manual_seed(step_seed(training.seed, EVALUATION, place))
            with precision.autocast():
                means = task.evaluate(computing, batch, drawn)
            n = len(next(iter(batch.values())))
            total += n
            for name, value in means.items():
                named[name] = named.get(name, 0.0) + float(value) * n
            if n_classes and "label" in batch:
                counts += torch.bincount(batch["label"].cpu().flatten(), minlength=n_classes)
    named["_n"] = float(total)
    named.update({f"_class{index}": float(count) for index, count in enumerate(counts.tolist())})
    named = processes.sum(_same_names(named, processes), device)
    n_all = named.pop("_n")
    counts = torch.tensor([named.pop(f"_class{index}") for index in range(n_classes)], dtype=torch.double)
    found = {name: value / n_all for name, value in named.items()}
    if "top1" in found and n_classes:
        ordered = counts.sort(descending=True).values / counts.sum()
        for k in (1, 5):
            found[f"chance_top{k}"] = min(k, n_classes) / n_classes
            found[f"constant_top{k}"] = float(ordered[:k].sum())
    return found


def _batches(
    samples: Samples | Stream, training: TrainingRecipe, minimum: int, processes: Processes, device: torch.device
) -> Iterator[tuple[int, Batch]]:
    """Batches of this process, with their number among all."""
    size = training.evaluation_batch_size or 4 * training.batch_size
    if isinstance(samples, Stream):
        for place in range(processes.rank, training.evaluation_steps, processes.size):
            seed = step_seed(training.seed, EVALUATION, place, 1)
            yield place, stream_batch(samples, size, seed, slice(None), device)
        return
    rows = evaluation_rows(len(samples), size, minimum)
    mine = range(processes.rank, len(rows), processes.size)
    read = stored_batches(samples, [rows[place] for place in mine], device, workers=training.workers)
    yield from zip(mine, read, strict=True)


def _same_names(named: dict[str, float], processes: Processes) -> dict[str, float]:
    """A process without a batch knows no metrics: it learns their names from the first, which always has one."""
    if processes.size == 1:
        return named
    names: list[Any] = [list(named)]
    torch.distributed.broadcast_object_list(names, 0)
    return {name: named.get(name, 0.0) for name in names[0]}
