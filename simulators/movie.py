"""Movies from frames: GIF always, MP4 where there is ffmpeg."""

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from .space import space_for

if TYPE_CHECKING:
    from PIL.Image import Image

# Viewers play shorter frames at a tenth of a second.
SHORTEST_GIF_FRAME_MS = 20


def write_movie(
    frames: Iterable[np.ndarray],
    path: str | Path,
    *,
    fps: float,
    n_frames: int | None = None,
    progress: bool = False,
) -> Path:
    """Write frames to ``path``, whole or not at all.

    Parameters
    ----------
    frames
        Pictures ``(row, column, 3)`` of one size, uint8 RGB; read one by one.
    path
        Ends in ``.gif`` or ``.mp4``. An earlier file is replaced when the new one is complete.
    fps
        Frames per second. A GIF counts time in hundredths of a second and takes at most 50; its frames are as equally
        long as that allows, and together exactly as long as asked for.
    n_frames
        Number of frames, for the progress bar.
    progress
        Show a bar on stderr, if that is a terminal.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If the ending, the rate, or the shape or type of a frame is not as above, or there is no frame.
    RuntimeError
        If an MP4 is asked for and there is no ffmpeg, or ffmpeg fails.
    OSError
        If the disk is full or a limit of it reached; an earlier file is as it was.
    """
    from tqdm.auto import tqdm

    path = Path(path)
    refuse_target(path)
    if not (np.isfinite(fps) and fps > 0):
        raise ValueError(f"fps is {fps}; give a positive number of frames per second.")
    if path.suffix == ".gif" and 1000 / fps < SHORTEST_GIF_FRAME_MS:
        raise ValueError(f"fps is {fps}; a GIF plays at most 50 frames per second: lower fps, or write an .mp4.")
    ffmpeg = find_ffmpeg() if path.suffix == ".mp4" else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    bar = tqdm(
        _checked(frames),
        total=n_frames,
        desc=path.name,
        unit="frame",
        file=sys.stderr,
        disable=None if progress else True,
    )
    try:
        with space_for(path):
            if ffmpeg:
                _write_mp4(bar, new, fps, ffmpeg)
            else:
                _write_gif(bar, new, fps)
            os.replace(new, path)
    finally:
        bar.close()
        new.unlink(missing_ok=True)
    return path


def refuse_target(path: Path) -> None:
    """Refuse a place where `write_movie` could not write, before any frame is made.

    Raises
    ------
    ValueError
        If the ending is unknown, or the path is a folder or lies in a file.
    PermissionError
        If the folder may not be written to.
    RuntimeError
        If it ends in ``.mp4`` and there is no ffmpeg.
    """
    if path.suffix not in (".gif", ".mp4"):
        raise ValueError(f"a movie ends in .gif or .mp4, received {path.name!r}.")
    if path.is_dir():
        raise ValueError(f"{path} is a folder, and a movie is a file; give another name.")
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir():
        raise ValueError(f"{above} is a file, so that {path} cannot lie in it; give another folder.")
    if not os.access(above, os.W_OK):
        raise PermissionError(f"{above} may not be written to; give another folder than that of {path}.")
    if path.suffix == ".mp4":
        find_ffmpeg()


def find_ffmpeg() -> str:
    """The program ffmpeg: on PATH, else that of the package imageio-ffmpeg.

    Raises
    ------
    RuntimeError
        If there is neither.
    """
    found = shutil.which("ffmpeg")
    if found:
        return found
    try:
        return str(importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except (ImportError, RuntimeError) as missing:
        raise RuntimeError(
            "an .mp4 needs ffmpeg, which is neither on PATH nor in the package imageio-ffmpeg; "
            "install one of them (pip install imageio-ffmpeg), or write a .gif."
        ) from missing


def _checked(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    shape = None
    for number, frame in enumerate(frames):
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
            raise ValueError(
                f"frame {number} is {frame.dtype} of shape {frame.shape}; frames are uint8 (row, column, 3)."
            )
        if shape not in (None, frame.shape):
            raise ValueError(f"frame {number} has shape {frame.shape}, those before it {shape}; give one size.")
        shape = frame.shape
        yield frame
    if shape is None:
        raise ValueError("there is no frame; a movie needs at least one.")


def _write_gif(frames: Iterable[np.ndarray], path: Path, fps: float) -> None:
    images = _palette_images(frames, fps)
    first = next(images)
    with path.open("wb") as file:
        first.save(file, format="GIF", save_all=True, append_images=images, loop=0)


def _palette_images(frames: Iterable[np.ndarray], fps: float) -> "Iterator[Image]":
    from PIL import Image

    for number, frame in enumerate(frames):
        image = Image.fromarray(frame).quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        start, stop = (round(100 * count / fps) for count in (number, number + 1))
        image.info["duration"] = 10 * (stop - start)
        yield image


def _write_mp4(frames: Iterable[np.ndarray], path: Path, fps: float, ffmpeg: str) -> None:
    with tempfile.TemporaryFile() as messages:
        process: subprocess.Popen[bytes] | None = None
        try:
            for frame in frames:
                if process is None:
                    process = _start_ffmpeg(ffmpeg, frame.shape, path, fps, messages)
                    assert process.stdin is not None
                process.stdin.write(np.ascontiguousarray(frame).tobytes())  # type: ignore[union-attr]
        except BrokenPipeError:
            pass  # its messages and exit status say why
        except BaseException:
            if process is not None:
                process.kill()
                process.communicate()
            raise
        assert process is not None
        process.communicate()
        if process.returncode != 0:
            messages.seek(0)
            lines = messages.read().decode(errors="replace").strip().splitlines() or ["no message"]
            raise RuntimeError(f"ffmpeg ({ffmpeg}) ended with status {process.returncode}: {lines[-1]}")


def _start_ffmpeg(
    ffmpeg: str, shape: tuple[int, ...], path: Path, fps: float, messages: IO[bytes]
) -> "subprocess.Popen[bytes]":
    command = [
        *(ffmpeg, "-y", "-loglevel", "error", "-threads", "1"),
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{shape[1]}x{shape[0]}", "-r", f"{fps:.6f}", "-i", "-"),
        # The usual colour format of players has one colour for 2 x 2 pixels.
        *("-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white", "-c:v", "libx264", "-pix_fmt", "yuv420p"),
        *("-crf", "20", "-threads", "1", "-movflags", "+faststart", "-f", "mp4", str(path)),
    ]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=messages)
