"""Time bins: a model's own steps averaged into the bins that a benchmark asks for."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

Bin = tuple[float, float]


def as_bins(time_bins: Iterable[Any] | None) -> list[Bin]:
    """Plain (start, end) pairs in ms from whatever Brain-Score hands over: tuples, arrays, arrays that hold a tuple."""
    found = []
    for entry in () if time_bins is None else time_bins:
        pair = entry.item() if isinstance(entry, np.ndarray) and entry.ndim == 0 else entry
        start, end = pair
        found.append((start, end))
    return found


def overlap_weights(own: Sequence[Bin], wanted: Sequence[Bin]) -> np.ndarray:
    """Weights ``(wanted, own)`` that average own bins into the wanted ones; each row sums to 1.

    w_ij = |wanted_i and own_j| / |wanted_i|, lengths in ms: the mean over time of a response that is constant within
    each own bin. For own bins of equal length this is Brain-Score's alignment by portions.

    Parameters
    ----------
    own
        Start and end of the model's steps in ms, in order and without overlap.
    wanted
        Start and end of the bins asked for, in ms.

    Raises
    ------
    ValueError
        If own bins are out of order, or a wanted bin has no length or reaches where the model has no step.
    """
    have, ask = np.asarray(own, dtype=float), np.asarray(wanted, dtype=float)
    if have.ndim != 2 or have.shape[1] != 2 or (have[:, 1] <= have[:, 0]).any() or (have[1:, 0] < have[:-1, 1]).any():
        raise ValueError(f"time_bins_ms must be (start, end) pairs in order and without overlap, received {list(own)}.")
    length = ask[:, 1] - ask[:, 0]
    overlap = np.minimum(ask[:, 1:], have[:, 1]) - np.maximum(ask[:, :1], have[:, 0])
    overlap = np.maximum(overlap, 0)
    covered = (length > 0) & np.isclose(overlap.sum(axis=1), length)
    if not covered.all():
        start, end = ask[int(np.flatnonzero(~covered)[0])]
        raise ValueError(
            f"time bin {start:g}-{end:g} ms was asked for, but the model's steps cover {have[0, 0]:g}-{have[-1, 1]:g} ms"
            f"{' with gaps' if (have[1:, 0] > have[:-1, 1]).any() else ''}; a bin must have a length and be covered whole: "
            "give the model steps that reach there, or ask for another bin."
        )
    return overlap / length[:, None]
