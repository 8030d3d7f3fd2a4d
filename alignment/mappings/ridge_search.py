"""The choice of a penalty: which rows inner fits leave out, and which penalty has erred least so far."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..folds import Fold

# Numbers in an array (row, neuroid) of double precision that is held at once while errors are compared.
NEUROID_BLOCK = 1 << 20


@dataclass(frozen=True)
class InnerCut:
    """What inner fits leave out of a training set, and what they are judged on.

    Attributes
    ----------
    removed
        Per inner fit the rows that it does not see.
    judged
        Per inner fit the places within ``removed`` that it predicts.
    pooled
        Squared errors are averaged over all judged rows; otherwise per inner fit, then over inner fits.
    single
        Every row is left out alone, in order.
    """

    removed: list[np.ndarray]
    judged: list[np.ndarray]
    pooled: bool = False
    single: bool = False

    @property
    def n_judged(self) -> int:
        """Judged rows in total."""
        return sum(len(places) for places in self.judged)

    def weight(self, part: int) -> float:
        """What one squared error of an inner fit adds to the mean."""
        return 1 / self.n_judged if self.pooled else 1 / (len(self.judged[part]) * len(self.judged))

    def reference(self, responses: np.ndarray) -> np.ndarray:
        """Error ``(neuroid,)`` of predicting the mean of the rows that an inner fit sees."""
        n_rows, total = len(responses), responses.sum(axis=0, dtype=np.float64)
        if self.single:
            return ((responses - total / n_rows) ** 2).mean(axis=0) * (n_rows / (n_rows - 1)) ** 2
        error = np.zeros(responses.shape[1])
        for part, (removed, judged) in enumerate(zip(self.removed, self.judged, strict=True)):
            mean = (total - responses[removed].sum(axis=0, dtype=np.float64)) / (n_rows - len(removed))
            error += ((responses[removed[judged]] - mean) ** 2).sum(axis=0) * self.weight(part)
        return error


def cut_of_folds(folds: Sequence[Fold], n_rows: int) -> InnerCut:
    """Inner fits on the training rows of folds, judged on their test rows.

    Raises
    ------
    ValueError
        If a fold trains on a row that it tests, or has no training or test row.
    """
    removed, judged = [], []
    for fold in folds:
        outside = np.setdiff1d(np.arange(n_rows), fold.train)
        shared = int((~np.isin(fold.test, outside)).sum())
        if shared or len(fold.test) == 0 or len(outside) == n_rows:
            raise ValueError(
                f"an inner fold has {len(fold.train)} training and {len(fold.test)} test rows, of which {shared} are "
                "trained on; choosing a penalty needs inner folds with rows on both sides and none in common."
            )
        removed.append(outside)
        judged.append(np.searchsorted(outside, fold.test))
    return InnerCut(removed, judged)


def cut_one_out(n_rows: int, groups: np.ndarray | None) -> InnerCut:
    """Leave one row out, or one group where there are groups.

    Raises
    ------
    ValueError
        If there is one row or group only.
    """
    labels = np.arange(n_rows) if groups is None else groups
    unique, place = np.unique(labels, return_inverse=True)
    if len(unique) < 2:
        raise ValueError(
            f"a training fold has {len(unique)} group(s); choosing a penalty needs at least 2. Use more groups."
        )
    if groups is None:
        rows = np.arange(n_rows)
        return InnerCut(list(rows[:, None]), [np.zeros(1, int)] * n_rows, pooled=True, single=True)
    removed = np.split(np.argsort(place, kind="stable"), np.cumsum(np.bincount(place))[:-1])
    return InnerCut(removed, [np.arange(len(rows)) for rows in removed], pooled=True)


class Choice:
    """The penalty with the least error so far, per neuroid or for all neuroids together; the first of equals.

    Attributes
    ----------
    index
        ``(neuroid,)`` place of the chosen penalty in the grid.
    error
        ``(neuroid,)`` its error.
    """

    def __init__(self, n_neuroids: int, per_neuroid: bool) -> None:
        self._per_neuroid = per_neuroid
        self.index = np.zeros(n_neuroids, dtype=int)
        self.error = np.full(n_neuroids, np.nan)

    def offer(self, index: int, error: np.ndarray) -> np.ndarray:
        """Consider the next penalty; returns the numbers of the neuroids for which it is the best so far."""
        if index == 0:
            better = np.ones(len(error), dtype=bool)
        elif self._per_neuroid:
            better = error < self.error
        else:
            better = np.full(len(error), error.mean() < self.error.mean())
        self.index[better] = index
        self.error[better] = error[better]
        return np.flatnonzero(better)


def neuroid_blocks(n_rows: int, n_neuroids: int) -> list[slice]:
    """Slices of neuroids whose arrays ``(row, neuroid)`` stay small."""
    width = max(1, NEUROID_BLOCK // max(n_rows, 1))
    return [slice(start, min(start + width, n_neuroids)) for start in range(0, n_neuroids, width)]
