import numpy as np
import pytest

from simulators.whisker.geometry.array import mouse_array
from simulators.whisker.geometry.frames import rotation
from simulators.whisker.motion import quaternions
from simulators.whisker.solids import Box, Mesh, Sphere
from simulators.whisker.stimuli.objects import ProceduralObjects
from simulators.whisker.stimuli.placement import place, posed_for_sweeps, published_position_mm
from simulators.whisker.stimuli.surfaces import union_of_blocks
from simulators.whisker.stimuli.sweeps import Sweep, clean_grid, published_1000_hz_grid

OBJECTS = ProceduralObjects(1, ["box", "torus"])


def published_sweep(**changes):
    values = {
        "object_id": "a", "category": "a", "label": 0, "draw": 0, "diagonal_mm": 40.0, "rotation_deg": 30.0, "tilt_deg": 0.0,
        "height_mm": -5.0, "distance_mm": 5.0, "start_mm": 16.0, "speed_mm_s": 30.0, "duration_s": 1.0,
    }  # fmt: skip
    return Sweep(**(values | changes))


def test_published_rule_places_the_box_of_the_reference_run(real_data):
    with np.load(real_data / "whiskers" / "reference_runs" / "mouse_array_box_standard_sweep.npz") as run:
        recorded = run["obj_pose"][0]
    box = Box(tuple(np.array([1.0, 2.0, 3.0]) * 40 / np.sqrt(14)))
    pose = place(published_sweep(), box).motion.at(np.array([0.0, 0.5]))
    np.testing.assert_allclose(pose.position_mm[0], recorded[:3], atol=5e-5)
    np.testing.assert_allclose(pose.quaternion[0], recorded[3:], atol=1e-6)
    np.testing.assert_allclose(pose.position_mm[1] - pose.position_mm[0], [0, -15, 0], atol=1e-12)


def test_published_rule_places_the_sphere_of_the_reference_run(real_data):
    with np.load(real_data / "whiskers" / "reference_runs" / "mouse_array_sphere.npz") as run:
        recorded = run["obj_pose"][0, :3]
    ball = Sphere(10 / np.sqrt(3))
    np.testing.assert_allclose(
        published_position_mm(ball, np.eye(3), x_mm=5.0, y_mm=18.0, z_mm=-3.0), recorded, atol=1e-4
    )


def test_published_rule_goes_by_the_origin_of_the_mesh():
    vertices, faces = union_of_blocks([((1.0, 2.0, 3.0), (2.0, 4.0, 6.0))])
    solid = Mesh(vertices * 10 / np.sqrt(14), faces)
    placed = place(published_sweep(diagonal_mm=10.0, rotation_deg=90.0), solid)
    x, y, z = placed.motion.at(np.zeros(1)).position_mm[0]
    world = solid.vertices_mm @ rotation(2, 90.0).T
    assert x + world[:, 0].min() == pytest.approx(5.0)
    assert y == pytest.approx(16.0 + world[:, 1].min())
    assert z == -5.0


def test_orientation_of_the_motion_is_that_of_the_extent():
    sweep = published_sweep(rotation_deg=35.0, tilt_deg=70.0)
    box = Box(tuple(np.array([1.0, 2.0, 3.0]) * 40 / np.sqrt(14)))
    pose = place(sweep, box).motion.at(np.zeros(1))
    np.testing.assert_allclose(
        quaternions.to_matrix(pose.quaternion)[0], rotation(2, 35.0) @ rotation(0, 70.0), atol=1e-12
    )


def test_labels_are_plain_and_grouped_by_object():
    array = posed_for_sweeps(mouse_array())
    for grid in (published_1000_hz_grid(OBJECTS), clean_grid(OBJECTS)):
        sweep = grid[17]
        placed = place(sweep, OBJECTS.solid(sweep.object_id, sweep.diagonal_mm), array)
        assert placed.labels["group"] == sweep.object_id
        assert placed.stimulus_id == sweep.stimulus_id and sweep.labels.items() <= placed.labels.items()
        assert {type(value) for value in placed.labels.values()} <= {str, int, float, bool}
        assert placed.labels["duration_s"] == placed.duration_s
        start = [placed.labels[f"start_{axis}_mm"] for axis in "xyz"]
        np.testing.assert_array_equal(placed.motion.at(np.zeros(1)).position_mm[0], start)


def test_pace_follows_from_what_is_given():
    array = posed_for_sweeps(mouse_array())
    timed = clean_grid(OBJECTS, duration_s=0.5)[0]
    solid = OBJECTS.solid(timed.object_id, timed.diagonal_mm)
    placed = place(timed, solid, array)
    length = placed.labels["speed_mm_s"] * 0.5
    paced = place(clean_grid(OBJECTS, speed_mm_s=(50.0, 50.0), duration_s=None)[0], solid, array)
    assert paced.duration_s == pytest.approx(length / 50)
    both = place(clean_grid(OBJECTS, speed_mm_s=(400.0, 400.0), duration_s=2.0)[0], solid, array)
    assert (both.duration_s, both.labels["speed_mm_s"]) == (2.0, 400.0)
    with pytest.raises(ValueError, match="longer than its 0.1 s"):
        place(clean_grid(OBJECTS, speed_mm_s=(50.0, 50.0), duration_s=0.1)[0], solid, array)


def test_a_placed_sweep_is_a_scene():
    array = posed_for_sweeps(mouse_array(names="RC*"))
    sweep = clean_grid(OBJECTS)[3]
    scene = place(sweep, OBJECTS.solid(sweep.object_id, 40.0), array).scene(array, rate_hz=110.0)
    assert scene.n_intervals == 110 and scene.objects[0].name == "box/00000"


def test_a_missing_array_or_another_size_is_refused():
    sweep = clean_grid(OBJECTS)[0]
    with pytest.raises(ValueError, match="give the array"):
        place(sweep, OBJECTS.solid(sweep.object_id, 40.0))
    with pytest.raises(ValueError, match="has a diagonal of 30 mm, the sweep asks for 40 mm"):
        place(sweep, OBJECTS.solid(sweep.object_id, 30.0), posed_for_sweeps(mouse_array()))
