"""Inverse noise covariance of neuroids, with shrinkage, for Mahalanobis and crossnobis distances."""

from typing import Literal, get_args

import numpy as np

PrecisionMethod = Literal["shrinkage_diag", "shrinkage_eye", "diag", "full"]


def noise_precision(
    residuals: np.ndarray, *, method: PrecisionMethod = "shrinkage_diag", dof: float | None = None
) -> np.ndarray:
    r"""Inverse of the noise covariance between neuroids.

    With n residuals z (mean removed), S = sum z z' / dof, and T = diag(S) or mean(diag(S)) I:

    ============== ==========================================================================================
    shrinkage_diag (1 - l) S + l diag(S); l = sum Var(r_jk) / sum r_jk^2 over j != k, r the correlations
    shrinkage_eye  (1 - l) S + l T, T = mean(diag(S)) I; l = sum Var(s_jk) / sum (S - T)_jk^2
    diag           diag(S)
    full           S
    ============== ==========================================================================================

    Parameters
    ----------
    residuals
        ``(observation, neuroid)`` residuals, or trials ``(repetition, stimulus, neuroid)``, from which each stimulus's
        mean is removed here; a missing repetition is NaN for all neuroids.
    method
        A row of the table.
    dof
        Degrees of freedom; by default observations - 1, and for trials observations - stimuli.

    Returns
    -------
    numpy.ndarray
        ``(neuroid, neuroid)``.

    Raises
    ------
    ValueError
        For NaN in residuals, a neuroid without noise, or a covariance that has no inverse.

    References
    ----------
    Schaefer & Strimmer 2005, Stat Appl Genet Mol Biol 4:32 (to the diagonal). Ledoit & Wolf 2004, J Multivar Anal
    88:365 (to the identity).
    """
    if method not in get_args(PrecisionMethod):
        raise ValueError(f"method {method!r} is unknown; accepted are {', '.join(get_args(PrecisionMethod))}.")
    values, freedom = _residuals(np.asarray(residuals, dtype=float))
    freedom = freedom if dof is None else float(dof)
    if freedom <= 0:
        raise ValueError(f"dof is {freedom}; it must be positive, so give more observations than stimuli.")
    variances = np.einsum("ij,ij->j", values, values) / freedom
    silent = int((variances <= 0).sum())
    if silent:
        raise ValueError(
            f"{silent} of {len(variances)} neuroids never vary, so that they have no noise; leave them out."
        )
    if method == "diag":
        return np.diag(1 / variances)
    covariance = values.T @ values / freedom
    if method == "shrinkage_diag":
        covariance = _towards_diagonal(values, covariance, freedom)
    elif method == "shrinkage_eye":
        covariance = _towards_identity(values, covariance, freedom)
    return _inverse(covariance, len(values), method)


def _residuals(array: np.ndarray) -> tuple[np.ndarray, float]:
    if array.ndim == 3:
        missing = np.isnan(array)
        absent = missing.all(axis=2)
        if (missing.any(axis=2) & ~absent).any():
            raise ValueError(
                "residuals has presentations with NaN in some neuroids only; use neuroids recorded together."
            )
        counts = (~absent).sum(axis=0)
        filled = np.where(missing, 0.0, array)
        means = filled.sum(axis=0) / np.maximum(counts, 1)[:, None]
        return (array - means)[~absent], float(counts.sum() - (counts > 0).sum())
    if array.ndim != 2 or len(array) < 2:
        raise ValueError(
            f"residuals has shape {array.shape}; accepted are (observation, neuroid) with at least 2 observations and "
            "(repetition, stimulus, neuroid)."
        )
    if not np.isfinite(array).all():
        raise ValueError(
            f"residuals holds {int((~np.isfinite(array)).sum())} NaN or infinite values; leave those observations out."
        )
    return array - array.mean(axis=0), float(len(array) - 1)


def _towards_diagonal(values: np.ndarray, covariance: np.ndarray, dof: float) -> np.ndarray:
    n_observations = len(values)
    std = np.sqrt(covariance.diagonal())
    standard = values / std
    mean = standard.T @ standard / (n_observations - 1)
    standard **= 2
    mean_square = standard.T @ standard / (n_observations - 1)
    variance = n_observations / dof**2 * (mean_square - mean**2)
    np.fill_diagonal(variance, 0)
    np.fill_diagonal(mean, 0)
    spread = (mean**2).sum()
    share = min(max(variance.sum() / spread, 0.0), 1.0) if spread > 0 else 1.0
    shrunk = (1 - share) * covariance
    np.fill_diagonal(shrunk, covariance.diagonal())
    return shrunk


def _towards_identity(values: np.ndarray, covariance: np.ndarray, dof: float) -> np.ndarray:
    n_observations = len(values)
    sample = covariance * (dof / n_observations)
    fourth = ((values**2).sum(axis=1) ** 2).sum() / n_observations
    error = (fourth - (sample**2).sum()) / n_observations
    target = np.eye(len(sample)) * sample.diagonal().mean()
    distance = ((sample - target) ** 2).sum()
    share = min(error / distance, 1.0) if distance > 0 else 1.0
    return (share * target + (1 - share) * sample) * (n_observations / dof)


def _inverse(covariance: np.ndarray, n_observations: int, method: str) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    if values[0] <= len(values) * np.finfo(float).eps * values[-1]:
        raise ValueError(
            f"the noise covariance of {len(values)} neuroids from {n_observations} observations has no inverse with method "
            f"{method!r}; use 'shrinkage_diag'."
        )
    return (vectors / values) @ vectors.T
