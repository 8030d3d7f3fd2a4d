"""Leading eigenvectors of a symmetric matrix that loses its top step by step: what the components of PLS need."""

import numpy as np
from scipy.linalg.blas import dsymv

DENSE = 64  # below this size the full eigenproblem is the quickest
KEPT, LONGEST = 12, 40  # vectors kept between components and held at most in the search for an eigenvector
STEPS = 400  # of that search, before the full eigenproblem is solved after all
TOLERANCE = 1e-11  # length of the eigenvector's residual, as a share of the eigenvalue
NIPALS_ROUNDS, NIPALS_TOLERANCE = 500, 1e-6  # end of the power iteration in scikit-learn and so in Brain-Score
FITTED = 1e-26  # share of the first eigenvalue below which the responses are fitted but for rounding


class DavidsonSearch:
    """Top eigenpairs of a symmetric matrix that changes little from call to call.

    Davidson's method with thick restarts; the best vectors of one call start the next. Small matrices are decomposed.

    Parameters
    ----------
    size
        Rows of the matrix.

    References
    ----------
    Davidson (1975), J. Comput. Phys. 17:87. Stathopoulos, Saad & Wu (1998), SIAM J. Sci. Comput. 19:227.
    """

    def __init__(self, size: int) -> None:
        self._start = np.random.default_rng(0).standard_normal((size, 2)) if size > DENSE else None

    def find(self, matrix: np.ndarray) -> tuple[float, np.ndarray]:
        """Largest eigenvalue and its vector.

        Parameters
        ----------
        matrix
            ``(size, size)``, symmetric.

        Returns
        -------
        float, numpy.ndarray
            The eigenvalue, and the vector ``(size,)`` of unit length; the residual is below 1e-11 of the eigenvalue.
        """
        if self._start is None:
            values, vectors = np.linalg.eigh(matrix)
            return float(values[-1]), vectors[:, -1]
        size, matrix = len(matrix), np.asfortranarray(matrix)
        basis, images = np.empty((2, LONGEST, size))  # one vector a row
        inner = np.zeros((LONGEST, LONGEST))
        count = self._start.shape[1]
        basis[:count] = np.linalg.qr(self._start)[0].T
        images[:count] = (matrix @ basis[:count].T).T
        inner[:count, :count] = basis[:count] @ images[:count].T
        for _ in range(STEPS):
            values, rotation = np.linalg.eigh(inner[:count, :count])
            value, top = float(values[-1]), rotation[:, -1]
            vector = top @ basis[:count]
            residual = top @ images[:count] - value * vector
            if np.linalg.norm(residual) <= TOLERANCE * np.abs(values).max():
                break
            if count == LONGEST:
                count = KEPT
                best = rotation[:, -KEPT:]
                basis[:count], images[:count] = best.T @ basis, best.T @ images
                inner[:count, :count] = np.diag(values[-KEPT:])
            for _ in range(2):
                residual -= (basis[:count] @ residual) @ basis[:count]
                residual /= np.linalg.norm(residual)
            basis[count], images[count] = residual, dsymv(1.0, matrix, residual)
            count += 1
            inner[count - 1, :count] = inner[:count, count - 1] = basis[:count] @ images[count - 1]
        else:
            values, vectors = np.linalg.eigh(matrix)
            value, vector = float(values[-1]), vectors[:, -1]
        # A vector of chance keeps any direction within reach of the next search.
        chance = np.random.default_rng(count).standard_normal((1, size))
        best = rotation[:, -KEPT:]
        self._start = np.concatenate([best.T @ basis[: len(best)], chance]).T
        return value, vector


class PowerIteration:
    """Power iteration on a symmetric matrix, begun and ended as scikit-learn's NIPALS.

    With y scores F c and x weights w = X'F c / sqrt(c'F'KF c), one round of NIPALS turns c into F'KF c.

    References
    ----------
    Wold (1975), Quantitative sociology, 307, NIPALS. Wegelin (2000), Univ. Washington Tech. Rep. 371, section 4.1.
    """

    def find(self, matrix: np.ndarray) -> tuple[float, np.ndarray]:
        """Rayleigh quotient and vector of the last round.

        Parameters
        ----------
        matrix
            ``(neuroid, neuroid)`` F'KF.

        Returns
        -------
        float, numpy.ndarray
            c'F'KF c and the unit vector c ``(neuroid,)``.
        """
        matrix = np.asfortranarray(matrix)
        vector = np.zeros(len(matrix))
        # The first neuroid that is not yet fitted.
        vector[np.flatnonzero(np.diag(matrix) > FITTED * np.trace(matrix))[:1]] = 1.0
        image = dsymv(1.0, matrix, vector)
        value = vector @ image
        for _ in range(NIPALS_ROUNDS - 1):
            if not value > 0 or len(matrix) == 1:
                break
            following = image / np.linalg.norm(image)
            next_image = dsymv(1.0, matrix, following)
            next_value = following @ next_image
            change = 2 - 2 * (following @ image) / np.sqrt(next_value * value)  # squared, of the x weights
            vector, image, value = following, next_image, next_value
            if change < NIPALS_TOLERANCE:
                break
        return float(value), vector
