"""Movies of simulated scenes: which samples are shown, how fast they play, and that frames leave no traces."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from simulators import movie as writer
from simulators.movie import find_ffmpeg
from simulators.whisker import Scene, SceneObject, mouse_array, simulate
from simulators.whisker.motion import RigidMotion
from simulators.whisker.pictures import movie
from simulators.whisker.pictures.drawing import LINE_COLOURS, ROW_COLOURS
from simulators.whisker.pictures.movie import frame_samples, scene_movie
from simulators.whisker.solids import Sphere


@pytest.fixture(scope="module")
def scene():
    array = mouse_array(names=["RC1", "RC2", "RD1"])
    middle = array.centre_lines_mm(11)[:, 8].mean(axis=0)
    path = RigidMotion.linear(middle + [0.0, 9.0, 0.0], (0.0, -150.0, 0.0))
    return Scene(array, (SceneObject(Sphere(3.0), path, "ball"),), duration_s=0.1, rate_hz=500.0)


@pytest.fixture(scope="module")
def result(scene):
    return simulate(scene)


@pytest.fixture
def frames(monkeypatch, tmp_path):
    """Calls `scene_movie` and gives its frames and the arguments of the writer."""

    def made(*args, **options):
        kept = {}

        def keep(pictures, path, **how):
            kept.update(how, pictures=np.array(list(pictures)))
            return path

        monkeypatch.setattr(movie, "write_movie", keep)
        scene_movie(*args, tmp_path / "a.gif", **options)
        return kept

    return made


def test_gif_of_every_fifth_sample(result, scene, tmp_path):
    path = scene_movie(result, scene, tmp_path / "a.gif", every=5, fps=25)
    with Image.open(path) as image:
        durations = [image.seek(number) or image.info["duration"] for number in range(image.n_frames)]
        assert durations == [40] * 10
        assert image.size[0] == 720
    assert path.stat().st_size > 20_000


def test_mp4_where_there_is_ffmpeg(result, scene, tmp_path):
    try:
        find_ffmpeg()
    except RuntimeError as missing:
        pytest.skip(str(missing))
    path = scene_movie(result, scene, tmp_path / "a.mp4", every=10, traces=("Fx", "Mz"))
    assert path.read_bytes()[4:8] == b"ftyp"
    assert path.stat().st_size > 5_000


def test_mp4_without_ffmpeg_is_refused_in_one_sentence(result, scene, tmp_path, monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(writer.shutil, "which", lambda name: None)
    monkeypatch.setattr(writer.importlib, "import_module", absent)
    with pytest.raises(RuntimeError, match=r"^an \.mp4 needs ffmpeg, .* or write a \.gif\.$"):
        scene_movie(result, scene, tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


def test_slow_down_and_every_are_two_ways_to_say_one_thing():
    times = np.arange(1, 1001) / 1000
    samples, slower = frame_samples(times, 20.0, None, None)
    assert slower == 5.0
    np.testing.assert_array_equal(samples, np.arange(0, 1000, 10))
    again, same = frame_samples(times, 20.0, None, 10)
    np.testing.assert_array_equal(samples, again)
    assert same == pytest.approx(slower)


@pytest.mark.parametrize("slow_down", [0.5, 1.0, 3.0, 7.3, 40.0])
@pytest.mark.parametrize("fps", [10.0, 24.0])
def test_frames_follow_the_clock(slow_down, fps):
    times = 0.004 * np.arange(1, 201)
    samples, _ = frame_samples(times, fps, slow_down, None)
    wanted = times[0] + np.arange(len(samples)) / (fps * slow_down)
    assert np.abs(times[samples] - wanted).max() <= 0.002 + 1e-9
    assert wanted[-1] <= times[-1] + 1e-9 < wanted[-1] + 1 / (fps * slow_down) + 2e-9


def test_one_sample_is_one_frame():
    samples, _ = frame_samples(np.array([0.5]), 20.0, None, None)
    np.testing.assert_array_equal(samples, [0])


def test_frames_leave_nothing_behind(result, scene, frames, monkeypatch):
    """Back at an earlier sample the picture is what it was: all that moves is erased."""
    monkeypatch.setattr(movie, "frame_samples", lambda *_: (np.array([3, 30, 45, 30, 3]), 2.0))
    pictures = frames(result, scene, colour="moment")["pictures"]
    np.testing.assert_array_equal(pictures[0], pictures[4])
    np.testing.assert_array_equal(pictures[1], pictures[3])
    assert (pictures[0] != pictures[1]).any()


def test_a_cursor_moves_from_left_to_right_over_the_traces(result, scene, frames):
    kept = frames(result, scene, every=10, traces=("Mz",))
    assert kept["n_frames"] == 5
    below = kept["pictures"][:, -130:-60]  # the panel without its labels
    places = []
    for picture in below:
        columns = (picture.max(axis=2) < 60).mean(axis=0)
        dark = np.flatnonzero(columns > 0.9)
        places.append(dark[dark > dark.min()].mean() if len(dark) > 2 else dark.mean())
    assert (np.diff(places) > 20).all()


def test_traces_of_chosen_whiskers_have_their_colours(result, scene, frames):
    below = frames(result, scene, every=50, whiskers=["RC1", "RD1"])["pictures"][0, -150:].reshape(-1, 3)
    shown = [(np.abs(below - 255 * np.array(to_rgb(colour))).max(axis=1) < 60).any() for colour in LINE_COLOURS[:3]]
    assert shown == [True, False, True]  # as in the picture of the three


def test_rows_are_explained_where_the_picture_shows_magnitudes(frames):
    array = mouse_array(names=["RC0", "RC1", "RC2", "RC3", "RD1", "RD2", "RD3"])
    scene = Scene(array, duration_s=0.01)
    corner = (slice(-150, -100), slice(-60, None))
    pictures = frames(simulate(scene), scene, every=5, colour="moment")["pictures"]
    shown = [
        (np.abs(pictures[0][corner].reshape(-1, 3) - 255 * np.array(to_rgb(ROW_COLOURS[row]))).max(axis=1) < 20).any()
        for row in "ACD"
    ]
    assert shown == [False, True, True]


def test_any_number_of_panels(result, scene, frames):
    sizes = {
        len(names): frames(result, scene, every=50, traces=names)["pictures"][0].shape
        for names in (("M",), ("F", "M"), ("Fx", "Fy", "Fz", "Mx", "My", "Mz"), ("F", "Fx", "Fy", "M"))
    }
    assert sizes[1] == sizes[2] == (610, 720, 3)
    assert sizes[6] == sizes[4] == (760, 720, 3)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"fps": 0}, "fps is 0"),
        ({"slow_down": -1.0}, "slow_down is -1"),
        ({"every": 0}, "every is 0"),
        ({"every": 2, "slow_down": 2.0}, "give one of them"),
        ({"traces": ("Fx", "Q")}, r"traces \['Fx', 'Q'\] are not known"),
        ({"traces": ()}, "traces"),
        ({"whiskers": ["LA0"]}, "not all in the recording"),
        ({"colour": "speed"}, "colour 'speed' is not known"),
        ({"view": "above"}, "view 'above' is not known"),
    ],
)
def test_what_cannot_be_shown_is_refused(result, scene, tmp_path, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        scene_movie(result, scene, tmp_path / "a.gif", **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_second_of_a_full_array_is_a_hundred_frames(real_data, tmp_path):
    """Whisker shapes of the published program's standard sweep, drawn with its box."""
    import xarray as xr

    from simulators.whisker.solids import Box

    with np.load(real_data / "whiskers" / "reference_runs" / "mouse_array_box_standard_sweep.npz") as run:
        first, names = run["link_offset"], [str(name) for name in run["names"]]
        nodes = np.full((len(run["t"]), len(names), int(np.diff(first).max()), 3), np.nan)
        for number in range(len(names)):
            nodes[:, number, : first[number + 1] - first[number]] = run["link_xyz"][
                :, first[number] : first[number + 1]
            ]
        pose, force, moment, contact = (run[key] for key in ("obj_pose", "F_mean", "M_mean", "whisker_contact"))
        times = run["t"].astype(float)
    per_whisker = ("time", "whisker", "axis")
    result = xr.Dataset(
        {
            "nodes": (("time", "whisker", "node", "axis"), nodes),
            "contact": (per_whisker[:2], contact),
            "contact_point": (per_whisker, np.full(force.shape, np.nan)),
            "force": (per_whisker, force, {"unit": "mN"}),
            "moment": (per_whisker, moment, {"unit": "uN.m"}),
            "object_position": (("time", "object", "axis"), pose[:, None, :3].astype(float)),
            "object_quaternion": (("time", "object", "quaternion"), pose[:, None, 3:].astype(float)),
        },
        coords={"time": times, "whisker": names},
    )
    box = Box(tuple(np.array([1.0, 2.0, 3.0]) * 40 / np.sqrt(14)))
    scene = Scene(mouse_array().subset(names), (SceneObject(box, RigidMotion.fixed((99.0, 0.0, 0.0))),))
    with Image.open(scene_movie(result, scene, tmp_path / "a.gif")) as image:
        assert image.n_frames == 100
