"""Stimuli of recordings that stored parameters instead of pictures, drawn for models that count in pixels and frames."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from .clip import stack_clips
from .display import Display
from .dots import random_dots
from .gratings import grating_sums


def grating_mixtures(
    parameters: Mapping[str, np.ndarray],
    *,
    side_px: int = 48,
    cycles_per_px: float = 0.125,
    rate_hz: float = 30.0,
    n_frames: int = 30,
) -> xr.DataArray:
    """Sums of drifting gratings of one spatial frequency, the same number of cycles in the picture for every neuron.

    A neuron's gratings have the spatial frequency that suits it; models have scales of their own. Drawing all at one number of
    cycles per pixel compares direction, temporal frequency and contrast, and asks nothing about scale.

    Parameters
    ----------
    parameters
        ``direction_deg``, ``spatial_frequency_cpd``, ``temporal_frequency_hz``, ``contrast`` and ``phase_deg``, each
        ``(picture, component)``; contrast 0 or NaN where there is no component.
    side_px
        Rows and columns.
    cycles_per_px
        Of the gratings' spatial frequency.
    rate_hz, n_frames
        Frames per second, and how many.

    Returns
    -------
    xarray.DataArray
        ``(stimulus, time, channel, row, col)``.

    Raises
    ------
    ValueError
        If the components differ in spatial frequency, or one drifts too fast for the frames.
    """
    frequencies = np.unique(parameters["spatial_frequency_cpd"][np.asarray(parameters["contrast"]) > 0])
    if len(frequencies) > 1:
        raise ValueError(
            f"the gratings have the spatial frequencies {frequencies.tolist()} cycles/deg; pictures with a fixed number of "
            "cycles per pixel need a single one."
        )
    frequency = float(frequencies[0]) if len(frequencies) else 1.0
    display = Display(side_px, side_px, frequency / cycles_per_px, rate_hz)
    return grating_sums(
        display,
        n_frames=n_frames,
        direction_deg=parameters["direction_deg"],
        spatial_frequency_cpd=frequency,
        temporal_frequency_hz=parameters["temporal_frequency_hz"],
        contrast=parameters["contrast"],
        phase_deg=np.nan_to_num(parameters["phase_deg"]),
    )


def moving_dots(
    parameters: Mapping[str, np.ndarray],
    *,
    side_px: int = 48,
    speed_px_per_frame: float = 1.0,
    density_per_px2: float = 0.02,
    dot_diameter_px: float = 3.0,
    rate_hz: float = 30.0,
    n_frames: int = 30,
) -> xr.DataArray:
    """Random dots of given directions and coherences, one speed for all.

    Parameters
    ----------
    parameters
        ``direction_deg``, ``coherence`` (0 to 1) and ``seed``, each ``(picture,)``.
    side_px
        Rows and columns.
    speed_px_per_frame
        Of the signal.
    density_per_px2, dot_diameter_px
        Dots per square pixel, and their size.
    rate_hz, n_frames
        Frames per second, and how many.

    Returns
    -------
    xarray.DataArray
        ``(stimulus, time, channel, row, col)``.
    """
    display = Display(side_px, side_px, 1.0, rate_hz)
    clips = [
        random_dots(
            display,
            n_frames=n_frames,
            direction_deg=float(direction),
            speed_deg_per_s=display.degrees_per_second(speed_px_per_frame),
            coherence=float(coherence),
            density_per_deg2=density_per_px2,
            dot_diameter_deg=dot_diameter_px,
            seed=int(seed),
        )
        for direction, coherence, seed in zip(
            parameters["direction_deg"], parameters["coherence"], parameters["seed"], strict=True
        )
    ]
    return stack_clips(clips)
