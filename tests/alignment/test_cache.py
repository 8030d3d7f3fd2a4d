"""Activations on disk: exact round trip, and nothing that goes wrong there stops a score."""

import dataclasses
import errno
import warnings

import numpy as np
import pytest

import alignment.cache as cache_module
from alignment.cache import ActivationCache

KEY = "ab" + "0" * 62


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int64])
def test_round_trip_is_exact(tmp_path, dtype):
    values = (1000 * np.random.default_rng(0).standard_normal((5, 7))).astype(dtype)
    cache = ActivationCache(tmp_path)
    assert cache.put(KEY, values, {"model": "m"})
    received = cache.get(KEY)
    assert received.dtype == values.dtype
    np.testing.assert_array_equal(received, values)


def test_arrays_that_are_not_contiguous_are_stored_as_they_look(tmp_path):
    values = np.arange(24.0).reshape(4, 6)[::2, ::-1]
    cache = ActivationCache(tmp_path)
    cache.put(KEY, values, {})
    np.testing.assert_array_equal(cache.get(KEY), values)


def test_facts_stand_in_the_file(tmp_path):
    from safetensors import safe_open

    cache = ActivationCache(tmp_path)
    cache.put(KEY, np.ones((2, 2)), {"layer": "relu"})
    (path,) = tmp_path.rglob("*.safetensors")
    with safe_open(path, framework="np") as file:
        assert "relu" in file.metadata()["facts"]


def test_absent_key_is_none(tmp_path):
    assert ActivationCache(tmp_path).get(KEY) is None


def test_changing_a_loaded_array_leaves_the_file_alone(tmp_path):
    cache = ActivationCache(tmp_path)
    cache.put(KEY, np.ones((2, 2)), {})
    cache.get(KEY)[:] = 5
    np.testing.assert_array_equal(cache.get(KEY), np.ones((2, 2)))


def test_default_folder_is_below_the_home_of_the_package(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUROMODELS_HOME", str(tmp_path / "somewhere"))
    assert ActivationCache().folder == tmp_path / "somewhere" / "activations"


@pytest.mark.parametrize("content", ["truncated", "empty", "text", "another tensor", "folder"])
def test_unreadable_file_is_said_and_counts_as_absent(tmp_path, content):
    from safetensors.numpy import save

    cache = ActivationCache(tmp_path)
    cache.put(KEY, np.ones((20, 20)), {})
    (path,) = tmp_path.rglob("*.safetensors")
    whole = path.read_bytes()
    path.unlink()
    if content == "folder":
        path.mkdir()
        assert cache.get(KEY) is None
        return
    path.write_bytes(
        {
            "truncated": whole[: len(whole) // 2],
            "empty": b"",
            "text": b"this is no tensor" * 20,
            "another tensor": save({"weights": np.ones(3)}),
        }[content]
    )
    with pytest.warns(UserWarning, match=f"{path.name} cannot be read .*recorded again"):
        assert cache.get(KEY) is None


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_failed_write_is_said_and_leaves_nothing(tmp_path, monkeypatch, number):
    def fail(path):
        raise OSError(number, "failed")

    monkeypatch.setattr(cache_module, "atomic_path", fail)
    cache = ActivationCache(tmp_path)
    with pytest.warns(UserWarning, match="could not be cached in .*score is not affected. Free space or set"):
        assert cache.put(KEY, np.ones((2, 2)), {}) is False
    assert list(tmp_path.iterdir()) == []


def test_disk_that_fills_up_during_the_write_leaves_the_earlier_file(tmp_path, monkeypatch):
    from pathlib import Path

    cache = ActivationCache(tmp_path)
    cache.put(KEY, np.ones((2, 2)), {})

    def fill_up(self, content):
        with open(self, "wb") as file:
            file.write(content[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fill_up)
    with pytest.warns(UserWarning, match="No space left on device"):
        assert cache.put(KEY, np.zeros((2, 2)), {}) is False
    np.testing.assert_array_equal(cache.get(KEY), np.ones((2, 2)))
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


@pytest.fixture
def small_memory(monkeypatch):
    """Everything beyond a few bytes stays on disk."""
    monkeypatch.setattr(cache_module, "LARGEST_HELD", 16)


@pytest.mark.parametrize(
    "dtype",
    [
        np.float64,
        np.float32,
        np.float16,
        *(pytest.param(kind) for kind in (np.int64, np.int32, np.uint8, np.bool_)),
    ],
)
def test_large_activations_stay_on_disk(tmp_path, small_memory, dtype):
    values = (10 * np.random.default_rng(0).standard_normal((5, 7))).astype(dtype)
    cache = ActivationCache(tmp_path)
    assert cache.put(KEY, values, {"model": "m"})
    received = cache.get(KEY)
    assert isinstance(received, np.memmap) and received.dtype == values.dtype
    np.testing.assert_array_equal(received, values)
    with pytest.raises(ValueError, match="read-only"):
        received[0, 0] = 1


def test_scores_of_activations_on_disk_are_the_same(tiny, stored_model, tmp_path, small_memory):
    import xarray as xr

    from alignment import NeuroidRidge, score

    benchmark, signal = tiny
    benchmark = dataclasses.replace(benchmark, metric=NeuroidRidge(np.logspace(-1, 3, 3)))
    model, store = stored_model(only=(signal + 1).astype(np.float32)), ActivationCache(tmp_path / "cache")
    quick = {"n_boot": 3, "n_permutations": 3}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the chosen penalty lies on the edge")
        held, first, mapped = (score(model, benchmark, cache=one, **quick) for one in (False, store, store))
    assert len(model.calls) == 2
    xr.testing.assert_identical(held.data, mapped.data)
    xr.testing.assert_identical(first.data, mapped.data)


@pytest.mark.parametrize(
    "content",
    [
        "truncated",
        "another tensor",
        pytest.param("text"),
        pytest.param("list"),
    ],
)
def test_unreadable_large_file_is_said_and_counts_as_absent(tmp_path, small_memory, content):
    from safetensors.numpy import save

    cache = ActivationCache(tmp_path)
    cache.put(KEY, np.ones((20, 20)), {})
    (path,) = tmp_path.rglob("*.safetensors")
    whole = path.read_bytes()
    path.write_bytes(
        {
            "truncated": whole[: len(whole) // 2],
            "another tensor": save({"weights": np.ones(3)}),
            "text": b"this is no tensor" * 20,
            "list": (5).to_bytes(8, "little") + b"[1,2]" + b"x" * 20,
        }[content]
    )
    with pytest.warns(UserWarning, match=f"{path.name} cannot be read .*recorded again"):
        assert cache.get(KEY) is None
