"""Optical flow as colours: hue for the direction, saturation for the speed."""

from functools import lru_cache

import numpy as np

# Steps of the wheel from each colour to the next: red, yellow, green, cyan, blue, magenta and back.
_STEPS = (15, 6, 4, 11, 13, 6)
_CORNERS = ((255, 0, 0), (255, 255, 0), (0, 255, 0), (0, 255, 255), (0, 0, 255), (255, 0, 255))


def flow_to_rgb(flow: np.ndarray, *, max_speed: float | None = None) -> np.ndarray:
    """Colours of a flow: white where nothing moves, full at ``max_speed``, darker beyond it, black where undefined.

    Parameters
    ----------
    flow
        ``(..., 2, row, col)``, right and down, pixels per frame; NaN where undefined.
    max_speed
        Pixels per frame that have the full colour; None for the largest speed of this flow.

    Returns
    -------
    numpy.ndarray
        ``(..., row, col, 3)`` uint8.

    Raises
    ------
    ValueError
        If the shape is another, or ``max_speed`` is not positive.

    References
    ----------
    Baker, Scharstein, Lewis, Roth, Black, Szeliski 2011, IJCV 92:1-31: the colour code of their figure 7.
    """
    flow = np.asarray(flow, dtype=np.float64)
    if flow.ndim < 3 or flow.shape[-3] != 2:
        raise ValueError(f"flow has shape {flow.shape}; give (..., 2, row, col).")
    if max_speed is not None and not (np.isfinite(max_speed) and max_speed > 0):
        raise ValueError(f"max_speed is {max_speed}; give a positive number of pixels per frame.")
    right, down = flow[..., 0, :, :], flow[..., 1, :, :]
    known = np.isfinite(right) & np.isfinite(down)
    right, down = np.where(known, right, 0), np.where(known, down, 0)
    speed = np.hypot(right, down)
    full = max_speed or float(speed.max()) or 1.0
    wheel = color_wheel()
    # The wheel starts at leftward; its last colour is that of the same direction from the other side.
    place = (np.arctan2(-down, -right) / np.pi + 1) / 2 * (len(wheel) - 1)
    first = place.astype(int)
    share = (place - first)[..., None]
    hue = ((1 - share) * wheel[first] + share * wheel[(first + 1) % len(wheel)]) / 255
    strength = (speed / full)[..., None]
    colour = np.where(strength <= 1, 1 - strength * (1 - hue), 0.75 * hue)
    return (255 * colour * known[..., None]).astype(np.uint8)


@lru_cache(maxsize=1)
def color_wheel() -> np.ndarray:
    """The 55 colours around the wheel, ``(55, 3)`` from 0 to 255, as published."""
    rows = []
    for number, n_steps in enumerate(_STEPS):
        start, stop = (np.array(_CORNERS[(number + after) % len(_CORNERS)]) for after in (0, 1))
        share = np.floor(255 * np.arange(n_steps) / n_steps)[:, None] / 255
        rows.append(start + share * (stop - start))
    wheel = np.concatenate(rows)
    wheel.setflags(write=False)
    return wheel


def flow_legend(side: int = 101) -> np.ndarray:
    """Picture of the wheel: at each pixel the colour of the motion from the centre to it, black beyond the full speed.

    Parameters
    ----------
    side
        Rows and columns.

    Returns
    -------
    numpy.ndarray
        ``(side, side, 3)`` uint8.

    Raises
    ------
    ValueError
        If there are fewer than three pixels.
    """
    if side < 3:
        raise ValueError(f"side of a legend is {side}; give at least 3 pixels.")
    along = np.linspace(-1, 1, side)
    right, down = np.meshgrid(along, along)
    outside = np.hypot(right, down) > 1
    return flow_to_rgb(np.where(outside, np.nan, np.stack([right, down])), max_speed=1.0)
