"""Whisker arrays that touch things: geometry, elastic whiskers, contact, motion, recordings.

A `Scene` holds an array of whiskers, objects and how both move; `simulate` turns it into the forces and moments on the
base of every whisker. Objects come from `solids`, motion from `motion`, sets of stimuli from `stimuli`. Names are
loaded when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .analysis import compare_recordings, contact_episodes
    from .array import CURVED_PLATE_POSE, STANDARD_SWEEP_POSE, WhiskerArray, mouse_array, rat_array, read_array
    from .chain import Chain
    from .clearance import cleared, start_gaps_mm
    from .collection import write_collection
    from .collection_reader import Collection, open_collection
    from .mechanics import Mechanics
    from .movie import scene_movie
    from .names import whisker_names
    from .pictures import array_picture, contact_raster, force_traces, scene_picture, scene_views, tip_paths
    from .pluck import static_shape
    from .scene import Scene, SceneObject
    from .simulation import simulate, simulate_scenes
    from .storage import load_recording, save_recording
    from .tables import write_table
    from .views import published_view
    from .whisker import Whisker
    from .workers import Entry

_HOME = {
    "CURVED_PLATE_POSE": "array",
    "Chain": "chain",
    "Collection": "collection_reader",
    "Entry": "workers",
    "Mechanics": "mechanics",
    "STANDARD_SWEEP_POSE": "array",
    "Scene": "scene",
    "SceneObject": "scene",
    "Whisker": "whisker",
    "WhiskerArray": "array",
    "array_picture": "pictures",
    "cleared": "clearance",
    "compare_recordings": "analysis",
    "contact_episodes": "analysis",
    "contact_raster": "pictures",
    "force_traces": "pictures",
    "load_recording": "storage",
    "mouse_array": "array",
    "open_collection": "collection_reader",
    "published_view": "views",
    "rat_array": "array",
    "read_array": "array",
    "save_recording": "storage",
    "scene_movie": "movie",
    "scene_picture": "pictures",
    "scene_views": "pictures",
    "simulate": "simulation",
    "simulate_scenes": "simulation",
    "start_gaps_mm": "clearance",
    "static_shape": "pluck",
    "tip_paths": "pictures",
    "whisker_names": "names",
    "write_collection": "collection",
    "write_table": "tables",
}

__all__ = [
    "CURVED_PLATE_POSE",
    "Chain",
    "Collection",
    "Entry",
    "Mechanics",
    "STANDARD_SWEEP_POSE",
    "Scene",
    "SceneObject",
    "Whisker",
    "WhiskerArray",
    "array_picture",
    "cleared",
    "compare_recordings",
    "contact_episodes",
    "contact_raster",
    "force_traces",
    "load_recording",
    "mouse_array",
    "open_collection",
    "published_view",
    "rat_array",
    "read_array",
    "save_recording",
    "scene_movie",
    "scene_picture",
    "scene_views",
    "simulate",
    "simulate_scenes",
    "start_gaps_mm",
    "static_shape",
    "tip_paths",
    "whisker_names",
    "write_collection",
    "write_table",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
