"""Signal and spikes on one grid: binning, features, and datasets that are no such recording."""

import numpy as np
import pytest

from alignment.afferents import half_wave_parts, spike_series
from data.catalogue import load_dataset


def test_bins_hold_every_spike_of_their_samples(planted):
    dataset, _ = planted
    spikes = dataset.responses.values[:, 0]
    series = spike_series(dataset, 6.0)
    assert series.counts.shape == (20, 333)
    assert series.bin_s == pytest.approx(0.006)
    assert series.counts[4, 10] == spikes[4, 30:33].sum()
    assert series.counts.sum() == spikes[:, :999].sum()


def test_features_are_averaged_in_bins(planted):
    series = spike_series(planted[0], 4.0)
    found = series.features(lambda signal, rate: np.stack([signal, np.full(len(signal), rate)], axis=1))
    assert found.shape == (20, 500, 2)
    assert found[3, 7, 0] == pytest.approx(planted[0].stimuli.arrays.values[3, 14:16].mean())
    assert (found[..., 1] == 500).all()


def test_table_counts_time_through_all_presentations(planted):
    table = spike_series(planted[0], 4.0).table()
    assert table["stimulus_id"].is_unique
    assert table["time_s"].is_monotonic_increasing
    assert table["time_s"].iloc[500] == pytest.approx(2.0)
    assert table["presentation"].iloc[500] == 1


def test_half_wave_parts_add_up_to_the_slope():
    signal = np.array([5.0, 6, 4, 4])
    parts = half_wave_parts(signal, 10.0)
    np.testing.assert_array_equal(parts, [[5, 0, 0], [6, 10, 0], [4, 0, 20], [4, 0, 0]])


def test_other_datasets_are_refused(planted):
    dataset, _ = planted
    kind = type(dataset)
    with pytest.raises(ValueError, match="is no signal with spikes"):
        spike_series(load_dataset("language/planted"), 1.0)
    with pytest.raises(ValueError, match="has no neuroid 'other'; it has n0"):
        spike_series(dataset, 2.0, "other")
    for bin_ms in (3.0, 0.0, 1e4):
        with pytest.raises(ValueError, match="whole number of samples of 2 ms"):
            spike_series(dataset, bin_ms)
    rates = kind(dataset.info, dataset.responses * 0.5, dataset.stimuli, {})
    with pytest.raises(ValueError, match="no spike counts"):
        spike_series(rates, 2.0)
    turned = kind(dataset.info, dataset.responses[::-1], dataset.stimuli, {})
    with pytest.raises(ValueError, match="each of its 20 stimuli once, in their order"):
        spike_series(turned, 2.0)
