"""Prescribed motion as uniform knots, the form in which the time loop reads it."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from .quaternions import continuous, multiply

if TYPE_CHECKING:
    from .base import BasePose
    from .rigid import RigidPose

LONGEST_SPACING_S = 5e-4
SHORTEST_SPACING_S = 5e-6
"""Closer samples get no closer knots."""

MAX_TURN_RAD = 0.1
"""Largest turn between two knots; a faster turn gets closer knots."""

MAX_KNOTS = 20_000_000
"""Of all bodies of a motion together: 2.08 GB."""

_POSES_AT_ONCE = 200_000


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

    def max_speed_mm_s(self, radius_mm: float) -> float:
        """Bound of the speed of any point within ``radius_mm`` of the origin of one body, at and between the knots."""
        pieces = range(0, len(self.position) - 1, _POSES_AT_ONCE)
        return max((self._piece_bound(first, first + _POSES_AT_ONCE + 1, radius_mm) for first in pieces), default=0.0)

    def _piece_bound(self, first: int, last: int, radius_mm: float) -> float:
        position, velocity, quaternion, angular = (values[first:last] for values in self[1:])
        shift = np.linalg.norm(_rate_hull(self.dt_ms, position, velocity), axis=-1).max(axis=0)
        change = 0.5 * multiply(np.pad(angular, ((0, 0), (1, 0))), quaternion)
        # The polynomial of a quaternion stays within its four control points, here seen along their middle.
        start, end = quaternion[:-1], quaternion[1:]
        middle = start + end
        hull = (start, start + change[:-1] * self.dt_ms / 3, end - change[1:] * self.dt_ms / 3, end)
        shortest = np.min([(point * middle).sum(axis=-1) for point in hull], axis=0) / np.linalg.norm(middle, axis=-1)
        turn = 2 * np.linalg.norm(_rate_hull(self.dt_ms, quaternion, change), axis=-1).max(axis=0) / shortest
        return 1e3 * float((shift + radius_mm * turn).max())


def _rate_hull(dt: float, values: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Three rates around all those of each cubic between knots: the control points of its derivative."""
    return np.stack([rates[:-1], 3 * np.diff(values, axis=0) / dt - rates[:-1] - rates[1:], rates[1:]])


class Spaced(Protocol):
    """A motion that knows how close its knots must be."""

    def spacing_s(self, duration_s: float) -> float:
        """Longest time between knots that follow it closely over ``[0, duration_s]``."""


def chosen_spacing(motion: Spaced, duration_s: float, spacing_s: float | None) -> float:
    """Time between knots: the given one, or what the motion needs, from `SHORTEST_SPACING_S` to `LONGEST_SPACING_S`.

    Raises
    ------
    ValueError
        If the duration or the spacing is not positive and finite.
    """
    for name, value in (
        ("duration_s", duration_s),
        ("spacing_s", LONGEST_SPACING_S if spacing_s is None else spacing_s),
    ):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be positive and finite, received {value}.")
    if spacing_s is not None:
        return spacing_s
    return min(LONGEST_SPACING_S, max(SHORTEST_SPACING_S, motion.spacing_s(duration_s)))


def build_knots(
    poses_at: Callable[[np.ndarray], "RigidPose | BasePose"], duration_s: float, n_knots: int, n_bodies: int = 1
) -> Knots:
    """Knots of a motion at equal times over ``[0, duration_s]``.

    Parameters
    ----------
    poses_at
        Times ``(T,)`` in s to positions (mm), quaternions, velocities (mm/s), angular velocities (rad/s), time first.
    duration_s
        Time of the last knot.
    n_knots
        Number asked for; more are taken where the turn between two would exceed `MAX_TURN_RAD`.
    n_bodies
        Bodies that the poses describe.

    Raises
    ------
    ValueError
        If the motion is so long, so finely sampled or so fast that more than `MAX_KNOTS` knots were needed.
    """
    needed = 0
    while True:
        n_knots = max(n_knots, needed)
        if n_knots * n_bodies > MAX_KNOTS:
            raise ValueError(
                f"the motion needs {n_knots} knots over {duration_s} s for each of {n_bodies} bodies, more than {MAX_KNOTS} in "
                "all; shorten the duration, thin out samples that lie closer than needed, or slow the motion."
            )
        position, quaternion, velocity, angular = _poses(poses_at, duration_s, n_knots, n_bodies)
        if n_knots == 1:
            break
        fastest = float(np.linalg.norm(angular, axis=-1).max())
        needed = math.ceil(fastest * duration_s / MAX_TURN_RAD * (1 - 1e-9)) + 1
        if needed <= n_knots:
            break
    in_time = np.moveaxis(quaternion, -2, 0)
    in_time[...] = continuous(in_time)
    velocity *= 1e-3
    angular *= 1e-3
    return Knots(1e3 * duration_s / max(n_knots - 1, 1), position, velocity, quaternion, angular)


def _poses(
    poses_at: Callable[[np.ndarray], "RigidPose | BasePose"], duration_s: float, n_knots: int, n_bodies: int
) -> tuple[np.ndarray, ...]:
    """Poses and their rates, each body's together as the time loop takes them, found for some times after others."""
    times = np.linspace(0.0, duration_s, n_knots)
    arrays: tuple[np.ndarray, ...] = ()
    first = 0
    for piece in np.array_split(times, math.ceil(n_knots * n_bodies / _POSES_AT_ONCE)):
        poses = poses_at(piece)[:4]
        if not arrays:
            arrays = tuple(np.empty((*values.shape[1:-1], n_knots, values.shape[-1])) for values in poses)
        for array, values in zip(arrays, poses, strict=True):
            array[..., first : first + len(piece), :] = np.moveaxis(values, 0, -2)
        first += len(piece)
    return arrays


def knots_over(duration_s: float, spacing_s: float) -> int:
    """Number of knots at most ``spacing_s`` apart over ``duration_s``."""
    count = math.ceil(duration_s / spacing_s * (1 - 1e-12))
    return max(count, 1) + 1
