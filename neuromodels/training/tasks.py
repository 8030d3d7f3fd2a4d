"""Tasks by name: classification, and learning without labels."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from .objectives import Autoencoder, SimCLR, SimSiam
from .samples import Batch
from .task import Task, TaskContext, accuracies


class Classification(Task):
    """Cross-entropy of the network's logits; the best network has the largest top-1 accuracy.

    Parameters
    ----------
    context
        Whose samples have labels.
    """

    best, larger_is_better, names_classes = "top1", True, True

    def __init__(self, context: TaskContext) -> None:
        super().__init__()
        self.n_classes, self.augmentation = context.n_classes, context.augmentation

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Mean cross-entropy and top-1 of augmented samples."""
        x = batch["x"] if self.augmentation is None else self.augmentation(batch["x"], generator)
        logits = self._logits(model, x)
        with torch.no_grad():
            top1 = (logits.argmax(dim=1) == batch["label"]).float().mean()
        return functional.cross_entropy(logits, batch["label"]), {"top1": top1}

    def evaluate(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Loss, top-1 and top-5 of samples as they are."""
        logits = self._logits(model, batch["x"])
        return {"loss": functional.cross_entropy(logits, batch["label"]), **accuracies(logits, batch["label"])}

    def _logits(self, model: nn.Module, x: Tensor) -> Tensor:
        logits = model(x)
        if logits.shape != (len(x), self.n_classes):
            raise ValueError(
                f"the network gives logits {tuple(logits.shape)} for {len(x)} samples of {self.n_classes} classes; build it "
                f"with {self.n_classes} classes."
            )
        return logits.float()


class _Views(Task):
    """Two augmented views of each sample, compared over the whole batch of all processes.

    The monitored loss is also on augmented views, the same draws at each evaluation: two equal views would tell nothing.
    """

    minimum_batch = 2
    objective: nn.Module

    def __init__(self, context: TaskContext) -> None:
        super().__init__()
        if context.augmentation is None:
            raise ValueError("two views of a sample come from an augmentation; add a section [augmentation].")
        self.augmentation, self.processes = context.augmentation, context.processes

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Objective of the features of two views."""
        x = batch["x"]
        views = torch.cat([self.augmentation(x, generator), self.augmentation(x, generator)])
        first, second = model.features(views).chunk(2)  # type: ignore[operator]
        if self.training:
            first, second = self.processes.gather(first), self.processes.gather(second)
        # Cosines over a small temperature need all digits.
        with torch.autocast(x.device.type, enabled=False):
            loss = self.objective(first.float(), second.float())
        return loss, {"feature_spread": spread(first)}


class Contrast(_Views):
    """SimCLR on two augmented views; see `SimCLR`.

    Parameters
    ----------
    context
        With an augmentation, and a network that has ``features`` and ``feature_size``.
    hidden, embedding, temperature
        Of `SimCLR`.
    """

    def __init__(
        self, context: TaskContext, *, hidden: int = 2048, embedding: int = 128, temperature: float = 0.1
    ) -> None:
        super().__init__(context)
        self.objective = SimCLR(
            feature_size(context.model),
            hidden=hidden,
            embedding=embedding,
            temperature=temperature,
            seed=context.seed,
        )


class Agreement(_Views):
    """SimSiam on two augmented views; see `SimSiam`.

    Parameters
    ----------
    context
        With an augmentation, and a network that has ``features`` and ``feature_size``.
    hidden, bottleneck
        Of `SimSiam`.
    """

    def __init__(self, context: TaskContext, *, hidden: int = 2048, bottleneck: int = 512) -> None:
        super().__init__(context)
        self.objective = SimSiam(feature_size(context.model), hidden=hidden, bottleneck=bottleneck, seed=context.seed)


class Reconstruction(Task):
    """The stimulus from the features of each step; see `Autoencoder`.

    Parameters
    ----------
    context
        With a network that has ``features_over_time`` and ``feature_size``.
    sparsity
        Of `Autoencoder`.
    """

    def __init__(self, context: TaskContext, *, sparsity: float = 1e-4) -> None:
        super().__init__()
        self.augmentation = context.augmentation
        shape = context.example()["x"].shape[2:]
        self.objective = Autoencoder(feature_size(context.model), shape, sparsity=sparsity, seed=context.seed)

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Error of the reconstruction of the (augmented) stimulus."""
        x = batch["x"] if self.augmentation is None else self.augmentation(batch["x"], generator)
        return self._error(model, x)[0], {}

    def evaluate(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Error of the reconstruction of the stimulus as it is, and the spread of its features."""
        loss, features = self._error(model, batch["x"])
        return {"loss": loss, "feature_spread": spread(features[:, -1])}

    def _error(self, model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
        features = model.features_over_time(x)  # type: ignore[operator]
        with torch.autocast(x.device.type, enabled=False):
            return self.objective(features.float(), x.float()), features


def feature_size(model: nn.Module) -> int:
    """Length of the network's feature.

    Raises
    ------
    ValueError
        If the network does not say it.
    """
    size = getattr(model, "feature_size", None)
    if size is None:
        raise ValueError(
            f"{type(model).__name__} has no feature_size; a network that is trained without labels needs feature_size and "
            "features(x)."
        )
    return int(size)


def spread(features: Tensor) -> Tensor:
    """Standard deviation over samples of the normalised features, times sqrt(length): near 1 where they spread over the
    sphere, 0 where they have collapsed to a point.

    Parameters
    ----------
    features
        ``(sample, feature)``.

    Returns
    -------
    Tensor
        A scalar, without gradient.

    References
    ----------
    Chen & He 2021, arXiv 2011.10566, section 4.1.
    """
    rows = functional.normalize(features.detach().float(), dim=1)
    return rows.std(dim=0, correction=0).mean() * rows.shape[1] ** 0.5
