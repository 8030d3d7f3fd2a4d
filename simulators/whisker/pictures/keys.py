"""What the colours of a picture mean: legends and bars."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from .drawing import EDGE_COLOUR, LINE_COLOURS, SceneDrawing, object_colour, whisker_colours

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Colouring = Literal["row", "moment", "force"]


def add_key(ax: "Axes", drawing: SceneDrawing, result: "xr.Dataset", colour: Colouring) -> None:
    """Legend of the whiskers, or the bar of magnitudes; names of the objects where there are several."""
    names = [str(name) for name in result["object"].values] if result.sizes.get("object", 0) > 1 else []
    picture_legend(ax, drawing.names if drawing.colours is None else [], drawing.names, names)
    if drawing.colours is not None:
        bar = ax.figure.colorbar(drawing.colours, ax=ax, shrink=0.6, pad=0.02)
        bar.set_label(f"|{colour}| on the base [{unit(result, colour)}]")


def whisker_handles(names: Sequence[str], among: Sequence[str]) -> list:
    """Lines for a legend: one per whisker or one per row, as their colours are; see `whisker_colours`."""
    from matplotlib.lines import Line2D

    labels = {name: name for name in names}
    if len(names) > len(LINE_COLOURS):
        labels = {name: f"row {name[1]}" for name in sorted(names, key=lambda name: name[1])}
    colours = dict(zip(labels.values(), whisker_colours(list(labels), among), strict=True))
    return [Line2D([], [], color=colour, label=label, linewidth=2) for label, colour in colours.items()]


def picture_legend(ax: "Axes", whiskers: Sequence[str], among: Sequence[str], objects: Sequence[str] = ()) -> None:
    """Colours of some whiskers of a recording, and of the objects, in the upper left corner."""
    from matplotlib.patches import Patch

    handles = [
        *whisker_handles(whiskers, among),
        *(
            Patch(facecolor=object_colour(number), edgecolor=EDGE_COLOUR, linewidth=0.6, label=name)
            for number, name in enumerate(objects)
        ),
    ]
    if handles:
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, 1), handlelength=1.0)


def unit(result: "xr.Dataset", variable: str) -> str:
    """Unit of a variable as it is printed."""
    return str(result[variable].attrs["unit"]).replace("uN", "µN").replace(".", "·").replace(" ", "·")
