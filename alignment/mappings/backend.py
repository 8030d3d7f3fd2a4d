"""The few dense operations that mappings need, on numpy or on torch, in single or double precision.

Symmetric matrices are kept whole. Where numpy's BLAS can do half of the work on one triangle it does, and the other
triangle is mirrored afterwards.
"""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

import numpy as np
import scipy.linalg
from scipy.linalg import get_blas_funcs, get_lapack_funcs
from threadpoolctl import ThreadpoolController

DTYPES = ("float64", "float32")
BACKENDS = ("numpy", "torch")
TILE = 256

# Presentations up to which several threads gain little and may lose much.
FEW_ROWS = 4000

# A numpy array or a torch tensor: whatever the backend makes.
Array = Any


def calm_threads(n_rows: int) -> AbstractContextManager[Any]:
    """One BLAS thread while matrices are small.

    numpy and scipy bring threads of their own, which wait for each other without rest: on a machine with other work they
    take ten times as long as one thread alone.
    """
    return _controller().limit(limits=1, user_api="blas") if n_rows <= FEW_ROWS else nullcontext()


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def make_backend(name: str, device: str, dtype: str) -> "NumpyBackend | TorchBackend":
    """Backend by name.

    Parameters
    ----------
    name
        ``numpy`` or ``torch``.
    device
        ``cpu``, or for torch any of its devices (``cuda``, ``cuda:1``).
    dtype
        ``float64`` or ``float32``.

    Raises
    ------
    ValueError
        For other values, for a device that numpy has not, and for a GPU that this machine lacks.
    """
    if name not in BACKENDS:
        raise ValueError(f"backend is {name!r}; choose one of {', '.join(BACKENDS)}.")
    if dtype not in DTYPES:
        raise ValueError(f"dtype is {dtype!r}; choose one of {', '.join(DTYPES)}.")
    if name == "numpy":
        if device != "cpu":
            raise ValueError(
                f"device is {device!r}, but numpy runs on 'cpu' only; choose backend='torch' for {device!r}."
            )
        return NumpyBackend(dtype)
    return TorchBackend(device, dtype)


class NumpyBackend:
    """BLAS and LAPACK through numpy and scipy."""

    def __init__(self, dtype: str) -> None:
        self.dtype, self.device = np.dtype(dtype), "cpu"
        example = np.empty((1, 1), self.dtype)
        self._syrk = get_blas_funcs("syrk", (example,))
        self._potrf, self._potri, self._potrs = get_lapack_funcs(("potrf", "potri", "potrs"), (example,))

    def array(self, values: np.ndarray) -> np.ndarray:
        """The values in this precision; without a copy where none is needed."""
        return np.asarray(values, dtype=self.dtype)

    def numpy(self, array: np.ndarray) -> np.ndarray:
        """The array in main memory."""
        return array

    def zeros(self, *shape: int) -> np.ndarray:
        """An array of zeros."""
        return np.zeros(shape, self.dtype)

    def mean(self, array: np.ndarray) -> np.ndarray:
        """Mean over rows, added up in double precision so that a constant column loses nothing in single precision."""
        return array.mean(axis=0, dtype=np.float64).astype(self.dtype)

    def index(self, places: np.ndarray) -> np.ndarray:
        """Row or column numbers as the arrays are indexed with."""
        return places

    def take(self, matrix: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Copy of the crossings of rows and columns."""
        return matrix[rows[:, None], columns]

    def copy(self, array: np.ndarray) -> np.ndarray:
        """An array of its own."""
        return array.copy()

    def add_products(self, total: np.ndarray, rows: np.ndarray) -> None:
        """Add ``rows rows'`` to a symmetric matrix in place; finish with `mirror`."""
        if rows.flags.c_contiguous:
            self._syrk(1.0, rows.T, trans=1, beta=1.0, c=_fortran(total), lower=1, overwrite_c=1)
        else:
            self._syrk(1.0, np.asfortranarray(rows), trans=0, beta=1.0, c=_fortran(total), lower=1, overwrite_c=1)

    def mirror(self, total: np.ndarray) -> None:
        """Complete a symmetric matrix after `add_products`, in place."""
        lower = _fortran(total)
        for first in range(0, len(lower), TILE):
            down = slice(first, first + TILE)
            for second in range(first + TILE, len(lower), TILE):
                across = slice(second, second + TILE)
                lower[down, across] = lower[across, down].T
            corner = lower[down, down]
            np.copyto(corner, corner.T.copy(), where=~np.tri(len(corner), dtype=bool))

    def inverse(self, matrix: np.ndarray, least: float) -> np.ndarray:
        """Inverse of a symmetric matrix whose eigenvalues are at least ``least``; overwrites it."""
        lower = _fortran(matrix)
        diagonal = lower.diagonal().copy()
        factor, failed = self._potrf(lower, lower=1, clean=0, overwrite_a=1)
        if failed:
            values, vectors = _eigen_of_upper(lower, diagonal)
            return (vectors / np.maximum(values, least)) @ vectors.T
        inverted, _ = self._potri(factor, lower=1, overwrite_c=1)
        self.mirror(inverted)
        return inverted

    def eigen(self, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Eigenvalues, rising, and vectors of a symmetric matrix; overwrites it."""
        return scipy.linalg.eigh(_fortran(matrix), driver="evd", overwrite_a=True, check_finite=False)

    def solve(self, matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
        """``matrix^-1 right`` for a symmetric positive definite matrix; may overwrite the matrix."""
        lower = _fortran(matrix)
        diagonal = lower.diagonal().copy()
        factor, failed = self._potrf(lower, lower=1, clean=0, overwrite_a=1)
        if failed:
            values, vectors = _eigen_of_upper(lower, diagonal)
            values = np.maximum(values, np.finfo(self.dtype).eps * values[-1])
            return vectors @ ((vectors.T @ right) / values[:, None])
        return self._potrs(factor, right, lower=1)[0]


class TorchBackend:
    """The same on torch, on a processor or a GPU."""

    def __init__(self, device: str, dtype: str) -> None:
        import torch

        if torch.device(device).type == "cuda" and not torch.cuda.is_available():
            raise ValueError(f"device is {device!r}, but torch sees no GPU here; choose device='cpu'.")
        self._torch, self._device, self.device = torch, torch.device(device), device
        self._kind = torch.float64 if dtype == "float64" else torch.float32
        self.dtype = np.dtype(dtype)

    def array(self, values: np.ndarray) -> Array:
        """The values in this precision on this device; without a copy where none is needed."""
        owned = np.ascontiguousarray(values, dtype=self.dtype)
        if not owned.flags.writeable:
            owned = owned.copy()
        return self._torch.from_numpy(owned).to(self._device)

    def numpy(self, array: Array) -> np.ndarray:
        """The array in main memory."""
        return array.cpu().numpy()

    def zeros(self, *shape: int) -> Array:
        """An array of zeros."""
        return self._torch.zeros(shape, dtype=self._kind, device=self._device)

    def mean(self, array: Array) -> Array:
        """Mean over rows, added up in double precision."""
        return array.mean(dim=0, dtype=self._torch.float64).to(self._kind)

    def index(self, places: np.ndarray) -> Array:
        """Row or column numbers as the arrays are indexed with."""
        return self._torch.from_numpy(np.ascontiguousarray(places, dtype=np.int64)).to(self._device)

    def take(self, matrix: Array, rows: np.ndarray, columns: np.ndarray) -> Array:
        """Copy of the crossings of rows and columns."""
        return matrix[self.index(rows)[:, None], self.index(columns)]

    def copy(self, array: Array) -> Array:
        """An array of its own."""
        return array.clone()

    def add_products(self, total: Array, rows: Array) -> None:
        """Add ``rows rows'`` to a symmetric matrix in place."""
        total.addmm_(rows, rows.T)

    def mirror(self, total: Array) -> None:
        """Nothing to do: products are added whole."""

    def inverse(self, matrix: Array, least: float) -> Array:
        """Inverse of a symmetric matrix whose eigenvalues are at least ``least``; overwrites it."""
        factor, failed = self._torch.linalg.cholesky_ex(matrix)
        if int(failed) == 0:
            return self._torch.cholesky_inverse(factor)
        values, vectors = self._torch.linalg.eigh(matrix)
        return (vectors / values.clamp(min=least)) @ vectors.T

    def eigen(self, matrix: Array) -> tuple[Array, Array]:
        """Eigenvalues, rising, and vectors of a symmetric matrix."""
        return self._torch.linalg.eigh(matrix)

    def solve(self, matrix: Array, right: Array) -> Array:
        """``matrix^-1 right`` for a symmetric positive definite matrix; may overwrite the matrix."""
        factor, failed = self._torch.linalg.cholesky_ex(matrix)
        if int(failed) == 0:
            return self._torch.cholesky_solve(right, factor)
        values, vectors = self._torch.linalg.eigh(matrix)
        values = values.clamp(min=np.finfo(self.dtype).eps * float(values[-1]))
        return vectors @ ((vectors.T @ right) / values[:, None])


Backend = NumpyBackend | TorchBackend


def _fortran(symmetric: np.ndarray) -> np.ndarray:
    """The same memory as BLAS likes it; a symmetric matrix is its own transpose."""
    return symmetric if symmetric.flags.f_contiguous else symmetric.T


def _eigen_of_upper(matrix: np.ndarray, diagonal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues and vectors of a matrix whose lower triangle a failed Cholesky factorisation has overwritten."""
    np.fill_diagonal(matrix, diagonal)
    return scipy.linalg.eigh(matrix, lower=False, check_finite=False)
