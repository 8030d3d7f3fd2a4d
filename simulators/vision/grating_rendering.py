"""Sums of sine components as frames, and the checks that they fit the display and its luminance."""

from collections.abc import Mapping, Sequence

import numpy as np

from .display import Display

Values = float | Sequence[float] | np.ndarray
# Single precision of contrasts that sum to the limit.
ROUNDING = 1e-6


def stacked_components(components: Mapping[str, Values], dims: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The parameters of components as arrays of one shape, with one axis per name in ``dims``.

    Raises
    ------
    ValueError
        If they do not broadcast to one shape, or that has too many axes.
    """
    values = {name: np.asarray(value, dtype=float) for name, value in components.items()}
    shapes = {name: value.shape for name, value in values.items()}
    try:
        shape = np.broadcast_shapes(*shapes.values())
    except ValueError:
        shape = (0,) * (len(dims) + 1)
    if len(shape) > len(dims):
        raise ValueError(f"the components have shapes {shapes}; give ({', '.join(dims)}) or one value for all.")
    shape = (1,) * (len(dims) - len(shape)) + shape
    return {name: np.broadcast_to(value, shape) for name, value in values.items()}


def render_gratings(
    display: Display,
    n_frames: int,
    components: Mapping[str, Values],
    mean_luminance: float,
    weights: np.ndarray,
) -> np.ndarray:
    """Frames of a sum of drifting gratings.

    Parameters
    ----------
    display
        The screen.
    n_frames
        Length.
    components
        ``direction_deg``, ``spatial_frequency_cpd``, ``temporal_frequency_hz``, ``contrast`` and ``phase_deg``, each one
        value per component or one for all; contrast 0 or NaN leaves a component out.
    mean_luminance
        Luminance about which they vary.
    weights
        Aperture (row, col).

    Returns
    -------
    numpy.ndarray
        ``(time, row, col)``, float32.

    Raises
    ------
    ValueError
        If a frequency cannot be shown, or the luminance would leave 0 to 1.
    """
    times = display.times(n_frames)
    table = stacked_components(components, ("component",))
    contrast = np.nan_to_num(table["contrast"], posinf=np.inf, neginf=-np.inf)
    refuse_contrasts(contrast, mean_luminance)
    shown = contrast > 0
    if not shown.any():
        return np.full((n_frames, display.n_rows, display.n_cols), mean_luminance, np.float32)
    direction, frequency, drift, contrast, phase = (
        table[name][shown]
        for name in ("direction_deg", "spatial_frequency_cpd", "temporal_frequency_hz", "contrast", "phase_deg")
    )
    refuse_components(display, direction, frequency, drift, phase)
    across, up = display.grid()
    wave = 2 * np.pi * frequency * np.exp(1j * np.deg2rad(direction))
    # cos(s - wt) = cos s cos wt + sin s sin wt, and exp(is) is a product of a row and a column.
    columns = np.exp(1j * (wave.real[:, None] * across[0] + np.deg2rad(phase)[:, None]))
    rows = np.exp(1j * wave.imag[:, None] * up[:, 0]) * contrast[:, None]
    plane = rows[:, :, None] * columns[:, None, :] * weights  # (component, row, col)
    basis = np.concatenate([plane.real, plane.imag]).astype(np.float32).reshape(2 * len(plane), -1)
    turn = 2 * np.pi * times[:, None] * drift
    in_time = np.concatenate([np.cos(turn), np.sin(turn)], axis=1).astype(np.float32)  # (time, 2 component)
    frames = mean_luminance * (1 + in_time @ basis).reshape(n_frames, display.n_rows, display.n_cols)
    return np.clip(frames, 0, 1, out=frames)  # of rounding alone: the contrasts were checked


def refuse_contrasts(contrast: Values, mean_luminance: float) -> None:
    """Refuse components whose sum could leave the luminance of 0 to 1.

    Raises
    ------
    ValueError
        With the sum of the contrasts and the largest that this mean allows.
    """
    contrast = np.atleast_1d(np.asarray(contrast, dtype=float))
    if not 0 < mean_luminance < 1:
        raise ValueError(f"mean_luminance is {mean_luminance}; give a luminance above 0 and below 1.")
    if not (np.isfinite(contrast).all() and contrast.min(initial=0) >= 0):
        raise ValueError(f"a contrast is {contrast[~(contrast >= 0)][:1].tolist() or 'infinite'}; give 0 to 1.")
    largest = min(1.0, 1 / mean_luminance - 1)
    if contrast.sum() > largest + ROUNDING:
        words = f"a contrast of {contrast[0]:g}" if contrast.size == 1 else f"contrasts that sum to {contrast.sum():g}"
        raise ValueError(
            f"{words} about a mean luminance of {mean_luminance:g} would leave luminance of 0 to 1; "
            f"give at most {largest:g} in all."
        )


def refuse_components(
    display: Display, direction_deg: np.ndarray, frequency_cpd: np.ndarray, drift_hz: np.ndarray, phase_deg: np.ndarray
) -> None:
    """Refuse components that the display cannot show.

    Raises
    ------
    ValueError
        If a value is not finite, a spatial frequency not positive, or one above its Nyquist limit.
    """
    for name, values in (("direction_deg", direction_deg), ("phase_deg", phase_deg)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name} of a grating is {values[~np.isfinite(values)][0]}; give a finite angle.")
    if (frequency_cpd <= 0).any():
        raise ValueError(
            f"spatial_frequency_cpd of a grating is {frequency_cpd[frequency_cpd <= 0][0]:g}; give a positive number."
        )
    for frequency, drift in zip(frequency_cpd, drift_hz, strict=True):
        display.refuse_aliasing(float(frequency), float(drift))


def uniform_flow(
    display: Display, n_frames: int, direction_deg: float, speed_deg_per_s: float, *, seen: np.ndarray
) -> np.ndarray:
    """Flow of one velocity wherever ``seen`` (row, col) is above 0, NaN elsewhere; ``(time, 2, row, col)``."""
    step = display.pixels_per_frame(speed_deg_per_s)
    angle = np.deg2rad(direction_deg)
    flow = np.full((n_frames, 2, display.n_rows, display.n_cols), np.nan, np.float32)
    flow[:, 0, seen > 0] = step * np.cos(angle)
    flow[:, 1, seen > 0] = -step * np.sin(angle)
    return flow
