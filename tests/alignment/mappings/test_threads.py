"""BLAS threads while a ridge is fitted."""

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from alignment.mappings import backend


def blas_threads():
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}


@pytest.mark.parametrize("n_rows", [1, backend.FEW_ROWS])
def test_small_problems_take_one_thread_and_give_the_others_back(n_rows):
    np.linalg.inv(np.eye(2))
    before = blas_threads()
    with backend.calm_threads(n_rows):
        assert blas_threads() == {1}
    assert blas_threads() == before


def test_large_problems_keep_their_threads():
    before = blas_threads()
    with backend.calm_threads(backend.FEW_ROWS + 1):
        assert blas_threads() == before
