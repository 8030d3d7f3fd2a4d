"""Graphs against a plain loop over steps and nodes, their invariants, and what they refuse."""

import copy
import dataclasses
import importlib.util
import pickle
from pathlib import Path

import pytest
import torch

from neuromodels.recurrent_graph import GraphConfig, NodeConfig, RecurrentGraph, zhuang_graph

ROOT = Path(__file__).parents[3]
NARROW = {"channels": (3, 4, 5, 4, 3, 4), "hidden": 6, "output": 5}
# Published parameter counts of the encoder: cell, layer norm.
COUNTS = {
    ("time_decay", False): 23_460_072,
    ("ugrnn", False): 30_688_416,
    ("ugrnn", True): 30_694_432,
    ("intersection", False): 37_916_768,
    ("intersection", True): 37_928_800,
    ("gru", False): 34_302_592,
    ("gru", True): 34_311_616,
    ("lstm", False): 37_916_768,
    ("lstm", True): 37_931_808,
}


@pytest.fixture(scope="module")
def plain_loop():
    """The plain loop of the benchmark: every node at every step, torch's own convolutions."""
    spec = importlib.util.spec_from_file_location("tactile_step", ROOT / "benchmarks" / "tactile_step.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.plain_loop


def narrow(cell="ugrnn", layer_norm=False, **options):
    return RecurrentGraph(zhuang_graph(cell, layer_norm=layer_norm, **NARROW), **options).double()


def whisks(batch=2, steps=9):
    return torch.randn(batch, steps, 30, 5, 7, dtype=torch.float64)


@pytest.mark.parametrize(("cell", "layer_norm"), COUNTS)
def test_parameter_counts_are_the_published_ones(cell, layer_norm):
    # Parameters take their sizes from the configuration alone, so none needs to be drawn.
    with torch.device("meta"):
        graph = RecurrentGraph(zhuang_graph(cell, layer_norm=layer_norm))
    assert sum(parameter.numel() for parameter in graph.parameters()) == COUNTS[cell, layer_norm]


@pytest.mark.parametrize("checkpoint_steps", [None, 2])
@pytest.mark.parametrize(("cell", "layer_norm"), [*COUNTS, ("identity", False)])
def test_graph_is_the_plain_loop(cell, layer_norm, checkpoint_steps, plain_loop):
    torch.manual_seed(2)
    graph, stimulus = narrow(cell, layer_norm, checkpoint_steps=checkpoint_steps), whisks()
    with torch.no_grad():
        for parameter in graph.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    found = []
    for run in (graph, lambda x: plain_loop(graph, x)):
        graph.zero_grad()
        x = stimulus.clone().requires_grad_()
        output = run(x)
        (output**2).sum().backward()
        found.append([output.detach(), x.grad, *(parameter.grad for parameter in graph.parameters())])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("unroll", ["biological", "full"])
def test_asking_for_a_step_changes_nothing_but_the_work(unroll):
    graph, stimulus = RecurrentGraph(zhuang_graph("gru", unroll=unroll, **NARROW)).double(), whisks()
    whole = graph(stimulus)
    for steps in ([-1], [0], [8, 3, 3]):
        torch.testing.assert_close(graph(stimulus, steps), whole[:, steps], rtol=0, atol=1e-13)


def test_last_frames_cannot_reach_the_last_output():
    graph, stimulus = narrow("lstm"), whisks().requires_grad_()
    graph(stimulus, [-1]).sum().backward()
    seen = stimulus.grad.abs().sum((0, 2, 3, 4)) > 0
    assert seen.tolist() == [True] * 6 + [False] * 3
    assert graph.latency == 3


def test_samples_do_not_see_each_other():
    graph, stimulus = narrow("intersection", True), whisks(3)
    together = graph(stimulus)
    alone = torch.cat([graph(sample[None]) for sample in stimulus])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-13)


def test_outputs_before_the_first_frame_arrives_are_those_of_no_stimulus():
    graph = narrow("ugrnn")
    outputs = graph(whisks(3))
    assert torch.equal(outputs[0, :3], outputs[1, :3])
    assert not torch.allclose(outputs[0, 3], outputs[1, 3])


def test_activations_are_named_and_shaped():
    graph, stimulus = narrow(), whisks(2, 5)
    found = graph.activations(stimulus)
    assert {name: tuple(values.shape[2:]) for name, values in found.items()} == {
        **{name: (width, 4, 6) for name, width in zip(list(found)[:6], NARROW["channels"], strict=True)},
        "fc7": (6,),
        "fc8": (5,),
    }
    assert torch.equal(found["fc8"], graph(stimulus))
    one = graph.activations(stimulus, ["conv3"], [2])["conv3"]
    torch.testing.assert_close(one, found["conv3"][:, [2]], rtol=0, atol=1e-13)


def test_a_seed_gives_the_same_weights_and_leaves_the_random_state_alone():
    before = torch.random.get_rng_state()
    first, second, other = (RecurrentGraph(zhuang_graph(**NARROW), seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert not torch.equal(first.nodes["conv1"].map.weight, other.nodes["conv1"].map.weight)


def test_one_configuration_builds_many_graphs_that_can_be_copied():
    config = zhuang_graph("gru", **NARROW)
    text = repr(config)
    graph, stimulus = RecurrentGraph(config), whisks().float()
    for twin in (RecurrentGraph(config), copy.deepcopy(graph), pickle.loads(pickle.dumps(graph))):  # noqa: S301
        assert torch.equal(twin(stimulus), graph(stimulus))
    assert repr(config) == text


def test_mixed_precision_and_channels_last_stay_close():
    graph, stimulus = narrow("ugrnn").float(), whisks().float()
    expected = graph(stimulus)
    with torch.autocast("cpu", torch.bfloat16):
        output = graph(stimulus)
    assert output.dtype == torch.bfloat16
    torch.testing.assert_close(output.float(), expected, rtol=0.1, atol=0.05)
    torch.testing.assert_close(graph.to(memory_format=torch.channels_last)(stimulus), expected, rtol=0, atol=1e-5)


def test_the_graph_compiles_as_a_whole():
    """One graph without a break, equal to the plain call."""
    graph, stimulus = narrow("ugrnn"), whisks(steps=4)
    compiled = torch.compile(graph, backend="eager", fullgraph=True)
    expected, found = graph(stimulus, steps=[-1]), compiled(stimulus, steps=[-1])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    gradients = [torch.autograd.grad(output.sum(), graph.parameters()) for output in (found, expected)]
    torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-12)


def node(name, inputs, **options):
    return NodeConfig(name, options.pop("channels", 2), inputs, **options)


def test_explicit_delays_shift_a_memoryless_chain():
    """With identity maps the output is the stimulus, as many steps later as the delays say."""
    stimulus = torch.randn(1, 6, 2, 3, 3)
    for delay in (0, 1):
        nodes = (node("a", ("stimulus",), map="identity"), node("b", ("a",), map="identity", delays=(delay,)))
        output = RecurrentGraph(GraphConfig((2, 3, 3), nodes, "b"))(stimulus)
        assert torch.equal(output[:, delay:], stimulus[:, : 6 - delay])
        assert not output[:, :delay].any()


def test_feedback_of_another_size_is_resized_to_the_first_input():
    nodes = (
        node("low", ("stimulus", "high"), kernel=1),
        node("high", ("low",), kernel=3, stride=2, padding=1, pool=2),
        node("read", ("high", "low"), map="linear", channels=4),
    )
    graph = RecurrentGraph(GraphConfig((3, 9, 9), nodes, "read"))
    assert graph.shapes == {"stimulus": (3, 9, 9), "low": (2, 9, 9), "high": (2, 2, 2), "read": (4,)}
    assert graph(torch.randn(2, 4, 3, 9, 9)).shape == (2, 4, 4)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([node("a", ("stimulus",), map="identity")], "node 'a' has 2 channels, but its inputs have 3"),
        ([node("a", ("stimulus",), map="linear"), node("b", ("a",))], "convolves an input without rows and columns"),
        ([node("a", ("stimulus",), kernel=9, padding="valid")], r"would have the size \(0, 0\)"),
        ([node("forward", ("stimulus",))], "node 'forward' has a name that torch keeps for itself"),
        ([node("a", ("stimulus",), pool=9)], r"would have the size \(0, 0\)"),
        ([node("a", ("stimulus",), map="linear", pool=2)], "make its kernel, its stride or its pooling smaller"),
        ([node("a", ("b", "stimulus")), node("b", ("a",))], r"the sizes of nodes \['a', 'b'\] depend on each other"),
        ([node("a", ("stimulus",)), node("b", ("a", "c")), node("c", ("a",), map="linear")], "with and without space"),
        ([node("a", ("stimulus",), cell="elman")], "cell is 'elman'; it must be one of"),
    ],
)
def test_nodes_that_do_not_fit_are_refused(nodes, message):
    with pytest.raises(ValueError, match=message):
        RecurrentGraph(GraphConfig((3, 8, 8), tuple(nodes), nodes[-1].name))


def test_wrong_requests_are_refused():
    graph = narrow()
    with pytest.raises(
        ValueError, match=r"takes \(batch, time, 30, 5, 7\), received \(2, 9, 30, 7, 5\); bring the stimulus"
    ):
        graph(torch.zeros(2, 9, 30, 7, 5))
    with pytest.raises(ValueError, match=r"received \(2, 0, 30, 5, 7\)"):
        graph(torch.zeros(2, 0, 30, 5, 7))
    with pytest.raises(ValueError, match="step 9 was asked for; the stimulus has 9 frames"):
        graph(whisks(), [9])
    with pytest.raises(ValueError, match="step 0.5 was asked for; give whole numbers"):
        graph(whisks(), [0.5])
    with pytest.raises(ValueError, match="'conv9' is not a node of the graph; it has conv1, conv2"):
        graph.activations(whisks(), ["conv9"])
    with pytest.raises(ValueError, match="checkpoint_steps must be at least 1, or None to keep all, received 0"):
        narrow(checkpoint_steps=0)
    with pytest.raises(ValueError, match="channels must have one entry for each of 6 convolutions"):
        zhuang_graph(channels=(3, 4))
    assert dataclasses.replace(graph.config, unroll="full").unroll == "full"
