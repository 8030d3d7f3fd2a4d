"""What a run says of itself: a table, a learning curve, and event files where asked."""

import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Row = Mapping[str, float]


def write_history(history: Sequence[Row], folder: Path) -> Path:
    """Table of all epochs, ``metrics.csv``: one row per epoch, empty where an epoch was not evaluated.

    Parameters
    ----------
    history
        One mapping of names to numbers per epoch.
    folder
        Of the run.

    Returns
    -------
    Path
        The table, replaced as a whole: a killed run leaves no half row.
    """
    columns = list(dict.fromkeys(name for row in history for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return _replace(folder / "metrics.csv", text.getvalue())


def read_history(folder: str | Path) -> list[dict[str, float]]:
    """Rows of ``metrics.csv``; what is empty there is left out.

    Parameters
    ----------
    folder
        Of the run.
    """
    with open(Path(folder) / "metrics.csv", encoding="utf-8", newline="") as file:
        return [{key: float(value) for key, value in row.items() if value} for row in csv.DictReader(file)]


def plot_learning_curve(history: Sequence[Row], metric: str, *, ax: "Axes | None" = None) -> "Axes":
    """Metric over epochs, of training and validation, with the levels of chance and of a constant prediction.

    Parameters
    ----------
    history
        Rows of `read_history`.
    metric
        Such as ``"loss"`` or ``"top1"``.
    ax
        Axes to draw in; new ones by default.

    Returns
    -------
    Axes
        With a legend.
    """
    import matplotlib.pyplot as plt

    if ax is None:
        ax = plt.subplots(figsize=(5, 3.5), layout="constrained")[1]
    for part in ("train", "validation"):
        name = f"{part}_{metric}"
        points = [(row["epoch"], row[name]) for row in history if name in row]
        if points:
            ax.plot(*zip(*points, strict=True), marker=".", label=part)
    for level, style in (("chance", ":"), ("constant", "--")):
        values = [row[f"validation_{level}_{metric}"] for row in history if f"validation_{level}_{metric}" in row]
        if values:
            name = {"chance": "chance", "constant": "constant prediction"}[level]
            ax.axhline(values[-1], color="grey", linestyle=style, label=name)
    ax.set(xlabel="epoch", ylabel={"top1": "top-1 accuracy", "top5": "top-5 accuracy"}.get(metric, metric))
    ax.legend()
    return ax


def save_learning_curve(history: Sequence[Row], metric: str, folder: Path) -> Path:
    """Loss and ``metric`` over epochs as ``curve.png``.

    Parameters
    ----------
    history, metric
        See `plot_learning_curve`.
    folder
        Of the run.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    metrics = list(dict.fromkeys(["loss", metric]))
    figure = Figure(figsize=(5 * len(metrics), 3.5), layout="constrained")
    FigureCanvasAgg(figure)
    for place, name in enumerate(metrics, start=1):
        plot_learning_curve(history, name, ax=figure.add_subplot(1, len(metrics), place))
    figure.savefig(folder / "curve.png", dpi=150)
    return folder / "curve.png"


class Events:
    """Event files for TensorBoard; does nothing unless asked to.

    Parameters
    ----------
    folder
        Of the run; events go to its subfolder ``tensorboard``.
    wanted
        Whether to write any.
    epoch
        First epoch that will be written: later ones, of a run that was killed, are hidden.

    Raises
    ------
    ModuleNotFoundError
        If the package is missing.
    """

    def __init__(self, folder: Path, *, wanted: bool, epoch: int = 0) -> None:
        self._writer: Any = None
        if wanted:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                raise ModuleNotFoundError(
                    "training.tensorboard = true needs the package tensorboard; pip install 'neuromodels[training]', or set "
                    "it to false."
                ) from None
            self._writer = SummaryWriter(str(folder / "tensorboard"), purge_step=epoch)

    def add(self, row: Row) -> None:
        """One epoch."""
        if self._writer is not None:
            for name, value in row.items():
                part, _, metric = name.partition("_")
                tag = f"{metric}/{part}" if metric and part in ("train", "validation") else f"run/{name}"
                self._writer.add_scalar(tag, value, int(row["epoch"]))
            self._writer.flush()

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()


def _replace(path: Path, text: str) -> Path:
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)
    return path
