"""Compiled search for the piece of whisker that is nearest to a solid."""

import numpy as np

from ..compiled import compiled_entry
from ..solids import SolidTable, segment_gap


@compiled_entry
def smallest_gap(table: SolidTable, a: np.ndarray, b: np.ndarray, ra: np.ndarray, rb: np.ndarray) -> float:
    """Smallest gap between the first solid of a table and conical pieces.

    Parameters
    ----------
    table
        Packed solids.
    a, b
        ``(piece, 3)`` ends in the solid's frame, mm.
    ra, rb
        ``(piece,)`` radii at the ends, mm.
    """
    smallest = np.inf
    for i in range(a.shape[0]):
        gap, _, _, _, _ = segment_gap(
            table, 0, a[i, 0], a[i, 1], a[i, 2], b[i, 0], b[i, 1], b[i, 2], ra[i], rb[i], smallest, 0.5
        )
        smallest = min(smallest, gap)
    return smallest
