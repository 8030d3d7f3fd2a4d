"""Whisker arrays that touch things: geometry, elastic whiskers, contact, motion, recordings.

A `Scene` holds an array of whiskers, objects and how both move; `simulate` turns it into the forces and moments on the
base of every whisker. Objects come from `solids`, motion from `motion`, sets of stimuli from `stimuli`. Names are
loaded when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .analysis import compare_recordings, contact_episodes, ring_down
    from .beams.chain import Chain
    from .beams.mechanics import Mechanics
    from .geometry.array import CURVED_PLATE_POSE, STANDARD_SWEEP_POSE, WhiskerArray, mouse_array, rat_array, read_array
    from .geometry.names import whisker_names
    from .geometry.tables import write_table
    from .geometry.whisker import Whisker
    from .output.collection import write_collection
    from .output.collection_reader import Collection, open_collection
    from .output.storage import load_recording, save_recording
    from .output.views import published_view
    from .output.workers import Entry
    from .pictures.figures import array_picture, contact_raster, force_traces, scene_picture, scene_views, tip_paths
    from .pictures.movie import scene_movie
    from .pluck import pluck_whisker, static_shape
    from .scene import Scene, SceneObject
    from .simulation import simulate, simulate_scenes
    from .solver.clearance import cleared, start_gaps_mm

_HOME = {
    "CURVED_PLATE_POSE": "geometry.array",
    "Chain": "beams.chain",
    "Collection": "output.collection_reader",
    "Entry": "output.workers",
    "Mechanics": "beams.mechanics",
    "STANDARD_SWEEP_POSE": "geometry.array",
    "Scene": "scene",
    "SceneObject": "scene",
    "Whisker": "geometry.whisker",
    "WhiskerArray": "geometry.array",
    "array_picture": "pictures.figures",
    "cleared": "solver.clearance",
    "compare_recordings": "analysis",
    "contact_episodes": "analysis",
    "contact_raster": "pictures.figures",
    "force_traces": "pictures.figures",
    "load_recording": "output.storage",
    "mouse_array": "geometry.array",
    "open_collection": "output.collection_reader",
    "pluck_whisker": "pluck",
    "published_view": "output.views",
    "rat_array": "geometry.array",
    "read_array": "geometry.array",
    "ring_down": "analysis",
    "save_recording": "output.storage",
    "scene_movie": "pictures.movie",
    "scene_picture": "pictures.figures",
    "scene_views": "pictures.figures",
    "simulate": "simulation",
    "simulate_scenes": "simulation",
    "start_gaps_mm": "solver.clearance",
    "static_shape": "pluck",
    "tip_paths": "pictures.figures",
    "whisker_names": "geometry.names",
    "write_collection": "output.collection",
    "write_table": "geometry.tables",
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
    "pluck_whisker",
    "published_view",
    "rat_array",
    "read_array",
    "ring_down",
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
