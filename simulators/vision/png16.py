"""PNG files with three channels of 16 bits, in which KITTI stores flow; common libraries cut them to 8 bits."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_BYTES_PER_PIXEL = 6
_HEADER = struct.pack(">BBBBB", 16, 2, 0, 0, 0)  # 16 bits, red-green-blue, the one compression and filter, no interlace


def read_png16(path: str | Path) -> np.ndarray:
    """Pixels ``(row, col, 3)`` uint16 of a PNG.

    Parameters
    ----------
    path
        Of a file with three channels of 16 bits, not interlaced.

    Raises
    ------
    ValueError
        If the file is no such PNG, or truncated or damaged.
    """
    content = Path(path).read_bytes()
    if not content.startswith(_SIGNATURE):
        raise ValueError(f"{path} is not a PNG file; give one with three channels of 16 bits.")
    width, height, data = _chunks(content, path)
    stride = width * _BYTES_PER_PIXEL
    try:
        raw = zlib.decompress(data)
    except zlib.error as error:
        raise ValueError(f"{path} is truncated or damaged ({error}); get the file again.") from None
    if len(raw) != height * (stride + 1):
        raise ValueError(
            f"{path} holds {len(raw)} bytes of pixels, but {width} x {height} need {height * (stride + 1)}; get the file "
            "again."
        )
    lines = np.frombuffer(raw, dtype=np.uint8).reshape(height, stride + 1)
    if lines[:, 0].max(initial=0) > 4:
        raise ValueError(f"{path} has a row with the filter {lines[:, 0].max()}, which no PNG has; get the file again.")
    pixels = np.empty((height, stride), dtype=np.uint8)
    _unfiltered(lines, pixels)
    return pixels.view(">u2").astype(np.uint16).reshape(height, width, 3)


def png16_bytes(pixels: np.ndarray) -> bytes:
    """Content of a PNG file of these pixels.

    Parameters
    ----------
    pixels
        ``(row, col, 3)`` uint16.

    Raises
    ------
    ValueError
        If shape or type is another.
    """
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint16 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"pixels are {pixels.dtype} of shape {pixels.shape}; give uint16 (row, col, 3).")
    height, width = pixels.shape[:2]
    lines = np.zeros((height, 1 + width * _BYTES_PER_PIXEL), dtype=np.uint8)
    lines[:, 1:] = np.ascontiguousarray(pixels, dtype=">u2").view(np.uint8).reshape(height, -1)
    parts = (
        (b"IHDR", struct.pack(">II", width, height) + _HEADER),
        (b"IDAT", zlib.compress(lines.tobytes())),
        (b"IEND", b""),
    )
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )


def _chunks(content: bytes, path: str | Path) -> tuple[int, int, bytes]:
    """Width, height, and the joined compressed data."""
    at, size, data = len(_SIGNATURE), None, []
    while True:
        if at + 12 > len(content):
            raise ValueError(f"{path} is truncated: it ends before the end of a PNG; get the file again.")
        length, name = struct.unpack(">I4s", content[at : at + 8])
        body = content[at + 8 : at + 8 + length]
        at += 12 + length
        if name == b"IEND":
            break
        if name == b"IHDR":
            if body[8:] != _HEADER:
                raise ValueError(
                    f"{path} has {body[8]} bits and colour type {body[9]}; flow is stored with 16 bits in red, green and blue "
                    "(colour type 2), not interlaced."
                )
            size = struct.unpack(">II", body[:8])
        elif name == b"IDAT":
            data.append(body)
    if size is None:
        raise ValueError(f"{path} is damaged: it has no header; get the file again.")
    return size[0], size[1], b"".join(data)


def _unfiltered(lines: np.ndarray, pixels: np.ndarray) -> None:
    """Undo the filter of each row: bytes were stored as differences from a prediction."""
    above = np.zeros(pixels.shape[1], dtype=np.uint8)
    for line, row in zip(lines, pixels, strict=True):
        if line[0] == 0:
            row[:] = line[1:]
        elif line[0] == 1:
            row[:] = line[1:].reshape(-1, _BYTES_PER_PIXEL).cumsum(axis=0, dtype=np.uint8).reshape(-1)
        elif line[0] == 2:
            row[:] = line[1:] + above
        else:
            _predicted(line, above, row)
        above = row


def _compiled(function: Any) -> Any:
    return njit(cache=True)(function)


@_compiled
def _predicted(line: np.ndarray, above: np.ndarray, row: np.ndarray) -> None:
    """Rows predicted by the mean of left and above (filter 3), or by the nearest to left + above - corner (4)."""
    for place in range(len(row)):
        left, corner = 0, 0
        if place >= _BYTES_PER_PIXEL:
            left, corner = int(row[place - _BYTES_PER_PIXEL]), int(above[place - _BYTES_PER_PIXEL])
        up = int(above[place])
        if line[0] == 3:
            guess = (left + up) // 2
        else:
            far_left, far_up, far_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
            guess = corner
            if far_left <= far_up and far_left <= far_corner:
                guess = left
            elif far_up <= far_corner:
                guess = up
        row[place] = (int(line[place + 1]) + guess) & 255
