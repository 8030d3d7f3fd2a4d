"""Frames of a folder of pictures, a GIF or a video file, as a clip."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..movie import find_ffmpeg
from .clip import make_clip
from .display import Display
from .pictures import colours

PICTURES = (".png", ".jpg", ".jpeg", ".ppm", ".pgm", ".bmp", ".tif", ".tiff")
# Weights of red, green and blue in luminance, on encoded values.
LUMINANCE = (0.299, 0.587, 0.114)


def read_video(
    path: str | Path,
    *,
    rate_hz: float | None = None,
    pixels_per_degree: float = 16.0,
    first_frame: int = 0,
    n_frames: int | None = None,
    channels: int = 3,
) -> xr.Dataset:
    """Read frames to a clip.

    Parameters
    ----------
    path
        A folder of pictures, which are taken in the order of the numbers in their names; a ``.gif``; or a video, for which
        there must be ffmpeg.
    rate_hz
        Frames per second; needed for a folder and for a GIF that does not state it. A video is read frame by frame with the
        rate it states; another rate given here replaces it and drops no frame.
    pixels_per_degree
        Of the display.
    first_frame, n_frames
        Which frames; all from the first by default.
    channels
        3 for colours, 1 for luminance.

    Returns
    -------
    xarray.Dataset
        See `make_clip`.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    ValueError
        If it cannot be read, no frame rate is known, frames differ in size, or there are not so many.
    RuntimeError
        If it is a video and there is no ffmpeg.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there; give a folder of pictures, a GIF or a video.")
    stated = None
    if path.is_dir():
        frames = read_pictures(_chosen(picture_files(path), first_frame, n_frames, path))
    else:
        every, stated = _read_gif(path) if path.suffix.lower() == ".gif" else _read_with_ffmpeg(path)
        frames = np.stack(_chosen(every, first_frame, n_frames, path))
    rate = rate_hz if rate_hz is not None else stated
    if rate is None:
        raise ValueError(f"frame rate missing: {path} does not state it; give rate_hz.")
    display = Display(frames.shape[1], frames.shape[2], pixels_per_degree, rate)
    return make_clip(as_channels(frames, channels), display, facts={"kind": "video", "source": path.name})


def picture_files(folder: str | Path, endings: Sequence[str] = PICTURES) -> list[Path]:
    """Pictures of a folder in the order of the numbers in their names.

    Raises
    ------
    ValueError
        If there is none.
    """
    folder = Path(folder)
    files = [file for file in folder.iterdir() if file.suffix.lower() in endings and not file.name.startswith(".")]
    if not files:
        raise ValueError(f"unreadable video: {folder} holds no picture; endings {', '.join(endings)} are read.")
    return sorted(
        files, key=lambda file: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", file.name)]
    )


def read_pictures(files: Sequence[Path]) -> np.ndarray:
    """Pictures of one size, ``(picture, row, col, 3)`` uint8.

    Raises
    ------
    ValueError
        If one cannot be read, or differs in size.
    """
    pictures: list[np.ndarray] = []
    for file in files:
        picture = _read_picture(file)
        if pictures and picture.shape != pictures[0].shape:
            raise ValueError(f"{file} has shape {picture.shape}, those before it {pictures[0].shape}; give one size.")
        pictures.append(picture)
    return np.stack(pictures)


def as_channels(frames: np.ndarray, channels: int) -> np.ndarray:
    """Pictures ``(time, row, col, 3)`` uint8 as luminance ``(time, channel, row, col)`` float32 from 0 to 1.

    Raises
    ------
    ValueError
        If the number of channels is not 1 or 3.
    """
    if channels not in (1, 3):
        raise ValueError(f"channels is {channels}; give 1 for luminance or 3 for colours.")
    values = frames.astype(np.float32) / np.float32(255)
    if channels == 1:
        return np.clip(values @ np.array(LUMINANCE, dtype=np.float32), 0, 1)[:, None]
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2))


def _read_picture(file: Path) -> np.ndarray:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as image:
            return colours(image)
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"unreadable picture: {file} ({error}); get the file again.") from None


def _read_gif(path: Path) -> tuple[list[np.ndarray], float | None]:
    from PIL import Image, UnidentifiedImageError

    frames, durations = [], []
    try:
        with Image.open(path) as image:
            for number in range(getattr(image, "n_frames", 1)):
                image.seek(number)
                frames.append(np.asarray(image.convert("RGB")))
                durations.append(image.info.get("duration", 0))
    except (UnidentifiedImageError, OSError, EOFError, SyntaxError) as error:
        raise ValueError(f"unreadable video: {path} ({error}); get the file again.") from None
    total = sum(durations)
    return frames, 1000 * len(frames) / total if total > 0 else None


def _read_with_ffmpeg(path: Path) -> tuple[list[np.ndarray], float | None]:
    ffmpeg = find_ffmpeg()
    about = subprocess.run([ffmpeg, "-hide_banner", "-i", str(path)], capture_output=True, check=False)
    words = about.stderr.decode(errors="replace")
    video = next((line for line in words.splitlines() if "Video:" in line), "")
    size = re.search(r"\b(\d{2,5})x(\d{2,5})\b", video)
    if size is None:
        said = words.strip().splitlines() or ["no message"]
        raise ValueError(f"unreadable video: {path} ({said[-1]}); give a file that ffmpeg can read.")
    width, height = int(size[1]), int(size[2])
    command = [*(ffmpeg, "-loglevel", "error", "-threads", "1", "-noautorotate", "-i", str(path))]
    command += ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    read = subprocess.run(command, capture_output=True, check=False)
    if read.returncode != 0 or not read.stdout or len(read.stdout) % (3 * width * height):
        said = read.stderr.decode(errors="replace").strip().splitlines() or ["no frame"]
        raise ValueError(f"unreadable video: {path} ({said[-1]}); give a file that ffmpeg can read.")
    rate = re.search(r"([\d.]+) (?:fps|tbr)\b", video)
    frames = np.frombuffer(read.stdout, dtype=np.uint8).reshape(-1, height, width, 3)
    return list(frames), float(rate[1]) if rate else None


def _chosen(frames: Sequence[Any], first: int, n_frames: int | None, path: Path) -> Sequence[Any]:
    stop = len(frames) if n_frames is None else first + n_frames
    if not 0 <= first < stop <= len(frames):
        raise ValueError(
            f"{path} has {len(frames)} frames; frames {first} to {stop - 1} were asked for: change first_frame or n_frames."
        )
    return frames[first:stop]
