"""The missing fundamental: a square wave without its first harmonic, whose third harmonic goes the other way."""

import numpy as np
import xarray as xr

from .apertures import Aperture, make_aperture
from .clip import Fact, make_clip
from .display import Display
from .grating_rendering import refuse_components, refuse_contrasts, uniform_flow


def missing_fundamental(
    display: Display,
    *,
    n_frames: int = 30,
    direction_deg: float = 0.0,
    spatial_frequency_cpd: float = 0.5,
    step_cycles: float = 0.25,
    frames_per_step: int = 1,
    temporal_frequency_hz: float | None = None,
    contrast: float = 0.5,
    phase_deg: float = 0.0,
    keeps_fundamental: bool = False,
    mean_luminance: float = 0.5,
    aperture: Aperture = None,
) -> xr.Dataset:
    """A square wave without its fundamental, in steps of a quarter cycle or continuously.

    The wave is ``4 / pi sum over odd k of sin(k s) / k``, with the harmonics that the display can show, from the third on.
    Stepped by a quarter of its cycle, all that is left of the lowest frequency is a third harmonic that steps by three
    quarters, which is a quarter backwards: what sees motion energy sees it go backwards.

    Parameters
    ----------
    display
        The screen.
    n_frames
        Length.
    direction_deg
        Direction in which the wave is moved, 0 = rightward, counter-clockwise.
    spatial_frequency_cpd
        Of the (missing) fundamental.
    step_cycles
        Displacement of each step in cycles of the fundamental; a quarter is the classical one.
    frames_per_step
        Frames for which a step is held.
    temporal_frequency_hz
        Of the fundamental, for continuous motion in place of steps; 0 stands still.
    contrast
        Contrast of the square wave that the fundamental is taken from.
    phase_deg
        Phase of the fundamental in the middle of the display in the first frame; 0 is an edge.
    keeps_fundamental
        The whole square wave, as a control.
    mean_luminance
        Luminance about which it varies, and outside the aperture.
    aperture
        Window, see `make_aperture`.

    Returns
    -------
    xarray.Dataset
        As `make_clip`. Speed and flow (mean per frame, NaN outside the aperture) are those of the wave;
        ``perceived_direction_deg`` is that of its lowest harmonic by the shortest step, and is left out where that
        harmonic steps by half a cycle or stands still.

    Raises
    ------
    ValueError
        If the third harmonic is above a Nyquist limit, or the luminance would leave 0 to 1.

    References
    ----------
    Adelson EH, Bergen JR (1985) Spatiotemporal energy models for the perception of motion. J Opt Soc Am A 2:284-299.
    """
    times = display.times(n_frames)
    if frames_per_step < 1:
        raise ValueError(f"frames_per_step is {frames_per_step}; hold each step for at least one frame.")
    if not np.isfinite(step_cycles):
        raise ValueError(f"step_cycles is {step_cycles}; give a finite number of cycles.")
    lowest = 1 if keeps_fundamental else 3
    steps = temporal_frequency_hz is None
    drift = 0.0 if temporal_frequency_hz is None else temporal_frequency_hz
    angle = np.array([direction_deg]), np.array([phase_deg])
    refuse_components(
        display, angle[0], lowest * np.array([spatial_frequency_cpd]), lowest * np.array([drift]), angle[1]
    )
    refuse_contrasts(contrast, mean_luminance)
    harmonics = np.arange(lowest, display.nyquist_cpd / spatial_frequency_cpd + 1e-9, 2)
    cycles: np.ndarray
    if steps:
        cycles, mean_step = np.arange(n_frames) // frames_per_step * step_cycles, step_cycles / frames_per_step
    else:
        harmonics = harmonics[harmonics * abs(drift) <= display.nyquist_hz]
        cycles, mean_step = times * drift, drift / display.rate_hz
    weights = make_aperture(display, aperture)
    across, up = display.grid()
    along = across * np.cos(np.deg2rad(direction_deg)) + up * np.sin(np.deg2rad(direction_deg))
    place = np.exp(1j * (2 * np.pi * spatial_frequency_cpd * along + np.deg2rad(phase_deg)))
    frames = _wave(place, harmonics, cycles) * weights * contrast
    _refuse_overshoot(float(abs(frames).max()), contrast, mean_luminance)
    speed = mean_step * display.rate_hz / spatial_frequency_cpd
    if speed < 0:
        direction_deg, speed = direction_deg + 180, -speed
    facts: dict[str, Fact] = {
        "kind": "square wave" if keeps_fundamental else "missing fundamental",
        "direction_deg": direction_deg % 360,
        "orientation_deg": (direction_deg + 90) % 180,
        "spatial_frequency_cpd": spatial_frequency_cpd,
        "temporal_frequency_hz": abs(mean_step) * display.rate_hz,
        "speed_deg_per_s": speed,
        "contrast": contrast,
        "phase_deg": phase_deg,
        "lowest_harmonic": lowest,
    }
    turn = lowest * abs(step_cycles if steps else drift / display.rate_hz) % 1
    if not np.isclose(turn, (0, 0.5, 1)).any():
        facts["perceived_direction_deg"] = (direction_deg + 180 * (turn > 0.5)) % 360
    flow = uniform_flow(display, n_frames, direction_deg, speed, seen=weights)
    return make_clip(mean_luminance * (1 + frames), display, flow=flow, facts=facts)


def _wave(place: np.ndarray, harmonics: np.ndarray, cycles: np.ndarray) -> np.ndarray:
    """The harmonics of a square wave (time, row, col); ``place`` is exp(i phase) of the fundamental at each pixel."""
    planes = np.stack([place**k for k in harmonics]).reshape(len(harmonics), -1) * (4 / np.pi / harmonics)[:, None]
    turn = 2 * np.pi * cycles[:, None] * harmonics
    # sin(s - wt) = sin s cos wt - cos s sin wt
    return (np.cos(turn) @ planes.imag - np.sin(turn) @ planes.real).reshape(len(cycles), *place.shape)


def _refuse_overshoot(largest: float, contrast: float, mean_luminance: float) -> None:
    """A sum of few harmonics overshoots the square wave at its edges (Gibbs)."""
    limit = min(1.0, 1 / mean_luminance - 1)
    if largest > limit:
        raise ValueError(
            f"the harmonics of a square wave of contrast {contrast:g} reach {largest:.3g} about a mean luminance of "
            f"{mean_luminance:g} and would leave luminance of 0 to 1; give a contrast of at most "
            f"{np.floor(1000 * contrast * limit / largest) / 1000:g}."
        )
