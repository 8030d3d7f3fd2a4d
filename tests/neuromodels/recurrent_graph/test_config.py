"""Descriptions of graphs: files, round trips, what is refused."""

import dataclasses

import pytest

from neuromodels.recurrent_graph import GraphConfig, NodeConfig

TEXT = """
input_shape = [3, 8, 8]
output = "top"

[[nodes]]
name = "low"
channels = 4
inputs = ["stimulus", "high"]
cell = "ugrnn"
cell_kernel = 3
cell_options = { layer_norm = true }

[[nodes]]
name = "high"
channels = 5
inputs = ["low", "high"]
stride = 2
padding = 1
delays = [1, 1]

[[nodes]]
name = "top"
channels = 2
inputs = ["high"]
map = "linear"
bias = 0.1
batch_norm = true
added = ["top"]
"""


def node(name="a", channels=2, inputs=("stimulus",), **options):
    return NodeConfig(name, channels, inputs, **options)


def test_file_and_plain_values_say_the_same(tmp_path):
    file = tmp_path / "graph.toml"
    file.write_text(TEXT, encoding="utf-8")
    config = GraphConfig.from_toml(file)
    assert config.edges == (
        ("high", "low", 1),
        ("low", "high", 1),
        ("high", "high", 1),
        ("high", "top", 1),
        ("top", "top", 1),
    )
    assert config.nodes[0].cell_options == {"layer_norm": True}
    assert config.nodes[1].padding == 1
    assert GraphConfig.from_dict(config.to_dict()) == config
    assert config.to_dict()["nodes"][2] == {
        "name": "top",
        "channels": 2,
        "inputs": ["high"],
        "map": "linear",
        "bias": 0.1,
        "batch_norm": True,
        "added": ["top"],
    }


def test_file_that_is_no_toml_is_named(tmp_path):
    file = tmp_path / "graph.toml"
    file.write_text("input shape = 3", encoding="utf-8")
    with pytest.raises(ValueError, match=r"graph.toml is not a TOML file \(Expected '='.*; mend the line"):
        GraphConfig.from_toml(file)


def test_full_unroll_takes_no_step_onwards_and_one_back(tmp_path):
    file = tmp_path / "graph.toml"
    file.write_text(TEXT, encoding="utf-8")
    config = dataclasses.replace(GraphConfig.from_toml(file), unroll="full")
    # The delays that are given stand.
    assert config.edges == (
        ("high", "low", 1),
        ("low", "high", 1),
        ("high", "high", 1),
        ("high", "top", 0),
        ("top", "top", 1),
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: node("stimulus"), "node 'stimulus' cannot have this name"),
        (lambda: node("a.b"), "node 'a.b' cannot have this name; use letters, digits and _"),
        (lambda: node(inputs=()), r"node 'a' needs at least one input and each once, received inputs \(\)"),
        (lambda: node(inputs=("b", "b")), "needs at least one input and each once"),
        (lambda: node(map="dense"), "map 'dense'; it must be one of conv, linear, identity"),
        (lambda: node(pool=0), "pool 0; it must be a whole number of at least 1"),
        (lambda: node(stride=0), "stride 0; it must be a whole number of at least 1"),
        (lambda: node(channels="4"), "channels '4'; it must be a whole number of at least 1"),
        (lambda: node(channels=4.5), "channels 4.5; it must be a whole number"),
        (lambda: node(inputs="b"), "inputs 'b', one text; give a list of names"),
        (lambda: GraphConfig.from_dict({"output": "a"}), "the graph lacks the key 'input_shape'; add it"),
        (
            lambda: GraphConfig.from_dict({"input_shape": [1, 2, 2], "output": "a", "nodes": [{"name": "a"}]}),
            "a node 'a' lacks the key 'channels'; add it",
        ),
        (lambda: node(size_from="b"), "takes its size from 'b', which is not one of"),
        (lambda: node(inputs=("b", "c"), delays=(1,)), r"delays \(1,\) for inputs \('b', 'c'\); give 0 or 1 for each"),
        (
            lambda: node(added=("b",), delays=(0,)),
            r"delays \(0,\) for inputs \('stimulus', 'b'\); give 0 or 1 for each",
        ),
        (lambda: node(inputs=("b",), added=("stimulus",), delays=(1, 1)), "delays the stimulus by a step"),
        (lambda: node(added="b"), "added 'b', one text; give a list of names"),
        (lambda: node(cell_feedback=("b", "b")), r"each once, received cell_feedback \('b', 'b'\)"),
        (lambda: node(batch_norm="yes"), "batch_norm 'yes'; it must be true or false"),
        (lambda: node(batch_norm_steps=2), "batch_norm_steps 2 without a batch norm; set batch_norm to true"),
        (
            lambda: node(batch_norm=True, batch_norm_steps=0),
            "batch_norm_steps 0; it must be a whole number of at least 1",
        ),
        (lambda: GraphConfig((3, 8, 8), (node(added=("b",)),), "a"), "node 'a' reads 'b'; the graph has stimulus and"),
        (lambda: node(inputs=("b",), delays=(2,)), "give 0 or 1 for each"),
        (lambda: node(delays=(1,)), "delays the stimulus by a step"),
        (lambda: GraphConfig((3, 8), (node(),), "a"), r"input_shape must be \(channel, row, col\).*received \(3, 8\)"),
        (lambda: GraphConfig((3, 8, 0), (node(),), "a"), "input_shape must be"),
        (lambda: GraphConfig((3, 8, 8), (node(), node()), "a"), "nodes must have different names"),
        (lambda: GraphConfig((3, 8, 8), (node(inputs=("b",)),), "a"), "node 'a' reads 'b'; the graph has stimulus and"),
        (lambda: GraphConfig((3, 8, 8), (node(),), "b"), "output is 'b'; it must be one of the nodes"),
        (lambda: GraphConfig((3, 8, 8), (node(),), "a", "slow"), "unroll is 'slow'; it must be 'biological' or 'full'"),
        (lambda: GraphConfig.from_dict({"depth": 3}), "the graph has the key 'depth', which does not exist; there are"),
        (lambda: GraphConfig.from_dict({"nodes": [{"kernels": 2}]}), "a node has the key 'kernels'"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"map": "linear", "kernel": 5}, "has a kernel, which the map 'linear' does not read"),
        ({"map": "identity", "stride": 2}, "has a stride, which the map 'identity' does not read"),
        ({"cell_options": {"bias": 1.0}}, "has a cell_options, which the identity cell does not read"),
    ],
)
def test_an_option_that_nothing_reads_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        NodeConfig("first", 3, ("stimulus",), **options)
