"""Pictures of simulated scenes: what they show, in which words and units, and that nobody's screen is needed."""

import os
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib._pylab_helpers import Gcf
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from simulators.whisker import Scene, SceneObject, mouse_array, simulate
from simulators.whisker.motion import RigidMotion
from simulators.whisker.pictures.drawing import LINE_COLOURS, ROW_COLOURS
from simulators.whisker.pictures.figures import (
    array_picture,
    contact_raster,
    force_traces,
    nearest_sample,
    scene_picture,
    scene_views,
    tip_paths,
)
from simulators.whisker.solids import Sphere


@pytest.fixture(scope="module")
def scene():
    array = mouse_array(names=["RB1", "RC1", "RC2", "RD1", "RD2", "RE1", "RA0"])
    middle = array.centre_lines_mm(11)[:, 8].mean(axis=0)
    path = RigidMotion.linear(middle + [0.0, 9.0, 0.0], (0.0, -150.0, 0.0))
    return Scene(array, (SceneObject(Sphere(3.0), path, "ball"),), duration_s=0.12, rate_hz=500.0)


@pytest.fixture(scope="module")
def result(scene):
    return simulate(scene)


def written(figure, path):
    figure.savefig(path)
    return path.stat().st_size


def time_of_most_contacts(result):
    return float(result["time"].values[result["contact"].values.sum(axis=1).argmax()])


def test_scene_picture_marks_contacts_and_says_when(result, scene, tmp_path):
    time = time_of_most_contacts(result)
    ax = scene_picture(result, scene, time)
    sample = nearest_sample(result, time)
    touched = result["contact"].values[sample]
    assert touched.sum() >= 2
    assert ax.get_title(loc="left") == f"{time:.3f} s, {touched.sum()} of 7 in contact"
    (dots,) = ax.lines
    assert np.isfinite(dots.get_xdata()).sum() == touched.sum()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [f"row {row}" for row in "ABCDE"]
    assert written(ax.figure, tmp_path / "a.png") > 10_000


@pytest.mark.parametrize(("colour", "unit"), [("moment", "µN·m"), ("force", "mN")])
def test_magnitudes_have_a_bar_with_their_unit(result, scene, colour, unit):
    ax = scene_picture(result, scene, 0.05, colour=colour)
    bar = ax.figure.axes[1]
    assert bar.get_ylabel() == f"|{colour}| on the base [{unit}]"
    assert bar.get_ylim()[1] == pytest.approx(np.linalg.norm(result[colour].values, axis=2).max())
    assert ax.get_legend() is None


def test_names_of_touched_whiskers_alone_are_written(result, scene):
    time = time_of_most_contacts(result)
    ax = scene_picture(result, scene, time, names=True)
    touched = result["whisker"].values[result["contact"].values[nearest_sample(result, time)]]
    assert {text.get_text() for text in ax.texts} & set(scene.array.names) == set(touched)


def test_views_side_by_side(result, scene, tmp_path):
    figure = scene_views(result, scene, 0.06, views=("oblique", "top", (10.0, 20.0)), colour="moment")
    titles = [ax.get_title(loc="left") for ax in figure.axes[:3]]
    assert titles[0].startswith("oblique, 0.060 s")
    assert titles[1:] == ["top", "azimuth 10°, elevation 20°"]
    assert len(figure.axes) == 4  # one bar for all
    assert written(figure, tmp_path / "a.png") > 20_000


def test_array_picture_names_are_optional_and_one_is_no_plural():
    ax = array_picture(mouse_array(names=["RC1"]), names=False)
    assert ax.get_title(loc="left") == "1 whisker at rest"
    assert "RC1" not in [text.get_text() for text in ax.texts]


def test_paths_are_those_of_the_tips(result, scene):
    ax = tip_paths(result, scene, view="top", whiskers=["RC1", "RD1"])
    paths = [line for line in ax.lines if len(line.get_xdata()) == result.sizes["time"]]
    assert [line.get_color() for line in paths] == list(LINE_COLOURS[:2])
    np.testing.assert_allclose(paths[0].get_xydata(), result["tip"].sel(whisker="RC1").values[:, :2])
    assert ax.get_title(loc="left").startswith("2 tips, path from 0.002 to 0.120 s")


@pytest.mark.parametrize("frame", ["world", "whisker"])
def test_traces_are_the_recording_with_its_units(result, frame):
    figure = force_traces(result, ["RC2", "RD1"], frame=frame)
    assert [ax.get_ylabel() for ax in figure.axes] == [
        f"${letter}_{axis}$ [{unit}]" for axis in "xyz" for letter, unit in (("F", "mN"), ("M", "µN·m"))
    ]
    suffix = "" if frame == "world" else "_whisker"
    for place, ax in enumerate(figure.axes):
        shown = result[("force", "moment")[place % 2] + suffix].values[:, :, place // 2]
        for line, name in zip(ax.lines, ("RC2", "RD1"), strict=False):
            np.testing.assert_array_equal(line.get_ydata(), shown[:, list(result["whisker"].values).index(name)])
            np.testing.assert_array_equal(line.get_xdata(), result["time"].values)
    assert [ax.get_xlabel() for ax in figure.axes[-2:]] == ["time [s]"] * 2
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["RC2", "RD1"]


def test_many_traces_are_coloured_by_row_few_by_whisker(result):
    many, few = force_traces(result), force_traces(result, ["RC1", "RC2"])
    assert [line.get_color() for line in many.axes[0].lines[:7]] == [
        ROW_COLOURS[name[1]] for name in result.whisker.values
    ]
    assert [text.get_text() for text in many.legends[0].get_texts()] == [f"row {row}" for row in "ABCDE"]
    assert [line.get_color() for line in few.axes[0].lines[:2]] == list(LINE_COLOURS[:2])


def test_raster_bars_last_as_long_as_the_contacts(result):
    ax = contact_raster(result)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(result["whisker"].values)
    lasted = {}
    for bars in ax.collections:
        for (start, row), (stop, _) in bars.get_segments():
            lasted[int(row)] = lasted.get(int(row), 0.0) + stop - start
    contact = result["contact"].values
    assert contact.any()
    for number in range(contact.shape[1]):
        assert lasted.get(number, 0.0) == pytest.approx(contact[:, number].sum() / 500, abs=1e-12)
    first = min(segment[0, 0] for bars in ax.collections for segment in bars.get_segments())
    assert first == pytest.approx(result["time"].values[contact.any(axis=1)][0] - 1 / 500)
    assert ax.get_xlabel() == "time [s]"
    assert ax.get_xlim() == pytest.approx((0.0, 0.12))


def test_nearest_sample(result):
    assert nearest_sample(result, 0.0) == 0
    assert nearest_sample(result, 0.0131) == 6  # 0.014 s: of 0.012 and 0.014 the nearer
    assert nearest_sample(result, 0.12) == 59
    for time in (-0.1, 0.2, np.nan):
        with pytest.raises(ValueError, match=r"time_s is .*; the run goes from 0\.002 to 0\.12 s"):
            nearest_sample(result, time)


def test_what_is_unknown_is_refused(result, scene):
    with pytest.raises(ValueError, match="colour 'speed' is not known; take 'row', 'moment' or 'force'"):
        scene_picture(result, scene, 0.05, colour="speed")
    with pytest.raises(ValueError, match="not all in the recording; it has RB1"):
        force_traces(result, ["RC1", "LC1"])
    with pytest.raises(ValueError, match="not all in the recording"):
        tip_paths(result, scene, whiskers=[])
    with pytest.raises(ValueError, match="frame 'head' is not known"):
        force_traces(result, frame="head")


def test_nothing_is_left_behind(result, scene):
    before = dict(matplotlib.rcParams)
    scene_picture(result, scene, 0.05)
    contact_raster(result)
    assert dict(matplotlib.rcParams) == before
    assert Gcf.get_num_fig_managers() == 0


def test_an_axis_of_the_user_is_drawn_on(result, scene):
    axes = Figure().subplots(1, 3)
    assert scene_picture(result, scene, 0.05, ax=axes[0]) is axes[0]
    assert array_picture(scene.array, ax=axes[1]) is axes[1]
    assert contact_raster(result, ax=axes[2]) is axes[2]


def test_rows_differ_in_lightness_or_hue_for_everyone():
    """Distances between the colours of rows after simulated deuteranopia and protanopia (Vienot et al. 1999)."""
    to_lms = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
    blind = {
        "protan": np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]]),
        "deutan": np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]]),
    }
    colours = np.array([to_rgb(colour) for colour in ROW_COLOURS.values()]) ** 2.2
    for turn in blind.values():
        seen = np.clip(colours @ (np.linalg.inv(to_lms) @ turn @ to_lms).T, 0, 1) ** (1 / 2.2)
        apart = np.linalg.norm(seen[:, None] - seen[None], axis=2)[np.triu_indices(len(seen), 1)]
        assert apart.min() > 0.2


def test_no_display_is_needed(tmp_path):
    """A fresh process without a backend or a display; what matplotlib warns of is an error."""
    script = (
        "from simulators.whisker import mouse_array\n"
        "from simulators.whisker.pictures.figures import array_picture\n"
        "array_picture(mouse_array(names=['RC1', 'RC2'])).figure.savefig('a.png')\n"
        "import sys\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    environment = {
        key: value for key, value in os.environ.items() if key not in ("MPLBACKEND", "DISPLAY", "WAYLAND_DISPLAY")
    }
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.png").stat().st_size > 5_000
