"""Regression equations from row and column to the place and shape of a whisker, and to its thickness.

Rows count A = 1 to E = 5. In the equations of the array columns count from 1, as in the papers; in those of thickness
from 0, as in the published programs, since the paper that we could read in part does not say. All equations describe
the right side; whoever builds a left whisker mirrors it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np

from .frames import head_rotation
from .names import mirrored_name

Taper = Literal["belli2017", "whiskit"]
Preset = Literal["proper", "whiskit"]

# Floor of both taper rules, taken from the published programs: the rat equation reaches 0 before the tip.
SMALLEST_TIP_RADIUS_MM = 0.0015

# Mystacial pad ellipsoid of Towal et al. 2011 as used by Zhuang et al. 2017: centre, radii, orientation.
_PAD_CENTRE_MM = np.array([1.9128, -7.6549, -5.4439])
_PAD_RADII_MM = np.array([9.5304, 5.5393, 6.9745])
_PAD_ORIENTATION_DEG = (-19.5401, -2.5211, 106.51)


@dataclass(frozen=True)
class Morphology:
    """Place and planar shape of whiskers, as arrays ``(whisker,)`` in values of the right side.

    Attributes
    ----------
    names
        Names; a left whisker has the values of its mirror image.
    length_mm, curvature_per_mm
        Arc length S and coefficient A of the parabola.
    base_distance_mm, base_azimuth_deg, base_elevation_deg
        Base point in spherical coordinates: distance from the origin, angle from +x (right) towards +y (rostral),
        angle above the horizontal plane.
    azimuth_deg, elevation_deg, roll_deg
        Emergence angles theta, phi, zeta.
    base_diameter_mm
        Measured base diameters, or None where the regression has to give them.
    """

    names: tuple[str, ...]
    length_mm: np.ndarray
    curvature_per_mm: np.ndarray
    base_distance_mm: np.ndarray
    base_azimuth_deg: np.ndarray
    base_elevation_deg: np.ndarray
    azimuth_deg: np.ndarray
    elevation_deg: np.ndarray
    roll_deg: np.ndarray
    base_diameter_mm: np.ndarray | None = None

    def selected(self, names: Sequence[str]) -> "Morphology":
        """Only the named whiskers, in that order; a side that is not there is the mirror image of the other.

        Parameters
        ----------
        names
            Names among ``names``, or their mirror images.
        """
        rows = {name: number for number, name in enumerate(self.names)}
        chosen = [rows[name] if name in rows else rows[mirrored_name(name)] for name in names]
        arrays = {
            field.name: getattr(self, field.name)[chosen]
            for field in fields(self)
            if isinstance(getattr(self, field.name), np.ndarray)
        }
        return replace(self, names=tuple(names), **arrays)

    def base_points_mm(self, convention: Preset = "proper") -> np.ndarray:
        """Base points ``(whisker, axis)`` of the right side: x right, y rostral, z dorsal.

        Parameters
        ----------
        convention
            ``proper``: x and y carry the cosine of the elevation. ``whiskit``: as in the tables of the published
            programs, which leave it out, so that x and y are too large.
        """
        azimuth, elevation = np.radians(self.base_azimuth_deg), np.radians(self.base_elevation_deg)
        level = self.base_distance_mm * (np.cos(elevation) if convention == "proper" else 1.0)
        return np.stack(
            (level * np.cos(azimuth), level * np.sin(azimuth), self.base_distance_mm * np.sin(elevation)), axis=1
        )


def row_and_column(names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Row (A = 1) and column from 0 of whiskers, float arrays ``(whisker,)``."""
    return (
        np.array(["ABCDE".index(name[1]) + 1 for name in names], dtype=float),
        np.array([int(name[2]) for name in names], dtype=float),
    )


def mouse_morphology(names: Sequence[str]) -> Morphology:
    """Average mouse by regression.

    Parameters
    ----------
    names
        Names of whiskers, columns from 0.

    References
    ----------
    .. [1] Bresee et al. (2023) J Exp Biol 226, jeb245597: equations 1, 2, 3b, 4b, 5, 7b, 8 and 10.
    """
    row, column = row_and_column(names)
    base_azimuth = 11.7 * (column + 1) - 41.2
    base_elevation = -16.8 * row + 56.3
    return Morphology(
        names=tuple(names),
        length_mm=11.7 * np.exp(-0.018 * base_azimuth),
        curvature_per_mm=0.00037 * base_azimuth + 0.017,
        base_distance_mm=-0.0152 * base_azimuth - 0.0165 * base_elevation + 4.44,
        base_azimuth_deg=base_azimuth,
        base_elevation_deg=base_elevation,
        azimuth_deg=0.922 * base_azimuth + 85.1,
        elevation_deg=1.00 * base_elevation + 10.2,
        roll_deg=0.620 * base_azimuth + 1.00 * base_elevation + 43.0,
    )


def rat_morphology(names: Sequence[str]) -> Morphology:
    """Average rat by regression.

    Parameters
    ----------
    names
        Names of whiskers, columns from 0.

    References
    ----------
    .. [1] Belli et al. (2018) PLOS ONE 13, e0194981.
    """
    row, column = row_and_column(names)
    base_azimuth = 13.4 * (column + 1) - 48.6
    base_elevation = 1.49 * row**2 - 26.3 * row + 68.0
    return Morphology(
        names=tuple(names),
        length_mm=np.exp(-0.0246 * base_azimuth + 3.12),
        curvature_per_mm=0.000240 * base_azimuth + 0.0148,
        base_distance_mm=0.000511 * base_azimuth**2 - 0.0295 * base_azimuth - 0.0162 * base_elevation + 6.5,
        base_azimuth_deg=base_azimuth,
        base_elevation_deg=base_elevation,
        azimuth_deg=0.598 * base_azimuth - 0.314 * base_elevation + 67.4,
        elevation_deg=1.04 * base_elevation + 6.68,
        roll_deg=0.876 * base_azimuth + 0.845 * base_elevation + 37.9,
    )


def rat_morphology_towal2011(names: Sequence[str]) -> Morphology:
    """The older rat array of Zhuang et al. (2017): base points on an ellipsoid, origin at the tip of the snout.

    The elevation is the linear form in the row alone; the roll is taken as printed, although its axes were defined
    by projections in that paper.

    Parameters
    ----------
    names
        Names of whiskers, columns from 0.

    References
    ----------
    .. [1] Towal et al. (2011) PLoS Comput Biol 7, e1001120. [2] Zhuang et al. (2017) arXiv 1706.07555.
    """
    row, column = row_and_column(names)
    column = column + 1
    base = _on_pad(np.radians(15.2953 * column - 144.2220), np.radians(18.2237 * row + 34.7558))
    distance = np.linalg.norm(base, axis=1)
    return Morphology(
        names=tuple(names),
        length_mm=-7.9312 * column + 2.2224 * row + 52.1110,
        curvature_per_mm=np.exp(1 / (-0.02052 * column - 0.2045)),
        base_distance_mm=distance,
        base_azimuth_deg=np.degrees(np.arctan2(base[:, 1], base[:, 0])),
        base_elevation_deg=np.degrees(np.arcsin(base[:, 2] / distance)),
        azimuth_deg=10.6475 * column + 37.3178,
        elevation_deg=-15.8761 * row + 47.3263,
        roll_deg=18.7700 * column - 11.3485 * row - 4.9844,
    )


def _on_pad(around: np.ndarray, from_pole: np.ndarray) -> np.ndarray:
    """Points ``(whisker, axis)`` of the pad ellipsoid in the directions of its own polar angles, in rad."""
    direction = np.stack(
        (np.cos(around) * np.sin(from_pole), np.sin(around) * np.sin(from_pole), np.cos(from_pole)), axis=1
    )
    on_surface = direction / np.linalg.norm(direction / _PAD_RADII_MM, axis=1, keepdims=True)
    return on_surface @ head_rotation(_PAD_ORIENTATION_DEG).T + _PAD_CENTRE_MM


def base_diameter_mm(names: Sequence[str], length_mm: np.ndarray) -> np.ndarray:
    """Base diameter, D = 0.041 + 0.002 S + 0.011 row - 0.0039 column, ``(whisker,)`` in mm.

    Measured on rats. No equation for mice has been published that we could read; the published mouse simulator uses
    this one, and so does this package.

    Parameters
    ----------
    names
        Names of whiskers; columns count from 0 in this equation.
    length_mm
        ``(whisker,)`` arc lengths S.

    References
    ----------
    .. [1] Belli et al. (2017) J Neurophysiol 117, 1807-1820.
    """
    row, column = row_and_column(names)
    return 0.041 + 0.002 * np.asarray(length_mm) + 0.011 * row - 0.0039 * column


def radius_slope(names: Sequence[str]) -> np.ndarray:
    """Loss of radius per length, 0.0012 + 0.00017 row - 0.000066 column + 0.00011 column^2, ``(whisker,)``.

    Parameters
    ----------
    names
        Names of whiskers; columns count from 0 in this equation.

    References
    ----------
    .. [1] Belli et al. (2017) J Neurophysiol 117, 1807-1820: radius slope = (base radius - tip radius) / arc length.
    """
    row, column = row_and_column(names)
    return 0.0012 + 0.00017 * row - 0.000066 * column + 0.00011 * column**2


def tip_radius_mm(
    names: Sequence[str], length_mm: np.ndarray, base_radius_mm: np.ndarray, taper: Taper = "belli2017"
) -> np.ndarray:
    """Tip radius, ``(whisker,)`` in mm, never below `SMALLEST_TIP_RADIUS_MM`.

    Parameters
    ----------
    names
        Names of whiskers.
    length_mm, base_radius_mm
        ``(whisker,)`` arc lengths and base radii.
    taper
        ``belli2017``: R_tip = R_base - slope S, which is how the paper defines the slope and therefore what the
        proper preset takes. ``whiskit``: half of that, as both published programs have it without a reason; take it
        to compare with them. Neither was measured on mice, and neither gives good tips: 13 (whiskit: 16) of the 30
        tips of the rat regression stand on the floor, while those of the mouse regression keep up to 0.46 (0.23) of
        the base radius. Where the tip matters, measure it and give a table with radii.

    Raises
    ------
    ValueError
        If the rule is unknown.

    References
    ----------
    .. [1] Belli et al. (2017) J Neurophysiol 117, 1807-1820.
    """
    if taper not in ("belli2017", "whiskit"):
        raise ValueError(f"taper {taper!r} is not known; give belli2017 or whiskit.")
    tip = np.asarray(base_radius_mm) - radius_slope(names) * np.asarray(length_mm)
    return np.maximum(tip / 2 if taper == "whiskit" else tip, SMALLEST_TIP_RADIUS_MM)


MORPHOLOGIES: dict[str, Callable[[Sequence[str]], Morphology]] = {
    "mouse": mouse_morphology,
    "rat": rat_morphology,
    "rat_towal2011": rat_morphology_towal2011,
}
