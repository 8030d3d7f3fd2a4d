"""FFV1MT: optical flow from V1 energies and MT pooling, coarse to fine, without training.

At each level of a dyadic pyramid, with e and o the quadrature pair of orientation theta and component velocity v::

    E(theta, v) = (e^2 + o^2)^(1/4), over its maximum, then over the sum of its orientations, then blurred
    M(d, v)     = exp(sum_theta cos(d - theta) E(theta, v)),            d = 0 and 90 degrees
    flow_d      = sum_v v M(d, v)

Where all orientations are silent, E is filled from its neighbours of like luminance. The flow of a coarser level is doubled,
shifts the spatial responses of the finer one frame by frame, and the flow that is left is added.
"""

from dataclasses import dataclass
from math import log, pi, sqrt
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .classical import ClassicalModel, Options, unit_preferences
from .clips import check_clips, luminance

if TYPE_CHECKING:
    import xarray as xr

N_FRAMES, CENTRE = 5, 2
N_ORIENTATIONS = 12
FREQUENCY_CPP = 1 / 3.8
SPATIAL_TAPS = 11
SPATIAL_SD = 1.2 * sqrt(2 * log(2)) / (2 * pi * FREQUENCY_CPP / 3)
TEMPORAL_SD = sqrt(2 * log(2)) / (2 * pi * FREQUENCY_CPP / 2.5)
SILENCE = 1e-4
UNSEEN = 1e-3
BLUR_SD, BLUR_TAPS = 10 / 6, 5
FILL_REACH, FILL_SD = 7, 2.5
# Range of the image's luminance over the standard deviation of likeness.
FILL_CONTRAST = 6
LARGEST_ENERGY = 0.25


@dataclass(frozen=True)
class FFV1MTConfig(Options):
    """Options of the flow estimator.

    Attributes
    ----------
    n_levels
        Levels of the pyramid, at most; a level smaller than the spatial filter, 11 pixels, is left out.
    velocities_ppf
        Component velocities that V1 is tuned to at each level, pixels per frame of the level.
    """

    n_levels: int = 6
    velocities_ppf: tuple[float, ...] = (-0.9, -0.6, -0.4, 0.0, 0.4, 0.6, 0.9)

    def __post_init__(self) -> None:
        if not isinstance(self.n_levels, int) or self.n_levels < 1:
            raise ValueError(f"n_levels must be a whole number of 1 or more, received {self.n_levels!r}.")
        velocities = tuple(float(value) for value in self.velocities_ppf)
        if not velocities or not np.isfinite(velocities).all() or max(map(abs, velocities)) * FREQUENCY_CPP > 0.5:
            raise ValueError(
                f"velocities_ppf must be within {0.5 / FREQUENCY_CPP:g} pixels per frame, the Nyquist limit of the spatial "
                f"frequency, received {self.velocities_ppf!r}."
            )
        object.__setattr__(self, "velocities_ppf", velocities)


class FFV1MT(ClassicalModel):
    """Feed-forward V1 and MT model of optical flow, ``motion/ffv1mt``.

    Layers ``energy`` (before normalisation), ``v1`` and ``mt`` are the responses of the finest level to the clip as it is,
    ``flow`` is what all levels together say.

    Parameters
    ----------
    config
        Options; see `FFV1MTConfig`.
    seed
        Kept for the identity of the model.

    Attributes
    ----------
    n_frames : int
        Frames of a clip, 5.
    flow_frame : int
        Frame from which the flow leads to the next, 2.

    References
    ----------
    Solari, Chessa, Medathati, Kornprobst 2015, Signal Processing: Image Communication 39, 342-354.
    """

    layers = ("energy", "v1", "mt", "flow")
    committed_layer = "mt"
    layer_dims = dict.fromkeys(layers, ("unit", "row", "col"))
    n_frames = N_FRAMES
    flow_frame = CENTRE
    config: FFV1MTConfig

    _gabors: Tensor
    _in_time: Tensor
    _smoothing: Tensor
    _blur: Tensor
    _pooling: Tensor
    _velocities: Tensor

    def __init__(self, config: FFV1MTConfig | None = None, *, seed: int = 0) -> None:
        super().__init__(config or FFV1MTConfig(), seed=seed)

    def constants(self) -> dict[str, np.ndarray]:
        """Spatial and temporal filters, blurs, pooling weights and velocities, float64."""
        velocities = np.array(self.config.velocities_ppf)
        moment = np.arange(N_FRAMES)
        envelope = np.exp(-moment / (2 * TEMPORAL_SD**2))
        # A grating that moves toward its orientation gains phase in the spatial pair; this takes it back.
        waves = envelope * np.exp(2j * pi * FREQUENCY_CPP * velocities[:, None] * moment)
        place = np.arange(BLUR_TAPS) - BLUR_TAPS // 2
        blur = np.exp(-(place**2) / (2 * BLUR_SD**2))
        return {
            "_gabors": _gabors(),
            "_in_time": np.stack([waves.real, waves.imag]),
            "_smoothing": np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16,
            "_blur": blur / blur.sum(),
            "_pooling": np.stack([np.cos(np.deg2rad(_orientations())), np.sin(np.deg2rad(_orientations()))]),
            "_velocities": velocities,
        }

    def forward(self, clips: Tensor) -> Tensor:
        """Optical flow; the same as `flow`."""
        return self.flow(clips)

    def flow(self, clips: Tensor) -> Tensor:
        """Motion from the middle frame to the next.

        Parameters
        ----------
        clips
            ``(batch, 5, channel, row, col)``, luminance from 0 to 1, at least 11 x 11 pixels.

        Returns
        -------
        Tensor
            ``(batch, 2, row, col)``, pixels per frame, right and down. 0 where nothing is seen at any level.
        """
        name = self.name or "this model"
        clips = check_clips(clips, n_frames=N_FRAMES, smallest_side=SPATIAL_TAPS, model=name, dtype=self.dtype)
        frames = luminance(clips)
        if self._tapped is not None:
            energies = self._energies(self._spatial(frames))
            self.tap("energy", energies.flatten(1, 2))
            normal, _ = _normalised(energies, frames[:, CENTRE], self._blur)
            self.tap("v1", normal.flatten(1, 2))
            self.tap("mt", self._mt(normal).flatten(1, 2))
        levels = [frames]
        while len(levels) < self.config.n_levels and (min(levels[-1].shape[-2:]) + 1) // 2 >= SPATIAL_TAPS:
            levels.append(self._halved(levels[-1]))
        found, seen = self._velocity(self._spatial(levels[-1]), levels[-1][:, CENTRE])
        for level in levels[-2::-1]:
            found, seen = 2 * _doubled(found, level.shape[-2:]), _doubled(seen, level.shape[-2:])
            residual, also = self._velocity(_shifted(self._spatial(level), found), level[:, CENTRE])
            # Between a place that is seen and one that is not, nothing is known.
            seen = also * (seen > 1 - 1e-4)
            found = (found + residual) * seen
        return self.tap("flow", found)

    def _halved(self, frames: Tensor) -> Tensor:
        """Blurred, every other pixel."""
        return _separable(frames.flatten(0, 1)[:, None], self._smoothing)[:, 0, ::2, ::2].unflatten(0, frames.shape[:2])

    def _spatial(self, frames: Tensor) -> Tensor:
        """Even and odd responses of each frame, ``(batch, time, 2, 6, row, col)``; the other 6 mirror the odd ones."""
        margin = SPATIAL_TAPS // 2
        padded = functional.pad(frames.flatten(0, 1)[:, None], (margin,) * 4, mode="replicate")
        found = functional.conv2d(padded, self._gabors.flatten(0, 1)[:, None])
        return found.unflatten(1, self._gabors.shape[:2]).unflatten(0, frames.shape[:2])

    def _energies(self, spatial: Tensor) -> Tensor:
        """Energies ``(batch, orientation, velocity, row, col)`` of `_spatial` responses, not normalised."""
        # The last frame meets the first tap.
        parts = torch.einsum("btpkyx,wvt->bpwkvyx", spatial.flip(1), self._in_time)
        (even_cos, even_sin), (odd_cos, odd_sin) = (part.unbind(1) for part in parts.unbind(1))
        toward = (even_cos - odd_sin).square() + (odd_cos + even_sin).square()
        against = (even_cos + odd_sin).square() + (odd_cos - even_sin).square()
        power = torch.cat([toward, against], 1)
        # What rounding leaves of uniform light is no signal, however it compares with the rest.
        audible = power > (1e3 * torch.finfo(power.dtype).eps) ** 2
        return torch.where(audible, power, 1) ** 0.25 * audible

    def _mt(self, normal: Tensor) -> Tensor:
        """Pooled responses ``(batch, rightward or upward, velocity, row, col)``."""
        return torch.einsum("bkvyx,dk->bdvyx", normal, self._pooling).exp()

    def _velocity(self, spatial: Tensor, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Flow of one level, ``(batch, right and down, row, col)``, and where it is seen, 1 or 0."""
        normal, seen = _normalised(self._energies(spatial), picture, self._blur)
        right, up = torch.einsum("bdvyx,v->bdyx", self._mt(normal), self._velocities).unbind(1)
        return torch.stack([right, -up], 1) * seen, seen

    def units(self, layer: str) -> "xr.Dataset":
        """What V1 and MT units of the finest level prefer.

        Parameters
        ----------
        layer
            ``"energy"`` or ``"v1"``, by orientation and then component velocity, or ``"mt"``, rightward and then upward.

        Returns
        -------
        xarray.Dataset
            Along ``unit``; see `unit_preferences`. A negative component velocity, ``component_velocity_ppf``, is stated as the
            opposite direction. Units of ``v1`` and ``mt`` have no preferred frequency or speed: where orientations are
            normalised, each velocity by itself, what is left is how sure a velocity is of its direction.
        """
        self._refuse_layer(layer, ("energy", "v1", "mt"))
        velocities = np.array(self.config.velocities_ppf)
        axes = np.array([0.0, 90.0]) if layer == "mt" else _orientations()
        direction, velocity = (grid.ravel() for grid in np.meshgrid(axes, velocities, indexing="ij"))
        direction = np.where(velocity == 0, np.nan, direction + 180 * (velocity < 0))
        if layer != "energy":
            return unit_preferences(direction, component_velocity_ppf=velocity)
        frequency, speed = np.full(len(velocity), FREQUENCY_CPP), np.abs(velocity)
        return unit_preferences(direction, frequency, speed * FREQUENCY_CPP, component_velocity_ppf=velocity)


def _orientations() -> np.ndarray:
    return np.arange(N_ORIENTATIONS) * 360 / N_ORIENTATIONS


def _gabors() -> np.ndarray:
    """Even and odd Gabors of half of the orientations, ``(2, 6, row, col)``, each of mean 0."""
    place = np.arange(SPATIAL_TAPS) - SPATIAL_TAPS // 2
    radians = np.deg2rad(_orientations()[: N_ORIENTATIONS // 2])[:, None, None]
    along = place * np.cos(radians) - place[:, None] * np.sin(radians)
    envelope = np.exp(-(place**2 + place[:, None] ** 2) / (2 * SPATIAL_SD**2))
    pair = np.stack([envelope * wave(2 * pi * FREQUENCY_CPP * along) for wave in (np.cos, np.sin)])
    return pair - pair.mean((2, 3), keepdims=True)


def _separable(maps: Tensor, taps: Tensor) -> Tensor:
    """Blur of ``(map, 1, row, col)`` over rows and columns, borders continued by the outermost pixels."""
    margin = len(taps) // 2
    padded = functional.pad(maps, (margin,) * 4, mode="replicate")
    return functional.conv2d(functional.conv2d(padded, taps[None, None, :, None]), taps[None, None, None])


def _doubled(maps: Tensor, size: torch.Size) -> Tensor:
    """Maps at twice the size: pixel 2 i of the finer level is pixel i of the coarser one."""
    rows, cols = (torch.arange(length, dtype=maps.dtype, device=maps.device) / 2 for length in size)
    return _sampled(maps, rows[:, None].expand(*size), cols.expand(*size))


def _shifted(spatial: Tensor, flow: Tensor) -> Tensor:
    """Responses of each frame at the place to which the flow takes the pixels of the middle frame."""
    rows = torch.arange(flow.shape[-2], dtype=flow.dtype, device=flow.device)[:, None]
    cols = torch.arange(flow.shape[-1], dtype=flow.dtype, device=flow.device)
    shifted = [
        _sampled(
            spatial[:, time].flatten(1, 2), rows + (time - CENTRE) * flow[:, 1], cols + (time - CENTRE) * flow[:, 0]
        )
        for time in range(N_FRAMES)
    ]
    return torch.stack(shifted, 1).unflatten(2, spatial.shape[2:4])


def _sampled(maps: Tensor, rows: Tensor, cols: Tensor) -> Tensor:
    """Bilinear values of ``(batch, channel, row, col)`` at ``(row, col)`` places of each clip, borders continued."""
    height, width = maps.shape[-2:]
    rows, cols = (place.expand(len(maps), *place.shape[-2:]) for place in (rows, cols))
    grid = torch.stack([2 * cols / (width - 1) - 1, 2 * rows / (height - 1) - 1], -1)
    return functional.grid_sample(maps, grid, padding_mode="border", align_corners=True)


def _normalised(energies: Tensor, picture: Tensor, blur: Tensor) -> tuple[Tensor, Tensor]:
    """Energies over the sum of their orientations, blurred, filled, 0.25 at most; and where they are known, 1 or 0."""
    tiny = torch.finfo(energies.dtype).tiny
    energies = energies / energies.amax((1, 2, 3, 4), keepdim=True).clamp_min(tiny)
    energies = energies * (energies >= SILENCE)
    energies = energies / (energies.sum(1, keepdim=True) + 1e-9)
    energies = _separable(energies.flatten(0, 2)[:, None], blur).reshape(energies.shape)
    energies, known = _filled(energies, picture)
    return LARGEST_ENERGY * energies / energies.amax((1, 2, 3, 4), keepdim=True).clamp_min(tiny), known


def _filled(energies: Tensor, picture: Tensor) -> tuple[Tensor, Tensor]:
    """Energies with every unseen place filled by its neighbours, near ones of like luminance most.

    Parameters
    ----------
    energies
        ``(batch, orientation, velocity, row, col)``; a velocity is unseen where its orientations sum to less than 0.001.
    picture
        The middle frame, ``(batch, row, col)``.

    Returns
    -------
    energies : Tensor
        0 where no neighbour is seen either.
    known : Tensor
        ``(batch, 1, row, col)``, 1 where every velocity was seen or filled, else 0.
    """
    seen = energies.sum(1, keepdim=True) >= UNSEEN
    if seen.all():
        return energies, torch.ones_like(picture[:, None])
    spread = (picture.amax((1, 2)) - picture.amin((1, 2))).clamp_min(torch.finfo(picture.dtype).eps) / FILL_CONTRAST
    # Places first: only those with an unseen velocity are visited, and each brings all its numbers.
    values = functional.pad((energies * seen).flatten(1, 2), (FILL_REACH,) * 4).movedim(1, -1).contiguous()
    counted = functional.pad(seen.to(energies.dtype).flatten(1, 2), (FILL_REACH,) * 4).movedim(1, -1).contiguous()
    shades = functional.pad(picture[:, None], (FILL_REACH,) * 4, mode="replicate")[:, 0]
    clip, row, col = (~seen).any(2)[:, 0].nonzero(as_tuple=True)
    here, scale = picture[clip, row, col], 2 * spread[clip].square()
    total, weight = torch.zeros_like(values[clip, row, col]), torch.zeros_like(counted[clip, row, col])
    for down in range(2 * FILL_REACH + 1):
        for right in range(2 * FILL_REACH + 1):
            at = (clip, row + down, col + right)
            near = -((down - FILL_REACH) ** 2 + (right - FILL_REACH) ** 2) / (2 * FILL_SD**2)
            like = (near - (shades[at] - here).square() / scale).exp()[:, None]
            total = total + like * values[at]
            weight = weight + like * counted[at]
    n_velocities = energies.shape[2]
    mean = total.unflatten(1, (-1, n_velocities)) / torch.where(weight > 0, weight, 1)[:, None]
    filled, any_seen = energies.movedim((1, 2), (3, 4)).clone(), seen[:, 0].movedim(1, -1).clone()
    filled[clip, row, col] = torch.where(any_seen[clip, row, col][:, None], filled[clip, row, col], mean)
    any_seen[clip, row, col] |= weight > 0
    return filled.movedim((3, 4), (1, 2)), any_seen.all(-1)[:, None].to(energies.dtype)
