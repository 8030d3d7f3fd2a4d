"""What passes the whiskers: families of objects, sets of real ones, grids of sweeps, the plates of the recordings."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .debian import unpack_debian_package
    from .entries import sweep_entries
    from .families import FAMILIES, Family, build_object, categories, make_object
    from .furniture import FurnitureItem, FurnitureObjects, read_catalogue
    from .objects import LabelledObject, ObjectSet, ProceduralObjects
    from .passage import Passage, clear_passage, gap_to_array_mm
    from .placement import PlacedSweep, place, posed_for_sweeps
    from .plates import PlateStimulus, plate
    from .rodgers import RodgersStimulus, rodgers_stimuli
    from .shapenet import Category, ShapeNetObjects, read_categories, read_object_list
    from .sweeps import Sweep, SweepGrid, clean_grid, published_110_hz_grid, published_1000_hz_grid

_HOME = {
    "Category": "shapenet",
    "FAMILIES": "families",
    "Family": "families",
    "FurnitureItem": "furniture",
    "FurnitureObjects": "furniture",
    "LabelledObject": "objects",
    "ObjectSet": "objects",
    "Passage": "passage",
    "PlacedSweep": "placement",
    "PlateStimulus": "plates",
    "ProceduralObjects": "objects",
    "RodgersStimulus": "rodgers",
    "ShapeNetObjects": "shapenet",
    "Sweep": "sweeps",
    "SweepGrid": "sweeps",
    "build_object": "families",
    "categories": "families",
    "clean_grid": "sweeps",
    "clear_passage": "passage",
    "gap_to_array_mm": "passage",
    "make_object": "families",
    "place": "placement",
    "plate": "plates",
    "posed_for_sweeps": "placement",
    "published_1000_hz_grid": "sweeps",
    "published_110_hz_grid": "sweeps",
    "read_catalogue": "furniture",
    "read_categories": "shapenet",
    "read_object_list": "shapenet",
    "rodgers_stimuli": "rodgers",
    "sweep_entries": "entries",
    "unpack_debian_package": "debian",
}

__all__ = [
    "FAMILIES",
    "Category",
    "Family",
    "FurnitureItem",
    "FurnitureObjects",
    "LabelledObject",
    "ObjectSet",
    "Passage",
    "PlacedSweep",
    "PlateStimulus",
    "ProceduralObjects",
    "RodgersStimulus",
    "ShapeNetObjects",
    "Sweep",
    "SweepGrid",
    "build_object",
    "categories",
    "clean_grid",
    "clear_passage",
    "gap_to_array_mm",
    "make_object",
    "place",
    "plate",
    "posed_for_sweeps",
    "published_1000_hz_grid",
    "published_110_hz_grid",
    "read_catalogue",
    "read_categories",
    "read_object_list",
    "rodgers_stimuli",
    "sweep_entries",
    "unpack_debian_package",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
