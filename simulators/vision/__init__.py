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
    from .gabor_arrays import gabor_array
    from .gratings import counterphase_grating, drifting_grating, grating_sum, grating_sums, plaid, uniform_clip
    from .kinds import KINDS, generator_of
    from .movies import write_clip_movie
    from .occluded import occluded_diamond
    from .square_waves import missing_fundamental
    from .textures import moving_image, moving_texture, noise_texture

_HOME = {
    "Display": "display",
    "KINDS": "kinds",
    "annular_aperture": "apertures",
    "barber_pole": "barber_poles",
    "circular_aperture": "apertures",
    "counterphase_grating": "gratings",
    "display_of": "clip",
    "drifting_grating": "gratings",
    "gabor_array": "gabor_arrays",
    "generator_of": "kinds",
    "grating_sum": "gratings",
    "grating_sums": "gratings",
    "make_aperture": "apertures",
    "make_clip": "clip",
    "missing_fundamental": "square_waves",
    "moving_image": "textures",
    "moving_texture": "textures",
    "noise_texture": "textures",
    "occluded_diamond": "occluded",
    "plaid": "gratings",
    "random_dots": "dots",
    "rectangular_aperture": "apertures",
    "reverse_phi": "contrast_reversal",
    "stack_clips": "clip",
    "uniform_clip": "gratings",
    "write_clip_movie": "movies",
}

__all__ = [
    "Display",
    "KINDS",
    "annular_aperture",
    "barber_pole",
    "circular_aperture",
    "counterphase_grating",
    "display_of",
    "drifting_grating",
    "gabor_array",
    "generator_of",
    "grating_sum",
    "grating_sums",
    "make_aperture",
    "make_clip",
    "missing_fundamental",
    "moving_image",
    "moving_texture",
    "noise_texture",
    "occluded_diamond",
    "plaid",
    "random_dots",
    "rectangular_aperture",
    "reverse_phi",
    "stack_clips",
    "uniform_clip",
    "write_clip_movie",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
