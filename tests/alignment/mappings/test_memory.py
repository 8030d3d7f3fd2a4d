"""The memory said beforehand, against what numpy allocates."""

import itertools
import tracemalloc

import numpy as np
import pytest
from sklearn.model_selection import ShuffleSplit

from alignment.folds import Fold
from alignment.mappings import NeuroidRidge, ridge_memory

SEARCHES = [("kfold", 3, True), ("loo", 3, True), ("kfold", 12, True), ("kfold", 1, False), ("loo", 1, True)]
CASES = [
    *itertools.product([(400, 4000, 300)], [True, False], SEARCHES, [("float32", 0.1)]),
    *itertools.product([(300, 500, 2500)], [True, False], SEARCHES, [("float64", 0.1)]),
    *itertools.product([(400, 900, 600)], [False], SEARCHES, [("float32", 0.5)]),
    *itertools.product([(500, 200, 400)], [True], SEARCHES, [("float32", 0.1)]),
]


class OnDisk:
    """Features of which every slice is a new array."""

    def __init__(self, values):
        self._values, self.shape, self.dtype = values, values.shape, values.dtype

    def __getitem__(self, key):
        return self._values[key].copy()


@pytest.mark.parametrize(("sizes", "standardise", "search", "precision"), CASES, ids=str)
def test_the_estimate_agrees_with_allocations(sizes, standardise, search, precision):
    (n, p, m), (selection, n_alphas, inner), (dtype, share) = sizes, search, precision
    rng = np.random.default_rng(0)
    x, y = OnDisk(rng.standard_normal((n, p), dtype=np.float32)), rng.standard_normal((n, m), dtype=np.float32)
    folds = [Fold(*rows) for rows in ShuffleSplit(2, test_size=share, random_state=0).split(y)]
    mapping = NeuroidRidge(np.logspace(0, 2, n_alphas), standardise=standardise, selection=selection, dtype=dtype)
    tracemalloc.start()
    try:
        mapping.cross_predict(x, y, folds, inner=inner)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    said = ridge_memory(
        n,
        p,
        m,
        n_folds=2,
        test_share=share,
        n_alphas=n_alphas,
        standardise=standardise,
        selection=selection,
        inner=inner,
        dtype=dtype,
        feature_dtype="float32",
        response_dtype="float32",
    )
    assert 0.85 * peak <= said <= 1.4 * peak


def test_more_features_on_disk_need_no_more_memory():
    few, many = (ridge_memory(1000, p, 100, dtype="float32") for p in (100_000, 1_000_000))
    assert few == many
