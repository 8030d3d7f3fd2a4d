"""What one process would do with a whole batch, done by several that hold a share of it each: draws and batch statistics.

An augmentation draws for the samples of a batch one after another, so that the numbers of a sample follow from seed, epoch,
step and its place in the whole batch. A process that drew for its share alone would draw others. Here every process sees
the whole batch, draws for it from the same generator and keeps its share: the same samples over however many processes,
whatever the augmentation (one that draws once per batch does so for the whole one).
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from .distributed import Processes
from .task import Augmentation


class WholeBatchAugmentation(nn.Module):
    """An augmentation of shares that gives what the augmentation of the whole batch would.

    In evaluation mode, where each process has batches of its own, it is the augmentation itself.

    Parameters
    ----------
    augmentation
        ``(x, generator) -> x``.
    processes
        Among which a batch is split; each has its share, in order.
    """

    def __init__(self, augmentation: Augmentation, processes: Processes) -> None:
        super().__init__()
        self.augmentation, self.processes = augmentation, processes

    def forward(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Augmented share ``(sample, ...)``; of the generators only that of the first process is drawn from."""
        if not self.training:
            return self.augmentation(x, generator)
        state = generator.get_state().to(x.device)
        dist.broadcast(state, 0)
        shared = torch.Generator().manual_seed(0)
        shared.set_state(state.cpu())
        augmented = self.augmentation(self.processes.gather(x), shared)
        if self.processes.first:
            generator.set_state(shared.get_state())
        return augmented[self.processes.share(len(augmented))]


class WholeBatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch norm whose mean and variance are those of the shares of all processes together, on any device.

    Parameters
    ----------
    norm
        A batch norm; its weights and running statistics are taken over, not copied.
    processes
        Each with the same number of samples.
    """

    def __init__(self, norm: nn.modules.batchnorm._BatchNorm, processes: Processes) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
        self.processes = processes
        for name, values in (*norm.named_parameters(recurse=False), *norm.named_buffers(recurse=False)):
            setattr(self, name, values)
        self.train(norm.training)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised values of the same shape, ``(sample, channel, ...)``."""
        if not self.training:  # where each process has batches of its own
            return super().forward(x)
        others = [0, *range(2, x.ndim)]
        shape = [1, -1, *[1] * (x.ndim - 2)]
        values = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        mean = _Mean.apply(values.mean(others), self.processes)
        centred = values - mean.view(shape)
        variance = _Mean.apply(centred.square().mean(others), self.processes)
        if self.track_running_stats:
            self._keep(mean.detach(), variance.detach(), self.processes.size * x.numel() // x.shape[1])
        normal = centred * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            normal = normal * self.weight.view(shape) + self.bias.view(shape)
        return normal.to(x.dtype)

    def _keep(self, mean: Tensor, variance: Tensor, n: int) -> None:
        """Running statistics, with the unbiased variance as `torch.nn.BatchNorm2d` keeps it."""
        assert self.running_mean is not None and self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), share)
        self.running_var.lerp_((variance * n / (n - 1)).to(self.running_var.dtype), share)

    def _check_input_dim(self, input: Tensor) -> None:
        """Any number of dimensions."""


def share_batch_norms(network: nn.Module, processes: Processes) -> None:
    """Let the batch norms of a network see the whole batch, in place; names of weights stay.

    Parameters
    ----------
    network
        Whose shares of a batch the processes compute.
    processes
        Nothing is changed where there is one.
    """
    if processes.size == 1:
        return
    for name, child in list(network.named_children()):
        if isinstance(child, nn.modules.batchnorm._BatchNorm) and not isinstance(child, WholeBatchNorm):
            setattr(network, name, WholeBatchNorm(child, processes))
        else:
            share_batch_norms(child, processes)


class _Mean(torch.autograd.Function):
    """Mean over processes; every process' loss depends on every process' values."""

    @staticmethod
    def forward(context: Any, values: Tensor, processes: Processes) -> Tensor:
        context.processes = processes
        total = values.clone()
        dist.all_reduce(total)
        return total / processes.size

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        total = gradients[0].clone()
        dist.all_reduce(total)
        return total / context.processes.size, None
