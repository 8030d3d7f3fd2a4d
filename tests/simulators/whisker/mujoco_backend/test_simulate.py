"""The MuJoCo backend against closed forms: shaken and turned whiskers, onsets of contact, balance, invariance."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lsim

from simulators.whisker.beams.chain import beam_chain
from simulators.whisker.beams.mechanics import Mechanics
from simulators.whisker.geometry.array import WhiskerArray, mouse_array
from simulators.whisker.geometry.whisker import Whisker
from simulators.whisker.motion import RigidMotion, head_motion, whisking
from simulators.whisker.scene import Scene, SceneObject
from simulators.whisker.solids import Box, Capsule, Cylinder, Mesh, Plane, Sphere, Torus

pytest.importorskip("mujoco", reason="MuJoCo is not installed")

from simulators.whisker.mujoco_backend.simulate import simulate_mujoco

SLIPPERY = Mechanics(n_links=8, friction=0.0)


def straight_array(**changes):
    """One straight whisker along world x from the origin, bending in y about z."""
    values = {"length_mm": 20.0, "curvature_per_mm": 0.0, "base_point_mm": (0.0, 0.0, 0.0), "azimuth_deg": 90.0}
    values |= {"elevation_deg": 0.0, "roll_deg": -90.0, "base_radius_mm": 0.05, "tip_radius_mm": 0.02}
    return WhiskerArray((Whisker("RC1", **(values | changes)),))


def rates(chain):
    """Velocity of every centroid and turn of every link per hinge rate of a straight chain, in loops."""
    n = len(chain.lengths_mm)
    nodes = [sum(chain.lengths_mm[:i]) for i in range(n + 1)]
    move, turn = np.zeros((n, n - 1)), np.zeros((n, n - 1))
    for i in range(n):
        for j in range(1, i + 1):
            move[i, j - 1] = nodes[i] + chain.centroids[i] * chain.lengths_mm[i] - nodes[j]
            turn[i, j - 1] = 1.0
    centres = np.array([nodes[i] + chain.centroids[i] * chain.lengths_mm[i] for i in range(n)])
    return move, turn, centres


@pytest.mark.parametrize("integrator", ["discrete", "implicitfast"])
def test_a_shaken_base_loads_the_whisker_as_linear_theory_says(integrator):
    array, mechanics = straight_array(), Mechanics(n_links=6, damping_ratio=0.1)
    times = np.linspace(0, 0.022, 89)
    path = np.zeros((89, 3))
    path[:, 1] = 0.01 * np.sin(np.pi * times / 0.008) ** 4 * (times < 0.008)
    motion = RigidMotion.sampled(times, path)
    scene = Scene(array, (), head_motion(array, motion), duration_s=0.02, rate_hz=2000.0)
    record = simulate_mujoco(scene, mechanics, step_ms=0.0025, integrator=integrator)

    chain = mechanics.chain(array.whiskers[0])
    move, turn, centres = rates(chain)
    mass = move.T @ (chain.masses_ug[:, None] * move) + turn.T @ (chain.inertias_ug_mm2[:, None] * turn)
    push = chain.masses_ug @ move
    n = len(push)

    # State: hinge angles and rates; input: acceleration of the base, linear between the grid's times.
    grid = np.arange(2001) * 0.01
    base_speed = motion.at(grid * 1e-3).velocity_mm_s[:, 1] * 1e-3
    inverse = np.linalg.inv(mass)
    within = np.block([[np.zeros((n, n)), np.eye(n)], [-inverse * chain.stiffness[1:], -inverse * chain.damping[1:]]])
    into = np.concatenate([np.zeros(n), -inverse @ push])[:, None]
    states = lsim((within, into, np.eye(2 * n), np.zeros((2 * n, 1))), np.gradient(base_speed, grid), grid)[1]
    path_of, base_speed = states[::50], base_speed[::50]
    momentum = chain.masses_ug.sum() * base_speed + path_of[:, n:] @ push
    lever = (chain.masses_ug * centres) @ move + chain.inertias_ug_mm2 @ turn
    angular = chain.masses_ug @ centres * base_speed + path_of[:, n:] @ lever
    expected_force, expected_moment = -np.diff(momentum) / 0.5, -np.diff(angular) / 0.5
    force, moment = record.force_un[:, 0, 1], record.moment_un_mm[:, 0, 2]
    assert np.abs(force - expected_force).max() < 0.01 * np.abs(expected_force).max()
    assert np.abs(moment - expected_moment).max() < 0.01 * np.abs(expected_moment).max()


def test_a_stiff_whisker_turned_at_its_base_is_a_rigid_body():
    array = straight_array()
    soft = beam_chain(array.whiskers[0], 6, 0.0)
    stiff = replace(soft, stiffness=1e6 * soft.stiffness, damping=1e4 * soft.stiffness)
    mechanics = Mechanics(preset="custom", build_chain=lambda whisker: stiff)
    times = np.linspace(0, 0.05, 201)
    angle = np.sin(np.pi * times / 0.05) ** 4
    turns = np.stack([np.cos(angle / 2), 0 * angle, 0 * angle, np.sin(angle / 2)], axis=1)
    motion = RigidMotion.sampled(times, np.zeros((201, 3)), turns)
    scene = Scene(array, (), head_motion(array, motion), duration_s=0.05, rate_hz=1000.0)
    record = simulate_mujoco(scene, mechanics, step_ms=0.005)

    _, _, centres = rates(stiff)
    inertia = np.sum(stiff.inertias_ug_mm2 + stiff.masses_ug * centres**2)
    pose = motion.at(np.arange(51) * 1e-3)
    angle, speed = (
        2 * np.arctan2(pose.quaternion[:, 3], pose.quaternion[:, 0]),
        1e-3 * pose.angular_velocity_rad_s[:, 2],
    )
    momentum = stiff.masses_ug @ centres * speed * np.array([-np.sin(angle), np.cos(angle)])
    np.testing.assert_allclose(record.moment_un_mm[:, 0, 2], -np.diff(inertia * speed), atol=2e-3 * inertia * 0.01)
    largest = np.abs(np.diff(momentum)).max()
    np.testing.assert_allclose(record.force_un[:, 0, :2], -np.diff(momentum, axis=1).T, atol=2e-3 * largest)
    np.testing.assert_allclose(record.tip_mm[:, 0, 0], 20 * np.cos(angle[1:]), atol=1e-3)


def box_mesh(size_mm, shift_mm=(0.0, 0.0, 0.0), **offset):
    vertices, faces = Box(size_mm).surface()
    return Mesh(vertices + np.array(shift_mm), faces, **offset)


@pytest.mark.parametrize(
    ("solid", "reach_mm"),
    [
        (Sphere(1.5), 1.5),
        (Sphere(1.5, contact_offset_mm=0.25), 1.75),
        (Box((3.0, 2.0, 8.0)), 1.0),
        (Cylinder(1.25, 30.0), 1.25),
        (Capsule(1.25, 30.0), 1.25),
        (box_mesh((3.0, 2.0, 8.0), (0.0, 0.5, 0.1), contact_offset_mm=0.5), 1.0),
        (box_mesh((3.0, 2.0, 8.0), contact_offset_mm=0.0), 1.0),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, float) else "",
)
def test_contact_begins_where_geometry_says(solid, reach_mm):
    # The middle of the third of eight links: MuJoCo's capsules have the link's mean radius.
    array = straight_array(tip_radius_mm=0.05)
    gap, speed = 0.25, 100.0
    start = (12.0, reach_mm + 0.05 + gap, 0.0)
    touched = SceneObject(solid, RigidMotion.linear(start, (0.0, -speed, 0.0)))
    scene = Scene(array, (touched,), duration_s=0.008, rate_hz=10_000.0)
    record = simulate_mujoco(scene, SLIPPERY, step_ms=0.01)
    first = int(np.argmax(record.contact[:, 0]))
    assert 2.4 < record.time_ms[first] < 2.75
    assert not record.contact[:first].any()
    # A flat face meets the straight whisker along a line; a round solid at its middle.
    half_face = 1.5 if isinstance(solid, (Box, Mesh)) else 0.05
    assert abs(record.contact_arc_mm[first, 0] - 12.0) <= half_face + 0.01
    assert record.force_un[first:, 0, 1].min() < 0


def test_a_plane_touches_the_tip():
    # A quarter turn about y lets the half space look along -x, towards the base.
    array = straight_array(tip_radius_mm=0.05)
    wall = SceneObject(Plane(), RigidMotion.linear((20.55, 0.0, 0.0), (-100.0, 0.0, 0.0), (0.0, -90.0, 0.0)))
    record = simulate_mujoco(Scene(array, (wall,), duration_s=0.006, rate_hz=10_000.0), SLIPPERY, step_ms=0.01)
    first = int(np.argmax(record.contact[:, 0]))
    assert 4.9 < record.time_ms[first] < 5.25
    np.testing.assert_allclose(record.contact_arc_mm[first, 0], 20.0, atol=1e-6)


def push(mechanics, integrator="discrete", step_ms=0.01, solid=None, velocity=(0.0, -20.0, 0.0), duration_s=0.04):
    array = straight_array(curvature_per_mm=0.01)
    item = SceneObject(solid or Cylinder(1.0, 30.0), RigidMotion.linear((12.0, -0.2, 0.0), velocity), "peg")
    scene = Scene(array, (item,), duration_s=duration_s, rate_hz=1000.0)
    return simulate_mujoco(scene, mechanics, step_ms=step_ms, integrator=integrator)


def test_a_slow_push_is_passed_on_to_the_base():
    record = push(SLIPPERY)
    late = slice(30, None)
    force, moment = (
        record.contact_force_un[late, 0],
        np.cross(record.contact_point_mm, record.contact_force_un)[late, 0],
    )
    scale = np.linalg.norm(force, axis=1).max()
    assert record.contact[late].all() and scale > 10
    np.testing.assert_allclose(record.force_un[late, 0], force, atol=0.03 * scale)
    np.testing.assert_allclose(record.moment_un_mm[late, 0], moment, atol=0.03 * np.abs(moment).max())


def test_steps_and_integrators_converge_to_one_answer():
    fine, coarse = push(SLIPPERY, step_ms=0.01), push(SLIPPERY, step_ms=0.04)
    other = push(SLIPPERY, "implicitfast", 0.01)
    scale = np.abs(fine.force_un).max()
    assert np.abs(coarse.force_un - fine.force_un).max() < 0.01 * scale
    assert np.abs(other.force_un - fine.force_un).max() < 0.005 * scale
    assert np.abs(other.moment_un_mm - fine.moment_un_mm).max() < 0.005 * np.abs(fine.moment_un_mm).max()


def test_friction_drags_with_its_coefficient():
    slide = push(Mechanics(n_links=8, friction=0.3), velocity=(40.0, -20.0, 0.0), duration_s=0.06)
    free = push(SLIPPERY, velocity=(40.0, -20.0, 0.0), duration_s=0.06)
    own = push(SLIPPERY, solid=Cylinder(1.0, 30.0, friction=0.3), velocity=(40.0, -20.0, 0.0), duration_s=0.06)
    np.testing.assert_array_equal(own.force_un, slide.force_un)
    for record, coefficient in ((slide, 0.3), (free, 0.0)):
        late = slice(45, None)
        nodes, force = record.nodes_mm[late, 0], record.contact_force_un[late, 0]
        link = np.searchsorted(record.node_arc_mm[0], record.contact_arc_mm[late, 0]) - 1
        rows = np.arange(len(link))
        along = nodes[rows, link + 1] - nodes[rows, link]
        along /= np.linalg.norm(along, axis=1)[:, None]
        dragged = np.sum(force * along, axis=1)
        pressed = np.linalg.norm(force - dragged[:, None] * along, axis=1)
        np.testing.assert_allclose(dragged / pressed, coefficient, atol=0.02)


def test_a_moving_whisker_meets_a_peg_as_a_moving_peg_meets_the_whisker():
    array = straight_array(curvature_per_mm=0.01)
    peg, offset, speed = Cylinder(1.0, 30.0), (12.0, -0.2, 0.0), 50.0
    moved = Scene(array, (SceneObject(peg, RigidMotion.linear(offset, (0.0, -speed, 0.0))),), duration_s=0.02)
    carried = Scene(
        array,
        (SceneObject(peg, RigidMotion.fixed(offset)),),
        head_motion(array, RigidMotion.linear((0.0, 0.0, 0.0), (0.0, speed, 0.0))),
        duration_s=0.02,
    )
    one, two = simulate_mujoco(moved, SLIPPERY, step_ms=0.01), simulate_mujoco(carried, SLIPPERY, step_ms=0.01)
    scale = np.abs(one.force_un).max()
    np.testing.assert_allclose(two.force_un, one.force_un, atol=1e-4 * scale)
    np.testing.assert_allclose(two.moment_un_mm, one.moment_un_mm, atol=1e-4 * np.abs(one.moment_un_mm).max())


def test_whiskers_rest_where_the_array_puts_them():
    array = mouse_array(names="RC1 RE3").posed((1.0, -2.0, 3.0), (5.0, 15.0, -16.0))
    record = simulate_mujoco(Scene(array, duration_s=0.002), Mechanics(n_links=40), step_ms=0.1)
    lines = array.centre_lines_mm(2)
    np.testing.assert_allclose(record.nodes_mm[-1, :, 0], lines[:, 0], atol=1e-9)
    np.testing.assert_allclose(record.tip_mm[-1], lines[:, -1], atol=0.02)
    np.testing.assert_allclose(record.force_un, 0, atol=1e-6)
    np.testing.assert_allclose(record.nodes_mm[-1, :, -1], record.tip_mm[-1])


def test_whisking_is_carried_into_the_record():
    array = mouse_array(names="RC1")
    scene = Scene(array, (), whisking(array), duration_s=0.02, rate_hz=500.0)
    record = simulate_mujoco(scene, Mechanics(), step_ms=0.05)
    pose = scene.base_motion.at(record.time_ms * 1e-3)
    np.testing.assert_allclose(record.base_quaternion, pose.quaternion, atol=1e-12)
    np.testing.assert_allclose(record.protraction_deg, pose.protraction_deg)
    np.testing.assert_allclose(record.phase_rad, pose.phase_rad)
    assert np.abs(record.moment_un_mm).max() > 0


@pytest.mark.parametrize(
    ("solid", "settings", "message"),
    [
        (Torus(3.0, 1.0), {}, "MuJoCo has no Torus"),
        (Mesh(*Torus(3.0, 1.0).surface()), {}, "not convex"),
        (Sphere(8.0), {}, "whisker RC1 overlaps the ball by .* place the object clear"),
        (Sphere(1.0), {"step_ms": 0.0}, "step_ms is 0.0"),
        (Sphere(1.0), {"contact_time_ms": -1.0}, "contact_time_ms is -1.0"),
        (Sphere(1.0), {"integrator": "euler"}, "integrator 'euler'"),
        (Sphere(1.0), {"integrator": "implicitfast", "step_ms": 0.5}, "unstable for whisker RC1"),
    ],
)
def test_what_mujoco_cannot_do_is_refused(solid, settings, message):
    item = SceneObject(solid, RigidMotion.linear((10.0, 5.0, 0.0), (0.0, -10.0, 0.0)), "the ball")
    with pytest.raises(ValueError, match=message):
        simulate_mujoco(Scene(straight_array(), (item,), duration_s=0.01), SLIPPERY, **settings)
