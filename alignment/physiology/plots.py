"""Figures of tuning: curves of a unit with its fit and interval, maps over frequency, a receptive field."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OBSERVED: dict[str, Any] = {"marker": "o", "markersize": 4, "linestyle": "none", "color": "C0"}


def plot_direction_tuning(tuning: xr.Dataset, unit: int = 0, *, ax: "Axes | None" = None) -> "Axes":
    """Responses of one unit to the directions, its fitted curve, and the preferred direction with its interval.

    Parameters
    ----------
    tuning
        From `direction_tuning`.
    unit
        Number of the unit.
    ax
        Axis to draw on; a new figure by default.
    """
    from ..plots import _axis
    from .direction import von_mises

    ax = _axis(ax, (4.2, 3.0))
    shown = tuning.isel(unit=unit)
    ax.plot(shown["direction_deg"], shown["response"], label="mean response", **OBSERVED)
    if np.isfinite(shown["r2"]):
        fine = np.linspace(0, 360, 361)
        b, a, kappa, peak = (
            float(shown[name]) for name in ("fit_baseline", "fit_amplitude", "fit_kappa", "preferred_direction_fit_deg")
        )
        row = np.array([[b, a, np.log(kappa), np.deg2rad(peak)]])
        ax.plot(fine, von_mises(row, fine)[0], color="C0", linewidth=1)
        _mark(ax, shown, "preferred_direction_deg")
    ax.set_xlim(-8, 368)
    ax.set_xticks(range(0, 361, 90))
    ax.set_xlabel("direction of motion [deg], 0 right, 90 up")
    ax.set_ylabel(_response(tuning))
    ax.set_title(
        f"direction index {float(shown['direction_index']):.2f}, selectivity {float(shown['direction_selectivity']):.2f}"
    )
    return ax


def plot_sf_tf_tuning(tuning: xr.Dataset, unit: int = 0, *, ax: "Axes | None" = None) -> "Axes":
    """Response of one unit over spatial and temporal frequency, with its preferred pair and the line of equal speed.

    Parameters
    ----------
    tuning
        From `sf_tf_tuning` or `speed_independence`.
    unit
        Number of the unit.
    ax
        Axis to draw on; a new figure by default.
    """
    from ..plots import _axis

    ax = _axis(ax, (3.8, 3.2))
    shown = tuning.isel(unit=unit)
    sf, tf = (shown[name].values for name in ("spatial_frequency_cpd", "temporal_frequency_hz"))
    picture = ax.pcolormesh(np.arange(len(sf)), np.arange(len(tf)), shown["response"].values.T, cmap="viridis")
    best = [float(shown[f"preferred_{name}"]) for name in ("spatial_frequency_cpd", "temporal_frequency_hz")]
    if np.isfinite(best).all():
        place = [np.interp(value, axis, np.arange(len(axis))) for value, axis in zip(best, (sf, tf), strict=True)]
        ax.plot(*place, marker="+", color="white", markersize=10)
        at_speed = np.interp(sf * best[1] / best[0], tf, np.arange(len(tf)), left=np.nan, right=np.nan)
        ax.plot(np.arange(len(sf)), at_speed, color="white", linewidth=0.8, linestyle="--")
        ax.set_title(f"{best[0]:.3g} cycles/deg, {best[1]:.3g} Hz")
    ax.set_xticks(range(len(sf)), [f"{value:.3g}" for value in sf])
    ax.set_yticks(range(len(tf)), [f"{value:.3g}" for value in tf])
    ax.set_xlabel("spatial frequency [cycles/deg]")
    ax.set_ylabel("temporal frequency [Hz]")
    assert ax.figure is not None
    ax.figure.colorbar(picture, ax=ax, label=_response(tuning))
    return ax


def plot_speed_tuning(tuning: xr.Dataset, unit: int = 0, *, ax: "Axes | None" = None) -> "Axes":
    """Responses of one unit to speeds with the fitted curve and its preferred speed.

    Parameters
    ----------
    tuning
        From `speed_tuning`.
    unit
        Number of the unit.
    ax
        Axis to draw on; a new figure by default.
    """
    from ..plots import _axis

    ax = _axis(ax, (4.2, 3.0))
    shown = tuning.isel(unit=unit)
    ax.plot(shown["speed_deg_per_s"], shown["response"], label="mean response", **OBSERVED)
    ax.plot(shown["speed_deg_per_s"], shown["fitted"], color="C0", linewidth=1)
    _mark(ax, shown, "preferred_speed_deg_per_s")
    ax.set_xscale("log", base=2)
    ax.set_xlabel("speed [deg/s]")
    ax.set_ylabel(_response(tuning))
    ax.set_title(f"preferred speed {float(shown['preferred_speed_deg_per_s']):.3g} deg/s")
    return ax


def plot_contrast_response(tuning: xr.Dataset, unit: int = 0, *, ax: "Axes | None" = None) -> "Axes":
    """Responses of one unit to contrasts with the fitted hyperbolic ratio and c50.

    Parameters
    ----------
    tuning
        From `contrast_response`.
    unit
        Number of the unit.
    ax
        Axis to draw on; a new figure by default.
    """
    from ..plots import _axis
    from .contrast import hyperbolic_ratio

    ax = _axis(ax, (4.2, 3.0))
    shown = tuning.isel(unit=unit)
    contrast = shown["contrast"].values
    seen = contrast > 0
    ax.plot(contrast[seen], shown["response"].values[seen], **OBSERVED)
    if np.isfinite(shown["c50"]):
        fine = np.geomspace(contrast[seen].min(), 1, 200)
        b, r_max, c50, n = (float(shown[name]) for name in ("baseline", "r_max", "c50", "exponent"))
        ax.plot(
            fine, hyperbolic_ratio(np.array([[b, r_max, np.log(c50), np.log(n)]]), fine)[0], color="C0", linewidth=1
        )
        _mark(ax, shown, "c50")
    ax.axhline(float(shown["baseline"]), color="black", linewidth=0.6, linestyle=":")
    ax.set_xscale("log")
    ax.set_xlabel("contrast")
    ax.set_ylabel(_response(tuning))
    ax.set_title(f"c50 = {float(shown['c50']):.3g}, n = {float(shown['exponent']):.2g}")
    return ax


def plot_receptive_field(
    field: xr.Dataset, unit: int = 0, *, lag: int | None = None, ax: "Axes | None" = None
) -> "Axes":
    """Average picture before the responses of one unit, with the outline of the pixels that stand out.

    Parameters
    ----------
    field
        From `receptive_field`.
    unit
        Number of the unit.
    lag
        Frames back; by default the unit's peak, or 0 where it has none.
    ax
        Axis to draw on; a new figure by default.
    """
    from ..plots import _axis

    ax = _axis(ax, (3.6, 3.2))
    shown = field.isel(unit=unit)
    if lag is None:
        lag = int(np.nan_to_num(float(shown["peak_lag"])))
    picture = shown["z"].isel(lag=lag).values
    most = float(np.nanmax(np.abs(shown["z"].values))) if np.isfinite(shown["z"]).any() else 1.0
    drawn = ax.imshow(picture, cmap="RdBu_r", vmin=-most, vmax=most)
    outline = shown["significant"].isel(lag=lag).values
    if outline.any() and not outline.all():
        ax.contour(outline.astype(float), levels=[0.5], colors="black", linewidths=0.7)
    ax.set_xlabel("column [pixel]")
    ax.set_ylabel("row [pixel]")
    ax.set_title(f"{lag} frames before the response")
    assert ax.figure is not None
    ax.figure.colorbar(drawn, ax=ax, label="z of the average")
    return ax


def _mark(ax: "Axes", shown: xr.Dataset, name: str) -> None:
    """A line at a value with a band over its interval, where there are any."""
    value, low, high = (float(shown[f"{name}{part}"]) for part in ("", "_low", "_high"))
    if np.isfinite(value):
        ax.axvline(value, color="C1", linewidth=1)
    if np.isfinite([low, high]).all():
        ax.axvspan(low, high, color="C1", alpha=0.2, linewidth=0)


def _response(tuning: xr.Dataset) -> str:
    return f"response [{tuning.attrs['responses']}]" if "responses" in tuning.attrs else "response"
