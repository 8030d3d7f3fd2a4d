"""Whole simulations: bit-for-bit repeatability, mirror images, refusals, messages, and scenes that nobody chose."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.whisker.beams.mechanics import Mechanics
from simulators.whisker.geometry.array import WhiskerArray, mouse_array, rat_array
from simulators.whisker.motion import RigidMotion, head_motion, whisking
from simulators.whisker.scene import Scene, SceneObject
from simulators.whisker.simulation import simulate, simulate_scenes
from simulators.whisker.solids import (
    Box,
    Capsule,
    CurvedPlate,
    Cylinder,
    Extrusion,
    Mesh,
    Plane,
    Sphere,
    Superquadric,
    Torus,
)

ARRAY = mouse_array(names=["RB1", "RC1", "RD2"])
FIGURE = np.array([[-2, -2], [2, -2], [2, 2], [0, -1], [-2, 2]], dtype=float)
SOLIDS = {
    "plane": Plane(),
    "sphere": Sphere(2.0),
    "box": Box((3.0, 4.0, 5.0)),
    "cylinder": Cylinder(1.0, 30.0),
    "capsule": Capsule(0.8, 6.0),
    "torus": Torus(2.5, 0.8),
    "superquadric": Superquadric((2.0, 3.0, 2.5), (0.5, 1.5)),
    "curved plate": CurvedPlate(15.0, 60.0, 12.0, 1.0),
    "extrusion": Extrusion(FIGURE, 6.0),
    "mesh": Mesh(*Superquadric((2.0, 2.0, 3.0), (1.0, 1.0)).surface()),
}


def passing(
    solid, *, speed=120.0, array=ARRAY, whisk=True, duration_s=0.07, turn=(20.0, 10.0, 35.0), spin=(0.0, 90.0, 200.0)
):
    """A solid that comes from the front through the middle of the whiskers' distal halves, turning."""
    middle = array.centre_lines_mm(3)[:, 1:].mean(axis=(0, 1))
    start = middle + [0.3, 0.06 * speed, 0.2]
    if isinstance(solid, Plane):
        # From the side, where it meets the tips first; it would bury the bases otherwise.
        path = RigidMotion.linear(array.centre_lines_mm(2)[:, 1].max(axis=0) + [1, 0, 0], (-speed, 0, 0), (0, -80.0, 0))
    else:
        path = RigidMotion.linear(start, (0, -speed, 0), turn, spin)
    base = whisking(array, protraction_deg=10.0, retraction_deg=5.0) if whisk else None
    return Scene(array, (SceneObject(solid, path, "it"),), base, duration_s)


def same(one, other):
    for name in one.variables:
        np.testing.assert_array_equal(one[name].values, other[name].values, err_msg=name)


@pytest.mark.parametrize("kind", SOLIDS)
def test_left_is_the_mirror_image_of_right(kind):
    scene = passing(SOLIDS[kind])
    mechanics = Mechanics(n_links=9)
    right, left = (simulate(one, mechanics, overlap="push") for one in (scene, scene.mirrored()))
    assert right["contact"].values.any()
    assert np.abs(right["force"].values).max() < 3.0
    assert left["whisker"].values.tolist() == ["LB1", "LC1", "LD2"]
    for name, signs in (
        ("force", (-1, 1, 1)),
        ("moment", (1, -1, -1)),
        ("tip", (-1, 1, 1)),
        ("contact_force", (-1, 1, 1)),
    ):
        np.testing.assert_array_equal(left[name].values, right[name].values * signs, err_msg=name)
    np.testing.assert_array_equal(left["contact"].values, right["contact"].values)
    # In the whisker's own axes the mirror turns what lies across the plane of curvature.
    scale = np.abs(right["force_whisker"].values).max()
    np.testing.assert_allclose(
        left["force_whisker"].values, right["force_whisker"].values * (1, 1, -1), atol=1e-6 * scale
    )


def test_threads_and_repetition_change_no_bit():
    scenes = [passing(SOLIDS["box"]), passing(SOLIDS["mesh"], whisk=False)]
    first = simulate_scenes(scenes, threads=1)
    for other in (simulate_scenes(scenes, threads=2), simulate_scenes(scenes, threads=1)):
        for one, two in zip(first, other, strict=True):
            same(one, two)
    same(first[1], simulate(scenes[1]))


def test_a_whisker_does_not_know_its_neighbours():
    scene = passing(SOLIDS["sphere"])
    fewer = ARRAY.subset(["RC1"])
    alone = replace(scene, array=fewer, base_motion=whisking(fewer, protraction_deg=10.0, retraction_deg=5.0))
    every, one = simulate(scene), simulate(alone)
    for name in ("force", "moment", "tip", "contact", "nodes"):
        np.testing.assert_array_equal(every[name].sel(whisker=["RC1"]).values, one[name].values)


def test_where_the_scene_stands_does_not_matter():
    # Turned about z by 90 degrees and shifted, head and object alike.
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    shift = np.array([100.0, -50.0, 20.0])
    scene = passing(SOLIDS["capsule"], whisk=False, turn=(0, 0, 0), spin=(0, 0, 0))
    motion = scene.objects[0].motion
    moved = RigidMotion.linear(turn @ motion.position_mm + shift, turn @ motion.velocity_mm_s, (0, 0, 90.0))
    other = Scene(
        ARRAY.posed(tuple(shift), (0, 0, 90.0)), (SceneObject(SOLIDS["capsule"], moved),), None, scene.duration_s
    )
    here, there = simulate(scene), simulate(other)
    for name in ("force_whisker", "moment_whisker"):
        scale = np.abs(here[name].values).max()
        np.testing.assert_allclose(there[name].values, here[name].values, atol=1e-4 * scale)
    np.testing.assert_allclose(there["tip"].values, here["tip"].values @ turn.T + shift, atol=1e-4)


def test_forces_hang_together_in_a_recording():
    record = simulate(passing(SOLIDS["cylinder"], spin=(0, 0, 0)))
    touched = record["contact"].values
    assert 0 < touched.mean() < 1
    assert np.isnan(record["contact_point"].values[~touched]).all()
    assert np.isfinite(record["contact_point"].values[touched]).all()
    arcs = record["contact_arc"].values[touched]
    lengths = np.array([whisker.length_mm for whisker in ARRAY.whiskers])
    assert (arcs >= 0).all() and (record["contact_arc"].max("time").values <= lengths + 1e-9).all()
    np.testing.assert_allclose(record["nodes"].values[:, :, 0], record["base_point"].values, atol=1e-12)
    np.testing.assert_allclose(record["nodes"].values[:, :, -1], record["tip"].values, atol=1e-12)
    steps = np.linalg.norm(np.diff(record["nodes"].values, axis=2), axis=-1)
    np.testing.assert_allclose(steps, steps[:1].repeat(len(steps), axis=0), rtol=1e-9)
    # Points of contact lie on the surface of the peg.
    axis = record["object_position"].values[:, 0, :]
    assert record.attrs["steps"] > 0 and axis.shape[1] == 3


def test_nodes_can_be_left_out():
    scene = passing(SOLIDS["sphere"])
    with_nodes, without = simulate(scene), simulate(scene, nodes=False)
    assert "nodes" not in without and "nodes" in with_nodes
    np.testing.assert_array_equal(with_nodes["force"].values, without["force"].values)


def test_a_scene_that_starts_inside_is_refused_or_pushed():
    inside = passing(SOLIDS["sphere"], whisk=False)
    inside = replace(
        inside, objects=(SceneObject(Sphere(4.0), inside.objects[0].motion.shifted(np.array([0, -7.0, 0]))),)
    )
    with pytest.raises(ValueError, match="object 0 starts inside the array"):
        simulate(inside)
    pushed = simulate(inside, overlap="push")
    assert not pushed["contact"].values[0].any() and pushed["contact"].values.any()
    start = pushed["object_position"].values[0, 0] - inside.objects[0].motion.at(np.array([1e-3])).position_mm[0]
    assert start[1] > 0 and abs(start[0]) < 1e-9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "euler"}, "backend 'euler' is not known"),
        ({"threads": 0}, "threads is 0"),
        ({"overlap": "ignore"}, "overlap 'ignore' is not known"),
    ],
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        simulate(passing(SOLIDS["sphere"]), **options)


def test_progress_is_written_to_stderr_alone(capsys):
    simulate(Scene(ARRAY, duration_s=0.002), progress=True)
    assert capsys.readouterr().out == ""


def test_compilation_is_announced_once_and_only_when_it_happens(tmp_path):
    code = (
        "from simulators.whisker import *\n"
        "from simulators.whisker.simulation import _Announcement\n"
        "from numba import njit\n"
        "from numba.core.event import install_listener\n"
        "scene = Scene(mouse_array(names=['RE5']), duration_s=0.002)\n"
        "simulate(scene)\n"
        "print('known')\n"
        "simulate(scene)\n"
        "with install_listener('numba:compile', _Announcement()):\n"
        "    njit(lambda x: x + 1)(1)\n"
        "    njit(lambda x: x + 2)(1)\n"
    )
    # The first of these may compile; the second finds everything on disk.
    done = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(2)]
    assert done[1].stderr.count("compiling for this machine, once") == 1
    assert done[0].stderr.count("compiling") <= 2


# Scenes that nobody chose: any solid, anywhere near the whiskers, at any speed, and any few whiskers.


def coordinates(limit):
    return st.tuples(*[st.floats(-limit, limit, allow_nan=False, width=32) for _ in range(3)])


@st.composite
def scenes(draw):
    build = draw(st.sampled_from([mouse_array, rat_array]))
    side = draw(st.sampled_from(["right", "left"]))
    names = [whisker.name for whisker in build(side).whiskers]
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    array = build(side, names=chosen)
    tip = array.centre_lines_mm(3)[draw(st.integers(0, len(chosen) - 1)), draw(st.integers(1, 2))]
    objects = []
    for _ in range(draw(st.integers(1, 2))):
        size = draw(st.floats(0.3, 5.0))
        offset = draw(st.sampled_from([0.0, 0.1, 0.5]))
        friction = draw(st.sampled_from([None, 0.0, 1.0]))
        options = {"contact_offset_mm": offset, "friction": friction}
        kind = draw(st.sampled_from(sorted(SOLIDS)))
        solid = {
            "plane": lambda o: Plane(**o),
            "sphere": lambda o, s=size: Sphere(s, **o),
            "box": lambda o, s=size: Box((s, 0.5 * s, 2 * s), **o),
            "cylinder": lambda o, s=size: Cylinder(s, 4 * s, **o),
            "capsule": lambda o, s=size: Capsule(0.3 * s, 3 * s, **o),
            "torus": lambda o, s=size: Torus(s, 0.3 * s, **o),
            "superquadric": lambda o, s=size: Superquadric((s, 0.7 * s, 1.3 * s), (0.3, 1.8), **o),
            "curved plate": lambda o, s=size: CurvedPlate(5 * s, 50.0, 5 * s, 0.3 * s, **o),
            "extrusion": lambda o, s=size: Extrusion(0.5 * s * FIGURE, 2 * s, **o),
            "mesh": lambda o, s=size: Mesh(*Box((s, s, s)).surface(), **o),
        }[kind](options)
        away = np.array(draw(coordinates(1.0)))
        speed = 10.0 ** draw(st.floats(0, 3.7))
        aim = tip + np.array(draw(coordinates(3.0)))
        norm = np.linalg.norm(away)
        heading = away / norm if norm > 1e-3 else np.array([0.0, 1.0, 0.0])
        start = aim + heading * draw(st.floats(0.0, 15.0))
        turning = np.array(draw(coordinates(1.0))) * 10.0 ** draw(st.floats(0, 4))
        motion = RigidMotion.linear(start, -speed * heading, draw(coordinates(180.0)), turning)
        objects.append(SceneObject(solid, motion))
    moves = draw(st.sampled_from(["still", "whisking", "head"]))
    base = None
    if moves == "whisking":
        base = whisking(array, frequency_hz=draw(st.floats(1, 25)), protraction_deg=draw(st.floats(0, 60)))
    elif moves == "head":
        push, spin = np.array(draw(coordinates(300.0))), np.array(draw(coordinates(400.0)))
        base = head_motion(array, RigidMotion.linear((0, 0, 0), push, (0, 0, 0), spin))
    return Scene(array, tuple(objects), base, draw(st.floats(0.03, 0.06)), 1000.0)


@st.composite
def models(draw):
    preset = draw(st.sampled_from(["beam", "beam", "whiskit"]))
    links = draw(st.integers(3, 12))
    return Mechanics(preset, n_links=links, damping_ratio=draw(st.sampled_from([0.0, 0.05, 0.14, 0.5])))


KNOWN = (
    "does not move",
    "not clear of the array",
    "no longer finite",
    "moves faster",
    "than contact can hold",
    "drives over its base",
    "surface reaches",
)
REFUSALS: dict[str, int] = {}


def finite_or_refused(scene, mechanics):
    try:
        record = simulate(scene, mechanics, overlap="push")
    except (ValueError, FloatingPointError) as error:
        text = str(error)
        reason = next((word for word in KNOWN if word in text), text)
        assert reason in KNOWN, text
        REFUSALS[reason] = REFUSALS.get(reason, 0) + 1
        return
    REFUSALS["none"] = REFUSALS.get("none", 0) + 1
    for name in ("force", "moment", "tip", "contact_force", "nodes"):
        assert np.isfinite(record[name].values).all(), name
    lengths = {whisker.name: whisker.length_mm for whisker in scene.array.whiskers}
    for name, length in lengths.items():
        one = record.sel(whisker=name)
        reach = np.linalg.norm(one["tip"].values - one["base_point"].values, axis=1)
        assert (reach <= length * (1 + 1e-6)).all()


UNHURRIED = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=40, deadline=None, suppress_health_check=UNHURRIED, derandomize=True)
@given(scenes(), models())
def test_any_scene_gives_finite_numbers_or_a_named_refusal(scene, mechanics):
    finite_or_refused(scene, mechanics)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=UNHURRIED, database=None)
@given(scenes(), models())
def test_ten_thousand_scenes_give_finite_numbers_or_a_named_refusal(scene, mechanics):
    finite_or_refused(scene, mechanics)


def test_two_arrays_side_by_side_are_one_with_both_sides():
    both = mouse_array("both", names=["RC1", "LC1"])
    ball = SceneObject(Sphere(2.0), RigidMotion.linear((0, 60, 0), (0, -30, 0)))
    record = simulate(Scene(both, (ball,), whisking(both), 0.06))
    assert isinstance(both, WhiskerArray)
    np.testing.assert_allclose(
        record["force"].sel(whisker="LC1").values, record["force"].sel(whisker="RC1").values * (-1, 1, 1), atol=1e-12
    )


SPINNING = RigidMotion.linear((50, 0, 0), (0, 0, 0), (0, 0, 0), (1e6, 0, 0))


def test_a_base_that_shakes_faster_than_the_usual_step_is_followed():
    scene = Scene(ARRAY.subset("RC1"), (), whisking(ARRAY.subset("RC1"), frequency_hz=500.0, protraction_deg=3.0), 0.02)
    usual, fine = simulate(scene), simulate(scene, Mechanics(max_step_ms=0.002))
    assert usual.attrs["shortest_step_ms"] < 0.03
    largest = np.abs(fine["moment"].values).max()
    np.testing.assert_allclose(usual["moment"].values, fine["moment"].values, atol=0.01 * largest)


@pytest.mark.parametrize(
    ("scene", "mechanics", "message"),
    [
        (None, None, "must be a Scene, received None"),
        (Scene(ARRAY), "whiskit", "mechanics is 'whiskit'; give a Mechanics"),
        (
            Scene(ARRAY, (SceneObject(Box((5.0, 5.0, 5.0)), SPINNING),)),
            None,
            "an object moves and turns so fast that its surface reaches .* m/s; at most 20 m/s is accepted",
        ),
    ],
)  # fmt: skip
def test_what_is_no_scene_no_mechanics_or_spins_too_fast_is_refused(scene, mechanics, message):
    with pytest.raises(ValueError, match=message):
        simulate(scene, mechanics)
