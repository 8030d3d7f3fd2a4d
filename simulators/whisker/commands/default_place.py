"""Where an object passes an array that the user says nothing about: beside the base points, among the whiskers."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from ..geometry.array import WhiskerArray

NEAR, FAR = 0.19, 0.34
"""Way from the outermost base point to the object, as a share of the longest whisker."""
UP_AND_DOWN = 0.125
"""Of the two heights of a grid about the mean height of the base points, as a share of the longest whisker."""


class DefaultPlace(NamedTuple):
    """Steps of a grid, and the single place of one scene.

    The shares give the average mouse in its sweep pose the 5 and 8 mm of the published sweeps; every other array gets
    what is in proportion to its own whiskers and starts from its own base points.

    Attributes
    ----------
    distances_mm
        Least x of the object, near and far.
    heights_mm
        z of the middle of the object, low and high.
    height_mm
        z of the middle of the object in one scene, whose distance is the near one.
    """

    distances_mm: tuple[float, float]
    heights_mm: tuple[float, float]
    height_mm: float


def default_place(array: "WhiskerArray") -> DefaultPlace:
    """Places beside an array, to half a millimetre.

    Parameters
    ----------
    array
        All whiskers of the animal in their pose; the object passes those of the right side.
    """
    right = np.array([name.startswith("R") for name in array.names])
    bases = array.base_points_mm()[right]
    longest = max(whisker.length_mm for whisker in array.whiskers)
    outermost, middle = float(bases[:, 0].max()), float(bases[:, 2].mean())
    return DefaultPlace(
        (_half_mm(outermost + NEAR * longest), _half_mm(outermost + FAR * longest)),
        (_half_mm(middle - UP_AND_DOWN * longest), _half_mm(middle + UP_AND_DOWN * longest)),
        _half_mm(middle),
    )


def _half_mm(value: float) -> float:
    return round(2 * value) / 2
