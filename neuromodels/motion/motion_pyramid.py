"""Nishimoto and Gallant's motion energy pyramid: Gabors in space and time on a grid, for encoding models of movies.

With z(t) the clip's inner product with a spatial Gaussian times ``exp(-i 2 pi sf u)``, u along the filter's direction from its
centre, and h the temporal Gaussian times ``exp(i 2 pi tf t)``::

    E(t) = | sum_j h(j) z(t - j + ceil(width / 2) - 1) |,   frames outside the clip being 0
    response = ln(E + 1e-5)

A spatial filter serves every temporal frequency and, conjugated, the opposite direction, so that half of the directions are
enough. Both of its axes are sampled in picture heights, end points included.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import ceil, log, sqrt
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .classical import ClassicalModel, unit_preferences
from .clips import check_clips, luminance
from .lightness import lightness
from .pyramid_filters import NishimotoGallantConfig, filter_table, grid, spatial_sd, temporal_sd

if TYPE_CHECKING:
    import xarray as xr

# A pixel where |cosine| + |sine| of a filter is no more than this is none of it.
MASK = 1e-3
LOG_FLOOR = 1e-5
# Frames whose temporal filters are one matrix product.
BLOCK = 64


class NishimotoGallant(ClassicalModel):
    """Motion energy pyramid, ``motion/nishimoto-gallant``.

    Parameters
    ----------
    config
        Sizes; see `NishimotoGallantConfig`. The default has 1,380 filters; with 32 cycles per picture it has the
        6,555 that were fitted to brains.
    seed
        Kept for the identity of the model.

    Attributes
    ----------
    filters : ndarray
        Table of all filters; see `filter_table`.

    Notes
    -----
    A filter's own movie drifts in the direction of the table of filters, but clips are convolved with it, not correlated, so
    that it responds most to the opposite direction: a grating that moves right is answered by the filters called 180. The
    sequence and the numbers are those of the published code; `units` states the direction that is seen.

    The samples of a temporal filter do not include the end of its window, which puts its centre half a frame late, and pixels
    where a spatial filter is below 0.001 are left out: both as in the published code, with which this model agrees to
    rounding.

    References
    ----------
    Nishimoto, Vu, Naselaris, Benjamini, Yu, Gallant 2011, Current Biology 21, 1641-1646.
    """

    layers = ("amplitude", "v1")
    committed_layer = "v1"
    layer_dims = dict.fromkeys(layers, ("time", "unit"))
    config: NishimotoGallantConfig

    _in_time: Tensor
    _order: Tensor

    def __init__(self, config: NishimotoGallantConfig | None = None, *, seed: int = 0) -> None:
        super().__init__(config or NishimotoGallantConfig(), seed=seed)

    @property
    def filters(self) -> np.ndarray:
        """Table of all filters; see `filter_table`."""
        return filter_table(self.config)

    def constants(self) -> dict[str, np.ndarray]:
        """Profiles of the spatial filters along rows and columns, temporal filters, and where each filter is computed."""
        config = self.config
        bands = _bands(config)
        moment = np.arange(config.width) / config.width - 0.5
        rates = np.array(config.temporal_frequencies_hz)[:, None]
        sds = np.array([[temporal_sd(rate)] for rate in config.temporal_frequencies_hz])
        envelope = np.exp(-(moment**2) / (2 * sds**2))
        phase = 2 * np.pi * rates * config.width / config.rate_hz * moment
        return {
            "_in_time": np.stack([envelope * np.cos(phase), envelope * np.sin(phase)], axis=1),
            "_order": _sequence(config, bands),
            **{f"_across_{number}": band.across for number, band in enumerate(bands)},
            **{f"_along_{number}": band.along for number, band in enumerate(bands)},
        }

    def forward(self, clips: Tensor) -> Tensor:
        """Responses of all filters at every frame.

        Parameters
        ----------
        clips
            ``(batch, time, channel, row, col)`` of the size in ``config``, luminance from 0 to 1, at least as many frames
            as a temporal filter has.

        Returns
        -------
        Tensor
            ``(batch, time, filter)`` in the sequence of ``filters``.
        """
        name = self.name or "this model"
        clips = check_clips(clips, at_least=self.config.width, smallest_side=1, model=name, dtype=self.dtype)
        if tuple(clips.shape[-2:]) != (self.config.n_rows, self.config.n_cols):
            raise ValueError(
                f"{name} was made for pictures of {self.config.n_rows} x {self.config.n_cols} pixels, received "
                f"{clips.shape[-2]} x {clips.shape[-1]}; create it with n_rows={clips.shape[-2]}, n_cols={clips.shape[-1]}."
            )
        sine, cosine = self._quadratures(clips)
        # Not 0, where the root has no slope; far below the floor of the logarithm.
        power = (sine.square() + cosine.square()).clamp_min(torch.finfo(clips.dtype).tiny)
        amplitude = self.tap("amplitude", power.sqrt().index_select(-1, self._order))
        return self.tap("v1", (amplitude + LOG_FLOOR).log())

    def quadratures(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        """Sine and cosine parts of all filters, ``(batch, time, filter)`` each."""
        sine, cosine = (part.index_select(-1, self._order) for part in self._quadratures(clips))
        return sine, cosine

    def _quadratures(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        """Both parts of every place, axis and rate in either direction, in the sequence in which they are computed."""
        frames = luminance(clips) if self.config.colour == "luminance" else lightness(clips)
        cosine, sine = self._in_space(frames.flatten(0, 1))
        n_clips, n_places = len(clips), cosine.shape[1]
        parts = torch.cat([cosine, sine], 1).reshape(n_clips, -1, 2 * n_places)
        # (batch, time, cosine or sine in space, place, rate, cosine or sine in time)
        parts = self._over_time(parts).unflatten(2, (2, n_places))
        cos_cos, cos_sin = parts[:, :, 0].unbind(-1)
        sin_cos, sin_sin = parts[:, :, 1].unbind(-1)
        # The opposite direction is the conjugate spatial filter.
        sines = torch.stack([cos_sin + sin_cos, cos_sin - sin_cos], 2)
        cosines = torch.stack([cos_cos - sin_sin, cos_cos + sin_sin], 2)
        return sines.flatten(2), cosines.flatten(2)

    def _in_space(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Inner products of frames ``(frame, row, col)`` with all spatial filters: cosine and sine, ``(frame, place)``."""
        cosines, sines = [], []
        for number, band in enumerate(_bands(self.config)):
            across, along = getattr(self, f"_across_{number}"), getattr(self, f"_along_{number}")
            width, height = across.shape[-1], along.shape[-1]
            for grid_row, first in enumerate(band.first_rows):
                cosine, sine = _outer(across, along[grid_row])
                stripe = frames[:, first : first + height]
                boxes = torch.stack([stripe[..., col : col + width] for col in band.first_cols])
                # (grid column, frame, pixel) by (grid column, pixel, filter)
                found = boxes.flatten(2) @ torch.cat([cosine, sine], 1).flatten(2).mT
                shown = found.movedim(0, 1).unflatten(2, (2, -1))
                cosines.append(shown[:, :, 0].flatten(1))
                sines.append(shown[:, :, 1].flatten(1))
        return torch.cat(cosines, 1), torch.cat(sines, 1)

    def _over_time(self, signals: Tensor) -> Tensor:
        """Temporal filters of ``(batch, time, signal)``: ``(batch, time, signal, rate, cosine or sine)``."""
        n_frames, width = signals.shape[1], self.config.width
        block = min(n_frames, BLOCK)
        late = ceil(width / 2) - 1
        padded = functional.pad(signals, (0, 0, width - 1 - late, late + -n_frames % block))
        windows = padded.unfold(1, block + width - 1, block)
        # One row per frame of a block, the taps in reverse from that frame on.
        rows = functional.pad(self._in_time.flip(-1), (block - 1, block - 1)).unfold(-1, block + width - 1, 1).flip(-2)
        found = torch.einsum("bnqi,fpti->bntqfp", windows, rows)
        return found.flatten(1, 2)[:, :n_frames]

    def units(self, layer: str) -> "xr.Dataset":
        """What each filter prefers, in pixels and frames of the clips.

        Parameters
        ----------
        layer
            One of `layers`; both have the same units.

        Returns
        -------
        xarray.Dataset
            Along ``unit``; see `unit_preferences`. The direction is opposite to that of the filter's own movie, see the notes
            of the class; filters without motion have none. Further columns: ``row`` and
            ``col`` of the centre, and ``sd_px`` of the Gaussian, in pixels.
        """
        self._refuse_layer(layer, self.layers)
        config = self.config
        right, down, direction, frequency, sd, rate, _ = self.filters.T
        pixels_down = config.n_rows - 1
        pixels_right = (config.n_cols - 1) / config.aspect
        radians = np.deg2rad(direction)
        cpp_right, cpp_up = frequency * np.cos(radians) / pixels_right, frequency * np.sin(radians) / pixels_down
        moves = (frequency > 0) & (rate > 0)
        return unit_preferences(
            np.where(moves, np.rad2deg(np.arctan2(-cpp_up, -cpp_right)), np.nan),
            np.hypot(cpp_right, cpp_up),
            rate / config.rate_hz,
            row=down * pixels_down,
            col=right * pixels_right,
            sd_px=sd * pixels_down,
        )


@dataclass(frozen=True)
class _Band:
    """Spatial filters of one frequency on their grid, each axis apart.

    ``across`` and ``along`` are ``(place on the axis, cosine or sine, filter, pixel of the box)``; the filters are one per axis
    of motion and, if the pyramid has any, the one without orientation.
    """

    across: np.ndarray
    along: np.ndarray
    first_cols: tuple[int, ...]
    first_rows: tuple[int, ...]


def _axes(config: NishimotoGallantConfig) -> tuple[float, ...]:
    return tuple(dict.fromkeys(direction % 180 for direction in config.directions_deg))


@lru_cache(maxsize=8)
def _bands(config: NishimotoGallantConfig) -> tuple[_Band, ...]:
    axes = np.deg2rad(_axes(config))
    bands = []
    for frequency in sorted(set(config.spatial_frequencies_cpi) - {0.0}, key=config.spatial_frequencies_cpi.index):
        sd = spatial_sd(frequency)
        right, down = -frequency * np.cos(axes), frequency * np.sin(axes)
        if 0.0 in config.spatial_frequencies_cpi:
            right, down = np.append(right, 0.0), np.append(down, 0.0)
        across, cols = _profiles(grid(config.aspect, sd), sd, right, np.linspace(0, config.aspect, config.n_cols))
        along, rows = _profiles(grid(1.0, sd), sd, down, np.linspace(0, 1, config.n_rows))
        bands.append(_Band(across, along, cols, rows))
    return tuple(bands)


def _profiles(
    centres: np.ndarray, sd: float, frequencies: np.ndarray, pixels: np.ndarray
) -> tuple[np.ndarray, tuple[int, ...]]:
    """Gaussian times cosine and sine along one axis at each centre, cut to what the mask leaves; first pixels."""
    reach = sd * sqrt(2 * log(sqrt(2) / MASK))
    step = pixels[1] - pixels[0]
    size = min(len(pixels), int(2 * reach / step) + 1)
    first = np.clip(np.ceil((centres - reach) / step), 0, len(pixels) - size).astype(int)
    away = pixels[first[:, None] + np.arange(size)] - centres[:, None]
    envelope = np.exp(-(away**2) / (2 * sd**2))[:, None]
    phase = 2 * np.pi * frequencies[:, None] * away[:, None]
    return np.stack([envelope * np.cos(phase), envelope * np.sin(phase)], axis=1), tuple(first.tolist())


def _outer(across: Tensor, along: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine filters of one row of the grid, ``(grid column, filter, row, col)``, masked."""
    cos_right, sin_right = across[:, :, :, None].unbind(1)
    cos_down, sin_down = along[..., None].unbind(0)
    cosine = cos_right * cos_down - sin_right * sin_down
    sine = sin_right * cos_down + cos_right * sin_down
    inside = cosine.abs() + sine.abs() > MASK
    return cosine * inside, sine * inside


def _sequence(config: NishimotoGallantConfig, bands: tuple[_Band, ...]) -> np.ndarray:
    """Where each filter of `filter_table` is in what is computed: (direction or its opposite, place and axis, rate)."""
    axes = _axes(config)
    rates = config.temporal_frequencies_hz
    frequencies = [frequency for frequency in config.spatial_frequencies_cpi if frequency > 0]
    starts, kinds = {}, bands[0].across.shape[2]
    total = 0
    for frequency, band in zip(frequencies, bands, strict=True):
        starts[frequency] = total
        total += kinds * len(band.first_cols) * len(band.first_rows)
    order = []
    for frequency, direction in product(frequencies, config.directions_deg):
        band = bands[frequencies.index(frequency)]
        n_cols = len(band.first_cols)
        for col, row in product(range(n_cols), range(len(band.first_rows))):
            place = starts[frequency] + (row * n_cols + col) * kinds
            for number, rate in enumerate(rates):
                if rate == 0 and direction >= 180:
                    continue
                turned = direction % 360 >= 180
                order.append(((turned * total) + place + axes.index(direction % 180)) * len(rates) + number)
                if kinds > len(axes) and direction == 0:
                    order.append((place + len(axes)) * len(rates) + number)
    return np.array(order)
