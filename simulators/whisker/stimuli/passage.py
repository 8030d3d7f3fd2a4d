"""Start and end of a passage: as near to the whiskers at rest as allowed, until none can be reached any more."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .extent import turned_extent_mm

if TYPE_CHECKING:
    from ..geometry.array import WhiskerArray
    from ..solids import Solid

_POINTS_PER_WHISKER = 41
_NEAR_ENOUGH_MM = 0.02


class Passage(NamedTuple):
    """Path of a solid along -y past an array.

    Attributes
    ----------
    start_mm
        World position of the solid's origin at the start.
    length_mm
        Way to the place where no whisker can touch the solid, however bent.
    clearance_mm
        Smallest gap between a whisker at rest and the solid at the start, contact offset taken off.
    reaches_array
        False if the solid would pass the whiskers at rest without coming nearer than asked for the start.
    """

    start_mm: tuple[float, float, float]
    length_mm: float
    clearance_mm: float
    reaches_array: bool


def whisker_segments(array: "WhiskerArray") -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Whiskers at rest as straight pieces: ends ``(piece, 3)`` in the world and the radii ``(piece,)`` there, mm."""
    lines = array.centre_lines_mm(_POINTS_PER_WHISKER)
    share = np.linspace(0, 1, _POINTS_PER_WHISKER)
    base = np.array([whisker.base_radius_mm for whisker in array.whiskers])
    tip = np.array([whisker.tip_radius_mm for whisker in array.whiskers])
    radii = base[:, None] + (tip - base)[:, None] * share
    return (
        np.ascontiguousarray(lines[:, :-1].reshape(-1, 3)),
        np.ascontiguousarray(lines[:, 1:].reshape(-1, 3)),
        np.ascontiguousarray(radii[:, :-1].reshape(-1)),
        np.ascontiguousarray(radii[:, 1:].reshape(-1)),
    )


def gap_to_array_mm(
    solid: "Solid", rotation: np.ndarray, position_mm: np.ndarray | tuple[float, ...], array: "WhiskerArray"
) -> float:
    """Smallest gap between the whiskers at rest and a solid, contact offset taken off; negative where they overlap.

    Parameters
    ----------
    solid
        In its own frame.
    rotation
        ``(3, 3)`` from the solid's frame to the world.
    position_mm
        Of the solid's origin.
    array
        In its pose.
    """
    return _Gap(solid, rotation, array).at(np.asarray(position_mm, dtype=np.float64))


def clear_passage(
    solid: "Solid",
    rotation: np.ndarray,
    array: "WhiskerArray",
    *,
    distance_mm: float,
    height_mm: float,
    clearance_mm: float = 1.0,
) -> Passage:
    """Passage of a turned solid along -y with its least x and the middle of its height given.

    Parameters
    ----------
    solid
        In its own frame.
    rotation
        ``(3, 3)``.
    array
        In its pose.
    distance_mm
        Least x of the solid.
    height_mm
        z of the middle of its bounding box.
    clearance_mm
        Least gap to a whisker at rest at the start.

    Raises
    ------
    ValueError
        If the clearance is not positive, or a whisker at rest stands within it wherever the solid is.
    """
    if not (np.isfinite(clearance_mm) and clearance_mm > 0):
        raise ValueError(f"clearance_mm is {clearance_mm}; it must be positive and finite.")
    low, high = turned_extent_mm(solid, rotation)
    gap = _Gap(solid, rotation, array)
    margin = clearance_mm + solid.contact_offset_mm + gap.thickest_mm
    position = np.array([distance_mm - low[0], gap.highest_mm[1] + margin - low[1], height_mm - (low[2] + high[2]) / 2])
    end = _beyond_reach_mm(array, distance_mm) - margin - high[1]
    # A gap cannot shrink by more than the way moved, so that no step leads nearer than the clearance.
    clear = gap.at(position)
    while (room := clear - clearance_mm) > _NEAR_ENOUGH_MM and position[1] > end:
        position[1] -= room - _NEAR_ENOUGH_MM / 2
        clear = gap.at(position)
    reaches = bool(position[1] > end)
    if not reaches:
        position[1] = gap.highest_mm[1] + margin - low[1]
        clear = gap.at(position)
    x, y, z = (float(value) for value in position)
    return Passage((x, y, z), float(y - end), float(clear), reaches)


def _beyond_reach_mm(array: "WhiskerArray", distance_mm: float) -> float:
    """Least y at which a whisker, however bent, can be at the given x or further out."""
    bases = array.base_points_mm()
    length = np.array([whisker.length_mm for whisker in array.whiskers])
    across = np.maximum(distance_mm - bases[:, 0], 0.0)
    in_reach = length > across
    if not in_reach.any():
        return float(bases[:, 1].min())
    return float((bases[:, 1] - np.sqrt(np.maximum(length**2 - across**2, 0.0)))[in_reach].min())


class _Gap:
    """Gap of a solid to the pieces of an array as a function of the solid's place."""

    def __init__(self, solid: "Solid", rotation: np.ndarray, array: "WhiskerArray") -> None:
        from ..solids import pack_solids

        a, b, self._ra, self._rb = whisker_segments(array)
        self.highest_mm = np.maximum(a.max(axis=0), b.max(axis=0))
        self.thickest_mm = float(self._ra.max())
        self._table = pack_solids([solid])
        self._a, self._b, self._rotation = a @ rotation, b @ rotation, rotation

    def at(self, position: np.ndarray) -> float:
        from .gaps import smallest_gap

        shift = position @ self._rotation
        return float(smallest_gap(self._table, self._a - shift, self._b - shift, self._ra, self._rb))
