"""Adelson and Bergen's motion energy: space-time filters in quadrature, their energies, and opposite directions compared.

With e and o an even and an odd Gabor, u along a direction, and s and f a slow and a fast temporal filter::

    A, A' = (s, f) * e * clip        B, B' = (s, f) * o * clip
    E_u  = (A + B')^2 + (A' - B)^2       toward u
    E_-u = (A - B')^2 + (A' + B)^2       against u
    h_n(t) = (k t)^n exp(-k t) [1 / n! - (k t)^2 / (n + 2)!]        n = 5 slow, n = 3 fast

The spatial filters serve both directions of an axis.
"""

from dataclasses import dataclass
from math import factorial
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.fft import next_fast_len
from torch import Tensor
from torch.nn import functional

from .classical import ClassicalModel, Options, unit_preferences
from .clips import check_clips, luminance

if TYPE_CHECKING:
    import xarray as xr

SLOW, FAST = 5, 3
# Half width of a spatial filter in standard deviations of its Gaussian.
REACH = 3.0


@dataclass(frozen=True)
class AdelsonBergenConfig(Options):
    """Sizes of the bank; everything counts in pixels and frames.

    Attributes
    ----------
    n_directions
        Even; from 0, rightward, counter-clockwise in equal steps.
    spatial_frequencies_cpp
        Cycles per pixel, one set of directions each.
    periods
        Standard deviation of the Gaussians in periods of the grating under them; 0.5 is a bandwidth of 1.1 octaves.
    rate
        k of the temporal filters, per frame: a greater one prefers faster flicker.
    n_taps
        Frames of a temporal filter.
    normalised
        Divide energies by the sum of both directions' and the static energy, that of the same Gabors behind the first lobe
        of s and f.
    saturation
        Energy that is added to this sum, which keeps a blank clip at 0.
    """

    n_directions: int = 8
    spatial_frequencies_cpp: tuple[float, ...] = (0.0625, 0.125, 0.25)
    periods: float = 0.5
    rate: float = 1.5
    n_taps: int = 12
    normalised: bool = False
    saturation: float = 1e-4

    def __post_init__(self) -> None:
        if not isinstance(self.n_directions, int) or self.n_directions < 2 or self.n_directions % 2:
            raise ValueError(f"n_directions must be an even number of 2 or more, received {self.n_directions!r}.")
        frequencies = tuple(float(value) for value in self.spatial_frequencies_cpp)
        if not frequencies or not all(0 < value <= 0.5 for value in frequencies):
            raise ValueError(
                f"spatial_frequencies_cpp must be above 0 and at most 0.5, the Nyquist limit in cycles per pixel, received "
                f"{self.spatial_frequencies_cpp!r}."
            )
        object.__setattr__(self, "spatial_frequencies_cpp", frequencies)
        self.refuse_nonpositive("periods", "rate", "saturation")
        if not isinstance(self.n_taps, int) or self.n_taps < 4:
            raise ValueError(f"n_taps must be a whole number of 4 or more, received {self.n_taps!r}.")

    def half_width(self, frequency_cpp: float) -> int:
        """Pixels from the centre of a spatial filter to its edge."""
        return int(np.ceil(REACH * self.periods / frequency_cpp))


class AdelsonBergen(ClassicalModel):
    """Motion energy over directions and scales, ``motion/adelson-bergen``.

    Layer ``v1`` has the energy of each scale and direction, ``opponent`` that of each scale and axis: toward a direction less
    against it, so that a counterphase grating gives nothing. Pictures are continued by their outermost pixels.

    Parameters
    ----------
    config
        Sizes; see `AdelsonBergenConfig`.
    seed
        Kept for the identity of the model.

    Notes
    -----
    The even Gabor and both temporal filters are balanced at the samples taken, the second lobe against the first, so that a
    uniform or a still picture gives exactly nothing.

    References
    ----------
    Adelson, Bergen 1985, Journal of the Optical Society of America A 2, 284-299, equation 1 for the temporal filters.
    """

    layers = ("v1", "opponent")
    committed_layer = "v1"
    layer_dims = dict.fromkeys(layers, ("time", "unit", "row", "col"))
    config: AdelsonBergenConfig

    _in_time: Tensor
    _first_lobes: Tensor

    def __init__(self, config: AdelsonBergenConfig | None = None, *, seed: int = 0) -> None:
        super().__init__(config or AdelsonBergenConfig(), seed=seed)

    def constants(self) -> dict[str, np.ndarray]:
        """Spatial filters by scale and temporal filters, float64."""
        config = self.config
        filters, lobes = zip(*(_temporal(order, config.rate, config.n_taps) for order in (SLOW, FAST)), strict=True)
        axes = self._directions()[: config.n_directions // 2]
        gabors = {
            f"_gabors_{scale}": _gabors(frequency, axes, config.periods / frequency, config.half_width(frequency))
            for scale, frequency in enumerate(config.spatial_frequencies_cpp)
        }
        return {"_in_time": np.stack(filters), "_first_lobes": np.stack(lobes), **gabors}

    def forward(self, clips: Tensor) -> Tensor:
        """Motion energies.

        Parameters
        ----------
        clips
            ``(batch, time, channel, row, col)``, luminance from 0 to 1; at least ``n_taps`` frames, and pictures no smaller
            than the half of the coarsest filter.

        Returns
        -------
        Tensor
            ``(batch, time - n_taps + 1, unit, row, col)``, units by scale and then direction.
        """
        config = self.config
        widest = max(map(config.half_width, config.spatial_frequencies_cpp))
        name = self.name or "this model"
        clips = check_clips(clips, at_least=config.n_taps, smallest_side=widest, model=name, dtype=self.dtype)
        frames = luminance(clips)
        pairs = [self._energies(frames, scale) for scale in range(len(config.spatial_frequencies_cpp))]
        self.tap("opponent", torch.cat([toward - against for toward, against in pairs], 2))
        return self.tap("v1", torch.cat([energy for pair in pairs for energy in pair], 2))

    def _energies(self, frames: Tensor, scale: int) -> tuple[Tensor, Tensor]:
        """Energies of one scale toward and against its axes, ``(batch, time, axis, row, col)`` each."""
        even, odd = self._spatial(frames, getattr(self, f"_gabors_{scale}"))
        slow_even, fast_even = _over_time(even, self._in_time)
        slow_odd, fast_odd = _over_time(odd, self._in_time)
        toward = (slow_even + fast_odd).square() + (fast_even - slow_odd).square()
        against = (slow_even - fast_odd).square() + (fast_even + slow_odd).square()
        if not self.config.normalised:
            return toward, against
        still = sum(part.square() for field in (even, odd) for part in _over_time(field, self._first_lobes))
        total = toward + against + still + self.config.saturation
        return toward / total, against / total

    def _spatial(self, frames: Tensor, gabors: Tensor) -> tuple[Tensor, Tensor]:
        """Even and odd responses, ``(batch, time, axis, row, col)`` each."""
        margin = gabors.shape[-1] // 2
        padded = functional.pad(frames, (margin,) * 4, mode="replicate")
        size = [next_fast_len(length) for length in padded.shape[-2:]]
        # Turned about its centre: a product of spectra is a convolution, and the Gabors are meant as a correlation.
        turned = torch.complex(*gabors.flip(2, 3).unbind(0))
        spectra = torch.fft.fft2(padded, s=size)[:, :, None] * torch.fft.fft2(turned, s=size)
        found = torch.fft.ifft2(spectra)[..., 2 * margin :, 2 * margin :]
        found = found[..., : frames.shape[-2], : frames.shape[-1]]
        return found.real, found.imag

    def _directions(self) -> np.ndarray:
        return np.arange(self.config.n_directions) * 360 / self.config.n_directions

    def units(self, layer: str) -> "xr.Dataset":
        """Preferred directions and frequencies; of ``opponent``, the direction that gives positive values.

        Parameters
        ----------
        layer
            ``"v1"`` or ``"opponent"``.

        Returns
        -------
        xarray.Dataset
            Along ``unit``; see `unit_preferences`. The temporal frequency is where the two temporal filters
            together respond most.
        """
        self._refuse_layer(layer, self.layers)
        directions = self._directions()
        if layer == "opponent":
            directions = directions[: len(directions) // 2]
        frequencies = self.config.spatial_frequencies_cpp
        n_units = len(directions) * len(frequencies)
        return unit_preferences(
            np.tile(directions, len(frequencies)),
            np.repeat(frequencies, len(directions)),
            np.full(n_units, self._preferred_flicker()),
        )

    def _preferred_flicker(self) -> float:
        """Cycles per frame at which ``|H_slow - i H_fast|`` is greatest."""
        slow, fast = (_temporal(order, self.config.rate, self.config.n_taps)[0] for order in (SLOW, FAST))
        flicker = np.linspace(0, 0.5, 5001)
        waves = np.exp(-2j * np.pi * flicker[:, None] * np.arange(len(slow)))
        return float(flicker[np.argmax(np.abs(waves @ slow - 1j * (waves @ fast)))])


def _temporal(order: int, rate: float, n_taps: int) -> tuple[np.ndarray, np.ndarray]:
    """A temporal filter from the present backward, and its first lobe."""
    phase = rate * np.arange(n_taps)
    first = phase**order * np.exp(-phase) / factorial(order)
    second = phase ** (order + 2) * np.exp(-phase) / factorial(order + 2)
    return first - first.sum() / second.sum() * second, first


def _gabors(frequency_cpp: float, directions_deg: np.ndarray, sd: float, half: int) -> np.ndarray:
    """Even and odd Gabors ``(2, direction, row, col)``; the even one has no response to uniform light."""
    place = np.arange(-half, half + 1.0)
    radians = np.deg2rad(directions_deg)[:, None, None]
    along = place * np.cos(radians) - place[:, None] * np.sin(radians)
    envelope = np.exp(-(place**2 + place[:, None] ** 2) / (2 * sd**2))
    envelope /= envelope.sum()
    even = envelope * np.cos(2 * np.pi * frequency_cpp * along)
    even -= even.sum((1, 2), keepdims=True) * envelope
    return np.stack([even, envelope * np.sin(2 * np.pi * frequency_cpp * along)])


def _over_time(maps: Tensor, filters: Tensor) -> tuple[Tensor, Tensor]:
    """Two causal filters of ``(batch, time, axis, row, col)``, where they fit."""
    windows = maps.unfold(1, filters.shape[-1], 1)
    first, second = (windows @ taps.flip(-1) for taps in filters)
    return first, second
