"""Names of whiskers in a picture, placed so that they can be read."""

from collections.abc import Sequence

import numpy as np

from .compass import root_figure
from .drawing import SceneDrawing


def write_names(drawing: SceneDrawing, sample: int, chosen: Sequence[int] | np.ndarray | None = None) -> None:
    """Names beside the tips, each at the nearest place that no name, tip or, if there is one, whisker takes."""
    from matplotlib.patheffects import withStroke

    ax, size_pt = drawing.ax, 7.0
    figure = root_figure(ax)
    figure.draw_without_rendering()  # the layout settles only here
    per_point = figure.dpi / 72
    lines = [line[np.isfinite(line[:, 0]), :2] for line in drawing.camera.project(drawing.course.lines_mm[sample])]
    pixels = [ax.transData.transform(_dense(line)) for line in lines]
    drawn = np.concatenate(pixels)
    whiskers = np.arange(len(lines)) if chosen is None else np.asarray(chosen)
    taken = [np.concatenate([pixels[number][-1] - 2, pixels[number][-1] + 2]) for number in whiskers]
    for number in whiskers:
        name, tip = drawing.names[number], pixels[number][-1]
        half = np.array([0.36 * len(name), 0.5]) * size_pt * per_point
        outwards = float(np.arctan2(*(tip - pixels[number][-2])[::-1]))
        boxes = [np.concatenate([tip + at - half, tip + at + half]) for at in _places(outwards, half, per_point)]
        free = [box for box in boxes if not any(_overlap(box, other) for other in taken)]
        clear = [box for box in free if not ((box[:2] < drawn) & (drawn < box[2:])).all(axis=1).any()]
        box = (clear or free or boxes)[0]
        taken.append(box)
        at = (box[:2] + box[2:]) / 2 - tip
        far = np.hypot(*at) > 2.0 * np.hypot(*half)
        ax.annotate(
            name,
            lines[number][-1],
            at / per_point,
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=size_pt,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": "#777777", "shrinkB": 0} if far else None,
            path_effects=[withStroke(linewidth=2, foreground="white")],
            zorder=6,
        )


def _dense(line: np.ndarray, n_points: int = 60) -> np.ndarray:
    at = np.linspace(0, len(line) - 1, n_points)
    return np.stack([np.interp(at, np.arange(len(line)), values) for values in line.T], axis=1)


def _places(outwards: float, half: np.ndarray, per_point: float) -> "list[np.ndarray]":
    """Offsets of a name from its tip in pixels, nearest and straightest first."""
    turns = np.deg2rad([0, 25, -25, 50, -50, 80, -80, 120, -120, 180])
    angles = outwards + turns
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    reach = np.abs(directions * half).sum(axis=1) + 2 * per_point
    return [at for step in range(10) for at in directions * (reach[:, None] + 5 * step * per_point)]


def _overlap(one: np.ndarray, other: np.ndarray) -> bool:
    return bool((one[:2] < other[2:]).all() and (other[:2] < one[2:]).all())
