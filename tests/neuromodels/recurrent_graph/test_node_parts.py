"""Batch norm, sums, bypass and feedback of nodes against a plain loop over steps and nodes, and what is refused."""

import copy
import dataclasses
import math

import pytest
import torch
from torch.nn import functional

from neuromodels.recurrent_graph import GraphConfig, NodeConfig, RecurrentGraph
from neuromodels.recurrent_graph.step_norm import EPS, MOMENTUM

ACTIVATIONS = {"identity": lambda x: x, "relu": torch.relu, "tanh": torch.tanh}


def node(name, inputs, **options):
    return NodeConfig(name, options.pop("channels", 3), inputs, **options)


def mixed(unroll="biological", **options):
    """A cycle of three nodes, one of which reads itself, and two nodes behind it."""
    nodes = (
        node(
            "a", ("stimulus", "c"), batch_norm=True, map_activation="relu", cell="time_decay", cell_options={"tau": 0.4}
        ),
        node(
            "b",
            ("a",),
            cell="reciprocal_gated",
            cell_kernel=3,
            cell_residual=("stimulus", "a"),
            cell_feedback=("c",),
            added=("b",),
            activation="tanh",
        ),
        node("c", ("b",), stride=2, batch_norm=True, batch_norm_steps=3, cell="ugrnn", cell_kernel=2),
        node("d", ("c",), batch_norm=True, batch_norm_steps=2, added=("c",), activation="relu", pool=2),
        node("out", ("d",), channels=4, map="linear", batch_norm=True, map_activation="relu", cell="ugrnn"),
    )
    return RecurrentGraph(GraphConfig((2, 6, 5), nodes, "out", unroll), seed=3, **options).double()


def varied(graph):
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in graph.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, dtype=torch.float64, generator=random))
    return graph


def stimulus(batch=3, steps=6):
    return torch.randn(batch, steps, 2, 6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(2))


def resized(x, size):
    return x if x.shape[2:] == size else functional.interpolate(x, size, mode="bilinear", antialias=True)


def mapped(module, x):
    if module.kernel_size is None:
        return x.flatten(1) @ module.weight.T + module.bias
    above, below, left, right = module.margins
    return functional.conv2d(functional.pad(x, (left, right, above, below)), module.weight, module.bias, module.stride)


def normalised(norm, running, x, step, training):
    if norm is None:
        return x
    number = min(step, len(norm.weight) - 1)
    channels_last = x.movedim(1, -1)
    mean, variance = running["mean"][number], running["var"][number]
    if training:
        rows = channels_last.flatten(0, -2)
        mean, variance = rows.mean(0), rows.var(0, correction=0)
        for key, value in (("mean", mean), ("var", rows.var(0))):
            running[key][number] += MOMENTUM * (value.detach() - running[key][number])
    y = (channels_last - mean) / torch.sqrt(variance + EPS) * norm.weight[number] + norm.bias[number]
    return y.movedim(-1, 1)


def plain_loop(graph, x, training):
    """Outputs of all nodes and the running values after them; every node at every step, in the order of the configuration."""
    delays = {(source, target): delay for source, target, delay in graph.config.edges}
    running = {
        name: {"mean": module.norm.running_mean.clone(), "var": module.norm.running_var.clone()}
        for name, module in graph.nodes.items()
        if module.norm is not None
    }
    history, states = [], {}
    for step, frame in enumerate(x.unbind(1)):
        now = {"stimulus": frame}
        for config in graph.config.nodes:
            module, read = graph.nodes[config.name], {}
            for source in config.sources:
                seen = step - delays.get((source, config.name), 0)
                zeros = x.new_zeros(len(x), *graph.shapes[source])
                read[source] = zeros if seen < 0 else now[source] if seen == step else history[seen][source]
            size = graph.shapes[config.size_from or config.inputs[0]][1:]
            y = mapped(module.map, torch.cat([resized(read[source], size) for source in config.inputs], 1))
            y = ACTIVATIONS[config.map_activation](normalised(module.norm, running.get(config.name), y, step, training))
            beside = []
            for names in (config.cell_residual, config.cell_feedback):
                if names:
                    beside.append(torch.cat([resized(read[source], y.shape[2:]) for source in names], 1))
            y, states[config.name] = module.cell(y, states.get(config.name), *beside)
            y = ACTIVATIONS[config.activation](y + sum(read[source] for source in config.added))
            now[config.name] = functional.max_pool2d(y, config.pool) if config.pool > 1 else y
        history.append(now)
    return {name: torch.stack([now[name] for now in history], 1) for name in graph.nodes}, running


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("checkpoint_steps", [None, 2])
@pytest.mark.parametrize("unroll", ["biological", "full"])
def test_graph_is_the_plain_loop(unroll, checkpoint_steps, training):
    graph, twin = (varied(mixed(unroll, checkpoint_steps=checkpoint_steps)) for _ in range(2))
    # Running values that differ from those at the start, for both.
    twin(stimulus())
    twin.load_state_dict(graph.state_dict() | {k: v for k, v in twin.state_dict().items() if "running" in k})
    graph.load_state_dict(twin.state_dict())
    graph.train(training)
    found = []
    for loop in (False, True):
        x = stimulus().requires_grad_()
        outputs, running = plain_loop(twin, x, training) if loop else (graph.activations(x), None)
        used = twin if loop else graph
        gradients = torch.autograd.grad(outputs["out"].square().sum(), [x, *used.parameters()])
        found.append([*outputs.values(), *gradients])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-10)
    for name, values in running.items():
        torch.testing.assert_close(graph.nodes[name].norm.running_mean, values["mean"], rtol=0, atol=1e-12)
        torch.testing.assert_close(graph.nodes[name].norm.running_var, values["var"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("unroll", ["biological", "full"])
def test_asking_for_a_step_changes_nothing_but_the_work(unroll, training):
    graph = varied(mixed(unroll)).train(training)
    whole = graph(stimulus())
    for steps in ([-1], [0], [4, 2, 2]):
        torch.testing.assert_close(graph(stimulus(), steps), whole[:, steps], rtol=0, atol=1e-12)


def test_frames_that_come_too_late_get_no_gradient():
    graph, x = varied(mixed()), stimulus().requires_grad_()
    assert graph.latency == 3  # b reads the stimulus as a bypass, so that a is left out.
    graph(x, [-1]).square().sum().backward()
    assert (x.grad.abs().amax((0, 2, 3, 4)) > 0).tolist() == [True] * 3 + [False] * 3


def test_parameters_are_counted_by_hand():
    graph = mixed()
    expected = {
        "a": (2 + 3) * 9 * 3 + 3 + 2 * 3 + 1,
        # Map; five 3 x 3 maps between cell and output and from the input; bypass of 5 and feedback of 3 channels.
        "b": (3 * 9 * 3 + 3) * 6 + (5 * 9 * 3 + 3) + (3 * 9 * 3 + 3),
        "c": 3 * 9 * 3 + 3 + 3 * 2 * 3 + (6 * 4 * 6 + 6),
        "d": 3 * 9 * 3 + 3 + 2 * 2 * 3,
        "out": 3 * 4 + 4 + 2 * 4 + (8 * 8 + 8),
    }
    assert graph.shapes["d"] == (3, 1, 1)
    assert {
        name: sum(parameter.numel() for parameter in module.parameters()) for name, module in graph.nodes.items()
    } == expected


def test_batch_norm_gives_mean_zero_and_variance_one_at_every_step():
    nodes = (node("a", ("stimulus",), batch_norm=True),)
    graph = RecurrentGraph(GraphConfig((2, 6, 5), nodes, "a")).double()
    y = graph(5 + 3 * stimulus(8)).transpose(0, 1).transpose(1, 2).flatten(2)
    torch.testing.assert_close(y.mean(2), torch.zeros(6, 3).double(), rtol=0, atol=1e-12)
    torch.testing.assert_close(y.var(2, correction=0), torch.ones(6, 3).double(), rtol=1e-4, atol=0)


def test_samples_do_not_see_each_other_once_training_is_over():
    graph = varied(mixed())
    graph(stimulus())
    graph.eval()
    before = copy.deepcopy(graph.state_dict())
    together = graph(stimulus())
    alone = torch.cat([graph(sample[None]) for sample in stimulus()])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-12)
    assert all(torch.equal(value, before[name]) for name, value in graph.state_dict().items())


def test_a_sum_of_identity_maps_counts_the_paths():
    """With identity maps a node and what is added to it are the stimulus of now and of steps before."""
    nodes = (
        node("a", ("stimulus",), channels=2, map="identity"),
        node("b", ("a",), channels=2, map="identity", added=("stimulus", "a", "b")),
    )
    x = stimulus(1)
    output = RecurrentGraph(GraphConfig((2, 6, 5), nodes, "b"))(x)
    expected, last = [], torch.zeros_like(x[:, 0])
    for step in range(6):
        last = x[:, step] + (2 * x[:, step - 1] if step else 0) + last
        expected.append(last)
    torch.testing.assert_close(output, torch.stack(expected, 1), rtol=0, atol=1e-12)


def test_all_sources_can_be_given_delays():
    nodes = (
        node("a", ("stimulus",)),
        node("b", ("a",), added=("stimulus", "c"), channels=2, delays=(0, 0, 1)),
        node("c", ("b",), channels=2),
    )
    config = GraphConfig((2, 6, 5), nodes, "c")
    assert nodes[1].sources == ("a", "stimulus", "c")
    assert config.edges == (("a", "b", 0), ("c", "b", 1), ("b", "c", 1))
    assert RecurrentGraph(config).latency == 1
    assert GraphConfig.from_dict(config.to_dict()) == config


def test_mixed_precision_stays_close_in_training():
    graph = varied(mixed()).float()
    expected = graph(stimulus().float())
    with torch.autocast("cpu", torch.bfloat16):
        output = graph(stimulus().float())
    assert output.dtype == torch.bfloat16
    assert graph.nodes["c"].norm.running_var.dtype == torch.float32
    torch.testing.assert_close(output.float(), expected, rtol=0.1, atol=0.2)


@pytest.mark.slow
def test_the_graph_compiles_as_a_whole():
    graph = varied(mixed())
    twin = copy.deepcopy(graph)
    compiled = torch.compile(graph, backend="eager", fullgraph=True)
    x = stimulus(steps=4)
    torch.testing.assert_close(compiled(x), twin(x), rtol=0, atol=1e-12)
    for name, value in twin.state_dict().items():
        torch.testing.assert_close(graph.state_dict()[name], value, rtol=0, atol=1e-12)


def test_one_sample_has_no_variance():
    nodes = (node("a", ("stimulus",), map="linear", batch_norm=True),)
    graph = RecurrentGraph(GraphConfig((2, 6, 5), nodes, "a")).double()
    with pytest.raises(ValueError, match="a batch norm in training needs more than one value per channel"):
        graph(stimulus(1))
    assert graph.eval()(stimulus(1)).shape == (1, 6, 3)


def test_whole_numbers_are_refused():
    graph = mixed()
    for kind in (torch.uint8, torch.int64, torch.bool):
        with pytest.raises(ValueError, match=rf"numbers with a fraction.*received {kind}; convert the stimulus"):
            graph(stimulus().to(kind))


@pytest.mark.parametrize(
    ("last", "message"),
    [
        (
            node("b", ("a",), added=("stimulus",)),
            r"node 'b' adds 'stimulus' of shape \(2, 6, 5\) to the output of its cell, of shape \(3, 6, 5\); make them equal",
        ),
        (
            node("b", ("a",), stride=2, added=("a",)),
            r"of shape \(3, 6, 5\) to the output of its cell, of shape \(3, 3, 3\)",
        ),
        (node("b", ("a",), cell_feedback=("a",)), "cell 'identity' takes no bypass and no feedback, received 0 and 3"),
        (
            node("b", ("a",), map="linear", cell="reciprocal_gated", cell_residual=("a",)),
            r"whose input has the shape \(3,\), 'a' of shape \(3, 6, 5\); let both have rows and columns, or neither",
        ),
    ],
)
def test_nodes_that_do_not_fit_are_refused(last, message):
    with pytest.raises(ValueError, match=message):
        RecurrentGraph(GraphConfig((2, 6, 5), (node("a", ("stimulus",)), last), "b"))


def test_reciprocal_cells_without_space_take_bypass_and_feedback():
    nodes = (
        node("a", ("stimulus",), map="linear"),
        node("b", ("a",), map="linear", cell="reciprocal_gated", cell_residual=("a",), cell_feedback=("c",)),
        node("c", ("b",), map="linear"),
    )
    graph = RecurrentGraph(GraphConfig((2, 6, 5), nodes, "c", "full")).double()
    x = stimulus().requires_grad_()
    torch.testing.assert_close(graph(x), plain_loop(graph, x, False)[0]["c"], rtol=0, atol=1e-12)
    graph(x).square().sum().backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in graph.parameters())
    assert dataclasses.replace(nodes[1], channels=4).sources == ("a", "c")
    assert math.isfinite(x.grad.abs().max())
