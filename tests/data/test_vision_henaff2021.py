"""Macaque V1 populations on film frames: units, frames and repetitions as recorded, and what was not shown left out."""

import numpy as np
import pytest

from data.catalogue import dataset_info, list_datasets, load_dataset
from data.errors import ChecksumError, DataNotAvailableError
from data.vision.henaff2021 import CATEGORIES, RECORDINGS, SPLITS

FILES = "recordings/macaque_v1_natural_sequences"


def counts_of(real_data, recording):
    with np.load(real_data / FILES / f"{recording}.npz") as arrays:
        return arrays["counts"], arrays["movie"].astype(str).tolist()


@pytest.mark.parametrize("recording", RECORDINGS)
def test_recording_holds_every_response_once_and_nothing_else(real_data, recording):
    dataset = load_dataset(f"vision/henaff2021.{recording}")
    responses, table = dataset.responses, dataset.stimuli.table
    counts, movies = counts_of(real_data, recording)
    assert responses.sizes["neuroid"] == RECORDINGS[recording][0] == counts.shape[4]
    assert len(table) == 440
    assert table["category"].value_counts().to_dict() == {"natural": 220, "synthetic": 180, "contrast": 40}
    assert np.isfinite(responses.values).any(axis=1).all()
    values = {}
    for row, (name, repetition) in enumerate(
        zip(responses["stimulus_id"].values.tolist(), responses["repetition"].values.tolist(), strict=True)
    ):
        values[name, repetition] = responses.values[row]
    shown = 0
    for row in table.itertuples():
        place = int(row.scale[-2]) - 1, CATEGORIES.index(row.category), movies.index(row.movie), row.frame
        recorded = np.where(counts[place] < 0, np.nan, counts[place].astype(float)).T  # (repetition, neuroid)
        empty = np.full(recorded.shape[1], np.nan)
        found = np.stack([values.get((row.stimulus_id, repetition), empty) for repetition in range(len(recorded))])
        np.testing.assert_array_equal(found, recorded)
        shown += int(np.isfinite(recorded).any(axis=1).sum())
    assert shown == len(values) == len(responses)


@pytest.mark.parametrize("recording", RECORDINGS)
def test_frames_left_out_are_the_same_presentations_as_natural_ones(real_data, recording):
    counts, _ = counts_of(real_data, recording)
    np.testing.assert_array_equal(counts[:, 1, :, 0], counts[:, 0, :, 0])
    np.testing.assert_array_equal(counts[:, 1, :, 10], counts[:, 0, :, 10])
    shown = (counts[:, 2, :, 10] >= 0).any(axis=(2, 3))
    assert shown.sum() == 4
    np.testing.assert_array_equal(counts[:, 2, :, 10][shown], counts[:, 0, :, 10][shown])


def test_all_recordings_have_the_same_stimuli(real_data):
    first, *others = (load_dataset(f"vision/henaff2021.{recording}").stimuli for recording in RECORDINGS)
    for other in others:
        assert other.ids == first.ids
        assert other.table.equals(first.table)
    assert first.group == "movie"
    assert first.table["movie"].nunique() == 10


def test_every_unit_saw_every_frame_at_least_24_times(real_data):
    least = {}
    for recording in RECORDINGS:
        responses = load_dataset(f"vision/henaff2021.{recording}").responses
        _, row = np.unique(responses["stimulus_id"].values, return_inverse=True)
        count = np.zeros((440, responses.sizes["neuroid"]), dtype=int)
        np.add.at(count, row, np.isfinite(responses.values).astype(int))
        least[recording] = int(count.min())
    assert min(least.values()) == 24
    assert least["ay4_u006"] == 24


def test_stimuli_do_not_pass_for_images(real_data):
    stimuli = load_dataset("vision/henaff2021.ay4_u001").stimuli
    assert stimuli.spec == {"kind": "array", "dims": ["descriptor"], "shape": [4], "unit": "code, not an image"}
    assert "text" not in stimuli.table
    assert stimuli.items()[0].tolist() == [0, 0, 0, 0]
    assert stimuli.ids[0] == "movie01-chironomus.zoom1x.natural.00"


def test_facts_are_stated(real_data):
    dataset = load_dataset("vision/henaff2021.ay3_u001")
    assert dataset.responses.attrs["unit"] == "spikes in 200 ms"
    assert dataset.responses.attrs["window_start_s"] == pytest.approx(0.038)
    assert dataset.responses.attrs["window_end_s"] == pytest.approx(0.238)
    assert set(dataset.responses["subject"].values.tolist()) == {"ay3"}
    assert set(dataset.responses["region"].values.tolist()) == {"V1"}
    assert dataset.splits is SPLITS
    assert dataset.provenance == {"ay3_u001.npz": RECORDINGS["ay3_u001"][1]}


def test_recordings_are_listed_with_their_files(real_data):
    assert list_datasets("vision/henaff2021*") == [f"vision/henaff2021.{recording}" for recording in RECORDINGS]
    for recording, (_, sha256, n_bytes) in RECORDINGS.items():
        (file,) = dataset_info(f"vision/henaff2021.{recording}").files
        assert (file.sha256, file.n_bytes, file.url) == (sha256, n_bytes, None)
        assert (real_data / FILES / file.path).stat().st_size == n_bytes


def test_missing_recording_says_where_it_comes_from(no_real_data):
    with pytest.raises(DataNotAvailableError, match="ay5_u005_image_sequences.mat.*Licence: none stated"):
        load_dataset("vision/henaff2021.ay5_u005")


def test_other_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    folder = tmp_path / FILES
    folder.mkdir(parents=True)
    np.savez(folder / "ay2_u003.npz", counts=np.zeros(3))
    with pytest.raises(ChecksumError, match="has SHA-256"):
        load_dataset("vision/henaff2021.ay2_u003")


@pytest.mark.parametrize(
    ("recording", "published"),
    list(zip(RECORDINGS, (0.480, 0.774, 0.810, 0.880, 0.616, 0.767, 0.570), strict=True)),
)
def test_published_reliability_is_found_again(real_data, recording, published):
    dataset = load_dataset(f"vision/henaff2021.{recording}")
    responses, natural = dataset.responses, dataset.stimuli.table["category"] == "natural"
    _, row = np.unique(responses["stimulus_id"].values, return_inverse=True)
    order = np.argsort(dataset.stimuli.ids)
    total, count = np.zeros((2, 440, responses.sizes["neuroid"])), np.zeros((2, 440, responses.sizes["neuroid"]))
    place = responses["repetition"].values % 2, order[row]
    np.add.at(total, place, np.nan_to_num(responses.values))
    np.add.at(count, place, np.isfinite(responses.values))
    even, odd = (total / count)[:, natural]
    r = [np.corrcoef(first, second)[0, 1] for first, second in zip(even.T, odd.T, strict=True)]
    assert np.median(r) == pytest.approx(published, abs=5e-4)
