"""Stochastic gradient descent whose step is scaled to the size of each parameter."""

import math
from collections.abc import Callable, Iterable
from typing import Any, overload

import torch
from torch import Tensor
from torch.optim import Optimizer


class LARS(Optimizer):
    """Layer-wise adaptive rate scaling with momentum.

    For a parameter p with gradient g, learning rate lr, weight decay d and momentum m::

        local = trust |p| / (|g| + d |p|)
        b <- m b + lr local (g + d p),  b = 0 before the first step
        p <- p - b

    with Euclidean norms over the whole tensor. Biases and normalisation parameters are treated like weights.

    A parameter whose elements are all exactly zero **never moves**, whatever its gradient: its norm, and so its step, is zero.
    Biases that start at zero stay there. Give such parameters a start that is not zero, or another optimizer.

    Parameters
    ----------
    params
        Tensors, or groups of tensors with options of their own, as for any optimizer of torch.
    lr
        Learning rate, at least 0.
    momentum
        Share of the last step that is added to the next, from 0 to below 1.
    weight_decay
        Strength of the decay, at least 0.
    trust
        Length of a step relative to the parameter at learning rate 1, above 0.

    Raises
    ------
    ValueError
        If a number is outside its range.

    References
    ----------
    You, Gitman & Ginsburg 2017, arXiv 1708.03888, algorithm 1.
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float,
        *,
        momentum: float = 0.9,
        weight_decay: float = 1e-4,
        trust: float = 1e-3,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "trust": trust})

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add tensors with options of their own.

        Parameters
        ----------
        param_group
            ``params``, and any of the options of the optimizer.

        Raises
        ------
        ValueError
            If a number is outside its range.
        """
        _check({**self.defaults, **param_group})
        super().add_param_group(param_group)

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Move every parameter that has a gradient.

        Parameters
        ----------
        closure
            Computes the loss and its gradients anew; None where they are there already.

        Returns
        -------
        float or None
            What the closure returned.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._move(parameter, parameter.grad, group)
        return loss

    def _move(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        decay, state = group["weight_decay"], self.state[parameter]
        length = parameter.norm()
        total = gradient.norm() + decay * length
        # Gradient and decay are both zero where the total is: any finite rate gives the step of zero that is meant.
        local = torch.where(total > 0, group["trust"] * length / total, 0.0)
        step = group["lr"] * local * (gradient + decay * parameter)
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        parameter.sub_(state["momentum_buffer"].mul_(group["momentum"]).add_(step))


def _check(options: dict[str, Any]) -> None:
    for name in ("lr", "weight_decay"):
        if not 0 <= options[name] < math.inf:
            raise ValueError(f"{name} must be finite and at least 0, received {options[name]}; 0.0001 is accepted.")
    if not 0 <= options["momentum"] < 1:
        raise ValueError(f"momentum must be from 0 to below 1, received {options['momentum']}; 0.9 is usual.")
    if not 0 < options["trust"] < math.inf:
        raise ValueError(f"trust must be finite and above 0, received {options['trust']}; 0.001 is usual.")
