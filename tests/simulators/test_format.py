"""Stimulus files: what is written, what is refused, and that a failed write leaves the earlier set whole."""

import errno
import hashlib
import json
import os

import numpy as np
import pytest
import xarray as xr

from data import load_stimulus_set
from simulators.format import LAYOUT_VERSION, save_stimulus_set


@pytest.fixture
def make():
    """Two stimuli of three samples; any part can be given."""

    def build(values=None, dims=("stimulus", "time"), ids=("a", "b"), unit="mN", **coords):
        values = np.arange(6.0).reshape(2, 3) if values is None else values
        coords = ({"stimulus_id": ("stimulus", list(ids))} if ids is not None else {}) | coords
        return xr.DataArray(values, dims=dims, coords=coords, attrs={} if unit is None else {"unit": unit})

    return build


@pytest.fixture
def earlier(make, tmp_path):
    """Path of a set that lies on the disk."""
    return save_stimulus_set(make(), tmp_path / "set.nc", name="earlier", generator={})


def assert_earlier_set_is_whole(path):
    loaded = load_stimulus_set(path)
    assert loaded.name == "earlier"
    np.testing.assert_array_equal(loaded.items(), np.arange(6.0).reshape(2, 3))
    assert sorted(file.name for file in path.parent.iterdir()) == ["set.json", "set.nc"]


def test_sidecar_says_how_the_set_was_made(make, tmp_path):
    path = tmp_path / "new" / "set.nc"
    arrays = make(condition=("stimulus", ["x", "y"]))
    assert (
        save_stimulus_set(arrays, str(path), name="n", generator={"seed": 7, "gain": [0.5]}, group="condition") == path
    )
    facts = json.loads((tmp_path / "new" / "set.json").read_text(encoding="utf-8"))
    assert facts == {
        "layout_version": LAYOUT_VERSION,
        "name": "n",
        "group": "condition",
        "generator": {"seed": 7, "gain": [0.5]},
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def test_arrays_are_left_as_they_were(make, tmp_path):
    arrays = make().rename("mine")
    before = arrays.copy(deep=True)
    save_stimulus_set(arrays, tmp_path / "set.nc", name="n", generator={})
    assert arrays.identical(before)


def test_new_set_takes_the_place_of_the_earlier(make, earlier):
    arrays = make(np.ones((2, 3)))
    save_stimulus_set(arrays, earlier, name="new", generator={})
    loaded = load_stimulus_set(earlier)
    assert loaded.name == "new"
    np.testing.assert_array_equal(loaded.items(), np.ones((2, 3)))


@pytest.mark.parametrize(
    ("parts", "options", "message"),
    [
        ({}, {"path": "set.h5"}, "ends in .nc, received 'set.h5'"),
        (
            {"dims": ("trial", "time"), "ids": None},
            {},
            r"must be \(stimulus, ...\) with .* received \{'trial': 2, 'time': 3\}",
        ),
        ({"dims": ("time", "stimulus"), "ids": ("a", "b", "c")}, {}, r"must be \(stimulus, ...\)"),
        ({"values": np.zeros(2), "dims": ("stimulus",)}, {}, r"must be \(stimulus, ...\)"),
        ({"ids": None}, {}, "unique values in the coordinate 'stimulus_id'"),
        ({"ids": ("a", "a")}, {}, "unique values in the coordinate 'stimulus_id'"),
        ({"unit": None}, {}, "need the attribute 'unit'"),
        ({}, {"group": "story"}, "group 'story' is no coordinate of the arrays"),
        ({"values": np.array([[0.0, np.nan, 1.0]] * 2)}, {}, "must be finite"),
        ({"values": np.array([[0.0, -np.inf, 1.0]] * 2)}, {}, "must be finite"),
    ],
)
def test_refused(make, tmp_path, parts, options, message):
    known = {"path": "set.nc", "name": "n", "generator": {}} | options
    with pytest.raises(ValueError, match=message):
        save_stimulus_set(make(**parts), **known | {"path": tmp_path / known["path"]})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("parts", "group", "message"),
    [
        ({"story": ("time", [1, 2, 3])}, "story", "story"),
        ({"values": np.zeros((2, 2)), "ids": None, "stimulus_id": ("time", ["a", "b"])}, None, "along 'stimulus'"),
        ({"reaction time": ("stimulus", [1, 2])}, None, "reaction time"),
    ],
    ids=["group along time", "ids along time", "name with a space"],
)
def test_set_that_could_not_be_loaded_is_refused(make, tmp_path, parts, group, message):
    with pytest.raises(ValueError, match=message):
        save_stimulus_set(make(**parts), tmp_path / "set.nc", name="n", generator={}, group=group)
    assert list(tmp_path.iterdir()) == []


def test_generator_of_other_than_plain_values_keeps_the_earlier_set(make, earlier):
    with pytest.raises(TypeError, match="not JSON serializable"):
        save_stimulus_set(make(np.ones((2, 3))), earlier, name="new", generator={"what": object()})
    assert_earlier_set_is_whole(earlier)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_failed_write_of_the_arrays_keeps_the_earlier_set(make, earlier, monkeypatch, error):
    def fail(self, path, **_):
        path.write_bytes(b"half")
        raise error

    monkeypatch.setattr(xr.DataArray, "to_netcdf", fail)
    with pytest.raises(type(error)):
        save_stimulus_set(make(np.ones((2, 3))), earlier, name="new", generator={})
    assert_earlier_set_is_whole(earlier)


@pytest.mark.parametrize("call", [1, 2])
def test_failed_replacement_keeps_the_earlier_set(make, earlier, monkeypatch, call):
    calls = []
    replace = os.replace

    def fail(source, target):
        calls.append(target)
        if len(calls) == call:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        save_stimulus_set(make(np.ones((2, 3))), earlier, name="new", generator={})
    assert_earlier_set_is_whole(earlier)
