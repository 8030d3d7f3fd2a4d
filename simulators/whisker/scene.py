"""What happens: an array, the objects around it, how both move, for how long."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .geometry.array import WhiskerArray
from .motion import BaseMotion, RigidMotion

if TYPE_CHECKING:
    from .solids import Solid


@dataclass(frozen=True)
class SceneObject:
    """A solid and how it moves.

    Parameters
    ----------
    solid
        The shape, in its own frame.
    motion
        Pose of that frame over time, prescribed: whiskers are too light to push things.
    name
        For labels; objects without one are numbered.
    """

    solid: "Solid"
    motion: RigidMotion
    name: str = ""


@dataclass(frozen=True)
class Scene:
    """An array of whiskers, objects and their motion.

    Parameters
    ----------
    array
        The whiskers and the pose of the head at rest.
    objects
        Any number, none included.
    base_motion
        Motion of the bases (whisking, a moving head); ``None`` holds them still.
    duration_s
        Time simulated.
    rate_hz
        Output intervals per second; forces are averages over each.

    Raises
    ------
    ValueError
        If the duration or the rate is not positive, no interval fits, or the base motion belongs to other whiskers.
    """

    array: WhiskerArray
    objects: tuple[SceneObject, ...] = ()
    base_motion: BaseMotion | None = None
    duration_s: float = 1.0
    rate_hz: float = 1000.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "objects", tuple(self.objects))
        for field in ("duration_s", "rate_hz"):
            value = getattr(self, field)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{field} of a scene is {value}; it must be positive and finite.")
        if not all(isinstance(item, SceneObject) for item in self.objects):
            raise ValueError("objects of a scene are SceneObject(solid, motion); wrap each solid with its motion.")
        if self.n_intervals < 1:
            raise ValueError(
                f"a scene of {self.duration_s} s at {self.rate_hz} Hz has no complete output interval; raise one of both."
            )
        if self.base_motion is not None and tuple(self.base_motion.names) != tuple(self.array.names):
            raise ValueError(
                f"the base motion is that of {list(self.base_motion.names)} and the array has {list(self.array.names)}; "
                "build it from the same array."
            )

    @property
    def n_intervals(self) -> int:
        """Output intervals; the duration is cut to whole ones."""
        return math.floor(self.duration_s * self.rate_hz * (1 + 1e-12))

    def mirrored(self) -> "Scene":
        """The scene in the mirror x -> -x: left whiskers become right ones."""
        objects = tuple(SceneObject(item.solid.mirrored(), item.motion.mirrored(), item.name) for item in self.objects)
        base_motion = None if self.base_motion is None else self.base_motion.mirrored()
        return replace(self, array=self.array.mirrored(), objects=objects, base_motion=base_motion)
