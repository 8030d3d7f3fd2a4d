"""Windows on a display: weights from 0 (hidden) to 1 (seen) that a generator multiplies its contrast with."""

from collections.abc import Sequence
from math import isfinite

import numpy as np

from .display import Display

Aperture = np.ndarray | str | None
SHAPES = {
    "circle": "circle:DIAMETER[:EDGE]",
    "rectangle": "rectangle:WIDTHxHEIGHT[:EDGE]",
    "annulus": "annulus:INNERxOUTER[:EDGE]",
}


def circular_aperture(
    display: Display, diameter_deg: float, *, edge_deg: float = 0.0, centre_deg: Sequence[float] = (0.0, 0.0)
) -> np.ndarray:
    """A disc.

    Parameters
    ----------
    display
        The screen.
    diameter_deg
        Where the weight is one half (the border, with a hard edge).
    edge_deg
        Width of the raised-cosine edge, centred on the border; 0 for a hard one.
    centre_deg
        Right and up from the middle of the display.

    Returns
    -------
    numpy.ndarray
        Weights (row, col).

    Raises
    ------
    ValueError
        If a size is not positive, or the edge is wider than the disc.
    """
    _refuse_sizes(diameter_deg=diameter_deg)
    across, up = display.grid()
    distance = np.hypot(across - centre_deg[0], up - centre_deg[1])
    return _edge(diameter_deg / 2 - distance, edge_deg, diameter_deg)


def rectangular_aperture(
    display: Display,
    width_deg: float,
    height_deg: float,
    *,
    angle_deg: float = 0.0,
    edge_deg: float = 0.0,
    centre_deg: Sequence[float] = (0.0, 0.0),
) -> np.ndarray:
    """A rectangle, turned by ``angle_deg`` counter-clockwise; the other words as in `circular_aperture`.

    Parameters
    ----------
    display
        The screen.
    width_deg, height_deg
        Sides; the width runs along ``angle_deg``.
    angle_deg
        Direction of the width, 0 = rightward, counter-clockwise.
    edge_deg
        Width of the raised-cosine edge, centred on the border; 0 for a hard one.
    centre_deg
        Right and up from the middle of the display.

    Returns
    -------
    numpy.ndarray
        Weights (row, col).

    Raises
    ------
    ValueError
        If a size is not positive, or the edge is wider than the rectangle.
    """
    _refuse_sizes(width_deg=width_deg, height_deg=height_deg)
    across, up = display.grid()
    across, up = across - centre_deg[0], up - centre_deg[1]
    cosine, sine = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    along, beside = across * cosine + up * sine, -across * sine + up * cosine
    narrow = min(width_deg, height_deg)
    return _edge(width_deg / 2 - abs(along), edge_deg, narrow) * _edge(height_deg / 2 - abs(beside), edge_deg, narrow)


def annular_aperture(
    display: Display,
    inner_deg: float,
    outer_deg: float,
    *,
    edge_deg: float = 0.0,
    centre_deg: Sequence[float] = (0.0, 0.0),
) -> np.ndarray:
    """A ring between two diameters; the other words as in `circular_aperture`.

    Parameters
    ----------
    display
        The screen.
    inner_deg, outer_deg
        Diameters.
    edge_deg
        Width of the raised-cosine edges, centred on the borders; 0 for hard ones.
    centre_deg
        Right and up from the middle of the display.

    Returns
    -------
    numpy.ndarray
        Weights (row, col).

    Raises
    ------
    ValueError
        If a size is not positive, the inner diameter is not the smaller one, or an edge is wider than the ring.
    """
    _refuse_sizes(inner_deg=inner_deg, outer_deg=outer_deg)
    if inner_deg >= outer_deg:
        raise ValueError(f"an annulus of {inner_deg:g} to {outer_deg:g} deg has no ring; give inner_deg < outer_deg.")
    across, up = display.grid()
    distance = np.hypot(across - centre_deg[0], up - centre_deg[1])
    width = (outer_deg - inner_deg) / 2
    return _edge(outer_deg / 2 - distance, edge_deg, width) * _edge(distance - inner_deg / 2, edge_deg, width)


def make_aperture(display: Display, aperture: Aperture) -> np.ndarray:
    """Weights of an aperture that may be given in words.

    Parameters
    ----------
    display
        The screen.
    aperture
        Weights (row, col); or ``"circle:DIAMETER[:EDGE]"``, ``"rectangle:WIDTHxHEIGHT[:EDGE]"`` or
        ``"annulus:INNERxOUTER[:EDGE]"`` in degrees; or None for all of the display.

    Returns
    -------
    numpy.ndarray
        Weights (row, col).

    Raises
    ------
    ValueError
        If the weights do not fit the display or leave 0 to 1, or the words are not understood.
    """
    if aperture is None:
        return np.ones((display.n_rows, display.n_cols))
    if isinstance(aperture, str):
        return _from_words(display, aperture)
    weights = np.asarray(aperture, dtype=float)
    if weights.shape != (display.n_rows, display.n_cols):
        raise ValueError(
            f"the aperture has shape {weights.shape}; this display needs ({display.n_rows}, {display.n_cols})."
        )
    if not (np.isfinite(weights).all() and weights.min() >= 0 and weights.max() <= 1):
        raise ValueError("the aperture has weights that are not finite or outside 0 to 1; 0 hides and 1 shows.")
    return weights


def _from_words(display: Display, words: str) -> np.ndarray:
    shape, *numbers = words.split(":")
    try:
        if shape not in SHAPES or not 1 <= len(numbers) <= 2:
            raise ValueError
        sizes = [float(size) for size in numbers[0].split("x")]
        edge = float(numbers[1]) if len(numbers) == 2 else 0.0
        if len(sizes) != (1 if shape == "circle" else 2):
            raise ValueError
    except ValueError:
        raise ValueError(f"aperture {words!r} is not understood; give {', '.join(SHAPES.values())} in deg.") from None
    if shape == "circle":
        return circular_aperture(display, sizes[0], edge_deg=edge)
    make = rectangular_aperture if shape == "rectangle" else annular_aperture
    return make(display, sizes[0], sizes[1], edge_deg=edge)


def _edge(inside_deg: np.ndarray, edge_deg: float, widest_deg: float) -> np.ndarray:
    """Weight at a depth inside the border, rising over ``edge_deg``."""
    if not (isfinite(edge_deg) and 0 <= edge_deg <= widest_deg):
        raise ValueError(f"edge_deg of the aperture is {edge_deg}; give 0 (hard) to {widest_deg:g}, its width.")
    if edge_deg == 0:
        return (inside_deg >= 0).astype(float)
    return (1 + np.sin(np.pi * np.clip(inside_deg, -edge_deg / 2, edge_deg / 2) / edge_deg)) / 2


def _refuse_sizes(**sizes_deg: float) -> None:
    for name, size in sizes_deg.items():
        if not (isfinite(size) and size > 0):
            raise ValueError(f"{name} of the aperture is {size}; give a positive number of degrees.")
