"""A recording with a known answer: spikes drawn from a filter on a noisy signal, in presentations of two seconds."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from data.assembly import make_responses
from data.dataset import DatasetInfo, NeuralDataset
from data.stimuli import StimulusSet

RATE_HZ = 500.0


def as_dataset(signal, spikes, rate_hz=RATE_HZ):
    ids = [f"s{k}" for k in range(len(signal))]
    start = np.arange(signal.shape[1]) * 1000 / rate_hz
    stimuli = xr.DataArray(signal, dims=("stimulus", "time"), attrs={"rate_hz": rate_hz, "unit": "V"})
    responses = make_responses(
        spikes[:, None],
        presentation={"stimulus_id": ids},
        neuroid={"neuroid_id": ["n0"]},
        time_bin={"time_bin_start_ms": start, "time_bin_end_ms": start + 1000 / rate_hz},
        unit="spikes",
    )
    info = DatasetInfo("tactile/planted", "planted", "none", "none", "embedded", "none", "spikes")
    return NeuralDataset(
        info, responses, StimulusSet("planted", pd.DataFrame({"stimulus_id": ids}), arrays=stimuli), {}
    )


@pytest.fixture(scope="session")
def planted():
    """Dataset and its true rate ``(presentation, time)`` [spikes per sample]: exponential of a low-passed signal."""
    rng = np.random.default_rng(0)
    signal = rng.standard_normal((20, 1000))
    kernel = np.exp(-np.arange(20) / 5)
    drive = np.stack([np.convolve(one, kernel)[:1000] for one in signal])
    rate = np.exp(0.5 * drive - 3.2)
    return as_dataset(signal, rng.poisson(rate)), rate
