"""Optical flow in files: Middlebury ``.flo`` and the 16-bit PNG of KITTI."""

import os
import struct
from pathlib import Path

import numpy as np

from .png16 import png16_bytes, read_png16

# Of the first four bytes as a float: spells PIEH.
FLO_TAG = 202021.25
# Components above it are unknown.
FLO_UNKNOWN = 1e9
KITTI_SCALE, KITTI_ZERO = 64.0, 32768.0


def read_flo(path: str | Path) -> np.ndarray:
    """Flow of a Middlebury file.

    Parameters
    ----------
    path
        Of the file; MPI-Sintel and FlyingChairs use the same form.

    Returns
    -------
    numpy.ndarray
        ``(2, row, col)`` float32, right and down, pixels per frame; NaN where unknown.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no such file, or truncated.

    References
    ----------
    Baker et al. 2011, IJCV 92:1-31; vision.middlebury.edu/flow.
    """
    content = Path(path).read_bytes()
    if len(content) < 12 or struct.unpack("<f", content[:4])[0] != FLO_TAG:
        raise ValueError(f"{path} is not a .flo file: it does not start with the tag {FLO_TAG}; give another file.")
    width, height = struct.unpack("<ii", content[4:12])
    if width < 1 or height < 1:
        raise ValueError(f"{path} says it has {width} x {height} pixels; it is damaged, get it again.")
    wanted = 12 + 8 * width * height
    if len(content) != wanted:
        word = "truncated" if len(content) < wanted else "too long"
        raise ValueError(
            f"{path} is {word}: {len(content)} bytes, {width} x {height} pixels need {wanted}; get the file again."
        )
    flow = (
        np.frombuffer(content, dtype="<f4", offset=12).reshape(height, width, 2).transpose(2, 0, 1).astype(np.float32)
    )
    unknown = ~(np.abs(flow) <= FLO_UNKNOWN).all(axis=0)
    flow[:, unknown] = np.nan
    return flow


def write_flo(path: str | Path, flow: np.ndarray) -> Path:
    """Write a Middlebury file, whole or not at all.

    Parameters
    ----------
    path
        Of the file.
    flow
        ``(2, row, col)``, right and down; where a component is NaN the flow is written as unknown.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If the shape is another.
    """
    flow = _checked(flow)
    stored = np.where(np.isfinite(flow).all(axis=0), flow, 10 * FLO_UNKNOWN).transpose(1, 2, 0).astype("<f4")
    header = struct.pack("<fii", FLO_TAG, flow.shape[2], flow.shape[1])
    return _replaced(Path(path), header + stored.tobytes())


def read_kitti_flow(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Flow of a KITTI file, in steps of 1/64 pixel.

    Parameters
    ----------
    path
        Of a PNG with three channels of 16 bits.

    Returns
    -------
    flow : numpy.ndarray
        ``(2, row, col)`` float32, right and down, pixels per frame; NaN where it was not measured.
    valid : numpy.ndarray
        ``(row, col)`` bool.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no such file, or truncated.

    References
    ----------
    Menze & Geiger 2015, CVPR: KITTI 2015, development kit.
    """
    pixels = read_png16(path)
    valid = pixels[..., 2] > 0
    flow = (pixels[..., :2].astype(np.float32) - np.float32(KITTI_ZERO)) / np.float32(KITTI_SCALE)
    flow[~valid] = np.nan
    return np.ascontiguousarray(flow.transpose(2, 0, 1)), valid


def write_kitti_flow(path: str | Path, flow: np.ndarray, valid: np.ndarray | None = None) -> Path:
    """Write a KITTI file, whole or not at all.

    Parameters
    ----------
    path
        Of the file.
    flow
        ``(2, row, col)``, right and down, from -512 to below 512 pixels per frame; rounded to 1/64 pixel.
    valid
        ``(row, col)`` where it was measured; by default where it is finite.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If a shape is another, or a valid component is not finite or beyond what the file can hold.
    """
    flow = _checked(flow)
    valid = np.isfinite(flow).all(axis=0) if valid is None else np.asarray(valid, dtype=bool)
    if valid.shape != flow.shape[1:]:
        raise ValueError(f"valid has shape {valid.shape}; this flow needs {flow.shape[1:]}.")
    steps = np.round(np.where(valid, flow, 0) * KITTI_SCALE + KITTI_ZERO)
    if not ((steps >= 0) & (steps <= 65535)).all():
        raise ValueError(
            "a valid component of the flow is not finite or not within -512 to 512 pixels; mark it not valid."
        )
    pixels = np.zeros((*valid.shape, 3), dtype=np.uint16)
    pixels[..., :2] = np.where(valid, steps, 0).transpose(1, 2, 0)
    pixels[..., 2] = valid
    return _replaced(Path(path), png16_bytes(pixels))


def _checked(flow: np.ndarray) -> np.ndarray:
    flow = np.asarray(flow, dtype=np.float32)
    if flow.ndim != 3 or flow.shape[0] != 2 or flow.size == 0:
        raise ValueError(f"flow has shape {flow.shape}; give (2, row, col).")
    return flow


def _replaced(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        new.write_bytes(content)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
    return path
