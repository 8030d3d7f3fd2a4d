"""Fly H1: spikes and velocity as the source's description counts them."""

import numpy as np
import pytest

from data.catalogue import dataset_info, load_dataset
from data.errors import ChecksumError, DataNotAvailableError

NAME = "motion/fly-h1"


def test_spikes_rate_and_triggered_average_are_the_published_ones(real_data):
    dataset = load_dataset(NAME)
    spikes, stimuli = dataset.responses.values[0, 0], dataset.stimuli.arrays
    velocity = stimuli.values[0].astype(float)
    assert spikes.sum() == 43_060
    assert spikes.sum() / (len(spikes) / stimuli.attrs["rate_hz"]) == pytest.approx(44.85, abs=0.005)
    assert velocity.std() == pytest.approx(50.5, abs=0.05)
    assert (velocity.min().round(), velocity.max().round()) == (-158, 156)
    at = np.flatnonzero(spikes)
    at = at[at >= 100]
    before = np.array([velocity[at - lag].mean() for lag in range(100)])
    assert before.argmax() * 1000 / stimuli.attrs["rate_hz"] == 30
    assert before.max() == pytest.approx(28.9, abs=0.05)


def test_one_presentation_with_a_bin_per_sample(real_data):
    dataset = load_dataset(NAME)
    assert dict(dataset.responses.sizes) == {"presentation": 1, "neuroid": 1, "time_bin": 480_000}
    assert dataset.stimuli.arrays.attrs == {"unit": "deg/s", "rate_hz": 500.0}
    start, end = (dataset.responses[f"time_bin_{side}_ms"].values for side in ("start", "end"))
    np.testing.assert_allclose(end - start, 2)
    assert end[-1] == 960_000
    (file,) = dataset_info(NAME).files
    assert dataset.provenance == {file.path: file.sha256}
    assert (real_data / dataset.info.folder / file.path).stat().st_size == file.n_bytes


def test_absent_recording_says_where_it_comes_from(no_real_data):
    with pytest.raises(DataNotAvailableError, match="c1p8.pickle.*dangbert/cns-coursera.*Licence: none stated"):
        load_dataset(NAME)


def test_other_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    (tmp_path / "recordings" / "fly_h1_motion").mkdir(parents=True)
    np.savez(tmp_path / "recordings" / "fly_h1_motion" / "h1_first16min.npz", spikes=np.zeros(3))
    with pytest.raises(ChecksumError, match="has SHA-256"):
        load_dataset(NAME)
