"""Sweeps of a grid as entries of a collection: a table row at once, the scene when its turn comes."""

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from ..geometry.array import WhiskerArray
from .objects import ObjectSet
from .placement import place
from .sweeps import Sweep, SweepGrid

if TYPE_CHECKING:
    from ..output.workers import Entry
    from ..scene import Scene
    from ..solids import Solid


def sweep_entries(
    grid: SweepGrid,
    array: WhiskerArray,
    *,
    numbers: Sequence[int] | None = None,
    rate_hz: float = 1000.0,
    clearance_mm: float = 1.0,
) -> "list[Entry]":
    """Entries for `write_collection`.

    Parameters
    ----------
    grid
        Its objects must be picklable where several processes simulate.
    array
        In its pose.
    numbers
        Which sweeps of the grid, such as a part of `SweepGrid.split`; all if None.
    rate_hz
        Output intervals per second.
    clearance_mm
        Of a clean start.

    Returns
    -------
    list of Entry
        Labels are those of the sweep, ``group`` naming the object; speed and duration where they are given.
    """
    from ..output.workers import Entry

    chosen = range(len(grid)) if numbers is None else numbers
    return [
        Entry(
            sweep.stimulus_id,
            sweep.labels,
            partial(_scene, sweep=sweep, objects=grid.objects, array=array, rate_hz=rate_hz, clearance_mm=clearance_mm),
        )
        for sweep in (grid[int(number)] for number in chosen)
    ]


def _scene(
    seed: int, *, sweep: Sweep, objects: ObjectSet, array: WhiskerArray, rate_hz: float, clearance_mm: float
) -> "Scene":
    """The scene of a sweep; the seed is not needed, as the grid has drawn."""
    solid = _solid(objects, sweep.object_id, sweep.diagonal_mm)
    return place(sweep, solid, array, clearance_mm=clearance_mm).scene(array, rate_hz=rate_hz)


# The sweeps of one draw follow each other with one solid, whose mesh takes long to prepare.
@lru_cache(maxsize=2)
def _solid(objects: ObjectSet, object_id: str, diagonal_mm: float) -> "Solid":
    return objects.solid(object_id, diagonal_mm)
