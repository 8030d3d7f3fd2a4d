"""One form for moving pictures: frames with their physical units and, where it is known, what moves how."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from .display import Display

CHANNELS = {1: ("luminance",), 3: ("red", "green", "blue")}
Fact = bool | int | float | str


def make_clip(
    frames: np.ndarray,
    display: Display,
    *,
    flow: np.ndarray | None = None,
    segmentation: np.ndarray | None = None,
    facts: Mapping[str, Fact] | None = None,
) -> xr.Dataset:
    """Put frames and ground truth into the form that every generator returns.

    Parameters
    ----------
    frames
        ``(time, row, col)`` luminance or ``(time, channel, row, col)`` with 1 or 3 channels, between 0 and 1.
    display
        What the pixels and frames mean.
    flow
        Motion from each frame to the next, ``(time, 2, row, col)``, pixels per frame, right and DOWN positive as in the
        optical-flow literature; NaN where it is not defined.
    segmentation
        Number of the object at each pixel, ``(time, row, col)``, 0 for the background.
    facts
        Parameters of the stimulus by name with unit (``direction_deg``, ``spatial_frequency_cpd``, ...); directions
        count counter-clockwise from rightward.

    Returns
    -------
    xarray.Dataset
        ``frames`` (time, channel, row, col) float32, and ``flow`` float32 and ``segmentation`` int32 if given; times in s;
        attributes ``unit``, ``rate_hz``, ``pixels_per_degree``, ``mean_luminance`` and the facts.

    Raises
    ------
    ValueError
        If a shape does not fit, or a luminance is not finite or outside 0 to 1.
    """
    frames = np.asarray(frames, dtype=np.float32)
    if frames.ndim == 3:
        frames = frames[:, None]
    if frames.ndim != 4 or frames.shape[1] not in CHANNELS or frames.shape[2:] != (display.n_rows, display.n_cols):
        raise ValueError(
            f"frames have shape {frames.shape}; give (time, row, col) or (time, 1 or 3 channels, row, col) of "
            f"{display.n_rows} x {display.n_cols} pixels."
        )
    refuse_luminance(frames)
    times = display.times(len(frames))
    variables: dict[str, tuple[tuple[str, ...], np.ndarray]] = {"frames": (("time", "channel", "row", "col"), frames)}
    if flow is not None:
        variables["flow"] = (("time", "component", "row", "col"), _fitting("flow", flow, frames, 2).astype(np.float32))
    if segmentation is not None:
        labels = _fitting("segmentation", segmentation, frames, None)
        variables["segmentation"] = (("time", "row", "col"), labels.astype(np.int32))
    coordinates: dict[str, object] = {"time": times, "channel": list(CHANNELS[frames.shape[1]])}
    if flow is not None:
        coordinates["component"] = ["right", "down"]
    clip = xr.Dataset(variables, coords=coordinates)
    clip["time"].attrs["unit"] = "s"
    clip["frames"].attrs["unit"] = "luminance, 0 to 1"
    if flow is not None:
        clip["flow"].attrs["unit"] = "pixels per frame"
    clip.attrs = {
        "unit": "luminance, 0 to 1",
        "rate_hz": float(display.rate_hz),
        "pixels_per_degree": float(display.pixels_per_degree),
        "mean_luminance": float(frames.mean(dtype=np.float64)),
        **(facts or {}),
    }
    return clip


def refuse_luminance(frames: np.ndarray) -> None:
    """Refuse frames that are no luminance.

    Raises
    ------
    ValueError
        If a value is not finite or outside 0 to 1.
    """
    if not np.isfinite(frames).all():
        raise ValueError(
            f"{(~np.isfinite(frames)).sum()} values of the frames are not finite; luminance is between 0 and 1."
        )
    low, high = float(frames.min()), float(frames.max())
    if low < 0 or high > 1:
        raise ValueError(
            f"frames run from {low:g} to {high:g}; luminance is between 0 and 1: scale them, or divide by 255."
        )


def stack_clips(clips: Sequence[xr.Dataset], ids: Sequence[str] | None = None) -> xr.DataArray:
    """A stimulus set of clips of one size.

    Parameters
    ----------
    clips
        As `make_clip` returns them, with equal numbers of frames, channels and pixels and equal units.
    ids
        One name per clip; by default ``clip-000``, ``clip-001``, ...

    Returns
    -------
    xarray.DataArray
        ``(stimulus, time, channel, row, col)`` for ``simulators.save_stimulus_set``. Every fact that a clip states is a
        coordinate along ``stimulus``; a clip without it has NaN, or an empty text.

    Raises
    ------
    ValueError
        If there is no clip, or two differ in size, rate or pixels per degree.
    """
    if not clips:
        raise ValueError("there are no clips to stack; give at least one.")
    shared = ("unit", "rate_hz", "pixels_per_degree")
    first = clips[0]
    for number, clip in enumerate(clips):
        if clip["frames"].shape != first["frames"].shape:
            raise ValueError(
                f"clip {number} has frames {clip['frames'].shape}, the first {first['frames'].shape}; give one size."
            )
        for name in shared:
            if clip.attrs[name] != first.attrs[name]:
                raise ValueError(
                    f"clip {number} has {name} {clip.attrs[name]}, the first {first.attrs[name]}; stack equal ones."
                )
    names = list(ids) if ids is not None else [f"clip-{number:03d}" for number in range(len(clips))]
    if len(names) != len(clips):
        raise ValueError(f"there are {len(names)} ids for {len(clips)} clips; give one each.")
    facts = dict.fromkeys(name for clip in clips for name in clip.attrs if name not in shared)
    columns = {}
    for fact in facts:
        is_text = any(isinstance(clip.attrs.get(fact), str) for clip in clips)
        columns[fact] = ("stimulus", [clip.attrs.get(fact, "" if is_text else np.nan) for clip in clips])
    return xr.DataArray(
        np.stack([clip["frames"].values for clip in clips]),
        dims=("stimulus", "time", "channel", "row", "col"),
        coords={
            "stimulus_id": ("stimulus", names),
            "time": first["time"].values,
            "channel": first["channel"].values,
            **columns,
        },
        attrs={name: first.attrs[name] for name in shared},
        name="stimuli",
    )


def display_of(clip: xr.Dataset | xr.DataArray) -> Display:
    """The display that a clip or a stimulus set was made for.

    Raises
    ------
    ValueError
        If the frame rate or the pixels per degree are not stated.
    """
    for name in ("rate_hz", "pixels_per_degree"):
        if name not in clip.attrs:
            raise ValueError(f"these frames do not state {name}; add it to their attributes.")
    return Display(clip.sizes["row"], clip.sizes["col"], clip.attrs["pixels_per_degree"], clip.attrs["rate_hz"])


def _fitting(name: str, values: np.ndarray, frames: np.ndarray, channels: int | None) -> np.ndarray:
    values = np.asarray(values)
    wanted = (len(frames), *((channels,) if channels else ()), *frames.shape[2:])
    if values.shape != wanted:
        raise ValueError(f"{name} has shape {values.shape}; these frames need {wanted}.")
    return values
