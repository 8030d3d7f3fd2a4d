"""How much memory ridge regression over folds will take, known before anything is read."""

from typing import Literal

import numpy as np

from .gram import block_columns
from .ridge_dual import MANY_DOUBLE, MANY_SINGLE, MOST_LEFT_OUT, MOST_ROWS_IN_EIGENVECTORS, ROWS_AT_ONCE
from .ridge_search import NEUROID_BLOCK


def ridge_memory(
    n_presentations: int,
    n_features: int,
    n_neuroids: int,
    *,
    n_folds: int = 10,
    test_share: float = 0.1,
    n_alphas: int = 19,
    standardise: bool = True,
    selection: Literal["kfold", "loo"] = "kfold",
    n_inner: int = 5,
    inner: bool = True,
    dtype: Literal["float64", "float32"] = "float64",
    feature_dtype: Literal["float64", "float32", "float16"] = "float64",
    response_dtype: Literal["float64", "float32"] = "float64",
) -> int:
    """Bytes that `NeuroidRidge.cross_predict` holds at once beside its inputs.

    Features that lie on disk count for the block of columns that is read; features, responses and the interpreter
    itself (about 0.2 GB with numpy, scipy and scikit-learn) are not counted. For the numpy backend.

    Parameters
    ----------
    n_presentations, n_features, n_neuroids
        Sizes of the problem.
    n_folds, test_share
        Number of splits and the share of the presentations that each tests.
    n_alphas, standardise, selection, n_inner, dtype
        As given to `NeuroidRidge`.
    inner
        As given to ``cross_predict``.
    feature_dtype, response_dtype
        Precision of the inputs.

    Returns
    -------
    int
        Bytes: the largest of the phases (reading, factorising, predicting), each the sum of the arrays alive in it.

    Examples
    --------
    >>> from alignment.mappings import ridge_memory
    >>> need = ridge_memory(10_000, 50_000, 5_000, standardise=False, n_alphas=1, inner=False, dtype="float32",
    ...                     feature_dtype="float32", response_dtype="float32", n_folds=2)
    >>> print(f"{need / 1e9:.1f} GB")
    0.7 GB
    """
    size, item = np.dtype(dtype).itemsize, np.dtype(feature_dtype).itemsize
    n_test = round(test_share * n_presentations)
    n_train = n_presentations - n_test
    kept = n_folds * n_test * n_neuroids * size
    if dtype != response_dtype:
        kept += n_presentations * n_neuroids * size
    measured = n_alphas > 1 or inner
    known = n_train * n_neuroids * size  # one array (training row, neuroid)
    block = min(NEUROID_BLOCK, n_train * n_neuroids)
    compared = block * (np.dtype(response_dtype).itemsize + (8 if selection == "loo" else 24 // n_inner)) * inner

    if n_features < n_train:
        return kept + max(
            _primal(n_presentations, n_train, n_features, n_neuroids, n_alphas, measured, selection, n_inner, size),
            compared,
        )
    gram_rows = n_presentations if not standardise else n_train
    gram, cross = gram_rows**2 * size, n_test * n_train * size
    reading = _reading(n_presentations, n_features, item, size, standardise)
    errors = known if selection == "loo" else 3 * (known // n_inner) + 2 * (n_train // n_inner) ** 2 * size
    operators = 1 if n_alphas == 1 else 2
    if not standardise and n_test <= MOST_LEFT_OUT * n_train:
        solving = 3 * cross + n_test**2 * size
        split = 2 * cross + known
        if measured:
            blocks = min(ROWS_AT_ONCE, n_train) * n_train * size
            split += n_train**2 * size + max(blocks, known + errors)
        split += 2 * n_test * n_neuroids * size
        return kept + max(gram + reading, operators * gram + max(solving, split), compared)
    inside = n_train**2 * size
    before = 0 if standardise else gram
    making = inside + 2 * cross + reading if standardise else gram + max(reading, 2 * (inside + cross))
    arrays = 2 if n_alphas == 1 else 3
    if n_alphas >= (MANY_DOUBLE if size == 8 else MANY_SINGLE) and n_train <= MOST_ROWS_IN_EIGENVECTORS:
        operators, arrays = 4, 5  # eigenvectors and what LAPACK works in; responses turned into them
    solving = cross + operators * inside + known * arrays + (errors if measured else 0)
    return kept + max(making, before + solving, before + compared)


def _reading(n_presentations: int, n_features: int, item: int, size: int, standardise: bool) -> int:
    """The last block of columns, beside the next as it lies on disk, in the order of its rows, and converted."""
    width = min(n_features, block_columns(n_presentations, size))
    following = min(width, n_features - width)
    coming = 2 * item + (size if size != item else 0)
    squared = 2 * size * width if standardise else 0
    return n_presentations * max(coming * width, size * width + coming * following, squared)


def _primal(
    n_presentations: int,
    n_train: int,
    n_features: int,
    n_neuroids: int,
    n_alphas: int,
    measured: bool,
    selection: str,
    n_inner: int,
    size: int,
) -> int:
    """Features of all rows and of a split, covariances and weights."""
    features = 3 * n_presentations * n_features * size
    squares, weights, known = n_features**2 * size, n_features * n_neuroids * size, n_train * n_neuroids * size
    if not measured:
        search = 0
    elif selection == "loo":
        search = squares + 3 * n_train * n_features * size + 2 * known + weights
    else:
        rows = n_train // n_inner
        search = 3 * squares + 2 * weights + rows * (3 * n_features + 4 * n_neuroids) * size
    return features + known + squares + weights + max(search, 2 * squares + 2 * weights)
