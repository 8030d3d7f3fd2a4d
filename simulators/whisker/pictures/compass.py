"""Where a picture says how long a millimetre is and where the animal looks."""

from typing import TYPE_CHECKING

import numpy as np

from .camera import Camera

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ARROW_PT = 22.0


def root_figure(ax: "Axes") -> "Figure":
    """The figure that an axis is on, also by way of subfigures."""
    from matplotlib.figure import Figure

    figure = ax.figure.figure
    assert isinstance(figure, Figure)
    return figure


def scale_bar(ax: "Axes", width_mm: float) -> None:
    """A round length, at most a quarter of the width of the picture, in the lower left corner."""
    from mpl_toolkits.axes_grid1.anchored_artists import AnchoredSizeBar  # type: ignore[import-untyped]

    steps = np.array([1.0, 2.0, 5.0]) * 10.0 ** np.arange(-3, 4)[:, None]
    length = float(steps[steps <= 0.25 * width_mm].max())
    bar = AnchoredSizeBar(
        ax.transData, length, f"{length:g} mm", "lower left", pad=0.2, frameon=False, size_vertical=0.004 * width_mm
    )
    ax.add_artist(bar)


def _origin_pt(camera: Camera) -> float:
    """Height of the origin of the arrows above the lower edge."""
    return 14.0 + (ARROW_PT + 10.0) * max(0.0, -float(camera.axes()[1].min()))


def compass_height_pt(camera: Camera) -> float:
    """Room that the arrows and their names take above the lower edge."""
    return _origin_pt(camera) + ARROW_PT * max(0.0, float(camera.axes()[1].max())) + 20.0


def compass(ax: "Axes", camera: Camera) -> None:
    """Arrows along right, rostral and dorsal in the corner; one that points at the viewer is left out."""
    from matplotlib.transforms import Transform, offset_copy

    figure, height_pt = root_figure(ax), _origin_pt(camera)

    def shifted(offset_pt: np.ndarray) -> Transform:
        x, y = np.array([-66.0, height_pt]) + offset_pt
        return offset_copy(ax.transAxes, figure, x, y, units="points")

    for name, direction in zip(("right", "rostral", "dorsal"), camera.project(np.eye(3))[:, :2], strict=True):
        length = float(np.hypot(*direction))
        if length < 0.2:
            continue
        ax.annotate(
            "",
            (1, 0),
            (1, 0),
            xycoords=shifted(direction * ARROW_PT),
            textcoords=shifted(np.zeros(2)),
            arrowprops={"arrowstyle": "-|>", "color": "black", "shrinkA": 0, "shrinkB": 0, "mutation_scale": 8},
            annotation_clip=False,
        )
        at = shifted(direction * (ARROW_PT + 4 / length))
        sideways = "center" if abs(direction[0]) < 0.35 else ("left" if direction[0] > 0 else "right")
        upright = "center" if abs(direction[1]) < 0.35 else ("bottom" if direction[1] > 0 else "top")
        ax.text(1, 0, name, transform=at, ha=sideways, va=upright, fontsize=8)
