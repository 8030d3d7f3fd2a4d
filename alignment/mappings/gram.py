"""Gram matrices of features that need not fit into memory: inner products of presentations, column block by block.

For features x_i of presentation i and a training mean m and scale s (element by element)::

    G_ij = sum over features of (x_i - m) (x_j - m) / s^2

Only one block of columns is held at a time, so the features may be a `numpy.memmap`, an ``h5py.Dataset`` or a netCDF
variable.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .backend import Array, Backend

BLOCK_BYTES = 1 << 24
LEAST_COLUMNS = 512

# Anything two-dimensional with ``shape``, ``dtype`` and slices of columns.
ColumnReadable = Any


def block_columns(n_rows: int, itemsize: int) -> int:
    """Columns that are held at once; never so few that products with them are slow."""
    return max(LEAST_COLUMNS, BLOCK_BYTES // (n_rows * itemsize))


def column_blocks(features: ColumnReadable, rows: np.ndarray, dtype: np.dtype) -> Iterator[tuple[slice, np.ndarray]]:
    """Blocks of columns of some rows, each an array of its own that may be overwritten.

    Parameters
    ----------
    features
        ``(presentation, feature)``; sliced by columns only unless it is a numpy array.
    rows
        Row numbers to keep, in this order.
    dtype
        Precision of the blocks.

    Raises
    ------
    ValueError
        If a value is not finite.
    """
    n_columns = features.shape[1]
    width = block_columns(len(rows), dtype.itemsize)
    for start in range(0, n_columns, width):
        columns = slice(start, min(start + width, n_columns))
        block = _read(features, rows, columns, dtype)
        if not np.isfinite(block).all():
            raise ValueError(
                f"features hold {int((~np.isfinite(block)).sum())} values in columns {columns.start} to "
                f"{columns.stop - 1} that are not finite in {dtype}; remove or mend them before fitting."
            )
        yield columns, block


def _read(features: ColumnReadable, rows: np.ndarray, columns: slice, dtype: np.dtype) -> np.ndarray:
    if isinstance(features, np.ndarray):
        return np.ascontiguousarray(features[rows, columns], dtype=dtype)
    part = features[:, columns]
    if np.ma.isMaskedArray(part):
        part = np.ma.filled(part.astype(np.result_type(part.dtype, np.float32)), np.nan)
    return np.ascontiguousarray(np.asarray(part)[rows], dtype=dtype)


def standardise_block(block: Array, n_train: int, standardise: bool, backend: Backend) -> tuple[Array, Array]:
    """Centre and scale a block in place by its first ``n_train`` rows; constant columns become zero.

    Returns
    -------
    mean, scale
        Of the columns; the scale is infinite for a column that is constant in training.
    """
    train = block[:n_train]
    mean = backend.mean(train)
    block -= mean
    spread = backend.mean(train * train) ** 0.5
    # A constant column has a spread of rounding errors only; dividing by it would make noise a feature.
    tolerance = 1e-12 if backend.dtype.itemsize == 8 else 1e-6
    constant = spread <= tolerance * abs(mean)
    scale = spread if standardise else spread * 0 + 1
    scale[constant] = np.inf
    block /= scale
    return mean, scale


def gram_matrix(features: ColumnReadable, rows: np.ndarray, backend: Backend) -> Array:
    """Inner products ``(row, row)`` of features centred over these rows, not scaled."""
    gram = backend.zeros(len(rows), len(rows))
    for _, block in column_blocks(features, rows, backend.dtype):
        x = backend.array(block)
        x -= backend.mean(x)
        backend.add_products(gram, x)
    backend.mirror(gram)
    return gram


def fold_gram(
    features: ColumnReadable, train: np.ndarray, test: np.ndarray, standardise: bool, backend: Backend
) -> tuple[Array, Array, np.ndarray, np.ndarray]:
    """Inner products of features centred and scaled by the training rows.

    Returns
    -------
    gram, cross, mean, scale
        ``(n_train, n_train)``, ``(n_test, n_train)``, and ``(feature,)`` twice as in `standardise_block`.
    """
    gram, cross = backend.zeros(len(train), len(train)), backend.zeros(len(test), len(train))
    mean, scale = np.empty((2, features.shape[1]), backend.dtype)
    for columns, block in column_blocks(features, np.concatenate([train, test]), backend.dtype):
        x = backend.array(block)
        moments = standardise_block(x, len(train), standardise, backend)
        mean[columns], scale[columns] = (backend.numpy(one) for one in moments)
        backend.add_products(gram, x[: len(train)])
        if len(test):
            cross += x[len(train) :] @ x[: len(train)].T
    backend.mirror(gram)
    return gram, cross, mean, scale


def cross_gram(new: np.ndarray, train: np.ndarray, mean: np.ndarray, scale: np.ndarray, backend: Backend) -> Array:
    """Inner products ``(n_new, n_train)`` of features centred and scaled as given."""
    cross = backend.zeros(len(new), len(train))
    width = block_columns(len(new) + len(train), backend.dtype.itemsize)
    for start in range(0, len(mean), width):
        columns = slice(start, start + width)
        # Scaling one side twice saves a pass over the other.
        left = backend.array((new[:, columns] - mean[columns]) / scale[columns] ** 2)
        cross += left @ backend.array(train[:, columns] - mean[columns]).T
    return cross


def centred_grams(gram: Array, train: np.ndarray, test: np.ndarray, backend: Backend) -> tuple[Array, Array]:
    """The sub-blocks of a Gram matrix, centred as if the features had been centred over the training rows."""
    inner, cross = backend.take(gram, train, train), backend.take(gram, test, train)
    column = inner.mean(0)
    level = column.mean()
    cross -= cross.mean(1)[:, None] + column - level
    inner -= column[:, None]
    inner -= column - level
    return inner, cross
