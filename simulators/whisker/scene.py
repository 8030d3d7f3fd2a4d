"""What happens: an array, the objects around it, how both move, for how long."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from .geometry.array import WhiskerArray
from .motion import BaseMotion, RigidMotion
from .numbers_given import refuse_not_positive
from .output.size import refuse_too_large
from .solids.base import Solid


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

    Raises
    ------
    ValueError
        If the solid is none, or the motion is no `RigidMotion`.
    """

    solid: Solid
    motion: RigidMotion
    name: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.solid, Solid):
            raise ValueError(
                f"solid of a SceneObject is {_shown(self.solid)}; give a solid such as Sphere(5.0) or Mesh.read('a.stl')."
            )
        if not isinstance(self.motion, RigidMotion):
            raise ValueError(
                f"motion of a SceneObject is {_shown(self.motion)}; give RigidMotion.fixed(position_mm) for one at rest, or "
                "RigidMotion.linear, sampled or from_csv."
            )
        if not isinstance(self.name, str):
            raise ValueError(f"name of a SceneObject is {_shown(self.name)}; give text.")


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
        If a part is of another kind, the duration or the rate is not positive, no interval fits, so many fit that their
        forces alone exceed the memory of this machine, or the base motion belongs to other whiskers.
    """

    array: WhiskerArray
    objects: tuple[SceneObject, ...] = ()
    base_motion: BaseMotion | None = None
    duration_s: float = 1.0
    rate_hz: float = 1000.0

    def __post_init__(self) -> None:
        if not isinstance(self.array, WhiskerArray):
            raise ValueError(
                f"array of a scene is {_shown(self.array)}; give a WhiskerArray such as mouse_array(names='RC1')."
            )
        if isinstance(self.objects, SceneObject) or not isinstance(self.objects, Iterable):
            raise ValueError(
                f"objects of a scene is {_shown(self.objects)}; give a tuple of SceneObject, also of a single one, as "
                "(SceneObject(solid, motion),)."
            )
        object.__setattr__(self, "objects", tuple(self.objects))
        for item in self.objects:
            if not isinstance(item, SceneObject):
                raise ValueError(
                    f"objects of a scene holds {_shown(item)}; give SceneObject(solid, motion): wrap each solid with its "
                    "motion."
                )
        if not (self.base_motion is None or isinstance(self.base_motion, BaseMotion)):
            raise ValueError(
                f"base_motion of a scene is {_shown(self.base_motion)}; give a BaseMotion, as whisking(array), "
                "head_motion(array, path) or tracked(array, ...) make it, or None."
            )
        for field in ("duration_s", "rate_hz"):
            refuse_not_positive(f"{field} of a scene", getattr(self, field))
        if not math.isfinite(self.duration_s * self.rate_hz):
            raise ValueError(
                f"a scene of {self.duration_s} s at {self.rate_hz} Hz has more output intervals than can be counted; lower "
                "one of both."
            )
        if self.n_intervals < 1:
            raise ValueError(
                f"a scene of {self.duration_s} s at {self.rate_hz} Hz has no complete output interval; raise one of both."
            )
        refuse_too_large(len(self.array), self.n_intervals)
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


def _shown(value: object) -> str:
    """A value that is refused: itself where it is short, its type else."""
    text = repr(value)
    return text if len(text) <= 40 else f"a {type(value).__name__}"
