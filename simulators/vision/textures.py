"""Textures and pictures in rigid motion, with the exact flow."""

import numpy as np
import xarray as xr

from .clip import Fact, make_clip
from .display import Display
from .grating_rendering import refuse_contrasts
from .parameters import seeded
from .shifts import crop_shifted, shift_periodic


def noise_texture(n_rows: int, n_cols: int, *, slope: float = 1.0, seed: int = 0) -> np.ndarray:
    """Gaussian noise whose amplitude falls with spatial frequency.

    Parameters
    ----------
    n_rows, n_cols
        Size; the texture is periodic over it.
    slope
        Amplitude is ``1 / frequency ** slope``: 0 is white, 1 is that of natural scenes.
    seed
        Of the draw.

    Returns
    -------
    numpy.ndarray
        ``(row, col)``, mean 0, largest deviation 1, with nothing at the Nyquist frequency.

    Raises
    ------
    ValueError
        If the slope is not finite, or a side has fewer than 4 pixels.
    """
    if not np.isfinite(slope):
        raise ValueError(f"slope is {slope}; give a finite exponent, 1 for 1/f.")
    if min(n_rows, n_cols) < 4:
        raise ValueError(f"a texture of {n_rows} x {n_cols} pixels has no frequencies; give at least 4 x 4.")
    spectrum = np.fft.rfft2(seeded(seed).standard_normal((n_rows, n_cols)))
    rows, columns = np.fft.fftfreq(n_rows)[:, None], np.fft.rfftfreq(n_cols)
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = 1
    seen = (abs(rows) < 0.5) & (columns < 0.5)
    seen[0, 0] = False
    texture = np.fft.irfft2(np.where(seen, spectrum / frequency**slope, 0), s=(n_rows, n_cols))
    return texture / abs(texture).max()


def moving_texture(
    display: Display,
    *,
    n_frames: int = 30,
    direction_deg: float = 0.0,
    speed_deg_per_s: float = 2.0,
    velocities_px: np.ndarray | None = None,
    slope: float = 1.0,
    contrast: float = 1.0,
    mean_luminance: float = 0.5,
    seed: int = 0,
) -> xr.Dataset:
    """A noise texture in rigid motion; sub-pixel displacements are exact.

    Parameters
    ----------
    display
        The screen; the texture is periodic over it.
    n_frames
        Length.
    direction_deg, speed_deg_per_s
        Constant velocity; 0 = rightward, counter-clockwise.
    velocities_px
        In their place, a displacement from each frame to the next, ``(n_frames, 2)``, pixels, right and down positive.
    slope
        Amplitude is ``1 / frequency ** slope``.
    contrast
        Largest deviation from the mean luminance in the clip, relative to it, 0 to 1; ``rms_contrast`` is stated.
    mean_luminance
        Mean of the texture.
    seed
        Of the texture.

    Returns
    -------
    xarray.Dataset
        As `make_clip`, with the flow everywhere. At more than one pixel per frame the finest components step by more than
        half a cycle, as in any film; the coarse ones tell the motion.

    Raises
    ------
    ValueError
        If the luminance would leave 0 to 1, or the velocities are not finite or of another length.
    """
    refuse_contrasts(contrast, mean_luminance)
    velocities, facts = _path(display, n_frames, direction_deg, speed_deg_per_s, velocities_px)
    texture = noise_texture(display.n_rows, display.n_cols, slope=slope, seed=seed)
    waves = shift_periodic(texture, _displacements(velocities))
    waves *= contrast / abs(waves).max()
    facts = {"kind": "texture", **facts, "slope": slope, "contrast": contrast, "seed": seed}
    facts["rms_contrast"] = float(waves.std())
    frames = np.clip(mean_luminance * (1 + waves), 0, 1)  # of rounding alone
    return make_clip(frames, display, flow=flow_of(velocities, display), facts=facts)


def moving_image(
    display: Display,
    image: np.ndarray,
    *,
    n_frames: int = 30,
    direction_deg: float = 0.0,
    speed_deg_per_s: float = 2.0,
    velocities_px: np.ndarray | None = None,
) -> xr.Dataset:
    """A picture in rigid motion behind the display; sub-pixel displacements by cubic splines.

    Parameters
    ----------
    display
        The screen.
    image
        ``(row, col)`` luminance or ``(row, col, 3)`` RGB, 0 to 1, larger than the display by the path; one pixel of it is
        one of the display, and the middle of the path is the middle of the picture.
    n_frames
        Length.
    direction_deg, speed_deg_per_s
        Constant velocity of the picture; 0 = rightward, counter-clockwise.
    velocities_px
        In their place, a displacement from each frame to the next, ``(n_frames, 2)``, pixels, right and down positive.

    Returns
    -------
    xarray.Dataset
        As `make_clip`, with the flow everywhere. Where the spline overshoots black or white, it is cut.

    Raises
    ------
    ValueError
        If the picture is too small for the path or no luminance, or the velocities do not fit.
    """
    image = np.asarray(image, dtype=float)
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
        raise ValueError(f"the image has shape {image.shape}; give (row, col) or (row, col, 3).")
    if not (np.isfinite(image).all() and image.min() >= 0 and image.max() <= 1):
        raise ValueError("the image has values that are not finite or outside 0 to 1; divide bytes by 255.")
    velocities, facts = _path(display, n_frames, direction_deg, speed_deg_per_s, velocities_px)
    path = _displacements(velocities)
    planes = image[None] if image.ndim == 2 else np.moveaxis(image, 2, 0)
    frames = np.stack([crop_shifted(plane, path, display.n_rows, display.n_cols) for plane in planes], axis=1)
    frames = np.clip(frames, 0, 1)
    facts = {"kind": "image", **facts, "rms_contrast": float(frames.std() / frames.mean()) if frames.any() else 0.0}
    return make_clip(frames, display, flow=flow_of(velocities, display), facts=facts)


def flow_of(velocities_px: np.ndarray, display: Display) -> np.ndarray:
    """Flow ``(time, 2, row, col)`` of a picture that moves as a whole with ``velocities_px`` (time, 2)."""
    return np.broadcast_to(velocities_px[:, :, None, None], (*velocities_px.shape, display.n_rows, display.n_cols))


def refuse_steps(display: Display, velocities_px: np.ndarray) -> None:
    """Refuse steps of half the display or more, which on a periodic field look like steps the other way.

    Raises
    ------
    ValueError
        With the longest step and the limit.
    """
    right, down = abs(velocities_px).max(axis=0)
    if right >= display.n_cols / 2 or down >= display.n_rows / 2:
        raise ValueError(
            f"steps of up to {right:.4g} pixels across and {down:.4g} down in a frame are half the display of "
            f"{display.n_rows} x {display.n_cols} or more; lower the speed or raise rate_hz."
        )


def _path(
    display: Display,
    n_frames: int,
    direction_deg: float,
    speed_deg_per_s: float,
    velocities_px: np.ndarray | None,
) -> tuple[np.ndarray, dict[str, Fact]]:
    display.times(n_frames)
    if velocities_px is not None:
        velocities = np.asarray(velocities_px, dtype=float)
        if velocities.shape != (n_frames, 2) or not np.isfinite(velocities).all():
            raise ValueError(
                f"velocities_px has shape {velocities.shape} or values that are not finite; give ({n_frames}, 2): "
                "right and down, one per frame."
            )
        refuse_steps(display, velocities)
        return velocities, {}
    if not (np.isfinite(direction_deg) and np.isfinite(speed_deg_per_s) and speed_deg_per_s >= 0):
        raise ValueError(
            f"a velocity of {speed_deg_per_s} deg/s to {direction_deg} deg is none; give finite numbers and a speed of at "
            "least 0."
        )
    step, angle = display.pixels_per_frame(speed_deg_per_s), np.deg2rad(direction_deg)
    velocities = np.tile(step * np.array([np.cos(angle), -np.sin(angle)]), (n_frames, 1))
    refuse_steps(display, velocities)
    return velocities, {"direction_deg": direction_deg % 360, "speed_deg_per_s": speed_deg_per_s}


def _displacements(velocities: np.ndarray) -> np.ndarray:
    """Displacement of each frame from the first; the last velocity leads beyond the clip."""
    return np.concatenate([np.zeros((1, 2)), np.cumsum(velocities[:-1], axis=0)])
