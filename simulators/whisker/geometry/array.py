"""Arrays of whiskers: those of the average mouse and rat, of the user's tables, of one individual; and where they are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from .frames import base_rotation, head_rotation
from .names import Side, expand_names, mirrored_name, side_letters, whisker_names
from .regressions import MORPHOLOGIES, Morphology, Preset, Taper, base_diameter_mm, tip_radius_mm
from .scatter import scattered
from .shape import centre_line_mm
from .tables import WhiskerTable, read_table
from .whisker import Whisker

Species = Literal["mouse", "rat"]
Pose = tuple[tuple[float, float, float], tuple[float, float, float]]

# Head positions (mm) and orientations (degrees) of the published mouse simulations (Chung et al. 2025).
STANDARD_SWEEP_POSE: Pose = ((-6.934, -11.642, -2.598), (0.0, 15.366, -16.198))
CURVED_PLATE_POSE: Pose = ((-5.0, -10.0, 0.0), (0.0, 15.0, 0.0))

# From the head's origin to that of the array, in the published programs.
WHISKIT_OFFSET_MM: dict[Species, tuple[float, float, float]] = {"mouse": (0.0, 13.0, 1.5), "rat": (0.0, 26.0, 4.0)}

DENSITY_KG_M3 = (1260.0, 1690.0)
WHISKIT_MOUSE_DENSITY_KG_M3 = (630.0, 845.0)


@dataclass(frozen=True)
class WhiskerArray:
    """Whiskers on a head.

    Parameters
    ----------
    whiskers
        At least one, each name once.
    head_position_mm
        Origin of the head in the world.
    head_orientation_deg
        Turns (a, b, c) about x, y, z; the head is turned by Rz(c) Ry(b) Rx(a).
    array_offset_mm
        Origin of the array in the frame of the head: a base point is at head position + R (offset + base point).

    Raises
    ------
    ValueError
        If there is no whisker, a name is repeated, or the pose is not three finite numbers each.
    """

    whiskers: tuple[Whisker, ...]
    head_position_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    head_orientation_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    array_offset_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "whiskers", tuple(self.whiskers))
        if not self.whiskers:
            raise ValueError("an array needs at least one whisker, received none.")
        repeated = {name for name in self.names if self.names.count(name) > 1}
        if repeated:
            raise ValueError(f"whisker {min(repeated)} is in the array twice; name each whisker once.")
        for field in ("head_position_mm", "head_orientation_deg", "array_offset_mm"):
            value = np.asarray(getattr(self, field), dtype=float)
            if value.shape != (3,) or not np.isfinite(value).all():
                raise ValueError(f"{field} is {getattr(self, field)}; give three finite numbers.")
            object.__setattr__(self, field, tuple(value.tolist()))

    def __len__(self) -> int:
        return len(self.whiskers)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the whiskers in order."""
        return tuple(whisker.name for whisker in self.whiskers)

    def subset(self, names: str | Sequence[str]) -> "WhiskerArray":
        """Some of the whiskers, in the order asked for.

        Parameters
        ----------
        names
            Names, groups or patterns as in `expand_names`.
        """
        by_name = {whisker.name: whisker for whisker in self.whiskers}
        return replace(self, whiskers=tuple(by_name[name] for name in expand_names(names, self.names)))

    def mirrored(self) -> "WhiskerArray":
        """The mirror image, x to -x: right whiskers become left ones in the same order, and the head turns with them."""
        x, y, z = self.head_position_mm
        about_x, about_y, about_z = self.head_orientation_deg
        offset_x, offset_y, offset_z = self.array_offset_mm
        return WhiskerArray(
            tuple(map(_mirrored, self.whiskers)),
            (-x, y, z),
            (about_x, -about_y, -about_z),
            (-offset_x, offset_y, offset_z),
        )

    def posed(
        self,
        position_mm: tuple[float, float, float],
        orientation_deg: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> "WhiskerArray":
        """The same array with the head elsewhere.

        Parameters
        ----------
        position_mm, orientation_deg
            Head position and turns about x, y, z; ``array.posed(*STANDARD_SWEEP_POSE)``.
        """
        return replace(self, head_position_mm=position_mm, head_orientation_deg=orientation_deg)

    def head_rotation(self) -> np.ndarray:
        """Rotation of the head in the world, ``(3, 3)``."""
        return head_rotation(self.head_orientation_deg)

    def base_points_mm(self) -> np.ndarray:
        """Base points in the world, ``(whisker, axis)``."""
        local = np.array([whisker.base_point_mm for whisker in self.whiskers]) + self.array_offset_mm
        return local @ self.head_rotation().T + self.head_position_mm

    def base_rotations(self) -> np.ndarray:
        """Base frames in the world, ``(whisker, 3, 3)``: columns are the axes, x along the whisker at its base."""
        angles = np.array([(w.azimuth_deg, w.elevation_deg, w.roll_deg) for w in self.whiskers])
        return self.head_rotation() @ base_rotation(*angles.T)

    def centre_lines_mm(self, n_points: int = 50) -> np.ndarray:
        """Whiskers at rest in the world, ``(whisker, point, axis)``, points equally spaced by arc length.

        Parameters
        ----------
        n_points
            Points per whisker from base to tip, at least 2.
        """
        if n_points < 2:
            raise ValueError(f"n_points is {n_points}; a line needs at least 2, its base and its tip.")
        lengths = np.array([whisker.length_mm for whisker in self.whiskers])
        curvatures = np.array([whisker.curvature_per_mm for whisker in self.whiskers])
        local = centre_line_mm(curvatures[:, None], lengths[:, None] * np.linspace(0, 1, n_points))
        return self.base_points_mm()[:, None] + np.einsum("wij,wpj->wpi", self.base_rotations(), local)


def mouse_array(
    side: Side = "right",
    *,
    source: str | Path = "regression",
    preset: Preset = "proper",
    taper: Taper | None = None,
    names: str | Sequence[str] | None = None,
    scatter_seed: int | None = None,
    youngs_modulus_pa: float = 3.3e9,
) -> WhiskerArray:
    """Whiskers of a mouse, 30 a side.

    Parameters
    ----------
    side
        ``right``, ``left`` or ``both``; a side that a table lacks is the mirror image of the other.
    source
        ``regression``, or the path of a table (see `simulators.whisker.geometry.tables`) such as the average mouse.
    preset
        ``proper``: base points by full spherical coordinates, density 1260 to 1690 kg/m3 (base to tip), tips by the
        published slope, origin of the array at the head. ``whiskit``: as in the published mouse program: base points
        without the cosine of the elevation, half the density, tips half as thick, array 13 mm before and 1.5 mm above
        the head's origin.
    taper
        Rule of the tip radius, ``belli2017`` or ``whiskit``, instead of that of the preset.
    names
        Whiskers of that side, as in `expand_names`.
    scatter_seed
        Seed of one individual; None is the average animal.
    youngs_modulus_pa
        Of all whiskers. Tensile tests of rat whiskers gave 3.34 GPa (Quist et al. 2011); the published program
        takes 5 GPa.

    Returns
    -------
    WhiskerArray
        With the head at the origin of the world, not turned.

    Raises
    ------
    ValueError
        If a choice is unknown, or the table already holds what it is to decide.

    References
    ----------
    .. [1] Bresee et al. (2023) J Exp Biol 226, jeb245597: place and shape. [2] Belli et al. (2017) J Neurophysiol
       117, 1807-1820: thickness, of rats. [3] Chung et al. (2025) arXiv 2505.18361: the published program.

    Examples
    --------
    >>> len(mouse_array("both")), mouse_array(names="RC*").names[:2]
    (60, ('RC0', 'RC1'))
    """
    return _build("mouse", side, source, preset, taper, names, scatter_seed, youngs_modulus_pa)


def rat_array(
    side: Side = "right",
    *,
    source: str | Path = "regression",
    preset: Preset = "proper",
    taper: Taper | None = None,
    names: str | Sequence[str] | None = None,
    scatter_seed: int | None = None,
    youngs_modulus_pa: float = 3.3e9,
) -> WhiskerArray:
    """Whiskers of a rat, 30 a side (A0-4, B0-4, C0-6, D0-6, E1-6).

    Parameters
    ----------
    side, names, taper, scatter_seed, youngs_modulus_pa
        As for `mouse_array`; ``names=whisker_names("rat_27")`` are the whiskers of the measured average rat. The
        scatter is that of mice.
    source
        ``regression``; ``towal2011``, the 31 whiskers a side of Zhuang et al. (2017), which has neither a whiskit
        preset nor scatter; or the path of a table.
    preset
        ``proper`` or ``whiskit``: base points and tips as for `mouse_array`, full density in both; in ``whiskit`` the
        array is 26 mm before and 4 mm above the head's origin.

    Returns
    -------
    WhiskerArray
        With the head at the origin of the world, not turned.

    Raises
    ------
    ValueError
        If a choice is unknown, or the table already holds what it is to decide.

    References
    ----------
    .. [1] Belli et al. (2018) PLOS ONE 13, e0194981: place and shape. [2] Belli et al. (2017) J Neurophysiol
       117, 1807-1820: thickness. [3] Zweifel et al. (2021) PNAS 118, e2011905118: the published program.
    """
    return _build("rat", side, source, preset, taper, names, scatter_seed, youngs_modulus_pa)


def read_array(
    path: str | Path, *, species: Species, convention: Preset = "proper", side: Side | None = None
) -> WhiskerArray:
    """Whiskers of a table, at the head's origin.

    Parameters
    ----------
    path
        CSV as in `simulators.whisker.geometry.tables`. Tables that give no radii get them by regression.
    species
        ``mouse`` or ``rat``: decides density and offset of the whiskit convention.
    convention
        The preset of `mouse_array` and `rat_array`.
    side
        None takes the whiskers as the table has them; ``right``, ``left`` or ``both`` as for `mouse_array`.

    Raises
    ------
    ValueError
        If the table is faulty, with file, line and column, or a choice is unknown.
    """
    if species not in WHISKIT_OFFSET_MM:
        raise ValueError(f"species {species!r} is not known; give mouse or rat.")
    return _build(species, side, Path(path), convention, None, None, None, 3.3e9)


def _build(
    species: Species,
    side: Side | None,
    source: str | Path,
    preset: Preset,
    taper: Taper | None,
    names: str | Sequence[str] | None,
    scatter_seed: int | None,
    youngs_modulus_pa: float,
) -> WhiskerArray:
    if preset not in ("proper", "whiskit"):
        raise ValueError(f"preset {preset!r} is not known; give proper or whiskit.")
    offset = WHISKIT_OFFSET_MM[species] if preset == "whiskit" else (0.0, 0.0, 0.0)
    table = _table(species, source)
    if source == "towal2011" and (preset == "whiskit" or scatter_seed is not None):
        raise ValueError("the array towal2011 has neither a whiskit preset nor scatter; use source='regression'.")
    chosen = table.names if side is None else _side_names(table.names, side)
    chosen = chosen if names is None else expand_names(names, chosen)
    if table.morphology is None:
        if taper is not None or scatter_seed is not None:
            raise ValueError(
                f"{Path(source).name} gives radii and material of its whiskers, so that neither a taper nor a scatter "
                "seed applies; leave both out."
            )
        whiskers = {whisker.name: whisker for whisker in table.whiskers}
        mirrors = {mirrored_name(name): whisker for name, whisker in whiskers.items()}
        return WhiskerArray(
            tuple(whiskers[name] if name in whiskers else _mirrored(mirrors[name]) for name in chosen),
            array_offset_mm=offset,
        )
    morphology = table.morphology.selected(chosen)
    if scatter_seed is not None:
        morphology = scattered(morphology, scatter_seed)
    density = WHISKIT_MOUSE_DENSITY_KG_M3 if (species, preset) == ("mouse", "whiskit") else DENSITY_KG_M3
    rule: Taper = taper or ("whiskit" if preset == "whiskit" else "belli2017")
    return WhiskerArray(_whiskers(morphology, preset, rule, density, youngs_modulus_pa), array_offset_mm=offset)


def _table(species: Species, source: str | Path) -> WhiskerTable:
    """Built-in arrays in the form of a table, so that both go one way."""
    if source == "regression":
        return WhiskerTable("average", morphology=MORPHOLOGIES[species](whisker_names(species)))
    if source == "towal2011" and species == "rat":
        return WhiskerTable("average", morphology=MORPHOLOGIES["rat_towal2011"](whisker_names("rat_31")))
    if not Path(source).is_file():
        built_in = "regression" if species == "mouse" else "regression, towal2011"
        raise ValueError(f"source {str(source)!r} is no file and no built-in array of the {species} ({built_in}).")
    return read_table(source)


def _side_names(available: Sequence[str], side: Side) -> tuple[str, ...]:
    names: list[str] = []
    for letter in side_letters(side):
        own = [name for name in available if name[0] == letter]
        names += own or [mirrored_name(name) for name in available]
    return tuple(names)


def _whiskers(
    morphology: Morphology, preset: Preset, taper: Taper, density: tuple[float, float], youngs_modulus_pa: float
) -> tuple[Whisker, ...]:
    names, length = morphology.names, morphology.length_mm
    given = morphology.base_diameter_mm
    base_radius = (base_diameter_mm(names, length) if given is None else given) / 2
    tip_radius = tip_radius_mm(names, length, base_radius, taper)
    points = morphology.base_points_mm(preset)
    side = np.array([1.0 if name[0] == "R" else -1.0 for name in names])
    columns = (
        length,
        morphology.curvature_per_mm,
        side * points[:, 0],
        points[:, 1],
        points[:, 2],
        side * morphology.azimuth_deg,
        morphology.elevation_deg,
        side * morphology.roll_deg,
        base_radius,
        tip_radius,
    )
    return tuple(
        Whisker(name, s, a, (x, y, z), theta, phi, zeta, base, tip, *density, youngs_modulus_pa)
        for name, (s, a, x, y, z, theta, phi, zeta, base, tip) in zip(
            names, np.column_stack(columns).tolist(), strict=True
        )
    )


def _mirrored(whisker: Whisker) -> Whisker:
    x, y, z = whisker.base_point_mm
    return replace(
        whisker,
        name=mirrored_name(whisker.name),
        base_point_mm=(-x, y, z),
        azimuth_deg=-whisker.azimuth_deg,
        roll_deg=-whisker.roll_deg,
    )
