"""Motion of the whiskers' bases: carried by the head, turned in their follicles, shifted with the pad."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from ..geometry.names import mirrored_name
from . import quaternions as qt
from .knots import Knots, build_knots, chosen_spacing, knots_over
from .rigid import POLAR, RigidMotion
from .samples import within
from .smooth_path import SmoothPath, path_through

if TYPE_CHECKING:
    from ..geometry.array import WhiskerArray

ELEVATION_PER_DEG = {"A": 0.398, "B": 0.591, "C": 0.578, "D": 0.393, "E": 0.217}
TORSION_PER_DEG = {"A": -0.900, "B": -0.284, "C": 0.243, "D": 0.449, "E": 0.744}
"""Change of elevation and of roll with a degree of protraction, by row, measured in the rat.

References
----------
Knutsen, Biess and Ahissar 2008, Neuron 59:35-42.
"""


class BasePose(NamedTuple):
    """Base frames of W whiskers at T times.

    Attributes
    ----------
    position_mm
        ``(T, W, 3)`` base points in the world.
    quaternion
        ``(T, W, 4)`` from the axes of the first link to the world's.
    velocity_mm_s, angular_velocity_rad_s
        ``(T, W, 3)``, world axes.
    protraction_deg
        ``(T, W)`` away from rest, positive rostrally on both sides; None where nothing protracts.
    phase_rad
        ``(T, W)`` of the whisk, 0 at full protraction, in (-pi, pi]; None where there is no cycle.
    """

    position_mm: np.ndarray
    quaternion: np.ndarray
    velocity_mm_s: np.ndarray
    angular_velocity_rad_s: np.ndarray
    protraction_deg: np.ndarray | None
    phase_rad: np.ndarray | None


class Protraction(Protocol):
    """Protraction of W whiskers over time."""

    @property
    def end_s(self) -> float:
        """Last time that is known."""

    def at(self, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Protraction (deg), its rate (deg/s) and phase (rad) or None, each ``(T, W)``."""

    def spacing_s(self, duration_s: float) -> float:
        """Longest time between knots that follow it closely over ``[0, duration_s]``."""


@dataclass(frozen=True, eq=False)
class PadMotion:
    """Base points that move in the head, on smooth paths through samples as `RigidMotion.sampled` makes them.

    Parameters
    ----------
    times_s
        ``(T,)`` increasing.
    points_mm
        ``(T, W, 3)`` in the axes of the head, from its origin.

    Attributes
    ----------
    path
        ``3 W`` coordinates over time.
    """

    times_s: np.ndarray
    points_mm: np.ndarray
    path: SmoothPath = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", path_through(self.times_s, self.points_mm.reshape(len(self.times_s), -1)))

    @property
    def end_s(self) -> float:
        """Time of the last sample."""
        return float(self.times_s[-1])

    def at(self, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points (mm) and velocities (mm/s), each ``(T, W, 3)``."""
        points, rates = self.path.at(within(times_s, float(self.times_s[0]), self.end_s))
        shape = (-1, *self.points_mm.shape[1:])
        return points.reshape(shape), rates.reshape(shape)

    def spacing_s(self, duration_s: float) -> float:
        """Shortest time between two samples."""
        return self.path.spacing_s


@dataclass(frozen=True, eq=False)
class BaseMotion:
    """Base frames of an array's whiskers over time.

    A whisker starts in its rest shape and is carried by its base, so that a base in motion at time 0 is no impact.

    Parameters
    ----------
    names
        The whiskers, in the order of the array.
    head
        Pose of the head's frame in the world; it replaces the head pose of the array.
    base_points_mm
        ``(W, 3)`` in the axes of the head, from its origin.
    emergence_deg
        ``(W, 3)`` azimuth, elevation and roll at rest, those of the left side already mirrored.
    slopes
        ``(W, 3)`` change of these three with a degree of protraction.
    protraction
        Protraction over time, or None.
    pad
        Base points over time, or None for points at rest in the head.
    filled_values
        Tracked numbers that were missing and filled.
    """

    names: tuple[str, ...]
    head: RigidMotion
    base_points_mm: np.ndarray
    emergence_deg: np.ndarray
    slopes: np.ndarray
    protraction: Protraction | None = None
    pad: PadMotion | None = None
    filled_values: int = 0

    @staticmethod
    def fixed(
        array: "WhiskerArray",
        *,
        elevation_per_deg: Mapping[str, float] | None = None,
        torsion_per_deg: Mapping[str, float] | None = None,
    ) -> "BaseMotion":
        """The bases of an array at rest.

        Parameters
        ----------
        array
            The whiskers and the pose of the head.
        elevation_per_deg, torsion_per_deg
            Change of elevation and roll of a right whisker with a degree of protraction by row A to E, for motions made
            from this one; None for `ELEVATION_PER_DEG` and `TORSION_PER_DEG`.

        Raises
        ------
        ValueError
            If a row of the array has no value.
        """
        raised = ELEVATION_PER_DEG if elevation_per_deg is None else elevation_per_deg
        twisted = TORSION_PER_DEG if torsion_per_deg is None else torsion_per_deg
        rows = {whisker.row for whisker in array.whiskers}
        for name, given in (("elevation_per_deg", raised), ("torsion_per_deg", twisted)):
            if not rows <= set(given) or not all(math.isfinite(value) for value in given.values()):
                raise ValueError(
                    f"{name} is {dict(given)}; it needs one finite number for each of rows {sorted(rows)}."
                )
        sides = [-1.0 if whisker.side == "left" else 1.0 for whisker in array.whiskers]
        position = np.asarray(array.head_position_mm, dtype=float)
        return BaseMotion(
            tuple(array.names),
            RigidMotion.fixed(array.head_position_mm, array.head_orientation_deg),
            (array.base_points_mm() - position) @ array.head_rotation(),
            np.array([(w.azimuth_deg, w.elevation_deg, w.roll_deg) for w in array.whiskers], dtype=float),
            np.array([(s, raised[w.row], s * twisted[w.row]) for s, w in zip(sides, array.whiskers, strict=True)]),
        )

    @property
    def n_whiskers(self) -> int:
        """Number of whiskers."""
        return len(self.names)

    @property
    def end_s(self) -> float:
        """Last time at which the motion is known."""
        return min(part.end_s for part in self._parts)

    @property
    def _parts(self) -> "list[RigidMotion | Protraction | PadMotion]":
        return [part for part in (self.head, self.protraction, self.pad) if part is not None]

    def carried_by(self, head: RigidMotion) -> "BaseMotion":
        """The same motion within the head, whose pose in the world now follows ``head``."""
        return replace(self, head=head)

    def at(self, times_s: np.ndarray) -> BasePose:
        """Base frames at times ``(T,)``.

        Raises
        ------
        ValueError
            If a time lies outside the samples of the motion.
        """
        times = np.atleast_1d(np.asarray(times_s, dtype=float))
        head = self.head.at(times)
        turned, spin, protraction, phase = self._in_head(times)
        if self.pad is None:
            points, drift = self.base_points_mm[None], np.zeros(3)
        else:
            points, drift = self.pad.at(times)
        carrier, rate = head.quaternion[:, None], head.angular_velocity_rad_s[:, None]
        lever = qt.rotate(carrier, points)
        return BasePose(
            head.position_mm[:, None] + lever,
            qt.multiply(carrier, turned),
            head.velocity_mm_s[:, None] + np.cross(rate, lever) + qt.rotate(carrier, drift),
            rate + qt.rotate(carrier, spin),
            protraction,
            phase,
        )

    def _in_head(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None]:
        """Orientation and angular velocity (rad/s) in the head's axes, protraction and phase."""
        if self.protraction is None:
            return qt.from_emergence(self.emergence_deg)[None], np.zeros((1, len(self.names), 3)), None, None
        protraction, rate, phase = self.protraction.at(times)
        turned = qt.from_emergence(self.emergence_deg + protraction[..., None] * self.slopes)
        azimuth = np.deg2rad(self.emergence_deg[:, 0] + protraction * self.slopes[:, 0])
        # Azimuth turns about the head's z, elevation about the axis the azimuth has turned, roll about the whisker.
        level = np.stack([np.cos(azimuth), np.sin(azimuth), np.zeros_like(azimuth)], axis=-1)
        along = qt.rotate(turned, np.array([1.0, 0.0, 0.0]))
        theta, phi, zeta = np.moveaxis(np.deg2rad(rate[..., None] * self.slopes), -1, 0)
        spin = zeta[..., None] * along - phi[..., None] * level
        spin[..., 2] += theta
        return turned, spin, protraction, phase

    def spacing_s(self, duration_s: float) -> float:
        """Longest time between knots that follow the motion over ``[0, duration_s]`` closely."""
        return min(part.spacing_s(duration_s) for part in self._parts)

    def knots(self, duration_s: float, spacing_s: float | None = None) -> Knots:
        """The motion over ``[0, duration_s]`` as the time loop reads it: arrays ``(W, K, ...)``.

        One knot for bases at rest, two for a head that is only shifted at constant velocity.

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
        count = knots_over(duration_s, spacing)
        if self.protraction is None and self.pad is None:
            count = self.head.knot_count(duration_s, spacing)
        return build_knots(self.at, duration_s, count, len(self.names))

    def mirrored(self) -> "BaseMotion":
        """The motion of the mirrored array: x -> -x, left and right whiskers exchanged, in the same order."""
        pad = None if self.pad is None else replace(self.pad, points_mm=self.pad.points_mm * POLAR)
        angles = np.array([-1.0, 1.0, -1.0])
        return replace(
            self,
            names=tuple(map(mirrored_name, self.names)),
            head=self.head.mirrored(),
            base_points_mm=self.base_points_mm * POLAR,
            emergence_deg=self.emergence_deg * angles,
            slopes=self.slopes * angles,
            pad=pad,
        )


def head_motion(array: "WhiskerArray", motion: RigidMotion) -> BaseMotion:
    """All bases carried by the head.

    Parameters
    ----------
    array
        The whiskers; the pose of its head is replaced.
    motion
        Pose of the head's frame in the world over time.
    """
    return BaseMotion.fixed(array).carried_by(motion)
