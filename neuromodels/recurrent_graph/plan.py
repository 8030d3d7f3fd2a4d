"""What has to be computed, and in which order: a plan of nodes and steps, made once per length and request.

Nodes that lie on a common cycle form a group and are stepped together; every other node is a group of its own and is
computed for all its steps at once. A step of a node is needed if something that was asked for can see it (its causal cone).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .config import STIMULUS, GraphConfig


@dataclass(frozen=True)
class Plan:
    """Order and extent of one run.

    Attributes
    ----------
    groups
        Groups in the order in which they are computed; the nodes of a group in the order within one step.
    cyclic
        Groups whose nodes feed back on each other or on themselves.
    needed
        Node to the steps that are computed, ascending.
    """

    groups: tuple[tuple[str, ...], ...]
    cyclic: frozenset[tuple[str, ...]]
    needed: Mapping[str, tuple[int, ...]]


def make_plan(
    config: GraphConfig, n_steps: int, wanted: Mapping[str, Iterable[int]], remembering: Iterable[str]
) -> Plan:
    """Plan the run that yields ``wanted``.

    Parameters
    ----------
    config
        The graph.
    n_steps
        Frames of the stimulus.
    wanted
        Node to the steps whose output is asked for.
    remembering
        Nodes whose cell keeps a state, so that a step needs all before it.

    Raises
    ------
    ValueError
        If connections without delay form a circle.
    """
    order = _order_within_step(config)
    memory, asked = set(remembering), {name: set(steps) for name, steps in wanted.items()}
    edges = config.edges
    readers = {name: [(target, delay) for source, target, delay in edges if source == name] for name in order}
    needed: dict[str, set[int]] = {name: set() for name in order}
    for step in reversed(range(n_steps)):
        for name in reversed(order):
            seen = name in memory and step + 1 in needed[name]
            seen = seen or any(step + delay in needed[reader] for reader, delay in readers[name])
            if seen or step in asked.get(name, ()):
                needed[name].add(step)
    groups, cyclic = _groups(config, order)
    return Plan(groups, cyclic, {name: tuple(sorted(steps)) for name, steps in needed.items()})


def first_step_that_sees_a_frame(config: GraphConfig) -> int:
    """Steps from a frame to the first output that depends on it: the least delay of a path to the output.

    Raises
    ------
    ValueError
        If there is no such path.
    """
    delays = {node.name: 0 for node in config.nodes if STIMULUS in node.sources}
    for _ in config.nodes:
        for source, target, delay in config.edges:
            if source in delays:
                delays[target] = min(delays.get(target, len(config.nodes)), delays[source] + delay)
    if config.output not in delays:
        raise ValueError(
            f"no path leads from the stimulus to the output {config.output!r}; let a node before it read {STIMULUS!r}."
        )
    return delays[config.output]


def _order_within_step(config: GraphConfig) -> list[str]:
    """Nodes such that connections without delay lead onwards; otherwise as listed."""
    waiting = {
        node.name: {s for s, target, delay in config.edges if target == node.name and not delay}
        for node in config.nodes
    }
    order: list[str] = []
    while waiting:
        ready = next((name for name, sources in waiting.items() if sources <= set(order)), None)
        if ready is None:
            raise ValueError(
                f"connections without delay form a circle among {sorted(waiting)}; give one of them a delay of 1."
            )
        order.append(ready)
        del waiting[ready]
    return order


def _groups(config: GraphConfig, order: list[str]) -> tuple[tuple[tuple[str, ...], ...], frozenset[tuple[str, ...]]]:
    sources = {name: {source for source, target, _ in config.edges if target == name} for name in order}
    above = {name: set(sources[name]) for name in order}
    while True:
        grown = {name: above[name].union(*(above[source] for source in above[name])) for name in order}
        if grown == above:
            break
        above = grown
    found: list[tuple[str, ...]] = []
    # A group that feeds another has fewer nodes above it: fewer first is an order of computation.
    for name in sorted(order, key=lambda name: len(above[name] | {name})):
        if not any(name in group for group in found):
            found.append(
                tuple(other for other in order if other == name or (other in above[name] and name in above[other]))
            )
    return tuple(found), frozenset(group for group in found if group[0] in above[group[0]])
