"""Prescribed motion: of objects and of the head, of the whiskers' bases, and tracked behaviour replayed."""

from .base import ELEVATION_PER_DEG, TORSION_PER_DEG, BaseMotion, BasePose, head_motion
from .knots import Knots
from .rigid import RigidMotion, RigidPose

__all__ = [
    "ELEVATION_PER_DEG",
    "TORSION_PER_DEG",
    "BaseMotion",
    "BasePose",
    "Knots",
    "RigidMotion",
    "RigidPose",
    "head_motion",
]
