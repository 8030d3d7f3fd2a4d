"""Moving pictures with physical units and known motion."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .apertures import annular_aperture, circular_aperture, make_aperture, rectangular_aperture
    from .barber_poles import barber_pole
    from .clip import display_of, make_clip, stack_clips
    from .contrast_reversal import reverse_phi
    from .display import Display
    from .dots import random_dots
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
    from .gabor_arrays import gabor_array
    from .gratings import counterphase_grating, drifting_grating, grating_sum, grating_sums, plaid, uniform_clip
    from .kinds import KINDS, generator_of
    from .materials import glass_shapes, shiny_shapes, water_scene
    from .modulations import MODULATIONS, modulated_region
    from .movies import write_clip_movie
    from .occluded import occluded_diamond
    from .second_order import contrast_modulated, drift_balanced, flicker_modulated, motion_defined
    from .square_waves import missing_fundamental
    from .textures import moving_image, moving_texture, noise_texture
    from .training_scenes import nontexture_shapes, textured_sprites, training_grating
    from .video_files import read_video

_HOME = {
    "Display": "display",
    "FlowFolder": "flow_folders",
    "FlowSequence": "flow_folders",
    "KINDS": "kinds",
    "MODULATIONS": "modulations",
    "annular_aperture": "apertures",
    "barber_pole": "barber_poles",
    "circular_aperture": "apertures",
    "contrast_modulated": "second_order",
    "counterphase_grating": "gratings",
    "display_of": "clip",
    "drift_balanced": "second_order",
    "drifting_grating": "gratings",
    "flicker_modulated": "second_order",
    "flow_legend": "flow_color",
    "flow_to_rgb": "flow_color",
    "flying_chairs_folder": "flow_folders",
    "gabor_array": "gabor_arrays",
    "generator_of": "kinds",
    "glass_shapes": "materials",
    "grating_sum": "gratings",
    "grating_sums": "gratings",
    "kitti_folder": "flow_folders",
    "make_aperture": "apertures",
    "make_clip": "clip",
    "missing_fundamental": "square_waves",
    "modulated_region": "modulations",
    "motion_defined": "second_order",
    "moving_image": "textures",
    "moving_texture": "textures",
    "noise_texture": "textures",
    "nontexture_shapes": "training_scenes",
    "occluded_diamond": "occluded",
    "plaid": "gratings",
    "random_dots": "dots",
    "read_flo": "flow_files",
    "read_kitti_flow": "flow_files",
    "read_video": "video_files",
    "rectangular_aperture": "apertures",
    "reverse_phi": "contrast_reversal",
    "shiny_shapes": "materials",
    "sintel_folder": "flow_folders",
    "sintel_slow_folder": "flow_folders",
    "stack_clips": "clip",
    "textured_sprites": "training_scenes",
    "training_grating": "training_scenes",
    "uniform_clip": "gratings",
    "water_scene": "materials",
    "write_clip_movie": "movies",
    "write_flo": "flow_files",
    "write_kitti_flow": "flow_files",
}

__all__ = [
    "Display",
    "FlowFolder",
    "FlowSequence",
    "KINDS",
    "MODULATIONS",
    "annular_aperture",
    "barber_pole",
    "circular_aperture",
    "contrast_modulated",
    "counterphase_grating",
    "display_of",
    "drift_balanced",
    "drifting_grating",
    "flicker_modulated",
    "flow_legend",
    "flow_to_rgb",
    "flying_chairs_folder",
    "gabor_array",
    "generator_of",
    "glass_shapes",
    "grating_sum",
    "grating_sums",
    "kitti_folder",
    "make_aperture",
    "make_clip",
    "missing_fundamental",
    "modulated_region",
    "motion_defined",
    "moving_image",
    "moving_texture",
    "noise_texture",
    "nontexture_shapes",
    "occluded_diamond",
    "plaid",
    "random_dots",
    "read_flo",
    "read_kitti_flow",
    "read_video",
    "rectangular_aperture",
    "reverse_phi",
    "shiny_shapes",
    "sintel_folder",
    "sintel_slow_folder",
    "stack_clips",
    "textured_sprites",
    "training_grating",
    "uniform_clip",
    "water_scene",
    "write_clip_movie",
    "write_flo",
    "write_kitti_flow",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
