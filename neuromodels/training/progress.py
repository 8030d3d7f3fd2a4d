"""Place in a run, and what is handed to a function after each epoch."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..recording import Recordable
from .samples import Samples, Stream

if TYPE_CHECKING:
    from .task import Task


@dataclass
class EpochEnd:
    """What is handed to a function after each epoch.

    Attributes
    ----------
    epoch
        From 0.
    row
        Metrics of this epoch, ``train_...`` and ``validation_...``.
    model, task, samples, validation
        Of the run. A curriculum changes the task or the stream; what it must remember belongs into ``task.state()``.
    keep
        Saves the network as it is now in this subfolder of the run, where `neuromodels.load_model` finds it.
    """

    epoch: int
    row: dict[str, float]
    model: Recordable
    task: "Task"
    samples: Samples | Stream
    validation: Samples | Stream | None
    keep: Callable[[str], None] = lambda name: None


AfterEpoch = Callable[[EpochEnd], bool | None]


@dataclass
class Progress:
    """Place in a run, and what it has seen so far.

    Attributes
    ----------
    epoch, step
        Next ones, from 0.
    sums
        Of the training metrics of the unfinished epoch.
    history
        One row per finished epoch.
    best_epoch, best_value
        -1 and NaN before the first evaluation.
    waited
        Evaluations since the best one.
    stopped
        Why the run ended before its last epoch; empty where it did not.
    """

    epoch: int = 0
    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = -1
    best_value: float | None = None
    waited: int = 0
    stopped: str = ""
