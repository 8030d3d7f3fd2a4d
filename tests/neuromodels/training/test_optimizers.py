"""Optimizers from recipes: torch's own step, and what decays."""

import pytest
import torch
from torch import nn

from neuromodels.training.lars import LARS
from neuromodels.training.optimizers import make_optimizer, parameter_groups, set_learning_rate
from neuromodels.training.recipe import OptimizerRecipe


class Net(nn.Module):
    no_weight_decay = ("memory",)

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 4)
        self.norm = nn.LayerNorm(4)
        self.tau = nn.Parameter(torch.tensor(0.5))
        self.memory = nn.Parameter(torch.ones(2, 2))


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("sgd", {"momentum": 0.8}, lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8, weight_decay=0.01)),
        (
            "sgd",
            {"momentum": 0.1, "nesterov": True},
            lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.1, nesterov=True, weight_decay=0.01),
        ),
        (
            "adamw",
            {"betas": (0.8, 0.9), "eps": 1e-6},
            lambda p: torch.optim.AdamW(p, lr=0.1, betas=(0.8, 0.9), eps=1e-6, weight_decay=0.01),
        ),
        (
            "lars",
            {"momentum": 0.8, "trust": 0.02},
            lambda p: LARS(p, lr=0.1, momentum=0.8, weight_decay=0.01, trust=0.02),
        ),
    ],
)
def test_steps_are_those_of_the_optimizer_with_these_numbers(kind, more, expected):
    recipe = OptimizerRecipe(kind, 0.1, weight_decay=0.01, **more)
    moved = []
    for make in (lambda p: make_optimizer(recipe, p), lambda p: expected(p.parameters())):
        torch.manual_seed(0)
        linear = nn.Linear(3, 2)
        optimizer = make(linear)
        for _ in range(3):
            optimizer.zero_grad()
            linear(torch.ones(1, 3)).square().sum().backward()
            optimizer.step()
        moved.append(torch.cat([p.detach().flatten() for p in linear.parameters()]))
    assert torch.equal(*moved)


def test_all_decay_as_published():
    net = Net()
    (group,) = parameter_groups(OptimizerRecipe("sgd", 0.1), net)
    assert len(group["params"]) == 6
    assert "weight_decay" not in group


def test_weights_alone_decay_if_asked_for():
    net = Net()
    decaying, spared = parameter_groups(OptimizerRecipe("sgd", 0.1, decay="weights"), net)
    assert [p is net.linear.weight for p in decaying["params"]] == [True]
    assert spared["weight_decay"] == 0.0
    expected = {id(p) for p in (net.linear.bias, net.norm.weight, net.norm.bias, net.tau, net.memory)}
    assert {id(p) for p in spared["params"]} == expected
    assert make_optimizer(OptimizerRecipe("adamw", 0.1, decay="weights"), net).param_groups[1]["weight_decay"] == 0.0


def test_shared_and_frozen_parameters():
    one, two = nn.Linear(2, 2), nn.Linear(2, 2)
    two.weight = one.weight
    two.bias.requires_grad_(False)
    (group,) = parameter_groups(OptimizerRecipe("sgd", 0.1), one, two)
    assert len(group["params"]) == 2


def test_nothing_to_train_says_so():
    with pytest.raises(ValueError, match="no parameter asks for a gradient"):
        make_optimizer(OptimizerRecipe("sgd", 0.1), nn.Linear(2, 2).requires_grad_(False))


def test_learning_rate_of_every_group():
    optimizer = make_optimizer(OptimizerRecipe("sgd", 0.1, decay="weights"), Net())
    set_learning_rate(optimizer, 0.5)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.5]
