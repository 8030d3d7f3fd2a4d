"""Second-order motion: what moves is the contrast, the flicker or the movement of a noise, not its luminance.

All of these have the same mean luminance everywhere, and over draws of the noise as much motion energy in a direction as
in the opposite one; their flow is the velocity of what modulates the noise.
"""

from numbers import Integral
from typing import Literal, get_args

import numpy as np
import xarray as xr

from .clip import Fact, make_clip
from .display import Display
from .parameters import refuse_infinite, refuse_length, seeded

Carrier = Literal["static", "dynamic"]
# Side of the table of random signs, a power of 2; the noise repeats after so many checks.
_N_SIGNS = 512


def contrast_modulated(
    display: Display,
    n_frames: int = 30,
    *,
    direction_deg: float = 0.0,
    spatial_frequency_cpd: float = 0.5,
    temporal_frequency_hz: float = 3.0,
    contrast: float = 1.0,
    depth: float = 1.0,
    carrier: Carrier = "static",
    check_px: int = 1,
    phase_deg: float = 0.0,
    seed: int = 0,
) -> xr.Dataset:
    """Noise of black and white checks whose contrast is a drifting grating.

    Parameters
    ----------
    display
        Of the clip.
    n_frames
        Of the clip.
    direction_deg
        In which the grating drifts; counter-clockwise from rightward.
    spatial_frequency_cpd, temporal_frequency_hz
        Of the grating; it moves by their quotient.
    contrast
        Of the noise where it is largest, 0 to 1.
    depth
        Of the modulation: at 1 the noise vanishes in the troughs.
    carrier
        ``"static"`` noise stays, ``"dynamic"`` noise is fresh in each frame.
    check_px
        Side of a check, pixels.
    phase_deg
        Of the grating at the centre of the first frame.
    seed
        Of the noise.

    Returns
    -------
    xarray.Dataset
        See `make_clip`.

    Raises
    ------
    ValueError
        If a frequency is above the limit of the display, or a number is not as above.

    References
    ----------
    Chubb & Sperling 1988, J. Opt. Soc. Am. A 5:1986-2007.
    """
    if carrier not in get_args(Carrier):
        raise ValueError(f"carrier {carrier!r} is not known; give {' or '.join(get_args(Carrier))}.")
    wave = _Wave(display, n_frames, direction_deg, spatial_frequency_cpd, temporal_frequency_hz, phase_deg)
    _refuse(contrast=contrast, depth=depth)
    rng = seeded(seed)
    signs = _signs(rng)
    frames = np.empty((n_frames, display.n_rows, display.n_cols), dtype=np.float32)
    for frame, cycles in enumerate(wave.cycles()):
        if frame and carrier == "dynamic":
            signs = _signs(rng)
        envelope = (1 + depth * np.cos(2 * np.pi * cycles)) / (1 + depth)
        frames[frame] = 0.5 + 0.5 * contrast * envelope * _checks(display, signs, check_px)
    return wave.clip(frames, "contrast_modulated", contrast, seed, carrier=carrier, depth=depth)


def flicker_modulated(
    display: Display,
    n_frames: int = 30,
    *,
    direction_deg: float = 0.0,
    spatial_frequency_cpd: float = 0.5,
    temporal_frequency_hz: float = 3.0,
    contrast: float = 1.0,
    depth: float = 1.0,
    largest_rate: float = 0.5,
    check_px: int = 1,
    phase_deg: float = 0.0,
    seed: int = 0,
) -> xr.Dataset:
    """Noise of one contrast whose rate of flicker is a drifting grating: each check reverses at random, here more often.

    Parameters
    ----------
    display, n_frames, direction_deg, spatial_frequency_cpd, temporal_frequency_hz, contrast, check_px, phase_deg, seed
        As in `contrast_modulated`.
    depth
        Of the modulation: at 1 the noise stands still in the troughs.
    largest_rate
        Probability that a check reverses from a frame to the next where it flickers most, 0 to 0.5.

    Returns
    -------
    xarray.Dataset
        See `make_clip`.

    Raises
    ------
    ValueError
        If a frequency is above the limit of the display, or a number is not as above.

    References
    ----------
    Chubb & Sperling 1988, J. Opt. Soc. Am. A 5:1986-2007.
    """
    wave = _Wave(display, n_frames, direction_deg, spatial_frequency_cpd, temporal_frequency_hz, phase_deg)
    _refuse(contrast=contrast, depth=depth)
    if not 0 <= largest_rate <= 0.5:
        raise ValueError(f"largest_rate is {largest_rate}; give 0 to 0.5 reversals per frame.")
    rng = seeded(seed)
    noise = _checks(display, _signs(rng), check_px)
    frames = np.empty((n_frames, display.n_rows, display.n_cols), dtype=np.float32)
    for frame, cycles in enumerate(wave.cycles()):
        if frame:
            rate = largest_rate * (1 + depth * np.cos(2 * np.pi * cycles)) / (1 + depth)
            chance = _checks(display, rng.random((_N_SIGNS, _N_SIGNS), dtype=np.float32), check_px)
            noise = np.where(chance < rate, -noise, noise)
        frames[frame] = 0.5 + 0.5 * contrast * noise
    return wave.clip(frames, "flicker_modulated", contrast, seed, depth=depth)


def drift_balanced(
    display: Display,
    n_frames: int = 30,
    *,
    direction_deg: float = 0.0,
    spatial_frequency_cpd: float = 0.5,
    temporal_frequency_hz: float = 3.0,
    contrast: float = 1.0,
    bar_px: float = 4.0,
    checks: bool = False,
    seed: int = 0,
) -> xr.Dataset:
    """Random black and white bars that reverse one after the other, as a front travels over them.

    Parameters
    ----------
    display, n_frames, contrast, seed
        As in `contrast_modulated`.
    direction_deg
        In which the fronts travel, across the bars.
    spatial_frequency_cpd, temporal_frequency_hz
        Fronts per degree, and fronts per second that pass a bar.
    bar_px
        Width of a bar, pixels.
    checks
        Cut the bars into squares with random signs of their own.

    Returns
    -------
    xarray.Dataset
        See `make_clip`.

    Raises
    ------
    ValueError
        If a frequency is above the limit of the display, or a number is not as above.

    References
    ----------
    Chubb & Sperling 1988, J. Opt. Soc. Am. A 5:1986-2007: travelling contrast reversal of a random bar pattern.
    """
    wave = _Wave(display, n_frames, direction_deg, spatial_frequency_cpd, temporal_frequency_hz, 0.0)
    _refuse(contrast=contrast)
    if not (np.isfinite(bar_px) and bar_px >= 1):
        raise ValueError(f"bar_px is {bar_px}; give at least 1 pixel.")
    rng = seeded(seed)
    signs = _signs(rng)
    start = rng.random()
    along, beside = wave.places()
    bar = np.floor(along / bar_px).astype(int)
    square = np.floor(beside / bar_px).astype(int) if checks else np.zeros_like(bar)
    noise = signs[square % _N_SIGNS, bar % _N_SIGNS]
    # A bar reverses as a whole, when the front reaches its middle.
    middle = (bar + 0.5) * bar_px / display.pixels_per_degree
    frames = np.empty((n_frames, display.n_rows, display.n_cols), dtype=np.float32)
    for frame in range(n_frames):
        passed = np.floor(start + temporal_frequency_hz * frame / display.rate_hz - spatial_frequency_cpd * middle)
        frames[frame] = 0.5 + 0.5 * contrast * np.where(passed % 2 == 0, noise, -noise)
    return wave.clip(frames, "drift_balanced", contrast, seed)


def motion_defined(
    display: Display,
    n_frames: int = 30,
    *,
    direction_deg: float = 0.0,
    spatial_frequency_cpd: float = 0.25,
    temporal_frequency_hz: float = 1.5,
    contrast: float = 1.0,
    carrier_speed_px: float = 1.0,
    check_px: int = 1,
    phase_deg: float = 0.0,
    seed: int = 0,
) -> xr.Dataset:
    """Stripes that differ only in how their noise moves, along them one way and the other, and drift across.

    Parameters
    ----------
    display, n_frames, direction_deg, spatial_frequency_cpd, temporal_frequency_hz, contrast, check_px, phase_deg, seed
        As in `contrast_modulated`; the modulation is a square wave.
    carrier_speed_px
        Of the noise along the stripes, pixels per frame.

    Returns
    -------
    xarray.Dataset
        See `make_clip`; the flow is that of the stripes.

    Raises
    ------
    ValueError
        If a frequency is above the limit of the display, or a number is not as above.

    References
    ----------
    Zanker 1993, Vision Research 33:553-569: theta motion.
    """
    wave = _Wave(display, n_frames, direction_deg, spatial_frequency_cpd, temporal_frequency_hz, phase_deg)
    _refuse(contrast=contrast)
    if not np.isfinite(carrier_speed_px):
        raise ValueError(f"carrier_speed_px is {carrier_speed_px}; give a finite number of pixels per frame.")
    rng = seeded(seed)
    one, other = _signs(rng), _signs(rng)
    angle = np.deg2rad(direction_deg)
    # Along the stripes, in columns and rows.
    step = carrier_speed_px * np.array([np.sin(angle), np.cos(angle)])
    frames = np.empty((n_frames, display.n_rows, display.n_cols), dtype=np.float32)
    for frame, cycles in enumerate(wave.cycles()):
        forth = _checks(display, one, check_px, frame * step)
        back = _checks(display, other, check_px, -frame * step)
        frames[frame] = 0.5 + 0.5 * contrast * np.where(cycles % 1 < 0.5, forth, back)
    return wave.clip(frames, "motion_defined", contrast, seed, carrier_speed_px=carrier_speed_px)


class _Wave:
    """A drifting wave on a display: what modulates."""

    def __init__(
        self, display: Display, n_frames: int, direction: float, spatial: float, temporal: float, phase: float
    ) -> None:
        refuse_length(n_frames)
        refuse_infinite(direction_deg=direction, phase_deg=phase)
        if not spatial > 0:
            raise ValueError(f"spatial_frequency_cpd is {spatial}; give a positive number, so that there is a speed.")
        display.refuse_aliasing(spatial, temporal)
        self.display, self.n_frames = display, n_frames
        self.direction, self.spatial, self.temporal, self.phase = direction, spatial, temporal, phase

    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """Pixels along the direction and beside it, ``(row, col)`` from the centre."""
        across, up = self.display.grid()
        c, s = np.cos(np.deg2rad(self.direction)), np.sin(np.deg2rad(self.direction))
        per_degree = self.display.pixels_per_degree
        return per_degree * (c * across + s * up), per_degree * (c * up - s * across)

    def cycles(self) -> list[np.ndarray]:
        """Phase of the wave at each pixel of each frame, in cycles."""
        still = self.spatial * self.places()[0] / self.display.pixels_per_degree + self.phase / 360
        return [still - self.temporal * time for time in self.display.times(self.n_frames)]

    def clip(self, frames: np.ndarray, kind: str, contrast: float, seed: int, **facts: Fact) -> xr.Dataset:
        """Frames with the flow of the wave."""
        turned = self.temporal < 0
        direction, phase = (self.direction + 180, -self.phase) if turned else (self.direction, self.phase)
        speed = abs(self.temporal) / self.spatial
        angle = np.deg2rad(direction)
        velocity = self.display.pixels_per_frame(speed) * np.array([np.cos(angle), -np.sin(angle)])
        shape = (self.n_frames, 2, self.display.n_rows, self.display.n_cols)
        flow = np.broadcast_to(velocity[None, :, None, None], shape)
        every: dict[str, Fact] = {
            "kind": kind,
            "direction_deg": float(direction % 360),
            "spatial_frequency_cpd": float(self.spatial),
            "temporal_frequency_hz": float(abs(self.temporal)),
            "speed_deg_per_s": float(speed),
            "contrast": float(contrast),
            "phase_deg": float(phase),
            "seed": int(seed),
            **facts,
        }
        return make_clip(np.clip(frames, 0, 1), self.display, flow=flow, facts=every)


def _signs(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 2, (_N_SIGNS, _N_SIGNS), dtype=np.int8).astype(np.float32) * 2 - 1


def _checks(display: Display, table: np.ndarray, check_px: int, shift: np.ndarray | None = None) -> np.ndarray:
    """A table of checks on the display, shifted right and down by so many pixels."""
    if not isinstance(check_px, Integral) or check_px < 1:
        raise ValueError(f"check_px is {check_px}; give a whole number of pixels, at least 1.")
    right, down = (0.0, 0.0) if shift is None else shift
    cols = np.floor((np.arange(display.n_cols) - right) / check_px).astype(int) % _N_SIGNS
    rows = np.floor((np.arange(display.n_rows) - down) / check_px).astype(int) % _N_SIGNS
    return table[rows[:, None], cols[None, :]]


def _refuse(**shares: float) -> None:
    for name, value in shares.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is {value}; give 0 to 1.")
