"""What a motion model takes: a batch of clips that it can use, checked once, and their luminance."""

import torch
from torch import Tensor

# ITU-R BT.601, on the encoded values.
LUMINANCE = (0.299, 0.587, 0.114)
# What rounding and resizing may add to a luminance of exactly 0 or 1.
SLACK = 1e-3


def check_clips(
    clips: Tensor,
    *,
    n_frames: int | None = None,
    at_least: int | None = None,
    smallest_side: int,
    model: str,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """Refuse clips that a motion model cannot use.

    Where a model is compiled (torch.compile) only shapes and types are checked: to look at values would break the graph.

    Parameters
    ----------
    clips
        ``(batch, time, channel, row, col)``, floating point, 1 or 3 channels, luminance between 0 and 1.
    n_frames
        Frames that the model takes, no more and no fewer; None where it takes any number from `at_least`.
    at_least
        Fewest frames that the model takes.
    smallest_side
        Fewest rows and fewest columns, pixels.
    model
        Who asks, for the message.
    dtype
        Precision that the model computes in; None leaves the clips in theirs.

    Returns
    -------
    Tensor
        The same clips, in that precision.

    Raises
    ------
    ValueError
        For another shape, number of frames or channels, a side too small, integers, or values outside 0 to 1; one
        sentence with what is accepted.
    """
    if not isinstance(clips, Tensor):
        raise ValueError(f"{model} takes a torch tensor, received {type(clips).__name__}; use torch.as_tensor.")
    if clips.ndim != 5:
        raise ValueError(
            f"{model} takes clips (batch, time, channel, row, col), received the shape {tuple(clips.shape)}; "
            "one clip alone is clip[None], frames without channel are frames[:, :, None]."
        )
    if not clips.is_floating_point():
        raise ValueError(f"{model} takes luminance from 0 to 1, received {clips.dtype}; use clips.float() / 255.")
    batch, time, channels, rows, cols = clips.shape
    if batch < 1:
        raise ValueError(f"{model} received no clips; give at least one.")
    if channels not in (1, 3):
        raise ValueError(f"{model} takes 1 channel (luminance) or 3 (red, green, blue), received {channels}.")
    if n_frames is not None and time != n_frames:
        raise ValueError(f"{model} takes clips of {n_frames} frames, received {time}; cut or extend them.")
    if at_least is not None and time < at_least:
        raise ValueError(f"{model} takes clips of at least {at_least} frames, received {time}; give longer ones.")
    if min(rows, cols) < smallest_side:
        raise ValueError(
            f"{model} takes pictures of at least {smallest_side} x {smallest_side} pixels, received {rows} x {cols}; "
            "give larger ones."
        )
    if torch.compiler.is_compiling():
        return clips if dtype is None else clips.to(dtype)
    low, high = (float(value) for value in torch.aminmax(clips.detach()))
    if low != low:
        raise ValueError(f"{int(clips.isnan().sum())} pixels of the clips for {model} are NaN; replace them.")
    if low < -SLACK or high > 1 + SLACK:
        raise ValueError(
            f"clips for {model} run from {low:g} to {high:g}; luminance is between 0 and 1: scale them, or divide by 255."
        )
    return clips if dtype is None else clips.to(dtype)


def luminance(clips: Tensor) -> Tensor:
    """Grey value of each pixel, 0.299 red + 0.587 green + 0.114 blue of the encoded values, without linearisation.

    Parameters
    ----------
    clips
        ``(batch, time, channel, row, col)`` with 1 or 3 channels.

    Returns
    -------
    Tensor
        ``(batch, time, row, col)``.
    """
    if clips.shape[2] == 1:
        return clips[:, :, 0]
    red, green, blue = LUMINANCE
    return red * clips[:, :, 0] + green * clips[:, :, 1] + blue * clips[:, :, 2]
