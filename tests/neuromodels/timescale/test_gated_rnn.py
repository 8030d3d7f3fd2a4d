"""Gated controls: outputs and gates beside a loop over torch's own cells."""

import pytest
import torch

from neuromodels.timescale import GatedConfig, GatedRNN


def looped(model, x, start):
    """Outputs, cell states and shares kept, one step after the other."""
    kind = torch.nn.LSTMCell if model.config.kind == "lstm" else torch.nn.GRUCell
    cell = kind(model.inputs, model.units).double()
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    cell.load_state_dict({name: getattr(model.layer, f"{name}_l0") for name in names})
    state, memory = start, torch.zeros_like(start)
    outputs, memories = [state], [memory]
    for digit in (2 * x - 1).unbind(1) if model.config.signed else x.unbind(1):
        if model.config.kind == "lstm":
            state, memory = cell(digit, (state, memory))
        else:
            state = cell(digit, state)
        outputs.append(state)
        memories.append(memory)
    return torch.stack(outputs, 1), torch.stack(memories, 1)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
@pytest.mark.parametrize("signed", [True, False])
def test_outputs_are_those_of_a_loop(kind, signed):
    model = GatedRNN(GatedConfig(kind, units=5, heads=2, signed=signed), seed=1).double()
    x = (torch.rand(3, 6, 1) < 0.5).double()
    start = torch.rand(3, 5, dtype=torch.float64)
    outputs, memories = looped(model, x, start)
    torch.testing.assert_close(model.states(x, start=start), outputs)
    torch.testing.assert_close(model(x, heads=[1], start=start), model.readout(outputs[:, -1], [1]))
    if kind == "lstm":
        torch.testing.assert_close(model.cells(x), looped(model, x, torch.zeros_like(start))[1])
    else:
        with pytest.raises(ValueError, match="a GRU has no cell states"):
            model.cells(x)
    assert memories.shape == outputs.shape


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_unit_keeps_what_its_gate_says(kind):
    model = GatedRNN(GatedConfig(kind, units=4, heads=2), seed=0)
    with torch.no_grad():
        for parameter in model.layer.parameters():
            parameter.zero_()
        # The second gate of either says how much is kept: 0.95, so 20 steps.
        model.layer.bias_ih_l0[4:8] = torch.tensor(0.95).logit()
    torch.testing.assert_close(model.time_constants(torch.ones(2, 3, 1)), torch.full((2, 3, 4), 20.0))


def test_nothing_is_drawn_before_a_sequence_and_the_seed_decides_the_weights():
    config = GatedConfig("gru", units=4, heads=2)
    model = GatedRNN(config, seed=3)
    assert (model.draw_start(5, torch.Generator()) == 0).all()
    torch.rand(9)
    assert all(
        torch.equal(a, b) for a, b in zip(model.parameters(), GatedRNN(config, seed=3).parameters(), strict=True)
    )
    with pytest.raises(ValueError, match="kind is 'rnn'; it must be one of lstm, gru"):
        GatedConfig("rnn")
