"""Prescribed motion as uniform knots, the form in which the time loop reads it."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .quaternions import continuous

if TYPE_CHECKING:
    from .base import BasePose
    from .rigid import RigidPose

DEFAULT_SPACING_S = 5e-4
MAX_TURN_RAD = 0.1
"""Largest turn between two knots; a faster turn gets closer knots."""

MAX_KNOTS = 2_000_000


class Knots(NamedTuple):
    """Pose and velocity at equally spaced times from 0 on, in the units of the time loop (mm, ms).

    Attributes
    ----------
    dt_ms
        Time between two knots.
    position
        ``(K, 3)`` mm, or ``(W, K, 3)`` for the bases of W whiskers. ``K = 1`` means at rest.
    velocity
        Same shape, mm/ms.
    quaternion
        ``(K, 4)`` or ``(W, K, 4)``, unit, neighbours on one side.
    angular_velocity
        Shape of ``position``, rad/ms, world axes.
    """

    dt_ms: float
    position: np.ndarray
    velocity: np.ndarray
    quaternion: np.ndarray
    angular_velocity: np.ndarray


def check_duration(duration_s: float, spacing_s: float) -> None:
    """Refuse a duration or a spacing that is not positive and finite."""
    for name, value in (("duration_s", duration_s), ("spacing_s", spacing_s)):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be positive and finite, received {value}.")


def build_knots(poses_at: Callable[[np.ndarray], "RigidPose | BasePose"], duration_s: float, n_knots: int) -> Knots:
    """Knots of a motion at equal times over ``[0, duration_s]``.

    Parameters
    ----------
    poses_at
        Times ``(T,)`` in s to positions (mm), quaternions, velocities (mm/s), angular velocities (rad/s), time first.
    duration_s
        Time of the last knot.
    n_knots
        Number asked for; more are taken where the turn between two would exceed `MAX_TURN_RAD`.

    Raises
    ------
    ValueError
        If the motion turns so fast that more than `MAX_KNOTS` knots were needed.
    """
    needed = 0
    while True:
        n_knots = max(n_knots, needed)
        if n_knots > MAX_KNOTS:
            raise ValueError(
                f"the motion needs {n_knots} knots over {duration_s} s, more than {MAX_KNOTS}; "
                "shorten the duration, widen the spacing or slow the rotation."
            )
        position, quaternion, velocity, angular = poses_at(np.linspace(0.0, duration_s, n_knots))[:4]
        if n_knots == 1:
            break
        fastest = float(np.linalg.norm(angular, axis=-1).max())
        needed = math.ceil(fastest * duration_s / MAX_TURN_RAD * (1 - 1e-9)) + 1
        if needed <= n_knots:
            break
    dt_ms = 1e3 * duration_s / max(n_knots - 1, 1)
    arrays = (position, 1e-3 * velocity, continuous(quaternion), 1e-3 * angular)
    # One whisker's knots must lie together, and the time loop takes C-contiguous float64 only.
    return Knots(dt_ms, *(np.ascontiguousarray(np.moveaxis(values, 0, -2), dtype=np.float64) for values in arrays))


def knots_over(duration_s: float, spacing_s: float) -> int:
    """Number of knots at most ``spacing_s`` apart over ``duration_s``."""
    count = math.ceil(duration_s / spacing_s * (1 - 1e-12))
    return max(count, 1) + 1
