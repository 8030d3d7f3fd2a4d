"""The hand-written gradient of the recurrence: finite differences, single precision, mixed precision, the diagonal."""

import pytest
import torch

from neuromodels.timescale import LeakyConfig, LeakyRNN
from neuromodels.timescale.plain_step import plain_states
from neuromodels.timescale.recurrence import ACTIVATIONS, leak_inside, leak_outside

every_leak = pytest.mark.parametrize("leak", ["inside", "outside"])


def gradients(model):
    return {name: parameter.grad.clone() for name, parameter in model.named_parameters()}


@every_leak
@pytest.mark.parametrize("units", [64, 101])
def test_gradients_in_float32_are_those_of_the_plain_form(leak, units):
    model = LeakyRNN(LeakyConfig(units=units, leak=leak), seed=2)
    x = torch.randint(0, 2, (32, 25, 1), generator=torch.Generator().manual_seed(0)).float()
    start = model.draw_start(32, torch.Generator().manual_seed(1))
    found = []
    for plain in (False, True):
        model.zero_grad()
        last = plain_states(model, x, start)[:, -1] if plain else model.last_state(x, start=start)
        model.readout(last, range(9)).square().sum().backward()
        found.append(gradients(model))
    for name, expected in found[1].items():
        assert float((found[0][name] - expected).norm()) < 1e-5 * float(expected.norm()), name


@every_leak
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("active", [None, (1, 2, 2), (0, 1, 2)])
def test_gradients_are_those_of_finite_differences(leak, activation, whole, active):
    random = torch.Generator().manual_seed(5)

    def some(*shape):
        return torch.randn(shape, generator=random, dtype=torch.float64).div(2).requires_grad_()

    networks = () if active is None else (2,)
    arguments = [some(*networks, 4, 4), some(*networks, 4, 2), some(*networks, 4)]
    if leak == "outside":
        arguments.append(some(*networks, 4))
    arguments += [some(3, *networks, 2, 2), some(*networks, 2, 4)]
    run = leak_inside if leak == "inside" else leak_outside
    assert torch.autograd.gradcheck(
        lambda *given: run(*given, activation=activation, whole=whole, active=active), arguments
    )


@every_leak
def test_a_place_on_the_diagonal_has_a_gradient_only_if_asked_for(leak):
    x = torch.ones(3, 5, 1)
    found = {}
    for published in (False, True):
        model = LeakyRNN(LeakyConfig(units=10, heads=1, leak=leak, published_diagonal=published), seed=0)
        model(x).square().sum().backward()
        found[published] = model.recurrent_weight.grad
    assert not found[False].diagonal().any()
    assert found[True].diagonal().any()
    difference = found[True] - found[False]
    torch.testing.assert_close(difference, torch.diag(found[True].diagonal()), rtol=1e-4, atol=1e-8)


@every_leak
def test_gradients_in_autocast_are_computed_in_full(leak):
    model = LeakyRNN(LeakyConfig(units=40, heads=3, leak=leak), seed=0)
    x = torch.randint(0, 2, (8, 30, 1), generator=torch.Generator().manual_seed(0)).float()
    model.last_state(x).square().sum().backward()
    expected = [
        getattr(model, name).grad.clone() for name in ("recurrent_weight", "input_weight", "recurrent_bias", "tau")
    ]
    model.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        model.last_state(x).square().sum().backward()
    found = [getattr(model, name).grad for name in ("recurrent_weight", "input_weight", "recurrent_bias", "tau")]
    torch.testing.assert_close(found, expected)


def test_a_start_that_is_learned_has_a_gradient():
    model = LeakyRNN(LeakyConfig(units=10, heads=1), seed=0)
    start = torch.zeros(10, requires_grad=True)
    model(torch.ones(3, 5, 1), start=start).square().sum().backward()
    assert start.grad.abs().max() > 0
