"""Description of a recurrent graph: nodes, what each of them reads, and how fast signals travel."""

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

STIMULUS = "stimulus"
Unroll = Literal["biological", "full"]
MAPS = ("conv", "linear", "identity")
# Fields of a node that name what it reads, in the order of their delays.
READ = ("inputs", "cell_residual", "cell_feedback", "added")


@dataclass(frozen=True)
class NodeConfig:
    """One node: inputs -> map -> batch norm -> recurrent cell -> sum -> activation -> max pooling.

    Inputs are resized and stacked along the channels before the map; the sum is with what is added.

    Attributes
    ----------
    name
        Unique, not ``"stimulus"``.
    channels
        Of the node's output.
    inputs
        Nodes that it reads, and ``"stimulus"``, in the order in which their channels are stacked.
    map
        ``"conv"``; ``"linear"``, of all channels and positions at once; or ``"identity"``.
    kernel, stride, padding
        Of a convolution; see `neuromodels.layers.ChannelMap`.
    bias
        What the biases of the map start at.
    batch_norm
        Whether every channel is normalised after the map, in training by its mean and variance over the batch and the
        positions of the step, otherwise by their running values over the steps that training computed.
    batch_norm_steps
        Steps, from the first, that have a batch norm of their own; later ones have that of the last. 1: all share one.
    map_activation, activation
        Non-linearities after the map and its batch norm, and after the cell and the sum: names of
        `neuromodels.layers.cell.ACTIVATIONS`.
    cell, cell_kernel, cell_options
        Name of the cell (`neuromodels.layers.list_cells`), its kernel (None, as after a linear map, for fully connected)
        and further keywords.
    cell_residual, cell_feedback
        Nodes, or ``"stimulus"``, that the reciprocal gated cell takes as its bypass and as its long-range feedback: stacked
        and resized as the inputs are, to the rows and columns of the cell. Only nodes in ``inputs`` are read by the map.
    added
        Nodes, or ``"stimulus"``, that are added to the output of the cell, and have its shape.
    pool
        Side and stride of max pooling after the activation; 1 for none.
    size_from
        The input whose rows and columns the others are resized to; the first one if None.
    delays
        Steps, 0 or 1, that each of `sources` takes; None for those of the graph's unroll. The stimulus takes none.

    References
    ----------
    Cooijmans et al. 2017, arXiv 1603.09025, section 3, for a batch norm per step; He et al. 2016, arXiv 1512.03385,
    equation 1, for the sum before the activation; Nayebi et al. 2018, arXiv 1807.00053, for bypass and feedback.
    """

    name: str
    channels: int
    inputs: tuple[str, ...]
    map: Literal["conv", "linear", "identity"] = "conv"
    kernel: int = 3
    stride: int = 1
    padding: Literal["same", "valid"] | int = "same"
    bias: float = 0.0
    batch_norm: bool = False
    batch_norm_steps: int = 1
    map_activation: str = "identity"
    cell: str = "identity"
    cell_kernel: int | None = None
    cell_options: Mapping[str, object] = field(default_factory=dict)
    cell_residual: tuple[str, ...] = ()
    cell_feedback: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    activation: str = "identity"
    pool: int = 1
    size_from: str | None = None
    delays: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        where = f"node {self.name!r}"
        for read in READ:
            names = getattr(self, read)
            if isinstance(names, str):
                raise ValueError(f"{where} has the {read} {names!r}, one text; give a list of names.")
            if len(set(names)) != len(names) or not self.inputs:
                raise ValueError(f"{where} needs at least one input and each once, received {read} {tuple(names)}.")
            object.__setattr__(self, read, tuple(names))
        object.__setattr__(self, "delays", None if self.delays is None else tuple(self.delays))
        for size in ("channels", "kernel", "stride", "pool", "batch_norm_steps"):
            value = getattr(self, size)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{where} has {size} {value!r}; it must be a whole number of at least 1.")
        if self.name == STIMULUS or not self.name.isidentifier():
            raise ValueError(f"{where} cannot have this name; use letters, digits and _, and not {STIMULUS!r}.")
        if not isinstance(self.batch_norm, bool):
            raise ValueError(f"{where} has batch_norm {self.batch_norm!r}; it must be true or false.")
        if self.batch_norm_steps > 1 and not self.batch_norm:
            raise ValueError(
                f"{where} has batch_norm_steps {self.batch_norm_steps} without a batch norm; set batch_norm to true."
            )
        if self.map not in MAPS:
            raise ValueError(f"{where} has map {self.map!r}; it must be one of {', '.join(MAPS)}.")
        for option, given, reader in (
            ("kernel", self.kernel != 3, self.map == "conv"),
            ("stride", self.stride != 1, self.map == "conv"),
            ("cell_options", bool(self.cell_options), self.cell != "identity"),
        ):
            if given and not reader:
                what = f"the map {self.map!r}" if option in ("kernel", "stride") else "the identity cell"
                raise ValueError(f"{where} has a {option}, which {what} does not read; leave it out.")
        if self.size_from is not None and self.size_from not in self.inputs:
            raise ValueError(f"{where} takes its size from {self.size_from!r}, which is not one of {self.inputs}.")
        if self.delays is None:
            return
        if len(self.delays) != len(self.sources) or not set(self.delays) <= {0, 1}:
            raise ValueError(f"{where} has delays {self.delays} for inputs {self.sources}; give 0 or 1 for each.")
        if dict(self.edges_given()).get(STIMULUS):
            raise ValueError(f"{where} delays the stimulus by a step, but a frame is read when it comes; give 0.")

    def edges_given(self) -> tuple[tuple[str, int], ...]:
        """Pairs of source and delay, where delays are given."""
        return tuple(zip(self.sources, self.delays or (), strict=False))

    @property
    def sources(self) -> tuple[str, ...]:
        """All that the node reads, each once: inputs, bypass and feedback of the cell, what is added."""
        return tuple(dict.fromkeys(name for read in READ for name in getattr(self, read)))


@dataclass(frozen=True)
class GraphConfig:
    """A recurrent graph.

    Attributes
    ----------
    input_shape
        Of one frame of the stimulus: ``(channel, row, col)``.
    nodes
        In feed-forward order, which matters to the full unroll only.
    output
        The node that is read out.
    unroll
        ``"biological"``: every connection takes one step, so that a layer of depth costs a step. ``"full"``: connections
        to a later node of the list take none, those back or to the node itself take one.

    References
    ----------
    Nayebi et al. 2018, arXiv 1807.00053, for the biological unroll.
    """

    input_shape: tuple[int, int, int]
    nodes: tuple[NodeConfig, ...]
    output: str
    unroll: Unroll = "biological"

    def __post_init__(self) -> None:
        object.__setattr__(self, "input_shape", tuple(self.input_shape))
        object.__setattr__(self, "nodes", tuple(self.nodes))
        names = [node.name for node in self.nodes]
        if len(self.input_shape) != 3 or any(not isinstance(size, int) or size < 1 for size in self.input_shape):
            raise ValueError(f"input_shape must be (channel, row, col), each at least 1, received {self.input_shape}.")
        if len(set(names)) != len(names):
            raise ValueError(f"nodes must have different names, received {names}.")
        for node in self.nodes:
            for source in node.sources:
                if source not in (STIMULUS, *names):
                    raise ValueError(f"node {node.name!r} reads {source!r}; the graph has {STIMULUS} and {names}.")
        if self.output not in names:
            raise ValueError(f"output is {self.output!r}; it must be one of the nodes {names}.")
        if self.unroll not in ("biological", "full"):
            raise ValueError(f"unroll is {self.unroll!r}; it must be 'biological' or 'full'.")

    @property
    def edges(self) -> tuple[tuple[str, str, int], ...]:
        """(from, to, delay in steps) of every connection between nodes."""
        place = {node.name: position for position, node in enumerate(self.nodes)}
        found = []
        for node in self.nodes:
            given = dict(node.edges_given())
            for source in node.sources:
                if source != STIMULUS:
                    forward = self.unroll == "full" and place[source] < place[node.name]
                    found.append((source, node.name, given.get(source, 0 if forward else 1)))
        return tuple(found)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "GraphConfig":
        """Build from plain values, ``nodes`` being a list of tables.

        Raises
        ------
        ValueError
            For a key that does not exist or is not there, and for whatever the configuration itself refuses.
        """
        tables = values.get("nodes", ())
        nodes = tuple(NodeConfig(**_known(NodeConfig, table, "a node")) for table in tables)
        return cls(**_known(cls, {**values, "nodes": nodes}, "the graph"))

    @classmethod
    def from_toml(cls, path: str | Path) -> "GraphConfig":
        """Read a TOML file: the graph's keys, and one ``[[nodes]]`` table per node.

        Raises
        ------
        ValueError
            If it is no TOML, and as `from_dict`.
        """
        try:
            content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{path} is not a TOML file ({error}); mend the line.") from None
        return cls.from_dict(content)

    def to_dict(self) -> dict[str, object]:
        """Plain values that `from_dict` takes and JSON and TOML can hold; what equals its default is left out."""
        return {
            "input_shape": list(self.input_shape),
            "output": self.output,
            "unroll": self.unroll,
            "nodes": [_plain(node) for node in self.nodes],
        }


def _known(kind: type, values: Mapping[str, Any], where: str) -> dict[str, Any]:
    known = [field.name for field in dataclasses.fields(kind)]
    for key in values:
        if key not in known:
            raise ValueError(f"{where} has the key {key!r}, which does not exist; there are {', '.join(known)}.")
    for needed in dataclasses.fields(kind):
        absent = needed.default is dataclasses.MISSING and needed.default_factory is dataclasses.MISSING
        if absent and needed.name not in values:
            own = f" {values['name']!r}" if "name" in values else ""
            raise ValueError(f"{where}{own} lacks the key {needed.name!r}; add it.")
    return dict(values)


def _plain(node: NodeConfig) -> dict[str, object]:
    given = {}
    for spec in dataclasses.fields(node):
        value = getattr(node, spec.name)
        default = {} if spec.name == "cell_options" else spec.default
        if value != default:
            given[spec.name] = list(value) if isinstance(value, tuple) else value
    return given
