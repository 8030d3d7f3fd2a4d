"""Figures of classes and thresholds: pattern against component, speed against independence, dots, simple and complex."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from .plots import _mark, _response
from .rival_predictions import CRITERION

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_pattern_component(result: xr.Dataset, *, ax: "Axes | None" = None) -> "Axes":
    """Z for the pattern against Z for the component prediction, one point per unit, with the borders of the classes.

    Parameters
    ----------
    result
        From `pattern_component`.
    ax
        Axis to draw on; a new figure by default.
    """
    ax = _rivals(result, "z_component", "z_pattern", ax)
    ax.set_xlabel("Z component")
    ax.set_ylabel("Z pattern")
    return ax


def plot_speed_independence(result: xr.Dataset, *, ax: "Axes | None" = None) -> "Axes":
    """Z for constant preferred speed against Z for constant temporal frequency, one point per unit, with the classes' borders.

    Parameters
    ----------
    result
        From `speed_independence`.
    ax
        Axis to draw on; a new figure by default.
    """
    ax = _rivals(result, "z_independent", "z_speed", ax)
    ax.set_xlabel("Z independent of speed")
    ax.set_ylabel("Z speed-tuned")
    return ax


def plot_coherence_response(result: xr.Dataset, unit: int = 0, *, ax: "Axes | None" = None) -> "Axes":
    """Responses of one unit to dots in its preferred and null direction, with intervals.

    Parameters
    ----------
    result
        From `coherence_response`.
    unit
        Number of the unit.
    ax
        Axis to draw on; a new figure by default.
    """
    from ..plots import _axis

    ax = _axis(ax, (4.2, 3.0))
    shown = result.isel(unit=unit)
    for number, side in enumerate(shown["side"].values):
        each = shown.sel(side=side)
        value = each["response"].values
        bounds = np.nan_to_num([value - each["response_low"], each["response_high"] - value])
        ax.errorbar(
            each["coherence"],
            value,
            np.clip(bounds, 0, None),
            color=f"C{number}",
            marker="o",
            markersize=4,
            capsize=2,
            label=side,
        )
    ax.set_xlabel("coherence")
    ax.set_ylabel(_response(result))
    ax.legend()
    return ax


def plot_neurometric_function(result: xr.Dataset, unit: int = 0, *, ax: "Axes | None" = None) -> "Axes":
    """Performance of an ideal observer of one unit over coherence, the fitted curve and its threshold.

    Parameters
    ----------
    result
        From `neurometric_function`.
    unit
        Number of the unit.
    ax
        Axis to draw on; a new figure by default.
    """
    from ..plots import _axis

    ax = _axis(ax, (4.2, 3.0))
    shown = result.isel(unit=unit, coherence=np.flatnonzero(result["coherence"].values > 0))
    value = shown["performance"].values
    bounds = np.nan_to_num([value - shown["performance_low"], shown["performance_high"] - value])
    ax.errorbar(
        shown["coherence"], value, np.clip(bounds, 0, None), marker="o", markersize=4, capsize=2, linestyle="none"
    )
    ax.plot(shown["coherence"], shown["fitted"], color="C0", linewidth=1)
    ax.axhline(0.5, color="black", linewidth=0.6, linestyle=":")
    _mark(ax, shown, "threshold")
    ax.set_xscale("log")
    ax.set_ylim(0.3, 1.02)
    ax.set_xlabel("coherence")
    ax.set_ylabel("preferred told from null [share]")
    ax.set_title(f"threshold {float(shown['threshold']):.3g}")
    return ax


def plot_phase_modulation(result: xr.Dataset, *, ax: "Axes | None" = None) -> "Axes":
    """How many units have which F1/F0, with the border between simple and complex cells.

    Parameters
    ----------
    result
        From `phase_modulation`.
    ax
        Axis to draw on; a new figure by default.
    """
    from ..plots import _axis

    ax = _axis(ax, (4.2, 2.6))
    values = result["f1_f0"].values
    ax.hist(values[np.isfinite(values)], bins=np.linspace(0, 2, 21).tolist(), color="C0")
    ax.axvline(1, color="black", linewidth=0.6, linestyle=":")
    ax.set_xlabel("F1/F0 (complex below 1, simple above)")
    ax.set_ylabel(f"units (of {len(values)})")
    return ax


def _rivals(result: xr.Dataset, across: str, up: str, ax: "Axes | None") -> "Axes":
    from ..plots import _axis

    ax = _axis(ax, (3.6, 3.6))
    x, y = result[across].values, result[up].values
    classes = result["class"].values
    for number, name in enumerate(result["class_name"].values):
        rows = classes == name
        ax.plot(
            x[rows],
            y[rows],
            "o",
            markersize=4,
            color=("C0", "C1", "#999999")[number],
            label=f"{name} ({int(rows.sum())})",
        )
    known = np.concatenate([x[np.isfinite(x)], y[np.isfinite(y)], [0.0]])
    low, high = min(known.min(), -CRITERION) - 1, max(known.max(), CRITERION) + 1
    ax.plot([low, 0, high], [CRITERION, CRITERION, high + CRITERION], color="black", linewidth=0.6)
    ax.plot([CRITERION, CRITERION, high + CRITERION], [low, 0, high], color="black", linewidth=0.6)
    ax.set_xlim(low, high)
    ax.set_ylim(low, high)
    ax.set_aspect("equal")
    ax.legend()
    return ax
