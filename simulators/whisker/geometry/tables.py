"""Tables of whiskers on disk: the user's own, those of published averages, those of the published simulators.

Three sets of columns are understood; columns beyond them are ignored.

==========  =======================================================================================================
whiskers    name, length_mm, curvature_per_mm, base_x_mm, base_y_mm, base_z_mm, azimuth_deg, elevation_deg, roll_deg,
            base_radius_mm, tip_radius_mm; not needed: density_base_kg_m3, density_tip_kg_m3, youngs_modulus_pa
average     sim_name (RC1) or label (C2, right), S_mm, A_per_mm, thetaW_deg, phiW_deg, zetaW_deg, rBP_mm, thetaBP_deg,
            phiBP_deg; not needed: Dbase_mm
program     name, S_mm, A_per_mm, bp_x_mm, bp_y_mm, bp_z_mm (without the cosine of the elevation), theta_rad, phi_rad,
            zeta_rad; not needed: Dbase_mm
==========  =======================================================================================================
"""

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import numpy as np

from .regressions import Morphology
from .whisker import Whisker

Kind = Literal["whiskers", "average", "program"]

_AXES = ("base_x_mm", "base_y_mm", "base_z_mm")
_OPTIONAL = ("density_base_kg_m3", "density_tip_kg_m3", "youngs_modulus_pa")
_REQUIRED: dict[Kind, tuple[str, ...]] = {
    "whiskers": (
        "name", "length_mm", "curvature_per_mm", *_AXES, "azimuth_deg", "elevation_deg", "roll_deg", "base_radius_mm",
        "tip_radius_mm",
    ),
    "average": (
        "S_mm", "A_per_mm", "thetaW_deg", "phiW_deg", "zetaW_deg", "rBP_mm", "thetaBP_deg", "phiBP_deg",
    ),
    "program": (
        "name", "S_mm", "A_per_mm", "bp_x_mm", "bp_y_mm", "bp_z_mm", "theta_rad", "phi_rad", "zeta_rad",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class _Row:
    """One line of a table, with the words to say where a fault is."""

    file: str
    line: int
    cells: dict[str, str]

    def fault(self, message: str) -> ValueError:
        return ValueError(f"{self.file}, line {self.line}: {message}")

    def number(self, column: str, *, positive: bool = False) -> float:
        text = self.cells[column]
        try:
            value = float(text)
        except ValueError:
            raise self.fault(f"column {column} holds {text!r}, which is no number.") from None
        if not math.isfinite(value) or (positive and value <= 0):
            wanted = "positive and finite" if positive else "finite"
            raise self.fault(f"column {column} is {text}; it must be {wanted}.")
        return value


@dataclass(frozen=True)
class WhiskerTable:
    """A table as read: either whiskers complete in themselves, or the morphology from which they are made.

    Attributes
    ----------
    kind
        Which set of columns it had.
    whiskers
        The whiskers, where the table gives everything.
    morphology
        Place and shape, where radii and material have to come from elsewhere.
    """

    kind: Kind
    whiskers: tuple[Whisker, ...] = ()
    morphology: Morphology | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the order of the table."""
        return self.morphology.names if self.morphology else tuple(whisker.name for whisker in self.whiskers)


def read_table(path: str | Path) -> WhiskerTable:
    """Read a table of whiskers (CSV, comma, one header line).

    Parameters
    ----------
    path
        File with one of the three sets of columns of this module.

    Raises
    ------
    ValueError
        If columns are missing, a cell is empty or no number, a name is unknown or repeated; with file, line and column.
    """
    path = Path(path)
    columns, rows = _read_rows(path)
    kind = _kind(path.name, columns)
    names = _names(kind, columns, rows)
    if kind == "whiskers":
        return WhiskerTable(kind, whiskers=tuple(map(_whisker, rows, names)))
    diameter = _column(rows, "Dbase_mm", positive=True) if "Dbase_mm" in columns else None
    arrange = _from_average if kind == "average" else _from_program
    return WhiskerTable(kind, morphology=arrange(tuple(names), rows, diameter))


def write_table(whiskers: Iterable[Whisker], path: str | Path) -> Path:
    """Write whiskers as a table that `read_table` reads back without loss.

    Parameters
    ----------
    whiskers
        Whiskers, or a whisker array's ``whiskers``.
    path
        Target (.csv); an existing file is replaced.
    """
    path = Path(path)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow((*_REQUIRED["whiskers"], *_OPTIONAL))
        for whisker in whiskers:
            values = {field.name: getattr(whisker, field.name) for field in fields(Whisker)}
            values.update(zip(_AXES, values.pop("base_point_mm"), strict=True))
            writer.writerow([values[column] for column in (*_REQUIRED["whiskers"], *_OPTIONAL)])
    return path


def _read_rows(path: Path) -> tuple[list[str], list[_Row]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.reader(stream)
        columns = [column.strip() for column in next(reader, [])]
        rows = []
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) != len(columns):
                raise ValueError(
                    f"{path.name}, line {reader.line_num}: {len(cells)} cells under {len(columns)} columns; "
                    "separate them by commas, one whisker a line."
                )
            rows.append(_Row(path.name, reader.line_num, dict(zip(columns, map(str.strip, cells), strict=True))))
    if not rows:
        raise ValueError(f"{path.name} holds no whiskers; it needs a header line and one line per whisker.")
    return columns, rows


def _kind(file: str, columns: list[str]) -> Kind:
    missing = {kind: [column for column in needed if column not in columns] for kind, needed in _REQUIRED.items()}
    if not {"sim_name", "label"} & set(columns):
        missing["average"].append("sim_name (or label)")
    kind = min(missing, key=lambda kind: len(missing[kind]))
    if missing[kind]:
        raise ValueError(
            f"{file}, line 1: as a table of the kind {kind!r} it lacks the columns {', '.join(missing[kind])}; "
            f"it has {', '.join(columns)}."
        )
    return kind


def _names(kind: Kind, columns: list[str], rows: list[_Row]) -> list[str]:
    column = "name" if kind != "average" else "sim_name" if "sim_name" in columns else "label"
    names: list[str] = []
    for row in rows:
        name = row.cells[column]
        if column == "label":
            if len(name) != 2 or name[0] not in "ABCDE" or name[1] not in "1234567":
                raise row.fault(f"label {name!r} is not known; labels are row and column from 1, A1 to E7.")
            name = f"R{name[0]}{int(name[1]) - 1}"
        if len(name) != 3 or name[0] not in "LR" or name[1] not in "ABCDE" or not name[2].isdecimal():
            raise row.fault(
                f"whisker name {name!r} in column {column} is not known; a name is side (L, R), row (A to E) and column "
                "from 0, as in RC1."
            )
        if name in names:
            raise row.fault(f"whisker {name} is in the table twice.")
        names.append(name)
    return names


def _whisker(row: _Row, name: str) -> Whisker:
    given = [column for column in _OPTIONAL if column in row.cells]
    numbers = {column: row.number(column) for column in (*_REQUIRED["whiskers"][1:], *given) if column not in _AXES}
    x, y, z = (row.number(column) for column in _AXES)
    try:
        return Whisker(name=name, base_point_mm=(x, y, z), **numbers)
    except ValueError as error:
        raise row.fault(str(error)) from None


def _column(rows: list[_Row], column: str, *, positive: bool = False) -> np.ndarray:
    return np.array([row.number(column, positive=positive) for row in rows])


def _from_average(names: tuple[str, ...], rows: list[_Row], diameter: np.ndarray | None) -> Morphology:
    return Morphology(
        names=names,
        length_mm=_column(rows, "S_mm", positive=True),
        curvature_per_mm=_column(rows, "A_per_mm"),
        base_distance_mm=_column(rows, "rBP_mm", positive=True),
        base_azimuth_deg=_column(rows, "thetaBP_deg"),
        base_elevation_deg=_column(rows, "phiBP_deg"),
        azimuth_deg=_column(rows, "thetaW_deg"),
        elevation_deg=_column(rows, "phiW_deg"),
        roll_deg=_column(rows, "zetaW_deg"),
        base_diameter_mm=diameter,
    )


def _from_program(names: tuple[str, ...], rows: list[_Row], diameter: np.ndarray | None) -> Morphology:
    """Spherical base points from the program's cartesian ones: sqrt(x^2 + y^2) is the distance itself there."""
    side = np.array([1.0 if name[0] == "R" else -1.0 for name in names])
    x, y, z = (_column(rows, column) for column in ("bp_x_mm", "bp_y_mm", "bp_z_mm"))
    distance = np.hypot(x, y)
    for row, level, height in zip(rows, distance, z, strict=True):
        if abs(height) > level or level == 0:
            raise row.fault(
                f"base point height {height} mm is larger than its distance {level:.4g} mm from the vertical axis; tables "
                "of this kind hold x, y without the cosine of the elevation, give a table of another kind."
            )
    return Morphology(
        names=names,
        length_mm=_column(rows, "S_mm", positive=True),
        curvature_per_mm=_column(rows, "A_per_mm"),
        base_distance_mm=distance,
        base_azimuth_deg=np.degrees(np.arctan2(y, side * x)),
        base_elevation_deg=np.degrees(np.arcsin(z / distance)),
        azimuth_deg=side * np.degrees(_column(rows, "theta_rad")),
        elevation_deg=np.degrees(_column(rows, "phi_rad")),
        roll_deg=side * np.degrees(_column(rows, "zeta_rad")),
        base_diameter_mm=diameter,
    )
