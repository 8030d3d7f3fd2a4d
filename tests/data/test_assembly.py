"""Response arrays: shape, checks, and an exact way through netCDF."""

import os
import tempfile
from pathlib import Path

import hypothesis.extra.numpy as arrays
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.assembly import load_responses, make_responses, save_responses, validate_responses


@pytest.fixture
def make():
    """Three presentations of two neuroids; any argument can be given."""

    def build(values=None, **arguments):
        values = np.arange(6.0).reshape(3, 2) if values is None else values
        known = {"presentation": {"stimulus_id": ["a", "b", "c"]}, "neuroid": {"neuroid_id": ["x", "y"]}, "unit": "Hz"}
        return make_responses(values, **known | arguments)

    return build


def assert_same(left, right):
    assert left.identical(right)
    assert left.dtype == right.dtype == np.float64
    assert left.attrs == right.attrs
    assert {name: coord.dtype for name, coord in left.coords.items()} == {
        name: coord.dtype for name, coord in right.coords.items()
    }


def test_two_dimensions(make):
    responses = make()
    assert responses.dims == ("presentation", "neuroid")
    assert responses.dtype == np.float64
    assert responses.attrs == {"unit": "Hz"}
    assert responses["repetition"].values.tolist() == [0, 0, 0]
    assert responses.sel(presentation=1).values.tolist() == [2.0, 3.0]
    assert not responses.indexes


def test_three_dimensions(make):
    bins = {"time_bin_start_ms": [0, 10, 20, 30], "time_bin_end_ms": [10, 20, 30, 40]}
    responses = make(np.zeros((3, 2, 4)), time_bin=bins)
    assert responses.dims == ("presentation", "neuroid", "time_bin")
    assert responses["time_bin_end_ms"].values.tolist() == [10, 20, 30, 40]


def test_integers_become_floats_and_texts_of_a_table_become_texts(make):
    table = pd.DataFrame({"id": ["a", "b", "c"], "condition": ["on", None, "off"]})
    responses = make(
        np.arange(6).reshape(3, 2), presentation={"stimulus_id": table["id"], "condition": table["condition"]}
    )
    assert responses.dtype == np.float64
    assert responses["stimulus_id"].dtype.kind == responses["condition"].dtype.kind == "U"


def test_repetitions_tell_presentations_of_one_stimulus_apart(make):
    responses = make(presentation={"stimulus_id": ["a", "a", "b"], "repetition": [0, 1, 0]})
    assert responses["repetition"].values.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": np.zeros(3)}, r"received shape \(3,\)"),
        ({"values": np.zeros((3, 2, 1, 1)), "time_bin": {}}, r"received shape \(3, 2, 1, 1\)"),
        ({"values": np.zeros((3, 2, 4))}, "time_bin coordinates exactly if there are three axes"),
        ({"time_bin": {"time_bin_start_ms": [0]}}, "time_bin coordinates exactly if there are three axes"),
        ({"values": np.zeros((3, 2, 4)), "time_bin": {}}, "time_bin_start_ms"),
        ({"presentation": {}}, "need the coordinate 'stimulus_id' along 'presentation'"),
        ({"neuroid": {"region": ["V1", "V2"]}}, "need the coordinate 'neuroid_id' along 'neuroid'"),
        ({"presentation": {"stimulus_id": ["a", "b"]}}, "conflicting sizes for dimension 'presentation'"),
        ({"neuroid": {"neuroid_id": ["x", "y", "z"]}}, "conflicting sizes for dimension 'neuroid'"),
        ({"presentation": {"stimulus_id": ["a", "b", "a"]}}, r"presentation \('a', 0\).*occurs twice"),
        (
            {"presentation": {"stimulus_id": ["a", "b", "a"], "repetition": [1, 1, 1]}},
            r"presentation \('a', 1\).*number the repetitions",
        ),
        ({"neuroid": {"neuroid_id": ["x", "x"]}}, "neuroid_id values are not unique"),
        ({"values": np.zeros((0, 2)), "presentation": {"stimulus_id": []}}, "responses are empty"),
        ({"values": np.zeros((3, 0)), "neuroid": {"neuroid_id": []}}, "responses are empty"),
    ],
)
def test_refused(make, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(**arguments)


def test_one_name_along_two_dimensions_is_refused(make):
    with pytest.raises(ValueError, match="subject"):
        make(
            presentation={"stimulus_id": ["a", "b", "c"], "subject": ["s1", "s2", "s3"]},
            neuroid={"neuroid_id": ["x", "y"], "subject": ["s1", "s1"]},
        )


def test_dims_in_another_order_are_refused(make):
    with pytest.raises(ValueError, match=r"must have dims .* received \('neuroid', 'presentation'\)"):
        validate_responses(make().transpose())


def test_coordinate_along_the_wrong_dimension_is_refused(make):
    responses = make().drop_vars("neuroid_id").assign_coords(neuroid_id=("presentation", ["x", "y", "z"]))
    with pytest.raises(ValueError, match="need the coordinate 'neuroid_id' along 'neuroid'"):
        validate_responses(responses)


def test_array_that_does_not_fit_is_not_written(make, tmp_path):
    with pytest.raises(ValueError, match="must have dims"):
        save_responses(make().rename(neuroid="unit"), tmp_path / "r.nc")
    assert list(tmp_path.iterdir()) == []


def test_all_kinds_of_coordinates_return_from_disk(make, tmp_path):
    responses = make(
        presentation={
            "stimulus_id": ["a", "bb", "µ ccc"],
            "empty_text": ["", "x", ""],
            "whole": [-1, 0, 2**62],
            "real": [0.1, np.inf, np.nan],
            "single": np.float32([0.1, 0.2, 0.3]),
            "flag": [True, False, True],
        },
        unit="µV (mean of 5)",
    )
    path = save_responses(responses, str(tmp_path / "new" / "r.nc"))
    assert path == tmp_path / "new" / "r.nc"
    assert_same(load_responses(path), responses)


def test_three_dimensions_return_from_disk(make, tmp_path):
    bins = {"time_bin_start_ms": [0.0, 12.5], "time_bin_end_ms": [12.5, 25.0]}
    responses = make(np.random.default_rng(0).standard_normal((3, 2, 2)), time_bin=bins)
    assert_same(load_responses(save_responses(responses, tmp_path / "r.nc")), responses)


def test_coordinate_name_that_netcdf_cannot_mark_is_refused_before_writing(make, tmp_path):
    with pytest.raises(ValueError, match="reaction time"):
        save_responses(
            make(presentation={"stimulus_id": ["a", "b", "c"], "reaction time": [1, 2, 3]}), tmp_path / "r.nc"
        )
    assert list(tmp_path.iterdir()) == []


def test_failed_write_keeps_the_earlier_file(make, tmp_path, monkeypatch):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    path = save_responses(make(), tmp_path / "r.nc")
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save_responses(make() + 1, path)
    assert_same(load_responses(path), make())
    assert list(tmp_path.iterdir()) == [path]


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@st.composite
def any_responses(draw):
    three = draw(st.booleans())
    shape = draw(arrays.array_shapes(min_dims=2 + three, max_dims=2 + three, max_side=4))
    values = draw(arrays.arrays(np.float64, shape, elements=st.floats(width=64)))
    bins = np.arange(shape[-1]) * 1.5
    ids = draw(st.lists(TEXTS, min_size=shape[0], max_size=shape[0], unique=True))
    return make_responses(
        values,
        presentation={
            "stimulus_id": np.array(ids),
            "repetition": draw(arrays.arrays(np.int64, shape[0])),
            "weight": draw(arrays.arrays(np.float64, shape[0])),
        },
        neuroid={"neuroid_id": [f"n{number}" for number in range(shape[1])], "region": [draw(TEXTS)] * shape[1]},
        time_bin={"time_bin_start_ms": bins, "time_bin_end_ms": bins + 1.5} if three else None,
        unit=draw(TEXTS),
    )


@settings(derandomize=True, deadline=None, max_examples=20)
@given(any_responses())
def test_any_responses_return_exactly_from_disk(responses):
    with tempfile.TemporaryDirectory() as folder:
        back = load_responses(save_responses(responses, Path(folder) / "r.nc"))
    assert_same(back, responses)
    assert back.values.tobytes() == responses.values.tobytes()
