"""What a network is trained to do: the loss of a batch, how it is judged, and which result is the best."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from .distributed import Processes
from .progress import EpochEnd
from .samples import Batch, Samples, Stream

Augmentation = Callable[[Tensor, torch.Generator], Tensor]


@dataclass(frozen=True)
class TaskContext:
    """What a task is built from.

    Attributes
    ----------
    model
        The network, already on its device.
    samples
        What it will be trained on.
    seed
        Of the weights that the task itself brings.
    augmentation
        ``(x, generator) -> x``, drawn per sample; None leaves samples as they are.
    processes
        Among which a batch is split.
    """

    model: nn.Module
    samples: Samples | Stream
    seed: int = 0
    augmentation: Augmentation | None = None
    processes: Processes = field(default_factory=Processes)

    @property
    def n_classes(self) -> int:
        """Number of classes of the samples.

        Raises
        ------
        ValueError
            If the samples have no labels.
        """
        n_classes = getattr(self.samples, "n_classes", None)
        if n_classes is None:
            raise ValueError(
                "this task needs labelled samples, whose n_classes says how many classes; give such samples."
            )
        return int(n_classes)

    def example(self) -> Batch:
        """One sample, for its shape."""
        if isinstance(self.samples, Stream):
            return self.samples.draw(1, torch.Generator().manual_seed(0))
        return self.samples.batch([0])


class Task(nn.Module):
    """Base of tasks; what it holds as parameters (heads) is trained together with the network.

    A subclass gives `loss` and `evaluate`. Whatever it draws at random comes from the generator it is handed.

    Attributes
    ----------
    best
        Metric of `evaluate` by which the best network is chosen.
    larger_is_better
        Whether the best is the largest value.
    minimum_batch
        Fewest samples for which the task means something.
    names_classes
        Whether the network itself must tell the classes of the samples, so that it is built for their number.
    """

    best: str = "loss"
    larger_is_better: bool = False
    minimum_batch: int = 1
    names_classes: bool = False

    def prepare(self, model: nn.Module, samples: Samples | Stream, device: torch.device) -> Samples | Stream:
        """Samples that the loop reads in place of these; called once for each part before the first step."""
        return samples

    def loss(self, model: Any, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of a training batch and what else is worth a look, each a mean over samples.

        Parameters
        ----------
        model
            The network, or its compiled form.
        batch
            Of this process, on the device of the network.
        generator
            On the CPU.
        """
        raise NotImplementedError(f"{type(self).__name__} must say what its loss is.")

    def evaluate(self, model: Any, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Means over the samples of a batch, without gradient; the default is that of `loss`.

        Parameters
        ----------
        model
            The network in evaluation mode, or its compiled form.
        batch
            On the device of the network.
        generator
            On the CPU, the same draws at each evaluation.
        """
        loss, metrics = self.loss(model, batch, generator)
        return {"loss": loss, **metrics}

    def after_epoch(self, end: EpochEnd) -> str:
        """Called at the end of each epoch, before the best network is chosen; a curriculum moves on here.

        Parameters
        ----------
        end
            Of the epoch; numbers that are added to ``end.row`` join the table of the run, and may be the metric `best`.

        Returns
        -------
        str
            Why the run is over; empty to go on.
        """
        return ""

    def state(self) -> dict[str, Any]:
        """What changed since the task was built, as plain values; a curriculum keeps its place here."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""


def accuracies(logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Shares of samples whose class is the first, and among the first five.

    Parameters
    ----------
    logits
        ``(sample, class)``.
    labels
        ``(sample,)``.

    Returns
    -------
    dict of str to Tensor
        ``top1`` and ``top5``, scalars. With five classes or fewer top5 is 1.
    """
    first = logits.topk(min(5, logits.shape[1]), dim=1).indices == labels[:, None]
    return {"top1": first[:, 0].float().mean(), "top5": first.any(dim=1).float().mean()}
