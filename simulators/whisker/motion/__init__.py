"""Prescribed motion: of objects and of the head, of the whiskers' bases, and tracked behaviour replayed."""

from .base import ELEVATION_PER_DEG, TORSION_PER_DEG, BaseMotion, BasePose, head_motion
from .knots import Knots
from .rigid import RigidMotion, RigidPose
from .tracked import TrackedAngles, read_whisker_angles, tracked, tracked_from_csv
from .whisking import Rhythm, whisking

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
    "read_whisker_angles",
    "tracked",
    "tracked_from_csv",
    "whisking",
]
