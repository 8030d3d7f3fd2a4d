"""The barber pole: a grating behind an oblong window, seen to move along the window rather than across its bars."""

import numpy as np
import xarray as xr

from .apertures import rectangular_aperture
from .display import Display
from .gratings import drifting_grating
from .parameters import refuse_infinite


def barber_pole(
    display: Display,
    *,
    n_frames: int = 30,
    direction_deg: float = 45.0,
    pole_deg: float = 90.0,
    length_deg: float = 6.0,
    width_deg: float = 2.0,
    edge_deg: float = 0.0,
    spatial_frequency_cpd: float = 1.0,
    temporal_frequency_hz: float = 4.0,
    contrast: float = 1.0,
    phase_deg: float = 0.0,
    mean_luminance: float = 0.5,
) -> xr.Dataset:
    """A drifting grating in an oblong aperture.

    Parameters
    ----------
    display
        The screen.
    n_frames
        Length.
    direction_deg
        Direction of drift at right angles to the bars, 0 = rightward, counter-clockwise.
    pole_deg
        Direction of the long side of the window, 90 = upright; it and its opposite are the same window.
    length_deg, width_deg
        Long and short side of the window.
    edge_deg
        Width of its raised-cosine edge; 0 for a hard one.
    spatial_frequency_cpd, temporal_frequency_hz, contrast, phase_deg, mean_luminance
        Of the grating, see `drifting_grating`.

    Returns
    -------
    xarray.Dataset
        As `drifting_grating`, with the fact ``perceived_direction_deg``: along the long side, to the side that the
        grating drifts to. The flow is along the normal of the bars.

    Raises
    ------
    ValueError
        If the window is not longer than wide or does not fit the display, or the bars run along it, so that neither end
        is drifted to.

    References
    ----------
    Wallach H (1935) Ueber visuell wahrgenommene Bewegungsrichtung. Psychologische Forschung 20:325-380.
    """
    if not length_deg > width_deg:
        raise ValueError(
            f"a window of {length_deg:g} x {width_deg:g} deg has no long side; give length_deg > width_deg."
        )
    refuse_infinite(direction_deg=direction_deg, pole_deg=pole_deg)
    turn = np.deg2rad(pole_deg)
    wide = abs(length_deg * np.cos(turn)) + abs(width_deg * np.sin(turn))
    high = abs(length_deg * np.sin(turn)) + abs(width_deg * np.cos(turn))
    if wide > display.n_cols / display.pixels_per_degree or high > display.n_rows / display.pixels_per_degree:
        raise ValueError(
            f"the window takes {wide:.3g} x {high:.3g} deg, and the display has {display.n_cols / display.pixels_per_degree:g}"
            f" x {display.n_rows / display.pixels_per_degree:g}; make it shorter, so that its ends are seen."
        )
    towards = np.cos(np.deg2rad(direction_deg - pole_deg))
    if abs(towards) < 1e-6:
        raise ValueError(
            f"a grating that drifts to {direction_deg:g} deg has its bars along a pole at {pole_deg:g} deg and goes to "
            "neither of its ends; turn one of them."
        )
    if temporal_frequency_hz < 0:
        towards = -towards
    window = rectangular_aperture(display, length_deg, width_deg, angle_deg=pole_deg, edge_deg=edge_deg)
    clip = drifting_grating(
        display,
        n_frames=n_frames,
        direction_deg=direction_deg,
        spatial_frequency_cpd=spatial_frequency_cpd,
        temporal_frequency_hz=temporal_frequency_hz,
        contrast=contrast,
        phase_deg=phase_deg,
        mean_luminance=mean_luminance,
        aperture=window,
    )
    clip.attrs |= {
        "kind": "barber pole",
        "pole_deg": pole_deg % 180,
        "aspect_ratio": length_deg / width_deg,
        "perceived_direction_deg": (pole_deg + 180 * bool(towards < 0)) % 360,
    }
    return clip
