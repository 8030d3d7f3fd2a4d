"""Legends: every colour of a picture is explained once."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from simulators.whisker import Scene, SceneObject, mouse_array, simulate
from simulators.whisker.motion import RigidMotion
from simulators.whisker.pictures.drawing import LINE_COLOURS, ROW_COLOURS, object_colour
from simulators.whisker.pictures.figures import scene_picture
from simulators.whisker.pictures.keys import whisker_handles
from simulators.whisker.solids import Box, Sphere

FEW, MANY = ["RA0", "RC1", "RC2"], ["RA0", "RC1", "RC2", "RC3", "RE1", "RD1", "RD2"]


def scene_of(whiskers, *names):
    objects = [
        SceneObject((Sphere(3.0), Box((2.0, 3.0, 4.0)))[k % 2], RigidMotion.fixed((40.0 + 20 * k, 0.0, 0.0)), name)
        for k, name in enumerate(names)
    ]
    return Scene(mouse_array(names=whiskers), tuple(objects), duration_s=0.004)


def test_one_line_per_row_or_per_whisker():
    by_row = whisker_handles(MANY, MANY)
    assert [line.get_label() for line in by_row] == ["row A", "row C", "row D", "row E"]
    assert [line.get_color() for line in by_row] == [ROW_COLOURS[row] for row in "ACDE"]
    single = whisker_handles(["RC2", "RA0"], FEW)
    assert [line.get_label() for line in single] == ["RC2", "RA0"]
    assert [line.get_color() for line in single] == [LINE_COLOURS[2], LINE_COLOURS[0]]


@pytest.mark.parametrize(
    ("whiskers", "names", "colour", "shown"),
    [
        (MANY, (), "row", ["row A", "row C", "row D", "row E"]),
        (FEW, ("ball",), "row", FEW),
        (FEW, ("ball", "brick"), "row", [*FEW, "ball", "brick"]),
        (FEW, ("ball", "brick"), "moment", ["ball", "brick"]),
    ],
)
def test_whiskers_and_several_objects_are_named(whiskers, names, colour, shown):
    scene = scene_of(whiskers, *names)
    ax = scene_picture(simulate(scene), scene, 0.002, colour=colour)
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == shown
    for number, patch in enumerate(legend.get_patches()):
        np.testing.assert_allclose(patch.get_facecolor()[:3], to_rgb(object_colour(number)))
