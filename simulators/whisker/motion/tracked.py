"""Tracked behaviour replayed: angles of whiskers, base points and head pose as measured from video."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from .base import BaseMotion, PadMotion
from .rigid import MAX_SPEED_MM_S, RigidMotion
from .samples import checked_times, checked_values, fill_gaps, low_pass, refuse_jumps, within
from .smooth_path import SmoothPath, path_through

if TYPE_CHECKING:
    from ..geometry.array import WhiskerArray

MAX_ANGULAR_SPEED_DEG_S = 10_000.0
"""Above the fastest whisking (25 degrees at 20 Hz is 3,142 degrees per second), below a whisker mistaken for another."""


class TrackedAngles(NamedTuple):
    """Whisker angles as read from a table.

    Attributes
    ----------
    times_s
        ``(T,)`` increasing.
    names
        The tracked whiskers, or empty where one angle stands for all.
    angles_deg
        ``(T, C)``, one column per name or a single one, missing samples NaN.
    """

    times_s: np.ndarray
    names: tuple[str, ...]
    angles_deg: np.ndarray


@dataclass(frozen=True, eq=False)
class SampledProtraction:
    """Protraction of W whiskers, smooth through samples as `RigidMotion.sampled` makes a path.

    Parameters
    ----------
    times_s
        ``(T,)`` increasing.
    angles_deg
        ``(T, W)`` away from rest.

    Attributes
    ----------
    path
        The angles over time.
    """

    times_s: np.ndarray
    angles_deg: np.ndarray
    path: SmoothPath = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", path_through(self.times_s, self.angles_deg))

    @property
    def end_s(self) -> float:
        """Time of the last sample."""
        return float(self.times_s[-1])

    def at(self, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray, None]:
        """Protraction (deg) and its rate (deg/s), each ``(T, W)``; a recording has no phase of its own."""
        return *self.path.at(within(times_s, float(self.times_s[0]), self.end_s)), None

    def spacing_s(self, duration_s: float) -> float:
        """Shortest time between two samples."""
        return self.path.spacing_s


def tracked(
    array: "WhiskerArray",
    times_s: np.ndarray,
    angles_deg: np.ndarray | None = None,
    *,
    angle: Literal["protraction", "azimuth"] = "protraction",
    base_points_mm: np.ndarray | None = None,
    head: RigidMotion | None = None,
    max_gap_s: float = 0.0,
    smoothing_hz: float | None = None,
    max_speed_deg_s: float = MAX_ANGULAR_SPEED_DEG_S,
    elevation_per_deg: Mapping[str, float] | None = None,
    torsion_per_deg: Mapping[str, float] | None = None,
) -> BaseMotion:
    """Bases that follow a recording.

    Angles and base points pass through the samples as the positions of `RigidMotion.sampled` do: smoothly, and without
    swinging out at stops or between far or uneven samples.

    Parameters
    ----------
    array
        The whiskers, in the order of the recording's columns.
    times_s
        ``(T,)`` increasing; time 0 is the start of the scene.
    angles_deg
        ``(T, W)``, or ``(T,)`` for one angle shared by all whiskers; NaN where tracking failed. None for whiskers that
        keep their angle.
    angle
        ``"protraction"``: away from the whisker's rest, positive rostrally. ``"azimuth"``: in the head, 0 caudal, 90
        lateral, 180 rostral on both sides.
    base_points_mm
        ``(T, W, 3)`` in the axes of the head from its origin, or None for points at rest in it.
    head
        Pose of the head in the world over time, or None for the array's.
    max_gap_s
        Longest gap that is filled by straight lines; 0 refuses every gap. ``filled_values`` of the result counts.
    smoothing_hz
        Corner of a zero-phase low-pass filter of angles and base points, or None.
    max_speed_deg_s
        Highest speed that an angle may reach, between samples too.
    elevation_per_deg, torsion_per_deg
        As in `whisking`.

    Raises
    ------
    ValueError
        If the shapes do not fit, times do not increase, a gap is too long or a whisker or base point jumps.
    """
    if angles_deg is None and base_points_mm is None:
        raise ValueError("tracked received neither angles_deg nor base_points_mm; for the head alone use head_motion.")
    if angle not in ("protraction", "azimuth"):
        raise ValueError(f"angle is 'protraction' or 'azimuth', received {angle!r}.")
    times = checked_times(times_s)
    motion = BaseMotion.fixed(array, elevation_per_deg=elevation_per_deg, torsion_per_deg=torsion_per_deg)
    if head is not None:
        motion = motion.carried_by(head)
    width = len(motion.names)
    filled = 0
    if angles_deg is not None:
        given = np.asarray(angles_deg, dtype=float)
        if given.ndim == 1:
            given = given[:, None]
        angles = checked_values("angles_deg", given, (len(times), 1 if given.shape[1] == 1 else width))
        angles, filled = _cleaned("the whisker angle", times, angles, max_gap_s, smoothing_hz)
        if angle == "azimuth":
            angles = angles - motion.emergence_deg[:, 0] * motion.slopes[:, 0]
        protraction = SampledProtraction(times, np.broadcast_to(angles, (len(times), width)))
        refuse_jumps("a whisker", protraction.path, 1, max_speed_deg_s, "deg/s")
        motion = replace(motion, protraction=protraction)
    if base_points_mm is not None:
        points = checked_values("base_points_mm", base_points_mm, (len(times), width, 3))
        points, filled_points = _cleaned("a base point", times, points, max_gap_s, smoothing_hz)
        filled += filled_points
        pad = PadMotion(times, points)
        refuse_jumps("a base point", pad.path, 3, MAX_SPEED_MM_S, "mm/s")
        motion = replace(motion, pad=pad)
    return replace(motion, filled_values=filled)


def tracked_from_csv(
    array: "WhiskerArray",
    path: str | Path,
    *,
    start_s: float = 0.0,
    angle: Literal["protraction", "azimuth"] = "protraction",
    head: RigidMotion | None = None,
    max_gap_s: float = 0.0,
    smoothing_hz: float | None = None,
    max_speed_deg_s: float = MAX_ANGULAR_SPEED_DEG_S,
) -> BaseMotion:
    """Bases that follow a table of whisker angles.

    Parameters
    ----------
    array
        The whiskers; the table may hold others, which are left out.
    path
        CSV as `read_whisker_angles` takes it.
    start_s
        Time in the table that is time 0 of the scene.
    angle, head, max_gap_s, smoothing_hz, max_speed_deg_s
        As in `tracked`.

    Raises
    ------
    ValueError
        If a whisker of the array is not in the table, or for the reasons of `read_whisker_angles` and `tracked`.
    """
    table = read_whisker_angles(path)
    angles = table.angles_deg
    if table.names:
        missing = [name for name in array.names if name not in table.names]
        if missing:
            raise ValueError(
                f"{Path(path).name} has no angles of {', '.join(missing)}, only of {', '.join(table.names)}; take the "
                "array's subset of the tracked whiskers."
            )
        angles = angles[:, [table.names.index(name) for name in array.names]]
    return tracked(
        array,
        table.times_s - start_s,
        angles,
        angle=angle,
        head=head,
        max_gap_s=max_gap_s,
        smoothing_hz=smoothing_hz,
        max_speed_deg_s=max_speed_deg_s,
    )


def read_whisker_angles(path: str | Path) -> TrackedAngles:
    """Read whisker angles in degrees from a table.

    Parameters
    ----------
    path
        CSV with a header, in one of three forms: wide, ``time_s`` and a column per whisker (``RC1``, ...); long,
        ``time_s, whisker, angle_deg`` in any order of rows; or ``time_s, angle_deg``, one angle for all whiskers. Empty
        cells, and whiskers without a row at a time that others have, are gaps.

    Raises
    ------
    ValueError
        If the columns are of none of these forms, a cell is no number, or a whisker has two angles at one time.
    """
    import pandas as pd

    name = Path(path).name
    table = pd.read_csv(path, skipinitialspace=True)
    columns = [str(column) for column in table.columns]
    if "time_s" not in columns or len(columns) < 2:
        raise ValueError(f"{name} has the columns {columns}; whisker angles need time_s and at least one more.")
    if set(columns) == {"time_s", "whisker", "angle_deg"}:
        twice = table.duplicated(["time_s", "whisker"])
        if twice.any():
            row = table[twice].iloc[0]
            raise ValueError(
                f"{name} gives whisker {row['whisker']} two angles at {row['time_s']} s; keep one of them."
            )
        table = table.pivot(index="time_s", columns="whisker", values="angle_deg").reset_index()
    whiskers = [column for column in table.columns if column != "time_s"]
    try:
        times, angles = table["time_s"].to_numpy(dtype=float), table[whiskers].to_numpy(dtype=float)
    except ValueError as error:
        raise ValueError(f"{name} holds a cell that is no number ({error}); leave missing angles empty.") from error
    names = () if whiskers == ["angle_deg"] else tuple(str(whisker) for whisker in whiskers)
    return TrackedAngles(checked_times(times), names, angles)


def _cleaned(
    name: str, times: np.ndarray, values: np.ndarray, max_gap_s: float, smoothing_hz: float | None
) -> tuple[np.ndarray, int]:
    values, filled = fill_gaps(name, times, values, max_gap_s)
    if smoothing_hz is not None:
        values = low_pass(times, values, smoothing_hz)
    return values, filled
