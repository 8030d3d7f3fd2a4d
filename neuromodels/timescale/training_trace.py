"""What a run on a memory task went through: accuracy of each head and time constants, epoch after epoch."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..training.logs import read_history
from .measures_figure import axis

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

TAU = ("tau_mean", "tau_sd", "tau_at_clamp")


def curriculum_trace(folder: str | Path) -> "xr.Dataset":
    """The table of a run as labelled arrays.

    Parameters
    ----------
    folder
        Of a run with the task ``timescale/memory``.

    Returns
    -------
    xarray.Dataset
        Over ``epoch``, from 1: ``largest_n``; ``solved``, whether its stage was; ``tau_mean``, ``tau_sd`` and
        ``tau_at_clamp``, NaN where time constants depend on the input. ``accuracy`` ``(epoch, N)``, NaN where N was not asked.

    Raises
    ------
    ValueError
        If the run had another task.
    """
    import xarray as xr

    rows = read_history(folder)
    asked = sorted({int(name[1:]) for row in rows for name in row if re.fullmatch(r"N\d+", name)})
    if not asked or "largest_n" not in rows[0]:
        raise ValueError(f"the run in {folder} has no accuracies by N; give one with the task timescale/memory.")
    columns = {name: ("epoch", [row.get(name, np.nan) for row in rows]) for name in ("largest_n", *TAU)}
    solved = [row.get("validation_solved") == row["largest_n"] for row in rows]
    accuracy = [[row.get(f"N{n}", np.nan) for n in asked] for row in rows]
    return xr.Dataset(
        {**columns, "solved": ("epoch", solved), "accuracy": (("epoch", "N"), accuracy)},
        coords={"epoch": [int(row["epoch"]) + 1 for row in rows], "N": asked},
    )


def plot_accuracies(trace: "xr.Dataset", *, threshold: float | None = None, ax: "Axes | None" = None) -> "Axes":
    """Accuracy of each N over epochs.

    Parameters
    ----------
    trace
        Of `curriculum_trace`.
    threshold
        Drawn as a line.
    ax
        Axes to draw in; new ones by default.
    """
    import matplotlib as mpl

    ax = axis(ax, (5, 3.5))
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.9, trace.sizes["N"]))
    for colour, n in zip(colours, trace["N"].values, strict=True):
        ax.plot(trace["epoch"], trace["accuracy"].sel(N=n), color=colour, marker=".", label=f"N = {n}")
    if threshold is not None:
        ax.axhline(threshold, color="grey", linestyle=":")
    ax.set(xlabel="epoch", ylabel="accuracy")
    ax.legend(fontsize=7, ncols=2)
    return ax


def plot_time_constants_in_training(trace: "xr.Dataset", *, ax: "Axes | None" = None) -> "Axes":
    """Mean and standard deviation over units of the time constants, where a stage was solved, against its largest N.

    Parameters
    ----------
    trace
        Of `curriculum_trace`.
    ax
        Axes to draw in; new ones by default.
    """
    ax = axis(ax, (5, 3.5))
    done = trace.isel(epoch=trace["solved"].values)
    ax.errorbar(done["largest_n"], done["tau_mean"], done["tau_sd"], marker="o", capsize=3)
    ax.set(xlabel="largest N solved", ylabel="time constant (steps)", xticks=done["largest_n"].values)
    return ax
