"""LARS against the published trace, a loop in numpy, and what its formula implies."""

import json

import numpy as np
import pytest
import torch

from neuromodels.training import LARS


def set_gradients(parameters, gradients):
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = torch.as_tensor(gradient, dtype=parameter.dtype)


def test_published_trace(real_data):
    with np.load(real_data / "tactile" / "golden_losses" / "lars_trace.npz", allow_pickle=False) as file:
        arrays = {key: file[key] for key in file}
    meta = json.loads(str(arrays["meta_json"]))
    parameters = [torch.nn.Parameter(torch.from_numpy(arrays[f"p{i}_init"])) for i in range(2)]
    optimizer = LARS(
        parameters, meta["lr"], momentum=meta["momentum"], weight_decay=meta["weight_decay"], trust=meta["eta"]
    )
    for step in range(5):
        set_gradients(parameters, [arrays[f"g{i}_step{step}"] for i in range(2)])
        optimizer.step()
        for i, parameter in enumerate(parameters):
            np.testing.assert_allclose(parameter.detach(), arrays[f"p{i}_step{step}"], rtol=0, atol=1e-12)


def test_loop_in_numpy_with_a_rate_that_changes():
    rng = np.random.default_rng(0)
    theirs, buffer = rng.normal(size=(3, 2)), np.zeros((3, 2))
    ours = torch.nn.Parameter(torch.from_numpy(theirs.copy()))
    optimizer = LARS([ours], 0.0, momentum=0.5, weight_decay=0.3, trust=0.2)
    for rate in (0.0, 1.0, 0.1):
        optimizer.param_groups[0]["lr"] = rate
        gradient = rng.normal(size=(3, 2))
        length = np.sqrt((theirs**2).sum())
        local = 0.2 * length / (np.sqrt((gradient**2).sum()) + 0.3 * length)
        buffer = 0.5 * buffer + rate * local * (gradient + 0.3 * theirs)
        theirs = theirs - buffer
        set_gradients([ours], [gradient])
        optimizer.step()
        np.testing.assert_allclose(ours.detach(), theirs, rtol=0, atol=1e-14)


def test_parameters_that_are_zero_never_move():
    zero, other = torch.nn.Parameter(torch.zeros(3)), torch.nn.Parameter(torch.ones(3))
    optimizer = LARS([zero, other], 0.1)
    for _ in range(3):
        set_gradients([zero, other], [torch.randn(3), torch.randn(3)])
        optimizer.step()
    assert torch.equal(zero, torch.zeros(3))
    assert not torch.equal(other, torch.ones(3))


@pytest.mark.parametrize("start", [0.0, 2.0])
def test_without_gradient_and_decay_nothing_moves(start):
    parameter = torch.nn.Parameter(torch.full((3,), start))
    set_gradients([parameter], [torch.zeros(3)])
    LARS([parameter], 0.1, weight_decay=0.0).step()
    assert torch.equal(parameter, torch.full((3,), start))


def test_first_step_has_the_length_of_the_trust_without_decay():
    parameter = torch.nn.Parameter(torch.tensor([3.0, 4.0], dtype=torch.float64))
    set_gradients([parameter], [[0.0, 7.0]])
    LARS([parameter], 0.1, weight_decay=0.0).step()
    np.testing.assert_allclose(parameter.detach(), [3.0, 4.0 - 0.1 * 1e-3 * 5.0], rtol=1e-15)


def test_saved_state_goes_on_to_the_bit():
    def steps(parameter, optimizer, number):
        for _ in range(number):
            optimizer.zero_grad()
            loss = optimizer.step(lambda: (parameter**4).sum().backward() or 1.5)
            assert loss == 1.5

    whole, first = (torch.nn.Parameter(torch.arange(1.0, 4.0)) for _ in range(2))
    steps(whole, LARS([whole], 1.0), 6)
    optimizer = LARS([first], 1.0)
    steps(first, optimizer, 3)
    second = torch.nn.Parameter(first.detach().clone())
    resumed = LARS([second], 0.5)
    resumed.load_state_dict(optimizer.state_dict())
    steps(second, resumed, 3)
    assert torch.equal(second, whole)


def test_parameters_without_gradient_are_left():
    parameter = torch.nn.Parameter(torch.ones(2))
    LARS([parameter], 0.1).step()
    assert torch.equal(parameter, torch.ones(2))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lr": -1.0}, "lr must be finite and at least 0, received -1.0"),
        ({"weight_decay": float("nan")}, "weight_decay must be finite and at least 0, received nan"),
        ({"momentum": 1.0}, "momentum must be from 0 to below 1, received 1.0"),
        ({"trust": 0.0}, "trust must be finite and above 0, received 0.0"),
    ],
)
def test_errors(options, words):
    parameter = torch.nn.Parameter(torch.ones(2))
    with pytest.raises(ValueError, match=words):
        LARS([parameter], **{"lr": 0.1, **options})
    with pytest.raises(ValueError, match=words):
        LARS([{"params": [parameter], **options}], 0.1)
