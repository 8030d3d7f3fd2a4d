"""Ranks of the values of an RDM, plain and where each value counts several times, and rank agreement tau."""

import numpy as np


class RankOrder:
    """The order of a vector's values, found once, from which ranks under any counts follow without sorting.

    Parameters
    ----------
    values
        ``(pair,)``, finite.
    """

    def __init__(self, values: np.ndarray) -> None:
        self.order = np.argsort(values)
        in_order = values[self.order]
        starts = np.ones(len(values), dtype=bool)
        np.not_equal(in_order[1:], in_order[:-1], out=starts[1:])
        self.starts = np.flatnonzero(starts)

    def ranks(self, counts: np.ndarray | None = None) -> np.ndarray:
        """Midranks ``(pair,)`` counted from 1; with ``counts`` those in a sample that holds each value so often.

        A tied value gets the mean rank of its ties: (sum of smaller counts) + (count of the tie + 1) / 2.
        """
        n_pairs = len(self.order)
        result = np.empty(n_pairs)
        if counts is None:
            sizes = np.diff(self.starts, append=n_pairs)
            tied = self.starts + (sizes + 1) / 2
        else:
            before = np.concatenate([[0.0], np.cumsum(counts[self.order])])
            ends = np.append(self.starts[1:], n_pairs)
            tied = (before[self.starts] + before[ends] + 1) / 2
            sizes = ends - self.starts
        result[self.order] = tied if len(tied) == n_pairs else np.repeat(tied, sizes)
        return result


def kendall(first: np.ndarray, second: np.ndarray, *, ties: bool) -> float:
    """Kendall's tau of two vectors in n log n steps; NaN where both or one are constant.

    Parameters
    ----------
    first, second
        ``(pair,)``.
    ties
        True for tau-b, the agreement among pairs that neither vector ties; False for tau-a, among all pairs.

    References
    ----------
    Knight 1966, J Am Stat Assoc 61:436 (algorithm, as in scipy).
    """
    from scipy.stats import kendalltau

    tau = float(kendalltau(first, second, method="asymptotic").statistic)
    if ties:
        return tau
    total = len(first) * (len(first) - 1) / 2
    return tau * float(np.sqrt((1 - _tied_pairs(first) / total) * (1 - _tied_pairs(second) / total)))


def _tied_pairs(values: np.ndarray) -> float:
    counts = np.unique(values, return_counts=True)[1].astype(float)
    return float((counts * (counts - 1)).sum() / 2)
