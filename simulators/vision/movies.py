"""Clips as movies: what was shown, and beside it, where it is known, the flow in colours."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr

from ..movie import write_movie


def write_clip_movie(
    clip: xr.Dataset, path: str | Path, *, magnify: int = 1, show_flow: bool = False, progress: bool = False
) -> Path:
    """Write a clip as GIF or MP4.

    Parameters
    ----------
    clip
        As a generator returns it.
    path
        Ends in ``.gif`` or ``.mp4``; MP4 needs ffmpeg.
    magnify
        Pixels of the movie per pixel of the clip, without interpolation.
    show_flow
        Put the flow at the right of the frames: hue is its direction, saturation its speed relative to the fastest of the
        clip, grey where it is not defined.
    progress
        Show a bar on stderr, if that is a terminal.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If there is no flow to show, or ``magnify`` is below 1, or as `simulators.movie.write_movie`.
    """
    if magnify < 1 or magnify != int(magnify):
        raise ValueError(f"magnify is {magnify}; give a whole number of at least 1.")
    if show_flow and "flow" not in clip:
        raise ValueError(
            f"a clip of kind {clip.attrs.get('kind', 'unknown')!r} has no flow to show; leave out show_flow."
        )
    return write_movie(
        _pictures(clip, int(magnify), show_flow),
        path,
        fps=clip.attrs["rate_hz"],
        n_frames=clip.sizes["time"],
        progress=progress,
    )


def flow_picture(flow: np.ndarray, fastest_px: float) -> np.ndarray:
    """Colours of a flow field.

    Parameters
    ----------
    flow
        ``(2, row, col)``, right and down, pixels per frame; NaN where not defined.
    fastest_px
        Speed of full saturation.

    Returns
    -------
    numpy.ndarray
        ``(row, col, 3)`` uint8 RGB. Rightward is red and the hue turns counter-clockwise; slow is white, NaN is grey.
    """
    from matplotlib.colors import hsv_to_rgb

    right, down = np.nan_to_num(flow)
    hue = np.arctan2(-down, right) / (2 * np.pi) % 1
    speed = np.clip(np.hypot(right, down) / max(fastest_px, 1e-9), 0, 1)
    colours = hsv_to_rgb(np.stack([hue, speed, np.ones_like(hue)], axis=-1))
    colours[np.isnan(flow).any(axis=0)] = 0.5
    return np.rint(255 * colours).astype(np.uint8)


def _pictures(clip: xr.Dataset, magnify: int, show_flow: bool) -> Iterator[np.ndarray]:
    fastest = 0.0
    if show_flow:
        speed = np.hypot(*np.moveaxis(np.nan_to_num(clip["flow"].values), 1, 0))
        fastest = float(speed.max())
    for number, frame in enumerate(clip["frames"].values):
        picture = np.rint(255 * np.moveaxis(frame, 0, -1)).astype(np.uint8)
        picture = np.broadcast_to(picture, (*picture.shape[:2], 3))
        if show_flow:
            picture = np.concatenate([picture, flow_picture(clip["flow"].values[number], fastest)], axis=1)
        yield np.ascontiguousarray(picture.repeat(magnify, axis=0).repeat(magnify, axis=1))
