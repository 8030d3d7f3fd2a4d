"""Figures of afferents: tuning to the phase of whisking, predictors side by side, a predicted spike train."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from .encoding_score import AfferentScore

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_phase_tuning(tuning: xr.Dataset, *, ax: "Axes | None" = None) -> "Axes":
    """Rate against phase with its interval, the mean rate over all phases, and the preferred phase.

    Parameters
    ----------
    tuning
        From `phase_tuning`.
    ax
        Axis to draw on; a new figure by default.
    """
    from ..plots import _axis

    ax = _axis(ax, (4.6, 3.0))
    phase = tuning["phase_rad"].values
    ax.fill_between(
        phase, tuning["rate_hz_low"], tuning["rate_hz_high"], alpha=0.25, linewidth=0, label="95 % over whisks"
    )
    ax.plot(phase, tuning["rate_hz"], marker="o", markersize=3)
    mean = float(tuning["spikes"].sum() / tuning["occupancy_s"].sum())
    ax.axhline(mean, color="black", linewidth=0.6, linestyle=":", label="mean")
    preferred = [float(tuning[f"preferred_phase_rad{part}"]) for part in ("", "_low", "_high")]
    ax.axvline(preferred[0], color="C1", label="preferred phase")
    ax.axvspan(*preferred[1:], color="C1", alpha=0.15, linewidth=0)
    ax.set_xticks(
        np.arange(-2, 3) * np.pi / 2, ["-π\nretracted", "-π/2\nprotracting", "0\nprotracted", "π/2\nretracting", "π"]
    )
    ax.set_xlabel("phase of the whisk [rad]")
    ax.set_ylabel("rate [spikes/s]")
    ax.set_ylim(bottom=0)
    ax.set_title(
        f"{float(tuning['information_bits']):.2f} bit/spike (chance {float(tuning['information_null']):.2f}), "
        f"p = {float(tuning['p']):.1g}"
    )
    ax.legend()
    return ax


def plot_predictors(score: AfferentScore, *, ax: "Axes | None" = None) -> "Axes":
    """Gain in log-likelihood of every predictor over a constant rate, with intervals.

    Parameters
    ----------
    score
        From `score_afferent`.
    ax
        Axis to draw on; a new figure by default.
    """
    from ..plots import _axis

    table = score.table()
    ax = _axis(ax, (4.6, 0.9 + 0.3 * len(table)))
    place = -np.arange(len(table))
    low, high = (np.abs(table["bits_per_spike"] - table[f"bits_per_spike_{side}"]) for side in ("low", "high"))
    ax.errorbar(table["bits_per_spike"], place, xerr=[low, high], fmt="o", markersize=5, capsize=2)
    ax.axvline(0, color="black", linewidth=0.6)
    ax.set_yticks(place, [str(name) for name in table.index])
    ax.set_ylim(place[-1] - 0.6, 0.6)
    ax.set_xlabel("bits per spike over a constant rate, 95 % interval")
    return ax


def plot_prediction(
    score: AfferentScore, predictors: Sequence[str], presentation: int, *, ax: "Axes | None" = None
) -> "Axes":
    """Spikes of one presentation beside what predictors expected when it was held out.

    Parameters
    ----------
    score
        From `score_afferent`.
    predictors
        Names.
    presentation
        Number of the presentation.
    ax
        Axis to draw on; a new figure by default.
    """
    from ..plots import _axis

    ax = _axis(ax, (6.4, 2.4))
    shown = score.data.isel(presentation=presentation)
    per_s = 1000 / shown.attrs["r_bin_ms"]
    time = shown["time_ms"].values / 1000
    ax.fill_between(time, shown["observed"] * per_s, step="post", color="#BBBBBB", linewidth=0, label="observed")
    for number, name in enumerate(predictors):
        expected = shown["predicted"].sel(predictor=name) * per_s
        ax.step(time, expected, where="post", color=f"C{number}", linewidth=0.9, label=name)
    ax.set_xlabel("time [s]")
    ax.set_ylabel(f"spikes/s in {shown.attrs['r_bin_ms']:g} ms")
    ax.legend(loc="upper right")
    return ax
