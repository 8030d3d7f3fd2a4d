"""Recurrent networks as graphs: feed-forward chains, skips and long-range feedback, unrolled in time."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .config import STIMULUS, GraphConfig
from .node import BoundNode, GraphNode, Shape, node_shape
from .plan import Plan, first_step_that_sees_a_frame, make_plan
from .step_norm import Seen

# Step to the output of a node at this step.
History = dict[int, Tensor]


class RecurrentGraph(nn.Module):
    """A graph of recurrent nodes, unrolled over the frames of a stimulus.

    At step t a node reads frame t of the stimulus and the outputs of other nodes of step t - delay; before the first step
    outputs and states are zero. Only what the requested steps can see is computed. Nodes outside any cycle are mapped for
    all steps at once. A node that no frame has reached yet has the same output for every sample, and is computed for one.

    Parameters
    ----------
    config
        Description of the graph.
    seed
        Of the weights: torch's own initialisation, drawn node by node; biases of the maps are the configuration's.
    checkpoint_steps
        Steps of the cycles after which activations are dropped and computed again for gradients; None keeps all.

    Attributes
    ----------
    shapes : dict
        Node to the shape of its output, ``(channel, row, col)`` or ``(channel,)``.
    latency : int
        Steps from a frame to the first output that depends on it.

    Raises
    ------
    ValueError
        If nodes do not fit together, connections without delay form a circle, or no frame can reach the output.
    """

    def __init__(self, config: GraphConfig, *, seed: int = 0, checkpoint_steps: int | None = None) -> None:
        super().__init__()
        if checkpoint_steps is not None and checkpoint_steps < 1:
            raise ValueError(f"checkpoint_steps must be at least 1, or None to keep all, received {checkpoint_steps}.")
        self.config, self.checkpoint_steps = config, checkpoint_steps
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.nodes = nn.ModuleDict(_build(config))
        self.shapes: dict[str, Shape] = {STIMULUS: config.input_shape}
        self.shapes.update({node.name: self._node(node.name).shape for node in config.nodes})
        self._delays = {(source, target): delay for source, target, delay in config.edges}
        self.latency = first_step_that_sees_a_frame(config)

    def forward(self, stimulus: Tensor, steps: Sequence[int] | None = None) -> Tensor:
        """Output of the graph.

        Parameters
        ----------
        stimulus
            ``(batch, time, channel, row, col)``.
        steps
            Steps to return, negative ones from the end; all if None.

        Returns
        -------
        Tensor
            ``(batch, step, channel, ...)`` of the output node.
        """
        return self.activations(stimulus, [self.config.output], steps)[self.config.output]

    def activations(
        self, stimulus: Tensor, names: Iterable[str] | None = None, steps: Sequence[int] | None = None
    ) -> dict[str, Tensor]:
        """Outputs of nodes.

        Parameters
        ----------
        stimulus
            ``(batch, time, channel, row, col)``.
        names
            Nodes to return; all if None.
        steps
            Steps to return, negative ones from the end; all if None.

        Returns
        -------
        dict
            Node to ``(batch, step, channel, ...)``.

        Raises
        ------
        ValueError
            If the stimulus has another shape than the graph's, or a node or a step does not exist.
        """
        batch, n_steps = self._checked(stimulus)
        chosen = tuple(self.nodes) if names is None else tuple(names)
        for name in chosen:
            if name not in self.nodes:
                raise ValueError(f"{name!r} is not a node of the graph; it has {', '.join(self.nodes)}.")
        asked = tuple(range(n_steps)) if steps is None else tuple(_counted(step, n_steps) for step in steps)
        outputs = self._run(stimulus, self._plan(n_steps, chosen, asked))
        return {name: torch.stack([_widen(outputs[name][step], batch) for step in asked], 1) for name in chosen}

    def _plan(self, n_steps: int, names: tuple[str, ...], steps: tuple[int, ...]) -> Plan:
        remembering = [name for name in self.nodes if self._node(name).cell.state_channels]
        return make_plan(self.config, n_steps, dict.fromkeys(names, steps), remembering)

    def _checked(self, stimulus: Tensor) -> tuple[int, int]:
        if not stimulus.is_floating_point():
            raise ValueError(
                f"the graph takes numbers with a fraction in the precision of its weights, received {stimulus.dtype}; "
                "convert the stimulus, such as with stimulus.float(), and bring its values to the range that is meant."
            )
        if stimulus.ndim != 5 or tuple(stimulus.shape[2:]) != self.config.input_shape or 0 in stimulus.shape:
            raise ValueError(
                f"the graph takes (batch, time, {', '.join(map(str, self.config.input_shape))}), received "
                f"{tuple(stimulus.shape)}; bring the stimulus to this shape or build the graph for another input_shape."
            )
        return stimulus.shape[0], stimulus.shape[1]

    def _run(self, stimulus: Tensor, plan: Plan) -> dict[str, History]:
        """Outputs of the needed steps; a batch of one stands for equal samples."""
        frames = dict(enumerate(stimulus.unbind(1)))
        outputs: dict[str, History] = {STIMULUS: frames}
        for group in plan.groups:
            bound = {name: self._node(name).bind() for name in group if plan.needed[name]}
            if group in plan.cyclic:
                self._run_together(bound, outputs, plan, len(frames))
            elif bound:
                self._run_alone(group[0], bound[group[0]], outputs, plan.needed[group[0]])
        return outputs

    def _run_alone(self, name: str, bound: BoundNode, outputs: dict[str, History], steps: tuple[int, ...]) -> None:
        """Map, activate and pool all steps at once; only the cell, if it has a state, goes step by step."""
        batch, node = outputs[STIMULUS][0].shape[0], self._node(name)
        pieces = {
            source: torch.cat([_widen(self._piece(outputs, source, name, step), batch) for step in steps])
            for source in node.config.sources
        }
        x, seen = bound.before(pieces, steps)
        if node.norm is not None:
            node.norm.absorb(seen)
        if node.cell.state_channels:
            state, parts = node.cell.initial_state(x[:batch]), []
            beside = [[None] * len(steps) if one is None else one.split(batch) for one in bound.beside(pieces)]
            for part, *others in zip(x.split(batch), *beside, strict=True):
                y, state = bound.step(part, state, *others)
                parts.append(y)
            x = torch.cat(parts)
        outputs[name] = dict(zip(steps, bound.after(x, pieces).split(batch), strict=True))

    def _run_together(self, bound: dict[str, BoundNode], outputs: dict[str, History], plan: Plan, n_steps: int) -> None:
        """Step the nodes of a cycle, in stretches that are computed again for gradients where that is asked for."""
        span = self.checkpoint_steps or n_steps
        again = self.checkpoint_steps is not None and torch.is_grad_enabled()
        states: dict[str, Tensor | None] = dict.fromkeys(bound)
        outputs.update({name: {} for name in bound})
        for start in range(0, n_steps, span):
            steps = range(start, min(start + span, n_steps))
            todo = [(step, name) for step in steps for name in bound if step in plan.needed[name]]
            # Only the step before can be read from another stretch.
            known = {name: {step: y for step, y in outputs[name].items() if step == start - 1} for name in bound}
            known |= {name: history for name, history in outputs.items() if name not in bound}
            if again:
                states, made, seen = checkpoint(self._stretch, bound, known, states, todo, use_reentrant=False)
            else:
                states, made, seen = self._stretch(bound, known, states, todo)
            for name, history in made.items():
                outputs[name].update(history)
            for name, norm_seen in seen.items():
                norm = self._node(name).norm
                if norm is not None:
                    norm.absorb(norm_seen)

    def _stretch(
        self,
        bound: dict[str, BoundNode],
        known: dict[str, History],
        states: dict[str, Tensor | None],
        todo: list[tuple[int, str]],
    ) -> tuple[dict[str, Tensor | None], dict[str, History], dict[str, list[Seen]]]:
        """States after some steps of some nodes, their outputs, and what batch norms saw; changes nothing it was given."""
        outputs, states = {name: dict(history) for name, history in known.items()}, dict(states)
        seen: dict[str, list[Seen]] = {name: [] for name in bound}
        for step, name in todo:
            pieces = {source: self._piece(outputs, source, name, step) for source in self._node(name).config.sources}
            pieces = self._widened(name, pieces, states[name], outputs[STIMULUS][0].shape[0])
            x, norm_seen = bound[name].before(pieces, [step])
            state = states[name]
            state = self._node(name).cell.initial_state(x) if state is None else _widen(state, x.shape[0])
            y, states[name] = bound[name].step(x, state, *bound[name].beside(pieces))
            outputs[name][step] = bound[name].after(y, pieces)
            seen[name] += norm_seen
        return states, {name: outputs[name] for name in bound}, seen

    def _widened(self, name: str, pieces: dict[str, Tensor], state: Tensor | None, full: int) -> dict[str, Tensor]:
        """Pieces with as many samples as the largest of them and the state; with all where statistics are taken of them."""
        batch = max(piece.shape[0] for piece in (*pieces.values(), *(() if state is None else (state,))))
        norm = self._node(name).norm
        batch = full if norm is not None and norm.training else batch
        return {source: _widen(piece, batch) for source, piece in pieces.items()}

    def _piece(self, outputs: dict[str, History], source: str, target: str, step: int) -> Tensor:
        """What ``target`` reads from ``source``; zeros, of a batch of one, before the first step."""
        seen = step - self._delays.get((source, target), 0)
        if seen < 0:
            return outputs[STIMULUS][0].new_zeros(1, *self.shapes[source])
        return outputs[source][seen]

    def _node(self, name: str) -> GraphNode:
        node = self.nodes[name]
        assert isinstance(node, GraphNode)
        return node


def _widen(values: Tensor, batch: int) -> Tensor:
    """Equal samples from one."""
    return values if values.shape[0] == batch else values.expand(batch, *values.shape[1:])


def _counted(step: int, n_steps: int) -> int:
    if not isinstance(step, int):
        raise ValueError(f"step {step!r} was asked for; give whole numbers from 0, or from the end, -1.")
    if not -n_steps <= step < n_steps:
        raise ValueError(f"step {step} was asked for; the stimulus has {n_steps} frames, from 0, or from the end, -1.")
    return step % n_steps


def _build(config: GraphConfig) -> dict[str, GraphNode]:
    """Modules of the nodes, in the order of the configuration."""
    configs = {node.name: node for node in config.nodes}
    taken = [name for name in configs if hasattr(nn.ModuleDict, name)]
    if taken:
        raise ValueError(f"node {taken[0]!r} has a name that torch keeps for itself; give it another.")
    shapes: dict[str, Shape] = {STIMULUS: config.input_shape}
    # What a node reads may be listed behind it, so shapes come first, from nodes whose size is known.
    while len(shapes) <= len(configs):
        known = len(shapes)
        for name, node in configs.items():
            leading = node.size_from or node.inputs[0]
            if name not in shapes and leading in shapes:
                shapes[name] = node_shape(node, shapes[leading])
        if len(shapes) == known:
            waiting = sorted(set(configs) - set(shapes))
            raise ValueError(
                f"the sizes of nodes {waiting} depend on each other; name in size_from an input whose size does not."
            )
    return {
        name: GraphNode(node, {source: shapes[source] for source in node.sources}) for name, node in configs.items()
    }
