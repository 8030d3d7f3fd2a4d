"""Rates that a released encoding model gives for the recording it was fitted to."""

import numpy as np
from scipy.signal import fftconvolve

from data.dataset import NeuralDataset
from data.tactile import ReleasedGlm, released_glm
from data.tactile.medlock2024 import FAMILY

from .spike_series import spike_series


def released_rates(dataset: NeuralDataset) -> np.ndarray | None:
    """Rates ``(presentation, time)`` [spikes/s] of the authors' model, given the stimulus and all spikes before; None without.

    Parameters
    ----------
    dataset
        A registered recording.
    """
    if not dataset.name.startswith(f"{FAMILY}."):
        return None
    model = released_glm(dataset.name)
    series = spike_series(dataset, 1000 / model.rate_hz)
    return glm_rates(model, series.signal, series.spikes)


def glm_rates(model: ReleasedGlm, signal: np.ndarray, spikes: np.ndarray) -> np.ndarray:
    """Rates ``(presentation, time)`` [spikes/s] of a model; presentations follow one another in one series, as it was fitted.

    Parameters
    ----------
    model
        Filters and offset.
    signal, spikes
        ``(presentation, time)`` at the model's rate.
    """
    n_times = signal.size
    driven = fftconvolve(signal.ravel(), model.stimulus_filter)[:n_times]
    own = fftconvolve(spikes.ravel(), model.history_filter)[:n_times]
    return np.exp(model.offset + driven + own).reshape(signal.shape)
