"""Plans of runs: what is computed together, and that nothing is computed that nobody can see."""

import pytest

from neuromodels.recurrent_graph import GraphConfig, NodeConfig, zhuang_graph
from neuromodels.recurrent_graph.plan import first_step_that_sees_a_frame, make_plan

CONVOLUTIONS = tuple(f"conv{depth}" for depth in range(1, 7))


def test_nodes_on_a_cycle_are_stepped_together():
    plan = make_plan(zhuang_graph("ugrnn"), 22, {"fc8": [21]}, CONVOLUTIONS)
    assert plan.groups == (("conv1",), CONVOLUTIONS[1:], ("fc7",), ("fc8",))
    assert plan.cyclic == {CONVOLUTIONS[1:]}


def test_only_what_the_last_output_can_see_is_needed():
    plan = make_plan(zhuang_graph("ugrnn"), 22, {"fc8": [21]}, CONVOLUTIONS)
    assert plan.needed["fc8"] == (21,)
    assert plan.needed["fc7"] == (20,)
    for name in CONVOLUTIONS:
        # conv2, conv4 and conv6 are read by fc7; the others by those.
        assert plan.needed[name] == tuple(range(20 if name in ("conv2", "conv4", "conv6") else 19)), name


def test_without_memory_only_paths_count():
    chain = GraphConfig(
        (1, 2, 2),
        (NodeConfig("a", 1, ("stimulus",)), NodeConfig("b", 1, ("a",)), NodeConfig("c", 1, ("b", "a"))),
        "c",
    )
    plan = make_plan(chain, 6, {"c": [5]}, ())
    assert plan.needed == {"a": (3, 4), "b": (4,), "c": (5,)}
    assert plan.groups == (("a",), ("b",), ("c",))
    assert plan.cyclic == frozenset()
    remembering = make_plan(chain, 6, {"c": [5]}, ("b",))
    assert remembering.needed == {"a": (0, 1, 2, 3, 4), "b": (0, 1, 2, 3, 4), "c": (5,)}


def test_a_node_that_reads_itself_is_a_cycle():
    config = GraphConfig((1, 2, 2), (NodeConfig("a", 1, ("stimulus", "a")),), "a")
    plan = make_plan(config, 3, {"a": [1]}, ())
    assert plan.cyclic == {("a",)}
    assert plan.needed == {"a": (0, 1)}


def test_a_node_that_nobody_reads_is_not_computed():
    config = GraphConfig((1, 2, 2), (NodeConfig("a", 1, ("stimulus",)), NodeConfig("b", 1, ("a",))), "a")
    assert make_plan(config, 3, {"a": [2]}, ()).needed == {"a": (2,), "b": ()}


@pytest.mark.parametrize(("unroll", "latency"), [("biological", 3), ("full", 0)])
def test_latency_is_the_shortest_path(unroll, latency):
    assert first_step_that_sees_a_frame(zhuang_graph(unroll=unroll)) == latency


def test_circles_without_delay_are_refused():
    nodes = (NodeConfig("a", 1, ("stimulus", "b"), delays=(0, 0)), NodeConfig("b", 1, ("a",), delays=(0,)))
    with pytest.raises(
        ValueError, match=r"connections without delay form a circle among \['a', 'b'\]; give one of them"
    ):
        make_plan(GraphConfig((1, 2, 2), nodes, "b"), 3, {"b": [2]}, ())


def test_outputs_that_no_frame_reaches_are_refused():
    nodes = (NodeConfig("a", 1, ("stimulus",)), NodeConfig("b", 1, ("b",)))
    with pytest.raises(ValueError, match="no path leads from the stimulus to the output 'b'"):
        first_step_that_sees_a_frame(GraphConfig((1, 2, 2), nodes, "b"))
