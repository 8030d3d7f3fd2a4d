"""What a tactile network is made of: encoder, attender and decoder, with their sizes. Needs no torch."""

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..errors import UnknownNameError
from ..recurrent_graph.zhuang import CONVOLUTIONS

Time = Literal["mean", "last", "all"]
TIMES = ("mean", "last", "all")

# Two fully connected layers follow the convolutions of the graph.
GRAPH_NODES = (*CONVOLUTIONS, "fc7", "fc8")
RESNET_LAYERS = (
    "relu",
    "maxpool",
    *(f"layer{stage}.{block}" for stage in range(1, 5) for block in range(2)),
    "avgpool",
    "fc",
)
# The names of `neuromodels.layers.sequence.list_sequence_layers`.
SEQUENCE_ENCODERS = ("aaren", "lmu", "mamba", "min_gru", "min_lstm", "mlstm", "s4", "slstm")
ENCODERS = ("zhuang", "resnet18", "flatten", *SEQUENCE_ENCODERS)
ATTENDERS = ("none", "gpt", "mamba")
DECODERS = ("mlp", "linear", "all_steps", "none")
GPT_POSITIONS = 65

# Options that only some parts read; every other option is read by all networks.
READERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "cell": ("encoder", ("zhuang",)),
    "layer_norm": ("encoder", ("zhuang",)),
    "channels": ("encoder", ("zhuang", "resnet18")),
    "hidden": ("encoder", ("zhuang",)),
    "width": ("encoder", SEQUENCE_ENCODERS),
    "blocks": ("encoder", SEQUENCE_ENCODERS),
    "attender_width": ("attender", ("gpt",)),
    "attender_blocks": ("attender", ("gpt", "mamba")),
    "heads": ("attender", ("gpt",)),
    "dropout": ("attender", ("gpt",)),
    "decoder_widths": ("decoder", ("mlp", "all_steps")),
    "classes": ("decoder", ("mlp", "linear", "all_steps")),
}


@dataclass(frozen=True)
class EADConfig:
    """Parts and sizes of an encoder-attender-decoder network.

    Attributes
    ----------
    encoder
        ``"zhuang"``, the recurrent graph; ``"resnet18"``, step by step; ``"flatten"``, one linear map of each step; or a
        stack of sequence layers, one of `neuromodels.layers.sequence.list_sequence_layers`.
    cell, layer_norm, hidden
        Of the recurrent graph: see `neuromodels.recurrent_graph.zhuang_graph`.
    channels
        Of the six convolutions of the graph, or of the four stages of ResNet-18; None for the published ones.
    output
        Features that the encoder gives at every step.
    width, blocks
        Of a stack of sequence layers.
    attender
        ``"gpt"``, ``"mamba"`` or ``"none"``.
    attender_width, heads, dropout
        Of the transformer; a Mamba attender is as wide as the encoder's output.
    attender_blocks
        None for the published number, 8 of the transformer, 4 of Mamba.
    decoder
        ``"mlp"``, of the last step; ``"all_steps"``, an MLP of all steps; ``"linear"``, of the last step; or ``"none"``: the
        network gives the features of the last step.
    decoder_widths
        Hidden layers of an MLP.
    classes
        Logits that the decoder gives.
    input_shape
        ``(time, channel, row, col)`` of one stimulus.
    scale
        What Fx, Fy, Fz in mN and Mx, My, Mz in uN.m are divided by before the encoder; None takes them as they are, as
        published. Part of the network, so that it is given the same stimuli as any other.
    time
        What is recorded of a layer with steps: their mean, the last, or all. The mean of a node of the graph leaves out
        the steps before ``k - 1``, for the number k in its name.
    """

    encoder: str = "zhuang"
    cell: str = "time_decay"
    layer_norm: bool = False
    channels: tuple[int, ...] | None = None
    hidden: int = 1024
    output: int = 512
    width: int = 512
    blocks: int = 4
    attender: str = "none"
    attender_width: int = 512
    attender_blocks: int | None = None
    heads: int = 4
    dropout: float = 0.1
    decoder: str = "mlp"
    decoder_widths: tuple[int, ...] = (1024, 512)
    classes: int = 117
    input_shape: tuple[int, int, int, int] = (22, 30, 5, 7)
    scale: tuple[float, ...] | None = None
    time: Time = "mean"

    def __post_init__(self) -> None:
        for name in ("channels", "decoder_widths", "input_shape", "scale"):
            if isinstance(getattr(self, name), list):
                object.__setattr__(self, name, tuple(getattr(self, name)))
        for name, known in (("encoder", ENCODERS), ("attender", ATTENDERS), ("decoder", DECODERS), ("time", TIMES)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(known)}.")
        if self.attender_blocks is None:
            object.__setattr__(self, "attender_blocks", {"none": None, "gpt": 8, "mamba": 4}[self.attender])
        self._check_sizes()
        self._check_time()

    def _check_sizes(self) -> None:
        for name in ("hidden", "output", "width", "blocks", "attender_width", "heads"):
            _require_sizes(name, (getattr(self, name),))
        _require_sizes("attender_blocks", () if self.attender_blocks is None else (self.attender_blocks,))
        _require_sizes("decoder_widths", self.decoder_widths)
        _require_sizes("input_shape", self.input_shape)
        if len(self.input_shape) != 4:
            raise ValueError(f"input_shape must be (time, channel, row, col), received {self.input_shape}.")
        if self.scale is not None and (len(self.scale) != 6 or not all(0 < one < math.inf for one in self.scale)):
            raise ValueError(f"scale must be six positive numbers, for Fx to Mz, or None, received {self.scale}.")
        wanted = {"zhuang": len(CONVOLUTIONS), "resnet18": 4}.get(self.encoder)
        if self.channels is not None and wanted is not None:
            _require_sizes("channels", self.channels)
            if len(self.channels) != wanted:
                raise ValueError(
                    f"channels of encoder {self.encoder!r} must be {wanted} numbers, received {self.channels}."
                )
        if not isinstance(self.classes, int) or self.classes < 2:
            raise ValueError(f"classes must be a whole number of at least 2, received {self.classes!r}.")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, received {self.dropout!r}.")
        if self.attender_width % self.heads:
            raise ValueError(
                f"attender_width must be a multiple of heads, received {self.attender_width} and {self.heads}."
            )

    def _check_time(self) -> None:
        steps = self.input_shape[0]
        if self.encoder == "zhuang" and steps < len(GRAPH_NODES):
            raise ValueError(
                f"encoder 'zhuang' has {len(GRAPH_NODES)} layers and needs as many steps, received input_shape "
                f"{self.input_shape}; give more steps."
            )
        if self.attender == "gpt" and 2 * steps > GPT_POSITIONS:
            raise ValueError(
                f"attender 'gpt' has {GPT_POSITIONS} positions and takes two a step, received input_shape "
                f"{self.input_shape}; give at most {GPT_POSITIONS // 2} steps."
            )

    @classmethod
    def with_options(cls, defaults: dict[str, object], **options: object) -> "EADConfig":
        """Build a configuration of a network's defaults and a user's options.

        Raises
        ------
        UnknownNameError
            For an option that does not exist, with the closest ones.
        ValueError
            For an option that no chosen part reads, and for whatever the configuration itself refuses.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for option in options:
            if option not in known:
                raise UnknownNameError.for_name("tactile option", option, known, f"All: {', '.join(known)}.")
        config = cls(**{**defaults, **options})  # type: ignore[arg-type]
        for option in options:
            part, readers = READERS.get(option, ("encoder", ENCODERS))
            if getattr(config, part) not in readers:
                raise ValueError(
                    f"{option} was given as {options[option]!r}, but {part} {getattr(config, part)!r} does not read it; "
                    f"leave it out, or choose {part} {' or '.join(readers)}."
                )
        return config

    @property
    def encoder_layers(self) -> tuple[str, ...]:
        """Layers of the encoder that can be recorded."""
        if self.encoder == "zhuang":
            return GRAPH_NODES
        if self.encoder == "resnet18":
            return RESNET_LAYERS
        return ("linear",) if self.encoder == "flatten" else sequence_layers(self.encoder, self.blocks)

    @property
    def attender_layers(self) -> tuple[str, ...]:
        """Layers of the attender that can be recorded."""
        blocks = tuple(f"attender.block{number}" for number in range(1, (self.attender_blocks or 0) + 1))
        return {
            "none": (),
            "gpt": ("attender.embedding", *blocks, "attender.norm", "attender.head"),
            "mamba": (*blocks, "attender.norm"),
        }[self.attender]

    @property
    def decoder_layers(self) -> tuple[str, ...]:
        """Layers of the decoder that can be recorded."""
        if self.decoder == "none":
            return ()
        hidden = 0 if self.decoder == "linear" else len(self.decoder_widths)
        return tuple(f"decoder.{number}" for number in range(1, hidden + 2))

    @property
    def layers(self) -> tuple[str, ...]:
        """All layers that can be recorded, in the order in which they are computed."""
        return ("input", *self.encoder_layers, *self.attender_layers, *self.decoder_layers)

    @property
    def committed_layer(self) -> str:
        """What the decoder reads, which stands for the network: the last layer of the attender, or else of the encoder."""
        return (self.attender_layers or self.encoder_layers)[-1]


def sequence_layers(kind: str, blocks: int) -> tuple[str, ...]:
    """Layers of a stack of sequence layers; S4 normalises within each block and has no norm of its own at the end."""
    norm = () if kind == "s4" else ("norm",)
    return ("embedding", *(f"block{number}" for number in range(1, blocks + 1)), *norm, "linear")


def _require_sizes(name: str, sizes: Iterable[object]) -> None:
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"{name} must hold whole numbers of at least 1, received {size!r}.")
