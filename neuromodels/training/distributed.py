"""Several processes as one: each takes its share of every batch, and all take the same step.

Gradients are averaged after the backward pass, so a parameter that a task does not reach needs no special care. An
objective over the whole batch sees it on every process (`Processes.gather`): batch norms and contrasts then are those of
one process with the whole batch, on CPU as on GPU.
"""

import atexit
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn


@dataclass(frozen=True)
class Processes:
    """A process and how many there are; without torchrun it is alone.

    Attributes
    ----------
    rank
        Of this process, from 0.
    size
        Number of processes.
    """

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def share(self, n: int) -> slice:
        """Part of this process in ``n`` samples.

        Raises
        ------
        ValueError
            If ``n`` cannot be split evenly.
        """
        if n % self.size:
            raise ValueError(
                f"training.batch_size {n} cannot be split evenly over {self.size} processes; make it a multiple of {self.size}."
            )
        part = n // self.size
        return slice(self.rank * part, (self.rank + 1) * part)

    def gather(self, values: Tensor) -> Tensor:
        """Rows of all processes, those of process 0 first; gradients flow back to the rows of this one.

        What is computed from the result must be the same on every process and its gradients be averaged by
        `average_gradients`: they are then those of one process with all rows.

        Parameters
        ----------
        values
            ``(sample, ...)``, the same shape on every process.

        Returns
        -------
        Tensor
            ``(sample of all processes, ...)``.
        """
        return values if self.size == 1 else _Gather.apply(values, self)

    def average_gradients(self, modules: Iterable[nn.Module]) -> None:
        """Replace every gradient by its mean over processes, in one message per dtype.

        A parameter without gradient must be without one on every process.

        Parameters
        ----------
        modules
            Whose parameters.
        """
        if self.size == 1:
            return
        by_type: dict[torch.dtype, list[Tensor]] = {}
        for module in modules:
            for parameter in module.parameters():
                if parameter.grad is not None:
                    by_type.setdefault(parameter.grad.dtype, []).append(parameter.grad)
        for gradients in by_type.values():
            flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
            dist.all_reduce(flat)
            flat /= self.size
            for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
                gradient.copy_(mean.view_as(gradient))

    def same_state(self, modules: Iterable[nn.Module]) -> None:
        """Give every process the buffers of the first: running statistics of batch norms inside the network.

        Parameters
        ----------
        modules
            Whose buffers.
        """
        if self.size > 1:
            for module in modules:
                for buffer in module.buffers():
                    dist.broadcast(buffer, 0)

    def sum(self, values: Mapping[str, float], device: torch.device) -> dict[str, float]:
        """Sum over processes, name by name; every process must have the same names.

        Parameters
        ----------
        values
            Numbers of this process.
        device
            On which the processes exchange messages.
        """
        if self.size == 1:
            return dict(values)
        kind = torch.float32 if device.type == "mps" else torch.float64
        numbers = torch.tensor(list(values.values()), dtype=kind, device=device)
        dist.all_reduce(numbers)
        return dict(zip(values, numbers.tolist(), strict=True))

    def wait(self) -> None:
        """Until every process has come here."""
        if self.size > 1:
            dist.barrier()


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, values: Tensor, processes: Processes) -> Tensor:
        context.rows, context.processes = len(values), processes
        parts = [torch.empty_like(values, memory_format=torch.contiguous_format) for _ in range(processes.size)]
        dist.all_gather(parts, values.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        # Every process holds the whole gradient of its own rows; the factor undoes the mean over processes, which
        # would otherwise divide the sum of the processes' parts once too often.
        start = context.processes.rank * context.rows
        return gradients[0][start : start + context.rows] * context.processes.size, None


def own_rank() -> int:
    """Rank that torchrun gave this process; 0 without torchrun."""
    return int(os.environ.get("RANK", "0"))


def join_processes(device: torch.device) -> tuple[Processes, torch.device]:
    """Join the processes that torchrun started, if it did.

    They stay joined until this process ends: a second run in it goes on with the same group.

    Parameters
    ----------
    device
        A CUDA device without index becomes that of the local rank.

    Returns
    -------
    Processes, torch.device
        This process and its device.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return Processes(), device
    if device.type == "cuda" and device.index is None:
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    if not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        atexit.register(dist.destroy_process_group)
    return Processes(dist.get_rank(), dist.get_world_size()), device
