"""Shape distances: how far two representations are apart after the best rotation; metrics in the strict sense."""

from typing import Literal, get_args

import numpy as np

from ..correlation import ROUNDING
from .gram import patterns

ShapeForm = Literal["angular", "euclidean"]


def procrustes_distance(x: np.ndarray, y: np.ndarray, *, scale: bool = True) -> float:
    r"""Euclidean distance after the best translation and rotation (and scaling) of one representation.

    d = min over orthogonal Q of \|Xc - Yc Q\|, with columns centred and, if ``scale``, divided by the Frobenius norm; then
    d^2 = 2 - 2 s with s the sum of singular values of Xc'Yc, and 1 - s^2 is the disparity of ``scipy.spatial.procrustes``.

    Parameters
    ----------
    x, y
        ``(stimulus, neuroid)``; the one with fewer neuroids is taken as if filled up with zeros.
    scale
        Compare the shape alone; False also counts a difference in size, in the units of the neuroids.

    Returns
    -------
    float
        From 0 (same shape) to sqrt(2) (orthogonal) if scaled.

    Raises
    ------
    ValueError
        For unequal numbers of stimuli, values that are not finite, or a representation without variance if scaled.

    References
    ----------
    Schoenemann 1966, Psychometrika 31:1. Williams et al. 2021, NeurIPS, arXiv:2110.14739 (metrics from Procrustes alignment).
    """
    first, second = _pair(x, y)
    if scale:
        first, second = first / np.linalg.norm(first), second / np.linalg.norm(second)
    return float(np.linalg.norm(_residual(first, second)))


def shape_distance(x: np.ndarray, y: np.ndarray, *, alpha: float = 1.0, form: ShapeForm = "angular") -> float:
    r"""Distance of two representations up to rotation (alpha 1), any linear map (alpha 0), or between.

    With X centred and scaled so that the non-zero eigenvalues of X'X have mean 1, and Z = X (alpha I + (1 - alpha)
    (X'X)^-1/2) scaled to \|Z\| = 1, Z_y likewise, the best orthogonal Q gives

    - angular: arccos tr(Z_x' Z_y Q), in radians, 0 to pi / 2;
    - euclidean: \|Z_x - Z_y Q\| = sqrt(2 - 2 cos(angular)).

    Both are metrics: symmetric, 0 only for representations that the allowed maps turn into each other, and obeying the
    triangle inequality, so that models can be clustered and embedded by them.

    Parameters
    ----------
    x, y
        ``(stimulus, neuroid)``; the one with fewer neuroids is taken as if filled up with zeros.
    alpha
        From 0 to 1; 0 is the distance of canonical correlation analysis.
    form
        ``angular`` or ``euclidean``.

    Raises
    ------
    ValueError
        As `procrustes_distance`; for ``alpha`` 0 also if a representation has as many dimensions as stimuli allow, because
        then a linear map turns it into any other.

    References
    ----------
    Williams et al. 2021, NeurIPS, arXiv:2110.14739 (partial whitening, angular and Euclidean form).
    """
    if form not in get_args(ShapeForm):
        raise ValueError(f"form {form!r} is unknown; accepted are {', '.join(get_args(ShapeForm))}.")
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha is {alpha}; it must be from 0 (any linear map) to 1 (rotations only).")
    first, second = (_partly_whitened(values, alpha, name) for values, name in zip(_pair(x, y), "xy", strict=True))
    distance = float(np.linalg.norm(_residual(first, second)))
    # From the chord, because the arc cosine loses half of the digits for small angles.
    return distance if form == "euclidean" else float(2 * np.arcsin(min(distance / 2, 1.0)))


def _pair(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    arrays = [patterns(values, name) for values, name in ((x, "x"), (y, "y"))]
    if len(arrays[0]) != len(arrays[1]):
        raise ValueError(
            f"x has {len(arrays[0])} stimuli and y {len(arrays[1])}; both need the same stimuli in one order."
        )
    return _centred(arrays[0], "x"), _centred(arrays[1], "y")


def _centred(values: np.ndarray, name: str) -> np.ndarray:
    """Centred columns, rotated into at most as many as there are stimuli."""
    array = np.array(values, dtype=np.float64)
    bad = int((~np.isfinite(array)).sum())
    if bad:
        raise ValueError(f"{name} holds {bad} NaN or infinite values; remove these stimuli or neuroids first.")
    scale = np.abs(array).max()
    array -= array.mean(axis=0)
    if np.linalg.norm(array) <= ROUNDING * scale * np.sqrt(array.size):
        raise ValueError(f"{name} has the same pattern for all stimuli, so that it has no shape; leave this layer out.")
    if array.shape[1] > array.shape[0]:
        array = np.asarray(np.linalg.qr(array.T, mode="r")).T
    return array


def _partly_whitened(array: np.ndarray, alpha: float, name: str) -> np.ndarray:
    if alpha < 1:
        left, values, _ = np.linalg.svd(array, full_matrices=False)
        kept = values > values[0] * max(array.shape) * np.finfo(float).eps
        if alpha == 0 and kept.sum() >= len(array) - 1:
            raise ValueError(
                f"{name} has {kept.sum()} dimensions for {len(array)} stimuli, so that a linear map turns it into any other "
                "representation; use alpha above 0 or more stimuli."
            )
        values = values[kept] / np.sqrt((values[kept] ** 2).mean())
        array = left[:, kept] * (alpha * values + (1 - alpha))
    return array / np.linalg.norm(array)


def _residual(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The wider array minus the narrower one, filled up with zeros and turned as closely as can be."""
    wide, narrow = (first, second) if first.shape[1] >= second.shape[1] else (second, first)
    left, _, right = np.linalg.svd(narrow.T @ wide, full_matrices=False)
    return wide - narrow @ left @ right
