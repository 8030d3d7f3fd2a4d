"""Prescribed motion of one rigid body: an object, or the head."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from . import quaternions as qt
from .knots import Knots, build_knots, chosen_spacing, knots_over
from .pose_table import read_poses
from .samples import checked_rotations, checked_times, checked_values, refuse_jumps, within
from .smooth_path import SmoothPath, path_through, rotation_path

MAX_SPEED_MM_S = 20_000.0
MAX_STEP_RAD = math.pi / 2
"""Largest turn between two samples of an orientation: a longer way round could no longer be told from a shorter one."""

POLAR = np.array([-1.0, 1.0, 1.0])
AXIAL = np.array([1.0, -1.0, -1.0])
"""What the mirror x -> -x makes of positions and of turns."""


class RigidPose(NamedTuple):
    """Pose and velocity at given times.

    Attributes
    ----------
    position_mm
        ``(T, 3)`` of the body's origin in the world.
    quaternion
        ``(T, 4)`` from the body's axes to the world's.
    velocity_mm_s
        ``(T, 3)`` of the origin.
    angular_velocity_rad_s
        ``(T, 3)``, world axes.
    """

    position_mm: np.ndarray
    quaternion: np.ndarray
    velocity_mm_s: np.ndarray
    angular_velocity_rad_s: np.ndarray


class RigidMotion:
    """A prescribed pose over time; made by `fixed`, `linear`, `sampled` or `from_csv`."""

    @property
    def start_s(self) -> float:
        """First time at which the pose is known."""
        raise NotImplementedError

    @property
    def end_s(self) -> float:
        """Last time at which the pose is known."""
        raise NotImplementedError

    def at(self, times_s: np.ndarray) -> RigidPose:
        """Pose and velocity at times ``(T,)``.

        Raises
        ------
        ValueError
            If a time lies outside the samples.
        """
        raise NotImplementedError

    def mirrored(self) -> "RigidMotion":
        """The motion seen in the mirror x -> -x, of a body whose own shape is mirrored in its own x."""
        raise NotImplementedError

    def shifted(self, by_mm: np.ndarray) -> "RigidMotion":
        """The same motion from another place; ``by_mm`` (3,) is added to every position."""
        raise NotImplementedError

    def knots(self, duration_s: float, spacing_s: float | None = None) -> Knots:
        """The motion over ``[0, duration_s]`` as the time loop reads it.

        One knot for a body at rest, two for one that is only shifted at constant velocity.

        Parameters
        ----------
        duration_s
            Time of the last knot.
        spacing_s
            Longest time between two knots; None for the shorter of 0.5 ms and `spacing_s` of the motion.

        Raises
        ------
        ValueError
            If the samples do not cover the duration, or it takes more knots than fit into memory.
        """
        spacing = chosen_spacing(self, duration_s, spacing_s)
        return build_knots(self.at, duration_s, self.knot_count(duration_s, spacing))

    def max_speed_mm_s(self, duration_s: float, radius_mm: float = 0.0) -> float:
        """Bound of the speed over ``[0, duration_s]`` of any point within ``radius_mm`` of the body's origin.

        It holds between the knots of the motion too.
        """
        return self.knots(duration_s).max_speed_mm_s(radius_mm)

    def spacing_s(self, duration_s: float) -> float:
        """Longest time between knots that follow the motion over ``[0, duration_s]`` closely."""
        raise NotImplementedError

    def knot_count(self, duration_s: float, spacing_s: float) -> int:
        """Knots that the motion needs over ``[0, duration_s]`` at the given spacing."""
        return knots_over(duration_s, spacing_s)

    @staticmethod
    def fixed(
        position_mm: Sequence[float] = (0.0, 0.0, 0.0), orientation_deg: Sequence[float] = (0.0, 0.0, 0.0)
    ) -> "LinearMotion":
        """A body at rest.

        Parameters
        ----------
        position_mm
            x, y, z of the body's origin.
        orientation_deg
            Turns a, b, c about the world's x, then y, then z axis: Rz(c) Ry(b) Rx(a).
        """
        return RigidMotion.linear(position_mm, (0.0, 0.0, 0.0), orientation_deg)

    @staticmethod
    def linear(
        position_mm: Sequence[float],
        velocity_mm_s: Sequence[float],
        orientation_deg: Sequence[float] = (0.0, 0.0, 0.0),
        angular_velocity_deg_s: Sequence[float] = (0.0, 0.0, 0.0),
    ) -> "LinearMotion":
        """Constant velocity and constant turn about the body's own, moving origin.

        Parameters
        ----------
        position_mm
            x, y, z of the origin at time 0.
        velocity_mm_s
            Of the origin.
        orientation_deg
            At time 0, as in `fixed`.
        angular_velocity_deg_s
            World axes.

        Raises
        ------
        ValueError
            If a number is not finite, there are not three of them, or the speed exceeds 20 m/s.
        """
        position, velocity, orientation, angular = (
            _triple(name, values)
            for name, values in (
                ("position_mm", position_mm),
                ("velocity_mm_s", velocity_mm_s),
                ("orientation_deg", orientation_deg),
                ("angular_velocity_deg_s", angular_velocity_deg_s),
            )
        )
        speed = float(np.linalg.norm(velocity))
        if speed > MAX_SPEED_MM_S:
            raise ValueError(f"velocity_mm_s is {speed:.6g} mm/s fast; at most {MAX_SPEED_MM_S:.6g} is accepted.")
        return LinearMotion(position, qt.from_orientation(orientation), velocity, np.deg2rad(angular))

    @staticmethod
    def sampled(
        times_s: np.ndarray,
        positions_mm: np.ndarray,
        quaternions: np.ndarray | None = None,
        *,
        max_speed_mm_s: float = MAX_SPEED_MM_S,
    ) -> "SampledMotion":
        """A path through samples.

        The path passes through every sample, and velocity and angular velocity are continuous. Samples that follow a
        smooth motion closely, twelve or more to a cycle, get the cubic spline through them, with a continuous
        acceleration of each coordinate. Where that spline would swing out, at stops, corners and between far or uneven
        way points, the path is bent less and stays within the coordinates of the two samples around it. It leaves them
        at a peak alone that six samples show, and then by no more than 5/8 of the smaller of the steps before and after;
        `limited_slopes` tells how. Turns about one axis go by the same rule, others by components of the angular
        velocity in the world's axes. A constant turn of 5 degrees between neighbours is followed to 1e-8 rad, one of
        30 degrees to 1e-4.

        Parameters
        ----------
        times_s
            ``(T,)`` increasing, at least two; time 0 is the start of the scene.
        positions_mm
            ``(T, 3)``.
        quaternions
            ``(T, 4)`` (w, x, y, z), of either sign; None for axes parallel to the world's.
        max_speed_mm_s
            Highest speed that the path may reach, between samples too: from rest to rest 1.5 times the mean.

        Raises
        ------
        ValueError
            If times do not increase, a value is not finite, a quaternion is not of unit length, the path jumps, or the
            orientation turns by more than 90 degrees between neighbours.
        """
        times = checked_times(times_s)
        positions = checked_values("positions_mm", positions_mm, (len(times), 3))
        if quaternions is None:
            quaternions = np.tile([1.0, 0.0, 0.0, 0.0], (len(times), 1))
        turned = checked_values("quaternions", quaternions, (len(times), 4))
        for name, values in (("positions_mm", positions), ("quaternions", turned)):
            if np.isnan(values).any():
                raise ValueError(
                    f"{name} is NaN at row {int(np.argwhere(np.isnan(values))[0, 0])}; fill or cut the gap."
                )
        turned = qt.continuous(checked_rotations(turned))
        cosines = (turned[1:] * turned[:-1]).sum(axis=1)
        row = int(np.argmin(cosines))
        if cosines[row] < math.cos(MAX_STEP_RAD / 2) * (1 - 1e-9):
            raise ValueError(
                f"the orientation jumps between {times[row]:.6g} and {times[row + 1]:.6g} s: a turn of "
                f"{math.degrees(2 * math.acos(min(cosines[row], 1.0))):.4g} degrees, at most 90 are accepted "
                "between neighbours; repair the samples or take them closer."
            )
        motion = SampledMotion(times, positions, turned)
        refuse_jumps("the path", motion.places, 3, max_speed_mm_s, "mm/s")
        return motion

    @staticmethod
    def from_csv(
        path: str | Path,
        *,
        start_s: float = 0.0,
        max_gap_s: float = 0.0,
        smoothing_hz: float | None = None,
        max_speed_mm_s: float = MAX_SPEED_MM_S,
    ) -> "SampledMotion":
        """A path from a table of samples.

        Parameters
        ----------
        path
            CSV with a header: ``time_s, x_mm, y_mm, z_mm`` and either nothing more, ``qw, qx, qy, qz``, or
            ``roll_deg, pitch_deg, yaw_deg`` (turns about the world's x, then y, then z axis). Empty cells are gaps.
        start_s
            Time in the table that is time 0 of the scene.
        max_gap_s
            Longest gap that is filled by straight lines; 0 refuses every gap.
        smoothing_hz
            Corner of a zero-phase low-pass filter of positions and orientations, or None.
        max_speed_mm_s
            As in `sampled`.

        Raises
        ------
        ValueError
            If columns are missing or unknown, or for the reasons of `sampled`.
        """
        times, positions, turned, filled = read_poses(path, start_s, max_gap_s, smoothing_hz)
        motion = RigidMotion.sampled(times, positions, turned, max_speed_mm_s=max_speed_mm_s)
        return replace(motion, filled_values=filled)


@dataclass(frozen=True, eq=False)
class LinearMotion(RigidMotion):
    """Constant velocity and constant turn; made by `RigidMotion.linear` and `RigidMotion.fixed`.

    Parameters
    ----------
    position_mm, quaternion
        ``(3,)`` and ``(4,)`` at time 0.
    velocity_mm_s, angular_velocity_rad_s
        ``(3,)``, constant, world axes.
    """

    position_mm: np.ndarray
    quaternion: np.ndarray
    velocity_mm_s: np.ndarray
    angular_velocity_rad_s: np.ndarray

    @property
    def start_s(self) -> float:
        """Known at all times."""
        return -math.inf

    @property
    def end_s(self) -> float:
        """Known at all times."""
        return math.inf

    def at(self, times_s: np.ndarray) -> RigidPose:
        """Pose and velocity at times ``(T,)``."""
        times = np.atleast_1d(np.asarray(times_s, dtype=float))
        shape = (len(times), 3)
        turned = qt.multiply(
            qt.from_rotation_vector(times[:, None] * self.angular_velocity_rad_s), self.quaternion[None]
        )
        return RigidPose(
            self.position_mm + times[:, None] * self.velocity_mm_s,
            turned,
            np.broadcast_to(self.velocity_mm_s, shape).copy(),
            np.broadcast_to(self.angular_velocity_rad_s, shape).copy(),
        )

    def mirrored(self) -> "LinearMotion":
        """The motion seen in the mirror x -> -x."""
        return LinearMotion(
            self.position_mm * POLAR,
            qt.mirrored(self.quaternion),
            self.velocity_mm_s * POLAR,
            self.angular_velocity_rad_s * AXIAL,
        )

    def shifted(self, by_mm: np.ndarray) -> "LinearMotion":
        """The same motion from another place."""
        return replace(self, position_mm=self.position_mm + _triple("by_mm", by_mm))

    def max_speed_mm_s(self, duration_s: float, radius_mm: float = 0.0) -> float:
        """Bound of the speed of any point within ``radius_mm`` of the body's origin."""
        return float(np.linalg.norm(self.velocity_mm_s) + radius_mm * np.linalg.norm(self.angular_velocity_rad_s))

    def spacing_s(self, duration_s: float) -> float:
        """Any; a turn is followed by the knots that its speed asks for."""
        return math.inf

    def knot_count(self, duration_s: float, spacing_s: float) -> int:
        """One at rest, two for a shift, many for a turn."""
        if self.angular_velocity_rad_s.any():
            return knots_over(duration_s, spacing_s)
        return 2 if self.velocity_mm_s.any() else 1


@dataclass(frozen=True, eq=False)
class SampledMotion(RigidMotion):
    """Smooth path through samples; made by `RigidMotion.sampled` and `RigidMotion.from_csv`.

    Parameters
    ----------
    times_s, positions_mm, quaternions
        ``(T,)``, ``(T, 3)`` and ``(T, 4)``, checked.
    filled_values
        Numbers of the table that were missing and filled.

    Attributes
    ----------
    places, turns
        Positions, and quaternions before they are brought to unit length, over time.
    """

    times_s: np.ndarray
    positions_mm: np.ndarray
    quaternions: np.ndarray
    filled_values: int = 0
    places: SmoothPath = field(init=False, repr=False)
    turns: SmoothPath = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", path_through(self.times_s, self.positions_mm))
        object.__setattr__(self, "turns", rotation_path(self.times_s, qt.continuous(self.quaternions)))

    @property
    def start_s(self) -> float:
        """Time of the first sample."""
        return float(self.times_s[0])

    @property
    def end_s(self) -> float:
        """Time of the last sample."""
        return float(self.times_s[-1])

    def at(self, times_s: np.ndarray) -> RigidPose:
        """Pose and velocity at times ``(T,)``."""
        times = within(np.atleast_1d(np.asarray(times_s, dtype=float)), self.start_s, self.end_s)
        (position, velocity), (turned, change) = self.places.at(times), self.turns.at(times)
        square = (turned**2).sum(axis=1, keepdims=True)
        # Twice the vector part of (p' p*) / |p|^2 is the rate of the quaternion p brought to unit length.
        spin = 2 * qt.multiply(change, qt.conjugate(turned))[:, 1:] / square
        return RigidPose(position, turned / np.sqrt(square), velocity, spin)

    def spacing_s(self, duration_s: float) -> float:
        """Shortest time between two samples."""
        return self.places.spacing_s

    def mirrored(self) -> "SampledMotion":
        """The motion seen in the mirror x -> -x."""
        return replace(self, positions_mm=self.positions_mm * POLAR, quaternions=qt.mirrored(self.quaternions))

    def shifted(self, by_mm: np.ndarray) -> "SampledMotion":
        """The same motion from another place."""
        return replace(self, positions_mm=self.positions_mm + _triple("by_mm", by_mm))


def _triple(name: str, values: Sequence[float] | np.ndarray) -> np.ndarray:
    array = np.array(values, dtype=np.float64)
    if array.shape != (3,) or not np.isfinite(array).all():
        raise ValueError(f"{name} must be three finite numbers, received {values}.")
    return array
