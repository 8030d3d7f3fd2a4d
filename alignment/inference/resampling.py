"""Bootstrap over presentations: how often each row counts in each draw."""

import numpy as np

CI_LEVEL = 0.95


def bootstrap_weights(n_rows: int, groups: np.ndarray | None, n_boot: int, seed: int) -> np.ndarray:
    """Counts of each row in resamples with replacement.

    Parameters
    ----------
    n_rows
        Presentations.
    groups
        ``(n_rows,)`` labels; whole groups are drawn then, because their members are not independent.
    n_boot
        Draws.
    seed
        The same seed gives the same draws, so two models scored on the same rows are compared pairwise.

    Returns
    -------
    numpy.ndarray
        ``(n_boot, n_rows)`` counts.
    """
    rng = np.random.default_rng(seed)
    if groups is None:
        return rng.multinomial(n_rows, np.full(n_rows, 1 / n_rows), size=n_boot).astype(float)
    labels, codes = np.unique(groups, return_inverse=True)
    counts = rng.multinomial(len(labels), np.full(len(labels), 1 / len(labels)), size=n_boot)
    return counts[:, codes].astype(float)


def fold_factor(n_tested: int, n_train: float) -> float:
    """How much wider than the bootstrap over test rows an interval must be because folds share training rows.

    sqrt(1 + n_tested / n_train), the correction of the variance of cross-validated scores by Nadeau & Bengio 2003
    (Machine Learning 52:239) for ``n_tested`` different test rows: 1.5 for five folds.
    """
    return float(np.sqrt(1 + n_tested / n_train))


def interval(
    draws: np.ndarray, value: float = float("nan"), factor: float = 1.0, level: float = CI_LEVEL
) -> tuple[float, float]:
    """Percentile interval of bootstrap draws, its distance from ``value`` multiplied by ``factor``; NaN without draws."""
    finite = draws[np.isfinite(draws)]
    if len(finite) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    if np.isfinite(value) and factor > 1:
        low, high = min(low, value - factor * (value - low)), max(high, value + factor * (high - value))
    return float(low), float(high)
