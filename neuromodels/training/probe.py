"""Linear probe: how much of the classes a frozen network shows to one linear layer."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from .samples import Batch, Samples, Stream, TensorSamples, evaluation_rows, stored_batches
from .task import Task, TaskContext, accuracies
from .tasks import feature_size


class Probe(Task):
    """A linear layer on the features of the frozen network, which are computed once, without augmentation.

    The network gets no gradient and stays in evaluation mode. A network with random weights gives the level that
    training must exceed: with ``standardise`` a fair one, since a layer that is trained for a fixed number of steps sees
    little of features that hardly vary, which those of a network with random weights often do.

    Parameters
    ----------
    context
        Whose samples are stored and labelled, and whose network has ``features`` and ``feature_size``.
    standardise
        Bring each feature to mean 0 and variance 1 over the training samples first; False as published.
    feature_batch_size
        Samples per forward pass of the network.
    """

    best, larger_is_better = "top1", True

    mean: Tensor
    spread: Tensor

    def __init__(self, context: TaskContext, *, standardise: bool = False, feature_batch_size: int = 256) -> None:
        super().__init__()
        if context.augmentation is not None:
            raise ValueError("a probe reads features that are computed once; leave out the section [augmentation].")
        self.feature_batch_size = feature_batch_size
        self._training = context.samples if standardise else None
        n_features = feature_size(context.model)
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("spread", torch.ones(n_features))
        context.model.requires_grad_(False)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(context.seed)
            self.head = nn.Linear(n_features, context.n_classes)

    def prepare(self, model: nn.Module, samples: Samples | Stream, device: torch.device) -> Samples:
        """Features and labels of all samples, kept on the CPU."""
        if isinstance(samples, Stream):
            raise ValueError("a probe needs stored samples, received a stream; give a data set.")
        features, labels = [], []
        model.eval()
        with torch.no_grad():
            for batch in stored_batches(samples, evaluation_rows(len(samples), self.feature_batch_size), device):
                features.append(model.features(batch["x"]).float().cpu())  # type: ignore[operator]
                labels.append(batch["label"].cpu())
        if samples is self._training:
            self._take_moments(torch.cat(features))
        n_classes: int | None = getattr(samples, "n_classes", None)
        return TensorSamples({"x": torch.cat(features), "label": torch.cat(labels)}, n_classes=n_classes)

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Mean cross-entropy and top-1; ``x`` are features."""
        logits = self._logits(batch["x"])
        with torch.no_grad():
            top1 = (logits.argmax(dim=1) == batch["label"]).float().mean()
        return functional.cross_entropy(logits, batch["label"]), {"top1": top1}

    def evaluate(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Loss, top-1 and top-5."""
        logits = self._logits(batch["x"])
        return {"loss": functional.cross_entropy(logits, batch["label"]), **accuracies(logits, batch["label"])}

    def _take_moments(self, features: Tensor) -> None:
        spread = features.double().std(dim=0, correction=0)
        self.mean.copy_(features.double().mean(dim=0))
        # What is constant but for rounding tells nothing.
        floor = torch.finfo(features.dtype).eps * features.abs().amax(dim=0)
        self.spread.copy_(torch.where(spread > floor, spread, torch.inf))

    def _logits(self, features: Tensor) -> Tensor:
        return self.head((features - self.mean) / self.spread).float()
