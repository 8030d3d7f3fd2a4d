"""Films with the true motion of every pixel between two of their frames, from files that the user has."""

import struct
from pathlib import Path

import numpy as np
import xarray as xr

TAG = 202021.25
UNKNOWN = 1e9  # components above are unknown


def read_flow(path: str | Path) -> np.ndarray:
    """Flow of a Middlebury ``.flo`` file.

    Parameters
    ----------
    path
        Of the file.

    Returns
    -------
    numpy.ndarray
        ``(2, row, col)`` float32, right and down, pixels per frame; NaN where unknown.

    Raises
    ------
    ValueError
        If it is no such file, or not whole.

    References
    ----------
    Baker et al. 2011, IJCV 92:1-31.
    """
    content = Path(path).read_bytes()
    tag, width, height = struct.unpack("<fii", content[:12]) if len(content) >= 12 else (0.0, 0, 0)
    if tag != TAG or min(width, height) < 1 or len(content) != 12 + 8 * width * height:
        raise ValueError(
            f"{path} is no whole .flo file: {len(content)} bytes that start with {tag:g} and say {width} x {height} pixels; "
            f"{TAG} and 12 + 8 x pixels bytes are needed."
        )
    flow = np.frombuffer(content, "<f4", offset=12).reshape(height, width, 2).transpose(2, 0, 1).astype(np.float32)
    flow[:, ~(np.abs(flow) <= UNKNOWN).all(axis=0)] = np.nan
    return flow


def read_flow_sequence(
    frames: list[Path], flow: str | Path, *, flow_frame: int, name: str, rate_hz: float | None = None
) -> xr.Dataset:
    """Frames in their order and the motion from one of them to the next.

    Parameters
    ----------
    frames
        Pictures, at least two of one size.
    flow
        Of the ``.flo`` file.
    flow_frame
        Number, from 0, of the frame that the flow starts from.
    name
        Of the sequence.
    rate_hz
        Frames per second, where known.

    Returns
    -------
    xarray.Dataset
        ``frames`` ``(time, channel, row, col)`` float32 from 0 to 1, ``flow`` ``(component, row, col)``, right and down,
        pixels per frame, NaN where unknown; attributes ``name``, ``flow_frame``.

    Raises
    ------
    ValueError
        If sizes differ, or the flow does not start from a frame that has a next one.
    """
    from PIL import Image

    pictures = [np.asarray(Image.open(path).convert("RGB"), dtype=np.float32) / 255 for path in frames]
    truth = read_flow(flow)
    sizes = {picture.shape[:2] for picture in pictures} | {truth.shape[1:]}
    if len(sizes) != 1:
        raise ValueError(f"frames and flow of {name} have the sizes {sorted(sizes)}; they must be of one sequence.")
    if not 0 <= flow_frame < len(frames) - 1:
        raise ValueError(
            f"flow_frame of {name} is {flow_frame}, but {len(frames)} frames are given; it needs a next one."
        )
    known = {} if rate_hz is None else {"rate_hz": rate_hz}
    return xr.Dataset(
        {
            "frames": (("time", "channel", "row", "col"), np.stack(pictures).transpose(0, 3, 1, 2)),
            "flow": (("component", "row", "col"), truth),
        },
        coords={"channel": ["red", "green", "blue"], "component": ["right", "down"]},
        attrs={"name": name, "flow_frame": flow_frame, "unit": "luminance, 0 to 1", **known},
    )


def read_flow_folder(folder: str | Path, *, flow_frame: str = "frame10.png", flow: str = "flow10.flo") -> xr.Dataset:
    """A folder in the layout of Middlebury's training set: ``frame07.png`` ... ``frame14.png`` or two of them, ``flow10.flo``.

    Parameters
    ----------
    folder
        Of one sequence.
    flow_frame
        File of the frame that the flow starts from.
    flow
        File of the flow.

    Returns
    -------
    xarray.Dataset
        See `read_flow_sequence`.

    Raises
    ------
    ValueError
        If a file is missing, with what there is.
    """
    folder = Path(folder)
    frames = sorted(folder.glob("frame*.png"))
    names = [path.name for path in frames]
    if flow_frame not in names or not (folder / flow).is_file():
        raise ValueError(
            f"{folder} must hold {flow_frame}, the next frame and {flow}; it has {', '.join(names) or 'no frames'}"
            f"{'' if (folder / flow).is_file() else f' and no {flow}'}."
        )
    return read_flow_sequence(frames, folder / flow, flow_frame=names.index(flow_frame), name=folder.name)
