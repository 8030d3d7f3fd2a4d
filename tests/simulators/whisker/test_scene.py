"""Scenes: what belongs together, and their mirror images."""

import math

import numpy as np
import pytest

from simulators.whisker.geometry.array import mouse_array, rat_array
from simulators.whisker.motion import RigidMotion, whisking
from simulators.whisker.scene import Scene, SceneObject
from simulators.whisker.solids import CurvedPlate, Sphere

ARRAY = mouse_array(names=["RC1", "RD2"])
BALL = SceneObject(Sphere(2.0), RigidMotion.linear((10, 20, 0), (1, -30, 2)), "ball")


@pytest.mark.parametrize("field", ["duration_s", "rate_hz"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_durations_and_rates_must_be_positive(field, value):
    with pytest.raises(ValueError, match=f"{field} of a scene is {value}"):
        Scene(ARRAY, **{field: value})


def test_a_scene_shorter_than_an_interval_is_refused():
    with pytest.raises(ValueError, match="no complete output interval"):
        Scene(ARRAY, duration_s=0.0009, rate_hz=1000.0)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"array": "RC1"}, r"array of a scene is 'RC1'; give a WhiskerArray such as mouse_array\(names='RC1'\)"),
        ({"array": None}, "array of a scene is None; give a WhiskerArray"),
        ({"objects": (Sphere(1.0),)}, "objects of a scene holds a Sphere; .* wrap each solid with its motion"),
        ({"objects": BALL}, "objects of a scene is a SceneObject; give a tuple of SceneObject, also of a single one"),
        ({"objects": None}, "objects of a scene is None; give a tuple of SceneObject"),
        ({"base_motion": "x"}, "base_motion of a scene is 'x'; give a BaseMotion, as whisking"),
        ({"base_motion": BALL.motion}, "base_motion of a scene is a LinearMotion; give a BaseMotion"),
        ({"duration_s": "1"}, "duration_s of a scene is '1'; it must be one number"),
        ({"rate_hz": None}, "rate_hz of a scene is None; it must be one number"),
        ({"duration_s": 1e300, "rate_hz": 1e300}, "more output intervals than can be counted"),
    ],
)
def test_parts_of_another_kind_are_refused(parts, message):
    with pytest.raises(ValueError, match=message):
        Scene(**{"array": ARRAY} | parts)


def test_recordings_beyond_the_memory_of_the_machine_are_refused():
    with pytest.raises(
        ValueError, match=r"2 whiskers over 100000000000 output intervals needs 86,600\.0 GB of memory .*"
    ):
        Scene(ARRAY, duration_s=1e7, rate_hz=1e4)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"solid": 5.0}, r"solid of a SceneObject is 5\.0; give a solid such as Sphere"),
        ({"motion": None}, "motion of a SceneObject is None; give RigidMotion.fixed"),
        ({"motion": (1, 2, 3)}, r"motion of a SceneObject is \(1, 2, 3\); give RigidMotion.fixed"),
        ({"name": 7}, "name of a SceneObject is 7; give text"),
    ],
)
def test_objects_are_a_solid_with_a_motion(parts, message):
    with pytest.raises(ValueError, match=message):
        SceneObject(**{"solid": Sphere(1.0), "motion": BALL.motion} | parts)


def test_the_motion_of_other_whiskers_is_refused():
    with pytest.raises(ValueError, match=r"'RC1', 'RD2'"):
        Scene(ARRAY, base_motion=whisking(rat_array(names=["RC1"])))


@pytest.mark.parametrize(
    ("duration", "rate", "count"),
    [(1.0, 1000.0, 1000), (0.3, 1000.0, 300), (0.1, 30.0, 3), (1.0, 110.0, 110), (0.0999, 100.0, 9)],
)
def test_only_whole_intervals_count(duration, rate, count):
    assert Scene(ARRAY, duration_s=duration, rate_hz=rate).n_intervals == count


def test_objects_may_come_in_a_list():
    assert Scene(ARRAY, [BALL, BALL]).objects == (BALL, BALL)


def test_the_mirror_turns_right_into_left_and_back():
    plate = SceneObject(
        CurvedPlate(20.0, 90.0, 10.0, 1.0), RigidMotion.linear((5, 6, 7), (1, 2, 3), (10, 20, 30), (4, 5, 6))
    )
    scene = Scene(ARRAY, (BALL, plate), whisking(ARRAY), 0.2, 500.0)
    image = scene.mirrored()
    assert image.array.names == ("LC1", "LD2") == image.base_motion.names
    assert (image.duration_s, image.rate_hz, image.objects[0].name) == (0.2, 500.0, "ball")
    np.testing.assert_allclose(image.objects[0].motion.at(np.array([0.5])).position_mm, [[-10.5, 5, 1]])
    again = image.mirrored()
    times = np.array([0.0, 0.1])
    for one, other in zip(again.objects, scene.objects, strict=True):
        for value, expected in zip(one.motion.at(times), other.motion.at(times), strict=True):
            np.testing.assert_allclose(value, expected, atol=1e-12)
    np.testing.assert_allclose(again.array.base_points_mm(), ARRAY.base_points_mm(), atol=1e-12)
    np.testing.assert_allclose(
        again.base_motion.at(times).quaternion, scene.base_motion.at(times).quaternion, atol=1e-12
    )


def test_a_mirrored_scene_without_motion_of_the_bases_has_none():
    assert Scene(ARRAY).mirrored().base_motion is None
