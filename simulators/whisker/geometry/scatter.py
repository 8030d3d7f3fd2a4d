"""Individual variation: seeded scatter of whiskers around the regressions, as large as in measured mice."""

import csv
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from .regressions import Morphology, base_diameter_mm, mouse_morphology, row_and_column


@dataclass(frozen=True)
class Scatter:
    """Spread of single whiskers around the value that row and column predict.

    Angles in degrees; lengths as the spread of their natural logarithm, so that they stay positive and the same
    relative spread serves animals of another size.

    Attributes
    ----------
    base_azimuth_deg, base_elevation_deg, log_base_distance
        Base point.
    log_length, log_curvature
        Arc length and coefficient of the parabola.
    azimuth_deg, elevation_deg, roll_deg
        Emergence angles.
    """

    base_azimuth_deg: float
    base_elevation_deg: float
    log_base_distance: float
    log_length: float
    log_curvature: float
    azimuth_deg: float
    elevation_deg: float
    roll_deg: float


# measured_scatter of the whiskers of eight mice (Bresee et al. 2023), rounded; a test computes them again.
MOUSE_SCATTER = Scatter(
    base_azimuth_deg=7.428,
    base_elevation_deg=6.887,
    log_base_distance=0.1024,
    log_length=0.245,
    log_curvature=0.5953,
    azimuth_deg=12.41,
    elevation_deg=12.23,
    roll_deg=35.54,
)

_COLUMNS = {
    "base_azimuth_deg": "thetaBP_deg",
    "base_elevation_deg": "phiBP_deg",
    "log_base_distance": "rBP_mm",
    "log_length": "S2D_mm",
    "log_curvature": "A2D_per_mm",
    "azimuth_deg": "thetaW_deg",
    "elevation_deg": "phiW_deg",
    "roll_deg": "zetaW_deg",
}
_EXPECTED = {
    "log_base_distance": "base_distance_mm",
    "log_length": "length_mm",
    "log_curvature": "curvature_per_mm",
}


def measured_scatter(path: str | Path) -> Scatter:
    """Spread of measured whiskers around the mouse regression of their row and column.

    The residuals are taken about the prediction from row and column alone, where they are almost uncorrelated between
    quantities (each chained equation would otherwise count the scatter of the base point twice). Angles are subtracted
    on the circle, to -180..180 degrees: roll and azimuth are ill defined where a whisker points up, so that plain
    differences hold whole turns. The spread is 1.4826 times the median absolute deviation, the standard deviation of a
    normal distribution that few such outliers cannot inflate.

    Parameters
    ----------
    path
        CSV of single whiskers with the columns row, col1 (from 1), S2D_mm, A2D_per_mm, rBP_mm, thetaBP_deg,
        phiBP_deg, thetaW_deg, phiW_deg and zetaW_deg; empty cells are missing measurements.

    Raises
    ------
    ValueError
        If a column is missing or has fewer than ten measurements.

    References
    ----------
    .. [1] Bresee et al. (2023) J Exp Biol 226, jeb245597, and its public data set.
    """
    path = Path(path)
    with path.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        missing = {"row", "col1", *_COLUMNS.values()} - set(reader.fieldnames or ())
        if missing:
            raise ValueError(f"{path.name} lacks the columns {', '.join(sorted(missing))}.")
        rows = list(reader)
    expected = mouse_morphology([f"R{'ABCDE'[int(row['row']) - 1]}{int(row['col1']) - 1}" for row in rows])
    spreads = {}
    for quantity, column in _COLUMNS.items():
        values = np.array([float(row[column]) if row[column] else np.nan for row in rows])
        predicted = getattr(expected, _EXPECTED.get(quantity, quantity))
        residual = np.log(values / predicted) if quantity in _EXPECTED else (values - predicted + 180) % 360 - 180
        residual = residual[np.isfinite(residual)]
        if len(residual) < 10:
            raise ValueError(f"{path.name} has {len(residual)} measurements of {column}; a spread needs at least 10.")
        spreads[quantity] = float(1.4826 * np.median(np.abs(residual - np.median(residual))))
    return Scatter(**spreads)


def scattered(morphology: Morphology, seed: int, scatter: Scatter = MOUSE_SCATTER) -> Morphology:
    """One individual: every quantity of every whisker drawn on its own around its value.

    A whisker's draw depends on the seed and its name alone, so that RC1 of one seed is the same whisker in any subset
    of the array. Angles are normal; arc length is log-normal about its median, as its exponential regression is;
    curvature and base distance are log-normal with the mean kept, as their linear regressions are. A base diameter
    follows the arc length by its regression. Rats have no published individual data that we could read: they get the
    degrees and the relative spreads of mice.

    Parameters
    ----------
    morphology
        Average animal.
    seed
        Not negative.
    scatter
        Spreads.

    Raises
    ------
    ValueError
        If the seed is not a whole number from 0.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"scatter seed is {seed!r}; give a whole number from 0.")
    rows, columns = row_and_column(morphology.names)
    draws = np.array(
        [
            np.random.default_rng((int(seed), int(name[0] == "R"), int(row), int(column))).standard_normal(8)
            for name, row, column in zip(morphology.names, rows, columns, strict=True)
        ]
    ).reshape(-1, 8)
    deviation = {field.name: getattr(scatter, field.name) * draws[:, i] for i, field in enumerate(fields(Scatter))}
    length = morphology.length_mm * np.exp(deviation["log_length"])
    diameter = morphology.base_diameter_mm
    if diameter is not None:
        names = morphology.names
        diameter = diameter + base_diameter_mm(names, length) - base_diameter_mm(names, morphology.length_mm)
    return replace(
        morphology,
        length_mm=length,
        curvature_per_mm=morphology.curvature_per_mm
        * np.exp(deviation["log_curvature"] - scatter.log_curvature**2 / 2),
        base_distance_mm=morphology.base_distance_mm
        * np.exp(deviation["log_base_distance"] - scatter.log_base_distance**2 / 2),
        base_diameter_mm=diameter,
        **{
            angle: getattr(morphology, angle) + deviation[angle]
            for angle in ("base_azimuth_deg", "base_elevation_deg", "azimuth_deg", "elevation_deg", "roll_deg")
        },
    )
