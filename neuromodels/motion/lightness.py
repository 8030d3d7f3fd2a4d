"""CIE lightness of coloured frames: how bright a pixel of an sRGB screen looks."""

import torch
from torch import Tensor

# Second row of the matrix from linear sRGB to XYZ, ITU-R BT.709 primaries and white D65.
LINEAR_LUMINANCE = (0.212671, 0.715160, 0.072169)


def lightness(clips: Tensor) -> Tensor:
    """L* of each pixel, 0 for black to 100 for white.

    Parameters
    ----------
    clips
        ``(batch, time, channel, row, col)``, red, green and blue, or one channel for grey, sRGB-encoded between 0 and 1.

    Returns
    -------
    Tensor
        ``(batch, time, row, col)``.

    References
    ----------
    CIE 15:2004, Colorimetry; IEC 61966-2-1 for the encoding.
    """
    # Both branches are finite with a finite slope everywhere, as gradients run through both.
    curved = ((clips.clamp_min(0) + 0.055) / 1.055) ** 2.4
    linear = torch.where(clips < 0.04045, clips / 12.92, curved)
    if clips.shape[2] == 1:
        y = linear[:, :, 0]
    else:
        y = sum(weight * linear[:, :, channel] for channel, weight in enumerate(LINEAR_LUMINANCE))
    dark = 7.787 * y + 4 / 29
    return 116 * torch.where(y < 0.008856, dark, y.clamp_min(0.008856) ** (1 / 3)) - 16
