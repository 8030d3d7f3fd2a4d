"""Encoder-attender-decoder networks of whisker forces: features of every step, attention over the steps, a category."""

import math

import torch
from torch import Tensor, nn

from ..recording import Recordable
from ..recurrent_graph import GraphConfig, zhuang_graph
from ..recurrent_graph.zhuang import CHANNELS
from ..seeding import generator
from .config import GPT_POSITIONS, GRAPH_NODES, EADConfig
from .gpt import GPTAttender
from .normalisation import Normalisation
from .resnet18 import STAGES, ResNet18
from .sequence_stages import SequenceAttender, SequenceEncoder
from .stages import Decoder, FlattenEncoder, GraphEncoder, Tap

# As `simulators.whisker.published_view` states it: forces in mN, moments in uN.m.
UNIT = "mN (F), uN.m (M)"


class TactileNetwork(Recordable, nn.Module):
    """A network that tells objects apart by the forces and moments at the bases of whiskers.

    Only what is asked for is computed: without an attender, and with a decoder of the last step, a recurrent graph leaves
    out what that step cannot see.

    Parameters
    ----------
    config
        Parts and sizes; see `EADConfig`.
    seed
        Of all weights. The recurrent graph has those of ``RecurrentGraph(zhuang_graph(...), seed=seed)``.

    Attributes
    ----------
    encoder, attender, decoder : torch.nn.Module
        The parts; an attender or a decoder that is ``"none"`` is None.
    feature_size : int
        Features that the decoder reads of a step.

    References
    ----------
    Chung, Shen, Kong, Nayebi 2025, arXiv 2505.18361.
    """

    def __init__(self, config: EADConfig | None = None, *, seed: int) -> None:
        super().__init__()
        self.config = config = config or EADConfig()
        self.layers, self.committed_layer = config.layers, config.committed_layer
        self.input_spec = {
            "kind": "array",
            "dims": ("time", "channel", "row", "col"),
            "shape": config.input_shape,
            "unit": UNIT,
        }
        # One stream of numbers per part: no two parts start from the same draws.
        streams = torch.randint(2**32, (2,), generator=generator(seed), device="cpu").tolist()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.encoder = _encoder(config, seed)
            torch.manual_seed(streams[0])
            self.attender = _attender(config, config.output, streams[0])
            self.feature_size = config.attender_width if config.attender == "gpt" else config.output
            torch.manual_seed(streams[1])
            self.decoder = _decoder(config, self.feature_size)
        self.seed = seed

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the categories.

        Parameters
        ----------
        x
            Forces and moments ``(batch, time, channel, row, col)`` in mN and uN.m.

        Returns
        -------
        Tensor
            ``(batch, classes)``; the features of the last step, ``(batch, feature)``, without a decoder.

        Raises
        ------
        ValueError
            If ``x`` has another shape than ``config.input_shape``, or another dtype than the weights.
        """
        if self.decoder is None:
            return self.features(x)
        return self.decoder(self._attended(x, every_step=self.decoder.n_steps > 1), tap=self._offer)

    def features(self, x: Tensor) -> Tensor:
        """Features of the last step, ``(batch, feature)``, of ``(batch, time, channel, row, col)``."""
        return self._attended(x, every_step=False)[:, -1]

    def features_over_time(self, x: Tensor) -> Tensor:
        """Features of every step, ``(batch, time, feature)``, of ``(batch, time, channel, row, col)``."""
        return self._attended(x, every_step=True)

    def collect(self, layer: str, values: list[Tensor]) -> Tensor:
        """Activations of a layer as ``(batch, feature)``, or ``(batch, step, feature)`` with ``time="all"``.

        A layer of the transformer has two tokens for each step, over which the mean is taken; its last is the last action
        token. Layers of the decoder have no steps.

        References
        ----------
        Chung, Shen, Kong, Nayebi 2025, arXiv 2505.18361: means over time, of a node of the graph from the step on that
        equals its depth.
        """
        value = values[-1]
        if layer in self.config.decoder_layers:
            return value.flatten(1)
        value = value.flatten(2)
        if self.config.time == "all":
            return value
        if self.config.time == "last":
            return value[:, -1]
        first = GRAPH_NODES.index(layer) if layer in GRAPH_NODES else 0
        return value[:, first:].mean(1)

    def _attended(self, x: Tensor, *, every_step: bool) -> Tensor:
        """What the decoder reads, ``(batch, time, feature)``; the last step only without ``every_step``."""
        tap = self._offer
        every_step = every_step or tap is not None
        x = self.tap("input", self._checked(x))
        if self.config.scale is not None:
            x = Normalisation(self.config.scale, "given").apply(x)
        encoded = self.encoder(x, every_step=every_step or self.attender is not None, tap=tap)
        return encoded if self.attender is None else self.attender(encoded, every_step=every_step, tap=tap)

    @property
    def _offer(self) -> Tap | None:
        return None if self._tapped is None else self.tap

    def _checked(self, x: Tensor) -> Tensor:
        if not isinstance(x, Tensor):
            raise TypeError(
                f"the network takes a tensor, received {type(x).__name__}; convert it, such as with torch.as_tensor."
            )
        if not x.is_floating_point():
            raise ValueError(
                f"the network takes forces and moments in mN and uN.m as numbers with a fraction, received {x.dtype}; "
                "convert them, such as with x.float()."
            )
        own = next(self.parameters()).dtype
        if x.dtype != own and not torch.is_autocast_enabled(x.device.type):
            raise ValueError(
                f"the network computes in {own}, received {x.dtype}; convert them, such as with x.to({own})."
            )
        if x.ndim != 5 or tuple(x.shape[1:]) != self.config.input_shape:
            sizes = ", ".join(map(str, self.config.input_shape))
            raise ValueError(
                f"the network takes (batch, {sizes}): time, channel, row and col; received {tuple(x.shape)}. Bring the "
                "stimuli to this shape, as simulators.whisker.published_view does, or build it for another input_shape."
            )
        return x


def _encoder(config: EADConfig, seed: int) -> nn.Module:
    _, channels, *grid = config.input_shape
    if config.encoder == "zhuang":
        return GraphEncoder(_graph(config), seed=seed)
    if config.encoder == "resnet18":
        return ResNet18(channels, config.output, config.channels or STAGES)
    in_features = channels * math.prod(grid)
    if config.encoder == "flatten":
        return FlattenEncoder(in_features, config.output)
    sizes = {"width": config.width, "blocks": config.blocks, "size": config.output}
    return SequenceEncoder(config.encoder, in_features, seed=seed, **sizes)


def _graph(config: EADConfig) -> GraphConfig:
    return zhuang_graph(
        config.cell,
        layer_norm=config.layer_norm,
        input_shape=config.input_shape[1:],
        channels=config.channels or CHANNELS,
        hidden=config.hidden,
        output=config.output,
    )


def _attender(config: EADConfig, size: int, seed: int) -> nn.Module | None:
    if config.attender_blocks is None:
        return None
    if config.attender == "mamba":
        return SequenceAttender("mamba", size, blocks=config.attender_blocks, seed=seed)
    return GPTAttender(
        size,
        config.attender_width,
        blocks=config.attender_blocks,
        heads=config.heads,
        dropout=config.dropout,
        positions=GPT_POSITIONS,
    )


def _decoder(config: EADConfig, size: int) -> Decoder | None:
    if config.decoder == "none":
        return None
    widths = () if config.decoder == "linear" else config.decoder_widths
    n_steps = config.input_shape[0] if config.decoder == "all_steps" else 1
    return Decoder(size, widths, config.classes, n_steps=n_steps)
