import numpy as np
import pytest
from PIL import Image

from simulators.movie import find_ffmpeg, write_movie
from simulators.vision import read_video
from simulators.vision.video_files import picture_files


def pictures(n=12, height=16, width=24):
    frames = np.zeros((n, height, width, 3), dtype=np.uint8)
    for number, frame in enumerate(frames):
        frame[4:12, number : number + 8] = (240, 120, 0)
    return frames


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "frames"
    place.mkdir()
    for number, frame in enumerate(pictures()):
        Image.fromarray(frame).save(place / f"f{number}.png")  # f10 comes after f9
    return place


@pytest.fixture
def ffmpeg():
    try:
        return find_ffmpeg()
    except RuntimeError as missing:
        pytest.skip(str(missing))


def test_a_folder_is_read_in_the_order_of_its_numbers(folder):
    clip = read_video(folder, rate_hz=25, pixels_per_degree=8)
    np.testing.assert_allclose(clip["frames"].values * 255, pictures().transpose(0, 3, 1, 2), atol=1e-4)
    assert (clip.attrs["rate_hz"], clip.attrs["pixels_per_degree"]) == (25, 8)
    some = read_video(folder, rate_hz=25, first_frame=3, n_frames=4, channels=1)
    assert some["frames"].shape == (4, 1, 16, 24)
    grey = (pictures()[3:7] @ [0.299, 0.587, 0.114]) / 255
    np.testing.assert_allclose(some["frames"].values[:, 0], grey, atol=1e-6)
    assert [file.name for file in picture_files(folder)[-3:]] == ["f9.png", "f10.png", "f11.png"]


def test_a_gif_states_its_rate(tmp_path):
    path = write_movie(pictures(), tmp_path / "a.gif", fps=20)
    clip = read_video(path)
    assert clip.attrs["rate_hz"] == 20 and clip.sizes["time"] == 12
    np.testing.assert_allclose(clip["frames"].values * 255, pictures().transpose(0, 3, 1, 2), atol=1e-4)
    Image.fromarray(pictures()[0]).save(tmp_path / "still.gif")
    with pytest.raises(ValueError, match="frame rate missing: .*still.gif does not state it; give rate_hz"):
        read_video(tmp_path / "still.gif")
    assert read_video(tmp_path / "still.gif", rate_hz=10).sizes["time"] == 1


def test_a_video_is_read_with_ffmpeg(tmp_path, ffmpeg):
    path = write_movie(pictures(10, 32, 48), tmp_path / "a.mp4", fps=24)
    clip = read_video(path)
    assert clip.attrs["rate_hz"] == 24 and clip["frames"].shape == (10, 3, 32, 48)
    assert abs(clip["frames"].values * 255 - pictures(10, 32, 48).transpose(0, 3, 1, 2)).mean() < 12
    assert read_video(path, rate_hz=60, n_frames=3).attrs["rate_hz"] == 60


def test_unreadable_videos_say_so(tmp_path, folder, ffmpeg):
    (tmp_path / "a.mp4").write_bytes(b"no video" * 50)
    (tmp_path / "a.gif").write_bytes(b"no video" * 50)
    (tmp_path / "empty").mkdir()
    for name in ("a.mp4", "a.gif", "empty"):
        with pytest.raises(ValueError, match=f"unreadable video: .*{name}"):
            read_video(tmp_path / name, rate_hz=10)
    with pytest.raises(FileNotFoundError, match="none.mp4 is not there"):
        read_video(tmp_path / "none.mp4")
    with pytest.raises(ValueError, match="frame rate missing"):
        read_video(folder)
    with pytest.raises(ValueError, match="has 12 frames; frames 10 to 13 were asked for"):
        read_video(folder, rate_hz=10, first_frame=10, n_frames=4)
    with pytest.raises(ValueError, match="channels is 2"):
        read_video(folder, rate_hz=10, channels=2)
    (folder / "f5.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="unreadable picture: .*f5.png"):
        read_video(folder, rate_hz=10)
    Image.fromarray(pictures()[0][:8]).save(folder / "f5.png")
    with pytest.raises(ValueError, match="f5.png has shape .* give one size"):
        read_video(folder, rate_hz=10)
