"""From a raw correlation and a ceiling to a normalised score: Brain-Score's formulas by name, signed and not clipped.

A ceiling here is a reliability c, the Spearman-Brown value of `internal_consistency`, unless a docstring says otherwise.
A noiseless model reaches r = sqrt(c) at most, so r^2 / c has the bound 1 and r / c may exceed it.
"""

import numpy as np
import numpy.typing as npt


def explained_variance(r: npt.ArrayLike, ceiling: npt.ArrayLike, *, signed: bool = True) -> np.ndarray:
    """Share of the explainable variance that is explained, sign(r) r^2 / c.

    Brain-Score vision computes it from the aggregated r and c (median over neuroids, mean over splits) since December
    2025, without the sign: a model that predicts the opposite of the response is then rewarded.

    Parameters
    ----------
    r
        Correlation of prediction and response.
    ceiling
        Reliability c of the response, in the shape of ``r`` or one number.
    signed
        Keep the sign of r; False is Brain-Score's number.

    Returns
    -------
    numpy.ndarray
        NaN where the ceiling is not positive; may exceed 1.
    """
    r = np.asarray(r, dtype=float)
    return _sign(r, signed) * r**2 / _positive(ceiling)


def explained_variance_legacy(r: npt.ArrayLike, ceiling: npt.ArrayLike, *, signed: bool = True) -> np.ndarray:
    """Brain-Score's formula before December 2025, sign(r) (r / c)^2, for comparison with scores of that time.

    It divides by the reliability twice, so a noiseless model scores 1 / c.

    Parameters
    ----------
    r, ceiling, signed
        See `explained_variance`.
    """
    r = np.asarray(r, dtype=float)
    return _sign(r, signed) * (r / _positive(ceiling)) ** 2


def explained_variance_per_neuroid(
    r: npt.ArrayLike, ceiling: npt.ArrayLike, *, signed: bool = True
) -> tuple[float, np.ndarray]:
    """Mean over neuroids of sign(r_u) r_u^2 / c_u, and its values; Brain-Score's ``neuroid_wise_explained_var``.

    Parameters
    ----------
    r
        ``(neuroid,)`` or ``(split, neuroid)``, averaged over splits first.
    ceiling
        ``(neuroid,)`` or ``(halving, neuroid)`` reliabilities, averaged over halvings first.
    signed
        Keep the sign of r_u; False is Brain-Score's number.

    Returns
    -------
    tuple
        Mean over the neuroids with a positive ceiling, and ``(neuroid,)`` values with NaN for the others.
    """
    per_unit = [np.atleast_2d(np.asarray(one, dtype=float)).mean(axis=0) for one in (r, ceiling)]
    if per_unit[0].shape != per_unit[1].shape:
        raise ValueError(f"r and ceiling must have the same neuroids, received {np.shape(r)} and {np.shape(ceiling)}.")
    values = explained_variance(*per_unit, signed=signed)
    defined = np.isfinite(values)
    return float(values[defined].mean()) if defined.any() else float("nan"), values


def ceiled_correlation(r: npt.ArrayLike, ceiling: npt.ArrayLike) -> np.ndarray:
    """Correlation divided by a ceiling that is itself a correlation, r / c.

    Parameters
    ----------
    r
        Correlation of prediction and response.
    ceiling
        Largest correlation, such as the values of `SplitHalfCeiling` (the root of a reliability), in the shape of ``r``
        or one number. Brain-Score's RSA benchmarks divide by a ceiling of RDM correlations in this way.

    Returns
    -------
    numpy.ndarray
        Signed, NaN where the ceiling is not positive; may exceed 1.
    """
    return np.asarray(r, dtype=float) / _positive(ceiling)


def _positive(ceiling: npt.ArrayLike) -> np.ndarray:
    c = np.asarray(ceiling, dtype=float)
    return np.where(c > 0, c, np.nan)


def _sign(r: np.ndarray, signed: bool) -> np.ndarray:
    return np.sign(r) if signed else np.ones_like(r)
