"""The grasshopper's receptor: spikes, sound, where its files come from."""

import subprocess
import sys

import numpy as np
import pytest

from data import access
from data.catalogue import dataset_info, load_dataset
from data.errors import ChecksumError, DataNotAvailableError
from data.timescales import spike_times_ms

NAME = "timescale/grasshopper"


def test_sounds_and_spikes_of_both_runs(grasshopper):
    dataset = load_dataset(NAME)
    assert dict(dataset.responses.sizes) == {"presentation": 2, "neuroid": 1, "time_bin": 5000}
    assert dataset.responses.values.sum(axis=(1, 2)).tolist() == [929, 868]
    arrays = dataset.stimuli.arrays
    assert arrays.dims == ("stimulus", "time", "channel")
    assert arrays.attrs == {"rate_hz": 500.0}
    assert arrays.values.min() >= 0
    assert arrays.values.max() <= 1
    # Gaussian in decibels, 6 dB of 36 dB wide around the middle of the range; bins smooth the faster sound.
    assert arrays.values.mean(axis=(1, 2)) == pytest.approx([0.5, 0.5], abs=2e-3)
    assert arrays.values[0].std() == pytest.approx(6 / 36, abs=0.015)
    assert set(dataset.provenance.values()) == {file.sha256 for file in dataset_info(NAME).files}


def test_bins_are_counts_of_the_spike_times(grasshopper):
    dataset, times = load_dataset(NAME), spike_times_ms()
    edges = np.append(dataset.responses["time_bin_start_ms"].values, 10_000)
    for number, name in enumerate(dataset.stimuli.ids):
        assert (np.diff(times[name]) > 3).all()  # refractory
        counts, _ = np.histogram(times[name], edges)
        np.testing.assert_array_equal(counts, dataset.responses.values[number, 0])


def test_level_before_a_spike_is_highest_where_the_benchmark_looks(grasshopper):
    dataset = load_dataset(NAME)
    for number in range(2):
        level, counts = dataset.stimuli.arrays.values[number, :, 0], dataset.responses.values[number, 0]
        at = np.flatnonzero(counts)
        at = at[at >= 20]
        triggered = [level[at - lag].mean() for lag in range(20)]
        assert np.argmax(triggered) == 3  # bins of 2 ms


def test_package_is_not_imported():
    code = f"import data, sys\ntry:\n data.load_dataset({NAME!r})\nexcept data.DataNotAvailableError:\n pass\n"
    subprocess.run([sys.executable, "-c", f"{code}assert 'nitime' not in sys.modules"], check=True)


def test_absent_package_says_what_to_install(no_real_data, monkeypatch):
    monkeypatch.setattr(access, "find_spec", lambda name: None)
    with pytest.raises(
        DataNotAvailableError, match="run `pip install nitime`, or put the file .* Licence: BSD-3-Clause"
    ):
        load_dataset(NAME)


def test_other_content_under_the_same_name_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    (tmp_path / NAME).mkdir(parents=True)
    (tmp_path / NAME / "grasshopper_stimulus1.txt").write_text("0 1\n", encoding="utf-8")
    with pytest.raises(ChecksumError, match="has SHA-256"):
        load_dataset(NAME)
