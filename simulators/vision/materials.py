"""Scenes of surfaces that are not matt: highlights, mirrors, glass and water; the flow is that of the objects.

They stand in for renders of metal and glass by a ray tracer: what they share with those is that light moves otherwise
than the object it is seen on, or is displaced on its way, so that the motion of the picture is not that of the object.
"""

from typing import Literal

import numpy as np
import xarray as xr

from .display import Display
from .painting import ripple
from .parameters import seeded
from .sprites import Painted, Scene, as_clip
from .training_scenes import radius, surface, textured_background
from .trajectories import any_travel

N_OBJECTS = (3, 9)
SurfaceKind = Literal["clear", "frosted", "dynamic"]


def shiny_shapes(
    display: Display, n_frames: int = 15, *, seed: int = 0, max_speed: float = 4.0, channels: int = 1
) -> xr.Dataset:
    """Moving objects under highlights and reflections that stay in the picture or move otherwise than the objects.

    Parameters
    ----------
    display
        Of the clip.
    n_frames
        Of the clip.
    seed
        Decides every bit.
    max_speed
        Of any object, and of what is reflected, pixels per frame.
    channels
        1 for luminance, 3 for colours.

    Returns
    -------
    xarray.Dataset
        See `make_clip`; flow and segmentation are those of the objects, whatever the light does.

    References
    ----------
    Sun et al. 2025, Nature Machine Intelligence, doi 10.1038/s42256-025-01068-w: motion of non-diffuse materials.
    """
    painted = paint_shiny(display, n_frames, seeded(seed), max_speed, channels)
    return as_clip(painted, display, {"kind": "shiny_shapes", "seed": seed})


def glass_shapes(
    display: Display,
    n_frames: int = 15,
    *,
    seed: int = 0,
    max_speed: float = 4.0,
    channels: int = 1,
    surface_kind: SurfaceKind = "clear",
) -> xr.Dataset:
    """Moving pieces of glass, through which textured moving objects are seen displaced.

    Parameters
    ----------
    display, n_frames, seed, max_speed, channels
        As in `shiny_shapes`.
    surface_kind
        ``"clear"`` glass bends light smoothly, ``"frosted"`` by a rough surface, ``"dynamic"`` smoothly by a surface that
        changes as if it flowed.

    Returns
    -------
    xarray.Dataset
        As from `shiny_shapes`; where there is glass in front, its motion.

    Raises
    ------
    ValueError
        If the surface is unknown.
    """
    rng = seeded(seed)
    painted = paint_glass(display, n_frames, rng, max_speed, channels, surface_kind=surface_kind)
    return as_clip(painted, display, {"kind": f"glass_shapes, {surface_kind}", "seed": seed})


def water_scene(
    display: Display, n_frames: int = 15, *, seed: int = 0, max_speed: float = 4.0, channels: int = 1
) -> xr.Dataset:
    """Moving textured objects seen through moving water.

    Parameters
    ----------
    display, n_frames, seed, max_speed, channels
        As in `shiny_shapes`.

    Returns
    -------
    xarray.Dataset
        As from `shiny_shapes`: flow and segmentation of the scene without the water.
    """
    painted = paint_water(display, n_frames, seeded(seed), max_speed, channels)
    return as_clip(painted, display, {"kind": "water_scene", "seed": seed})


def paint_shiny(display: Display, n_frames: int, rng: np.random.Generator, max_speed: float, channels: int) -> Painted:
    """Arrays of `shiny_shapes`."""
    scene = Scene(display, n_frames, rng, max_speed, channels)
    textured_background(scene)
    for _ in range(rng.integers(*N_OBJECTS)):
        texture = surface(rng)._replace(contrast=float(rng.choice((0.0, 0.05, 0.15))))
        mirrors = rng.random() < 0.5
        scene.add(
            any_travel(n_frames, max_speed, rng),
            radius=radius(scene),
            shape="blob" if rng.random() < 0.5 else "ellipse",
            gloss=float(rng.uniform(0.3, 0.8)),
            mirror=float(rng.uniform(0.4, 0.9)) if mirrors else 0.0,
            light=None if rng.random() < 0.5 else any_travel(n_frames, max_speed, rng),
            texture=texture,
        )
    return scene.painted()


def paint_glass(
    display: Display,
    n_frames: int,
    rng: np.random.Generator,
    max_speed: float,
    channels: int,
    *,
    surface_kind: SurfaceKind = "clear",
) -> Painted:
    """Arrays of `glass_shapes`."""
    if surface_kind not in _SURFACES:
        raise ValueError(f"surface_kind {surface_kind!r} is not known; give one of {', '.join(_SURFACES)}.")
    grain, drift = _SURFACES[surface_kind]
    scene = Scene(display, n_frames, rng, max_speed, channels)
    textured_background(scene)
    for _ in range(rng.integers(1, 4)):
        scene.add(any_travel(n_frames, max_speed, rng), radius=radius(scene), texture=surface(rng))
    for _ in range(rng.integers(2, 6)):
        scene.add(
            any_travel(n_frames, max_speed, rng),
            shape="blob" if rng.random() < 0.5 else "ellipse",
            radius=1.3 * radius(scene),
            clear=float(rng.uniform(0.75, 0.95)),
            bend=float(rng.uniform(0.02, 0.06)) * scene.side,
            gloss=float(rng.uniform(0, 0.5)),
            relief_grain=grain,
            relief_drift=drift,
        )
    return scene.painted()


def paint_water(display: Display, n_frames: int, rng: np.random.Generator, max_speed: float, channels: int) -> Painted:
    """Arrays of `water_scene`."""
    scene = Scene(display, n_frames, rng, max_speed, channels)
    textured_background(scene)
    for _ in range(rng.integers(*N_OBJECTS)):
        scene.add(any_travel(n_frames, max_speed, rng), radius=radius(scene), texture=surface(rng))
    painted = scene.painted()
    grain = np.full((n_frames, 2), rng.uniform(0.15, 0.5))
    drift = rng.normal(0, 1, (2, 2)) * np.arange(n_frames)[:, None, None]
    place = rng.uniform(0, len(scene.field), (2, 2)) + drift
    amplitude = rng.uniform(0.005, 0.025) * scene.side
    ripple(scene.field, painted.frames, amplitude, np.dstack([grain, place]), np.empty_like(painted.frames[0]))
    return painted


# Grain of the surface that bends light, and pixels of the field by which it drifts per frame.
_SURFACES: dict[SurfaceKind, tuple[float, float]] = {
    "clear": (0.12, 0.0),
    "frosted": (0.9, 0.0),
    "dynamic": (0.12, 0.6),
}
