"""Figures: an autocorrelation with its fit and interval, timescales per area, two distributions beside each other, coverage."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_timescale(found: xr.Dataset, unit: int = 0, *, ax: "Axes | None" = None) -> "Axes":
    """Autocorrelation (or spectrum) of one unit with its plain fit; the corrected timescale and its interval in the title.

    Parameters
    ----------
    found
        From `across_trial_timescale`, `within_trial_timescale`, `spike_difference_timescale`, `simulated_timescale`
        or `knee_timescale`.
    unit
        Number of the unit.
    ax
        Axis to draw on; a new figure by default.
    """
    from ..plots import _axis

    ax = _axis(ax, (4.2, 3.0))
    one = found.isel(unit=unit)
    if "power" in one:
        ax.loglog(one["frequency_hz"], one["power"], color="C0", linewidth=0.8, label="power")
        ax.loglog(one["frequency_hz"], one["fitted"], color="black", linewidth=1, label="fit")
        ax.set_xlabel("frequency [Hz]")
        ax.set_ylabel("power [signal² / Hz]")
    else:
        ax.plot(
            one["lag_ms"], one["autocorrelation"], marker="o", markersize=3, linestyle="none", label="autocorrelation"
        )
        ax.plot(one["lag_ms"], one["fitted"], color="black", linewidth=1, label="plain fit")
        ax.axhline(0, color="black", linewidth=0.6, linestyle=":")
        ax.set_xlabel("lag [ms]")
        ax.set_ylabel("autocorrelation")
    tau, low, high = (float(one[f"tau_ms{part}"]) for part in ("", "_low", "_high"))
    said = str(one["status"].item())
    title = (
        f"τ = {tau:.3g} ms ({low:.3g} to {high:.3g})"
        if np.isfinite(low)
        else f"τ = {float(one['tau_ms_uncorrected']):.3g} ms, plain"
    )
    ax.set_title(f"{title}\n{said}" if said else title, fontsize="medium")
    ax.legend()
    return ax


def plot_timescales_per_area(timescales: Mapping[str, np.ndarray], *, ax: "Axes | None" = None) -> "Axes":
    """Timescales of the units of each area on a log axis, their quartiles and medians, areas by median.

    Parameters
    ----------
    timescales
        Per area the timescales of its units [ms]; those that are not finite are counted in the label.
    ax
        Axis to draw on; a new figure by default.
    """
    from ..plots import _axis

    kept = {name: np.asarray(values, float) for name, values in timescales.items()}
    found = {name: values[np.isfinite(values) & (values > 0)] for name, values in kept.items()}
    if not found or min(map(len, found.values())) == 0:
        raise ValueError(
            f"every area needs a finite timescale; {[name for name, one in found.items() if not len(one)]} have none."
        )
    order = sorted(found, key=lambda name: float(np.median(found[name])))
    ax = _axis(ax, (1.2 + 0.8 * len(order), 3.0))
    rng = np.random.default_rng(0)
    for place, name in enumerate(order):
        tau = found[name]
        ax.plot(place + rng.uniform(-0.25, 0.25, len(tau)), tau, ".", markersize=2, color="C0", alpha=0.4)
        low, middle, high = np.quantile(tau, [0.25, 0.5, 0.75])
        ax.vlines(place, low, high, color="black", linewidth=2)
        ax.plot(place, middle, marker="_", color="black", markersize=16)
    ax.set_xticks(range(len(order)), [f"{name}\n{len(found[name])} of {len(kept[name])}" for name in order])
    ax.set_yscale("log")
    ax.set_ylabel("timescale [ms]")
    return ax


def plot_timescale_comparison(
    model_tau: np.ndarray, neural_tau: np.ndarray, comparison: xr.Dataset, *, ax: "Axes | None" = None
) -> "Axes":
    """Cumulative distributions of a model's and a recording's timescales after the common factor.

    Parameters
    ----------
    model_tau, neural_tau
        As given to `compare_timescales`.
    comparison
        What it returned.
    ax
        Axis to draw on; a new figure by default.
    """
    from ..plots import _axis

    ax = _axis(ax, (4.2, 3.0))
    factor = float(comparison["ms_per_step"])
    for values, scale, colour, label in ((neural_tau, 1.0, "C0", "neurons"), (model_tau, factor, "C1", "model")):
        tau = np.asarray(values, float).ravel()
        tau = np.sort(tau[np.isfinite(tau) & (tau > 0)] * scale)
        ax.step(tau, np.arange(1, len(tau) + 1) / len(tau), where="post", color=colour, label=f"{label} ({len(tau)})")
    ax.set_xscale("log")
    ax.set_xlabel("timescale [ms]")
    ax.set_ylabel("cumulative share")
    ax.set_title(
        f"distance {float(comparison['wasserstein']):.2f} decades, halves of the recording "
        f"{float(comparison['wasserstein_ceiling']):.2f}",
        fontsize="medium",
    )
    ax.legend()
    return ax


def plot_coverage(
    inside: np.ndarray, total: np.ndarray, labels: list[str], *, level: float = 0.95, ax: "Axes | None" = None
) -> "Axes":
    """Share of intervals that hold a planted timescale, with exact binomial 95 % intervals and the nominal level.

    Parameters
    ----------
    inside, total
        ``(case,)`` intervals that hold it, and all.
    labels
        One per case.
    level
        Nominal coverage.
    ax
        Axis to draw on; a new figure by default.
    """
    from scipy.stats import beta

    from ..plots import _axis

    ax = _axis(ax, (4.6, 0.8 + 0.25 * len(labels)))
    k, n = np.asarray(inside, float), np.asarray(total, float)
    low = np.where(k > 0, beta.ppf(0.025, np.maximum(k, 1e-9), n - k + 1), 0.0)
    high = np.where(k < n, beta.ppf(0.975, k + 1, np.maximum(n - k, 1e-9)), 1.0)
    share = k / n
    ax.errorbar(share, np.arange(len(n)), xerr=[share - low, high - share], marker="o", markersize=4, linestyle="none")
    ax.axvline(level, color="black", linewidth=0.6, linestyle=":")
    ax.set_yticks(range(len(labels)), labels)
    ax.invert_yaxis()
    ax.set_xlabel("share of intervals that hold the planted timescale")
    return ax
