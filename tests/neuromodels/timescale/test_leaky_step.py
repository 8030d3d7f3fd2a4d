"""The fast step beside the plain one, its gradient beside differences, and what a leaky unit does by itself."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromodels.timescale import LeakyConfig, LeakyRNN
from neuromodels.timescale.leaky_config import CHOICES
from neuromodels.timescale.plain_step import plain_states


def network(seed=0, dtype=torch.float64, **options):
    model = LeakyRNN(LeakyConfig(**{"units": 7, "heads": 3, **options}), seed=seed).to(dtype)
    with torch.no_grad():
        if model.config.timescales == "clamped":
            model.tau[0] = 0.8  # below the clamp
        model.recurrent_weight.mul_(3).diagonal().fill_(0.4)  # what stands there has no effect
    return model


def gradients(model, states, target):
    model.zero_grad()
    ((states - target) ** 2).sum().backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


@settings(max_examples=40, deadline=None)
@given(
    leak=st.sampled_from(CHOICES["leak"]),
    activation=st.sampled_from(CHOICES["activation"]),
    timescales=st.sampled_from(CHOICES["timescales"]),
    substeps=st.integers(1, 3),
    published_diagonal=st.booleans(),
    inputs=st.integers(1, 2),
    steps=st.integers(1, 6),
    batch=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_states_and_gradients_are_those_of_the_plain_form(steps, batch, seed, **options):
    model = network(seed=seed, **options)
    random = torch.Generator().manual_seed(seed)
    x = torch.rand(batch, steps, model.inputs, generator=random, dtype=torch.float64)
    start = torch.rand(batch, 7, generator=random, dtype=torch.float64).requires_grad_()
    expected = plain_states(model, x, start)
    target = torch.rand(expected.shape, generator=random, dtype=torch.float64)
    plain = gradients(model, expected, target)
    from_start, start.grad = start.grad, None
    found = model.states(x, start=start, every_substep=True)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    fast = gradients(model, found, target)
    torch.testing.assert_close(start.grad, from_start, rtol=1e-10, atol=1e-12)
    assert fast.keys() == plain.keys()
    for name, expected_gradient in plain.items():
        torch.testing.assert_close(fast[name], expected_gradient, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("leak", CHOICES["leak"])
def test_gradients_are_differences(leak):
    model = network(leak=leak, activation="tanh", timescales="free", units=4)
    x = torch.rand(2, 3, 1, dtype=torch.float64, requires_grad=True)
    names = [name for name, _ in model.named_parameters() if not name.startswith("readout")]

    def states(x, *values):
        return torch.func.functional_call(model, dict(zip(names, values, strict=True)), (x,), {"start": torch.zeros(4)})

    values = [getattr(model, name).detach().requires_grad_() for name in names]
    assert torch.autograd.gradcheck(states, (x, *values))


def test_last_state_is_the_last_of_all():
    model = network(substeps=2, leak="outside")
    x = torch.rand(3, 5, 1, dtype=torch.float64)
    assert model.states(x).shape == (3, 6, 7)
    torch.testing.assert_close(model.last_state(x), model.states(x)[:, -1])
    torch.testing.assert_close(model(x, heads=[2, 0]), model.readout(model.last_state(x))[:, [2, 0]])


def test_single_precision_agrees_on_a_long_sequence():
    model = LeakyRNN(LeakyConfig(units=50), seed=0)
    x = (torch.rand(4, 80, 1, generator=torch.Generator().manual_seed(0)) < 0.5).float()
    start = model.draw_start(4, torch.Generator().manual_seed(1))
    torch.testing.assert_close(model.states(x, start=start), plain_states(model, x, start), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("tau", [1.0, 2.5, 40.0])
def test_a_lone_unit_decays_with_its_time_constant(tau):
    model = network(units=1, timescales="fixed", tau=tau)
    with torch.no_grad():
        model.input_bias.zero_()
        model.recurrent_bias.zero_()
    states = model.states(torch.zeros(1, 30, 1, dtype=torch.float64), start=torch.ones(1))[0, :, 0]
    torch.testing.assert_close(states, (1 - 1 / torch.tensor(tau, dtype=torch.float64)) ** torch.arange(31))


def test_fixed_time_constants_are_no_parameter_and_stay():
    model = network(timescales="fixed", tau=3.0)
    assert "tau" not in dict(model.named_parameters())
    torch.optim.SGD(model.parameters(), lr=1.0).zero_grad()
    model(torch.rand(2, 4, 1, dtype=torch.float64)).sum().backward()
    torch.optim.SGD(model.parameters(), lr=1.0).step()
    assert (model.time_constants() == 3.0).all()


def test_a_clamped_unit_is_frozen_and_a_free_one_is_not():
    x = torch.rand(4, 6, 1, dtype=torch.float64)
    clamped = network(timescales="clamped", leak="outside", activation="tanh")
    clamped.states(x).sum().backward()
    assert clamped.tau.grad[0] == 0 and (clamped.tau.grad[1:] != 0).all()
    free = network(timescales="free", leak="outside", activation="tanh")
    with torch.no_grad():
        free.tau[0] = -6  # 1.0025 steps
    free.states(x).sum().backward()
    assert (free.tau.grad != 0).all() and (free.time_constants() > 1).all()


def test_published_start():
    model = LeakyRNN(seed=0)
    tau = model.time_constants().detach()
    assert float(tau.min()) > 1 and float(tau.max()) <= 2 and float(tau.mean()) == pytest.approx(1.5, abs=0.04)
    assert float(model.recurrent_weight.detach().std()) == pytest.approx(0.0258, abs=2e-4)
    assert float(model.input_weight.detach().abs().max()) <= 1
    start = model.draw_start(1000, torch.Generator().manual_seed(0))
    assert float(start.min()) >= 0 and float(start.max()) < 0.1 and float(start.mean()) == pytest.approx(0.05, abs=1e-3)


def test_recording_gives_a_step_for_each_digit():
    model = network(dtype=torch.float32, substeps=2)
    x = torch.rand(2, 5, 1)
    recorded = model.record(x)
    assert recorded["state"].shape == (2, 5, 7) and recorded["readout"].shape == (2, 5, 3, 2)
    torch.testing.assert_close(torch.as_tensor(recorded["state"]), model.states(x)[:, 1:].detach())


@pytest.mark.parametrize("leak", CHOICES["leak"])
def test_mixed_precision_leaves_the_steps_in_full(leak):
    model = network(dtype=torch.float32, leak=leak)
    x = torch.rand(2, 5, 1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = model.states(x)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, model.states(x))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tau": 0.5}, "tau must be at least 1 input step, received 0.5"),
        ({"tau": float("inf")}, "tau must be at least 1 input step"),
        ({"units": 0}, "units must be a whole number of at least 1, received 0"),
        ({"leak": "beside"}, "leak is 'beside'; it must be one of inside, outside"),
        ({"answers": (2, 1), "heads": 2}, r"answers must hold one whole number of at least 2 for each of 2 heads"),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        LeakyConfig(**options)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda model, x: model(x, heads=[3]), "head 3 does not exist: this network has heads 0 to 2"),
        (lambda model, x: model(x, heads=[]), "heads is empty"),
        (lambda model, x: model(x[:, :, 0]), r"takes digits \(batch, time, 1\)"),
        (lambda model, x: model(x[:, :0]), "at least one step"),
        (lambda model, x: model(x, start=torch.zeros(3, 7)), r"start must be \(2, 7\) or \(7,\)"),
        (lambda model, x: network(leak="outside").step_matrix(), "step_matrix needs a network with leak='inside'"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call(network(), torch.rand(2, 5, 1))
