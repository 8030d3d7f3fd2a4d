"""Trainable networks of V1 and MT: motion energy, its integration over a graph of places, and optical flow read from it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn
from torch.nn import functional

from ..errors import UnknownNameError
from ..recording import Recordable
from ..seeding import generator
from .clips import check_clips, luminance
from .decoder import FlowDecoder
from .energy_bank import EnergyBank
from .even_start import start_evenly
from .feature_energy import FeatureEnergy
from .flow_loss import GAMMA, sequence_loss
from .fusion import Fusion
from .motion_graph import Iteration, MotionGraph
from .network_config import MotionConfig
from .second_order import SecondOrderFeatures
from .unit_table import bank_units
from .upsampling import FACTOR, ConvexUpsampler, bilinear_flow

FRAMES = 15
# The luminance bank leaves out two frames at each end.
MARGIN = 2
PARTS = 7
UNIT_TABLE = ("preferred_direction_deg", "spatial_frequency_cpp", "temporal_frequency_cpf", "speed_ppf")


class FlowPredictions(NamedTuple):
    """All flows of one forward pass, each ``(batch, 2, row, col)`` in pixels per frame; of each list the last is the best.

    Attributes
    ----------
    first_convex
        Of the first pathway, one per iteration.
    first_bilinear
        The same by straight lines; before them that of the energy bank.
    dual_convex, dual_bilinear
        Of both pathways together, one per iteration; empty in a network of one pathway.
    """

    first_convex: list[Tensor]
    first_bilinear: list[Tensor]
    dual_convex: list[Tensor]
    dual_bilinear: list[Tensor]

    @property
    def final(self) -> Tensor:
        """What the network gives."""
        return (self.dual_convex or self.first_convex)[-1]


class MotionNetwork(Recordable, nn.Module):
    """Optical flow as human observers may see it, from 15 frames.

    Stage I is a bank of motion energy (`EnergyBank`), Stage II a recurrent graph of all places (`MotionGraph`); a linear
    decoder and an upsampler read flow from every iteration. A network of two pathways joins the bank with the motion energy
    of learnt features (`SecondOrderFeatures`, `FeatureEnergy`) and passes both through the same Stage II, decoder and
    upsampler once more.

    Pictures whose sides are no multiples of 8 are resized to the nearest ones (bicubic, corners on corners, as in the
    published inference) and the flow is brought back to their size and pixels; with ``as_published`` they are refused.

    Parameters
    ----------
    config
        Parts and sizes; see `MotionConfig`.
    seed
        Of all weights. Networks of one and of two pathways with the same seed have the same first pathway.

    Attributes
    ----------
    n_frames : int
        Frames that it takes. The bank reads the middle 11, the second-order pathway all.
    flow_frame : int
        The flow is that from this frame (from 0) to the next.
    layer_dims : dict
        Dims of one stimulus' activation by layer.
    bank, graph, decoder, upsampler, features, feature_energy, fusion : torch.nn.Module
        The parts; the last three are None in a network of one pathway.

    References
    ----------
    Sun, Chen, Yang, Nishida 2023, arXiv 2305.09156; Sun et al. 2025, doi 10.1038/s42256-025-01068-w.
    """

    n_frames = FRAMES
    flow_frame = FRAMES // 2

    def __init__(self, config: MotionConfig | None = None, *, seed: int) -> None:
        super().__init__()
        self.config = config = config or MotionConfig()
        self.layers, self.committed_layer = config.layers, config.committed_layer
        self.layer_dims = {layer: ("unit", "row", "col") for layer in config.layers}
        self.input_spec = {
            "kind": "array",
            "dims": ["time", "channel", "row", "col"],
            "unit": "luminance, 0 to 1",
        }
        published, width = config.as_published, config.channels
        with _streams(seed) as streams:
            self.bank = EnergyBank(
                config.levels,
                config.units_per_level,
                n_frames=FRAMES - 2 * MARGIN,
                as_published=published,
                method=config.method,
                generator=next(streams),
            )
            next(streams)
            self.graph = MotionGraph(width, as_published=published, streamed=config.streamed)
            next(streams)
            self.decoder = FlowDecoder(width)
            next(streams)
            self.upsampler = ConvexUpsampler(width, config.upsampler_width)
            self.features: SecondOrderFeatures | None = None
            self.feature_energy: FeatureEnergy | None = None
            self.fusion: Fusion | None = None
            if config.pathways == 2:
                next(streams)
                self.features = SecondOrderFeatures((*config.widths, width), as_published=published)
                self.feature_energy = FeatureEnergy(
                    width, n_frames=FRAMES, as_published=published, method=config.method, generator=next(streams)
                )
                next(streams)
                self.fusion = Fusion(width)
        if config.even_start:
            start_evenly(self.bank)
        for stage in (self.bank, self.feature_energy):
            if stage is not None:
                nn.init.constant_(stage.norm_k, config.gain)
        self.seed = seed

    def forward(self, clips: Tensor) -> Tensor:
        """Flow of clips; see `flow`."""
        return self.flow(clips)

    def flow(self, clips: Tensor) -> Tensor:
        """Optical flow from frame `flow_frame` to the next, of the last iteration.

        Of two pathways only what their common flow needs is computed.

        Parameters
        ----------
        clips
            ``(batch, 15, channel 1 or 3, row, col)``, luminance 0 to 1.

        Returns
        -------
        Tensor
            ``(batch, 2, row, col)``, pixels per frame, right and down, at the size of the clips.

        Raises
        ------
        ValueError
            For another number of frames or channels, a picture too small, or values that are no luminance.
        """
        size = clips.shape[-2:]
        clips = self._prepared(clips)
        energy = self._energy(clips)
        if self.fusion is not None:
            energy = self.fusion(energy, self._second_energy(clips))
        (last,) = self.graph(energy, self.config.iterations, every=False)
        return _at_size(self._convex(last), size)

    def flows(self, clips: Tensor) -> FlowPredictions:
        """All predictions, for the loss; parameters and errors as of `flow`."""
        size = clips.shape[-2:]
        clips = self._prepared(clips)
        energy, iterations = self._energy(clips), self.config.iterations
        before = _at_size(bilinear_flow(self.decoder(energy)), size)
        convex, bilinear = self._both(self.graph(energy, iterations), size)
        if self.fusion is None:
            return FlowPredictions(convex, [before, *bilinear], [], [])
        fused = self.fusion(energy, self._second_energy(clips))
        return FlowPredictions(convex, [before, *bilinear], *self._both(self.graph(fused, iterations), size))

    def forward_stimuli(self, stimuli: Sequence) -> None:
        """Run one batch through the network as far as the wanted layers need it."""
        reference = self.decoder.read.weight
        values = stimuli if isinstance(stimuli, Tensor) else torch.from_numpy(np.array(stimuli))
        self._record(values.to(device=reference.device, dtype=reference.dtype))

    def units(self, layer: str) -> xr.Dataset:
        """What the units of a layer prefer, as far as their parameters say.

        Only the energy bank's parameters define this. A unit of any other layer is whatever training made of it: its row
        is NaN, and measuring its tuning is the only way to know it.

        Parameters
        ----------
        layer
            One of `layers`.

        Returns
        -------
        xarray.Dataset
            Along ``unit``: ``preferred_direction_deg`` (0 rightward, counter-clockwise), ``spatial_frequency_cpp`` (cycles
            per pixel of the input), ``temporal_frequency_cpf`` (cycles per frame), ``speed_ppf`` (pixels per frame).

        Raises
        ------
        UnknownNameError
            If there is no such layer.
        """
        if layer not in self.layers:
            raise UnknownNameError.for_name(f"layer of {self.name!r}", layer, self.layers, "See model.layers for all.")
        if layer == "v1":
            return bank_units(self.bank)
        count = 2 if layer.startswith("flow") else self.config.channels
        empty = np.full(count, np.nan)
        return xr.Dataset({name: ("unit", empty) for name in UNIT_TABLE}, coords={"unit": np.arange(count)})

    def _record(self, clips: Tensor) -> None:
        """Compute and tap the wanted layers, and no stage that none of them needs."""
        wanted = set(self._tapped or ())
        size = clips.shape[-2:]
        clips = self._prepared(clips)
        energy = self.tap("v1", self._energy(clips))
        dual = {layer for layer in wanted if layer.endswith("-dual") or layer.startswith("flow-dual")}
        if wanted - dual - {"v1", "v1-second-order", "fused"}:
            self.tap("flow-0", _at_size(bilinear_flow(self.decoder(energy)), size))
            self._tap_pass(energy, "", size)
        if self.fusion is not None and (dual or wanted & {"v1-second-order", "fused"}):
            fused = self.tap("fused", self.fusion(energy, self.tap("v1-second-order", self._second_energy(clips))))
            if dual:
                self._tap_pass(fused, "-dual", size)

    def _tap_pass(self, energy: Tensor, suffix: str, size: torch.Size) -> None:
        iterations = self.graph(energy, self.config.iterations)
        self.tap(f"mt{suffix}", iterations[-1].motion)
        self.tap(f"context{suffix}", iterations[-1].context)
        for number, one in enumerate(iterations, start=1):
            layer = f"flow{suffix}-{number}"
            if layer in (self._tapped or ()):
                self.tap(layer, _at_size(self._convex(one), size))

    def _prepared(self, clips: Tensor) -> Tensor:
        """Clips whose sides are multiples of 8."""
        side = self.bank.smallest_side
        name, dtype = self.name or "the motion network", self.decoder.read.weight.dtype
        clips = check_clips(clips, n_frames=FRAMES, smallest_side=side, model=name, dtype=dtype)
        rows, cols = clips.shape[-2:]
        fitting = tuple(max(1, (length + FACTOR // 2) // FACTOR) * FACTOR for length in (rows, cols))
        if fitting == (rows, cols):
            return clips
        if self.config.as_published:
            raise ValueError(
                f"the published network takes rows and columns that are multiples of {FACTOR}, received {rows} x {cols}; "
                "resize the clips, or leave out as_published."
            )
        resized = functional.interpolate(clips.flatten(0, 1), fitting, mode="bicubic", align_corners=True).clamp(0, 1)
        return resized.unflatten(0, clips.shape[:2])

    def _energy(self, clips: Tensor) -> Tensor:
        return self.bank(luminance(clips[:, MARGIN:-MARGIN]))

    def _second_energy(self, clips: Tensor) -> Tensor:
        if self.features is None or self.feature_energy is None:
            raise ValueError("this network has one pathway; build it with pathways=2.")
        return self.feature_energy(self.features(clips))

    def _convex(self, iteration: Iteration) -> Tensor:
        return self.upsampler(self.decoder(iteration.motion), iteration.context)

    def _both(self, iterations: list[Iteration], size: torch.Size) -> tuple[list[Tensor], list[Tensor]]:
        """Flows of iterations, upsampled in both ways, at the size of the input."""
        coarse = [self.decoder(one.motion) for one in iterations]
        convex = [self.upsampler(flow, one.context) for flow, one in zip(coarse, iterations, strict=True)]
        return [_at_size(one, size) for one in convex], [_at_size(bilinear_flow(one), size) for one in coarse]


def network_loss(predictions: FlowPredictions, flow: Tensor, *, gamma: float = GAMMA) -> Tensor:
    """Sequence loss of all predictions, with the published weights.

    With two pathways (dual convex + dual bilinear) / 2 + (first convex + first bilinear) / 4; with one, the mean of convex
    and bilinear.

    Parameters
    ----------
    predictions
        As `MotionNetwork.flows` gives them.
    flow
        Truth ``(batch, 2, row, col)``, pixels per frame; NaN where it is not known.
    gamma
        Of `sequence_loss`.

    Returns
    -------
    Tensor
        A scalar.

    References
    ----------
    Sun et al. 2025, doi 10.1038/s42256-025-01068-w, published code.
    """
    first = sequence_loss(predictions.first_convex, flow, gamma=gamma)
    first = first + sequence_loss(predictions.first_bilinear, flow, gamma=gamma)
    if not predictions.dual_convex:
        return first / 2
    dual = sequence_loss(predictions.dual_convex, flow, gamma=gamma)
    dual = dual + sequence_loss(predictions.dual_bilinear, flow, gamma=gamma)
    return dual / 2 + first / 4


def _at_size(flow: Tensor, size: torch.Size) -> Tensor:
    """Flow on a grid of another size whose corners are the same, in the pixels of that grid."""
    if flow.shape[-2:] == size:
        return flow
    resized = functional.interpolate(flow, size, mode="bilinear", align_corners=True)
    rows, cols = ((new - 1) / (old - 1) for new, old in zip(size, flow.shape[-2:], strict=True))
    return resized * flow.new_tensor([cols, rows])[:, None, None]


@contextmanager
def _streams(seed: int) -> Iterator[Iterator[torch.Generator]]:
    """Generators, one per part, whose seed torch's own initial values of that part are drawn from too.

    The global state is as it was afterwards. No two parts start from the same draws.
    """

    def parts() -> Iterator[torch.Generator]:
        for part in torch.randint(2**32, (PARTS,), generator=generator(seed), device="cpu").tolist():
            torch.manual_seed(part)
            yield generator(part)

    with torch.random.fork_rng(devices=[]):
        yield parts()
