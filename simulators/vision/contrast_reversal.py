"""Reverse phi: a moving picture whose contrast is inverted on every other frame is seen to move backwards."""

import xarray as xr

from .clip import refuse_luminance
from .display import Display
from .textures import moving_texture


def reverse_phi(clip: xr.Dataset, *, mean_luminance: float = 0.5) -> xr.Dataset:
    """Invert the contrast of every second frame of a clip.

    Parameters
    ----------
    clip
        As a generator returns it.
    mean_luminance
        Luminance about which the contrast is inverted: the mean of the picture, 0.5 for all that generators make.

    Returns
    -------
    xarray.Dataset
        The clip with its flow, which is still how the picture is displaced; where the direction is stated, so is
        ``perceived_direction_deg``, its opposite.

    Raises
    ------
    ValueError
        If the inverted frames leave luminance of 0 to 1.

    References
    ----------
    Anstis SM (1970) Phi movement as a subtraction process. Vision Research 10:1411-1430.
    """
    frames = clip["frames"].values.copy()
    frames[1::2] = 2 * mean_luminance - frames[1::2]
    low, high = float(frames.min()), float(frames.max())
    try:
        refuse_luminance(frames)
    except ValueError:
        raise ValueError(
            f"inverted about {mean_luminance:g} this clip runs from {low:g} to {high:g}, and luminance is between 0 and 1; "
            "lower its contrast, or give another mean_luminance."
        ) from None
    facts = {
        "kind": f"reverse phi of {clip.attrs.get('kind', 'a clip')}",
        "mean_luminance": float(frames.mean(dtype=float)),
    }
    if "direction_deg" in clip.attrs:
        facts["perceived_direction_deg"] = (clip.attrs["direction_deg"] + 180) % 360
    return clip.assign(frames=clip["frames"].copy(data=frames)).assign_attrs(facts)


def reverse_phi_texture(
    display: Display,
    *,
    n_frames: int = 30,
    direction_deg: float = 0.0,
    speed_deg_per_s: float = 2.0,
    slope: float = 1.0,
    contrast: float = 1.0,
    seed: int = 0,
) -> xr.Dataset:
    """A moving texture with reversed contrast on every second frame.

    Parameters
    ----------
    display
        The screen.
    n_frames
        Length.
    direction_deg, speed_deg_per_s, slope, contrast, seed
        Of the texture, see `moving_texture`.

    Returns
    -------
    xarray.Dataset
        As `reverse_phi`.
    """
    texture = moving_texture(
        display,
        n_frames=n_frames,
        direction_deg=direction_deg,
        speed_deg_per_s=speed_deg_per_s,
        slope=slope,
        contrast=contrast,
        seed=seed,
    )
    return reverse_phi(texture)
