"""Every cell against outputs, states and gradients of the published package, float64, 1e-10."""

import json

import numpy as np
import pytest
import torch

from neuromodels.layers import (
    ConvBasicCell,
    GRUCell,
    IdentityCell,
    IntersectionRNNCell,
    LSTMCell,
    ReciprocalGatedCell,
    ReciprocalOptions,
    TimeDecayCell,
    UGRNNCell,
    VanillaCell,
)

TOLERANCE = 1e-10
FEEDBACK = {"residual_channels": 4, "feedback_channels": 3}
MEDIAN = ReciprocalOptions(
    feedback_entry="cell",
    separable=("feedback", "gate", "tau"),
    gate_activation="tanh",
    input_activation="elu",
    residual_to_out=True,
    residual_to_out_gate=False,
    input_to_out=True,
    layer_norm=True,
)
# File to our cell, our parameter's name to the file's (several names: gates side by side).
GATES = {"gates.weight": ["conv.weight"], "gates.bias": ["conv.bias"]}


def norms(ours, names):
    return {f"{ours}.{part}": [f"{name}.{part}" for name in names] for part in ("weight", "bias")}


def plain(**pairs):
    return {f"{ours}.{part}": [f"{theirs}.{part}"] for ours, theirs in pairs.items() for part in ("weight", "bias")}


VANILLA = plain(from_input="conv_input", from_state="conv_state")
GRU = plain(gates="conv_ru", candidate="conv_c")
INTERSECTION_NORMS = norms("norm", ["ln_gh_act", "ln_h_act", "ln_gy_act", "ln_y_act"])
LSTM_NORMS = norms("norm", ["ln_input", "ln_transform", "ln_forget", "ln_output"]) | plain(memory_norm="ln_state")
RECIPROCAL = {
    "maps.feedback": "feedback_conv",
    "maps.tau_out": "out_tau_conv",
    "maps.residual_gate_out": "out_gate_conv",
    "maps.input_cell": "inp2cell_conv",
    "maps.input_out": "inp2out_conv",
    "maps.tau_cell": "cell_tau_conv",
    "maps.gate_cell": "cell_gate_conv",
    "maps.cell_out": "cell2out_conv",
    "maps.residual_out": "res2out_conv",
    "cell_norm": "ln_cell",
    "out_norm": "ln_out",
}
CASES = {
    "identity": (lambda: IdentityCell(5), {}),
    "time_decay": (lambda: TimeDecayCell(5), {"tau": ["tau"]}),
    "vanilla_rnn": (lambda: VanillaCell(5, 5, activation="tanh", layer_norm=False), VANILLA),
    "vanilla_rnn_ln": (lambda: VanillaCell(5, 5, kernel_size=2), VANILLA | plain(norm="ln")),
    "conv_rnn_basic": (lambda: ConvBasicCell(5, 7), VANILLA),
    "ugrnn": (lambda: UGRNNCell(5, kernel_size=2), GATES),
    "ugrnn_ln": (
        lambda: UGRNNCell(5, kernel_size=2, layer_norm=True),
        GATES | norms("norm", ["ln_g_act", "ln_c_act"]),
    ),
    "ugrnn_k3_fb0": (lambda: UGRNNCell(5, kernel_size=3, forget_bias=0.0), GATES),
    "intersection_rnn": (lambda: IntersectionRNNCell(5, kernel_size=2), GATES),
    "intersection_rnn_ln": (
        lambda: IntersectionRNNCell(5, kernel_size=2, layer_norm=True),
        GATES | INTERSECTION_NORMS,
    ),
    "gru": (lambda: GRUCell(5, kernel_size=2), GRU),
    "gru_ln": (
        lambda: GRUCell(5, kernel_size=2, layer_norm=True),
        GRU | norms("norm", ["ln_r_pre", "ln_u_pre"]) | plain(candidate_norm="ln_c_pre"),
    ),
    "lstm": (lambda: LSTMCell(5, kernel_size=2), GATES),
    "lstm_ln": (lambda: LSTMCell(5, kernel_size=2, layer_norm=True), GATES | LSTM_NORMS),
    "reciprocal_gated": (lambda: ReciprocalGatedCell(5, 5, residual_channels=4), None),
    "reciprocal_gated_fb": (lambda: ReciprocalGatedCell(5, 5, **FEEDBACK), None),
    "reciprocal_gated_median_style_ln": (lambda: ReciprocalGatedCell(5, 5, **FEEDBACK, options=MEDIAN), None),
}


def reciprocal_names(cell):
    """The file calls a plain map ``<name>.conv`` and the parts of a separable one ``depth_wise`` and ``point_wise``."""
    names = {}
    for ours, _ in cell.named_parameters():
        place = next(place for place in RECIPROCAL if ours.startswith(f"{place}."))
        rest = ours.removeprefix(f"{place}.").replace("depthwise", "depth_wise").replace("pointwise", "point_wise")
        inner = "conv." if place.startswith("maps") and rest in ("weight", "bias") else ""
        names[ours] = [f"{RECIPROCAL[place]}.{inner}{rest}"]
    return names


def shaped(arrays, names, prefix, like):
    return torch.from_numpy(np.concatenate([arrays[f"{prefix}/{name}"].reshape(-1) for name in names])).reshape(
        like.shape
    )


@pytest.mark.parametrize("case", CASES)
def test_outputs_states_and_gradients(case, real_data):
    with np.load(real_data / "tactile" / "golden_cells" / f"{case}.npz", allow_pickle=False) as file:
        arrays = {key: file[key] for key in file}
    assert json.loads(str(arrays["meta_json"]))["case"] == case
    build, names = CASES[case]
    cell = build().double()
    names = reciprocal_names(cell) if names is None else names
    stored = [name for given in names.values() for name in given]
    assert sorted(stored) == sorted(key.removeprefix("weight/") for key in arrays if key.startswith("weight/"))
    with torch.no_grad():
        for ours, parameter in cell.named_parameters():
            parameter.copy_(shaped(arrays, names[ours], "weight", parameter))

    given = {
        key: torch.from_numpy(arrays[key]).requires_grad_()
        for key in ("input_seq", "res_input_seq", "fb_input_seq")
        if key in arrays
    }
    state, outputs, states = None, [], []
    for frames in zip(*given.values(), strict=True):
        output, state = cell(frames[0], state, *frames[1:])
        outputs.append(output)
        states.append(state)
    output = torch.stack(outputs)
    close = {"rtol": 0, "atol": TOLERANCE}
    np.testing.assert_allclose(output.detach(), arrays["output_seq"], **close)
    if "state_seq" in arrays:
        np.testing.assert_allclose(torch.stack(states).detach(), arrays["state_seq"], **close)

    (output * torch.from_numpy(arrays["grad_output_seq"])).sum().backward()
    for key, value in given.items():
        np.testing.assert_allclose(value.grad, arrays[f"grad_{key}"], **close)
    for ours, parameter in cell.named_parameters():
        expected = shaped(arrays, names[ours], "grad_weight", parameter)
        np.testing.assert_allclose(parameter.grad, expected, **close, err_msg=ours)
