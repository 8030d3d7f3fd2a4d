"""What the colours of a picture mean: legends and bars."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from .drawing import EDGE_COLOUR, ROW_COLOURS, SceneDrawing, object_colour

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Colouring = Literal["row", "moment", "force"]


def add_key(ax: "Axes", drawing: SceneDrawing, result: "xr.Dataset", colour: Colouring) -> None:
    """Legend of the rows, or the bar of magnitudes; names of the objects where there are several."""
    names = [str(name) for name in result["object"].values] if result.sizes.get("object", 0) > 1 else []
    picture_legend(ax, drawing.names if drawing.colours is None else [], names)
    if drawing.colours is not None:
        bar = ax.figure.colorbar(drawing.colours, ax=ax, shrink=0.6, pad=0.02)
        bar.set_label(f"|{colour}| on the base [{unit(result, colour)}]")


def row_handles(names: Sequence[str]) -> list:
    """Lines for a legend, one per row that the whiskers have."""
    from matplotlib.lines import Line2D

    rows = sorted({name[1] for name in names})
    return [Line2D([], [], color=ROW_COLOURS[row], label=f"row {row}", linewidth=2) for row in rows]


def picture_legend(ax: "Axes", whiskers: Sequence[str], objects: Sequence[str] = ()) -> None:
    """Colours of the rows and of the objects in the upper left corner."""
    from matplotlib.patches import Patch

    handles = [
        *row_handles(whiskers),
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
