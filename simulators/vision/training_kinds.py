"""Scenes to train on by name, as arrays."""

from collections.abc import Callable
from functools import partial

import numpy as np

from .display import Display
from .materials import paint_glass, paint_shiny, paint_water
from .sprites import Painted
from .training_scenes import paint_grating, paint_shapes, paint_sprites

TRAINING_KINDS: dict[str, Callable[..., Painted]] = {
    "shapes": paint_shapes,
    "sprites": partial(paint_sprites, rotation_deg=2.0, zoom=0.01),
    "gratings": paint_grating,
    "shiny": paint_shiny,
    "glass": partial(paint_glass, surface_kind="clear"),
    "frosted-glass": partial(paint_glass, surface_kind="frosted"),
    "dynamic-glass": partial(paint_glass, surface_kind="dynamic"),
    "water": paint_water,
}


def paint_training_scene(
    kind: str, display: Display, n_frames: int, rng: np.random.Generator, *, max_speed: float = 4.0, channels: int = 1
) -> Painted:
    """Arrays of one scene; like the clips of the same family, without the labels of axes.

    Parameters
    ----------
    kind
        A name of `TRAINING_KINDS`: ``"shapes"`` (`nontexture_shapes`), ``"sprites"`` (`textured_sprites` that turn and grow
        a little), ``"gratings"`` (`training_grating`), ``"shiny"`` (`shiny_shapes`), ``"glass"``, ``"frosted-glass"`` and
        ``"dynamic-glass"`` (`glass_shapes`), ``"water"`` (`water_scene`).
    display
        Of the scene.
    n_frames
        Of the scene.
    rng
        Decides every bit.
    max_speed
        Pixels per frame.
    channels
        1 for luminance, 3 for colours.

    Raises
    ------
    ValueError
        If the kind is unknown.
    """
    if kind not in TRAINING_KINDS:
        raise ValueError(f"training scene {kind!r} is not known; give one of {', '.join(TRAINING_KINDS)}.")
    return TRAINING_KINDS[kind](display, n_frames, rng, max_speed, channels)
