import numpy as np
import pytest
from PIL import Image

from simulators.vision import Display, counterphase_grating, drifting_grating, make_clip, write_clip_movie
from simulators.vision.movies import flow_picture

DISPLAY = Display(16, 20, pixels_per_degree=4, rate_hz=20)


def read_gif(path):
    with Image.open(path) as image:
        frames = []
        for number in range(image.n_frames):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGB")))
        return np.array(frames), image.info["duration"]


def test_a_movie_holds_the_frames_magnified(tmp_path):
    clip = drifting_grating(DISPLAY, n_frames=5)
    frames, duration = read_gif(write_clip_movie(clip, tmp_path / "a.gif", magnify=3))
    assert frames.shape == (5, 48, 60, 3) and duration == 50
    expected = np.rint(255 * clip["frames"].values[:, 0]).astype(int)
    np.testing.assert_array_equal(frames[:, 1::3, 1::3, 0], expected)


def test_colours_stay(tmp_path):
    picture = np.zeros((2, 3, 16, 20))
    picture[:, 0] = 1
    frames, _ = read_gif(write_clip_movie(make_clip(picture, DISPLAY), tmp_path / "a.gif"))
    assert (frames == [255, 0, 0]).all()


def test_the_flow_is_beside_the_frames(tmp_path):
    clip = drifting_grating(DISPLAY, n_frames=3, aperture="circle:3")
    frames, _ = read_gif(write_clip_movie(clip, tmp_path / "a.gif", show_flow=True))
    assert frames.shape == (3, 16, 40, 3)
    assert frames[0, 8, 30].tolist() == [255, 0, 0] and (abs(frames[0, 0, 20].astype(int) - 128) <= 1).all()


def test_hues_turn_counter_clockwise_from_red():
    flow = np.zeros((2, 1, 5))
    flow[:, 0] = np.array([(1, 0), (0, -1), (-1, 0), (0, 0), (np.nan, 0)]).T
    colours = flow_picture(flow, 1.0)[0].tolist()
    assert colours == [[255, 0, 0], [128, 255, 0], [0, 255, 255], [255, 255, 255], [128, 128, 128]]


def test_movies_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(ValueError, match="kind 'counterphase' has no flow to show"):
        write_clip_movie(counterphase_grating(DISPLAY), tmp_path / "a.gif", show_flow=True)
    with pytest.raises(ValueError, match="magnify is 0"):
        write_clip_movie(drifting_grating(DISPLAY), tmp_path / "a.gif", magnify=0)
    assert not list(tmp_path.glob("*"))
