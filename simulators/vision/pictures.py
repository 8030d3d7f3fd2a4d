"""Picture files of any depth as colours of 8 bits."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image


def colours(picture: "Image") -> np.ndarray:
    """Red, green and blue ``(row, col, 3)`` uint8 of an opened picture.

    Grey of 16 bits is brought to 8; what reads pictures would cut it off at 255, so that nearly all of it were white.

    Raises
    ------
    ValueError
        If the values have no known range, as in a TIFF of floating-point numbers.
    """
    deep = picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format == "PNG")
    if deep:
        grey = np.rint(np.asarray(picture).astype(np.float32) / 257).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if picture.mode in ("I", "F"):
        name = getattr(picture, "filename", "") or "a picture"
        raise ValueError(f"the values of {name} (mode {picture.mode}) have no known range; save it with 8 or 16 bits.")
    return np.asarray(picture.convert("RGB"))
