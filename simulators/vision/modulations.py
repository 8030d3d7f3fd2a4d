"""A region that travels over a still picture and is seen by how it changes the picture: seven kinds of second-order motion.

Within the region nothing of the picture moves along: the region is noise, blurred, seen through water, scrambled in its
Fourier phases, warped, swirled, or fresh noise. Blur and scrambled phases change the mean luminance of the region where
the picture has coarse structure, so that some first-order motion is left in them, as in the published ones. Numbers are
those of the published stimuli of 1024 pixels, scaled to the size of the display; the published speeds are halved, since
that is how far their regions move.
"""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import xarray as xr
from scipy import fft, ndimage

from .clip import Fact, make_clip
from .display import Display
from .fields import field_side, random_field
from .outlines import outline
from .parameters import refuse_infinite, refuse_length, seeded
from .trajectories import places

PUBLISHED_SIDE = 1024
# Of the nominal initial speed, and of the steps of the velocity; displayed speeds are half of these.
NOMINAL_SPEEDS, NOMINAL_SPREAD, NOMINAL_STEP = (8.0, 30.0), 1.0, 0.5
LARGEST_ROTATION_DEG = 1.0
# Standard deviation of 100 passes of a 5 x 5 Gaussian of standard deviation 2, which is cut off.
_TAPS = np.exp(-(np.arange(-2, 3) ** 2) / (2 * 2.0**2))
BLUR = float(np.sqrt(100 * (_TAPS * np.arange(-2, 3) ** 2).sum() / _TAPS.sum()))

# Hills of the stream function along whose contours the picture is turned: radii as a share of the picture, and angle.
N_VORTICES, VORTEX_RADII, VORTEX_ANGLE = 201, (0.03, 0.045, 0.07), 0.9

Modulation = Literal["noise", "blur", "water", "phase", "warp", "swirl", "drift_balanced"]
# In the order of the numbers of the published responses, 1 to 7.
MODULATIONS: tuple[Modulation, ...] = get_args(Modulation)
_Modulator = Callable[[np.ndarray, int, np.random.Generator], Callable[[int], np.ndarray]]


def modulated_region(
    display: Display,
    n_frames: int = 16,
    *,
    modulation: Modulation = "noise",
    background: np.ndarray | None = None,
    speed_px_per_frame: float | None = None,
    direction_deg: float | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """A region that travels at random over a still picture, seen by one of seven modulations of the picture.

    Parameters
    ----------
    display
        Of the clip.
    n_frames
        Of the clip.
    modulation
        One of `MODULATIONS`.
    background
        ``(row, col)`` luminance or ``(3, row, col)`` colours from 0 to 1; None for a 1/f texture of a standard deviation of
        0.15.
    speed_px_per_frame, direction_deg
        Of the first step; drawn as published where None.
    seed
        Decides every bit: the texture, the region, its way and the modulation.

    Returns
    -------
    xarray.Dataset
        See `make_clip`; flow and segmentation (1) of the region, 0 elsewhere. The facts ``direction_deg`` and
        ``speed_deg_per_s`` are those of the mean velocity of its centre; from frame to frame it changes and the region turns.

    Raises
    ------
    ValueError
        If the modulation is unknown, the background has another size, or a number is not finite.

    References
    ----------
    Sun et al. 2025, Nature Machine Intelligence, doi 10.1038/s42256-025-01068-w: second-order motion benchmark, and the
    code of its stimuli.
    """
    if modulation not in _MODULATIONS:
        raise ValueError(f"modulation {modulation!r} is not known; give one of {', '.join(MODULATIONS)}.")
    refuse_length(n_frames)
    for name, value in (("speed_px_per_frame", speed_px_per_frame), ("direction_deg", direction_deg)):
        if value is not None:
            refuse_infinite(**{name: value})
    rng = seeded(seed)
    side = min(display.n_rows, display.n_cols)
    picture = _background(display, background, rng)
    velocities = _way(n_frames, side / PUBLISHED_SIDE, speed_px_per_frame, direction_deg, rng)
    rotation = np.deg2rad(rng.uniform(-LARGEST_ROTATION_DEG, LARGEST_ROTATION_DEG))
    size = np.array([display.n_cols - 1, display.n_rows - 1])
    way = places(velocities, size * rng.uniform(0.35, 0.65, 2), n_frames // 2)
    region = outline("blob", side * rng.uniform(0.14, 0.26), rng)
    region = ndimage.gaussian_filter(np.pad(region, 3), max(0.8, 4 * side / PUBLISHED_SIDE))
    changed = _MODULATIONS[modulation](picture, side, rng)
    still = 0.5 + 0.2 * rng.choice((-1.0, 1.0), picture.shape[1:]) if modulation == "drift_balanced" else picture

    frames = np.empty((n_frames, *picture.shape), dtype=np.float32)
    flow = np.zeros((n_frames, 2, *picture.shape[1:]), dtype=np.float32)
    labels = np.zeros((n_frames, *picture.shape[1:]), dtype=np.int32)
    for frame in range(n_frames):
        across = np.arange(display.n_cols)[None, :] - way[frame, 0]
        down = np.arange(display.n_rows)[:, None] - way[frame, 1]
        cover = _placed(region, across, down, rotation * frame)
        frames[frame] = np.clip(still + cover * (changed(frame) - still), 0, 1)
        inside = cover >= 0.5
        c, s = np.cos(rotation) - 1, np.sin(rotation)
        moved = np.stack(np.broadcast_arrays(c * across - s * down, s * across + c * down))
        flow[frame] = np.where(inside, moved + velocities[frame][:, None, None], 0)
        labels[frame] = inside
    right, down_mean = velocities.mean(axis=0)
    facts: dict[str, Fact] = {
        "kind": "modulated_region",
        "modulation": modulation,
        "direction_deg": float(np.rad2deg(np.arctan2(-down_mean, right)) % 360),
        "speed_deg_per_s": float(display.degrees_per_second(np.hypot(right, down_mean))),
        "seed": int(seed),
    }
    return make_clip(frames, display, flow=flow, segmentation=labels, facts=facts)


def _background(display: Display, given: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """The picture, ``(channel, row, col)``."""
    shape = (display.n_rows, display.n_cols)
    if given is None:
        field = random_field(field_side(max(shape)), 1.0, rng)
        tiles = [-(-length // len(field)) for length in shape]
        return np.clip(0.5 + 0.15 * np.tile(field, tiles)[None, : shape[0], : shape[1]], 0, 1)
    picture = np.asarray(given, dtype=np.float32)
    picture = picture[None] if picture.ndim == 2 else picture
    if picture.ndim != 3 or picture.shape[0] not in (1, 3) or picture.shape[1:] != shape:
        raise ValueError(f"background has shape {picture.shape}; give {shape} or {(3, *shape)}.")
    if not (np.isfinite(picture).all() and picture.min() >= 0 and picture.max() <= 1):
        raise ValueError(f"background runs from {picture.min():g} to {picture.max():g}; luminance is between 0 and 1.")
    return picture


def _way(
    n_frames: int, scale: float, speed: float | None, direction: float | None, rng: np.random.Generator
) -> np.ndarray:
    """Velocities ``(frame, 2)``: one to start with, and a random step at each frame."""
    nominal = rng.normal(rng.uniform(*NOMINAL_SPEEDS), NOMINAL_SPREAD)
    angle = rng.uniform(0, 2 * np.pi)
    speed = max(0.0, nominal) * scale / 2 if speed is None else speed
    angle = -angle if direction is None else np.deg2rad(direction)
    steps = rng.normal(0, NOMINAL_STEP * scale / 2, (n_frames, 2))
    steps[0] = speed * np.cos(angle), -speed * np.sin(angle)
    return steps.cumsum(axis=0)


def _placed(mask: np.ndarray, across: np.ndarray, down: np.ndarray, angle: float) -> np.ndarray:
    """A mask on the picture, ``(row, col)``, turned by an angle; ``across`` and ``down`` count from its centre."""
    c, s = np.cos(angle), np.sin(angle)
    middle = (np.array(mask.shape) - 1) / 2
    return ndimage.map_coordinates(
        mask, [c * down - s * across + middle[0], c * across + s * down + middle[1]], order=1, mode="constant"
    )


# Each gives, for a picture and a scale, the changed picture at a frame; frames are asked for in order.


def _noise(picture: np.ndarray, side: int, rng: np.random.Generator) -> Callable[[int], np.ndarray]:
    amplitude, n_blurs, kept = 0.85 + rng.uniform(-0.1, 0.1), int(rng.integers(1, 5)), rng.uniform(0.1, 0.3)

    def changed(frame: int) -> np.ndarray:
        noisy = picture + amplitude * rng.standard_normal(picture.shape[1:], dtype=np.float32)
        blurred = np.stack([ndimage.gaussian_filter(part, np.sqrt(n_blurs), truncate=2.5) for part in noisy])
        return np.where(rng.random(picture.shape[1:]) < kept, picture, blurred)

    return changed


def _blur(picture: np.ndarray, side: int, rng: np.random.Generator) -> Callable[[int], np.ndarray]:
    blurred = np.stack([ndimage.gaussian_filter(part, BLUR * side / PUBLISHED_SIDE) for part in picture])
    return lambda frame: blurred


def _water(picture: np.ndarray, side: int, rng: np.random.Generator) -> Callable[[int], np.ndarray]:
    n_waves = int(rng.integers(30, 151))
    sources = rng.uniform(-0.2, 1.2, (n_waves, 2)) * picture.shape[1:]
    lengths = side * rng.uniform(0.03, 0.12, n_waves)
    reach = side * rng.uniform(0.2, 0.6, n_waves)
    phases, turn = rng.uniform(0, 2 * np.pi, n_waves), rng.uniform(0.5, 1.5)
    rows, cols = np.mgrid[: picture.shape[1], : picture.shape[2]].astype(np.float32)
    waves = np.zeros((2, *picture.shape[1:]), dtype=np.complex64)
    for source, length, far, phase in zip(sources, lengths, reach, phases, strict=True):
        away = np.stack([rows - np.float32(source[0]), cols - np.float32(source[1])])
        distance = np.sqrt((away**2).sum(axis=0)) + 1
        waves += (
            away / distance * np.exp(distance * np.complex64(2j * np.pi / length - 1 / far) - np.complex64(1j * phase))
        )
    waves *= 0.012 * side / np.sqrt(0.5 * (abs(waves) ** 2).mean())
    # All waves swing at one rate, as water does above one stirrer: a turn of the phase of their sum.
    return lambda frame: _warped(picture, (waves * np.exp(-1j * turn * frame)).real)


def _phase(picture: np.ndarray, side: int, rng: np.random.Generator) -> Callable[[int], np.ndarray]:
    spectrum = fft.rfft2(picture)

    def changed(frame: int) -> np.ndarray:
        # Phases of a noise are those of a real picture; the mean keeps its own.
        turn = fft.rfft2(rng.standard_normal(picture.shape[1:], dtype=np.float32))
        turn /= np.maximum(abs(turn), 1e-12)
        turn[0, 0] = 1
        return fft.irfft2(spectrum * turn, s=picture.shape[1:])

    return changed


def _warp(picture: np.ndarray, side: int, rng: np.random.Generator) -> Callable[[int], np.ndarray]:
    smoothness, amplitude = max(1.0, 0.012 * side), 0.02 * side

    def changed(frame: int) -> np.ndarray:
        shift = rng.standard_normal((2, *picture.shape[1:]), dtype=np.float32)
        shift = np.stack([ndimage.gaussian_filter(part, smoothness) for part in shift])
        return _warped(picture, amplitude * shift / shift.std())

    return changed


def _swirl(picture: np.ndarray, side: int, rng: np.random.Generator) -> Callable[[int], np.ndarray]:
    shape = picture.shape[1:]

    def changed(frame: int) -> np.ndarray:
        stream = np.zeros(shape, dtype=np.float32)
        for radius in side * np.array(VORTEX_RADII):
            places = tuple(rng.integers(0, length, N_VORTICES // len(VORTEX_RADII)) for length in shape)
            # The height that turns the middle of a Gaussian hill of this radius by the angle.
            heights = rng.uniform(-VORTEX_ANGLE, VORTEX_ANGLE, len(places[0])) * radius**2
            hills = np.zeros(shape, dtype=np.float32)
            np.add.at(hills, places, heights * 2 * np.pi * radius**2)
            stream += ndimage.gaussian_filter(hills, radius)
        down, across = np.gradient(stream)
        return _warped(picture, np.stack([-across, down]))

    return changed


def _drift_balanced(picture: np.ndarray, side: int, rng: np.random.Generator) -> Callable[[int], np.ndarray]:
    return lambda frame: 0.5 + 0.2 * rng.choice((-1.0, 1.0), picture.shape[1:])


def _warped(picture: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """The picture seen displaced by ``shift`` ``(2, row, col)``, rows and columns."""
    rows, cols = np.indices(picture.shape[1:], dtype=np.float32)
    at = [rows + shift[0], cols + shift[1]]
    return np.stack([ndimage.map_coordinates(part, at, order=1, mode="reflect") for part in picture])


_MODULATIONS: dict[Modulation, _Modulator] = {
    "noise": _noise,
    "blur": _blur,
    "water": _water,
    "phase": _phase,
    "warp": _warp,
    "swirl": _swirl,
    "drift_balanced": _drift_balanced,
}
