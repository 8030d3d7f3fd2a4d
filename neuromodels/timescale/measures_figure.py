"""The axes that a figure of a measure is drawn on."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def axis(ax: "Axes | None", size: tuple[float, float] = (4.2, 3.0)) -> "Axes":
    """The axes given, or those of a new figure that no screen shows and no global list keeps.

    Parameters
    ----------
    ax
        Axes, or None.
    size
        Of a new figure, inches.
    """
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained").subplots()
