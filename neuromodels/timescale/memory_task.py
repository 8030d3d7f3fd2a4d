"""Training to remember: the loss of all heads, and the curriculum that moves on when they answer."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ..training.progress import EpochEnd
from ..training.samples import Batch, Samples, Stream
from ..training.task import Task, TaskContext
from .curriculum import THRESHOLD, Heads, Kind, Stage, answers_of, is_solved, stages_of
from .leaky_config import CLAMP
from .memory_network import MemoryNetwork
from .memory_stream import MemoryStream


class MemoryTask(Task):
    """Cross-entropies of the heads in use, summed; a solved stage is kept and the next one begins.

    After each epoch the network is judged: where the mean accuracy over heads and that of the last head are both above the
    threshold, the network is saved in ``stages/N2-N5`` (the smallest and the largest N) and the curriculum moves on by one
    stage; the last stage ends the run. The best network is the one that solved the largest N.

    The table of the run has the accuracy of each head (``N2``, ``N3``, ...), the place in the curriculum (``stage``,
    ``smallest_n``, ``largest_n``), and of networks with a time constant per unit its mean and standard deviation over units
    (``tau_mean``, ``tau_sd``) and the share of units at the clamp (``tau_at_clamp``).

    Parameters
    ----------
    context
        With a network of this family and samples of the kind ``timescale/memory``.
    curriculum, first_n, last_n, width, step, heads
        See `stages_of`.
    threshold
        See `is_solved`.

    Raises
    ------
    ValueError
        If the network or the samples are none of this family, there is an augmentation, the network has too few heads, or
        the curriculum cannot be meant.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927.
    """

    best, larger_is_better = "solved", True

    def __init__(
        self,
        context: TaskContext,
        *,
        curriculum: Kind = "multi-head",
        first_n: int = 2,
        last_n: int = 101,
        width: int | None = None,
        step: int | None = None,
        heads: Heads = "position",
        threshold: float = THRESHOLD,
    ) -> None:
        super().__init__()
        model = context.model
        if not isinstance(model, MemoryNetwork):
            raise ValueError(f"{type(model).__name__} has no readout heads; train a network such as timescale/leaky-small.")
        if context.augmentation is not None:
            raise ValueError("an augmentation changes digits, not the answers; leave [augmentation] out.")
        if not 0 < threshold < 1:
            raise ValueError(f"threshold must be a share above 0 and below 1, received {threshold}; 0.98 is published.")
        self.stages = stages_of(curriculum, first_n=first_n, last_n=last_n, width=width, step=step, heads=heads)
        needed = 1 + max(max(stage.heads) for stage in self.stages)
        if needed > model.heads:
            raise ValueError(
                f"this curriculum needs {needed} heads, but the network has {model.heads}: head {needed - 1} does not exist; set "
                f"model.options.heads to {needed}, or lower task.last_n."
            )
        self.threshold, self.place, self.solved = threshold, 0, 0
        # In a tuple: as an attribute of its own the network would become part of the task and its weights.
        self._network, self._streams = (model,), [self._stream(context.samples)]
        self._begin()

    @property
    def stage(self) -> Stage:
        """What is asked now."""
        return self.stages[self.place]

    def prepare(self, model: Any, samples: Samples | Stream, device: torch.device) -> Samples | Stream:
        """The same samples, which from now on ask what the curriculum asks."""
        self._streams.append(self._stream(samples))
        self._begin()
        return samples

    def loss(self, model: Any, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Sum over heads of the mean cross-entropy, and the mean accuracy; states start at random as published."""
        logits = self._logits(model, batch, generator)
        with torch.no_grad():
            accuracy = (logits.argmax(-1) == batch["label"]).float().mean()
        return summed_cross_entropy(logits, batch["label"]), {"accuracy": accuracy}

    def evaluate(self, model: Any, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Loss, mean accuracy and that of each head; states start at random here too."""
        logits = self._logits(model, batch, generator)
        accuracies = (logits.argmax(-1) == batch["label"]).double().mean(0).cpu()
        named = {f"N{n}": accuracy for n, accuracy in zip(self.stage.ns, accuracies, strict=True)}
        return {"loss": summed_cross_entropy(logits, batch["label"]), "accuracy": accuracies.mean(), **named}

    def after_epoch(self, end: EpochEnd) -> str:
        """Write the place and the time constants down, keep a solved stage, and move on."""
        stage, row = self.stage, end.row
        row.update({"stage": float(self.place), "smallest_n": float(stage.ns[0]), "largest_n": float(stage.ns[-1])})
        row.update(time_constant_trace(self._network[0]))
        names = [f"validation_N{n}" for n in stage.ns]
        if names[0] not in row:
            return ""
        accuracies = [row.pop(name) for name in names]
        row.update({f"N{n}": accuracy for n, accuracy in zip(stage.ns, accuracies, strict=True)})
        over = False
        if is_solved(accuracies, self.threshold):
            self.solved = stage.ns[-1]
            end.keep(f"stages/{stage.name}")
            over = self.place + 1 == len(self.stages)
            self.place += not over
            self._begin()
        # Before any N is solved the mean accuracy tells networks apart; it is below the smallest N.
        row["validation_solved"] = float(self.solved) or row["validation_accuracy"]
        return f"the last stage of the curriculum, {stage.name}, is solved" if over else ""

    def state(self) -> dict[str, int]:
        """Place in the curriculum, and the largest N that was solved."""
        return {"place": self.place, "solved": self.solved}

    def restore(self, state: dict[str, int]) -> None:
        """Go on from `state`."""
        self.place, self.solved = state["place"], state["solved"]
        self._begin()

    def _begin(self) -> None:
        """Tell streams and network what is asked now; a saved network knows what its heads answer."""
        for stream in self._streams:
            stream.ask(self.stage.ns)
        model = self._network[0]
        answers = answers_of(self.stages, self.place, model.heads)
        if answers is not None:
            model.answers = answers
            model.options = {**model.options, "answers": list(answers)}

    def _stream(self, samples: Samples | Stream) -> MemoryStream:
        if not isinstance(samples, MemoryStream):
            raise ValueError(
                f"a curriculum changes what is asked, which {type(samples).__name__} cannot; set data.kind to timescale/memory."
            )
        return samples

    def _logits(self, model: Any, batch: Batch, generator: torch.Generator) -> Tensor:
        start = self._network[0].draw_start(len(batch["x"]), generator)
        logits: Tensor = model(batch["x"], self.stage.heads, start)
        return logits.float()


def summed_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Sum over heads of the mean cross-entropy over sequences.

    Parameters
    ----------
    logits
        ``(sequence, head, class)``.
    labels
        ``(sequence, head)`` int64.
    """
    return functional.cross_entropy(logits.flatten(0, 1), labels.flatten()) * labels.shape[1]


def time_constant_trace(model: MemoryNetwork) -> dict[str, float]:
    """Mean, standard deviation and share at the clamp of the time constants; nothing where they depend on the input."""
    if not hasattr(model, "tau"):
        return {}
    with torch.no_grad():
        tau = model.time_constants().double()  # type: ignore[operator]
    return {
        "tau_mean": float(tau.mean()),
        "tau_sd": float(tau.std(correction=0)),
        "tau_at_clamp": float((tau <= CLAMP).double().mean()),
    }
