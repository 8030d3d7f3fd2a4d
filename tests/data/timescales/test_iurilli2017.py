"""Olfactory cortex: spikes in bins are the spike times, and their number is the source's."""

import numpy as np
import pytest

from data.catalogue import load_dataset
from data.errors import DataNotAvailableError
from data.timescales import trial_spikes


@pytest.mark.parametrize(("area", "n_units", "n_spikes"), [("apcx", 229, 651_348), ("plcoa", 249, 235_885)])
def test_units_and_spikes_are_the_published_ones(real_data, area, n_units, n_spikes):
    dataset = load_dataset(f"timescale/iurilli2017.{area}")
    assert dict(dataset.responses.sizes) == {"presentation": 100, "neuroid": n_units, "time_bin": 200}
    assert dataset.responses.values.sum() == n_spikes
    assert dataset.responses["time_bin_start_ms"].values[[0, 80, -1]].tolist() == [-4000, 0, 5950]


def test_bins_are_counts_of_the_spike_times_and_baselines_the_published_ones(real_data):
    name = "timescale/iurilli2017.apcx"
    dataset, spikes = load_dataset(name), trial_spikes(name)
    assert (len(spikes), len(spikes[0])) == (229, 100)
    for unit, trial in ((0, 0), (17, 42), (228, 99)):
        counts, _ = np.histogram(spikes[unit][trial], np.arange(0, 10_001, 50))
        np.testing.assert_array_equal(counts, dataset.responses.values[trial, unit])
    assert dataset.responses["stimulus_id"].values[42] == "odour5"
    baseline = dataset.responses.values[:, :, :80].sum(axis=2).mean(axis=0) / 4
    assert np.median(baseline) == pytest.approx(1.14, abs=0.006)


def test_absent_recording_says_where_it_comes_from(no_real_data):
    with pytest.raises(DataNotAvailableError, match="dattalab.*Licence: none stated"):
        load_dataset("timescale/iurilli2017.plcoa")
