"""What lies before what, and the limits of pictures."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from simulators.whisker import Scene, SceneObject, mouse_array
from simulators.whisker.motion import RigidMotion
from simulators.whisker.pictures.camera import VIEWS
from simulators.whisker.pictures.drawing import (
    LINE_COLOURS,
    NARROWEST_PT,
    PALE_COLOUR,
    ROW_COLOURS,
    WIDEST_PT,
    Course,
    SceneDrawing,
    whisker_colours,
)
from simulators.whisker.solids import Box, Plane


def new_axis(size=4.0):
    figure = Figure(figsize=(size, size), dpi=100)
    FigureCanvasAgg(figure)
    return figure.add_axes((0, 0, 1, 1))


def pixels(ax):
    ax.figure.canvas.draw()
    return np.asarray(ax.figure.canvas.buffer_rgba())[..., :3].astype(int)


def colour_at(ax, point, radius=2):
    """Colours within a few pixels of a point of the picture."""
    image = pixels(ax)  # drawn first: the aspect sets the limits
    column, row = ax.transData.transform(point)
    row = image.shape[0] - int(row)
    return image[row - radius : row + radius + 1, int(column) - radius : int(column) + radius + 1].reshape(-1, 3)


def has_colour(found, name, within=40):
    return bool((np.abs(found - 255 * np.array(to_rgb(name))).max(axis=1) < within).any())


def straight_course(depth_mm, n_samples=1):
    """One whisker along x, nearer to a viewer above by ``depth_mm``, and an object at the origin."""
    line = np.stack([np.linspace(-6, 6, 9), np.zeros(9), np.full(9, depth_mm)], axis=1)
    return Course(
        np.tile(line, (n_samples, 1, 1, 1)),
        np.full((n_samples, 1, 3), np.nan),
        np.zeros((n_samples, 1, 3)),
        np.tile([1.0, 0, 0, 0], (n_samples, 1, 1)),
    )


@pytest.mark.parametrize("view", list(VIEWS))
def test_limits_hold_every_whisker_with_room_around_and_a_millimetre_is_a_millimetre(view):
    array, ax = mouse_array("both"), new_axis()
    drawing = SceneDrawing(ax, array, Course.at_rest(array), view=view)
    ax.figure.canvas.draw()
    seen = drawing.camera.project(array.centre_lines_mm(30)).reshape(-1, 3)
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    assert left < seen[:, 0].min() < seen[:, 0].max() < right
    assert low < seen[:, 1].min() < seen[:, 1].max() < high
    scale = ax.transData.transform([(0, 0), (1, 0), (0, 1)])
    assert scale[1, 0] - scale[0, 0] == pytest.approx(scale[2, 1] - scale[0, 1])


def test_a_wall_without_end_does_not_stretch_the_limits():
    array, widths = mouse_array(), []
    course = Course.at_rest(array)
    for solids in ([], [Plane()]):
        poses = np.zeros((1, len(solids), 3)) - [0, 0, 15], np.tile([1.0, 0, 0, 0], (1, len(solids), 1))
        ax = new_axis()
        SceneDrawing(ax, array, replace(course, positions_mm=poses[0], quaternions=poses[1]), solids=solids)
        widths.append(np.diff(ax.get_xlim())[0])
    assert widths[0] <= widths[1] < 4 * widths[0]


def test_lines_taper_with_the_radius_and_have_the_colours_of_their_whiskers():
    array, ax = mouse_array(names=["RA0", "RE2"]), new_axis()
    drawing = SceneDrawing(ax, array, Course.at_rest(array, 21))
    faces = drawing.artists[0]
    widths = np.array(faces.get_linewidths())
    edges = faces.get_edgecolors()[:, :3]
    for whisker, colour in zip(array.whiskers, LINE_COLOURS, strict=False):
        mine = widths[np.abs(edges - to_rgb(colour)).max(axis=1) < 1e-9]
        assert len(mine) == 20
        assert NARROWEST_PT < mine.min() < mine.max() < WIDEST_PT
        ratio = (mine.min() - NARROWEST_PT) / (mine.max() - NARROWEST_PT)
        middle_of_last, middle_of_first = 0.975, 0.025
        radii = whisker.base_radius_mm + (whisker.tip_radius_mm - whisker.base_radius_mm) * np.array(
            [middle_of_last, middle_of_first]
        )
        assert ratio == pytest.approx(radii[0] / radii[1])


def test_a_whisker_has_one_colour_in_every_picture_of_few_and_that_of_its_row_among_many():
    few, many = ["RC1", "RD1", "RE1"], list(mouse_array().names)
    assert whisker_colours(few[1:], few) == list(LINE_COLOURS[1:3])
    assert whisker_colours(few[1:], many) == list(LINE_COLOURS[:2])
    assert whisker_colours(many, many) == [ROW_COLOURS[name[1]] for name in many]


def test_magnitudes_colour_whiskers_on_one_scale_for_all_samples():
    array = mouse_array(names=["RC1", "RC2"])
    line = Course.at_rest(array)
    course = Course(*(np.concatenate([part, part]) for part in vars(line).values()))
    drawing = SceneDrawing(new_axis(), array, course, magnitudes=np.array([[0.0, 1.0], [0.5, 4.0]]))
    assert (drawing.colours.norm.vmin, drawing.colours.norm.vmax) == (0, 4)
    before = drawing.artists[0].get_edgecolors()
    drawing.show(1)
    after = drawing.artists[0].get_edgecolors()
    largest = drawing.colours.to_rgba(4.0)
    assert not (np.abs(before - largest).max(axis=1) < 1e-9).any()
    assert (np.abs(after - largest).max(axis=1) < 1e-9).any()


@pytest.mark.parametrize(("depth_mm", "shown"), [(8.0, True), (-8.0, False)])
def test_an_object_hides_what_lies_behind_it(depth_mm, shown):
    array, ax = mouse_array(names=["RD1"]), new_axis()
    SceneDrawing(ax, array, straight_course(depth_mm), solids=[Box((6.0, 6.0, 6.0))], view="top")
    assert has_colour(colour_at(ax, (1.0, 0.0)), LINE_COLOURS[0]) == shown
    assert has_colour(colour_at(ax, (5.0, 0.0)), LINE_COLOURS[0])  # beside the box


def test_what_is_hidden_shows_through_faintly():
    array, ax = mouse_array(names=["RD1"]), new_axis()
    SceneDrawing(ax, array, straight_course(-8.0), solids=[Box((6.0, 6.0, 6.0))], view="top")
    found = colour_at(ax, (1.0, 0.0), radius=4)
    assert np.ptp(found[:, 0] - found[:, 2]) > 20  # more blue than the grey around it


def test_a_whisker_on_the_surface_is_drawn_over_it_from_every_side():
    array = mouse_array(names=["RD1"])
    course = straight_course(3.02)
    for view in ("top", (20, 35), (-60, 20), (200, 15)):
        ax = new_axis()
        drawing = SceneDrawing(ax, array, course, solids=[Box((14.0, 14.0, 6.0))], view=view)
        assert has_colour(colour_at(ax, drawing.camera.project(np.array([1.0, 0, 3.0]))[:2]), LINE_COLOURS[0]), view


def test_objects_move_and_contacts_are_marked():
    array, ax = mouse_array(names=["RD1"]), new_axis()
    course = straight_course(0.0, n_samples=3)
    course.positions_mm[:, 0] = [[0, 10, 0], [0, 5, 0], [0, 0, 0]]
    course.contacts_mm[1, 0] = [2.0, 0.0, 0.0]
    drawing = SceneDrawing(ax, array, course, solids=[Box((3.0, 3.0, 3.0))], view="top")
    faces, contacts = drawing.artists[0], drawing.artists[-1]
    middles = []
    for sample in range(3):
        drawing.show(sample)
        filled = faces.get_facecolors()[:, 3] > 0
        pad = np.array(faces.get_linewidths()) > 10
        corners = np.concatenate(
            [path.vertices for path, solid in zip(faces.get_paths(), filled & ~pad, strict=True) if solid]
        )
        middles.append((corners.min(axis=0) + corners.max(axis=0)) / 2)
        marked = np.isfinite(contacts.get_xdata())
        assert marked.sum() == (sample == 1)
    np.testing.assert_allclose(middles, [[0, 10], [0, 5], [0, 0]], atol=1e-9)


@pytest.mark.parametrize("names", ["RC1", "RC1 RC2", "RC1 LC1", "RA0 RA1 RC1 RE2"])
def test_there_is_skin_under_every_base_point(names):
    array, ax = mouse_array("both").subset(names.split()), new_axis()
    drawing = SceneDrawing(ax, array, Course.at_rest(array), view="front")
    for point in drawing.camera.project(array.base_points_mm())[:, :2]:
        found = colour_at(ax, point, radius=6)
        assert has_colour(found, "#F4E1D8", within=3)


@pytest.mark.parametrize(("size", "whole"), [((8.0, 12.0, 40.0), True), ((8.0, 12.0, 400.0), False)])
def test_an_object_near_the_array_is_shown_whole_unless_it_is_far_larger(size, whole):
    array, ax, box = mouse_array(), new_axis(), Box(size)
    course = replace(
        Course.at_rest(array), positions_mm=np.array([[[14.0, 0, 0]]]), quaternions=np.array([[[1.0, 0, 0, 0]]])
    )
    drawing = SceneDrawing(ax, array, course, solids=[box])
    ax.figure.canvas.draw()
    corners = drawing.camera.project(box.surface()[0] + [14.0, 0, 0])
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    seen = (left < corners[:, 0]) & (corners[:, 0] < right) & (low < corners[:, 1]) & (corners[:, 1] < high)
    assert seen.all() == whole
    assert right - left < 120


def test_a_pale_array_is_the_ground_for_something_else():
    array, ax = mouse_array(names=["RA0", "RE2"]), new_axis()
    drawing = SceneDrawing(ax, array, Course.at_rest(array), pale=True)
    faces = drawing.artists[0]
    assert any(np.allclose(edge[:3], to_rgb(PALE_COLOUR)) for edge in faces.get_edgecolor())
    assert not any(np.allclose(edge[:3], to_rgb(LINE_COLOURS[0])) for edge in faces.get_edgecolor())


def test_a_course_fits_its_scene():
    array = mouse_array(names=["RC1", "RC2"])
    box = SceneObject(Box((1.0, 1.0, 1.0)), RigidMotion.fixed((50.0, 0.0, 0.0)))
    whiskers, scene = {"whisker": ["RC1", "RC2"]}, Scene(array, (box,))
    nodes = (("time", "whisker", "node", "axis"), np.zeros((4, 2, 5, 3)))
    points = (("time", "whisker", "axis"), np.zeros((4, 2, 3)))
    poses = {"object_position": (("time", "object", "axis"), np.zeros((4, 1, 3)))}
    poses["object_quaternion"] = (("time", "object", "quaternion"), np.ones((4, 1, 4)))
    whole = xr.Dataset({"nodes": nodes, "contact_point": points, **poses}, coords=whiskers)
    assert Course.of(whole, scene).positions_mm.shape == (4, 1, 3)
    with pytest.raises(ValueError, match="no variable 'nodes'"):
        Course.of(whole.drop_vars("nodes"), scene)
    with pytest.raises(ValueError, match="whiskers RC1, RC2, the scene RC1"):
        Course.of(whole, Scene(array.subset(["RC1"]), (box,)))
    with pytest.raises(ValueError, match="1 objects, the scene 0"):
        Course.of(whole, Scene(array))
