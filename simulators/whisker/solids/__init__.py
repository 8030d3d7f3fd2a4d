"""Solids that whiskers touch, and the distance to them."""

from importlib import import_module
from typing import TYPE_CHECKING

from .analytic import Box, Capsule, CurvedPlate, Cylinder, Plane, Sphere, Superquadric, Torus
from .base import Solid
from .extrusion import Extrusion
from .mesh import Mesh
from .table import SolidTable, pack_solids

if TYPE_CHECKING:
    from .segment import point_distance, segment_gap

# These two bring the compiler with them.
_COMPILED = ("point_distance", "segment_gap")

__all__ = [
    "Box", "Capsule", "CurvedPlate", "Cylinder", "Extrusion", "Mesh", "Plane", "Solid", "SolidTable", "Sphere", "Superquadric",
    "Torus", "pack_solids", "point_distance", "segment_gap",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name in _COMPILED:
        return getattr(import_module(".segment", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
