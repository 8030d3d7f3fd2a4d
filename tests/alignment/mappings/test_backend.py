"""Dense operations of both backends, against numpy's own."""

import numpy as np
import pytest

from alignment.mappings.backend import TILE, make_backend

BACKENDS = [(name, dtype) for name in ("numpy", "torch") for dtype in ("float64", "float32")]


@pytest.fixture(params=BACKENDS, ids="-".join)
def backend(request):
    return make_backend(request.param[0], "cpu", request.param[1])


def tolerance(backend):
    return 1e-10 if backend.dtype == np.float64 else 1e-4


def definite(n, seed=0):
    rows = np.random.default_rng(seed).standard_normal((n, 2 * n))
    return rows @ rows.T / n


@pytest.mark.parametrize("n", [1, 7, TILE, 2 * TILE + 3])
@pytest.mark.parametrize("order", ["C", "F"])
def test_products_are_added_whole(backend, n, order):
    rng = np.random.default_rng(0)
    total = backend.zeros(n, n)
    first, second = rng.standard_normal((2, n, 5))
    for rows in (first, second):
        kept = backend.array(rows) if order == "C" else backend.array(rows.T.copy()).T
        backend.add_products(total, kept)
    backend.mirror(total)
    np.testing.assert_allclose(backend.numpy(total), first @ first.T + second @ second.T, atol=10 * tolerance(backend))


@pytest.mark.parametrize("n", [1, 40, TILE + 9])
def test_inverse_and_solution_equal_numpy(backend, n):
    matrix, right = definite(n), np.random.default_rng(1).standard_normal((n, 3))
    inverse = backend.numpy(backend.inverse(backend.copy(backend.array(matrix)), 1e-9))
    np.testing.assert_allclose(inverse, np.linalg.inv(matrix), rtol=100 * tolerance(backend), atol=tolerance(backend))
    solved = backend.numpy(backend.solve(backend.copy(backend.array(matrix)), backend.array(right)))
    np.testing.assert_allclose(
        solved, np.linalg.solve(matrix, right), rtol=100 * tolerance(backend), atol=tolerance(backend)
    )


def test_eigenvectors_make_up_the_matrix(backend):
    matrix = definite(30)
    values, vectors = (backend.numpy(one) for one in backend.eigen(backend.copy(backend.array(matrix))))
    assert (np.diff(values) > 0).all()
    np.testing.assert_allclose((vectors * values) @ vectors.T, matrix, atol=tolerance(backend))


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_matrix_that_rounding_made_indefinite_is_inverted_with_its_least_eigenvalue(backend, order):
    vectors, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((20, 20)))
    values = np.linspace(1, 3, 20)
    values[0] = -1e-3  # should have been 0.5
    matrix = (vectors * values) @ vectors.T
    given = backend.copy(backend.array(matrix))
    inverse = backend.numpy(backend.inverse(given if order == "C" else given.T, 0.5))
    expected = (vectors / np.maximum(values, 0.5)) @ vectors.T
    np.testing.assert_allclose(inverse, expected, atol=10 * tolerance(backend))


def test_an_indefinite_system_has_a_finite_solution(backend):
    matrix = np.diag([2.0, 1.0, -1e-9])
    solved = backend.numpy(backend.solve(backend.copy(backend.array(matrix)), backend.array(np.eye(3)[:, :2])))
    np.testing.assert_allclose(solved, np.diag([0.5, 1.0, 1.0])[:, :2], rtol=1e-6)


def test_crossings_are_copies_in_the_order_asked_for(backend):
    matrix = backend.array(np.arange(12.0).reshape(3, 4))
    taken = backend.take(matrix, np.array([2, 0]), np.array([3, 1, 1]))
    np.testing.assert_array_equal(backend.numpy(taken), [[11, 9, 9], [3, 1, 1]])
    taken[:] = 0
    assert float(matrix[2, 3]) == 11


def test_the_mean_of_a_constant_column_is_its_value(backend):
    values = np.full((1001, 2), [0.1, 1e6 / 3])
    mean, value = backend.numpy(backend.mean(backend.array(values))), values[0].astype(backend.dtype)
    if backend.dtype == np.float32:
        np.testing.assert_array_equal(mean, value)
    np.testing.assert_allclose(mean, value, rtol=1e-13)


def test_arrays_are_not_copied_where_they_fit(backend):
    values = np.zeros((3, 2), backend.dtype)
    assert np.shares_memory(values, backend.numpy(backend.array(values)))
    values.flags.writeable = False
    np.testing.assert_array_equal(backend.numpy(backend.array(values)), values)


def test_a_gpu_that_is_not_there_is_refused():
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(ValueError, match="device is 'cuda', but torch sees no GPU here"):
        make_backend("torch", "cuda", "float32")


@pytest.mark.gpu
def test_a_gpu_gives_the_same(backend):
    gpu = make_backend("torch", "cuda", "float64")
    matrix = definite(50)
    np.testing.assert_allclose(gpu.numpy(gpu.inverse(gpu.array(matrix), 1e-9)), np.linalg.inv(matrix), rtol=1e-8)
