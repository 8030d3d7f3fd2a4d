"""Similarities on resampled stimuli: the draws from which intervals of RSA and CKA are made."""

import numpy as np

from .comparisons import ComparisonMethod, checked_stack, correlate, length, ratio
from .distances import n_stimuli_of, square_rdm
from .gram import patterns
from .kernel_alignment import KernelName
from .ranking import RankOrder, kendall
from .stimulus_kernels import centred_kernel

LEAST_DISTINCT = 4


def bootstrap_rdm_comparison(
    first: np.ndarray, second: np.ndarray, counts: np.ndarray, *, method: ComparisonMethod = "spearman"
) -> np.ndarray:
    r"""Similarity of RDMs in bootstrap samples of the stimuli.

    A sample that holds stimulus i c_i times has c_i c_j copies of the distance of i and j. Pairs of two copies of one
    stimulus are left out: their distance is 0 in every RDM, and including them would raise every similarity.

    Parameters
    ----------
    first, second
        ``(pair,)`` or ``(rdm, pair)``.
    counts
        ``(draw, stimulus)`` how often each stimulus is in each sample, such as `bootstrap_weights` gives.
    method
        As in `compare_rdms`, but for ``bures``; whitened methods take equal and independent noise of the patterns,
        copies counting as patterns of their own.

    Returns
    -------
    numpy.ndarray
        ``(draw, rdm of first, rdm of second)``, without the axis of an argument that is one vector; NaN for a draw with
        fewer than 4 different stimuli.

    Raises
    ------
    ValueError
        As `compare_rdms`, and for counts that are not whole numbers, one for each stimulus.

    References
    ----------
    Schuett et al. 2023, eLife 12:e82566 (bootstrap over stimuli without pairs of copies). Diedrichsen et al. 2021,
    arXiv:2007.02789 (whitening); with S = I the covariance V of the distances left is 2 I plus one for each shared
    stimulus, so that x = V^-1 d is x_ij = (d_ij - r_i - r_j) / 2 with (2 + n - 2 c_i) r_i + sum_j c_j r_j = sum_j c_j d_ij.
    """
    a, b = checked_stack(first, "first"), checked_stack(second, "second")
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            f"first has {a.shape[1]} pairs and second {b.shape[1]}; both need the same stimuli in one order."
        )
    draws, usable = _checked_counts(counts, n_stimuli_of(a.shape[1]))
    if method in ("pearson", "cosine", "cosine_cov", "corr_cov"):
        values = np.stack([np.stack([_quadratic(x, y, draws, method) for y in b], axis=-1) for x in a], axis=1)
    elif method in ("spearman", "rho-a"):
        values = _ranked_draws(a, b, draws, method)
    elif method in ("tau-a", "kendall"):
        values = _tau_draws(a, b, draws, method)
    else:
        raise ValueError(f"method {method!r} has no bootstrap over stimuli; use spearman, rho-a or a whitened method.")
    values = np.where(usable[:, None, None], values, np.nan)
    return values.reshape(len(draws), *np.shape(first)[:-1], *np.shape(second)[:-1])


def bootstrap_cka(
    x: np.ndarray,
    y: np.ndarray,
    counts: np.ndarray,
    *,
    kernel: KernelName = "linear",
    bandwidth: float | None = None,
) -> np.ndarray:
    r"""Debiased CKA in bootstrap samples of the stimuli.

    HSIC is a mean over pairs, triples and quadruples of stimuli. In a sample with c_i copies of stimulus i they are
    weighted by the product of their counts, and only those of different stimuli are taken:

    HSIC = <k_ij l_ij> - 2 <k_ij l_ik> + <k_ij l_kl>, with <.> the weighted means over different i, j (, k (, l)) and the
    kernels centred once as in `centred_kernel`, so that the origin of the patterns does not matter.

    With every count 1 this is `cka`. Copies of a stimulus taken for different stimuli would bring back the bias that
    the debiased form removes, which is why there is no such bootstrap of the biased form.

    Parameters
    ----------
    x, y
        ``(stimulus, neuroid)``, or kernels.
    counts
        ``(draw, stimulus)`` how often each stimulus is in each sample, such as `bootstrap_weights` gives.
    kernel, bandwidth
        As in `cka`; the median distance is that of all stimuli.

    Returns
    -------
    numpy.ndarray
        ``(draw,)``; NaN for a draw with fewer than 4 different stimuli or an HSIC(K, K) or HSIC(L, L) that is not
        positive, and where ``y`` does not vary. A draw may exceed 1.
    """
    first, second = patterns(x, "x", LEAST_DISTINCT), patterns(y, "y", LEAST_DISTINCT)
    if len(first) != len(second):
        raise ValueError(f"x has {len(first)} stimuli and y {len(second)}; both need the same stimuli in one order.")
    draws, usable = _checked_counts(counts, len(first))
    k, m = (centred_kernel(v, kernel=kernel, bandwidth=bandwidth).values for v in (first, second))
    cross, own_k, own_m = _hsic_draws(k, m, draws), _hsic_draws(k, k, draws), _hsic_draws(m, m, draws)
    with np.errstate(invalid="ignore", divide="ignore"):
        # An unbiased HSIC of a kernel with itself may turn out negative in a draw, which then has no CKA.
        values = np.where((own_k > 0) & (own_m > 0), cross / np.sqrt(own_k * own_m), np.nan)
    if not k.any() and m.any():
        values = np.zeros(len(draws))
    return np.where(usable, values, np.nan)


def corrected_draws(draws: np.ndarray, value: np.ndarray | float, leave_one_out: np.ndarray) -> np.ndarray:
    r"""Bootstrap draws of a similarity, drawn in to the spread that it has over samples of stimuli.

    A similarity is a mean over pairs of stimuli, with variance A + Q: A of order 1/n from single stimuli, Q of order
    1/n^2 from pairs. The variance of the draws, B, tends to A + 3 Q and that of the jackknife, J, to A + 2 Q, so that
    intervals are too wide where similarity is weak. The draws' distance from ``value`` is multiplied by
    sqrt((2 J - B) / B), which lies between sqrt(1/3) (no A) and 1 (no Q); J / B is held between 2/3 and 1. Where there is
    no relation at all, the interval stays somewhat too wide.

    Parameters
    ----------
    draws
        ``(draw, ...)`` from `bootstrap_rdm_comparison` or `bootstrap_cka`, or a difference of two models' draws.
    value
        ``(...)`` on all stimuli.
    leave_one_out
        ``(left out, ...)`` the same similarity without each stimulus (or group, if groups were drawn): the counts
        ``1 - numpy.eye(n_stimuli)``.

    Returns
    -------
    numpy.ndarray
        ``(draw, ...)``; a draw that is NaN stays so.

    References
    ----------
    Efron & Stein 1981, Ann Stat 9:586 (the jackknife counts Q twice). Schuett et al. 2023, eLife 12:e82566 (the same kind
    of correction for the bootstrap over stimuli and subjects).
    """
    draws, left = np.asarray(draws, dtype=float), np.asarray(leave_one_out, dtype=float)
    if len(left) < LEAST_DISTINCT or draws.shape[1:] != left.shape[1:]:
        raise ValueError(
            f"draws {draws.shape} and leave_one_out {left.shape} must have equal axes after the first, and at least "
            f"{LEAST_DISTINCT} values must be left out in turn."
        )
    spread = _variance(draws)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(spread > 0, np.clip((len(left) - 1) * _variance(left) / spread, 2 / 3, 1), 1.0)
    return value + np.sqrt(2 * share - 1) * (draws - value)


def _variance(values: np.ndarray) -> np.ndarray:
    """Variance over the first axis of the values that are not NaN; 0 where there is none."""
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0).sum(axis=0) / count
    return (np.where(known, values - mean, 0) ** 2).sum(axis=0) / count


def _checked_counts(counts: np.ndarray, n_stimuli: int) -> tuple[np.ndarray, np.ndarray]:
    draws = np.asarray(counts, dtype=np.float64)
    if draws.ndim != 2 or draws.shape[1] != n_stimuli or not (draws >= 0).all() or (draws != np.rint(draws)).any():
        raise ValueError(
            f"counts has shape {draws.shape}; accepted are whole numbers (draw, stimulus), not negative, for {n_stimuli} "
            "stimuli, see bootstrap_weights."
        )
    return draws, (draws > 0).sum(axis=1) >= LEAST_DISTINCT


def _form(draws: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """``(draw,)`` sum over i, j of c_i c_j m_ij."""
    return np.einsum("ij,ij->i", draws @ matrix, draws)


def _quadratic(x: np.ndarray, y: np.ndarray, draws: np.ndarray, method: str) -> np.ndarray:
    centred = method in ("pearson", "corr_cov")
    if centred:
        # The mean of all pairs falls out; without it fewer digits are lost.
        scale_x, scale_y = (x * x).mean(), (y * y).mean()
        x, y = x - x.mean(), y - y.mean()
    else:
        scale_x, scale_y = (x * x).mean(), (y * y).mean()
    one, other = square_rdm(x), square_rdm(y)
    size = draws.sum(axis=1)
    n_pairs = size**2 - (draws**2).sum(axis=1)
    sums = np.stack([_form(draws, one), _form(draws, other)])
    products = [_form(draws, left * right) for left, right in ((one, other), (one, one), (other, other))]
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / n_pairs if centred else np.zeros_like(sums)
        shifts = (means[0] * means[1], means[0] ** 2, means[1] ** 2)
        values = [product - n_pairs * shift for product, shift in zip(products, shifts, strict=True)]
        flat = [length(v, n_pairs * s) == 0 for v, s in zip(values[1:], (scale_x, scale_y), strict=True)]
        if method.endswith("_cov"):
            free = size[:, None] - draws
            rows = [draws @ m - mean[:, None] * free for m, mean in zip((one, other), means, strict=True)]
            solved = [_row_solution(row, draws) for row in rows]
            pairs = ((0, 1), (0, 0), (1, 1))
            values = [
                v - 2 * (draws * rows[i] * solved[j]).sum(axis=1) for v, (i, j) in zip(values, pairs, strict=True)
            ]
        lengths = [np.where(f, 0.0, np.sqrt(np.maximum(v, 0))) for f, v in zip(flat, values[1:], strict=True)]
        return ratio(values[0], lengths[0], lengths[1])


def _row_solution(rows: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Solution r of the whitening equations, ``(draw, stimulus)``, for the weighted row sums of the distances."""
    weight = 2 + draws.sum(axis=1, keepdims=True) - 2 * draws
    total = (draws * rows / weight).sum(axis=1, keepdims=True) / (1 + (draws / weight).sum(axis=1, keepdims=True))
    return (rows - total) / weight


def _pair_counts(draw: np.ndarray, pairs: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return draw[pairs[0]] * draw[pairs[1]]


def _ranked_draws(a: np.ndarray, b: np.ndarray, draws: np.ndarray, method: str) -> np.ndarray:
    orders_a, orders_b = ([RankOrder(vector) for vector in stack] for stack in (a, b))
    pairs = np.triu_indices(draws.shape[1], k=1)
    values = np.full((len(draws), len(a), len(b)), np.nan)
    for number, draw in enumerate(draws):
        counts = _pair_counts(draw, pairs)
        if counts.any():
            ranks_a, ranks_b = (np.stack([order.ranks(counts) for order in orders]) for orders in (orders_a, orders_b))
            values[number] = correlate(ranks_a, ranks_b, counts, method)
    return values


def _tau_draws(a: np.ndarray, b: np.ndarray, draws: np.ndarray, method: str) -> np.ndarray:
    pairs = np.triu_indices(draws.shape[1], k=1)
    values = np.full((len(draws), len(a), len(b)), np.nan)
    for number, draw in enumerate(draws):
        counts = _pair_counts(draw, pairs).astype(np.intp)
        copies_a, copies_b = (np.repeat(stack, counts, axis=1) for stack in (a, b))
        for j, y in enumerate(copies_b):
            if len(y) and np.ptp(y) > 0:
                constant = [np.ptp(x) == 0 for x in copies_a]
                values[number, :, j] = [
                    0.0 if flat else kendall(x, y, ties=method == "kendall")
                    for x, flat in zip(copies_a, constant, strict=True)
                ]
    return values


def _hsic_draws(k: np.ndarray, m: np.ndarray, draws: np.ndarray) -> np.ndarray:
    squares = draws**2
    n_one, n_two = draws.sum(axis=1), squares.sum(axis=1)
    n_three, n_four = (draws**3).sum(axis=1), (squares**2).sum(axis=1)
    product = k * m
    both = draws @ product
    rows_k, rows_m = draws @ k, draws @ m
    pairs = (both * draws).sum(axis=1)
    # Sums over all i, j, k (, l) from which those with equal indices are taken off.
    triples = (draws * rows_k * rows_m).sum(axis=1) - (both * squares).sum(axis=1)
    equal = np.einsum("ij,ij->i", squares @ product, squares)
    quadruples = (
        (draws * rows_k).sum(axis=1) * (draws * rows_m).sum(axis=1)
        - 4 * ((squares * rows_k * rows_m).sum(axis=1) - equal)
        - 2 * equal
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        n_pairs = n_one**2 - n_two
        n_triples = n_one**3 - 3 * n_one * n_two + 2 * n_three
        n_quadruples = n_one**4 - 6 * n_one**2 * n_two + 3 * n_two**2 + 8 * n_one * n_three - 6 * n_four
        return pairs / n_pairs - 2 * triples / n_triples + quadruples / n_quadruples
