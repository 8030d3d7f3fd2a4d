"""Stimulus sets: what is refused, what a set says of itself, and the hash of its content."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import data.stimuli
import simulators.format
from data.errors import ChecksumError, DataNotAvailableError
from data.stimuli import StimulusSet, load_stimulus_set
from simulators import save_stimulus_set

IDS = ["one", "two", "three"]


@pytest.fixture
def texts():
    def make(ids=IDS, words=("a b", "c", "d e"), **columns):
        return StimulusSet("texts", pd.DataFrame({"stimulus_id": ids, "text": words} | columns))

    return make


@pytest.fixture
def movies():
    """Three movies of two frames of two pixels; any part can be given."""

    def make(values=None, ids=IDS, attrs=None, **coords):
        values = np.arange(12.0).reshape(3, 2, 2) if values is None else values
        return xr.DataArray(
            values,
            dims=("stimulus", "time", "pixel"),
            coords={"stimulus_id": ("stimulus", ids)} | coords,
            attrs={"unit": "cd/m2", "rate_hz": 60.0} if attrs is None else attrs,
        )

    return make


@pytest.fixture
def saved(movies, tmp_path):
    """Path of a stimulus file on disk."""
    return save_stimulus_set(movies(), tmp_path / "set.nc", name="movies", generator={"seed": 1})


def in_memory(arrays, **fields):
    table = pd.DataFrame({"stimulus_id": arrays["stimulus_id"].values})
    return StimulusSet("movies", table, arrays=arrays, **fields)


def test_both_packages_know_one_layout():
    assert data.stimuli.LAYOUT_VERSION == simulators.format.LAYOUT_VERSION == 1


@pytest.mark.parametrize(
    ("columns", "fields", "message"),
    [
        ({"text": ["a"]}, {}, "no column 'stimulus_id'"),
        ({"stimulus_id": ["x", "y", "x"], "text": list("abc")}, {}, "stimulus_id 'x' of 'mine' occurs twice"),
        ({"stimulus_id": ["x"]}, {}, "neither a column 'text' nor arrays"),
        ({"stimulus_id": ["x"], "text": ["a"]}, {"group": "story"}, "no group column 'story'"),
        (
            {"stimulus_id": ["x", "y"]},
            {"arrays": xr.DataArray(np.zeros((3, 2)), dims=("stimulus", "time"))},
            "has 2 rows and 3 arrays",
        ),
        ({"stimulus_id": ["x", "y"], "text": ["a", None]}, {}, "text"),
        (
            {"stimulus_id": ["x", "y"]},
            {"arrays": xr.DataArray(np.zeros((2, 2)), dims=("time", "stimulus"))},
            "first dimension",
        ),
        (
            {"stimulus_id": ["x", "y"]},
            {
                "arrays": xr.DataArray(np.zeros((2, 2)), [("stimulus", [0, 1]), ("time", [0, 1])]).assign_coords(
                    stimulus_id=("stimulus", ["y", "x"])
                )
            },
            "order",
        ),
    ],
    ids=[
        "no ids",
        "repeated id",
        "no content",
        "no group column",
        "too many arrays",
        "missing text",
        "arrays with another first dimension",
        "arrays in another order",
    ],
)
def test_refused(columns, fields, message):
    with pytest.raises(ValueError, match=message):
        StimulusSet("mine", pd.DataFrame(columns), **fields)


def test_texts_in_presentation_order(texts):
    made = texts()
    assert len(made) == 3
    assert made.ids == IDS
    assert made.items() == ["a b", "c", "d e"]
    assert made.spec == {"kind": "text"}


def test_arrays_in_presentation_order(movies):
    made = in_memory(movies())
    np.testing.assert_array_equal(made.items(), movies().values)
    assert made.spec == {
        "kind": "array",
        "dims": ["time", "pixel"],
        "shape": [2, 2],
        "rate_hz": 60.0,
        "unit": "cd/m2",
    }


def test_spec_leaves_out_what_the_arrays_do_not_state(movies):
    assert in_memory(movies(attrs={"unit": "mN"})).spec == {
        "kind": "array",
        "dims": ["time", "pixel"],
        "shape": [2, 2],
        "unit": "mN",
    }


def test_hash_of_texts_is_stable(texts):
    assert texts().content_hash() == texts().content_hash()
    assert texts().content_hash().startswith("b3b4d9ce0fbbef8c")


def test_hash_of_texts_ignores_columns_that_are_no_content(texts):
    assert texts(position=[0, 1, 2]).content_hash() == texts().content_hash()


@pytest.mark.parametrize(
    "changed",
    [
        {"words": ("a b", "c", "d f")},
        {"words": ("a b ", "c", "d e")},
        {"words": ("a b", "d e", "c")},
        {"ids": ["one", "two", "four"]},
        {"ids": ["two", "one", "three"]},
        {"ids": ["two", "one", "three"], "words": ("c", "a b", "d e")},
        {"ids": IDS[:2], "words": ("a b", "c")},
        {"words": ("a", "b c", "d e")},
    ],
)
def test_hash_changes_with_any_text_id_or_order(texts, changed):
    assert texts(**changed).content_hash() != texts().content_hash()


def test_hash_of_arrays_is_stable_over_memory_order(movies):
    other = movies(np.asfortranarray(np.arange(12.0).reshape(3, 2, 2)))
    assert in_memory(other).content_hash() == in_memory(movies()).content_hash()


@pytest.mark.parametrize("position", range(12))
def test_hash_changes_with_any_single_value(movies, position):
    values = np.arange(12.0)
    values[position] = np.nextafter(values[position], np.inf)
    changed = in_memory(movies(values.reshape(3, 2, 2)))
    assert changed.content_hash() != in_memory(movies()).content_hash()


@pytest.mark.parametrize(
    "changed",
    [
        {"ids": ["one", "two", "four"]},
        {"ids": ["two", "one", "three"]},
        {"values": np.arange(12.0).reshape(3, 2, 2)[::-1]},
        {"values": np.arange(12.0, dtype=np.float32).reshape(3, 2, 2)},
        {"values": np.arange(12.0).reshape(3, 1, 4)},
        {"attrs": {"unit": "cd/m2", "rate_hz": 50.0}},
        {"attrs": {"unit": "V", "rate_hz": 60.0}},
    ],
)
def test_hash_changes_with_id_order_type_shape_and_unit(movies, changed):
    assert in_memory(movies(**changed)).content_hash() != in_memory(movies()).content_hash()


def test_set_returns_from_disk(movies, tmp_path):
    arrays = movies(condition=("stimulus", ["x", "", "x"]), trial=("stimulus", [3, 1, 2]), t=("time", [0.0, 0.5]))
    path = save_stimulus_set(arrays, tmp_path / "set.nc", name="movies", generator={}, group="condition")
    loaded = load_stimulus_set(path)
    assert loaded.name == "movies"
    assert loaded.group == "condition"
    assert loaded.ids == IDS
    assert loaded.spec == in_memory(arrays).spec
    assert sorted(loaded.table) == ["condition", "stimulus_id", "trial"]
    assert loaded.table["condition"].tolist() == ["x", "", "x"]
    assert loaded.table["trial"].tolist() == [3, 1, 2]
    assert loaded.arrays.dtype == arrays.dtype
    assert loaded.arrays["t"].values.tolist() == [0.0, 0.5]
    np.testing.assert_array_equal(loaded.items(), arrays.values)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16, np.uint8, np.bool_])
def test_type_of_the_values_returns_from_disk(movies, tmp_path, dtype):
    arrays = movies(np.arange(12).reshape(3, 2, 2).astype(dtype))
    loaded = load_stimulus_set(save_stimulus_set(arrays, tmp_path / "set.nc", name="movies", generator={}))
    assert loaded.arrays.dtype == dtype
    assert loaded.content_hash() == in_memory(arrays).content_hash()


@pytest.mark.parametrize("rate", [60, 60.0, np.float32(60), np.int64(60)])
def test_hash_is_the_same_before_and_after_the_disk(movies, tmp_path, rate):
    arrays = movies(attrs={"unit": "mN", "rate_hz": rate})
    loaded = load_stimulus_set(save_stimulus_set(arrays, tmp_path / "set.nc", name="movies", generator={}))
    assert loaded.content_hash() == in_memory(arrays).content_hash()


def test_tampered_file_names_both_hashes(saved):
    recorded = json.loads(saved.with_suffix(".json").read_text())["sha256"]
    with open(saved, "ab") as file:
        file.write(b"!")
    with pytest.raises(ChecksumError, match=f"its sidecar says {recorded}"):
        load_stimulus_set(saved)
    assert saved.read_bytes().endswith(b"!")


@pytest.mark.parametrize("suffix", [".nc", ".json"])
def test_missing_half_of_a_set_is_named(saved, suffix):
    saved.with_suffix(suffix).unlink()
    with pytest.raises(DataNotAvailableError, match=f"set{suffix} does not exist"):
        load_stimulus_set(str(saved))


@pytest.mark.parametrize("version", [0, 2, None, "1"])
def test_other_layout_is_refused(saved, version):
    sidecar = saved.with_suffix(".json")
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | {"layout_version": version}))
    with pytest.raises(ValueError, match=f"has layout {version!r}; this version reads 1"):
        load_stimulus_set(saved)


def test_equal_arrays_have_equal_content():
    arrays = xr.DataArray(np.array([[0.0, 1.0], [2.0, 3.0], [0.0, 1.0]]), dims=("stimulus", "pixel"))
    table = pd.DataFrame({"stimulus_id": list("abc")})
    content = StimulusSet("three", table, arrays=arrays).table_with_content()["text"]
    assert content[0] == content[2] != content[1]
    blank = StimulusSet("blank", table, arrays=xr.zeros_like(arrays))
    assert "text" not in blank.table_with_content()
    texts = StimulusSet("texts", table.assign(text=["x", "y", "x"]))
    assert texts.table_with_content() is texts.table
