"""Vertical bars of random brightness that are carried along a given path, as in experiments with a velocity over time."""

import numpy as np
import xarray as xr

from .clip import Fact, make_clip
from .display import Display
from .parameters import seeded

# Bars before the pattern repeats.
N_BARS = 360


def moving_bars(
    display: Display,
    positions_deg: np.ndarray,
    *,
    bar_deg: float = 2.0,
    contrast: float = 1.0,
    seed: int = 0,
) -> xr.Dataset:
    """A pattern of bars, each black or white at random, at a given place in every frame.

    Parameters
    ----------
    display
        The screen.
    positions_deg
        ``(frame,)`` how far right the pattern is. It repeats after 360 bars.
    bar_deg
        Width of a bar, degrees. A pixel that two bars share has their mean, weighted by their shares.
    contrast
        Michelson contrast, 0 to 1.
    seed
        Of the pattern.

    Returns
    -------
    xarray.Dataset
        As `make_clip`; the flow of the last frame is that of the one before it.

    Raises
    ------
    ValueError
        If there are no finite positions in a row, a bar is narrower than a pixel, or the contrast is not 0 to 1.
    """
    positions = np.asarray(positions_deg, dtype=float)
    if positions.ndim != 1 or len(positions) < 2 or not np.isfinite(positions).all():
        raise ValueError(f"positions_deg have shape {positions.shape}; give at least two finite positions (frame,).")
    if not bar_deg * display.pixels_per_degree >= 1:
        raise ValueError(f"bars of {bar_deg:g} deg are narrower than a pixel, {1 / display.pixels_per_degree:g} deg.")
    if not 0 <= contrast <= 1:
        raise ValueError(f"contrast is {contrast}; give 0 to 1.")
    signs = seeded(seed).choice((-1.0, 1.0), N_BARS)
    # Area under the pattern from its start; a pixel's mean is the difference between its edges.
    area = np.concatenate([[0.0], np.cumsum(signs)])
    width = bar_deg * display.pixels_per_degree
    edges = (np.arange(display.n_cols + 1) - positions[:, None] * display.pixels_per_degree) / width
    turns = np.floor(edges / N_BARS)
    under = np.interp(edges - turns * N_BARS, np.arange(N_BARS + 1), area) + turns * area[-1]
    row = 0.5 + 0.5 * contrast * np.clip(np.diff(under, axis=1) * width, -1, 1)
    frames = np.broadcast_to(row[:, None], (len(positions), display.n_rows, display.n_cols))
    steps = np.diff(positions) * display.pixels_per_degree
    flow = np.zeros((len(positions), 2, display.n_rows, display.n_cols), dtype=np.float32)
    flow[:, 0] = np.append(steps, steps[-1])[:, None, None]
    facts: dict[str, Fact] = {"kind": "bars", "bar_deg": float(bar_deg), "contrast": float(contrast), "seed": int(seed)}
    return make_clip(frames, display, flow=flow, facts=facts)
