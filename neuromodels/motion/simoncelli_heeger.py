"""Simoncelli and Heeger's model of V1 and MT: directional derivatives, divisive normalisation, sums over a velocity's plane.

With L_i the third derivative of the clip along the preferred direction of V1 unit i (28 of them, see
`neuromodels.motion.directional_derivatives`), * a blur over rows and columns and [x]+ = max(x, 0)::

    C_i = G_1.6 * a_C (a_L L_i)^2                                              V1, complex
    V_i = 0.99 C_i / (0.98 c sum_28 C + 0.1^2)                                 V1, normalised
    P_j = G_3 * a_P sum_i w_ji V_i                                             MT, linear
    M_j = a_M [P_j + b]+^2 / (s_M sum_19 [P + b]+^2 a_H + 0.1^2)               MT, normalised
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from .classical import ClassicalModel, Options, unit_preferences
from .clips import check_clips, luminance
from .directional_derivatives import (
    N_TAPS,
    blur,
    directions,
    gaussian_taps,
    interpolation_weights,
    separable_derivatives,
    steer,
    steering_weights,
)

if TYPE_CHECKING:
    import xarray as xr

Units = tuple[tuple[float, float], ...]

# Direction in radians and speed in pixels per frame of the units whose responses are summed for normalisation.
V1_POPULATION = np.array(
    [
        (5.5475, 0.2162), (3.2461, 0.2176), (0.6942, 0.2266), (4.0698, 0.2326), (1.6542, 0.2393), (6.0430, 0.2428),
        (5.0491, 0.2528), (2.6917, 0.2614), (4.5468, 0.2656), (2.1323, 0.2685), (0.2522, 0.2885), (1.1696, 0.3033),
        (3.6457, 0.4343), (3.0694, 0.7118), (5.5522, 0.7333), (2.3645, 0.7374), (1.5678, 0.7681), (0.7111, 0.7819),
        (4.8972, 0.7988), (6.1972, 0.8059), (4.1718, 0.8077), (3.6350, 1.4046), (1.1300, 1.4926), (1.9858, 1.5147),
        (2.8434, 1.5681), (0.2510, 1.5743), (4.5454, 1.6289), (5.5369, 1.6311),
    ]
)  # fmt: skip
MT_POPULATION: Units = (
    (0.0, 0.0),
    *((direction, 1.0) for direction in np.arange(0.0, 360.0, 60.0).tolist()),
    *((direction, 6.0) for direction in np.arange(15.0, 360.0, 30.0).tolist()),
)

# Gains that give a unit shown its preferred full-contrast grating a response near 1 at every stage.
LINEAR_GAIN = 6.608446302926781
SQUARE_GAIN = 1.9262519669114633
BLUR_GAIN = 1.0205372750866895
V1_SD, V1_BLUR_TAPS = 1.6, 11
V1_GAIN = 0.99
V1_POOL = 0.98 * 0.24005422696518156
V1_SATURATION = 0.1**2
MT_GAIN = 1.5269596669497718
MT_SD, MT_BLUR_TAPS = 3.0, 19
MT_THRESHOLD = 0.3171285328532853
MT_SQUARE_GAIN = 0.5764261625233018
MT_NORMAL_GAIN = 0.02129606730294584
MT_POOL = 0.002129580606669143
MT_SATURATION = 0.1**2
# Frequency in cycles per pixel and frame at which the tabulated third derivative is greatest.
PREFERRED_RADIUS = 0.2173
SMALLEST_SIDE = N_TAPS + V1_BLUR_TAPS + MT_BLUR_TAPS - 2


@dataclass(frozen=True)
class SimoncelliHeegerConfig(Options):
    """Which units the model shows.

    Attributes
    ----------
    v1_units
        ``(direction_deg, speed_ppf)`` of each V1 unit: the direction of its preferred grating, 0 rightward and
        counter-clockwise, and the ratio of its temporal to its spatial frequency. None for the 28 of the population.
    mt_units
        ``(direction_deg, speed_ppf)`` of the preferred velocity of each MT unit. None for the 19 of the population.
        Normalisation always sums over the populations, whichever units are shown.
    """

    v1_units: Units | None = None
    mt_units: Units | None = None

    def __post_init__(self) -> None:
        for name in ("v1_units", "mt_units"):
            units = getattr(self, name)
            if units is None:
                continue
            table = np.asarray(units, dtype=float)
            if table.ndim != 2 or table.shape[1] != 2 or not len(table) or not np.isfinite(table).all():
                raise ValueError(f"{name} must be pairs of a direction in degrees and a speed, received {units!r}.")
            if (table[:, 1] < 0).any():
                raise ValueError(
                    f"{name} has the speed {table[:, 1].min():g}; give 0 or more and turn the direction by 180 degrees."
                )
            object.__setattr__(self, name, tuple((float(a), float(b)) for a, b in table))


class SimoncelliHeeger(ClassicalModel):
    """V1 and MT populations with divisive normalisation, ``motion/simoncelli-heeger``.

    A V1 unit prefers a grating and follows the components of a plaid; an MT unit sums V1 over the plane of all gratings that
    one velocity contains and follows the pattern. Outputs exist where every filter fits: 37 x 37 pixels and 9 frames give one
    place and one time in MT, and 19 x 19 places in V1.

    Parameters
    ----------
    config
        Units to show; see `SimoncelliHeegerConfig`.
    seed
        Kept for the identity of the model.

    Notes
    -----
    The constants are those of the authors' distributed code. They were set with a calibration grating whose contrast was
    scaled twice, so that a V1 unit is at half of its maximum at contrast 0.05 rather than 0.1.

    References
    ----------
    Simoncelli, Heeger 1998, Vision Research 38, 743-761.
    """

    layers = ("v1_linear", "v1_complex", "v1", "mt_linear", "mt")
    committed_layer = "mt"
    layer_dims = dict.fromkeys(layers, ("time", "unit", "row", "col"))
    config: SimoncelliHeegerConfig

    _population: Tensor
    _shown_linear: Tensor
    _shown_v1: Tensor
    _pool_mt: Tensor
    _shown_mt: Tensor

    def __init__(self, config: SimoncelliHeegerConfig | None = None, *, seed: int = 0) -> None:
        super().__init__(config or SimoncelliHeegerConfig(), seed=seed)

    def constants(self) -> dict[str, np.ndarray]:
        """Weights of the directions that are shown and summed, float64."""
        population = directions(np.rad2deg(V1_POPULATION[:, 0]), V1_POPULATION[:, 1])
        shown, exact = population, np.eye(len(population))
        if self.config.v1_units is not None:
            shown = directions(*np.array(self.config.v1_units).T)
            exact = interpolation_weights(shown, population)
        return {
            "_population": steering_weights(population, 3),
            "_shown_linear": steering_weights(shown, 3),
            "_shown_v1": exact,
            "_pool_mt": mt_weights(MT_POPULATION),
            "_shown_mt": mt_weights(self.config.mt_units or MT_POPULATION),
        }

    def forward(self, clips: Tensor) -> Tensor:
        """Normalised responses of MT.

        Parameters
        ----------
        clips
            ``(batch, time, channel, row, col)``, luminance from 0 to 1, at least 9 frames of 37 x 37 pixels.

        Returns
        -------
        Tensor
            ``(batch, time - 8, unit, row - 36, col - 36)``.
        """
        name = self.name or "this model"
        clips = check_clips(clips, at_least=N_TAPS, smallest_side=SMALLEST_SIDE, model=name, dtype=self.dtype)
        return self._mt(self._v1(luminance(clips)))

    def _v1(self, frames: Tensor) -> Tensor:
        """Normalised population, ``(batch, unit, time, row, col)``."""
        derivatives = LINEAR_GAIN * separable_derivatives(frames)
        if self._tapped is not None:
            self._offer("v1_linear", steer(derivatives, self._shown_linear))
        squares = SQUARE_GAIN * steer(derivatives, self._population).square()
        population = BLUR_GAIN * blur(squares, gaussian_taps(V1_SD, V1_BLUR_TAPS))
        normal = V1_GAIN * population / (V1_POOL * population.sum(1, keepdim=True) + V1_SATURATION)
        if self._tapped is not None:
            self._offer("v1_complex", steer(population, self._shown_v1))
            self._offer("v1", steer(normal, self._shown_v1))
        return normal

    def _mt(self, v1: Tensor) -> Tensor:
        linear = steer(v1, torch.cat([self._pool_mt, self._shown_mt]))
        linear = MT_GAIN * blur(linear, gaussian_taps(MT_SD, MT_BLUR_TAPS))
        pool, shown = linear.split([len(self._pool_mt), len(self._shown_mt)], 1)
        self._offer("mt_linear", shown)
        pool, shown = (MT_SQUARE_GAIN * (part + MT_THRESHOLD).relu().square() for part in (pool, shown))
        normal = MT_NORMAL_GAIN * shown / (MT_POOL * pool.sum(1, keepdim=True) + MT_SATURATION)
        return self._offer("mt", normal)

    def _offer(self, layer: str, maps: Tensor) -> Tensor:
        return self.tap(layer, maps.movedim(1, 2))

    def units(self, layer: str) -> "xr.Dataset":
        """Preferred gratings of V1 units, preferred velocities of MT units.

        Parameters
        ----------
        layer
            One of `layers`.

        Returns
        -------
        xarray.Dataset
            Along ``unit``; see `unit_preferences`. V1 units prefer a frequency 0.2173 cycles from the origin of (cycles per
            pixel, cycles per frame); MT units a velocity at any frequency.
        """
        self._refuse_layer(layer, self.layers)
        if layer.startswith("mt"):
            direction, speed = np.array(self.config.mt_units or MT_POPULATION).T
            return unit_preferences(np.where(speed > 0, direction, np.nan), speed_ppf=speed)
        if self.config.v1_units is None:
            direction, speed = np.rad2deg(V1_POPULATION[:, 0]), V1_POPULATION[:, 1]
        else:
            direction, speed = np.array(self.config.v1_units).T
        elevation = np.arctan(speed)
        return unit_preferences(
            direction, PREFERRED_RADIUS * np.cos(elevation), PREFERRED_RADIUS * np.sin(elevation), speed
        )


def mt_weights(units: Sequence[tuple[float, float]]) -> np.ndarray:
    """Weights of MT units on the normalised V1 population, ``(unit, 28)``, of sum 0.

    Each is the sum of the weights of four V1 units at equal angles on the plane of the gratings that the preferred velocity
    contains, less their mean.

    Parameters
    ----------
    units
        ``(direction_deg, speed_ppf)`` of each.
    """
    population = directions(np.rad2deg(V1_POPULATION[:, 0]), V1_POPULATION[:, 1])
    components = np.stack([velocity_plane(direction, speed) for direction, speed in units])
    weights = interpolation_weights(components, population).sum(1)
    return weights - weights.mean(1, keepdims=True)


def velocity_plane(direction_deg: float, speed_ppf: float) -> np.ndarray:
    """Four unit vectors (y, x, t) at steps of 45 degrees on the plane of frequencies of one velocity, ``(4, 3)``."""
    direction = np.deg2rad(direction_deg)
    across = np.array([np.cos(direction), -np.sin(direction), 0.0])
    along = np.array([speed_ppf * np.sin(direction), speed_ppf * np.cos(direction), speed_ppf**2])
    if speed_ppf == 0:
        across, along = np.array([0.0, -1.0, 0.0]), np.array([-1.0, 0.0, 0.0])
    else:
        along /= np.linalg.norm(along)
    angle = np.arange(4)[:, None] * np.pi / 4
    return np.cos(angle) * along + np.sin(angle) * across
