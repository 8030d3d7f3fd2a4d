"""The table of moving stimuli: names for the command line, for examples and for whoever wants them all."""

from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

KINDS = {
    "barber-pole": "simulators.vision.barber_poles:barber_pole",
    "counterphase": "simulators.vision.gratings:counterphase_grating",
    "dots": "simulators.vision.dots:random_dots",
    "gabor-array": "simulators.vision.gabor_arrays:gabor_array",
    "grating": "simulators.vision.gratings:drifting_grating",
    "grating-sum": "simulators.vision.gratings:grating_sum",
    "image": "simulators.vision.textures:moving_image",
    "missing-fundamental": "simulators.vision.square_waves:missing_fundamental",
    "occluded-diamond": "simulators.vision.occluded:occluded_diamond",
    "plaid": "simulators.vision.gratings:plaid",
    "reverse-phi": "simulators.vision.contrast_reversal:reverse_phi_texture",
    "texture": "simulators.vision.textures:moving_texture",
    "uniform": "simulators.vision.gratings:uniform_clip",
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
