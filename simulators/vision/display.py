"""The screen that a moving picture is shown on: pixels, degrees of visual angle, frames per second, and their limits."""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from .parameters import refuse_length


@dataclass(frozen=True)
class Display:
    """A screen seen from a fixed distance.

    Attributes
    ----------
    n_rows, n_cols
        Pixels.
    pixels_per_degree
        Pixels per degree of visual angle.
    rate_hz
        Frames per second.

    Raises
    ------
    ValueError
        If a number is not positive.
    """

    n_rows: int = 128
    n_cols: int = 128
    pixels_per_degree: float = 16.0
    rate_hz: float = 30.0

    def __post_init__(self) -> None:
        for name in ("n_rows", "n_cols", "pixels_per_degree", "rate_hz"):
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                raise ValueError(f"{name} of a display is {value}; give a positive number.")
        for name in ("n_rows", "n_cols"):
            if getattr(self, name) != int(getattr(self, name)):
                raise ValueError(f"{name} of a display is {getattr(self, name)}; give a whole number of pixels.")

    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Horizontal and vertical place of each pixel, ``(row, col)``, degrees from the centre, right and up positive."""
        x = (np.arange(self.n_cols) - (self.n_cols - 1) / 2) / self.pixels_per_degree
        y = ((self.n_rows - 1) / 2 - np.arange(self.n_rows)) / self.pixels_per_degree
        across, up = np.meshgrid(x, y)
        return across, up

    def times(self, n_frames: int) -> np.ndarray:
        """Onset of each frame in s, the first at 0.

        Raises
        ------
        ValueError
            If there is no frame, or a part of one.
        """
        refuse_length(n_frames)
        return np.arange(n_frames) / self.rate_hz

    @property
    def nyquist_cpd(self) -> float:
        """Highest spatial frequency that the pixels can show, cycles per degree."""
        return self.pixels_per_degree / 2

    @property
    def nyquist_hz(self) -> float:
        """Highest temporal frequency that the frames can show, Hz."""
        return self.rate_hz / 2

    def pixels_per_frame(self, speed_deg_per_s: float) -> float:
        """A speed in degrees per second as pixels per frame."""
        return speed_deg_per_s * self.pixels_per_degree / self.rate_hz

    def degrees_per_second(self, speed_px_per_frame: float) -> float:
        """A speed in pixels per frame as degrees per second."""
        return speed_px_per_frame * self.rate_hz / self.pixels_per_degree

    def refuse_aliasing(self, spatial_frequency_cpd: float = 0.0, temporal_frequency_hz: float = 0.0) -> None:
        """Refuse what this display would show as something else.

        Raises
        ------
        ValueError
            If a frequency is not finite or above its Nyquist limit; names the limit.
        """
        for word, value, limit, unit, remedy in (
            ("spatial", spatial_frequency_cpd, self.nyquist_cpd, "cycles/deg", "pixels_per_degree"),
            ("temporal", temporal_frequency_hz, self.nyquist_hz, "Hz", "rate_hz"),
        ):
            if not isfinite(value):
                raise ValueError(f"the {word} frequency is {value}; give a finite number in {unit}.")
            if abs(value) > limit:
                raise ValueError(
                    f"a {word} frequency of {value:g} {unit} is above the Nyquist limit of this display, {limit:g} "
                    f"{unit}; lower it or raise {remedy}."
                )
