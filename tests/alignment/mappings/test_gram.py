"""Gram matrices by blocks of columns, from memory and from disk."""

import h5py
import numpy as np
import pytest

import alignment.mappings.gram as gram_module
from alignment.mappings.backend import make_backend
from alignment.mappings.gram import centred_grams, column_blocks, cross_gram, fold_gram, gram_matrix

NUMPY = make_backend("numpy", "cpu", "float64")


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(gram_module, "BLOCK_BYTES", 1)
    monkeypatch.setattr(gram_module, "LEAST_COLUMNS", 7)


def features(n_rows=20, n_features=33):
    rng = np.random.default_rng(0)
    return rng.standard_normal((n_rows, n_features)) * 10 ** rng.uniform(-1, 1, n_features) + 5


class MaskedVariable:
    """What a netCDF variable gives: masked arrays."""

    def __init__(self, values, mask=False):
        self.values, self.shape, self.dtype = np.ma.array(values, mask=mask), values.shape, values.dtype

    def __getitem__(self, key):
        return self.values[key]


@pytest.fixture(params=["array", "fortran", "memmap", "h5py", "netcdf", "xarray"])
def stored(request, tmp_path):
    """A way to keep features."""
    import xarray as xr

    def store(values):
        if request.param == "memmap":
            kept = np.memmap(tmp_path / "x", dtype=values.dtype, mode="w+", shape=values.shape)
            kept[:] = values
            return kept
        if request.param == "h5py":
            file = h5py.File(tmp_path / "x.h5", "w")
            request.addfinalizer(file.close)
            return file.create_dataset("x", data=values)
        return {
            "array": values.copy(),
            "fortran": np.asfortranarray(values),
            "netcdf": MaskedVariable(values),
            "xarray": xr.DataArray(values),
        }[request.param]

    return store


@pytest.mark.parametrize("dtype", ["float64", "float32", "int16"])
def test_gram_matrix_is_that_of_centred_rows_wherever_features_lie(stored, dtype):
    x = (10 * features()).astype(dtype)
    rows = np.array([3, 1, 0, 8, 19, 12])
    received = gram_matrix(stored(x), rows, NUMPY)
    centred = x[rows].astype(float) - x[rows].astype(float).mean(axis=0)
    np.testing.assert_allclose(received, centred @ centred.T, rtol=1e-10, atol=1e-8)


def test_blocks_may_be_overwritten_without_harm(stored):
    x = features()
    kept = stored(x)
    for _, block in column_blocks(kept, np.arange(20), np.dtype("float64")):
        block[:] = 0
    np.testing.assert_array_equal(np.asarray(kept[:, 0:33]), x)


def test_blocks_cover_every_column_once(stored):
    x = features()
    blocks = list(column_blocks(stored(x), np.arange(20)[::-1], np.dtype("float64")))
    assert [block.shape[1] for _, block in blocks] == [7, 7, 7, 7, 5]
    np.testing.assert_array_equal(np.column_stack([block for _, block in blocks]), x[::-1])


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("standardise", [True, False])
def test_fold_gram_standardises_by_training_rows(stored, standardise, backend):
    x = features()
    x[:, 4] = 0.1  # constant everywhere
    x[:12, 9] = 2.0  # constant in training only
    train, test = np.arange(12), np.arange(12, 20)
    operations = make_backend(backend, "cpu", "float64")
    gram, cross, mean, scale = fold_gram(stored(x), train, test, standardise, operations)
    spread = x[train].std(axis=0) if standardise else np.ones(33)
    spread[[4, 9]] = np.inf
    z = (x - x[train].mean(axis=0)) / spread
    np.testing.assert_allclose(operations.numpy(gram), z[train] @ z[train].T, atol=1e-9)
    np.testing.assert_allclose(operations.numpy(cross), z[test] @ z[train].T, atol=1e-9)
    np.testing.assert_allclose(mean, x[train].mean(axis=0))
    np.testing.assert_allclose(scale, spread)
    np.testing.assert_allclose(operations.numpy(cross_gram(x[test], x[train], mean, scale, operations)), cross)


def test_sub_blocks_are_centred_as_if_features_had_been():
    x = features()
    train, test = np.array([0, 5, 7, 7, 9, 18]), np.array([1, 2, 5])
    inner, cross = centred_grams(gram_matrix(x, np.arange(20), NUMPY), train, test, NUMPY)
    z = x - x[train].mean(axis=0)
    np.testing.assert_allclose(inner, z[train] @ z[train].T, atol=1e-9)
    np.testing.assert_allclose(cross, z[test] @ z[train].T, atol=1e-9)


def test_values_that_are_not_finite_are_refused_with_their_columns(stored):
    x = features()
    x[3, 20], x[2, 18] = np.nan, np.inf
    kept = stored(x)
    with pytest.raises(ValueError, match="features hold 2 values in columns 14 to 20 that are not finite in float64"):
        gram_matrix(kept, np.arange(20), NUMPY)
    gram_matrix(kept, np.arange(4, 20), NUMPY)  # rows that no fold uses do not matter


def test_masked_values_count_as_missing():
    x = features()
    with pytest.raises(ValueError, match="features hold 1 values in columns 0 to 6"):
        gram_matrix(MaskedVariable(x, mask=(x == x[0, 0])), np.arange(20), NUMPY)


def test_values_beyond_single_precision_are_refused():
    with pytest.raises(ValueError, match="not finite in float32"), np.errstate(over="ignore"):
        gram_matrix(np.full((5, 2), 1e300), np.arange(5), make_backend("numpy", "cpu", "float32"))
