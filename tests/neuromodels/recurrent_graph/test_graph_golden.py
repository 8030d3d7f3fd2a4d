"""Graphs against outputs, activations and gradients of the published package, float64, 1e-10."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from neuromodels.recurrent_graph import GraphConfig, RecurrentGraph

CLOSE = {"rtol": 0, "atol": 1e-10}
CASES = ["custom_feedback_resize", "zhuang_mini_timedecay", "zhuang_mini_ugrnn", "zhuang_mini_intersection_ln"]
CELLS = {
    "UGRNNCell": "ugrnn",
    "IntersectionRNNCell": "intersection",
    "TimeDecayRecurrentCell": "time_decay",
    "IdentityCell": "identity",
}
NORMS = ["ln_gh_act", "ln_h_act", "ln_gy_act", "ln_y_act"]


def node_table(node, theirs):
    """One node of the published format in ours: inputs sorted by name, the stimulus first."""
    before, cell, after = dict(node["pre_memory"]), dict(node["recurrent_cell"]), node["post_memory"]
    inputs = sorted(edge["from"] for edge in theirs["edges"] if edge["to"] == node["name"])
    options = {key: cell[key] for key in ("tau", "trainable", "layernorm") if key in cell}
    table = {
        "name": node["name"],
        "channels": node["out_channels"],
        "inputs": ["stimulus"] * (node["name"] in theirs["input_nodes"]) + inputs,
        "map": {"Conv2dCell": "conv", "FullyConnected": "linear"}[before["name"]],
        "bias": before["bias"],
        "map_activation": (before["activation"] or "identity").lower(),
        "cell": CELLS[cell["name"]],
        "cell_options": {"layer_norm" if key == "layernorm" else key: value for key, value in options.items()},
        "activation": after.get("activation", "identity").lower(),
        "pool": after.get("ksize", 1),
    }
    if "ksize" in before:
        table |= {"kernel": before["ksize"][0], "stride": before["stride"], "padding": before["padding"]}
    if "ksize" in cell:
        table["cell_kernel"] = cell["ksize"][0]
    if node["shape_from"]:
        table["size_from"] = node["shape_from"]
    return table


def our_config(theirs, input_shape, unroll="biological"):
    nodes = [node_table(node, theirs) for node in theirs["nodes"]]
    return GraphConfig.from_dict(
        {"input_shape": input_shape, "output": theirs["output_node"], "nodes": nodes, "unroll": unroll}
    )


def their_names(name):
    """Names in the file of one of our parameters; several are gates side by side."""
    _, node, stage, *rest = name.split(".")
    if stage == "map":
        return [f"{node}._pre_memory.{layer}.{rest[0]}" for layer in ("conv", "lin")]
    if rest[0] == "norm":
        return [f"{node}._recurrent_cell.{norm}.{rest[1]}" for norm in NORMS]
    return [f"{node}._recurrent_cell.{'.'.join(rest).replace('gates', 'conv')}"]


def stored(arrays, prefix, name, like):
    found = [arrays[f"{prefix}/{their}"].reshape(-1) for their in their_names(name) if f"{prefix}/{their}" in arrays]
    return torch.from_numpy(np.concatenate(found)).reshape(like.shape)


@pytest.fixture
def golden_graph(real_data):
    def read(case):
        with np.load(real_data / "tactile" / "golden_graphs" / f"{case}.npz", allow_pickle=False) as file:
            arrays = {key: file[key] for key in file}
        theirs = json.loads(str(arrays["config_json"]))
        graph = RecurrentGraph(our_config(theirs, arrays["input"].shape[2:])).double()
        with torch.no_grad():
            for name, parameter in graph.named_parameters():
                parameter.copy_(stored(arrays, "weight", name, parameter))
        assert sum(parameter.numel() for parameter in graph.parameters()) == sum(
            value.size for key, value in arrays.items() if key.startswith("weight/")
        )
        return graph, arrays

    return read


@pytest.mark.parametrize("checkpoint_steps", [None, 3])
@pytest.mark.parametrize("case", CASES)
def test_biological_unroll_and_its_gradients(case, checkpoint_steps, golden_graph):
    graph, arrays = golden_graph(case)
    graph.checkpoint_steps = checkpoint_steps
    stimulus = torch.from_numpy(arrays["input"]).requires_grad_()
    output = graph(stimulus)
    np.testing.assert_allclose(output.detach(), arrays["output"], **CLOSE)
    (output * torch.from_numpy(arrays["grad_output"])).sum().backward()
    np.testing.assert_allclose(stimulus.grad, arrays["grad_input"], **CLOSE)
    for name, parameter in graph.named_parameters():
        expected = stored(arrays, "grad_weight", name, parameter)
        np.testing.assert_allclose(parameter.grad, expected, **CLOSE, err_msg=name)


@pytest.mark.parametrize("case", CASES)
def test_full_unroll(case, golden_graph):
    graph, arrays = golden_graph(case)
    full = RecurrentGraph(dataclasses.replace(graph.config, unroll="full")).double()
    full.load_state_dict(graph.state_dict())
    with torch.no_grad():
        output = full(torch.from_numpy(arrays["input"]))
    np.testing.assert_allclose(output, arrays["output_full_unroll"], **CLOSE)


def test_activations_of_all_nodes(golden_graph):
    graph, arrays = golden_graph("custom_feedback_resize")
    with torch.no_grad():
        found = graph.activations(torch.from_numpy(arrays["input"]))
    assert list(found) == ["a", "b", "c", "out"]
    for name, values in found.items():
        np.testing.assert_allclose(values.transpose(0, 1), arrays[f"act/{name}"], **CLOSE)
