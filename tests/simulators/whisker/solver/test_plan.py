"""A scene as arrays: steps, knots, speeds, and runs of one whisker."""

from dataclasses import replace

import numpy as np
import pytest

from simulators.whisker.beams.mechanics import Mechanics
from simulators.whisker.beams.modes import natural_frequencies_hz
from simulators.whisker.geometry.array import mouse_array, rat_array
from simulators.whisker.motion import RigidMotion, whisking
from simulators.whisker.scene import Scene, SceneObject
from simulators.whisker.solids import Box, Plane, Sphere
from simulators.whisker.solver.plan import PLANE_REACH_MM, plan_scene

ARRAY = mouse_array(names=["RC1", "RE5"])


@pytest.mark.parametrize("rate", [100.0, 1000.0, 7777.0])
def test_the_step_is_the_longest_power_of_two_part_within_the_limits(rate):
    mechanics = Mechanics()
    plan = plan_scene(Scene(ARRAY, duration_s=0.1, rate_hz=rate), mechanics)
    for chain, level in zip(plan.chains, plan.levels, strict=True):
        longest = min(mechanics.max_step_ms, 1000 / mechanics.steps_per_period / natural_frequencies_hz(chain, 1)[0])
        step = 1000 / rate / 2**level
        assert step <= longest * (1 + 1e-9)
        assert level == 0 or 2 * step > longest


def test_objects_become_tables_of_speed_friction_and_depth():
    objects = (
        SceneObject(Sphere(2.0, contact_offset_mm=0.5, friction=0.1), RigidMotion.linear((0, 50, 0), (3, -4, 0))),
        SceneObject(
            Box((2.0, 4.0, 4.0)), RigidMotion.linear((0, 60, 0), (0, 0, 0), angular_velocity_deg_s=(0, 0, 180))
        ),
        SceneObject(Plane(), RigidMotion.fixed((0, 0, -90))),
    )
    plan = plan_scene(Scene(ARRAY, objects, duration_s=0.1), Mechanics(friction=0.3))
    np.testing.assert_allclose(plan.friction_of, [0.1, 0.3, 0.3])
    np.testing.assert_allclose(plan.speed_of, [5e-3, 3 * np.pi * 1e-3, 0.0], rtol=1e-12)
    np.testing.assert_array_equal(plan.depth_of > 0, True)
    assert plan.depth_of[0] >= plan.depth_of[1]
    counts = np.diff(plan.first_knot)
    assert counts[0] == 2 and counts[1] > 2 and counts[2] == 1
    assert len(plan.object_knots.position) == plan.first_knot[-1]
    assert PLANE_REACH_MM > 100


def test_nodes_are_padded_where_chains_differ():
    plan = plan_scene(Scene(ARRAY, duration_s=0.01), Mechanics(preset="whiskit"))
    sizes = [len(chain) + 1 for chain in plan.chains]
    assert sizes[0] > sizes[1]
    assert plan.nodes.shape == (2, 10, sizes[0], 3)
    arcs = plan.node_arcs
    assert np.isnan(arcs[1, sizes[1] :]).all() and np.isfinite(arcs[1, : sizes[1]]).all()
    np.testing.assert_allclose(arcs[0, -1], ARRAY.whiskers[0].length_mm, rtol=1e-9)
    for whisker in range(2):
        plan.run(whisker)
        np.testing.assert_array_equal(np.isnan(plan.nodes[whisker, :, :, 0]).all(axis=0), np.isnan(arcs[whisker]))
    assert plan_scene(Scene(ARRAY, duration_s=0.01), Mechanics(), keep_nodes=False).nodes is None


def test_a_run_can_be_continued():
    array = rat_array(names=["RC2"])
    whole = plan_scene(Scene(array, duration_s=0.04, rate_hz=1000.0), Mechanics())
    start = np.zeros((3, len(whole.chains[0]), 2))
    start[0, 1:, 0] = 0.02
    start[0, 1:, 1] = whole.chains[0].rest_angles_rad[1:]
    half = plan_scene(Scene(array, duration_s=0.02, rate_hz=1000.0), Mechanics())
    state = start.copy()
    whole.run(0, state)
    first = start.copy()
    half.run(0, first)
    np.testing.assert_array_equal(half.outputs[0], whole.outputs[0, :20])
    assert not np.array_equal(first, start)
    half.run(0, first)
    # What predicts the first step differs, and the force of the last step is forgotten; the motion is the same.
    np.testing.assert_allclose(first[0], state[0], atol=1e-4)
    np.testing.assert_allclose(half.outputs[0, :, 14:17], whole.outputs[0, 20:, 14:17], atol=1e-4)


def test_a_force_on_the_tip_is_let_go_when_told():
    array = rat_array(names=["RC2"])
    plan = plan_scene(Scene(array, duration_s=0.4, rate_hz=1000.0), Mechanics(damping_ratio=0.5))
    force = np.array([0.02, -0.05, 0.1])
    plan = replace(plan, tip_force_un=force, tip_force_until_ms=200.0)
    plan.run(0)
    held = plan.outputs[0, 199]
    np.testing.assert_allclose(held[0:3], force, atol=1e-4)
    np.testing.assert_allclose(held[3:6], np.cross(held[14:17] - held[17:20], force), atol=1e-3)
    assert np.abs(plan.outputs[0, -1, :6]).max() < 1e-4


def test_motions_that_end_too_soon_are_refused():
    short = RigidMotion.sampled(np.array([0.0, 0.05]), np.array([[0.0, 50.0, 0.0], [0.0, 49.0, 0.0]]))
    with pytest.raises(ValueError, match=r"0\.05"):
        plan_scene(Scene(ARRAY, (SceneObject(Sphere(1.0), short),), duration_s=0.1), Mechanics())
    with pytest.raises(ValueError, match=r"0\.05"):
        plan_scene(Scene(ARRAY, (), whisking(ARRAY).carried_by(short), 0.1), Mechanics())


def test_a_state_that_explodes_is_named_with_its_time():
    array = rat_array(names=["RC2"])
    plan = plan_scene(Scene(array, duration_s=0.1, rate_hz=1000.0), Mechanics())
    chain = plan.chains[0]
    plan = replace(plan, chains=(replace(chain, stiffness=-chain.stiffness, damping=0 * chain.damping),))
    start = np.full((3, len(chain), 2), 1e-3)
    with pytest.raises(FloatingPointError, match=r"whisker RC2 cannot be followed at 0\.0\d+ s"):
        plan.run(0, start)
