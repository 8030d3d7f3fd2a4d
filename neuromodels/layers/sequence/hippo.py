"""The scaled Legendre (LegS) state matrix, which remembers the whole past, and its diagonal-plus-low-rank form."""

import numpy as np

Array = np.ndarray


def legs_matrix(size: int) -> tuple[Array, Array]:
    """State matrix A and input vector B of x' = A x + B u, the dynamics of coefficients in Legendre polynomials.

    A_nk = -sqrt((2n + 1)(2k + 1)) for n > k, -(n + 1) for n = k, else 0; B_n = sqrt(2n + 1).

    Parameters
    ----------
    size
        Coefficients.

    Returns
    -------
    tuple
        A ``(size, size)`` and B ``(size,)``, float64.

    References
    ----------
    Gu et al. 2020, arXiv 2008.07669, theorem 2.
    """
    order = np.arange(size)
    scale = np.sqrt(2 * order + 1.0)
    return -np.tril(np.outer(scale, scale), -1) - np.diag(order + 1.0), scale


def legs_diagonal_plus_low_rank(size: int) -> tuple[Array, Array, Array]:
    """The LegS matrix as V (diag(lambda) - p p*) V*, with one of each pair of conjugate eigenvalues.

    A + P P^T with P_n = sqrt(n + 1/2) is -1/2 plus an antisymmetric matrix, so it has orthonormal eigenvectors V.

    Parameters
    ----------
    size
        Coefficients, even.

    Returns
    -------
    tuple
        lambda, with positive imaginary parts, ascending; p = V* P; b = V* B; each ``(size / 2,)``, complex128.

    Raises
    ------
    ValueError
        If the size is not even and positive.

    References
    ----------
    Gu, Goel & Re 2022, arXiv 2111.00396, theorem 1 and appendix C.1.
    """
    if size < 2 or size % 2:
        raise ValueError(f"the size of the state must be even and at least 2, received {size}; 64 is usual.")
    matrix, into = legs_matrix(size)
    low_rank = np.sqrt(np.arange(size) + 0.5)
    normal = matrix + np.outer(low_rank, low_rank)
    frequency, vectors = np.linalg.eigh(-0.5j * (normal - normal.T))
    kept = slice(size // 2, None)
    adjoint = vectors[:, kept].conj().T
    return -0.5 + 1j * frequency[kept], adjoint @ low_rank, adjoint @ into
