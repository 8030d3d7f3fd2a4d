"""Pictures of arrays, scenes and recordings; none needs a display."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

import numpy as np

from .drawing import LINE_COLOURS, Course, SceneDrawing, whisker_colours
from .keys import Colouring, add_key, picture_legend, unit, whisker_handles
from .tip_labels import write_names

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..geometry.array import WhiskerArray
    from ..scene import Scene

STYLE = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.2,
    "figure.dpi": 130,
    "savefig.dpi": 130,
}
P = ParamSpec("P")
R = TypeVar("R")


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """The style of our figures while ``function`` runs; the user's own settings are left as they are."""

    @wraps(function)
    def with_style(*args: P.args, **kwargs: P.kwargs) -> R:
        from cycler import cycler
        from matplotlib import rc_context

        settings: Any = {**STYLE, "axes.prop_cycle": cycler(color=LINE_COLOURS)}
        with rc_context(settings):
            return function(*args, **kwargs)

    return with_style


def new_figure(width: float, height: float) -> "Figure":
    """Figure with a canvas of its own: neither pyplot nor a display knows of it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


@styled
def array_picture(
    array: "WhiskerArray",
    *,
    view: str | tuple[float, float] = "oblique",
    names: bool = True,
    ax: "Axes | None" = None,
) -> "Axes":
    """The array at rest, coloured by row; up to six whiskers have their own colours.

    Parameters
    ----------
    array
        Whiskers to draw; widths follow the radii, magnified.
    view
        ``oblique``, ``top``, ``front``, ``side``, or azimuth (0 caudal, 90 right, 180 rostral) and elevation of the
        camera in degrees.
    names
        Write its name at the tip of each whisker.
    ax
        Axis to draw on; a new figure by default.
    """
    ax = new_figure(6.4, 5.4).subplots() if ax is None else ax
    drawing = SceneDrawing(ax, array, Course.at_rest(array), view=view)
    ax.set_title(f"{_count(len(array), 'whisker')} at rest")
    picture_legend(ax, drawing.names, drawing.names)
    if names:
        write_names(drawing, 0)
    return ax


@styled
def scene_picture(
    result: "xr.Dataset",
    scene: "Scene",
    time_s: float,
    *,
    view: str | tuple[float, float] = "oblique",
    colour: Colouring = "row",
    names: bool = False,
    ax: "Axes | None" = None,
) -> "Axes":
    """Array and objects at one time of a simulated scene; contact points are white dots.

    Parameters
    ----------
    result
        What `simulate` gave for the scene.
    scene
        The scene itself, for its solids.
    time_s
        The sample nearest to it is shown.
    view
        As in `array_picture`.
    colour
        ``row`` (up to six whiskers: each its own), or the magnitude of base ``moment`` or ``force``, on one scale for the
        whole run.
    names
        Write the names of the whiskers that are in contact.
    ax
        Axis to draw on; a new figure by default.

    Raises
    ------
    ValueError
        If the time lies outside the run, the colour or view is unknown, or scene and result do not fit.
    """
    ax = new_figure(6.4, 5.4).subplots() if ax is None else ax
    sample = nearest_sample(result, time_s)
    drawing = draw_scene(ax, result, scene, view=view, colour=colour, samples=[sample])
    ax.set_title(caption(result, sample))
    add_key(ax, drawing, result, colour)
    if names:
        write_names(drawing, sample, np.flatnonzero(result["contact"].values[sample]))
    return ax


@styled
def scene_views(
    result: "xr.Dataset",
    scene: "Scene",
    time_s: float,
    *,
    views: Sequence[str | tuple[float, float]] = ("oblique", "top", "front"),
    colour: Colouring = "row",
) -> "Figure":
    """One time of a simulated scene from several sides; parameters as in `scene_picture`."""
    figure = new_figure(4.4 * len(views), 4.4)
    axes = figure.subplots(1, len(views), squeeze=False)[0]
    sample = nearest_sample(result, time_s)
    for ax, view in zip(axes, views, strict=True):
        drawing = draw_scene(ax, result, scene, view=view, colour=colour, samples=[sample])
        name = view if isinstance(view, str) else f"azimuth {view[0]:g}°, elevation {view[1]:g}°"
        ax.set_title(f"{name}, {caption(result, sample)}" if ax is axes[0] else name)
    add_key(axes[-1] if colour != "row" else axes[0], drawing, result, colour)
    return figure


@styled
def tip_paths(
    result: "xr.Dataset",
    scene: "Scene",
    *,
    view: str | tuple[float, float] = "oblique",
    whiskers: Sequence[str] | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Paths of the tips over the whole run, over the array at its first sample in grey.

    Parameters
    ----------
    result, scene
        A simulated scene.
    view
        As in `array_picture`.
    whiskers
        Names of the tips to follow; all by default.
    ax
        Axis to draw on; a new figure by default.
    """
    ax = new_figure(6.4, 5.4).subplots() if ax is None else ax
    chosen = chosen_whiskers(result, whiskers)
    course = Course.of(result, scene)
    drawing = SceneDrawing(ax, scene.array, course, view=view, pale=True)
    tips = drawing.camera.project(result["tip"].values)
    names = [drawing.names[number] for number in chosen]
    for number, colour in zip(chosen, whisker_colours(names, drawing.names), strict=True):
        ax.plot(tips[:, number, 0], tips[:, number, 1], color=colour, linewidth=0.9, alpha=0.8, zorder=5)
        ax.plot(*tips[-1, number, :2], "o", color=colour, markersize=3, zorder=5)
    first, last = result["time"].values[[0, -1]]
    ax.set_title(f"{_count(len(chosen), 'tip')}, path from {first:.3f} to {last:.3f} s (dot: end)")
    picture_legend(ax, names, drawing.names)
    return ax


@styled
def force_traces(
    result: "xr.Dataset", whiskers: Sequence[str] | None = None, *, frame: Literal["world", "whisker"] = "world"
) -> "Figure":
    """Base force and moment over time, one panel per component.

    Parameters
    ----------
    result
        A recording.
    whiskers
        Names to draw; all by default. Up to six have their own colours (of a recording of no more, the same in every
        picture), more are coloured by row.
    frame
        ``world`` axes (x right, y rostral, z dorsal) or the axes of each ``whisker`` base (x along it).

    Raises
    ------
    ValueError
        If a whisker or the frame is unknown.
    """
    if frame not in ("world", "whisker"):
        raise ValueError(f"frame {frame!r} is not known; take 'world' or 'whisker'.")
    chosen = chosen_whiskers(result, whiskers)
    known = [str(name) for name in result["whisker"].values]
    names = [known[number] for number in chosen]
    figure = new_figure(8.6, 5.2)
    axes = figure.subplots(3, 2, sharex=True)
    time, suffix = result["time"].values, "" if frame == "world" else "_whisker"
    colours = whisker_colours(names, known)
    for column, (quantity, letter) in enumerate((("force", "F"), ("moment", "M"))):
        values = result[quantity + suffix].values
        for row, axis in enumerate("xyz"):
            ax = axes[row, column]
            for number, colour in zip(chosen, colours, strict=True):
                ax.plot(time, values[:, number, row], color=colour, linewidth=1.2 if len(chosen) <= 6 else 0.7)
            ax.axhline(0, color="black", linewidth=0.5, zorder=0)
            ax.set_ylabel(f"${letter}_{axis}$ [{unit(result, quantity + suffix)}]")
        axes[2, column].set_xlabel("time [s]")
        axes[0, column].set_title(f"{quantity} on the base, {frame} axes")
    figure.legend(handles=whisker_handles(names, known), loc="outside right upper")
    return figure


@styled
def contact_raster(result: "xr.Dataset", *, ax: "Axes | None" = None) -> "Axes":
    """When each whisker was touched: one line per whisker, with colours as in `force_traces`."""
    names = [str(name) for name in result["whisker"].values]
    ax = new_figure(6.4, 1.2 + 0.155 * len(names)).subplots() if ax is None else ax
    ends = result["time"].values
    step = ends[1] - ends[0] if len(ends) > 1 else 1 / float(result.attrs["rate_hz"])
    edges = np.concatenate([[ends[0] - step], ends])
    for number, colour in enumerate(whisker_colours(names, names)):
        change = np.diff(np.concatenate([[0], result["contact"].values[:, number].astype(int), [0]]))
        start, stop = edges[change == 1], edges[change == -1]
        ax.hlines(np.full(len(start), number), start, stop, color=colour, linewidth=5)
    ax.set_yticks(range(len(names)), names, fontsize=7)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlim(edges[0], edges[-1])
    ax.set_xlabel("time [s]")
    ax.set_ylabel("whisker")
    touched = int(result["contact"].values.any(axis=0).sum())
    ax.set_title(f"contacts of {touched} of {_count(len(names), 'whisker')}")
    return ax


def draw_scene(
    ax: "Axes",
    result: "xr.Dataset",
    scene: "Scene",
    *,
    view: str | tuple[float, float],
    colour: Colouring,
    samples: Sequence[int],
) -> SceneDrawing:
    """Drawing of a simulated scene whose limits hold the given samples."""
    if colour not in ("row", "moment", "force"):
        raise ValueError(f"colour {colour!r} is not known; take 'row', 'moment' or 'force'.")
    magnitudes = None if colour == "row" else np.linalg.norm(result[colour].values, axis=2)
    solids = [placed.solid for placed in scene.objects]
    course = Course.of(result, scene)
    return SceneDrawing(ax, scene.array, course, solids=solids, view=view, magnitudes=magnitudes, samples=samples)


def nearest_sample(result: "xr.Dataset", time_s: float) -> int:
    """Index of the sample at ``time_s``, which lies in the run or no further outside than one interval."""
    times = result["time"].values
    step = times[1] - times[0] if len(times) > 1 else np.inf
    if not times[0] - 1.001 * step <= time_s <= times[-1] + 1.001 * step:
        raise ValueError(f"time_s is {time_s}; the run goes from {times[0]:g} to {times[-1]:g} s.")
    return int(np.abs(times - time_s).argmin())


def chosen_whiskers(result: "xr.Dataset", whiskers: Sequence[str] | None) -> list[int]:
    """Places of the named whiskers in the recording; of all without names."""
    known = [str(name) for name in result["whisker"].values]
    if whiskers is None:
        return list(range(len(known)))
    unknown = [name for name in whiskers if name not in known]
    if unknown or not len(whiskers):
        raise ValueError(f"whiskers {list(whiskers)} are not all in the recording; it has {', '.join(known)}.")
    return [known.index(name) for name in whiskers]


def caption(result: "xr.Dataset", sample: int) -> str:
    """Time and number of contacts at a sample."""
    touched = int(result["contact"].values[sample].sum())
    return f"{result['time'].values[sample]:.3f} s, {touched} of {result.sizes['whisker']} in contact"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
