"""The authors' model: rates as a plain loop gives them, and as many spikes as were recorded."""

import numpy as np
import pytest

from alignment.afferents import glm_rates, released_rates
from data.catalogue import load_dataset
from data.tactile import ReleasedGlm


def test_rates_are_those_of_a_plain_loop():
    rng = np.random.default_rng(0)
    model = ReleasedGlm(rng.standard_normal(4), np.append(0.0, rng.standard_normal(3)), -0.3, 1000.0)
    signal, spikes = rng.standard_normal((2, 10)), rng.integers(0, 2, (2, 10))
    found = glm_rates(model, signal, spikes).ravel()
    x, y = signal.ravel(), spikes.ravel()  # presentations follow one another
    for t in range(20):
        drive = sum(model.stimulus_filter[lag] * x[t - lag] for lag in range(min(t + 1, 4)))
        own = sum(model.history_filter[lag] * y[t - lag] for lag in range(min(t + 1, 4)))
        assert found[t] == pytest.approx(np.exp(-0.3 + drive + own), rel=1e-10)


def test_other_recordings_have_none(planted):
    assert released_rates(planted[0]) is None


@pytest.mark.parametrize(("neuron", "bits"), [("neuron1", 1.95), ("neuron2", 4.44), ("neuron3", 3.90)])
def test_released_rates_tell_the_spikes_they_were_fitted_to(real_data, neuron, bits):
    dataset = load_dataset(f"tactile/medlock2024.{neuron}")
    expected, spikes = released_rates(dataset) / 10_000, dataset.responses.values[:, 0]
    assert expected.sum() == pytest.approx(spikes.sum(), rel=0.05)
    mean = spikes.mean()
    gain = (spikes * np.log(expected / mean) - expected + mean).sum() / spikes.sum() / np.log(2)
    assert gain == pytest.approx(bits, abs=0.02)
