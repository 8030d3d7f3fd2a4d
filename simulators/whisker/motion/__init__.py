"""Prescribed motion: of objects and of the head, of the whiskers' bases, and tracked behaviour replayed."""

from typing import TYPE_CHECKING

from .base import ELEVATION_PER_DEG, TORSION_PER_DEG, BaseMotion, BasePose, head_motion
from .knots import Knots
from .rigid import RigidMotion, RigidPose
from .tracked import TrackedAngles, read_whisker_angles, tracked, tracked_from_csv
from .whisking import Rhythm, whisking

if TYPE_CHECKING:
    from .interpolation import pose_at

__all__ = [
    "ELEVATION_PER_DEG",
    "TORSION_PER_DEG",
    "BaseMotion",
    "BasePose",
    "Knots",
    "Rhythm",
    "RigidMotion",
    "RigidPose",
    "TrackedAngles",
    "head_motion",
    "pose_at",
    "read_whisker_angles",
    "tracked",
    "tracked_from_csv",
    "whisking",
]


def __getattr__(name: str) -> object:
    # Compiled code is loaded when it is asked for: a motion is described without numba.
    if name == "pose_at":
        from .interpolation import pose_at

        return pose_at
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
