"""Leading eigenvectors, against the full eigenproblem."""

import numpy as np
import pytest

import alignment.mappings.leading_vectors as module


@pytest.mark.parametrize(
    "kind", ["falling", "close", "equal pair", "blocks", "low rank"], ids=lambda kind: kind.replace(" ", "_")
)
@pytest.mark.parametrize("size", [module.DENSE + 1, 150])
def test_leading_vector_is_that_of_the_full_eigenproblem(kind, size):
    rng = np.random.default_rng(4)
    values = {
        "falling": 1.0 / np.arange(1, size + 1),
        "close": 1.0 - 1e-4 * np.arange(size),
        "equal pair": np.array([1.0, 1.0, *(0.5 / np.arange(1, size - 1))]),
        "blocks": np.linspace(1, 0.1, size),
        "low rank": np.array([3.0, 2.0, 1.0, *np.zeros(size - 3)]),
    }[kind]
    basis = np.eye(size) if kind == "blocks" else np.linalg.qr(rng.standard_normal((size, size)))[0]
    search = module.DavidsonSearch(size)
    for step in range(3):  # the second and third search start warm, from a matrix that lost its top
        matrix = np.asfortranarray((basis * values) @ basis.T)
        value, vector = search.find(matrix)
        np.testing.assert_allclose(value, values.max(), rtol=1e-12)
        assert np.linalg.norm(matrix @ vector - value * vector) <= 1e-9 * value
        if kind != "equal pair":
            assert abs(vector @ basis[:, values.argmax()]) > 1 - 1e-9
        values = values.copy()
        values[step] = 0.0


def test_search_without_end_gives_way_to_the_full_eigenproblem(monkeypatch):
    monkeypatch.setattr(module, "STEPS", 2)
    square = np.random.default_rng(0).standard_normal((90, 90))
    matrix, search = square @ square.T, module.DavidsonSearch(90)
    for _ in range(2):
        value, vector = search.find(matrix)
        np.testing.assert_allclose(value, np.linalg.eigvalsh(matrix)[-1])
        np.testing.assert_allclose(matrix @ vector, value * vector, atol=1e-9 * value)


def test_a_matrix_of_zeros_has_the_value_zero():
    for size in (3, module.DENSE + 5):
        assert module.DavidsonSearch(size).find(np.zeros((size, size)))[0] == 0
        assert module.PowerIteration().find(np.zeros((size, size)))[0] == 0


def test_power_iteration_converges_where_the_gap_is_large_and_stops_early_where_not():
    basis = np.linalg.qr(np.random.default_rng(1).standard_normal((30, 30)))[0]
    wide = (basis * np.array([1.0, *np.full(29, 1e-9)])) @ basis.T
    value, vector = module.PowerIteration().find(wide)
    np.testing.assert_allclose(value, 1.0, rtol=1e-9)
    np.testing.assert_allclose(abs(vector @ basis[:, 0]), 1.0, rtol=1e-12)
    narrow = (basis * np.linspace(0.99, 1, 30)) @ basis.T
    assert module.PowerIteration().find(narrow)[0] < 1 - 1e-4
