"""Which filters a Nishimoto-Gallant pyramid has: their places, sizes, directions and frequencies, in one fixed sequence."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from .classical import Options

# Extent of a spatial Gaussian and its spacing on the grid, in standard deviations.
SPACING = 3.5
# Standard deviation of the Gaussians, in periods of the sinusoid under them, and where it ends.
SPATIAL_PERIODS, LARGEST_SPATIAL_SD = 0.6, 0.3
TEMPORAL_PERIODS, LARGEST_TEMPORAL_SD = 10.0, 0.3

COLUMNS = (
    "centre_right",
    "centre_down",
    "direction_deg",
    "spatial_frequency_cpi",
    "spatial_sd",
    "temporal_frequency_hz",
    "temporal_sd",
)


@dataclass(frozen=True)
class NishimotoGallantConfig(Options):
    """Sizes of a pyramid.

    Attributes
    ----------
    n_rows, n_cols
        Pixels of the clips.
    rate_hz
        Frames per second of the clips; with it the temporal frequencies mean something.
    temporal_frequencies_hz
        Of the filters, Hz; 0 for filters without motion.
    spatial_frequencies_cpi
        Cycles per picture height; with 0, each place has filters without orientation beside those of every other frequency.
    directions_deg
        0 rightward, counter-clockwise.
    colour
        What is seen of red, green and blue: ``"luminance"``, their weighted mean, or ``"lightness"``, CIE L* from 0 to 100
        as in the published code.
    """

    n_rows: int = 96
    n_cols: int = 96
    rate_hz: float = 24.0
    temporal_frequencies_hz: tuple[float, ...] = (0.0, 2.0, 4.0)
    spatial_frequencies_cpi: tuple[float, ...] = (0.0, 2.0, 4.0, 8.0, 16.0)
    directions_deg: tuple[float, ...] = (0.0, 45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0)
    colour: str = "luminance"

    def __post_init__(self) -> None:
        for name in ("n_rows", "n_cols"):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 2:
                raise ValueError(f"{name} must be a whole number of pixels above 1, received {getattr(self, name)!r}.")
        self.refuse_nonpositive("rate_hz")
        for name in ("temporal_frequencies_hz", "spatial_frequencies_cpi", "directions_deg"):
            values = tuple(float(value) for value in getattr(self, name))
            if not values or not np.isfinite(values).all() or min(values) < 0 or len(set(values)) < len(values):
                raise ValueError(f"{name} must be different numbers of 0 or more, received {getattr(self, name)!r}.")
            object.__setattr__(self, name, values)
        if max(self.spatial_frequencies_cpi) == 0:
            raise ValueError(
                "spatial_frequencies_cpi has no frequency above 0; the places of filters follow from them."
            )
        if max(self.temporal_frequencies_hz) > self.rate_hz / 2:
            raise ValueError(
                f"a temporal frequency of {max(self.temporal_frequencies_hz):g} Hz is above the Nyquist limit of "
                f"{self.rate_hz:g} frames per second, {self.rate_hz / 2:g} Hz; lower it or raise rate_hz."
            )
        limit = (self.n_rows - 1) / 2
        if max(self.spatial_frequencies_cpi) > limit:
            raise ValueError(
                f"a spatial frequency of {max(self.spatial_frequencies_cpi):g} cycles per picture is above the Nyquist "
                f"limit of {self.n_rows} rows, {limit:g}; lower it or raise n_rows and n_cols."
            )
        if self.width < 2:
            raise ValueError(f"at {self.rate_hz:g} frames per second a filter has {self.width} frames; raise rate_hz.")
        if self.colour not in ("luminance", "lightness"):
            raise ValueError(f"colour must be 'luminance' or 'lightness', received {self.colour!r}.")

    @property
    def width(self) -> int:
        """Frames of a temporal filter: two thirds of a second."""
        return int(self.rate_hz * (2 / 3))

    @property
    def aspect(self) -> float:
        """Width of the picture in picture heights."""
        return self.n_cols / self.n_rows


def spatial_sd(frequency_cpi: float) -> float:
    """Standard deviation of a spatial Gaussian in picture heights."""
    return min(SPATIAL_PERIODS / frequency_cpi, LARGEST_SPATIAL_SD)


def temporal_sd(frequency_hz: float) -> float:
    """Standard deviation of a temporal Gaussian in filter widths."""
    return min(1 / frequency_hz * TEMPORAL_PERIODS, LARGEST_TEMPORAL_SD) if frequency_hz else LARGEST_TEMPORAL_SD


def grid(extent: float, sd: float) -> np.ndarray:
    """Centres along one axis: as many as fit around the middle, none across an edge."""
    step = sd * SPACING
    each_side = max(np.floor((extent - step) / step / 2), 0)
    return step * np.arange(-each_side, each_side + 1) + extent / 2


def filter_table(config: NishimotoGallantConfig) -> np.ndarray:
    """All filters in sequence: frequency, direction, place from left to right and top to bottom, temporal frequency.

    Returns
    -------
    ndarray
        ``(filter, 7)``, the columns of `COLUMNS`: centre from the left and from the top in picture heights, direction in
        degrees, cycles per picture height, its Gaussian in picture heights, Hz, its Gaussian in filter widths.

    References
    ----------
    Nishimoto, Vu, Naselaris, Benjamini, Yu, Gallant 2011, Current Biology 21, 1641-1646, supplemental methods.
    """
    frequencies = [frequency for frequency in config.spatial_frequencies_cpi if frequency > 0]
    has_blobs = len(frequencies) < len(config.spatial_frequencies_cpi)
    rows = []
    for frequency, direction in product(frequencies, config.directions_deg):
        sd = spatial_sd(frequency)
        for right, down in product(grid(config.aspect, sd), grid(1.0, sd)):
            for rate in config.temporal_frequencies_hz:
                # Without motion the opposite direction is the same filter.
                if rate == 0 and direction >= 180:
                    continue
                rows.append((right, down, direction, frequency, sd, rate, temporal_sd(rate)))
                if has_blobs and direction == 0:
                    rows.append((right, down, direction, 0.0, sd, rate, temporal_sd(rate)))
    return np.array(rows)
