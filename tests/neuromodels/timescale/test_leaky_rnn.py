"""Leaky networks as models: what a unit does, heads, substeps, recording, saving."""

import math

import pytest
import torch

from neuromodels import create_model, load_model, save_model, validate_model
from neuromodels.timescale import LeakyConfig, LeakyRNN


def digits(batch=4, time=9, seed=0):
    return torch.randint(0, 2, (batch, time, 1), generator=torch.Generator().manual_seed(seed)).float()


def small(seed=0, **options):
    return LeakyRNN(LeakyConfig(**{"units": 12, "heads": 3, **options}), seed=seed)


def lone(**options):
    """One unit without weights or biases."""
    model = small(units=1, heads=1, **options)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.tau.fill_(4)
    return model


def test_a_lone_unit_follows_its_digits():
    model = lone()
    with torch.no_grad():
        model.input_weight.fill_(1)
    state, expected = 0.5, [0.5]
    for digit in (1, 0, 0, 1):
        state = 0.75 * state + 0.25 * digit
        expected.append(state)
    found = model.states(torch.tensor([1.0, 0, 0, 1]).view(1, 4, 1), start=torch.tensor([0.5]))
    torch.testing.assert_close(found[0, :, 0], torch.tensor(expected))


def test_with_the_leak_inside_a_state_below_zero_decays_by_the_slope_too():
    start, x = torch.tensor([-1.0]), torch.zeros(1, 1, 1)
    assert lone().last_state(x, start=start).item() == pytest.approx(-0.0075)
    assert lone(leak="outside").last_state(x, start=start).item() == pytest.approx(-0.75)


def test_start_without_one_is_the_mean_of_the_draw():
    model, x = small(), digits()
    assert torch.equal(model.states(x)[:, 0], torch.full((4, 12), 0.05))
    assert torch.equal(model.states(x), model.states(x, start=torch.full((12,), 0.05)))


def test_weights_and_readouts_are_drawn_as_published():
    model = create_model("timescale/leaky")
    bound = 1 / math.sqrt(500)
    for name in ("recurrent_weight", "recurrent_bias", "readout_weight", "readout_bias"):
        values = getattr(model, name).detach()
        assert values.abs().max() <= bound, name
        # Uniform between the bounds; 200 values at least.
        assert math.isclose(float(values.std()), bound / math.sqrt(3), rel_tol=0.1), name
    assert not model.recurrent_weight.diagonal().any()


def test_step_matrix_holds_leak_and_connections():
    model, x = small(activation="relu"), digits(time=1)
    leak = 1 / model.time_constants()
    start = torch.rand(4, 12, generator=torch.Generator().manual_seed(3))
    drive = leak * (x[:, 0] @ model.input_weight.T + model.input_bias + model.recurrent_bias)
    torch.testing.assert_close(model.last_state(x, start=start), torch.relu(start @ model.step_matrix().T + drive))
    torch.testing.assert_close(model.step_matrix().diagonal(), 1 - leak)


@pytest.mark.parametrize("leak", ["inside", "outside"])
def test_substeps_show_each_digit_several_times(leak):
    model, x = small(leak=leak, substeps=3), digits()
    every = model.states(x, every_substep=True)
    assert every.shape == (4, 28, 12)
    assert torch.equal(model.states(x), every[:, ::3])
    repeated = small(leak=leak)
    with torch.no_grad():
        repeated.tau.copy_(3 * model.tau)
    torch.testing.assert_close(repeated.states(x.repeat_interleave(3, dim=1)), every)
    torch.testing.assert_close(model.time_constants(), repeated.time_constants() / 3)


def test_the_clamp_of_substeps_is_one_substep():
    model = small(substeps=4)
    with torch.no_grad():
        model.tau.fill_(0.1)
    torch.testing.assert_close(model.time_constants(), torch.full((12,), 0.25))


def test_free_time_constants_start_where_clamped_ones_do():
    free, clamped = small(units=300, timescales="free", tau=3.0), small(units=300, tau=3.0)
    torch.testing.assert_close(free.time_constants(), clamped.time_constants())


def test_heads_are_those_asked_for_in_that_order():
    model, x = small(heads=5), digits()
    every = model(x)
    for heads in ([0, 1, 2], [4], [3, 0], range(2, 4), torch.tensor([1, 4])):
        torch.testing.assert_close(model(x, heads), every[:, list(heads)])
    torch.testing.assert_close(model.readout(model.states(x))[:, -1], every)
    assert model.readout(model.states(x), [1]).shape == (4, 10, 1, 2)


def test_unused_heads_get_no_gradient():
    model = small(heads=5)
    model(digits(), [0, 3]).square().sum().backward()
    used = model.readout_weight.grad.flatten(1).abs().sum(1) > 0
    assert used.tolist() == [True, False, False, True, False]


def test_recording_keeps_the_contract():
    validate_model(create_model("timescale/leaky-small", heads=4), digits().numpy())


def test_a_network_goes_to_disk_and_comes_back(tmp_path):
    model = create_model("timescale/leaky-small", seed=3, timescales="free", answers=tuple(range(2, 102)))
    found = load_model(save_model(model, tmp_path / "net"))
    assert found.answers == model.answers
    assert torch.equal(found(digits()), model(digits()))


def test_digits_of_any_type_are_taken_and_other_things_are_not():
    model, x = small(), digits()
    assert torch.equal(model(x.long()), model(x))
    assert torch.equal(model.double()(x.bool()), model(x.double()))
    with pytest.raises(TypeError, match="takes a tensor, received list"):
        model([[[1.0]]])
