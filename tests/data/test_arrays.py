"""Datasets of arrays and of files: everything lands where it belongs, and what does not fit is said."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from data import (
    DataNotAvailableError,
    SplitSpec,
    StimulusSet,
    dataset_from_arrays,
    dataset_from_files,
    make_responses,
    save_responses,
)
from data.access import sha256_of

rng = np.random.default_rng(0)
TRIALS = rng.standard_normal((2, 12, 3))
TEXTS = [f"text {row}" for row in range(12)]


def test_means_are_one_repetition():
    dataset = dataset_from_arrays("test/mine", TEXTS, TRIALS[0], unit="Hz", citation="someone 2020", licence="CC0")
    np.testing.assert_array_equal(dataset.responses, TRIALS[0])
    assert set(dataset.responses["repetition"].values.tolist()) == {0}
    assert dataset.responses.attrs["unit"] == dataset.info.units == "Hz"
    assert (dataset.info.citation, dataset.info.licence, dataset.name) == ("someone 2020", "CC0", "test/mine")
    assert dataset.info.access == "own copy" and "3 neuroids" in dataset.info.summary
    assert dataset.splits == {} and dataset.stimuli.group is None


def test_single_responses_stand_repetition_by_repetition():
    dataset = dataset_from_arrays("test/mine", TEXTS, TRIALS)
    np.testing.assert_array_equal(dataset.responses.values.reshape(2, 12, 3), TRIALS)
    assert dataset.responses["repetition"].values.tolist() == [0] * 12 + [1] * 12
    assert dataset.responses["stimulus_id"].values.tolist() == dataset.stimuli.ids * 2
    assert dataset.stimuli.ids[:2] == ["s00", "s01"] and dataset.stimuli.items() == TEXTS
    assert dataset.responses["neuroid_id"].values.tolist() == ["n0", "n1", "n2"]


def test_coordinates_groups_and_split_are_kept():
    spec = SplitSpec("own", "group-kfold", 3, seed=0, group="group")
    neuroid = {"neuroid_id": ["x", "y", "z"], "subject": ["a", "a", "b"]}
    dataset = dataset_from_arrays("test/mine", TEXTS, TRIALS, group=np.arange(12) // 4, neuroid=neuroid, split=spec)
    assert dataset.responses["neuroid_id"].values.tolist() == ["x", "y", "z"]
    assert dataset.responses["subject"].values.tolist() == ["a", "a", "b"]
    assert dataset.stimuli.group == "group"
    assert dataset.stimuli.table["group"].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert dataset.splits == {"own": spec} == dataset.info.splits


def test_arrays_are_stimuli():
    images = rng.random((12, 2, 4, 4))
    dataset = dataset_from_arrays("test/mine", images, TRIALS)
    np.testing.assert_array_equal(dataset.stimuli.items(), images)
    assert dataset.stimuli.spec == {"kind": "array", "dims": ["axis_1", "axis_2", "axis_3"], "shape": [2, 4, 4]}


def test_stimulus_sets_are_taken_as_they_are():
    stimuli = StimulusSet("own", pd.DataFrame({"stimulus_id": list("abcdefghijkl"), "text": TEXTS, "story": [0] * 12}))
    dataset = dataset_from_arrays("test/mine", stimuli, TRIALS)
    assert dataset.stimuli is stimuli
    assert dataset.responses["stimulus_id"].values[:3].tolist() == ["a", "b", "c"]
    grouped = dataset_from_arrays("test/mine", stimuli, TRIALS, group=np.arange(12) // 6)
    assert grouped.stimuli.group == "group" and grouped.stimuli.ids == stimuli.ids


def test_time_bins_are_the_last_axis():
    values = rng.standard_normal((2, 12, 3, 5))
    bins = {"time_bin_start_ms": np.arange(5) * 10, "time_bin_end_ms": np.arange(5) * 10 + 10}
    dataset = dataset_from_arrays("test/mine", TEXTS, values, time_bin=bins)
    assert dataset.responses.dims == ("presentation", "neuroid", "time_bin")
    np.testing.assert_array_equal(dataset.responses.values.reshape(2, 12, 3, 5), values)


def test_presentations_that_were_not_recorded_are_left_out():
    values = TRIALS.copy()
    values[1, 4:] = np.nan
    values[0, 2, 1] = np.nan
    responses = dataset_from_arrays("test/mine", TEXTS, values).responses
    assert len(responses) == 12 + 4
    np.testing.assert_array_equal(responses.values, np.concatenate([values[0], values[1, :4]]))


def test_infinite_responses_are_no_missing_presentation():
    values = TRIALS.copy()
    values[1, 4] = np.inf
    assert len(dataset_from_arrays("test/mine", TEXTS, values).responses) == 24


def test_provenance_tells_two_recordings_apart():
    first, second = (dataset_from_arrays("test/mine", TEXTS, one) for one in (TRIALS, TRIALS + 1))
    assert first.provenance != second.provenance
    assert first.provenance == dataset_from_arrays("test/mine", TEXTS, TRIALS.copy()).provenance


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"responses": TRIALS[0, 0]}, r"with time_bin given exactly if there are four axes, received shape \(3,\)"),
        ({"responses": TRIALS[..., None]}, r"received shape \(2, 12, 3, 1\)"),
        ({"time_bin": {"time_bin_start_ms": [0], "time_bin_end_ms": [1]}}, r"received shape \(2, 12, 3\)"),
        ({"responses": TRIALS[:, :5]}, "test/mine has 12 stimuli, but responses to 5; give one row per stimulus"),
        ({"group": [1, 2]}, "test/mine has 12 stimuli and 2 group labels; give one each"),
        ({"neuroid": {"neuroid_id": ["x", "x", "y"]}}, "neuroid_id values are not unique"),
    ],
    ids=["one axis", "four axes", "bins of nothing", "stimuli", "groups", "neuroids"],
)
def test_shapes_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        dataset_from_arrays("test/mine", TEXTS, **{"responses": TRIALS, **options})


def test_labels_that_do_not_fit_a_stimulus_set_are_refused():
    stimuli = StimulusSet("own", pd.DataFrame({"stimulus_id": list("abcdefghijkl"), "text": TEXTS}))
    with pytest.raises(ValueError, match="test/mine has 12 stimuli and 2 group labels; give one each"):
        dataset_from_arrays("test/mine", stimuli, TRIALS, group=[1, 2])


@pytest.fixture
def files(tmp_path):
    """A response file and a table of texts."""
    responses = make_responses(
        TRIALS.reshape(24, 3),
        presentation={"stimulus_id": [f"{row:03d}" for row in range(12)] * 2, "repetition": np.repeat([0, 1], 12)},
        neuroid={"neuroid_id": list("xyz"), "subject": list("aab")},
        unit="Hz",
    )
    table = pd.DataFrame(
        {"stimulus_id": [f"{row:03d}" for row in range(12)], "text": TEXTS, "story": np.arange(12) // 4}
    )
    table.to_csv(tmp_path / "texts.csv", index=False)
    return save_responses(responses, tmp_path / "responses.nc"), tmp_path / "texts.csv", responses


def test_files_give_what_they_hold(files):
    responses, stimuli, expected = files
    dataset = dataset_from_files("test/mine", responses, stimuli, group="story", citation="someone", licence="CC0")
    xr.testing.assert_identical(dataset.responses, expected)
    assert dataset.stimuli.ids == [f"{row:03d}" for row in range(12)]  # ids stay texts
    assert dataset.stimuli.group == "story" and dataset.stimuli.items() == TEXTS
    assert sorted(dataset.provenance.values()) == sorted([sha256_of(responses), sha256_of(stimuli)])
    assert (dataset.info.citation, dataset.info.licence) == ("someone", "CC0")


def test_stimuli_may_be_a_stimulus_file(files, tmp_path):
    from hashlib import sha256

    ids = np.array([f"{row:03d}" for row in range(12)])
    images = xr.DataArray(
        rng.random((12, 4)),
        dims=("stimulus", "x"),
        coords={"stimulus_id": ("stimulus", ids), "story": ("stimulus", ids)},
    )
    path = tmp_path / "images.nc"
    images.to_netcdf(path, engine="h5netcdf")
    facts = {"layout_version": 1, "sha256": sha256(path.read_bytes()).hexdigest(), "name": "images", "group": "story"}
    path.with_suffix(".json").write_text(json.dumps(facts))
    dataset = dataset_from_files("test/mine", files[0], path)
    np.testing.assert_array_equal(dataset.stimuli.items(), images)
    assert dataset.stimuli.group == "story"


def test_files_of_one_name_are_both_quoted(files, tmp_path):
    (tmp_path / "other").mkdir()
    named_alike = files[1].rename(tmp_path / "other" / "responses.csv")
    responses = files[0].rename(tmp_path / "responses.csv")
    assert len(dataset_from_files("test/mine", responses, named_alike).provenance) == 2


@pytest.mark.parametrize("gone", ["responses", "stimuli"])
def test_missing_files_are_named(files, gone):
    paths = {"responses": files[0], "stimuli": files[1]}
    paths[gone].unlink()
    with pytest.raises(DataNotAvailableError, match=rf"{gone} of test/mine: .*{paths[gone].name} does not exist; mend"):
        dataset_from_files("test/mine", **paths)


def test_files_of_another_kind_are_named(files, tmp_path):
    responses, stimuli, _ = files
    with pytest.raises(ValueError, match="responses of test/mine: .*texts.csv is no netCDF file"):
        dataset_from_files("test/mine", stimuli, stimuli)
    broken = tmp_path / "broken.csv"
    for content in (b"", b"\xff\xfe\x00"):
        broken.write_bytes(content)
        with pytest.raises(ValueError, match="stimuli of test/mine: .*broken.csv is no CSV table"):
            dataset_from_files("test/mine", responses, broken)
    broken.write_text("name,text\na,b\n")
    with pytest.raises(ValueError, match="has no column 'stimulus_id'"):
        dataset_from_files("test/mine", responses, broken)
    with pytest.raises(ValueError, match="no group column 'sotry'"):
        dataset_from_files("test/mine", responses, stimuli, group="sotry")
