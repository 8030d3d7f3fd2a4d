"""What the parameters of leaky networks mean: of one network, or of many with a leading axis."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from .leaky_config import CLAMP, LeakyConfig
from .recurrence import leak_inside, leak_outside

# States of a training sequence start between 0 and this; the mean is the start where none is given.
LARGEST_START = 0.1
PARAMETERS = (
    "tau",
    "input_weight",
    "input_bias",
    "recurrent_weight",
    "recurrent_bias",
    "readout_weight",
    "readout_bias",
)


def effective_tau(config: LeakyConfig, tau: Tensor) -> Tensor:
    """Time constants in effect, in input steps, of the parameter ``tau``, ``([network], unit)``."""
    if config.timescales == "free":
        return CLAMP + functional.softplus(tau)
    # Where a digit takes several steps of the network, the clamp is one of those.
    return tau.clamp(min=CLAMP / config.substeps) if config.timescales == "clamped" else tau


def effective_connections(config: LeakyConfig, weight: Tensor) -> Tensor:
    """Recurrent weights ``([network], post, pre)`` with a diagonal of 0."""
    if config.published_diagonal:
        return weight - torch.diag_embed(weight.detach().diagonal(dim1=-2, dim2=-1))
    return weight.diagonal_scatter(weight.new_zeros(weight.shape[:-1]), dim1=-2, dim2=-1)


def merged_matrix(leak: Tensor, connections: Tensor) -> Tensor:
    """diag(1 - a) + diag(a) W, ``([network], post, pre)``."""
    return torch.diag_embed(1 - leak) + leak[..., None] * connections


def run(
    config: LeakyConfig,
    parameters: Mapping[str, Tensor],
    digits: Tensor,
    start: Tensor,
    *,
    whole: bool,
    begins: Sequence[int] | None = None,
) -> Tensor:
    """States of every step of the network, or the last one alone.

    Parameters
    ----------
    config
        Of all networks.
    parameters
        By the names of `PARAMETERS`, all of one network, or all with a leading axis of networks.
    digits
        ``(time, [network], batch, channel)``.
    start
        ``([network], batch, unit)``.
    whole
        Whether all states are given, ``(time * substeps + 1, [network], batch, unit)`` with the start first.
    begins
        Of each network, how many digits it leaves out; in rising order.
    """
    if config.substeps > 1:
        digits = digits.repeat_interleave(config.substeps, dim=0)
    active = None
    if begins is not None and begins[-1] > 0:
        active = [sum(config.substeps * begin <= step for begin in begins) for step in range(len(digits))]
    leak = 1 / (config.substeps * effective_tau(config, parameters["tau"]))
    connections = effective_connections(config, parameters["recurrent_weight"])
    bias = parameters["recurrent_bias"] + parameters["input_bias"]
    inputs = parameters["input_weight"]
    if config.leak == "outside":
        return leak_outside(
            connections, inputs, bias, leak, digits, start, activation=config.activation, whole=whole, active=active
        )
    matrix = merged_matrix(leak, connections)
    inputs, bias = leak[..., None] * inputs, leak * bias
    return leak_inside(matrix, inputs, bias, digits, start, activation=config.activation, whole=whole, active=active)
