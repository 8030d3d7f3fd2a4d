"""Inner products between stimuli, summed over blocks of features so that no centred copy of the features is made."""

from typing import Literal

import numpy as np

# Values of one block of features: 32 MB as float64.
BLOCK_VALUES = 4_000_000
Centring = Literal["feature", "pattern", "none"]


def patterns(values: np.ndarray, name: str, least: int = 2) -> np.ndarray:
    """The array as given, after a check that it is ``(stimulus, neuroid)`` with enough stimuli.

    Raises
    ------
    ValueError
        If it has another number of axes, no neuroid, or fewer than ``least`` stimuli.
    """
    array = np.asarray(values)
    if array.ndim != 2 or array.shape[1] < 1 or len(array) < least:
        raise ValueError(
            f"{name} has shape {array.shape}; accepted is (stimulus, neuroid) with at least {least} stimuli and one "
            "neuroid; average repetitions and time bins first."
        )
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == bool) or np.issubdtype(
        array.dtype, np.complexfloating
    ):
        raise ValueError(f"{name} has values of type {array.dtype}; real numbers are accepted; convert it first.")
    return array


def refuse_not_finite(block: np.ndarray, values: np.ndarray, name: str) -> None:
    """Raise ValueError, with the number of stimuli concerned, if a block of the values is not finite."""
    if not np.isfinite(block).all():
        bad = int((~np.isfinite(values).all(axis=1)).sum())
        raise ValueError(
            f"{name} holds NaN or infinite values in {bad} of {len(values)} stimuli; finite values are accepted; remove "
            "these stimuli or neuroids first."
        )


def upper_gram(
    values: np.ndarray, name: str, *, centre: Centring, into: np.ndarray | None = None, factor: float = 1.0
) -> np.ndarray:
    """Upper triangle with diagonal of ``factor * C C'``, C the centred values; zeros (or ``into``) below.

    Parameters
    ----------
    values
        ``(stimulus, neuroid)``; read block by block, so that a memory map is never held whole.
    name
        What error messages call the values.
    centre
        ``feature`` subtracts each neuroid's mean over stimuli, ``pattern`` each stimulus's mean over neuroids.
    into
        ``(stimulus, stimulus)`` C-ordered float64 array that the products are added to.
    factor
        Multiplies the products.

    Returns
    -------
    numpy.ndarray
        ``(stimulus, stimulus)`` float64, summed in float64 whatever the type of the values.

    Raises
    ------
    ValueError
        If a value is not finite.
    """
    from scipy.linalg.blas import dsyrk

    n_stimuli, n_features = values.shape
    total = np.zeros((n_stimuli, n_stimuli)) if into is None else into
    pattern_mean = None
    if centre == "pattern":
        with np.errstate(invalid="ignore"):
            pattern_mean = values.mean(axis=1, dtype=np.float64)[:, None]
    for start, stop in feature_blocks(n_stimuli, n_features):
        block = np.array(values[:, start:stop], dtype=np.float64, order="C")
        refuse_not_finite(block, values, name)
        if centre == "feature":
            block -= block.mean(axis=0)
        elif pattern_mean is not None:
            block -= pattern_mean
        # BLAS counts in columns: its lower triangle of the transposed array is the upper one here.
        total = dsyrk(factor, block.T, beta=1.0, c=total.T, trans=1, lower=1, overwrite_c=1).T
    return total


def feature_blocks(n_stimuli: int, n_features: int) -> list[tuple[int, int]]:
    """First and last column (exclusive) of each block of features."""
    width = max(64, BLOCK_VALUES // max(n_stimuli, 1))
    return [(start, min(start + width, n_features)) for start in range(0, n_features, width)]


def upper_vector(matrix: np.ndarray) -> np.ndarray:
    """Upper triangle without diagonal, row by row, as one vector."""
    n_stimuli = len(matrix)
    vector = np.empty(n_stimuli * (n_stimuli - 1) // 2, dtype=matrix.dtype)
    at = 0
    for row in range(n_stimuli - 1):
        width = n_stimuli - 1 - row
        vector[at : at + width] = matrix[row, row + 1 :]
        at += width
    return vector
