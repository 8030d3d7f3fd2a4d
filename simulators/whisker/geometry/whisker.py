"""One whisker: its shape, its place on the face, what it is made of."""

import math
import re
from dataclasses import dataclass

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
        If the name is unknown, or a length, radius, density or modulus is not positive and finite.
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
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"whisker name {self.name!r} is not known; a name is side (L, R), row (A to E) and column from 0, as in RC1."
            )
        for field in (
            "length_mm", "base_radius_mm", "tip_radius_mm", "density_base_kg_m3", "density_tip_kg_m3", "youngs_modulus_pa"
        ):  # fmt: skip
            value = getattr(self, field)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{field} of whisker {self.name} is {value}; it must be positive and finite.")
        if self.tip_radius_mm > self.base_radius_mm:
            raise ValueError(
                f"whisker {self.name} is thicker at its tip ({self.tip_radius_mm} mm) than at its base "
                f"({self.base_radius_mm} mm); the radius may only fall with arc length."
            )
        if len(self.base_point_mm) != 3:
            raise ValueError(
                f"base_point_mm of whisker {self.name} has {len(self.base_point_mm)} numbers; give x, y, z."
            )
        others = (self.curvature_per_mm, *self.base_point_mm, self.azimuth_deg, self.elevation_deg, self.roll_deg)
        if not all(math.isfinite(value) for value in others):
            raise ValueError(f"whisker {self.name} has a curvature, base point or angle that is not finite: {others}.")

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
