"""Optimizers from recipes, and which parameters decay."""

import torch
from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from .lars import LARS
from .recipe import OptimizerRecipe


def make_optimizer(recipe: OptimizerRecipe, *modules: nn.Module) -> Optimizer:
    """Optimizer over all parameters of these modules that ask for a gradient.

    Parameters
    ----------
    recipe
        Kind and its numbers.
    *modules
        The network, and what is trained with it.

    Returns
    -------
    Optimizer
        With one group, or two where some parameters do not decay.

    Raises
    ------
    ValueError
        If no parameter asks for a gradient.
    """
    groups = parameter_groups(recipe, *modules)
    if not groups:
        raise ValueError("no parameter asks for a gradient, so there is nothing to train; unfreeze some.")
    if recipe.kind == "adamw":
        return AdamW(groups, lr=recipe.lr, betas=recipe.betas, eps=recipe.eps, weight_decay=recipe.weight_decay)
    if recipe.kind == "lars":
        return LARS(
            groups, lr=recipe.lr, momentum=recipe.momentum, weight_decay=recipe.weight_decay, trust=recipe.trust
        )
    return SGD(
        groups, lr=recipe.lr, momentum=recipe.momentum, nesterov=recipe.nesterov, weight_decay=recipe.weight_decay
    )


def parameter_groups(recipe: OptimizerRecipe, *modules: nn.Module) -> list[dict[str, object]]:
    """Parameters that decay, then those that do not.

    With ``decay = "weights"`` a parameter does not decay if it has at most one axis (biases, norms, scalars), or if the
    layer that owns it lists its name in ``no_weight_decay``.

    Parameters
    ----------
    recipe
        Read for ``decay``.
    *modules
        Whose parameters; one that is shared comes once.

    Returns
    -------
    list of dict
        Groups that are not empty.
    """
    decaying: dict[int, torch.Tensor] = {}
    spared: dict[int, torch.Tensor] = {}
    for module in modules:
        for owner in module.modules():
            listed = getattr(owner, "no_weight_decay", ())
            for name, parameter in owner.named_parameters(recurse=False):
                spare = recipe.decay == "weights" and (parameter.ndim <= 1 or name in listed)
                if parameter.requires_grad and id(parameter) not in decaying and id(parameter) not in spared:
                    (spared if spare else decaying)[id(parameter)] = parameter
    groups: list[dict[str, object]] = []
    if decaying:
        groups.append({"params": list(decaying.values())})
    if spared:
        groups.append({"params": list(spared.values()), "weight_decay": 0.0})
    return groups


def set_learning_rate(optimizer: Optimizer, value: float) -> None:
    """The same learning rate for every group."""
    for group in optimizer.param_groups:
        group["lr"] = value
