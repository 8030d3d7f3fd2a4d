"""Spike counts per trial and bin: from spike times, in wider bins, and checked before anything is estimated."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import xarray as xr

LEAST_BINS = 4

Noise = Literal["poisson", "gaussian"]
Recording = np.ndarray | xr.DataArray | Sequence[np.ndarray]


def spike_counts(spike_times_ms: Sequence[np.ndarray], trial_ms: float, bin_ms: float) -> np.ndarray:
    """Spikes of every trial in bins of equal width.

    Parameters
    ----------
    spike_times_ms
        Per trial the times of its spikes since its start [ms]; an empty array for a trial without spikes.
    trial_ms
        Length of a trial [ms].
    bin_ms
        Width of a bin [ms]; it must divide the trial.

    Returns
    -------
    numpy.ndarray
        ``(trial, bin)`` counts.

    Raises
    ------
    ValueError
        If the bins do not divide the trial, or a spike lies outside 0 to ``trial_ms`` or is not finite.
    """
    n_bins = _whole(trial_ms, bin_ms, "a trial of", "ms")
    times = [np.asarray(one, dtype=float).ravel() for one in spike_times_ms]
    every = np.concatenate(times) if times else np.zeros(0)
    outside = ~((every >= 0) & (every < trial_ms))
    if not times or outside.any():
        raise ValueError(
            "there is no trial." if not times else
            f"{int(outside.sum())} of {len(every)} spike times are not in a trial from 0 to {trial_ms:g} ms (first: "
            f"{every[outside][0]:g}); count them from the start of their own trial."
        )  # fmt: skip
    trial = np.repeat(np.arange(len(times)), [len(one) for one in times])
    place = np.minimum((every / bin_ms).astype(int), n_bins - 1)
    return np.bincount(trial * n_bins + place, minlength=len(times) * n_bins).reshape(len(times), n_bins).astype(float)


def rebin(counts: np.ndarray, bin_ms: float, into_ms: float) -> np.ndarray:
    """Counts in wider bins, ``(..., bin)``.

    Parameters
    ----------
    counts
        ``(..., bin)`` in bins of ``bin_ms``.
    bin_ms, into_ms
        Width of the bins before and after [ms].

    Raises
    ------
    ValueError
        If the new width is no multiple of the old one, or does not divide the trial.
    """
    values = np.asarray(counts, dtype=float)
    width = _whole(into_ms, bin_ms, "a bin of", "ms")
    n_bins = _whole(values.shape[-1] * bin_ms, into_ms, "a trial of", "ms")
    return np.asarray(values.reshape(*values.shape[:-1], n_bins, width).sum(axis=-1))


def in_trials(counts: np.ndarray, bin_ms: float, trial_ms: float) -> np.ndarray:
    """One continuous series ``(bin,)`` cut into trials ``(trial, bin)``; bins past the last whole trial are left out.

    Parameters
    ----------
    counts
        ``(bin,)``.
    bin_ms, trial_ms
        Width of a bin, and length of a trial [ms]: at least ten times the timescale in question.

    Raises
    ------
    ValueError
        If the bins do not divide the trial, or the series is shorter than one trial.
    """
    values = np.asarray(counts, dtype=float)
    n_bins = _whole(trial_ms, bin_ms, "a trial of", "ms")
    if values.ndim != 1 or len(values) < n_bins:
        raise ValueError(f"a series (bin,) of at least {n_bins} bins is needed, received shape {values.shape}.")
    return values[: len(values) // n_bins * n_bins].reshape(-1, n_bins)


def checked_units(counts: Recording, noise: Noise) -> list[np.ndarray]:
    """Counts of every unit ``(trial, bin)``, finite and, for Poisson noise, whole numbers.

    Parameters
    ----------
    counts
        ``(trial, bin)`` of one unit, ``(unit, trial, bin)``, or per unit an array ``(trial, bin)``.
    noise
        ``"poisson"`` for spike counts, ``"gaussian"`` for any other signal.

    Raises
    ------
    ValueError
        If the shape is another, trials are too short, or values are NaN, infinite, or no counts.
    """
    if noise not in ("poisson", "gaussian"):
        raise ValueError(f"noise must be 'poisson' (spike counts) or 'gaussian' (other signals), received {noise!r}.")
    if isinstance(counts, (np.ndarray, xr.DataArray)):
        values = np.asarray(counts, dtype=float)
        units = [values] if values.ndim == 2 else list(values)
    else:
        units = [np.asarray(one, dtype=float) for one in counts]
    if not units:
        raise ValueError("there is no unit.")
    for number, unit in enumerate(units):
        if unit.ndim != 2 or not len(unit) or unit.shape[1] < LEAST_BINS:
            raise ValueError(
                f"unit {number} has counts of shape {unit.shape}; (trial, bin) with at least {LEAST_BINS} bins is needed."
            )
        bad = ~np.isfinite(unit)
        if bad.any():
            raise ValueError(
                f"unit {number} holds {int(bad.sum())} values that are NaN or infinite; leave out their "
                f"{int(bad.any(axis=1).sum())} trials."
            )
        no_count = (unit < 0) | (unit != np.rint(unit))
        if noise == "poisson" and no_count.any():
            raise ValueError(
                f"unit {number} holds values that are no spike counts (such as {unit[no_count][0]:g}); "
                "divide rates by their unit, or pass noise='gaussian' for a signal."
            )
    return units


def _whole(length: float, width: float, what: str, unit: str) -> int:
    number = length / width if width > 0 else 0.0
    if not (np.isfinite(number) and round(number) >= 1 and abs(number - round(number)) < 1e-6):
        raise ValueError(f"bins of {width:g} {unit} do not divide {what} {length:g} {unit}; choose a width that does.")
    return round(number)
