"""The table of moving stimuli: names for the command line, for examples and for whoever wants them all."""

from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

KINDS = {
    "barber-pole": "simulators.vision.barber_poles:barber_pole",
    "contrast-modulated": "simulators.vision.second_order:contrast_modulated",
    "counterphase": "simulators.vision.gratings:counterphase_grating",
    "dots": "simulators.vision.dots:random_dots",
    "drift-balanced": "simulators.vision.second_order:drift_balanced",
    "flicker-modulated": "simulators.vision.second_order:flicker_modulated",
    "gabor-array": "simulators.vision.gabor_arrays:gabor_array",
    "glass": "simulators.vision.materials:glass_shapes",
    "grating": "simulators.vision.gratings:drifting_grating",
    "grating-sum": "simulators.vision.gratings:grating_sum",
    "image": "simulators.vision.textures:moving_image",
    "missing-fundamental": "simulators.vision.square_waves:missing_fundamental",
    "modulated-region": "simulators.vision.modulations:modulated_region",
    "motion-defined": "simulators.vision.second_order:motion_defined",
    "occluded-diamond": "simulators.vision.occluded:occluded_diamond",
    "plaid": "simulators.vision.gratings:plaid",
    "reverse-phi": "simulators.vision.contrast_reversal:reverse_phi_texture",
    "shapes": "simulators.vision.training_scenes:nontexture_shapes",
    "shiny": "simulators.vision.materials:shiny_shapes",
    "sprites": "simulators.vision.training_scenes:textured_sprites",
    "texture": "simulators.vision.textures:moving_texture",
    "training-grating": "simulators.vision.training_scenes:training_grating",
    "uniform": "simulators.vision.gratings:uniform_clip",
    "water": "simulators.vision.materials:water_scene",
}
"""Name of each kind and its generator, ``module:function``: it takes a display first and ``n_frames`` by name, and returns
a clip; its other parameters are options of the command line."""


def generator_of(kind: str) -> "Callable[..., xr.Dataset]":
    """The generator of a kind.

    Raises
    ------
    ValueError
        If the name is unknown; proposes the nearest.
    """
    if kind not in KINDS:
        near = get_close_matches(kind, KINDS, n=1)
        raise ValueError(
            f"there is no moving stimulus {kind!r}" + (f"; did you mean {near[0]!r}?" if near else "") + f" There are "
            f"{', '.join(sorted(KINDS))}."
        )
    module, name = KINDS[kind].split(":")
    generator: Callable[..., xr.Dataset] = getattr(import_module(module), name)
    return generator
