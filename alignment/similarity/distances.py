"""Representational dissimilarity matrices (RDMs): distances between the response patterns of stimuli."""

import math
from typing import Literal, get_args

import numpy as np

from ..correlation import ROUNDING
from .gram import feature_blocks, patterns, refuse_not_finite, upper_gram, upper_vector
from .precision import PrecisionMethod, noise_precision

RdmMethod = Literal["correlation", "euclidean", "mahalanobis", "crossnobis", "poisson", "poisson_cv"]
FROM_TRIALS = ("crossnobis", "poisson_cv")


def rdm(
    values: np.ndarray,
    *,
    method: RdmMethod = "correlation",
    precision: np.ndarray | PrecisionMethod | None = None,
    prior_rate: float = 1.0,
    prior_weight: float = 0.1,
) -> np.ndarray:
    r"""Dissimilarity of the response patterns of every pair of stimuli.

    With patterns x of m neuroids, precision P, repetitions f = 1..R and <.> the mean over f:

    ============ =====================================================================================
    correlation  1 - Pearson r(x_i, x_j) over neuroids
    euclidean    (x_i - x_j)'(x_i - x_j) / m: the square, as usual in RSA
    mahalanobis  (x_i - x_j)' P (x_i - x_j) / m
    crossnobis   < (x_i - x_j)'_without f P (x_i - x_j)_f > / m: unbiased, may be negative
    poisson      (y_i - y_j)'(log y_i - log y_j) / m with rates y = (x + prior) / (1 + prior_weight)
    poisson_cv   < (y_i - y_j)'_without f (log y_i - log y_j)_f > / m
    ============ =====================================================================================

    Parameters
    ----------
    values
        ``(stimulus, neuroid)`` mean responses or features; for ``crossnobis`` and ``poisson_cv``
        ``(repetition, stimulus, neuroid)``, whose noise must be independent between repetitions.
    method
        A row of the table.
    precision
        ``(neuroid, neuroid)`` inverse noise covariance for ``mahalanobis`` and ``crossnobis``, see `noise_precision`;
        None for the identity. For ``crossnobis`` also a method of `noise_precision`: the precision of each fold is then
        estimated from the other repetitions (at least 2) around their means, see Notes.
    prior_rate, prior_weight
        Poisson distances: prior = ``prior_rate * prior_weight``, so that a count of zero has a logarithm.

    Returns
    -------
    numpy.ndarray
        ``(pair,)`` float64: the upper triangle row by row, pairs (0, 1), (0, 2), ..., see `square_rdm`.

    Raises
    ------
    ValueError
        For NaN (but see Notes), a constant pattern or a single neuroid with ``correlation``, a precision that is not
        positive definite or given to a method without one, negative rates, fewer than 2 repetitions.

    Notes
    -----
    Crossnobis with unequal repetitions: a repetition that a stimulus lacks is NaN for all neuroids. The products
    x_i,f' P x_j,g are then averaged over all pairs f != g that exist, which stays unbiased and is the
    leave-one-repetition-out mean where all repetitions exist. Other methods refuse NaN.

    Crossnobis is unbiased for a precision that does not depend on the responses it weighs. One estimated from the residuals of
    the same trials is fitted to their noise and lifts every distance, the more so the fewer residuals there are per
    neuroid; with ``precision="shrinkage_diag"`` no repetition is weighed by a precision that it helped to estimate.

    References
    ----------
    Kriegeskorte et al. 2008, Front Syst Neurosci 2:4 (correlation distance). Walther et al. 2016, NeuroImage 137:188
    (crossnobis). Schuett et al. 2023, eLife 12:e82566 (Poisson: symmetrised Kullback-Leibler divergence).
    """
    if method not in get_args(RdmMethod):
        raise ValueError(f"method {method!r} is unknown; accepted are {', '.join(get_args(RdmMethod))}.")
    if precision is not None and method not in ("mahalanobis", "crossnobis"):
        raise ValueError(f"method {method!r} takes no precision; use 'mahalanobis' or 'crossnobis', or leave it out.")
    if method in FROM_TRIALS:
        trials = _trials(values, method)
        if isinstance(precision, str):
            return _crossnobis_own_precision(trials, precision)
        if method == "crossnobis":
            return _crossnobis(trials, _root(precision, trials.shape[2]))
        return _poisson_cv(_rates(trials, prior_rate, prior_weight))
    array = patterns(values, "values")
    if method == "correlation":
        return _correlation(array)
    if method == "poisson":
        rates = _rates(array, prior_rate, prior_weight)
        return _crossed([(rates, np.log(rates))]) / rates.shape[1]
    if isinstance(precision, str):
        raise ValueError(
            f"precision {precision!r} by name needs repetitions; give a matrix, or use method 'crossnobis'."
        )
    root = _root(precision, array.shape[1])
    if root is not None:
        refuse_not_finite(array, array, "values")
    return _squared(array if root is None else _centred(array) @ root) / array.shape[1]


def square_rdm(vector: np.ndarray) -> np.ndarray:
    """Symmetric ``(..., stimulus, stimulus)`` matrix with zero diagonal of RDM vectors ``(..., pair)``."""
    vector = np.asarray(vector)
    n_stimuli = n_stimuli_of(vector.shape[-1])
    matrix = np.zeros((*vector.shape[:-1], n_stimuli, n_stimuli), dtype=vector.dtype)
    rows, columns = np.triu_indices(n_stimuli, k=1)
    matrix[..., rows, columns] = vector
    matrix[..., columns, rows] = vector
    return matrix


def condense_rdm(matrix: np.ndarray) -> np.ndarray:
    """RDM vectors ``(..., pair)`` of symmetric matrices ``(..., stimulus, stimulus)``; the diagonal is left out.

    Raises
    ------
    ValueError
        If the last two axes are not square, or the matrix is not symmetric.
    """
    matrix = np.asarray(matrix)
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2]:
        raise ValueError(f"an RDM of shape {matrix.shape} is not square; give (..., stimulus, stimulus).")
    mirrored = np.swapaxes(matrix, -1, -2)
    scale = np.abs(matrix[np.isfinite(matrix)]).max(initial=0.0)
    if not np.allclose(matrix, mirrored, rtol=0, atol=1e-6 * scale, equal_nan=True):
        raise ValueError("an RDM has different values above and below its diagonal; make it symmetric first.")
    rows, columns = np.triu_indices(matrix.shape[-1], k=1)
    return matrix[..., rows, columns]


def n_stimuli_of(n_pairs: int) -> int:
    """Number of stimuli n with n (n - 1) / 2 pairs.

    Raises
    ------
    ValueError
        If no number of stimuli has that many pairs.
    """
    n_stimuli = (1 + math.isqrt(1 + 8 * n_pairs)) // 2
    if n_pairs < 1 or n_stimuli * (n_stimuli - 1) // 2 != n_pairs:
        raise ValueError(
            f"an RDM vector has {n_pairs} values, which is n (n - 1) / 2 for no number n of stimuli; give the upper "
            "triangle without its diagonal."
        )
    return n_stimuli


def _trials(values: np.ndarray, method: str) -> np.ndarray:
    trials = np.asarray(values)
    if trials.ndim != 3 or len(trials) < 2 or trials.shape[1] < 2 or trials.shape[2] < 1:
        raise ValueError(
            f"values has shape {trials.shape}; {method!r} needs (repetition, stimulus, neuroid) with at least 2 "
            "repetitions and 2 stimuli."
        )
    return trials


def _root(precision: np.ndarray | None, n_neuroids: int) -> np.ndarray | None:
    """Lower L with L L' = precision, so that distances of ``x L`` are those under the precision."""
    if precision is None:
        return None
    matrix = np.asarray(precision, dtype=float)
    if matrix.shape != (n_neuroids, n_neuroids):
        raise ValueError(
            f"precision has shape {matrix.shape}; with {n_neuroids} neuroids it must be {(n_neuroids,) * 2}."
        )
    if not np.allclose(matrix, matrix.T, rtol=0, atol=1e-8 * np.abs(matrix).max()):
        raise ValueError("precision is not symmetric; give the inverse of a covariance, see noise_precision.")
    try:
        return np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        raise ValueError("precision is not positive definite; use a shrinkage method of noise_precision.") from None


def _centred(array: np.ndarray) -> np.ndarray:
    return array - array.mean(axis=0, dtype=np.float64)


def _distances(gram: np.ndarray) -> np.ndarray:
    """k_ii + k_jj - 2 k_ij of every pair, the gram matrix being spent."""
    lengths = gram.diagonal().copy()
    gram *= -2
    gram += lengths
    gram += lengths[:, None]
    return upper_vector(gram)


def _squared(array: np.ndarray) -> np.ndarray:
    return _distances(upper_gram(array, "values", centre="feature"))


def _correlation(array: np.ndarray) -> np.ndarray:
    if array.shape[1] < 2:
        raise ValueError(
            "values has 1 neuroid; a correlation distance needs at least 2, because a pattern of one value has no "
            "correlation; use method 'euclidean'."
        )
    gram = upper_gram(array, "values", centre="pattern")
    lengths = gram.diagonal().copy()
    scale = np.maximum(array.max(axis=1), -array.min(axis=1)).astype(float)
    constant = np.flatnonzero(lengths <= (ROUNDING * scale) ** 2 * array.shape[1])
    if len(constant):
        raise ValueError(
            f"values of {len(constant)} of {len(array)} stimuli are the same for all neuroids (first row {constant[0]}), so "
            "that they correlate with nothing; remove these stimuli or use method 'euclidean'."
        )
    norm = np.sqrt(lengths)
    gram /= norm
    gram /= norm[:, None]
    vector = upper_vector(gram)
    np.clip(vector, -1, 1, out=vector)
    return np.subtract(1, vector, out=vector)


def _crossnobis(trials: np.ndarray, root: np.ndarray | None) -> np.ndarray:
    missing = np.isnan(trials)
    absent = missing.all(axis=2)
    partly = int((missing.any(axis=2) & ~absent).sum())
    if partly:
        raise ValueError(
            f"{partly} presentations have NaN in some neuroids only; a missing repetition must be NaN for all neuroids; "
            "use the neuroids that were recorded together, or one RDM per recording."
        )
    present = (~absent).astype(float)
    few = int((present.sum(axis=0) < 2).sum())
    if few:
        raise ValueError(
            f"{few} of {trials.shape[1]} stimuli have fewer than 2 repetitions, which 'crossnobis' needs; leave them out."
        )
    # Distances do not change with the origin; near the data's own the differences of squares below stay accurate.
    origin = np.nanmean(trials, axis=(0, 1), dtype=np.float64)
    gram = np.zeros((trials.shape[1],) * 2)
    total = np.zeros(trials.shape[1:])
    for repetition, here in zip(trials, present.astype(bool), strict=True):
        deviations = np.where(here[:, None], repetition - origin, 0.0)
        deviations = deviations if root is None else deviations @ root
        total += deviations
        gram = upper_gram(deviations, "values", centre="none", into=gram, factor=-1.0)
    gram = upper_gram(total, "values", centre="none", into=gram)
    counts = present.sum(axis=0)
    both = present.T @ present
    gram /= counts[:, None] * counts - both
    return _distances(gram) / trials.shape[2]


def _crossnobis_own_precision(trials: np.ndarray, method: PrecisionMethod) -> np.ndarray:
    """Leave-one-repetition-out distances, each fold weighed by the precision of the repetitions it trains on."""
    n_repetitions, n_stimuli, n_neuroids = trials.shape
    if n_repetitions < 3 or not np.isfinite(trials).all():
        raise ValueError(
            f"crossnobis with precision {method!r} needs at least 3 complete repetitions, received {n_repetitions} with "
            f"{int(np.isnan(trials).sum())} NaN; give a precision matrix from other data instead."
        )
    total = np.zeros((n_stimuli, n_stimuli))
    for left_out in range(n_repetitions):
        others = np.delete(trials, left_out, axis=0)
        mean = others.mean(axis=0)
        weighed = _centred(mean) @ noise_precision(others, method=method)
        total += weighed @ _centred(trials[left_out]).T
    total += total.T
    lengths = total.diagonal() / 2
    return upper_vector(lengths + lengths[:, None] - total) / (n_repetitions * n_neuroids)


def _rates(values: np.ndarray, prior_rate: float, prior_weight: float) -> np.ndarray:
    if prior_rate <= 0 or prior_weight <= 0:
        raise ValueError(f"prior_rate {prior_rate} and prior_weight {prior_weight} must be positive.")
    missing = int((~np.isfinite(values)).sum())
    if missing:
        raise ValueError(
            f"values holds {missing} NaN or infinite values; Poisson distances need every repetition of every stimulus; "
            "leave stimuli or repetitions out."
        )
    if values.min() < 0:
        raise ValueError(f"values has a rate of {values.min()}; Poisson distances need rates that are not negative.")
    return (np.asarray(values, dtype=float) + prior_rate * prior_weight) / (1 + prior_weight)


def _poisson_cv(rates: np.ndarray) -> np.ndarray:
    n_repetitions, _, n_neuroids = rates.shape
    total = rates.sum(axis=0)
    crossed = _crossed([((total - test) / (n_repetitions - 1), np.log(test)) for test in rates])
    return crossed / (n_repetitions * n_neuroids)


def _crossed(pairs: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Sum over pairs of (a_i - a_j)'(b_i - b_j) of every two stimuli."""
    n_stimuli = len(pairs[0][0])
    products = np.zeros((n_stimuli, n_stimuli))
    for left, right in pairs:
        for start, stop in feature_blocks(n_stimuli, left.shape[1]):
            products += _centred(left[:, start:stop]) @ right[:, start:stop].T
    # The mean of the left side falls out of every difference; without it fewer digits are lost.
    lengths = products.diagonal().copy()
    products += products.T.copy()
    products *= -1
    products += lengths
    products += lengths[:, None]
    return upper_vector(products)
