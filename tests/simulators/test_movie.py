"""Movies from plain frames: what is in the file, and what is refused."""

import importlib
import os
import re
import stat
import subprocess

import numpy as np
import pytest
from PIL import Image

from simulators import movie
from simulators.movie import find_ffmpeg, write_movie


def squares(n_frames, height=24, width=32):
    """A red square that moves to the right over white."""
    for number in range(n_frames):
        frame = np.full((height, width, 3), 255, dtype=np.uint8)
        frame[8:16, number : number + 8] = (200, 30, 30)
        yield frame


def read_gif(path):
    frames, durations = [], []
    with Image.open(path) as image:
        for number in range(image.n_frames):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGB")))
            durations.append(image.info["duration"])
    return np.array(frames), durations


@pytest.fixture
def ffmpeg():
    try:
        return find_ffmpeg()
    except RuntimeError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def no_ffmpeg(monkeypatch):
    """A machine with neither the program nor the package."""

    def absent(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(movie.shutil, "which", lambda name: None)
    monkeypatch.setattr(movie.importlib, "import_module", absent)


def test_gif_holds_every_frame_as_it_was(tmp_path):
    path = write_movie(squares(6), tmp_path / "a.gif", fps=20)
    frames, durations = read_gif(path)
    np.testing.assert_array_equal(frames, list(squares(6)))
    assert durations == [50] * 6


@pytest.mark.parametrize(("fps", "n_frames"), [(30, 10), (7, 9), (50, 4), (12.5, 3)])
def test_gif_lasts_as_long_as_asked_for(tmp_path, fps, n_frames):
    _, durations = read_gif(write_movie(squares(n_frames), tmp_path / "a.gif", fps=fps))
    assert len(durations) == n_frames
    assert abs(sum(durations) - 1000 * n_frames / fps) <= 5  # a GIF counts hundredths of a second
    assert max(durations) - min(durations) <= 10


def test_a_pause_in_a_gif_keeps_its_time(tmp_path):
    frame = next(squares(1))
    _, durations = read_gif(write_movie([frame] * 5, tmp_path / "a.gif", fps=10))
    assert sum(durations) == 500


@pytest.mark.parametrize(("height", "width"), [(48, 64), (47, 63)])
def test_mp4_has_the_frames_and_an_even_size(tmp_path, ffmpeg, height, width):
    path = write_movie(squares(12, height, width), tmp_path / "a.mp4", fps=24)
    read = subprocess.run(
        [ffmpeg, "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True, check=True
    )
    shown = np.frombuffer(read.stdout, dtype=np.uint8).reshape(12, 48, 64, 3)
    assert re.search(r"Video: h264.* yuv420p.* 64x48.* 24 fps", read.stderr.decode())
    assert np.abs(shown[5][11, 8].astype(int) - (200, 30, 30)).max() < 40  # inside the square; the codec is lossy
    assert shown[5][30, 40].min() > 240


def test_without_ffmpeg_an_mp4_is_refused_and_a_gif_written(tmp_path, no_ffmpeg):
    with pytest.raises(RuntimeError, match=r"needs ffmpeg.*imageio-ffmpeg.*write a \.gif"):
        write_movie(squares(2), tmp_path / "a.mp4", fps=10)
    assert list(tmp_path.iterdir()) == []
    assert write_movie(squares(2), tmp_path / "a.gif", fps=10).stat().st_size > 0


def test_ffmpeg_of_the_package_is_found(monkeypatch):
    package = pytest.importorskip("imageio_ffmpeg")
    monkeypatch.setattr(movie.shutil, "which", lambda name: None)
    assert find_ffmpeg() == package.get_ffmpeg_exe()


def test_ffmpeg_on_path_comes_first(tmp_path, monkeypatch):
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + os.environ["PATH"])
    assert find_ffmpeg() == str(program)


@pytest.mark.skipif(os.name != "posix", reason="a script stands in for ffmpeg")
@pytest.mark.parametrize("reads", ["exec <&-", "cat > /dev/null"], ids=["ends at once", "reads all"])
def test_a_failing_ffmpeg_is_quoted_and_the_earlier_file_stays(tmp_path, monkeypatch, reads):
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{reads}\necho Unknown encoder >&2\nexit 8\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent) + os.pathsep + os.environ["PATH"])
    path = tmp_path / "a.mp4"
    path.write_bytes(b"earlier")
    with pytest.raises(RuntimeError, match="status 8: Unknown encoder"):
        write_movie(squares(200, 200, 300), path, fps=10)
    assert path.read_bytes() == b"earlier"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.mp4", "bin"]


@pytest.mark.parametrize("name", ["a.gif", "a.mp4"])
def test_an_interrupted_movie_leaves_the_earlier_one(tmp_path, name, request):
    if name.endswith("mp4"):
        request.getfixturevalue("ffmpeg")

    def broken():
        yield from squares(3)
        raise KeyboardInterrupt

    path = write_movie(squares(2), tmp_path / name, fps=10)
    earlier = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        write_movie(broken(), path, fps=10)
    assert path.read_bytes() == earlier
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_places_where_no_movie_can_be_are_refused(tmp_path):
    (tmp_path / "folder.gif").mkdir()
    (tmp_path / "file").write_text("mine")
    for name, message in (
        ("folder.gif", "is a folder, and a movie is a file; give another name"),
        ("file/a.gif", "is a file, so that .* cannot lie in it; give another folder"),
    ):
        with pytest.raises(ValueError, match=message):
            write_movie(squares(2), tmp_path / name, fps=10)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.gif"]


@pytest.mark.skipif(os.name == "nt", reason="there is no limit of file sizes")
def test_limit_of_file_sizes_is_named(tmp_path):
    resource = pytest.importorskip("resource")
    path = write_movie(squares(2), tmp_path / "a.gif", fps=10)
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, limits[1]))
    try:
        with pytest.raises(OSError, match=r"ulimit -f\): .*a\.gif is not written"):
            write_movie(squares(20), path, fps=10)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.gif"]


def test_a_missing_folder_is_made(tmp_path):
    assert write_movie(squares(2), tmp_path / "new" / "a.gif", fps=10).is_file()


@pytest.mark.parametrize(
    ("frames", "name", "fps", "sentence"),
    [
        (squares(1), "a.avi", 10, r"ends in \.gif or \.mp4, received 'a\.avi'"),
        (squares(1), "a.gif", 0, "fps is 0"),
        (squares(1), "a.gif", float("nan"), "fps is nan"),
        (squares(1), "a.gif", 60, "at most 50 frames per second"),
        ([], "a.gif", 10, "no frame"),
        ([np.zeros((4, 4, 4), dtype=np.uint8)], "a.gif", 10, "uint8 of shape"),
        ([np.zeros((4, 4, 3))], "a.gif", 10, "float64 of shape"),
        ([*squares(1), *squares(1, 30)], "a.gif", 10, r"frame 1 has shape \(30, 32, 3\)"),
    ],
)
def test_what_is_no_movie_is_refused(tmp_path, frames, name, fps, sentence):
    with pytest.raises(ValueError, match=sentence):
        write_movie(frames, tmp_path / name, fps=fps)
    assert list(tmp_path.iterdir()) == []


def test_progress_is_silent_where_stderr_is_no_terminal(tmp_path, capsys):
    write_movie(squares(3), tmp_path / "a.gif", fps=10, n_frames=3, progress=True)
    written = capsys.readouterr()
    assert written.out == written.err == ""


def test_the_module_is_cheap_to_import():
    source = importlib.import_module("simulators.movie").__dict__
    assert "PIL" not in source
    assert "tqdm" not in source
