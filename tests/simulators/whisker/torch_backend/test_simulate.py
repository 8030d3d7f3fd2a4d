"""Whole scenes against the compiled time loop: step for step the same motion, contacts, forces and endings."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from simulators.whisker.beams.mechanics import Mechanics
from simulators.whisker.geometry.array import WhiskerArray, mouse_array, rat_array
from simulators.whisker.geometry.whisker import Whisker
from simulators.whisker.motion import RigidMotion, head_motion, whisking
from simulators.whisker.scene import Scene, SceneObject
from simulators.whisker.simulation import simulate, simulate_scenes
from simulators.whisker.solids import (
    Box,
    Capsule,
    Cylinder,
    Extrusion,
    Mesh,
    Plane,
    Sphere,
    Superquadric,
    Torus,
)  # fmt: skip
from simulators.whisker.solver.clearance import cleared, start_gaps_mm
from simulators.whisker.torch_backend import simulate_torch

MOUSE, RAT = mouse_array(names=["RB1", "RC2", "RD3"]), rat_array(names=["RA2", "RC1", "RE3"])
FIGURE = np.array([[-2, -2], [2, -2], [2, 2], [0, -1], [-2, 2]], dtype=float)
MECHANICS = Mechanics()


def passing(solid, array=MOUSE, *, speed=200.0, duration_s=0.007, base_motion=None):
    """A solid that comes from the front through the middle of the whiskers' distal halves, turning, from just before them."""
    middle = array.centre_lines_mm(3)[:, 1:].mean(axis=(0, 1))
    if isinstance(solid, Plane):
        velocity = (-speed, 0, 0)
        path = RigidMotion.linear(array.centre_lines_mm(2)[:, 1].max(axis=0), velocity, (0, -80.0, 0))
    else:
        velocity, spin = (0, -speed, 0), (0.0, 90.0, 200.0)
        path = RigidMotion.linear(middle + [0.3, -1.0, 0.2], velocity, (20.0, 10.0, 35.0), spin)
    scene = cleared(Scene(array, (SceneObject(solid, path, "it"),), base_motion, duration_s), MECHANICS, "push")
    spare = max(0.0, start_gaps_mm(scene, MECHANICS).min() - 0.3)
    motion = scene.objects[0].motion.shifted(spare * np.array(velocity) / speed)
    return replace(scene, objects=(SceneObject(solid, motion, "it"),))


def beside(scene, solid, shift):
    """The scene with a second solid on the same path, further on."""
    motion = scene.objects[0].motion.shifted(np.array(shift))
    return cleared(replace(scene, objects=(*scene.objects, SceneObject(solid, motion, "other"))), MECHANICS, "push")


def moved_head(array):
    """Bases of a head that moves and turns."""
    return head_motion(array, RigidMotion.linear((0, 0, 0), (20.0, 60.0, -10.0), (0, 0, 0), (40.0, -60.0, 100.0)))


def still(array, duration_s=0.007):
    return Scene(array, duration_s=duration_s)


BLOCK = Box((3.0, 4.0, 5.0))
SCENES = {
    "mouse whisks": lambda: replace(still(MOUSE), base_motion=whisking(MOUSE)),
    "rat whisks, left": lambda: replace(still(RAT.mirrored()), base_motion=whisking(RAT.mirrored())),
    "head moves": lambda: replace(still(RAT), base_motion=moved_head(RAT)),
    "peg": lambda: passing(Cylinder(1.0, 40.0, friction=0.0)),
    "peg, rat, left, friction": lambda: passing(Cylinder(3.0, 60.0), RAT).mirrored(),
    "sphere, rat": lambda: passing(Sphere(3.0, friction=0.0), RAT),
    "sphere, left, friction": lambda: passing(Sphere(2.0)).mirrored(),
    "box, left": lambda: passing(Box((3.0, 4.0, 5.0), friction=0.0)).mirrored(),
    "box, rat, friction": lambda: passing(BLOCK, RAT),
    "mesh": lambda: passing(Mesh(*BLOCK.surface(), friction=0.0)),
    "mesh, rat, left, friction": lambda: passing(Mesh(*BLOCK.surface()), RAT).mirrored(),
    "extrusion": lambda: passing(Extrusion(FIGURE, 6.0)),
    "plane, rat": lambda: passing(Plane(friction=0.0), RAT),
    "plane, left, friction": lambda: passing(Plane()).mirrored(),
    "two objects": lambda: beside(passing(Sphere(2.0)), Sphere(1.0), (1.0, 0.0, -3.0)),
    "whisks into a peg": lambda: passing(Cylinder(1.0, 40.0), base_motion=whisking(MOUSE)),
    "head turns into a sphere": lambda: passing(Sphere(3.0), RAT, base_motion=moved_head(RAT)),
}


def assert_same(theirs, ours, tolerance):
    """Equal within a share of the greatest value of each whisker; the same steps and contacts."""
    for name in ("steps", "solves", "unsettled_steps", "shortest_step_ms"):
        assert ours.attrs[name] == theirs.attrs[name], name
    np.testing.assert_array_equal(ours["contact"].values, theirs["contact"].values)
    for name in ("force", "moment", "contact_force"):
        greatest = np.abs(theirs[name].values).max(axis=(0, 2))[:, None]
        difference = np.abs(ours[name].values - theirs[name].values)
        assert (difference <= tolerance * np.maximum(greatest, 1e-6)).all(), f"{name}: {(difference / greatest).max()}"
    for name in ("tip", "nodes", "contact_point", "contact_arc", "base_point", "base_quaternion"):
        np.testing.assert_allclose(ours[name].values, theirs[name].values, rtol=0, atol=100 * tolerance, err_msg=name)


@pytest.fixture(scope="module")
def recordings():
    """All scenes by both backends; those of torch in one batch."""
    scenes = [build() for build in SCENES.values()]
    threads = torch.get_num_threads()
    ours = simulate_torch(scenes, MECHANICS, device="cpu", threads=1)
    assert torch.get_num_threads() == threads
    return dict(zip(SCENES, zip(simulate_scenes(scenes, MECHANICS), ours, strict=True), strict=True))


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_goes_as_in_the_compiled_loop(recordings, name):
    theirs, ours = recordings[name]
    touches = not ("whisks" in name and "into" not in name or name == "head moves")
    assert bool(theirs["contact"].any()) == touches
    assert np.abs(theirs["moment"].values).max() > 1e-4
    assert_same(theirs, ours, 1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("friction", [0.0, 0.4])
@pytest.mark.parametrize("array", [MOUSE, RAT], ids=["mouse", "rat"])
def test_a_whole_sweep_goes_as_in_the_compiled_loop(array, friction):
    solids = (Cylinder(1.0, 60.0), Sphere(4.0), Mesh(*BLOCK.surface()), Capsule(1.0, 20.0), Torus(6.0, 1.5))
    scenes = [passing(replace(solid, friction=friction), array, speed=240.0, duration_s=0.07) for solid in solids]
    recorded = simulate_scenes(scenes)
    # Some whiskers have slipped off by the end.
    touched = np.concatenate([one["contact"].values for one in recorded], axis=1)
    assert (touched.any(axis=0) & ~touched[-1]).any()
    for theirs, ours in zip(recorded, simulate_torch(scenes, device="cpu", threads=1), strict=True):
        assert_same(theirs, ours, 1e-6)


def test_single_precision_follows():
    scene = passing(Sphere(3.0))
    theirs = simulate(scene)
    (ours,) = simulate_torch([scene], device="cpu", dtype=torch.float32, nodes=False)
    assert "nodes" not in ours and ours["force"].dtype == np.float64
    for name in ("force", "moment", "contact_force"):
        greatest = np.abs(theirs[name].values).max()
        np.testing.assert_allclose(ours[name].values, theirs[name].values, rtol=0, atol=2e-3 * greatest, err_msg=name)


def test_scenes_of_several_durations_come_back_in_order(capsys):
    scenes = [still(MOUSE, 0.003), replace(still(RAT, 0.002), base_motion=moved_head(RAT)), still(MOUSE, 0.003)]
    found = simulate_torch(scenes, device="cpu", progress=True)
    assert [one.sizes["time"] for one in found] == [3, 2, 3]
    assert [tuple(one["whisker"].values) for one in found] == [tuple(scene.array.names) for scene in scenes]
    assert "interval" not in capsys.readouterr().out
    assert_same(simulate(scenes[1]), found[1], 1e-7)


def test_the_step_can_be_chosen():
    (ours,) = simulate_torch([replace(still(RAT, 0.002), base_motion=moved_head(RAT))], device="cpu", step_ms=0.05)
    assert ours.attrs["shortest_step_ms"] == 1 / 32


STRAIGHT = WhiskerArray((Whisker("RC1", 20.0, 0.0, (0, 0, 0), 90.0, 0.0, -90.0, 0.05, 0.005),))
"""One straight whisker along x from the world's origin."""


def towards(solid, start, speed):
    return Scene(STRAIGHT, (SceneObject(solid, RigidMotion.linear(start, (0, speed, 0)), "wall"),), None, 0.2)


ENDINGS = {
    "drives over its base": towards(Sphere(4.0), (0.5, 10.0, 0.0), -100.0),
    "pressed deeper into wall": replace(
        towards(Box((40.0, 0.2, 40.0)), (26.0, -1.0, 0.0), 20_000.0), duration_s=2.5e-4, rate_hz=160_000.0
    ),
}


@pytest.mark.parametrize("words", ENDINGS)
def test_a_run_that_cannot_be_followed_ends_with_the_words_of_the_compiled_loop(words):
    with pytest.raises(FloatingPointError) as theirs:
        simulate(ENDINGS[words])
    with pytest.raises(FloatingPointError, match=words) as ours:
        simulate_torch([ENDINGS[words]], device="cpu")
    assert str(ours.value) == str(theirs.value)


def test_the_scene_that_cannot_be_followed_is_named():
    with pytest.raises(FloatingPointError, match="whisker RC1 of scene 1 cannot be followed"):
        simulate_torch([still(STRAIGHT, 0.2), ENDINGS["drives over its base"]], device="cpu")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "abacus"}, "device 'abacus' is not known to torch; give 'auto', 'cpu' or 'cuda'"),
        ({"dtype": torch.float16}, "dtype is torch.float16; give torch.float64 or torch.float32"),
        ({"step_ms": 0.0}, "step_ms is 0.0; it must be positive and finite"),
        ({"threads": 0}, "threads is 0; at least 1 is needed"),
    ],
)
def test_what_cannot_be_run_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        simulate_torch([still(MOUSE, 0.002)], **options)


def test_a_device_that_is_not_there_is_refused():
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(ValueError, match="torch finds no CUDA device"):
        simulate_torch([still(MOUSE, 0.002)], device="cuda")


def test_a_superquadric_is_refused():
    with pytest.raises(ValueError, match=r"give Mesh\(\*solid.surface\(\)\), or take backend='numba'"):
        simulate_torch([passing(Superquadric((2.0, 3.0, 2.5), (0.5, 1.5)))], device="cpu")
