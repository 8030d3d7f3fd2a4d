"""Movie of a simulated scene: the array and its objects, below them the traces with a moving cursor."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...movie import write_movie
from .drawing import LINE_COLOURS, whisker_colours
from .figures import caption, chosen_whiskers, draw_scene, new_figure, styled
from .keys import Colouring, add_key, unit, whisker_handles

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from ..scene import Scene

TRACES = ("F", "Fx", "Fy", "Fz", "M", "Mx", "My", "Mz")


@styled
def scene_movie(
    result: "xr.Dataset",
    scene: "Scene",
    path: str | Path,
    *,
    fps: float = 20.0,
    slow_down: float | None = None,
    every: int | None = None,
    view: str | tuple[float, float] = "oblique",
    colour: Colouring = "row",
    traces: Sequence[str] = ("F", "M"),
    whiskers: Sequence[str] | None = None,
    progress: bool = False,
) -> Path:
    """Write a movie of a simulated scene with its force traces.

    Parameters
    ----------
    result
        What `simulate` gave for the scene.
    scene
        The scene itself, for its solids.
    path
        Ends in ``.gif``, or ``.mp4`` where there is ffmpeg.
    fps
        Frames per second of the movie.
    slow_down
        How many times slower than life it plays; 5 by default. Each frame shows the sample nearest to its time.
    every
        In place of ``slow_down``: show every n-th sample, which makes it 1 / (n * sampling interval * fps) times slower.
    view
        ``oblique``, ``top``, ``front``, ``side``, or azimuth and elevation of the camera in degrees.
    colour
        Of the whiskers in the picture: ``row``, or the magnitude of base ``moment`` or ``force``.
    traces
        Panels below: components ``Fx`` to ``Mz`` in world axes, or the magnitudes ``F`` and ``M``.
    whiskers
        Names whose traces are drawn; all by default. Up to six have their own colours, more are coloured by row.
    progress
        Show a bar on stderr, if that is a terminal.

    Returns
    -------
    Path
        The file, written whole or not at all.

    Raises
    ------
    ValueError
        If an argument is not as above, or scene and result do not fit.
    RuntimeError
        If an MP4 is asked for and there is no ffmpeg, or ffmpeg fails.
    """
    samples, slower = frame_samples(result["time"].values, fps, slow_down, every)
    unknown = [name for name in traces if name not in TRACES]
    if unknown or not len(traces):
        raise ValueError(f"traces {list(traces)} are not known; take some of {', '.join(TRACES)}.")
    frames = _frames(result, scene, samples, slower, view, colour, traces, chosen_whiskers(result, whiskers))
    return write_movie(frames, path, fps=fps, n_frames=len(samples), progress=progress)


def frame_samples(
    times_s: np.ndarray, fps: float, slow_down: float | None, every: int | None
) -> tuple[np.ndarray, float]:
    """Samples that the frames show, and how many times slower than life they play."""
    if not (np.isfinite(fps) and fps > 0):
        raise ValueError(f"fps is {fps}; give a positive number of frames per second.")
    if every is not None and slow_down is not None:
        raise ValueError("slow_down and every say the same thing; give one of them.")
    step = (times_s[-1] - times_s[0]) / max(len(times_s) - 1, 1)
    if every is not None:
        if every < 1:
            raise ValueError(f"every is {every}; give 1 or more.")
        return np.arange(0, len(times_s), every), 1 / (every * step * fps) if step else 1.0
    slower = 5.0 if slow_down is None else slow_down
    if not (np.isfinite(slower) and slower > 0):
        raise ValueError(f"slow_down is {slower}; give a positive number.")
    n_frames = int(np.floor((times_s[-1] - times_s[0]) * slower * fps + 1e-9)) + 1
    at = times_s[0] + np.arange(n_frames) / (slower * fps)
    return np.abs(np.round((at - times_s[0]) / (step or 1.0))).astype(int), slower


def _frames(
    result: "xr.Dataset",
    scene: "Scene",
    samples: np.ndarray,
    slower: float,
    view: str | tuple[float, float],
    colour: Colouring,
    traces: Sequence[str],
    chosen: Sequence[int],
) -> Iterator[np.ndarray]:
    """Frames ``(row, column, 3)``: what stays is drawn once, what moves is drawn over a copy of it."""
    columns = 2 if len(traces) in (2, 4) else min(len(traces), 3)
    rows = -(-len(traces) // columns)
    figure = new_figure(7.2, 4.6 + 1.5 * rows)
    figure.set_dpi(100)
    parts: Any = figure.subfigures(2, 1, height_ratios=(4.6, 1.5 * rows))
    above, below = parts
    ax = above.subplots()
    drawing = draw_scene(ax, result, scene, view=view, colour=colour, samples=list(samples))
    add_key(ax, drawing, result, colour)
    speed = "as fast as life" if np.isclose(slower, 1) else f"{slower:.3g} times slower than life"
    title = ax.set_title(f"{caption(result, int(samples[0]))}; {speed}")
    panels = below.subplots(rows, columns, sharex=True, squeeze=False).ravel()
    for panel in panels[len(traces) :]:
        panel.set_visible(False)
    names = [str(result["whisker"].values[number]) for number in chosen]
    in_picture = colour == "row" and (len(names) > len(LINE_COLOURS) or len(drawing.names) <= len(LINE_COLOURS))
    if not in_picture:
        below.legend(handles=whisker_handles(names, drawing.names), loc="outside right upper", handlelength=1.0)
    cursors = [
        _trace(panel, result, name, chosen, last=number + columns >= len(traces))
        for number, (panel, name) in enumerate(zip(panels, traces, strict=False))
    ]
    moving: list[Artist] = [*drawing.artists, title, *cursors]
    canvas, background = _still(figure, moving)
    for sample in samples:
        canvas.restore_region(background)
        drawing.show(int(sample))
        title.set_text(f"{caption(result, int(sample))}; {speed}")
        for cursor in cursors:
            cursor.set_xdata([result["time"].values[sample]] * 2)
        for artist in moving:
            artist.axes.draw_artist(artist)  # type: ignore[union-attr]
        yield np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _still(figure: "Figure", moving: "Sequence[Artist]") -> tuple:
    """Canvas with everything but what moves on it, and a copy of its pixels."""
    canvas = figure.canvas
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for artist in moving:
        artist.set_animated(True)
    canvas.draw()
    return canvas, canvas.copy_from_bbox(figure.bbox)  # type: ignore[attr-defined]


def _trace(ax: "Axes", result: "xr.Dataset", name: str, chosen: Sequence[int], *, last: bool) -> "Line2D":
    """Draw one quantity of the chosen whiskers over time; gives the cursor back."""
    quantity = "force" if name[0] == "F" else "moment"
    values = result[quantity].values[:, chosen]
    values = np.linalg.norm(values, axis=2) if len(name) == 1 else values[..., "xyz".index(name[1])]
    known = [str(whisker) for whisker in result["whisker"].values]
    width = 1.1 if len(chosen) <= len(LINE_COLOURS) else 0.7
    for column, colour in enumerate(whisker_colours([known[number] for number in chosen], known)):
        ax.plot(result["time"].values, values[:, column], color=colour, linewidth=width)
    letter = f"|{name}|" if len(name) == 1 else f"${name[0]}_{name[1]}$"
    ax.set_ylabel(f"{letter} [{unit(result, quantity)}]")
    times = result["time"].values
    ax.set_xlim(min(0.0, times[0]), times[-1])
    if last:
        ax.set_xlabel("time [s]")
        ax.tick_params(labelbottom=True)
    return ax.axvline(result["time"].values[0], color="black", linewidth=1.0)
