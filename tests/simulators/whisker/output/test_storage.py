"""Recordings on disk: what is read is what was written, and nothing half-written stays."""

import errno
import importlib.util
import os

import numpy as np
import pytest
import xarray as xr

from simulators.whisker.output import storage
from simulators.whisker.output.record import RECORD_VERSION, RawRecord, record_dataset
from simulators.whisker.output.storage import load_recording, save_recording

HAS_ZARR = importlib.util.find_spec("zarr") is not None
ENDINGS = [".nc", pytest.param(".zarr", marks=pytest.mark.skipif(not HAS_ZARR, reason="zarr is not installed"))]


def make_recording(seed=0, objects=1, steps=40):
    generator = np.random.default_rng(seed)

    def draw(*shape):
        return generator.normal(size=shape)

    raw = RawRecord(
        names=("RC1", "RC2"),
        rate_hz=1000.0,
        time_ms=np.arange(1.0, steps + 1),
        force_un=draw(steps, 2, 3),
        moment_un_mm=draw(steps, 2, 3),
        contact=generator.random((steps, 2)) > 0.5,
        contact_force_un=draw(steps, 2, 3),
        contact_point_mm=draw(steps, 2, 3),
        contact_arc_mm=draw(steps, 2),
        tip_mm=draw(steps, 2, 3),
        base_point_mm=draw(steps, 2, 3),
        base_quaternion=draw(steps, 2, 4),
        object_position_mm=draw(steps, objects, 3),
        object_quaternion=draw(steps, objects, 4),
        attributes={"preset": "beam", "parameters": {"friction": 0.3}},
    )
    return record_dataset(raw)


def contents(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("objects", [0, 2])
@pytest.mark.parametrize("compression", [0, 9])
def test_read_back_is_identical(tmp_path, ending, objects, compression):
    record = make_recording(objects=objects)
    path = save_recording(record, tmp_path / "new" / f"sweep{ending}", compression=compression)
    again = load_recording(path)
    xr.testing.assert_identical(again, record)
    assert {name: value.dtype for name, value in again.variables.items()} == {
        name: value.dtype for name, value in record.variables.items()
    }
    assert contents(path.parent) == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
def test_single_precision(tmp_path, ending):
    record = make_recording()
    again = load_recording(save_recording(record, tmp_path / f"sweep{ending}", precision="float32"))
    assert again["force"].dtype == np.float32
    assert again["contact"].dtype == bool
    np.testing.assert_array_equal(again["force"], record["force"].values.astype(np.float32))
    np.testing.assert_array_equal(again["time"], record["time"])
    assert record["force"].dtype == np.float64


@pytest.mark.skipif(not HAS_ZARR, reason="zarr is not installed")
@pytest.mark.parametrize(("first", "second"), [(".nc", ".zarr"), (".zarr", ".nc")])
def test_one_form_is_turned_into_the_other(tmp_path, first, second):
    record = make_recording()
    read = load_recording(save_recording(record, tmp_path / f"a{first}", compression=9))
    xr.testing.assert_identical(load_recording(save_recording(read, tmp_path / f"b{second}", compression=0)), record)


def test_compression_makes_the_file_smaller(tmp_path):
    record = make_recording(steps=4000)
    record["force"].values[:] = 0.0
    sizes = [save_recording(record, tmp_path / f"{level}.nc", compression=level).stat().st_size for level in (0, 4)]
    assert sizes[1] < 0.95 * sizes[0]


def test_same_recording_gives_the_same_bytes(tmp_path):
    paths = [save_recording(make_recording(), tmp_path / f"{name}.nc") for name in "ab"]
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize("ending", ENDINGS)
def test_existing_recording_is_replaced_only_on_request(tmp_path, ending):
    path = save_recording(make_recording(0), tmp_path / f"sweep{ending}")
    with pytest.raises(FileExistsError, match="give overwrite=True"):
        save_recording(make_recording(1), path)
    xr.testing.assert_identical(load_recording(path), make_recording(0))
    save_recording(make_recording(1), path, overwrite=True)
    xr.testing.assert_identical(load_recording(path), make_recording(1))
    assert contents(tmp_path) == [path.name]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), KeyboardInterrupt()])
def test_failed_write_keeps_the_earlier_file(tmp_path, monkeypatch, step, error):
    path = save_recording(make_recording(0), tmp_path / "sweep.nc")

    def fail(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises(type(error)):
            save_recording(make_recording(1), path, overwrite=True)
    xr.testing.assert_identical(load_recording(path), make_recording(0))
    assert contents(tmp_path) == ["sweep.nc"]


@pytest.mark.skipif(not HAS_ZARR, reason="zarr is not installed")
@pytest.mark.parametrize("call", [1, 2])
def test_failed_replacement_keeps_the_earlier_folder(tmp_path, monkeypatch, call):
    path = save_recording(make_recording(0), tmp_path / "sweep.zarr")
    calls, replace = [], os.replace

    def fail(source, target):
        calls.append((source, target))
        if str(source) == str(path) or str(target) == str(path):
            big = [one for one in calls if str(path) in map(str, one)]
            if len(big) == call:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(OSError, match="the disk is full"):
            save_recording(make_recording(1), path, overwrite=True)
    xr.testing.assert_identical(load_recording(path), make_recording(0))
    assert contents(tmp_path) == ["sweep.zarr"]


def test_zarr_without_the_package_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(storage.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"ending .zarr needs the package zarr: pip install zarr; or use .nc"):
        save_recording(make_recording(), tmp_path / "sweep.zarr")
    (tmp_path / "other.zarr").mkdir()
    with pytest.raises(ModuleNotFoundError, match="pip install zarr"):
        load_recording(tmp_path / "other.zarr")
    assert contents(tmp_path) == ["other.zarr"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "float16"}, "precision 'float16' is not known; give float64 or float32"),
        ({"compression": 10}, "compression is 10; give an integer from 0"),
        ({"path": "sweep.h5"}, "ends in .nc or .zarr, received 'sweep.h5'"),
    ],
)
def test_options_that_cannot_be_meant(tmp_path, options, message):
    options = {"path": "sweep.nc"} | options
    with pytest.raises(ValueError, match=message):
        save_recording(make_recording(), **options | {"path": tmp_path / options["path"]})
    assert contents(tmp_path) == []


def test_places_where_no_recording_can_be_are_refused(tmp_path):
    (tmp_path / "folder.nc").mkdir()
    (tmp_path / "folder.zarr").mkdir()
    (tmp_path / "folder.zarr" / "thesis.tex").write_text("mine")
    (tmp_path / "file.zarr").write_text("mine")
    wrong = {
        "folder.nc": "is a folder, and a recording that ends in .nc is a file",
        "file.zarr/a.nc": "is a file, so that",
    }
    if HAS_ZARR:
        wrong |= dict.fromkeys(
            ["folder.zarr", "file.zarr"], "exists and holds no Zarr data, so that it is not replaced"
        )
    for name, message in wrong.items():
        with pytest.raises(ValueError, match=f"{message}.*; give another (name|folder)"):
            save_recording(make_recording(), tmp_path / name, overwrite=True)
    assert (tmp_path / "folder.zarr" / "thesis.tex").read_text() == "mine"
    assert contents(tmp_path) == ["file.zarr", "folder.nc", "folder.zarr"]


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="needs a folder that may not be written to")
def test_closed_folders_are_refused(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(PermissionError, match="closed may not be written to; give another folder"):
        storage.refuse_target(tmp_path / "closed" / "new" / "a.nc")


@pytest.mark.skipif(os.name == "nt", reason="there is no limit of file sizes")
@pytest.mark.parametrize("ending", ENDINGS)
def test_limit_of_file_sizes_is_named(tmp_path, ending):
    resource = pytest.importorskip("resource")
    path = save_recording(make_recording(0), tmp_path / f"sweep{ending}")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, limits[1]))
    try:
        with pytest.raises(
            OSError, match=r"ulimit -f\): .*sweep.* is not written \(an earlier one is as it was\)"
        ) as caught:
            save_recording(make_recording(1), path, overwrite=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.errno == errno.EFBIG
    xr.testing.assert_identical(load_recording(path), make_recording(0))


def test_only_recordings_are_written(tmp_path):
    with pytest.raises(ValueError, match="no attribute 'record_version'"):
        save_recording(xr.Dataset({"a": 1}), tmp_path / "a.nc")


def test_foreign_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none.nc does not exist"):
        load_recording(tmp_path / "none.nc")
    (tmp_path / "text.nc").write_text("no netCDF")
    with pytest.raises(ValueError, match=r"text.nc is no recording of a whisker array: it cannot be read"):
        load_recording(tmp_path / "text.nc")
    xr.Dataset({"a": 1}).to_netcdf(tmp_path / "foreign.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match=r"foreign.nc is no recording of a whisker array: it has no attribute"):
        load_recording(tmp_path / "foreign.nc")
    later = make_recording().assign_attrs(record_version=RECORD_VERSION + 1)
    with pytest.raises(ValueError, match=rf"has record_version {RECORD_VERSION + 1}; this version .* reads"):
        load_recording(save_recording(later, tmp_path / "later.nc"))


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_cut_file_is_refused(tmp_path, kept):
    path = save_recording(make_recording(), tmp_path / "sweep.nc")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(ValueError, match="is no recording of a whisker array: it cannot be read"):
        load_recording(path)
