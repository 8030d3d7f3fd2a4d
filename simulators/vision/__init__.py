"""Moving pictures with physical units and known motion."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .clip import display_of, make_clip, stack_clips
    from .display import Display
    from .flow_color import flow_legend, flow_to_rgb
    from .flow_files import read_flo, read_kitti_flow, write_flo, write_kitti_flow
    from .flow_folders import (
        FlowFolder,
        FlowSequence,
        flying_chairs_folder,
        kitti_folder,
        sintel_folder,
        sintel_slow_folder,
    )
    from .materials import glass_shapes, shiny_shapes, water_scene
    from .modulations import MODULATIONS, modulated_region
    from .second_order import contrast_modulated, drift_balanced, flicker_modulated, motion_defined
    from .training_scenes import nontexture_shapes, textured_sprites, training_grating
    from .video_files import read_video

_HOME = {
    "Display": "display",
    "FlowFolder": "flow_folders",
    "FlowSequence": "flow_folders",
    "MODULATIONS": "modulations",
    "contrast_modulated": "second_order",
    "display_of": "clip",
    "drift_balanced": "second_order",
    "flicker_modulated": "second_order",
    "flow_legend": "flow_color",
    "flow_to_rgb": "flow_color",
    "flying_chairs_folder": "flow_folders",
    "glass_shapes": "materials",
    "kitti_folder": "flow_folders",
    "make_clip": "clip",
    "modulated_region": "modulations",
    "motion_defined": "second_order",
    "nontexture_shapes": "training_scenes",
    "read_flo": "flow_files",
    "read_kitti_flow": "flow_files",
    "read_video": "video_files",
    "shiny_shapes": "materials",
    "sintel_folder": "flow_folders",
    "sintel_slow_folder": "flow_folders",
    "stack_clips": "clip",
    "textured_sprites": "training_scenes",
    "training_grating": "training_scenes",
    "water_scene": "materials",
    "write_flo": "flow_files",
    "write_kitti_flow": "flow_files",
}

__all__ = [
    "Display",
    "FlowFolder",
    "FlowSequence",
    "MODULATIONS",
    "contrast_modulated",
    "display_of",
    "drift_balanced",
    "flicker_modulated",
    "flow_legend",
    "flow_to_rgb",
    "flying_chairs_folder",
    "glass_shapes",
    "kitti_folder",
    "make_clip",
    "modulated_region",
    "motion_defined",
    "nontexture_shapes",
    "read_flo",
    "read_kitti_flow",
    "read_video",
    "shiny_shapes",
    "sintel_folder",
    "sintel_slow_folder",
    "stack_clips",
    "textured_sprites",
    "training_grating",
    "water_scene",
    "write_flo",
    "write_kitti_flow",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
