"""Legends: every colour of a picture is explained once."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from simulators.whisker import Scene, SceneObject, mouse_array, simulate
from simulators.whisker.motion import RigidMotion
from simulators.whisker.pictures.drawing import object_colour
from simulators.whisker.pictures.figures import scene_picture
from simulators.whisker.solids import Box, Sphere


def scene_of(*names):
    array = mouse_array(names=["RA0", "RC1", "RC2"])
    objects = [
        SceneObject((Sphere(3.0), Box((2.0, 3.0, 4.0)))[k % 2], RigidMotion.fixed((40.0 + 20 * k, 0.0, 0.0)), name)
        for k, name in enumerate(names)
    ]
    return Scene(array, tuple(objects), duration_s=0.004)


@pytest.mark.parametrize(
    ("names", "colour", "shown"),
    [
        ((), "row", ["row A", "row C"]),
        (("ball",), "row", ["row A", "row C"]),
        (("ball", "brick"), "row", ["row A", "row C", "ball", "brick"]),
        (("ball", "brick"), "moment", ["ball", "brick"]),
    ],
)
def test_rows_and_several_objects_are_named(names, colour, shown):
    scene = scene_of(*names)
    ax = scene_picture(simulate(scene), scene, 0.002, colour=colour)
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == shown
    for number, patch in enumerate(legend.get_patches()):
        np.testing.assert_allclose(patch.get_facecolor()[:3], to_rgb(object_colour(number)))
