"""Gratings: drifting, counterphase, two at an angle, and any sum of them.

A component is ``m c cos(2 pi (f x' - w t) + phase)`` about the mean luminance ``m``: contrast ``c``, spatial frequency
``f``, temporal frequency ``w``, and ``x'`` the place along the direction of drift, counted from the middle of the display.
"""

import numpy as np
import xarray as xr

from .apertures import Aperture, make_aperture
from .clip import CHANNELS, Fact, make_clip
from .display import Display
from .grating_rendering import Values, refuse_contrasts, render_gratings, stacked_components, uniform_flow

COMPONENT = ("direction_deg", "spatial_frequency_cpd", "temporal_frequency_hz", "contrast", "phase_deg")


def drifting_grating(
    display: Display,
    *,
    n_frames: int = 30,
    direction_deg: float = 0.0,
    spatial_frequency_cpd: float = 1.0,
    temporal_frequency_hz: float = 4.0,
    contrast: float = 1.0,
    phase_deg: float = 0.0,
    mean_luminance: float = 0.5,
    aperture: Aperture = None,
) -> xr.Dataset:
    """A sine grating that drifts at right angles to its bars.

    Parameters
    ----------
    display
        The screen.
    n_frames
        Length.
    direction_deg
        Direction of drift, 0 = rightward, counter-clockwise.
    spatial_frequency_cpd
        Cycles per degree, above 0.
    temporal_frequency_hz
        Cycles per second; 0 stands still, a negative one drifts the other way.
    contrast
        Michelson contrast, 0 to 1.
    phase_deg
        Phase in the middle of the display in the first frame; 0 is a bright bar.
    mean_luminance
        Luminance about which it varies, and outside the aperture.
    aperture
        Window, see `make_aperture`.

    Returns
    -------
    xarray.Dataset
        As `make_clip`; the flow is the velocity along the normal of the bars, NaN outside the aperture or at contrast 0.

    Raises
    ------
    ValueError
        If a frequency is above its Nyquist limit, or the luminance would leave 0 to 1.
    """
    if temporal_frequency_hz < 0:
        direction_deg, temporal_frequency_hz, phase_deg = direction_deg + 180, -temporal_frequency_hz, -phase_deg
    component = {
        "direction_deg": direction_deg % 360,
        "spatial_frequency_cpd": spatial_frequency_cpd,
        "temporal_frequency_hz": temporal_frequency_hz,
        "contrast": contrast,
        "phase_deg": phase_deg,
    }
    refuse_contrasts(contrast, mean_luminance)
    weights = make_aperture(display, aperture)
    frames = render_gratings(display, n_frames, component, mean_luminance, weights)
    speed = temporal_frequency_hz / spatial_frequency_cpd
    flow = uniform_flow(display, n_frames, direction_deg, speed, seen=weights if contrast else 0 * weights)
    return make_clip(
        frames,
        display,
        flow=flow,
        facts={
            "kind": "grating",
            **component,
            "orientation_deg": (direction_deg + 90) % 180,
            "speed_deg_per_s": speed,
        },
    )


def counterphase_grating(
    display: Display,
    *,
    n_frames: int = 30,
    orientation_deg: float = 90.0,
    spatial_frequency_cpd: float = 1.0,
    temporal_frequency_hz: float = 4.0,
    contrast: float = 1.0,
    phase_deg: float = 0.0,
    temporal_phase_deg: float = 0.0,
    mean_luminance: float = 0.5,
    aperture: Aperture = None,
) -> xr.Dataset:
    """A standing grating whose contrast reverses sinusoidally: two opposite drifts of half the contrast.

    Parameters
    ----------
    display
        The screen.
    n_frames
        Length.
    orientation_deg
        Orientation of the bars, 90 = upright, counter-clockwise.
    spatial_frequency_cpd
        Cycles per degree, above 0.
    temporal_frequency_hz
        Full cycles of the contrast per second.
    contrast
        Largest Michelson contrast, 0 to 1.
    phase_deg
        Place of the bars; 0 has one in the middle of the display.
    temporal_phase_deg
        Phase of the contrast in the first frame; 0 is its greatest.
    mean_luminance
        Luminance about which it varies, and outside the aperture.
    aperture
        Window, see `make_aperture`.

    Returns
    -------
    xarray.Dataset
        As `make_clip`; there is no flow.

    Raises
    ------
    ValueError
        If a frequency is above its Nyquist limit, or the luminance would leave 0 to 1.
    """
    refuse_contrasts(contrast, mean_luminance)
    components: dict[str, Values] = {
        "direction_deg": orientation_deg - 90,
        "spatial_frequency_cpd": spatial_frequency_cpd,
        "temporal_frequency_hz": [temporal_frequency_hz, -temporal_frequency_hz],
        "contrast": contrast / 2,
        "phase_deg": [phase_deg - temporal_phase_deg, phase_deg + temporal_phase_deg],
    }
    frames = render_gratings(display, n_frames, components, mean_luminance, make_aperture(display, aperture))
    facts: dict[str, Fact] = {
        "kind": "counterphase",
        "orientation_deg": orientation_deg % 180,
        "spatial_frequency_cpd": spatial_frequency_cpd,
        "temporal_frequency_hz": temporal_frequency_hz,
        "contrast": contrast,
        "phase_deg": phase_deg,
        "temporal_phase_deg": temporal_phase_deg,
    }
    return make_clip(frames, display, facts=facts)


def plaid(
    display: Display,
    *,
    n_frames: int = 30,
    direction_deg: float = 0.0,
    angle_deg: float = 120.0,
    spatial_frequency_cpd: float = 1.0,
    temporal_frequency_hz: float = 4.0,
    contrast: float = 0.5,
    second_contrast: float | None = None,
    phase_deg: float = 0.0,
    mean_luminance: float = 0.5,
    aperture: Aperture = None,
) -> xr.Dataset:
    """Two gratings that drift half of ``angle_deg`` to either side of one direction.

    Parameters
    ----------
    display
        The screen.
    n_frames
        Length.
    direction_deg
        Direction of the pattern, 0 = rightward, counter-clockwise.
    angle_deg
        Angle between the two directions of drift, above 0 and below 180.
    spatial_frequency_cpd, temporal_frequency_hz
        Of each grating; a negative temporal frequency moves the pattern the other way.
    contrast
        Of the grating at ``direction_deg + angle_deg / 2``.
    second_contrast
        Of the other one; equal by default.
    phase_deg
        Of both.
    mean_luminance
        Luminance about which it varies, and outside the aperture.
    aperture
        Window, see `make_aperture`.

    Returns
    -------
    xarray.Dataset
        As `make_clip`; speed and flow are those of the pattern, the one velocity that both gratings allow (intersection
        of constraints), NaN outside the aperture.

    Raises
    ------
    ValueError
        If the angle or a frequency is out of range, or the luminance would leave 0 to 1.
    """
    if not 0 < angle_deg < 180:
        raise ValueError(f"angle_deg of a plaid is {angle_deg}; give the angle between its drifts, above 0, below 180.")
    contrasts = [contrast, contrast if second_contrast is None else second_contrast]
    refuse_contrasts(contrasts, mean_luminance)
    if temporal_frequency_hz < 0:
        direction_deg, temporal_frequency_hz, phase_deg = direction_deg + 180, -temporal_frequency_hz, -phase_deg
    components: dict[str, Values] = {
        "direction_deg": [direction_deg + angle_deg / 2, direction_deg - angle_deg / 2],
        "spatial_frequency_cpd": spatial_frequency_cpd,
        "temporal_frequency_hz": temporal_frequency_hz,
        "contrast": contrasts,
        "phase_deg": phase_deg,
    }
    weights = make_aperture(display, aperture)
    frames = render_gratings(display, n_frames, components, mean_luminance, weights)
    speed = temporal_frequency_hz / spatial_frequency_cpd / np.cos(np.deg2rad(angle_deg / 2))
    seen = weights if min(contrasts) > 0 else 0 * weights
    facts: dict[str, Fact] = {
        "kind": "plaid",
        "direction_deg": direction_deg % 360,
        "angle_deg": angle_deg,
        "spatial_frequency_cpd": spatial_frequency_cpd,
        "temporal_frequency_hz": temporal_frequency_hz,
        "speed_deg_per_s": float(speed),
        "contrast": contrasts[0],
        "second_contrast": contrasts[1],
        "phase_deg": phase_deg,
    }
    flow = uniform_flow(display, n_frames, direction_deg, float(speed), seen=seen)
    return make_clip(frames, display, flow=flow, facts=facts)


def grating_sum(
    display: Display,
    *,
    n_frames: int = 30,
    direction_deg: Values = (0.0, 120.0, 240.0),
    spatial_frequency_cpd: Values = 1.0,
    temporal_frequency_hz: Values = 4.0,
    contrast: Values = 0.3,
    phase_deg: Values = 0.0,
    mean_luminance: float = 0.5,
    aperture: Aperture = None,
) -> xr.Dataset:
    """A sum of drifting gratings, each with its own parameters.

    Parameters
    ----------
    display
        The screen.
    n_frames
        Length.
    direction_deg, spatial_frequency_cpd, temporal_frequency_hz, contrast, phase_deg
        One value per component, or one for all; see `drifting_grating`. Contrast 0 or NaN leaves a component out.
    mean_luminance
        Luminance about which it varies, and outside the aperture.
    aperture
        Window, see `make_aperture`.

    Returns
    -------
    xarray.Dataset
        As `make_clip`; the facts are the number of components and the sum of their contrasts; there is no flow.

    Raises
    ------
    ValueError
        If a frequency is above its Nyquist limit, the numbers of values do not fit, or the luminance would leave 0 to 1.
    """
    given = (direction_deg, spatial_frequency_cpd, temporal_frequency_hz, contrast, phase_deg)
    components = dict(zip(COMPONENT, given, strict=True))
    frames = render_gratings(display, n_frames, components, mean_luminance, make_aperture(display, aperture))
    shown = np.nan_to_num(stacked_components(components, ("component",))["contrast"])
    facts: dict[str, Fact] = {
        "kind": "grating sum",
        "n_components": int((shown > 0).sum()),
        "contrast": float(shown.sum()),
    }
    return make_clip(frames, display, facts=facts)


def grating_sums(
    display: Display,
    *,
    n_frames: int,
    direction_deg: Values,
    spatial_frequency_cpd: Values,
    temporal_frequency_hz: Values,
    contrast: Values,
    phase_deg: Values = 0.0,
    mean_luminance: float = 0.5,
    aperture: Aperture = None,
) -> xr.DataArray:
    """Many trials of `grating_sum` at once, such as an experiment with mixtures of gratings.

    Parameters
    ----------
    display
        The screen.
    n_frames
        Length of each.
    direction_deg, spatial_frequency_cpd, temporal_frequency_hz, contrast, phase_deg
        ``(stimulus, component)`` or what broadcasts to it. Contrast 0 or NaN leaves a component out.
    mean_luminance
        Luminance about which they vary, and outside the aperture.
    aperture
        One window for all.

    Returns
    -------
    xarray.DataArray
        ``(stimulus, time, channel, row, col)`` as `stack_clips` returns.

    Raises
    ------
    ValueError
        If a frequency is above its Nyquist limit, the shapes do not fit, or the luminance would leave 0 to 1.
    """
    given = (direction_deg, spatial_frequency_cpd, temporal_frequency_hz, contrast, phase_deg)
    table = stacked_components(dict(zip(COMPONENT, given, strict=True)), ("stimulus", "component"))
    n_stimuli = len(table["contrast"])
    weights, times = make_aperture(display, aperture), display.times(n_frames)
    frames = np.empty((n_stimuli, n_frames, 1, display.n_rows, display.n_cols), np.float32)
    for number in range(n_stimuli):
        components = {name: values[number] for name, values in table.items()}
        frames[number, :, 0] = render_gratings(display, n_frames, components, mean_luminance, weights)
    shown = np.nan_to_num(table["contrast"])
    coordinates = {
        "stimulus_id": ("stimulus", [f"clip-{number:03d}" for number in range(n_stimuli)]),
        "time": times,
        "channel": list(CHANNELS[1]),
        "kind": ("stimulus", ["grating sum"] * n_stimuli),
        "n_components": ("stimulus", (shown > 0).sum(axis=1)),
        "contrast": ("stimulus", shown.sum(axis=1)),
        "mean_luminance": ("stimulus", frames.mean(axis=(1, 2, 3, 4), dtype=float)),
    }
    attributes = {
        "unit": "luminance, 0 to 1",
        "rate_hz": float(display.rate_hz),
        "pixels_per_degree": float(display.pixels_per_degree),
    }
    dims = ("stimulus", "time", "channel", "row", "col")
    return xr.DataArray(frames, dims=dims, coords=coordinates, attrs=attributes, name="stimuli")


def uniform_clip(display: Display, *, n_frames: int = 30, luminance: float = 0.5) -> xr.Dataset:
    """A blank screen.

    Parameters
    ----------
    display
        The screen.
    n_frames
        Length.
    luminance
        Of every pixel, 0 to 1.

    Returns
    -------
    xarray.Dataset
        As `make_clip`, of contrast 0; there is no flow.
    """
    frames = np.full((len(display.times(n_frames)), display.n_rows, display.n_cols), luminance, np.float32)
    return make_clip(frames, display, facts={"kind": "uniform", "contrast": 0.0})
