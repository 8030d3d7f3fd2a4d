"""How similar two RDMs are: correlations, rank agreement, and forms whitened by the covariance of the distances."""

from typing import Literal, get_args

import numpy as np

from .distances import n_stimuli_of, square_rdm
from .ranking import RankOrder, kendall

ComparisonMethod = Literal[
    "spearman", "pearson", "cosine", "cosine_cov", "corr_cov", "rho-a", "tau-a", "kendall", "bures"
]
WEIGHTED = ("spearman", "pearson", "cosine", "rho-a")
# A spread below this share of the values' magnitude is rounding: the RDM is constant.
FLAT = 1e-12


def compare_rdms(
    first: np.ndarray,
    second: np.ndarray,
    *,
    method: ComparisonMethod = "spearman",
    sigma_k: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    r"""Similarity of RDMs, 1 for equal ones.

    With distances a, b of N pairs, their midranks R(a), R(b), and V the covariance of the distances:

    ========== ============================================================================================
    spearman   Pearson r of R(a), R(b)
    pearson    Pearson r of a, b
    cosine     a'b / (|a| |b|)
    cosine_cov a' V^-1 b / sqrt(a' V^-1 a  b' V^-1 b)
    corr_cov   the same after subtracting the mean of a and of b
    rho-a      12 (R(a) - mean)'(R(b) - mean) / (N^3 - N): expected Spearman r when ties are broken at random
    tau-a      (concordant - discordant) / (N (N - 1) / 2)
    kendall    tau-b: the same, divided by the pairs that are not tied in a and in b
    bures      tr((A^1/2 B A^1/2)^1/2) / sqrt(tr A tr B), A and B the centred -a/2 and -b/2 as matrices
    ========== ============================================================================================

    All lie between -1 and 1, except that bures may exceed 1 for distances with a negative part (crossnobis).

    Whitening takes V = (C S C')^2 elementwise, with C the contrasts of the pairs and S = ``sigma_k``, without forming
    it: a' V^-1 b = tr(A W B W), W = S^-1 - S^-1 1 1' S^-1 / (1' S^-1 1). For S = I, ``cosine_cov`` is biased linear CKA.
    For model RDMs with ties (categories) use rho-a or tau-a: spearman and kendall favour models with many ties.

    Parameters
    ----------
    first, second
        ``(pair,)`` or ``(rdm, pair)``; the second is what is to be explained.
    method
        A row of the table.
    sigma_k
        ``(stimulus, stimulus)`` covariance of the patterns' noise, or its diagonal ``(stimulus,)``; None for equal and
        independent noise. Whitened methods only.
    weights
        ``(pair,)``, not negative: how often each pair counts; for spearman, pearson, cosine and rho-a.

    Returns
    -------
    numpy.ndarray
        ``(rdm of first, rdm of second)``, without the axis of an argument that is one vector. A constant (cosine: zero)
        first RDM explains nothing and gives 0; a constant second one gives NaN.

    Raises
    ------
    ValueError
        For unequal numbers of pairs, NaN, an argument that the method does not take, or a singular ``sigma_k``.

    References
    ----------
    Nili et al. 2014, PLoS Comput Biol 10:e1003553 (tau-a). Schuett et al. 2023, eLife 12:e82566 (rho-a). Diedrichsen et al.
    2021, arXiv:2007.02789 (whitened forms). Bures 1969; Harvey et al. 2024, arXiv:2311.11436 (bures).
    """
    if method not in get_args(ComparisonMethod):
        raise ValueError(f"method {method!r} is unknown; accepted are {', '.join(get_args(ComparisonMethod))}.")
    a, b = checked_stack(first, "first"), checked_stack(second, "second")
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            f"first has {a.shape[1]} pairs and second {b.shape[1]}; both need the same stimuli in one order."
        )
    if sigma_k is not None and method not in ("cosine_cov", "corr_cov"):
        raise ValueError(f"method {method!r} takes no sigma_k; use 'cosine_cov' or 'corr_cov', or leave it out.")
    if weights is not None and method not in WEIGHTED:
        raise ValueError(f"method {method!r} takes no weights; accepted are {', '.join(WEIGHTED)}.")
    if method in ("tau-a", "kendall"):
        values = np.array([[_tau(x, y, method) for y in b] for x in a])
    elif method == "bures":
        values = _bures(a, b)
    elif method in ("cosine_cov", "corr_cov"):
        values = _whitened(a, b, method == "corr_cov", sigma_k)
    else:
        values = _moments(a, b, method, None if weights is None else _pair_weights(weights, a.shape[1]))
    return values.reshape(np.shape(first)[:-1] + np.shape(second)[:-1])


def checked_stack(vectors: np.ndarray, name: str) -> np.ndarray:
    """RDM vectors as float64 ``(rdm, pair)``, finite."""
    stack = np.asarray(vectors, dtype=np.float64)
    if stack.ndim not in (1, 2) or stack.size == 0:
        raise ValueError(f"{name} has shape {stack.shape}; accepted are (pair,) and (rdm, pair), see condense_rdm.")
    missing = int((~np.isfinite(stack)).sum())
    if missing:
        raise ValueError(
            f"{name} holds {missing} NaN or infinite distances of {stack.size}; leave the stimuli concerned out of every RDM."
        )
    n_stimuli_of(stack.shape[-1])
    return np.atleast_2d(stack)


def ratio(products: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """``products / (first * second)``, the lengths being 0 for constant RDMs: 0 for the first, NaN for the second."""
    with np.errstate(invalid="ignore", divide="ignore"):
        values = products / (first * second)
    return np.where(second <= 0, np.nan, np.where(first <= 0, 0.0, values))


def length(squares: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Square root of sums of squares; 0 where they are rounding beside ``scale``, a sum of squares too."""
    return np.where(squares <= FLAT**2 * scale, 0.0, np.sqrt(np.maximum(squares, 0)))


def _pair_weights(weights: np.ndarray, n_pairs: int) -> np.ndarray:
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != (n_pairs,) or not np.isfinite(w).all() or (w < 0).any() or w.sum() <= 0:
        raise ValueError(
            f"weights has shape {w.shape}; accepted are {n_pairs} finite values, not negative, not all zero."
        )
    return w


def _moments(a: np.ndarray, b: np.ndarray, method: str, weights: np.ndarray | None) -> np.ndarray:
    if method in ("spearman", "rho-a"):
        a, b = (np.stack([RankOrder(vector).ranks(weights) for vector in stack]) for stack in (a, b))
    return correlate(a, b, np.ones(a.shape[1]) if weights is None else weights, method)


def correlate(a: np.ndarray, b: np.ndarray, weights: np.ndarray, method: str) -> np.ndarray:
    """Weighted cosine, Pearson r (also of ranks, for spearman) or, of ranks, rho-a: ``(rdm of a, rdm of b)``."""
    scale_a, scale_b = (a * a) @ weights, (b * b) @ weights
    total = weights.sum()
    if method != "cosine":
        a, b = a - (a @ weights / total)[:, None], b - (b @ weights / total)[:, None]
    products = (a * weights) @ b.T
    length_a, length_b = length((a * a) @ weights, scale_a)[:, None], length((b * b) @ weights, scale_b)
    if method == "rho-a":
        # The variance of untied ranks stands in for both lengths.
        whole = np.sqrt((total**3 - total) / 12)
        length_a, length_b = np.where(length_a > 0, whole, 0), np.where(length_b > 0, whole, 0)
    return ratio(products, length_a, length_b)


def _tau(x: np.ndarray, y: np.ndarray, method: str) -> float:
    if np.ptp(y) == 0:
        return float("nan")
    return 0.0 if np.ptp(x) == 0 else kendall(x, y, ties=method == "kendall")


def _whitened(a: np.ndarray, b: np.ndarray, subtract_mean: bool, sigma_k: np.ndarray | None) -> np.ndarray:
    scale_a, scale_b = (a * a).sum(axis=1), (b * b).sum(axis=1)
    if subtract_mean:
        a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    root = whitening_root(n_stimuli_of(a.shape[1]), sigma_k)
    flat_a, flat_b = (length((x * x).sum(axis=1), s) == 0 for x, s in ((a, scale_a), (b, scale_b)))
    a, b = (np.stack([whiten_rdm(vector, root).ravel() for vector in stack]) for stack in (a, b))
    lengths_a, lengths_b = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    return ratio(a @ b.T, np.where(flat_a, 0, lengths_a)[:, None], np.where(flat_b, 0, lengths_b))


def whitening_root(n_stimuli: int, sigma_k: np.ndarray | None) -> np.ndarray | None:
    """Symmetric root of W, ``(stimulus, stimulus)``; None stands for the centring matrix."""
    if sigma_k is None:
        return None
    sigma = np.asarray(sigma_k, dtype=float)
    if sigma.shape not in ((n_stimuli,), (n_stimuli, n_stimuli)):
        raise ValueError(
            f"sigma_k has shape {sigma.shape}; with {n_stimuli} stimuli it must be one value or row for each."
        )
    sigma = np.diag(sigma) if sigma.ndim == 1 else sigma
    # Only differences of patterns enter a distance: the covariance of their differences from the mean is what counts.
    values, vectors = np.linalg.eigh(_double_centred(sigma))
    # One eigenvalue, that of the constant pattern, is zero by centring.
    kept = np.argsort(np.abs(values))[1:]
    if values[kept].min() <= n_stimuli * np.finfo(float).eps * values.max():
        raise ValueError("sigma_k is not positive definite on differences of stimuli; give a covariance of full rank.")
    return (vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T


def whiten_rdm(vector: np.ndarray, root: np.ndarray | None) -> np.ndarray:
    """``(stimulus, stimulus)`` matrix whose sum of products with another such is a' V^-1 b."""
    matrix = square_rdm(vector) / -2
    return _double_centred(matrix) if root is None else root @ matrix @ root


def _double_centred(matrix: np.ndarray) -> np.ndarray:
    means = matrix.mean(axis=0)
    return matrix - means - means[:, None] + means.mean()


def _bures(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    kernels_a = [whiten_rdm(vector, None) for vector in a]
    kernels_b = [whiten_rdm(vector, None) for vector in b]
    roots = [_psd_root(kernel) for kernel in kernels_a]
    traces = np.array([[_root_trace(root @ kernel @ root) for kernel in kernels_b] for root in roots])
    lengths_a, lengths_b = (
        np.sqrt(np.maximum([kernel.trace() for kernel in kernels], 0)) for kernels in (kernels_a, kernels_b)
    )
    return ratio(traces, lengths_a[:, None], lengths_b)


def _psd_root(matrix: np.ndarray) -> np.ndarray:
    """Root of the positive part; crossnobis distances may have a negative part, which no pattern can produce."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def _root_trace(matrix: np.ndarray) -> float:
    return float(np.sqrt(np.maximum(np.linalg.eigvalsh(matrix), 0)).sum())
