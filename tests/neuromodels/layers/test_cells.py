"""Cells against torch's own and plain loops, their shapes, and what they refuse."""

import copy
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from neuromodels.layers import (
    ConvBasicCell,
    GRUCell,
    IdentityCell,
    LSTMCell,
    ReciprocalGatedCell,
    ReciprocalOptions,
    TimeDecayCell,
    UGRNNCell,
    VanillaCell,
    list_cells,
    make_cell,
)

GATED = ["ugrnn", "intersection", "gru", "lstm"]
CHANNELS = 4
BESIDE = {"residual_channels": 2, "feedback_channels": 5}


def double(cell):
    return cell.double()


def logistic(value):
    return 1 / (1 + math.exp(-value))


def normalised(values):
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / len(values)
    return [(value - mean) / math.sqrt(variance + 1e-5) for value in values]


def affine(module, vector):
    weight, bias = module.weight.tolist(), module.bias.tolist()
    return [sum(w * v for w, v in zip(row, vector, strict=True)) + b for row, b in zip(weight, bias, strict=True)]


def split(values, parts):
    width = len(values) // parts
    return [values[part * width : (part + 1) * width] for part in range(parts)]


def gates_of(module, vector, n_gates, layer_norm):
    gates = split(affine(module, vector), n_gates)
    return [normalised(gate) for gate in gates] if layer_norm else gates


def total(*vectors):
    return [sum(values) for values in zip(*vectors, strict=True)]


def elu(value):
    return value if value > 0 else math.expm1(value)


def mixed(keep, new, state):
    return [
        logistic(g + 1) * h + (1 - logistic(g + 1)) * math.tanh(c) for g, c, h in zip(keep, new, state, strict=True)
    ]


def ugrnn_step(cell, x, state, layer_norm):
    state = mixed(*gates_of(cell.gates, x + state, 2, layer_norm), state)
    return state, state


def intersection_step(cell, x, state, layer_norm):
    keep, new, carry, up = gates_of(cell.gates, x + state, 4, layer_norm)
    output = [
        logistic(g + 1) * value + (1 - logistic(g + 1)) * max(y, 0.0) for g, y, value in zip(carry, up, x, strict=True)
    ]
    return output, mixed(keep, new, state)


def gru_step(cell, x, state, layer_norm):
    reset, update = gates_of(cell.gates, x + state, 2, layer_norm)
    shown = [logistic(r + 1) * h for r, h in zip(reset, state, strict=True)]
    (new,) = gates_of(cell.candidate, x + shown, 1, layer_norm)
    state = [logistic(u) * h + (1 - logistic(u)) * math.tanh(c) for u, c, h in zip(update, new, state, strict=True)]
    return state, state


def lstm_step(cell, x, state, layer_norm):
    memory, shown = split(state, 2)
    write, new, keep, read = gates_of(cell.gates, x + shown, 4, layer_norm)
    memory = [
        logistic(f + 1) * c + logistic(i) * math.tanh(j) for i, j, f, c in zip(write, new, keep, memory, strict=True)
    ]
    memory = normalised(memory) if layer_norm else memory
    output = [logistic(o) * math.tanh(c) for o, c in zip(read, memory, strict=True)]
    return output, memory + output


STEPS = {"ugrnn": ugrnn_step, "intersection": intersection_step, "gru": gru_step, "lstm": lstm_step}


def reciprocal_step(cell, x, state, residual, feedback, layer_norm):
    maps, (c, o) = cell.maps, (state[:CHANNELS], state[CHANNELS:])

    def trace(old, tau, gate, new):
        leaks = [(1 - logistic(t)) * h + (1 - logistic(g)) * n for t, h, g, n in zip(tau, old, gate, new, strict=True)]
        return [elu(value) for value in (normalised(leaks) if layer_norm else leaks)]

    into_out = total(x, affine(maps["feedback"], feedback)) if feedback else x
    gate_out = affine(maps["cell_out"], c)
    if residual:
        gate_out = total(gate_out, affine(maps["residual_gate_out"], residual))
    cells = trace(c, affine(maps["tau_cell"], c), affine(maps["gate_cell"], o), affine(maps["input_cell"], x))
    output = trace(o, affine(maps["tau_out"], o), gate_out, into_out)
    return output, cells + output


@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize(("residual", "feedback"), [(0, 0), (3, 0), (0, 2), (3, 2)])
def test_fully_connected_reciprocal_cell_follows_its_equations(residual, feedback, layer_norm):
    torch.manual_seed(3)
    sizes = {"residual_channels": residual, "feedback_channels": feedback}
    cell = double(make_cell("reciprocal_gated", CHANNELS, options={"layer_norm": layer_norm}, **sizes))
    inputs, *beside = (torch.randn(1, 5, size, dtype=torch.float64) for size in (CHANNELS, residual, feedback))
    state, expected = [0.0] * cell.state_channels, []
    for x, bypass, above in zip(*(sequence[0].tolist() for sequence in (inputs, *beside)), strict=True):
        output, state = reciprocal_step(cell, x, state, bypass, above, layer_norm)
        expected.append(output)
    outputs, last = cell.run(inputs, None, *(sequence if sequence.shape[2] else None for sequence in beside))
    torch.testing.assert_close(outputs[0], torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-13)
    torch.testing.assert_close(last[0], torch.tensor(state, dtype=torch.float64), rtol=0, atol=1e-13)


@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("name", GATED)
def test_fully_connected_cell_follows_its_equations(name, layer_norm):
    torch.manual_seed(3)
    cell = double(make_cell(name, CHANNELS, options={"layer_norm": layer_norm}))
    inputs = torch.randn(1, 5, CHANNELS, dtype=torch.float64)
    state = [0.0] * cell.state_channels
    expected = []
    for x in inputs[0].tolist():
        output, state = STEPS[name](cell, x, state, layer_norm)
        expected.append(output)
    outputs, last = cell.run(inputs)
    torch.testing.assert_close(outputs[0], torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-13)
    torch.testing.assert_close(last[0], torch.tensor(state, dtype=torch.float64), rtol=0, atol=1e-13)


def test_lstm_without_forget_bias_is_that_of_torch():
    cell, peer = double(LSTMCell(CHANNELS, kernel_size=None, forget_bias=0.0)), double(torch.nn.LSTM(4, 4))
    # Ours stacks input, candidate, forget, output; torch input, forget, candidate, output.
    order = [0, 2, 1, 3]
    with torch.no_grad():
        weight = cell.gates.weight.unflatten(0, (4, CHANNELS))[order].flatten(0, 1)
        peer.weight_ih_l0.copy_(weight[:, :CHANNELS])
        peer.weight_hh_l0.copy_(weight[:, CHANNELS:])
        peer.bias_ih_l0.copy_(cell.gates.bias.unflatten(0, (4, CHANNELS))[order].flatten())
        peer.bias_hh_l0.zero_()
    inputs = torch.randn(3, 7, CHANNELS, dtype=torch.float64)
    expected, (shown, memory) = peer(inputs.transpose(0, 1))
    outputs, state = cell.run(inputs)
    torch.testing.assert_close(outputs, expected.transpose(0, 1), rtol=0, atol=1e-12)
    torch.testing.assert_close(state, torch.cat([memory[0], shown[0]], 1), rtol=0, atol=1e-12)


def test_vanilla_without_norm_is_that_of_torch():
    cell = double(VanillaCell(3, CHANNELS, kernel_size=None, activation="tanh", layer_norm=False))
    peer = double(torch.nn.RNN(3, CHANNELS))
    with torch.no_grad():
        for ours, theirs in ((cell.from_input, "ih"), (cell.from_state, "hh")):
            getattr(peer, f"weight_{theirs}_l0").copy_(ours.weight)
            getattr(peer, f"bias_{theirs}_l0").copy_(ours.bias)
    inputs = torch.randn(2, 6, 3, dtype=torch.float64)
    expected, _ = peer(inputs.transpose(0, 1))
    torch.testing.assert_close(cell.run(inputs)[0], expected.transpose(0, 1), rtol=0, atol=1e-12)


def test_time_decay_is_a_geometric_sum():
    cell = double(TimeDecayCell(1, tau=0.5))
    inputs = torch.ones(1, 4, 1, 2, 2, dtype=torch.float64)
    outputs, _ = cell.run(inputs)
    assert outputs[0, :, 0, 0, 0].tolist() == [1.0, 1.5, 1.75, 1.875]


def test_time_decay_that_is_not_trained_keeps_its_tau_in_the_state_dict():
    cell = TimeDecayCell(2, tau=0.3, trainable=False)
    assert list(cell.parameters()) == []
    assert cell.state_dict()["tau"].item() == pytest.approx(0.3)


@pytest.mark.parametrize("name", sorted({*GATED, "vanilla", "conv_basic", "reciprocal_gated"}))
def test_pointwise_convolution_is_the_fully_connected_cell_at_every_point(name):
    torch.manual_seed(1)
    spatial = double(make_cell(name, CHANNELS, kernel_size=1))
    flat = double(make_cell(name, CHANNELS))
    flat.load_state_dict(
        {key: value.reshape(flat.state_dict()[key].shape) for key, value in spatial.state_dict().items()}
    )
    x = torch.randn(2, 3, CHANNELS, 2, 3, dtype=torch.float64)
    points = x.permute(0, 3, 4, 1, 2).flatten(0, 2)
    expected, _ = flat.run(points)
    outputs, _ = spatial.run(x)
    torch.testing.assert_close(outputs.permute(0, 3, 4, 1, 2).flatten(0, 2), expected, rtol=0, atol=1e-13)


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from([name for name in list_cells() if name != "identity"]),
    cut=st.integers(1, 4),
    kernel=st.sampled_from([1, 2, 3, (1, 2)]),
    size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
)
def test_a_sequence_in_two_parts_is_the_sequence(name, cut, kernel, size):
    cell = double(make_cell(name, 2, kernel_size=kernel))
    x = torch.randn(2, 5, 2, *size, dtype=torch.float64)
    whole, last = cell.run(x)
    first, state = cell.run(x[:, :cut])
    second, end = cell.run(x[:, cut:], state)
    assert torch.equal(torch.cat([first, second], 1), whole)
    assert torch.equal(end, last)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("name", list_cells())
def test_precision_is_that_of_the_module(name, dtype):
    cell = make_cell(name, 3, kernel_size=2).to(dtype)
    output, state = cell(torch.ones(2, 3, 2, 2, dtype=dtype))
    assert output.dtype == dtype
    assert state is None or state.dtype == dtype


@pytest.mark.parametrize("name", ["lstm", "vanilla"])
def test_cell_traces_as_one_graph(name):
    cell = double(make_cell(name, 3, kernel_size=2))
    x = torch.randn(2, 3, 2, 2, dtype=torch.float64)
    with torch.no_grad():
        _, state = cell(x)
        expected = cell(x, state)
        traced = torch.compile(cell, backend="eager", fullgraph=True)(x, state)
    torch.testing.assert_close(traced, expected, rtol=0, atol=1e-14)


EVERY_FORM = [*((name, {}) for name in list_cells()), ("reciprocal_gated", BESIDE)]


@pytest.mark.parametrize("kernel_size", [None, 2])
@pytest.mark.parametrize(("name", "beside"), EVERY_FORM)
def test_exported_cell_is_the_cell_for_any_batch_and_takes_a_saved_state(name, beside, kernel_size, tmp_path):
    cell = double(make_cell(name, 3, kernel_size=kernel_size, **beside))
    size = () if kernel_size is None else (2, 4)

    def step(batch):
        x, *others = (torch.randn(batch, channels, *size, dtype=torch.float64) for channels in (3, *beside.values()))
        return x, cell.initial_state(x), *others

    batch = torch.export.Dim("batch", min=1)
    given = step(2)
    shapes = tuple(None if part is None else {0: batch} for part in given)
    program = torch.export.export(cell, given, dynamic_shapes=shapes)
    torch.export.save(program, tmp_path / "cell.pt2")
    exported = torch.export.load(tmp_path / "cell.pt2").module()
    x, state, *others = step(5)
    for _ in range(3):
        expected, found = cell(x, state, *others), exported(x, state, *others)
        torch.testing.assert_close(found, expected, rtol=0, atol=0)
        if state is not None:
            save_file({"state": found[1].contiguous()}, tmp_path / "state.safetensors")
            state = load_file(tmp_path / "state.safetensors")["state"]
            assert torch.equal(state, expected[1])


@pytest.mark.parametrize(("name", "beside"), [("reciprocal_gated", {}), ("reciprocal_gated", BESIDE)])
def test_named_reciprocal_cell_is_that_of_the_class(name, beside):
    made = make_cell(name, 4, kernel_size=3, options={"cell_channels": 5, "separable": ["tau"]}, **beside)
    paths = ReciprocalOptions(separable=("tau",), residual_to_out_gate=bool(beside))
    twin = ReciprocalGatedCell(4, 4, cell_channels=5, options=paths, **beside)
    assert [(key, value.shape) for key, value in made.state_dict().items()] == [
        (key, value.shape) for key, value in twin.state_dict().items()
    ]


def reciprocal_parts(cell, batch=2, time=3):
    def sequence(channels):
        return torch.randn(batch, time, channels, 3, 2, dtype=torch.float64)

    return [sequence(channels) for channels in (cell.in_channels, cell.residual_channels, cell.feedback_channels)]


@pytest.mark.parametrize("entry", ["input", "cell", "out"])
def test_reciprocal_cell_takes_bypass_and_feedback_at_every_step(entry):
    options = ReciprocalOptions(feedback_entry=entry, residual_to_cell=True, residual_to_out=True)
    cell = double(ReciprocalGatedCell(4, 4, cell_channels=3, residual_channels=2, feedback_channels=5, options=options))
    x, residual, feedback = reciprocal_parts(cell)
    outputs, state = cell.run(x, None, residual, feedback)
    step_state = None
    for time in range(3):
        output, step_state = cell(x[:, time], step_state, residual[:, time], feedback[:, time])
    assert torch.equal(outputs[:, -1], output)
    assert torch.equal(state, step_state)
    changed, _ = cell.run(x, None, residual, feedback + 1)
    # Into the cell, feedback reaches the output one step later.
    assert torch.equal(changed[:, 0], outputs[:, 0]) == (entry == "cell")
    assert not torch.allclose(changed[:, 1], outputs[:, 1])


def test_sequences_beside_the_input_are_checked():
    cell = double(ReciprocalGatedCell(4, 4, residual_channels=2, feedback_channels=5))
    x, residual, feedback = reciprocal_parts(cell)
    with pytest.raises(ValueError, match=r"residual must be \(2, 2, 3, 2\).*received None"):
        cell.run(x)
    with pytest.raises(ValueError, match=r"feedback must be \(2, 5, 3, 2\).*received None"):
        cell.run(x, None, residual)
    with pytest.raises(ValueError, match="the input has 3 steps, but what stands beside it has 2"):
        cell.run(x, None, residual, feedback[:, 1:])
    with pytest.raises(ValueError, match="UGRNNCell takes nothing beside its input and state"):
        double(UGRNNCell(4)).run(x, None, residual)
    options = ReciprocalOptions(residual_to_out_gate=False)
    alone = double(ReciprocalGatedCell(4, 4, feedback_channels=5, options=options))
    assert torch.equal(alone.run(x, None, None, feedback)[0][:, 0], alone(x[:, 0], None, None, feedback[:, 0])[0])


def test_cells_are_copied_and_saved_with_their_weights():
    cell = UGRNNCell(3)
    twin, copied = UGRNNCell(3), copy.deepcopy(cell)
    twin.load_state_dict(cell.state_dict())
    x = torch.randn(1, 3, 2, 2)
    assert torch.equal(cell(x)[0], twin(x)[0])
    assert torch.equal(cell(x)[0], copied(x)[0])


def test_wrong_inputs_are_named():
    cell = UGRNNCell(3, kernel_size=2)
    with pytest.raises(ValueError, match=r"UGRNNCell takes inputs \(batch, 3, ...\), received shape \(1, 4, 2, 2\)"):
        cell(torch.zeros(1, 4, 2, 2))
    with pytest.raises(ValueError, match=r"keeps a state of shape \(2, 3, 2, 2\).*received \(1, 3, 2, 2\)"):
        cell(torch.zeros(2, 3, 2, 2), torch.zeros(1, 3, 2, 2))
    with pytest.raises(ValueError, match="a sequence is"):
        cell.run(torch.zeros(2, 0, 3, 2, 2))
    with pytest.raises(ValueError, match="out_channels must be at least 1, received 0"):
        VanillaCell(3, 0)
    with pytest.raises(ValueError, match="activation is 'gelu'; it must be one of elu, identity"):
        ConvBasicCell(3, 3, activation="gelu")
    with pytest.raises(ValueError, match="cell is 'elman'; it must be one of conv_basic, gru"):
        make_cell("elman", 3)
    with pytest.raises(ValueError, match="cell 'gru' cannot be built from the options {'norm': True}"):
        make_cell("gru", 3, options={"norm": True})
    with pytest.raises(
        ValueError, match="cell 'gru' takes no bypass and no feedback, received 0 and 2 channels.*only recip"
    ):
        make_cell("gru", 3, feedback_channels=2)
    with pytest.raises(ValueError, match="cell 'reciprocal_gated' cannot be built from the options {'tau': 1}"):
        make_cell("reciprocal_gated", 3, options={"tau": 1})
    assert IdentityCell(3)(torch.ones(1, 3))[1] is None
    assert GRUCell(3, kernel_size=None).state_channels == 3


def test_wrong_reciprocal_cells_are_named():
    with pytest.raises(ValueError, match="residual_channels is 0, but the options have a path from the bypass"):
        ReciprocalGatedCell(3, 3)
    with pytest.raises(ValueError, match="in_channels 3 and out_channels 4 differ"):
        ReciprocalGatedCell(3, 4, residual_channels=2)
    with pytest.raises(ValueError, match="feedback_entry is 'top'; it must be 'input', 'cell' or 'out'"):
        ReciprocalOptions(feedback_entry="top")
    with pytest.raises(ValueError, match="separable names 'input'; the families of maps are feedback, gate, tau"):
        ReciprocalOptions(separable=("input",))
    with pytest.raises(ValueError, match="a fully connected map has no depthwise part; give a kernel size"):
        ReciprocalOptions(kernel_size=None, separable=("tau",))
    with pytest.raises(ValueError, match="nothing reaches the gate of the output"):
        ReciprocalOptions(cell_to_out=True, residual_to_out_gate=False)
    cell = ReciprocalGatedCell(3, 3, residual_channels=2)
    with pytest.raises(ValueError, match=r"residual must be \(1, 2, 2, 2\).*received None; residual_channels is 2"):
        cell(torch.zeros(1, 3, 2, 2))
    with pytest.raises(ValueError, match=r"feedback must be None.*received \(1, 1, 2, 2\)"):
        cell(torch.zeros(1, 3, 2, 2), None, torch.zeros(1, 2, 2, 2), torch.zeros(1, 1, 2, 2))
