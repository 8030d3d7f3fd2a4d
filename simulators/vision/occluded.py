"""The occluded diamond: its bars move up and down or left and right, unless they are seen as one outline that circles."""

from typing import Literal, get_args

import numpy as np
import xarray as xr

from .clip import Fact, make_clip
from .display import Display
from .parameters import refuse_infinite

Occluders = Literal["visible", "invisible", "none"]
DIAMOND, OCCLUDER = 1, 2


def occluded_diamond(
    display: Display,
    *,
    n_frames: int = 24,
    occluders: Occluders = "visible",
    radius_deg: float = 2.6,
    line_deg: float = 0.15,
    occluder_deg: float = 1.3,
    orbit_deg: float = 0.36,
    period_s: float = 0.8,
    turns_clockwise: bool = False,
    phase_deg: float = 0.0,
    line_luminance: float = 0.9,
    occluder_luminance: float = 0.7,
    background: float = 0.5,
) -> xr.Dataset:
    """An outlined diamond that translates on a circle, its corners hidden.

    With visible occluders people see one diamond that circles; with occluders of the colour of the background the same
    four bars seem to slide on their own. The image of every bar is the same in both.

    Parameters
    ----------
    display
        The screen.
    n_frames
        Length.
    occluders
        ``"visible"``, ``"invisible"`` (of the background's luminance) or ``"none"`` (all corners in sight).
    radius_deg
        From the middle of the diamond to its corners.
    line_deg
        Width of its outline.
    occluder_deg
        From the middle of an occluder, itself a diamond, to its corners; they lie where the corners are on average.
    orbit_deg
        Radius of the circle on which the diamond moves; it does not turn.
    period_s
        Time for one circle.
    turns_clockwise
        Direction of the circling.
    phase_deg
        Where on the circle the diamond starts, 0 = at the right, counter-clockwise.
    line_luminance, occluder_luminance, background
        Luminances, 0 to 1.

    Returns
    -------
    xarray.Dataset
        As `make_clip`. Segmentation 1 on the diamond and 2 on visible occluders; the flow is that of the diamond on it and
        0 elsewhere.

    Raises
    ------
    ValueError
        If a size or luminance is out of range, the outline is thinner than a pixel, the diamond does not fit the display, or
        the circle takes less than two frames.

    References
    ----------
    McDermott J, Weiss Y, Adelson EH (2001) Beyond junctions: nonlocal form constraints on motion interpretation.
    Perception 30:905-923. Lorenceau J, Shiffrar M (1992) Vision Research 32:263-273.
    """
    if occluders not in get_args(Occluders):
        raise ValueError(f"occluders is {occluders!r}; give one of {', '.join(get_args(Occluders))}.")
    for name, value in (("line", line_luminance), ("occluder", occluder_luminance), ("background", background)):
        if not 0 <= value <= 1:
            raise ValueError(f"the luminance of the {name} is {value}; luminance is between 0 and 1.")
    refuse_infinite(phase_deg=phase_deg)
    _refuse_sizes(display, radius_deg, line_deg, occluder_deg, orbit_deg, period_s)
    display.refuse_aliasing(temporal_frequency_hz=1 / period_s)
    display.times(n_frames)
    times = display.times(n_frames + 1)  # one more, for the flow of the last frame
    turn = np.deg2rad(phase_deg) + (-1 if turns_clockwise else 1) * 2 * np.pi * times / period_s
    centres = orbit_deg * np.stack([np.cos(turn), np.sin(turn)], axis=1)

    across, up = display.grid()
    # A border rises over the diagonal of a pixel: so sides at 45 degrees keep their luminance wherever they are.
    softly = display.pixels_per_degree / np.sqrt(2)
    line = np.clip(_outline(across, up, centres[:-1], radius_deg, line_deg) * softly + 0.5, 0, 1)
    frames = background + (line_luminance - background) * line
    labels = np.where(line >= 0.5, DIAMOND, 0)
    if occluders != "none":
        corners = radius_deg * np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])
        depths = [(occluder_deg - abs(across - x) - abs(up - y)) / np.sqrt(2) for x, y in corners]
        hidden = np.clip(np.max(depths, axis=0) * softly + 0.5, 0, 1)
        is_visible = occluders == "visible"
        frames += ((occluder_luminance if is_visible else background) - frames) * hidden
        labels = np.where(hidden >= 0.5, OCCLUDER if is_visible else 0, labels)
    velocity = np.diff(centres, axis=0) * display.pixels_per_degree * [1, -1]
    flow = np.where((labels == DIAMOND)[:, None], velocity[:, :, None, None], 0)
    facts: dict[str, Fact] = {
        "kind": "occluded diamond",
        "occluders": occluders,
        "temporal_frequency_hz": 1 / period_s,
        "speed_deg_per_s": 2 * np.pi * orbit_deg / period_s,
        "contrast": abs(line_luminance - background) / max(line_luminance + background, 1e-12),
        "phase_deg": phase_deg,
        "turns_clockwise": int(turns_clockwise),
        "radius_deg": radius_deg,
        "orbit_deg": orbit_deg,
    }
    return make_clip(frames, display, flow=flow, segmentation=labels, facts=facts)


def _outline(
    across: np.ndarray, up: np.ndarray, centres_deg: np.ndarray, radius_deg: float, line_deg: float
) -> np.ndarray:
    """Depth inside the outline in deg, ``(time, row, col)``, negative outside of it."""
    x = across - centres_deg[:, 0, None, None]
    y = up - centres_deg[:, 1, None, None]
    return line_deg / 2 - abs(abs(x) + abs(y) - radius_deg) / np.sqrt(2)


def _refuse_sizes(
    display: Display, radius_deg: float, line_deg: float, occluder_deg: float, orbit_deg: float, period_s: float
) -> None:
    sizes = {"radius_deg": radius_deg, "line_deg": line_deg, "occluder_deg": occluder_deg, "period_s": period_s}
    for name, value in (sizes | {"orbit_deg": orbit_deg}).items():
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"{name} of the diamond is {value}; give a positive number.")
    if line_deg * display.pixels_per_degree < 1:
        raise ValueError(
            f"an outline of {line_deg:g} deg is thinner than a pixel of this display, {1 / display.pixels_per_degree:g} "
            "deg; widen line_deg or raise pixels_per_degree."
        )
    reach, half = radius_deg + max(occluder_deg, orbit_deg), min(display.n_rows, display.n_cols) / 2
    if reach * display.pixels_per_degree > half:
        raise ValueError(
            f"the diamond and its occluders reach {reach:g} deg from the middle of a display that ends at "
            f"{half / display.pixels_per_degree:g}; make them smaller or the display larger."
        )
    needed = np.sqrt(2) * orbit_deg + line_deg / np.sqrt(2)
    if occluder_deg < needed:
        raise ValueError(
            f"occluders of {occluder_deg:g} deg do not hide the corners on a circle of {orbit_deg:g} deg; give occluder_deg "
            f"of at least {needed:.3g}."
        )
