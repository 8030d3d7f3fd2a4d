"""One neuron under a signal over time: signal and spikes on one grid of bins, with the folds that cut it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.dataset import NeuralDataset

# From a signal (time,) and its samples per second to features (time, feature).
Features = Callable[[np.ndarray, float], np.ndarray]


@dataclass(frozen=True, eq=False)
class SpikeSeries:
    """Signal and spikes of one neuron.

    Attributes
    ----------
    name
        Dataset.
    signal
        ``(presentation, time)``.
    rate_hz
        Samples of the signal per second.
    spikes
        ``(presentation, time)`` counts on the signal's own grid.
    n_samples
        Samples of the signal in one bin.
    """

    name: str
    signal: np.ndarray
    rate_hz: float
    spikes: np.ndarray
    n_samples: int

    @property
    def bin_s(self) -> float:
        """Width of a bin [s]."""
        return self.n_samples / self.rate_hz

    @property
    def counts(self) -> np.ndarray:
        """Spikes ``(presentation, bin)``."""
        return self.pooled(self.spikes).sum(axis=2)

    def pooled(self, values: np.ndarray) -> np.ndarray:
        """Values ``(presentation, time, ...)`` as ``(presentation, bin, sample, ...)``; an incomplete last bin is cut off."""
        n_bins = values.shape[1] // self.n_samples
        cut = values[:, : n_bins * self.n_samples]
        return cut.reshape(len(values), n_bins, self.n_samples, *values.shape[2:])

    def features(self, compute: Features, n_before: int = 0, rest: float = 0.0) -> np.ndarray:
        """Features of every presentation, averaged in each bin: ``(presentation, n_before + bin, feature)``.

        Parameters
        ----------
        compute
            From a signal and its rate to features.
        n_before, rest
            Bins before each presentation, and the value of the signal in them.

        Raises
        ------
        ValueError
            If there is not one finite row of features per sample of the signal.
        """
        found = []
        for signal in np.pad(self.signal, ((0, 0), (n_before * self.n_samples, 0)), constant_values=rest):
            values = np.asarray(compute(signal, self.rate_hz), dtype=float)
            if values.ndim != 2 or len(values) != len(signal) or not np.isfinite(values).all():
                raise ValueError(
                    f"features over time must be finite (time, feature) with {len(signal)} rows, one per sample of the "
                    f"signal at {self.rate_hz:g} Hz, received shape {values.shape}; resample the model's output to the signal."
                )
            found.append(values)
        return np.asarray(self.pooled(np.stack(found)).mean(axis=2))

    def table(self) -> pd.DataFrame:
        """One row per bin, for folds: ``stimulus_id`` (its number), ``presentation`` and ``time_s`` over all presentations."""
        n_presentations, n_bins = self.counts.shape
        number = np.arange(n_presentations * n_bins)
        duration = self.signal.shape[1] / self.rate_hz
        time = np.arange(n_bins) * self.bin_s + np.arange(n_presentations)[:, None] * duration
        return pd.DataFrame({"stimulus_id": number, "presentation": number // n_bins, "time_s": time.ravel()})


def spike_series(dataset: NeuralDataset, bin_ms: float, neuroid: str | None = None) -> SpikeSeries:
    """Take signal and spikes of one neuron out of a dataset.

    Parameters
    ----------
    dataset
        Stimuli ``(stimulus, time)`` with ``rate_hz``, each shown once, and spike counts per sample of them.
    bin_ms
        Width of a bin; a whole number of samples.
    neuroid
        Which neuron; not needed if there is one.

    Raises
    ------
    ValueError
        If the dataset is not of this kind, or has several neurons and none is named.
    """
    stimuli, responses = dataset.stimuli.arrays, dataset.responses
    rate = float(stimuli.attrs.get("rate_hz", 0)) if stimuli is not None else 0.0
    if stimuli is None or responses is None or stimuli.ndim != 2 or responses.ndim != 3 or not rate > 0:
        raise ValueError(
            f"{dataset.name} is no signal with spikes: stimuli (stimulus, time) with the attribute rate_hz and responses "
            "(presentation, neuroid, time_bin) are needed."
        )
    ids = responses["neuroid_id"].values.tolist()
    if neuroid is None and len(ids) > 1:
        raise ValueError(f"{dataset.name} has {len(ids)} neuroids; name one of {', '.join(ids[:5])} as neuroid.")
    if neuroid is not None and neuroid not in ids:
        raise ValueError(f"{dataset.name} has no neuroid {neuroid!r}; it has {', '.join(ids[:5])}.")
    shown = responses["stimulus_id"].values.astype(str).tolist()
    if shown != dataset.stimuli.ids or responses.sizes["time_bin"] != stimuli.shape[1]:
        raise ValueError(
            f"{dataset.name} must show each of its {len(dataset.stimuli)} stimuli once, in their order, with one count per "
            f"sample; it has {len(shown)} presentations, {responses.sizes['time_bin']} counts and {stimuli.shape[1]} samples."
        )
    spikes = responses.values[:, 0 if neuroid is None else ids.index(neuroid)]
    if not (spikes >= 0).all() or (spikes != np.rint(spikes)).any():
        raise ValueError(f"{dataset.name} holds responses that are no spike counts; whole numbers from 0 are needed.")
    n_samples = round(bin_ms * rate / 1000)
    if n_samples < 1 or abs(n_samples - bin_ms * rate / 1000) > 1e-6 or n_samples > stimuli.shape[1]:
        raise ValueError(
            f"bin_ms must be a whole number of samples of {1000 / rate:g} ms, at most {stimuli.shape[1]}, received {bin_ms}."
        )
    return SpikeSeries(dataset.name, stimuli.values.astype(float), rate, spikes, n_samples)


def signal_itself(signal: np.ndarray, rate_hz: float) -> np.ndarray:
    """The signal ``(time, 1)`` as it is, so that a regression on its past is a plain temporal filter."""
    return np.asarray(signal, dtype=float)[:, None]


def direction_parts(signal: np.ndarray, rate_hz: float) -> np.ndarray:
    """The two directions of a velocity apart, ``(time, 2)``: max(v, 0) and max(-v, 0), each with a filter of its own."""
    return np.stack([np.maximum(signal, 0), np.maximum(-signal, 0)], axis=1)


def half_wave_parts(signal: np.ndarray, rate_hz: float) -> np.ndarray:
    """The signal and the rising and falling parts of its slope: what afferents under force are modelled to feel.

    Parameters
    ----------
    signal
        ``(time,)``.
    rate_hz
        Samples per second.

    Returns
    -------
    numpy.ndarray
        ``(time, 3)``: x, max(dx/dt, 0), max(-dx/dt, 0); the slope at the first sample is 0.

    References
    ----------
    Kim, Sripati, Bensmaia 2010, Journal of Neurophysiology 104:1484 (rectified derivatives of indentation).
    """
    slope = np.diff(signal, prepend=signal[:1]) * rate_hz
    return np.stack([signal, np.maximum(slope, 0), np.maximum(-slope, 0)], axis=1)
