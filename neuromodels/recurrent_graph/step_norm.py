"""Batch norm of a node that is stepped: statistics of one step at a time, whichever steps are computed together."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

EPS = 1e-5
# Share of a step in the running values.
MOMENTUM = 0.1

# Which norm saw a step, and the mean and the variance that it saw.
Seen = tuple[int, Tensor, Tensor]


class StepNorm(nn.Module):
    """y = (x - mean) / sqrt(variance + 1e-5) * weight + bias, channel by channel.

    Mean and variance are those of a step over batch and positions in training, and the running values otherwise. Running
    values are changed by `absorb` only, so that a step may be computed twice for its gradients.

    Parameters
    ----------
    channels
        Of the input.
    n_norms
        Norms, each with weight, bias and running values of its own; step t has norm t, or the last one.

    References
    ----------
    Ioffe, Szegedy 2015, arXiv 1502.03167, algorithm 1; Cooijmans et al. 2017, arXiv 1603.09025, section 3, for steps.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, n_norms: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n_norms, channels))
        self.bias = nn.Parameter(torch.zeros(n_norms, channels))
        self.register_buffer("running_mean", torch.zeros(n_norms, channels))
        self.register_buffer("running_var", torch.ones(n_norms, channels))

    def forward(self, x: Tensor, steps: Sequence[int]) -> tuple[Tensor, list[Seen]]:
        """Normalise some steps.

        Parameters
        ----------
        x
            ``(step * batch, channel, ...)``, step after step.
        steps
            Which they are.

        Returns
        -------
        tuple
            ``x`` normalised, and what training saw: for each step the norm, mean and unbiased variance.

        Raises
        ------
        ValueError
            If a step has one value per channel in training, which has no variance.
        """
        last, batch = len(self.weight) - 1, x.shape[0] // len(steps)
        if not self.training and (last == 0 or len(steps) == 1):
            return self._by_running_values(x, min(steps[0], last)), []
        numbers, parts, seen = [min(step, last) for step in steps], x.split(batch), []
        if not self.training:
            return torch.cat([self._by_running_values(*pair) for pair in zip(parts, numbers, strict=True)]), []
        if batch * x[0, 0].numel() == 1:
            raise ValueError(
                "a batch norm in training needs more than one value per channel, received one sample without rows and "
                "columns; give a larger batch, or call eval() first."
            )
        normal = []
        for part, number in zip(parts, numbers, strict=True):
            # With a momentum of 1 the values of this step take the place of what stands there.
            mean, variance = torch.zeros_like(self.running_mean[0]), torch.ones_like(self.running_var[0])
            weight, bias = self.weight[number], self.bias[number]
            normal.append(functional.batch_norm(part, mean, variance, weight, bias, True, 1.0, EPS))
            seen.append((number, mean, variance))
        return torch.cat(normal) if len(normal) > 1 else normal[0], seen

    @torch.no_grad()
    def absorb(self, seen: Sequence[Seen]) -> None:
        """Move the running values towards what training saw, in the order of the steps."""
        for number, mean, variance in seen:
            self.running_mean[number].lerp_(mean, MOMENTUM)
            self.running_var[number].lerp_(variance, MOMENTUM)

    def extra_repr(self) -> str:
        """Sizes, as printed in the representation."""
        return f"{self.weight.shape[1]}, n_norms={len(self.weight)}"

    def _by_running_values(self, x: Tensor, number: int) -> Tensor:
        mean, variance = self.running_mean[number], self.running_var[number]
        return functional.batch_norm(x, mean, variance, self.weight[number], self.bias[number], False, 0.0, EPS)
