"""The leaky network as its equations read, one operation after the other: what the fast form is tested against."""

import torch
from torch import Tensor
from torch.nn import functional

from .leaky_rnn import LeakyRNN
from .recurrence import SLOPE


def plain_states(model: LeakyRNN, x: Tensor, start: Tensor) -> Tensor:
    """States of every step of the network, by autograd through every operation of every step.

    Parameters
    ----------
    model
        Any leaky network.
    x
        Digits ``(batch, time, channel)``.
    start
        ``(batch, unit)``.

    Returns
    -------
    Tensor
        ``(batch, time * substeps + 1, unit)``, the start first.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927: the model, and its variant with the leak outside.
    """
    config = model.config
    weight = model.connections()
    state, states = start, [start]
    for digit in x.to(start.dtype).unbind(1):
        for _ in range(config.substeps):
            kept, replaced = 1 - 1 / _steps(model), 1 / _steps(model)
            received = functional.linear(state, weight, model.recurrent_bias)
            received = received + functional.linear(digit, model.input_weight, model.input_bias)
            if config.leak == "inside":
                state = _activation(config.activation, kept * state + replaced * received)
            else:
                state = kept * state + replaced * _activation(config.activation, received)
            states.append(state)
    return torch.stack(states, 1)


def _steps(model: LeakyRNN) -> Tensor:
    """Time constants in steps of the network."""
    config = model.config
    if config.timescales == "free":
        return config.substeps * (1 + functional.softplus(model.tau))
    tau = config.substeps * model.tau
    return tau.clamp(min=1) if config.timescales == "clamped" else tau


def _activation(name: str, z: Tensor) -> Tensor:
    return functional.leaky_relu(z, SLOPE) if name == "leaky_relu" else getattr(torch, name)(z)
