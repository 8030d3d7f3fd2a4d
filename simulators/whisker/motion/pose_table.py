"""Poses over time read from a table."""

from pathlib import Path

import numpy as np

from . import quaternions as qt
from .samples import checked_rotations, checked_times, checked_values, fill_gaps, low_pass

PLACE = ["x_mm", "y_mm", "z_mm"]
TURN = ["qw", "qx", "qy", "qz"]
ANGLES = ["roll_deg", "pitch_deg", "yaw_deg"]


def read_poses(
    path: str | Path, start_s: float, max_gap_s: float, smoothing_hz: float | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Read, fill and smooth the samples that `RigidMotion.from_csv` describes.

    Returns
    -------
    tuple
        Times ``(T,)`` from ``start_s``, positions ``(T, 3)``, quaternions ``(T, 4)`` and the number of values filled.

    Raises
    ------
    ValueError
        If columns are missing or unknown, a cell is no number, times do not increase or a gap is too long.
    """
    import pandas as pd

    name = Path(path).name
    table = pd.read_csv(path, skipinitialspace=True)
    given = set(table.columns)
    rest = given - {"time_s", *PLACE}
    if not {"time_s", *PLACE} <= given or rest not in (set(), set(TURN), set(ANGLES)):
        raise ValueError(
            f"{name} has the columns {list(table.columns)}; a path needs time_s, {', '.join(PLACE)} and either nothing "
            f"more, {', '.join(TURN)} or {', '.join(ANGLES)}."
        )
    try:
        table = table.astype(float)
    except ValueError as error:
        raise ValueError(f"{name} holds a cell that is no number ({error}); leave missing samples empty.") from error
    times = checked_times(table["time_s"].to_numpy() - start_s)
    positions = checked_values(", ".join(PLACE), table[PLACE].to_numpy(), (None, 3))
    positions, filled = fill_gaps("the position", times, positions, max_gap_s)
    turned = np.tile([1.0, 0.0, 0.0, 0.0], (len(times), 1))
    if rest:
        names = TURN if rest == set(TURN) else ANGLES
        raw = checked_values(", ".join(names), table[names].to_numpy(), (None, len(names)))
        turned = checked_rotations(raw) if names is TURN else qt.from_orientation(raw)
        known = ~np.isnan(turned).any(axis=1)
        # A sample is known whole or not at all; signs are free, and only neighbours on one side can be joined by lines.
        turned[~known] = np.nan
        turned[known] = qt.continuous(turned[known])
        turned, filled_turns = fill_gaps("the orientation", times, turned, max_gap_s)
        filled += filled_turns
    if smoothing_hz is not None:
        positions, turned = low_pass(times, positions, smoothing_hz), low_pass(times, turned, smoothing_hz)
    if filled or smoothing_hz is not None:
        turned = turned / np.linalg.norm(turned, axis=1, keepdims=True)
    return times, positions, turned, filled
