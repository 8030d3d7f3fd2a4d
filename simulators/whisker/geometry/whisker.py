"""One whisker: its shape, its place on the face, what it is made of."""

import math
import re
from dataclasses import dataclass

import numpy as np

from ..numbers_given import refuse_modulus, refuse_no_number, refuse_not_positive

# Wider than any whisker and any steel or plastic model of one; a thicker body is no beam.
MIN_SLENDERNESS, MAX_SLENDERNESS = 20.0, 1e5
MIN_DENSITY_KG_M3, MAX_DENSITY_KG_M3 = 10.0, 1e5

_NAME = re.compile(r"([LR])([A-E])(\d)")


@dataclass(frozen=True)
class Whisker:
    """One tapered, curved whisker (vibrissa).

    Parameters
    ----------
    name
        Side, row and column, the column counted from 0: ``RC1`` is the right whisker that anatomists call C2.
    length_mm
        Arc length S from base to tip.
    curvature_per_mm
        Coefficient A of the planar parabola y = A x^2 of the unloaded whisker.
    base_point_mm
        x (right), y (rostral), z (dorsal) in the frame of the array.
    azimuth_deg, elevation_deg, roll_deg
        Emergence angles theta (0 caudal, 90 lateral, 180 rostral), phi and zeta.
    base_radius_mm, tip_radius_mm
        Radii at both ends; linear in arc length between them.
    density_base_kg_m3, density_tip_kg_m3
        Linear in arc length between them.
    youngs_modulus_pa
        Of the solid cone.

    Raises
    ------
    ValueError
        If the name is unknown, a value is no number, a length, radius, density or modulus is not positive and finite or
        tells of another unit than its name says: a base thicker than a twentieth of the length, a density outside 10 to
        1e5 kg/m3, a modulus outside 1e6 to 1e13 Pa.
    """

    name: str
    length_mm: float
    curvature_per_mm: float
    base_point_mm: tuple[float, float, float]
    azimuth_deg: float
    elevation_deg: float
    roll_deg: float
    base_radius_mm: float
    tip_radius_mm: float
    density_base_kg_m3: float = 1260.0
    density_tip_kg_m3: float = 1690.0
    youngs_modulus_pa: float = 3.3e9

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and _NAME.fullmatch(self.name)):
            raise ValueError(
                f"whisker name {self.name!r} is not known; a name is side (L, R), row (A to E) and column from 0, as in RC1."
            )
        for field in ("length_mm", "base_radius_mm", "tip_radius_mm", "density_base_kg_m3", "density_tip_kg_m3"):
            refuse_not_positive(f"{field} of whisker {self.name}", getattr(self, field))
        refuse_modulus(f"youngs_modulus_pa of whisker {self.name}", self.youngs_modulus_pa)
        if self.tip_radius_mm > self.base_radius_mm:
            raise ValueError(
                f"whisker {self.name} is thicker at its tip ({self.tip_radius_mm} mm) than at its base "
                f"({self.base_radius_mm} mm); the radius may only fall with arc length."
            )
        self._refuse_other_units()
        if np.shape(self.base_point_mm) != (3,):
            raise ValueError(
                f"base_point_mm of whisker {self.name} is {self.base_point_mm!r}; give the numbers x, y, z."
            )
        for field in ("curvature_per_mm", "azimuth_deg", "elevation_deg", "roll_deg"):
            refuse_no_number(f"{field} of whisker {self.name}", getattr(self, field))
        for axis, value in zip("xyz", self.base_point_mm, strict=True):
            refuse_no_number(f"{axis} in base_point_mm of whisker {self.name}", value)
        others = (self.curvature_per_mm, *self.base_point_mm, self.azimuth_deg, self.elevation_deg, self.roll_deg)
        if not all(math.isfinite(value) for value in others):
            raise ValueError(f"whisker {self.name} has a curvature, base point or angle that is not finite: {others}.")

    def _refuse_other_units(self) -> None:
        """Sizes that no beam of millimetres has, because they were given in micrometres or metres."""
        slenderness = self.length_mm / self.base_radius_mm
        if not MIN_SLENDERNESS <= slenderness <= MAX_SLENDERNESS:
            raise ValueError(
                f"whisker {self.name} has a length_mm of {self.length_mm} and a base_radius_mm of {self.base_radius_mm}, "
                f"a ratio of {slenderness:.4g}; {MIN_SLENDERNESS:g} to {MAX_SLENDERNESS:g} is accepted (whiskers: 100 to "
                "800): give both in millimetres, as 0.05 for a radius of 50 um."
            )
        for field in ("density_base_kg_m3", "density_tip_kg_m3"):
            density = getattr(self, field)
            if not MIN_DENSITY_KG_M3 <= density <= MAX_DENSITY_KG_M3:
                raise ValueError(
                    f"{field} of whisker {self.name} is {density}; {MIN_DENSITY_KG_M3:g} to {MAX_DENSITY_KG_M3:g} kg/m3 is "
                    "accepted (whiskers: about 1260 to 1690): give kg/m3, as 1300 for 1.3 g/cm3."
                )

    @property
    def side(self) -> str:
        """``left`` or ``right``."""
        return "left" if self.name[0] == "L" else "right"

    @property
    def row(self) -> str:
        """``A`` (dorsal) to ``E`` (ventral)."""
        return self.name[1]

    @property
    def column(self) -> int:
        """Column counted from 0, caudal to rostral."""
        return int(self.name[2])

    @property
    def anatomical_name(self) -> str:
        """Row and column counted from 1, as in ``C2``."""
        return f"{self.row}{self.column + 1}"
