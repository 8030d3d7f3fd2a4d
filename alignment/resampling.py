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


def interval(draws: np.ndarray, level: float = CI_LEVEL) -> tuple[float, float]:
    """Percentile interval of bootstrap draws; NaN if there are none."""
    finite = draws[np.isfinite(draws)]
    if len(finite) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
