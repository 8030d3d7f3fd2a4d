"""Simple and complex cells: how much of the response follows the bars of a grating."""

import numpy as np
import xarray as xr

from ..inference import small_sample_factor
from .conditions import FACTS, bounded, stratified_weights

MIN_PHASES = 3


def phase_modulation(
    responses: xr.DataArray,
    *,
    rate_hz: float | None = None,
    n_boot: int = 1000,
    seed: int = 0,
) -> xr.Dataset:
    """F1/F0 of each unit: amplitude at the grating's temporal frequency over the mean response.

    F1 / F0 = 2 |sum_t r(t) exp(-2 pi i f t)| / sum_t r(t), over the largest whole number of cycles that the response holds. It
    is above 1 for simple and below 1 for complex cells; a half-wave rectified sine gives pi / 2. Where stimuli of several
    ``phase_deg`` were shown instead of a response over time, phase takes the place of time.

    Read one place, not the mean of a map: the maps of simple cells have all phases at once, so record with
    ``reduce="centre"``.

    Parameters
    ----------
    responses
        ``(stimulus, time, unit)`` of drifting gratings with ``temporal_frequency_hz``, each long enough for one cycle; or
        ``(stimulus, unit)`` with evenly spaced ``phase_deg``, at least three. Each unit is read at the stimulus (apart from its
        phase) that drives it most.
    rate_hz
        Moments per second; by default the attribute ``rate_hz`` of the responses.
    n_boot, seed
        Resamples of trials of the same stimulus, and their seed.

    Returns
    -------
    xarray.Dataset
        Along ``unit``: ``f1_f0`` with bounds ``_low`` and ``_high`` (NaN for a single response to each stimulus), ``f0`` and
        ``f1`` in the unit of the responses, ``class`` (``"simple"``, ``"complex"``, ``"undefined"`` without a positive
        mean), and ``stimulus``, the number of the stimulus that was read.

    Raises
    ------
    ValueError
        If the rate or the temporal frequencies are not stated, a response holds less than a cycle, or phases are uneven.

    References
    ----------
    Skottun et al. 1991, Vision Research 31:1079.
    """
    if "time" in responses.dims:
        mean, wave, trials = _over_time(responses, rate_hz)
    else:
        mean, wave, trials = _over_phases(responses)
    codes = np.unique(trials, return_inverse=True)[1].ravel()
    n_stimuli = int(codes.max()) + 1
    counts = np.bincount(codes)

    def averaged(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
        member = codes[None] == np.arange(n_stimuli)[:, None]
        return np.asarray(np.stack([w[None] * member / (w * member).sum(1, keepdims=True) for w in weights]) @ values)

    ones = np.ones((1, len(codes)))
    f0 = averaged(ones, mean)[0]
    best = np.nanargmax(np.where(np.isfinite(f0), f0, -np.inf), axis=0)
    units = np.arange(f0.shape[1])
    f1 = 2 * np.abs(averaged(ones, wave)[0])[best, units]
    f0 = f0[best, units]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(f0 > 0, f1 / f0, np.nan)
    draws = np.empty((0, len(units)))
    repeated = bool((counts > 1).all())
    if repeated:
        weights = stratified_weights(codes, n_boot, seed)
        with np.errstate(invalid="ignore", divide="ignore"):
            draws = 2 * np.abs(averaged(weights, wave)[:, best, units]) / averaged(weights, mean)[:, best, units]
    factor = 1.0
    if repeated:
        factor = small_sample_factor(int((counts - 1).sum()) + 1, n_tested=float(n_stimuli / (1 / counts).sum()))
    found = bounded("f1_f0", ratio, draws, factor)
    found |= {"f0": ("unit", f0), "f1": ("unit", f1), "stimulus": ("unit", best)}
    found["class"] = ("unit", np.where(np.isnan(ratio), "undefined", np.where(ratio > 1, "simple", "complex")))
    notes = [] if repeated else ["Not every stimulus was shown twice or more, so there are no intervals."]
    if undefined := int(np.isnan(ratio).sum()):
        notes.append(f"{undefined} of {len(units)} units have no positive mean response: NaN.")
    attrs = {"n_units": len(units), "n_boot": len(draws), "seed": seed, "notes": " ".join(notes)}
    return xr.Dataset(found, coords={"unit": responses["unit"]} if "unit" in responses.coords else {}, attrs=attrs)


def _over_time(responses: xr.DataArray, rate_hz: float | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and first harmonic ``(trial, unit)``, and the number of each trial's stimulus."""
    rate = rate_hz if rate_hz is not None else responses.attrs.get("rate_hz")
    if rate is None or not rate > 0:
        raise ValueError("the responses state no rate_hz; pass rate_hz, moments per second.")
    if "temporal_frequency_hz" not in responses.coords:
        raise ValueError("responses over time need the coordinate 'temporal_frequency_hz' along 'stimulus'.")
    wanted = ("stimulus", "repeat", "time", "unit") if "repeat" in responses.dims else ("stimulus", "time", "unit")
    if set(responses.dims) != set(wanted):
        raise ValueError(f"responses must be (stimulus, [repeat,] time, unit), received {tuple(responses.dims)}.")
    values = responses.transpose(*wanted).values.astype(float)
    cube = values[:, None] if values.ndim == 3 else values  # (stimulus, repeat, time, unit)
    frequency = responses["temporal_frequency_hz"].values.astype(float)
    mean, wave = [], []
    for one, hz in zip(cube, frequency, strict=True):
        cycles = np.floor(one.shape[1] * hz / rate + 1e-9) if hz > 0 else 0.0
        if not cycles >= 1:
            raise ValueError(
                f"a response of {one.shape[1]} moments at {rate:g} Hz holds no whole cycle of {hz:g} Hz; show longer clips, or "
                "several phase_deg and the mean over time."
            )
        n_moments = round(cycles * rate / hz)
        turn = np.exp(-2j * np.pi * hz / rate * np.arange(n_moments))
        mean.append(one[:, :n_moments].mean(axis=1))
        wave.append(np.einsum("rtu,t->ru", one[:, :n_moments], turn) / n_moments)
    n_repeats = cube.shape[1]
    return np.concatenate(mean), np.concatenate(wave), np.repeat(np.arange(len(cube)), n_repeats)


def _over_phases(responses: xr.DataArray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if "phase_deg" not in responses.coords or set(responses.dims) != {"stimulus", "unit"}:
        raise ValueError(
            "phase modulation needs responses (stimulus, time, unit), or (stimulus, unit) with the coordinate 'phase_deg'; "
            f"received {tuple(responses.dims)} with {', '.join(map(str, responses.coords))}."
        )
    responses = responses.isel(stimulus=np.flatnonzero(np.isfinite(responses["phase_deg"].values.astype(float))))
    values = responses.transpose("stimulus", "unit").values.astype(float)
    phase = responses["phase_deg"].values.astype(float) % 360
    keys = [
        np.unique(responses[name].values, return_inverse=True)[1].ravel() for name in FACTS if name in responses.coords
    ]
    _, group = (
        np.unique(np.stack(keys, axis=1), axis=0, return_inverse=True) if keys else (None, np.zeros(len(phase), int))
    )
    mean, wave = [], []
    for number in range(int(group.max()) + 1):
        rows = group.ravel() == number
        shown, place = np.unique(np.round(phase[rows], 6), return_inverse=True)
        steps = np.diff(np.append(shown, shown[0] + 360))
        if len(shown) < MIN_PHASES or np.ptp(steps) > 1e-3:
            raise ValueError(
                f"phases must be at least {MIN_PHASES}, evenly over 360 degrees, received {shown.tolist()}."
            )
        each = np.stack([values[rows][place.ravel() == k].mean(axis=0) for k in range(len(shown))])
        mean.append(each.mean(axis=0))
        wave.append(np.exp(-1j * np.deg2rad(shown)) @ each / len(shown))
    return np.stack(mean), np.stack(wave), np.arange(len(mean))
