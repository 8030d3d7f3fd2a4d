"""Timescales of a network's units: the decay of the autocorrelation of their states under noise."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from data.stimuli import StimulusSet

from ..activations import UnknownLayerError, _check_layers, _to_numpy, check_stimuli
from ..protocol import RecordableModel
from .metric import LONGEST, Noise

SHORTEST, LEAST_R2, N_GRID = 0.25, 0.5, 400


def state_timescales(
    model: RecordableModel, noise: Noise | None = None, layers: Sequence[str] | None = None
) -> dict[str, np.ndarray]:
    """Timescales of the units of every layer that has a state at every step.

    Parameters
    ----------
    model
        See `alignment.RecordableModel`; it takes arrays ``(time, channel)`` with one channel.
    noise
        What drives it.
    layers
        All by default; those without a state at every step are left out, unless they were asked for.

    Returns
    -------
    dict
        Layer to ``(unit,)`` in steps, NaN where unresolved.

    Raises
    ------
    ValueError
        If the model takes other stimuli, or no layer has a state at every step.
    """
    noise = noise or Noise()
    names = _check_layers(model, layers)
    digits = noise.digits()
    ids = [f"noise{number}" for number in range(len(digits))]
    shown = StimulusSet(
        "noise", pd.DataFrame({"stimulus_id": ids}), arrays=xr.DataArray(digits, dims=("stimulus", "time", "channel"))
    )
    check_stimuli(model, shown)
    found, lost = {}, []
    for layer in names:  # one after the other, because a layer over time may be large
        states = _to_numpy(model.record(digits, [layer])[layer])
        if states.ndim < 3 or states.shape[1] not in (digits.shape[1], digits.shape[1] + 1):
            lost.append(layer)
            continue
        measured = states[:, -noise.n_steps :].reshape(len(states), noise.n_steps, -1)
        found[layer] = fit_timescales(autocorrelations(measured, noise.n_lags))
    if not found or (layers and lost):
        raise UnknownLayerError(
            f"layer(s) {', '.join(lost)} of {model.name!r} have no state for each of the {digits.shape[1]} steps; record "
            "them as (stimulus, time, unit), or choose others with layers."
        )
    return found


def autocorrelations(states: np.ndarray, n_lags: int) -> np.ndarray:
    """Autocorrelation of every unit, pooled over sequences.

    Parameters
    ----------
    states
        ``(sequence, time, unit)``.
    n_lags
        Largest lag in steps.

    Returns
    -------
    numpy.ndarray
        ``(lag, unit)`` from lag 0, which is 1; NaN for a unit that never changes.
    """
    centred = states.astype(np.float64)
    size = np.abs(centred).max(axis=(0, 1))
    centred -= centred.mean(axis=(0, 1))
    n = states.shape[1]
    products = np.stack(
        [np.einsum("stu,stu->u", centred[:, : n - lag], centred[:, lag:]) / (n - lag) for lag in range(n_lags + 1)]
    )
    moves = products[0] > (1e-6 * size) ** 2 * len(states)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(moves, products / products[0], np.nan)


def fit_timescales(autocorrelation: np.ndarray) -> np.ndarray:
    """Tau of A (exp(-k / tau) + B), least squares over all lags k with A > 0.

    For every tau of a grid (400 per fit, equal steps of log tau) A and B have a closed form; the best tau is taken.

    Parameters
    ----------
    autocorrelation
        ``(lag, unit)`` from lag 0.

    Returns
    -------
    numpy.ndarray
        ``(unit,)`` in lags; NaN where R2 is below 0.5, or tau at an end of the grid: 0.25 and 3 times the largest lag.

    References
    ----------
    The form is that of Murray et al. 2014, Nature Neuroscience 17:1661, equation 2.
    """
    lags = np.arange(len(autocorrelation))
    grid = np.geomspace(SHORTEST, LONGEST * lags[-1], N_GRID)
    curves = np.exp(-lags / grid[:, None])
    curves -= curves.mean(axis=1, keepdims=True)
    known = np.isfinite(autocorrelation).all(axis=0)
    y = np.where(known, autocorrelation, 0.0)
    y = y - y.mean(axis=0)
    slope = curves @ y / (curves**2).sum(axis=1, keepdims=True)  # (tau, unit)
    explained = np.where(slope > 0, slope**2 * (curves**2).sum(axis=1, keepdims=True), 0.0)
    best = explained.argmax(axis=0)
    total = (y**2).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        r2 = explained.max(axis=0) / total
    inside = (best > 0) & (best < N_GRID - 1)
    return np.where(known & inside & (r2 >= LEAST_R2), grid[best], np.nan)
