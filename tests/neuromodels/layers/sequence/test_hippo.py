"""The LegS matrix against its definition by integrals, its diagonal form against dense linear algebra."""

import numpy as np
import pytest
from numpy.polynomial import Legendre

from neuromodels.layers.sequence import legs_diagonal_plus_low_rank, legs_matrix


def test_first_entries():
    matrix, into = legs_matrix(3)
    np.testing.assert_allclose(into, np.sqrt([1, 3, 5]))
    expected = [[-1, 0, 0], [-np.sqrt(3), -2, 0], [-np.sqrt(5), -np.sqrt(15), -3]]
    np.testing.assert_allclose(matrix, expected)


def test_coefficients_of_a_growing_past():
    # f = polynomial of degree 2 on [0, t]; its coefficients c_n in sqrt(2n + 1) P_n(2x/t - 1) obey t c' = A c + B f(t).
    matrix, into = legs_matrix(4)

    def coefficients(t):
        # On s in [-1, 1]: x = t (s + 1) / 2.
        x = Legendre([t / 2, t / 2])
        f = 1 + 2 * x - 3 * x**2
        padded = np.zeros(4)
        padded[: len(f.coef)] = f.coef
        return padded / into

    t, h = 1.7, 1e-5
    derivative = (coefficients(t + h) - coefficients(t - h)) / (2 * h)
    np.testing.assert_allclose(t * derivative, matrix @ coefficients(t) + into * (1 + 2 * t - 3 * t**2), atol=1e-8)


@pytest.mark.parametrize("size", [2, 8, 64])
def test_diagonal_plus_low_rank_is_the_matrix(size):
    eigenvalues, low_rank, into = legs_diagonal_plus_low_rank(size)
    assert np.all(eigenvalues.imag > 0) and np.all(np.diff(eigenvalues.imag) > 0)
    full = np.concatenate([eigenvalues, eigenvalues.conj()])
    vector = np.concatenate([low_rank, low_rank.conj()])
    rotated = np.diag(full) - np.outer(vector, vector.conj())
    matrix, drive = legs_matrix(size)
    # Similar matrices: the same characteristic polynomial, here at points off the spectrum, and the same response.
    for point in (1.0, 2.5 + 3j, -0.1 + 0.5j):
        ours = np.linalg.slogdet(point * np.eye(size) - rotated)
        theirs = np.linalg.slogdet(point * np.eye(size) - matrix)
        np.testing.assert_allclose(ours[0] * np.exp(ours[1] - theirs[1]), theirs[0], rtol=1e-9)
        both = np.concatenate([into, into.conj()])
        ours = both.conj() @ np.linalg.solve(point * np.eye(size) - rotated, both)
        theirs = drive @ np.linalg.solve(point * np.eye(size) - matrix, drive)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_eigenvalues_are_the_negative_whole_numbers():
    # A is triangular with diagonal -1 .. -N.
    eigenvalues, low_rank, _ = legs_diagonal_plus_low_rank(8)
    vector = np.concatenate([low_rank, low_rank.conj()])
    rotated = np.diag(np.concatenate([eigenvalues, eigenvalues.conj()])) - np.outer(vector, vector.conj())
    np.testing.assert_allclose(np.sort(np.linalg.eigvals(rotated).real), np.arange(-8, 0), atol=1e-8)


@pytest.mark.parametrize("size", [0, 7])
def test_size_must_be_even(size):
    with pytest.raises(ValueError, match=f"even and at least 2, received {size}"):
        legs_diagonal_plus_low_rank(size)
