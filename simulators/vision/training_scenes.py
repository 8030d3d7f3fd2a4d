"""Generated scenes of known motion, on which networks learn to see it: shapes, textured sprites, gratings."""

import numpy as np
import xarray as xr

from .clip import Fact
from .display import Display
from .outlines import DRAWN
from .parameters import seeded
from .sprites import UNIFORM, Painted, Scene, Texture, as_clip, refuse_form
from .trajectories import any_travel, published_travel

N_SHAPES = (4, 14)
SMALLEST_RADIUS, LARGEST_RADIUS = 0.06, 0.28
# Cycles per frame; faster than half a cycle a grating is seen to move backwards.
FASTEST_GRATING = 0.4


def nontexture_shapes(
    display: Display, n_frames: int = 15, *, seed: int = 0, max_speed: float = 4.0, channels: int = 1
) -> xr.Dataset:
    """Uniform shapes on a uniform background, which stays: 4 to 14, some hollow, a fifth filled with soft noise.

    Half of them are blobs, half drawn outlines; half travel on a circle, a quarter to and fro on a nearly vertical line, a
    quarter at random (`trajectories`). Nothing turns or grows.

    Parameters
    ----------
    display
        Of the clip.
    n_frames
        Of the clip.
    seed
        Decides every bit.
    max_speed
        Of any object, pixels per frame; the published largest speed, 27.5 pixels of pictures of 832 pixels, is scaled to
        it.
    channels
        1 for luminance, 3 for colours.

    Returns
    -------
    xarray.Dataset
        See `make_clip`; ``segmentation`` counts objects from the furthest, the background being 0.

    References
    ----------
    Sun et al. 2025, Nature Machine Intelligence, doi 10.1038/s42256-025-01068-w: the simple non-texture motion set. Its
    irregular outlines are segments of photographs; blobs stand in for them.
    """
    rng = seeded(seed)
    painted = paint_shapes(display, n_frames, rng, max_speed, channels)
    return as_clip(painted, display, {"kind": "nontexture_shapes", "seed": seed})


def textured_sprites(
    display: Display,
    n_frames: int = 15,
    *,
    seed: int = 0,
    max_speed: float = 4.0,
    channels: int = 1,
    rotation_deg: float = 0.0,
    zoom: float = 0.0,
) -> xr.Dataset:
    """Textured objects of random outlines and sizes that hide each other over a moving textured background.

    Parameters
    ----------
    display, n_frames, seed, channels
        As in `nontexture_shapes`.
    max_speed
        Of the centre of any object and of the background, pixels per frame.
    rotation_deg
        Largest rotation of an object, degrees per frame.
    zoom
        Largest share by which an object grows or shrinks per frame.

    Returns
    -------
    xarray.Dataset
        As from `nontexture_shapes`.
    """
    rng = seeded(seed)
    painted = paint_sprites(display, n_frames, rng, max_speed, channels, rotation_deg=rotation_deg, zoom=zoom)
    return as_clip(painted, display, {"kind": "textured_sprites", "seed": seed})


def training_grating(
    display: Display, n_frames: int = 15, *, seed: int = 0, max_speed: float = 4.0, channels: int = 1
) -> xr.Dataset:
    """A drifting grating of random direction, frequency, contrast and speed; its flow is the normal velocity everywhere.

    Parameters
    ----------
    display, n_frames, seed, channels
        As in `nontexture_shapes`; all channels are equal.
    max_speed
        Pixels per frame; coarse gratings alone are fast, since a grating moves at most 0.4 cycles per frame.

    Returns
    -------
    xarray.Dataset
        See `make_clip`.

    References
    ----------
    Sun et al. 2025, doi 10.1038/s42256-025-01068-w: drifting gratings labelled with one constant vector.
    """
    painted = paint_grating(display, n_frames, seeded(seed), max_speed, channels)
    return as_clip(painted, display, {"kind": "training_grating", "seed": seed})


def paint_shapes(display: Display, n_frames: int, rng: np.random.Generator, max_speed: float, channels: int) -> Painted:
    """Arrays of `nontexture_shapes`."""
    scene = Scene(display, n_frames, rng, max_speed, channels)
    scene.add(np.zeros((n_frames, 2)))
    for _ in range(rng.integers(N_SHAPES[0], N_SHAPES[1] + 1)):
        drawn = rng.random() < 0.5
        noisy = rng.random() < 0.2
        scene.add(
            published_travel(n_frames, max_speed, rng),
            shape=DRAWN[rng.integers(len(DRAWN))] if drawn else "blob",
            hollow=bool(rng.random() < 0.3),
            radius=radius(scene),
            texture=Texture(0.3, grain=0.3) if noisy else UNIFORM,
        )
    return scene.painted()


def paint_sprites(
    display: Display,
    n_frames: int,
    rng: np.random.Generator,
    max_speed: float,
    channels: int,
    *,
    rotation_deg: float = 0.0,
    zoom: float = 0.0,
) -> Painted:
    """Arrays of `textured_sprites`."""
    if not (0 <= rotation_deg < np.inf and 0 <= zoom < 1):
        raise ValueError(
            f"rotation_deg is {rotation_deg} and zoom {zoom}; give the largest rotation, 0 or more, and a share from 0 to "
            "below 1."
        )
    scene = Scene(display, n_frames, rng, max_speed, channels)
    textured_background(scene)
    for _ in range(rng.integers(3, 9)):
        scene.add(
            any_travel(n_frames, max_speed, rng),
            shape="blob" if rng.random() < 0.5 else DRAWN[rng.integers(len(DRAWN))],
            radius=radius(scene),
            rotation=np.deg2rad(rng.uniform(-rotation_deg, rotation_deg)),
            zoom=1 + rng.uniform(-zoom, zoom),
            texture=surface(rng),
        )
    return scene.painted()


def paint_grating(
    display: Display, n_frames: int, rng: np.random.Generator, max_speed: float, channels: int
) -> Painted:
    """Arrays of `training_grating`."""
    refuse_form(n_frames, channels, max_speed)
    direction, phase = rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi)
    # Cycles per pixel, octaves being equally likely, from one and a half cycles over the picture.
    side = min(display.n_rows, display.n_cols)
    frequency = float(np.exp(rng.uniform(np.log(min(1.5 / side, 0.2)), np.log(0.25))))
    speed = rng.uniform(0, min(max_speed, FASTEST_GRATING / frequency))
    contrast = float(np.exp(rng.uniform(np.log(0.1), 0)))
    velocity = speed * np.array([np.cos(direction), -np.sin(direction)])
    across = np.arange(display.n_cols, dtype=np.float32) * np.float32(np.cos(direction))
    down = np.arange(display.n_rows, dtype=np.float32) * np.float32(-np.sin(direction))
    still = 2 * np.pi * frequency * (across[None, :] + down[:, None])
    steps = (phase - 2 * np.pi * frequency * speed * np.arange(n_frames)).astype(np.float32)
    # The cosine of a sum of two angles: two products per pixel instead of a cosine.
    wave = np.cos(still) * np.cos(steps)[:, None, None] - np.sin(still) * np.sin(steps)[:, None, None]
    frames = np.clip(0.5 + 0.5 * contrast * wave, 0, 1, dtype=np.float32)
    shape = (display.n_rows, display.n_cols)
    flow = np.broadcast_to(velocity.astype(np.float32)[None, :, None, None], (n_frames, 2, *shape))
    facts: dict[str, Fact] = {
        "direction_deg": float(np.rad2deg(direction)),
        "spatial_frequency_cpd": frequency * display.pixels_per_degree,
        "temporal_frequency_hz": frequency * speed * display.rate_hz,
        "speed_deg_per_s": float(display.degrees_per_second(speed)),
        "contrast": contrast,
        "phase_deg": float(np.rad2deg(phase)),
    }
    frames = np.repeat(frames[:, None], channels, axis=1)
    return Painted(frames, flow, np.zeros((n_frames, *shape), dtype=np.int32), facts)


def textured_background(scene: Scene) -> None:
    """A background of texture; half of them stay, the others move up to half as fast as objects may."""
    rng = scene.rng
    moves = rng.random() < 0.5
    scene.add(any_travel(scene.n_frames, scene.max_speed * (0.5 if moves else 0.0), rng), texture=surface(rng))


def surface(rng: np.random.Generator) -> Texture:
    """A random texture."""
    return Texture(rng.uniform(0.1, 0.4), float(np.exp(rng.uniform(np.log(0.7), np.log(6)))), rng.uniform(0.3, 0.9))


def radius(scene: Scene) -> float:
    """A random radius of an object, small ones being more likely."""
    share = np.exp(scene.rng.uniform(np.log(SMALLEST_RADIUS), np.log(LARGEST_RADIUS)))
    return max(2.0, float(share) * scene.side)
