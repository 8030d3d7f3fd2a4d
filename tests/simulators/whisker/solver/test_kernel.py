"""The time loop: whiskers pushed by solids against elasticas, friction, slip-off, walls, step size, sleep."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import root

from simulators.whisker.beams.mechanics import Mechanics
from simulators.whisker.geometry.array import WhiskerArray, mouse_array, rat_array
from simulators.whisker.geometry.whisker import Whisker
from simulators.whisker.motion import RigidMotion, head_motion, whisking
from simulators.whisker.pluck import static_shape
from simulators.whisker.scene import Scene, SceneObject
from simulators.whisker.simulation import simulate
from simulators.whisker.solids import Box, Cylinder, Extrusion, Mesh, Plane, Sphere
from simulators.whisker.solver.plan import plan_scene
from simulators.whisker.stimuli.placement import posed_for_sweeps

MODULUS, LENGTH, BASE = 3.3e9, 30.0, 0.05
STIFF = MODULUS * np.pi / 4 * BASE**4
SLIPPERY = Mechanics(friction=0.0, damping_ratio=0.7)


def straight(taper=1.0, length=LENGTH, base=BASE):
    """One straight whisker along x from the world's origin; its frame is the world's."""
    return WhiskerArray((Whisker("RC1", length, 0.0, (0, 0, 0), 90.0, 0.0, -90.0, base, taper * base),))


def approach(start, end, time_s=0.3, hold_s=0.3, orientation=(1.0, 0.0, 0.0, 0.0)):
    """From start to end smoothly, and then at rest."""
    times = np.linspace(0, time_s + hold_s, 121)
    share = np.clip(times / time_s, 0, 1)
    share = share**3 * (10 - 15 * share + 6 * share**2)
    path = np.asarray(start) + share[:, None] * (np.asarray(end) - np.asarray(start))
    return RigidMotion.sampled(times, path, np.tile(orientation, (121, 1)))


def simulated(array, objects, mechanics, duration_s, rate_hz=1000.0, base_motion=None):
    plan = plan_scene(Scene(array, tuple(objects), base_motion, duration_s, rate_hz), mechanics)
    for whisker in range(len(plan.names)):
        plan.run(whisker)
    return plan


def elastica_on_a_peg(taper, peg, reach, length=LENGTH, base=BASE):
    """Force, arc and moment at the base of a cone that a frictionless peg holds aside; the peg's surface yields as in the loop.

    Planar statics of an inextensible beam: theta' = M / (E I), M' = -(t x F), M = 0 at the contact, where the peg's centre
    lies at ``reach`` plus the whisker's radius from the centre line, along its normal.
    """
    give = 1000.0 * Mechanics().contact_stiffness_mn_per_mm

    def radius(arc):
        return base * (1 + (taper - 1) * arc / length)

    def back_to_base(unknown):
        """Angle, moment, x and y at the base, integrated from the contact; force, arc and angle at the contact given."""
        force, arc, theta = unknown[0] * scale, unknown[1] * peg[0], unknown[2]
        normal = np.array([-np.sin(theta), np.cos(theta)])
        fx, fy = force * normal
        contact = peg + (reach + radius(arc) - force / give) * normal

        def slopes(s, y):
            stiff = MODULUS * np.pi / 4 * radius(s) ** 4
            return [y[1] / stiff, np.sin(y[0]) * fx - np.cos(y[0]) * fy, np.cos(y[0]), np.sin(y[0])]

        return solve_ivp(slopes, (arc, 0), [theta, 0.0, *contact], rtol=1e-9, atol=1e-10).y[:, -1], (fx, fy), arc

    scale = 3 * STIFF * peg[1] / peg[0] ** 3
    found = root(lambda unknown: back_to_base(unknown)[0][[0, 2, 3]], [taper**0.5, 1.0, 1.5 * peg[1] / peg[0]])
    assert found.success
    start, force, arc = back_to_base(found.x)
    return np.array(force), arc, start[1]


@pytest.mark.parametrize("taper", [1.0, 0.2])
@pytest.mark.parametrize(("arc", "push"), [(12.0, 2.0), (18.0, 3.0), (18.0, 8.0), (25.0, 6.0)])
def test_a_whisker_held_aside_by_a_peg_is_an_elastica(taper, arc, push):
    rest = np.array([arc, -0.8, 0.0])
    peg = SceneObject(Cylinder(0.5, 30.0), approach(rest, rest + [0, push, 0]))
    plan = simulated(straight(taper), [peg], SLIPPERY, 0.6)
    last = plan.outputs[0, -1]
    np.testing.assert_allclose(last[6:9], last[0:3], atol=1e-3 * np.abs(last[6:9]).max())
    force, at, moment = elastica_on_a_peg(taper, (rest + [0, push, 0])[:2], 0.5)
    np.testing.assert_allclose(last[6:8], force, atol=0.02 * np.linalg.norm(force))
    np.testing.assert_allclose(last[12], at, rtol=0.01)
    np.testing.assert_allclose(last[5], moment, rtol=0.02)


def test_a_steep_plane_that_bends_a_whisker_is_a_force_on_its_tip():
    # Steeper than the bent tip, so that nothing else touches; without friction it pushes along its normal.
    half = np.deg2rad(-22.5)
    path = approach((30, 0, -0.5), (30, 0, 4.0), orientation=(np.cos(half), 0, np.sin(half), 0))
    last = simulated(straight(0.2), [SceneObject(Plane(), path)], SLIPPERY, 0.6).outputs[0, -1]
    normal, push = np.array([-1, 0, 1]) / np.sqrt(2), np.linalg.norm(last[6:9])
    np.testing.assert_allclose(last[6:9], push * normal, atol=1e-6 * push)
    np.testing.assert_allclose(last[12], 30.0, rtol=1e-6)
    shape = static_shape(straight(0.2).whiskers[0], SLIPPERY, 1e-3 * push * normal)
    np.testing.assert_allclose(last[14:17], shape.nodes_mm[-1], atol=5e-3)
    np.testing.assert_allclose(last[3:6], 1000 * shape.moment_un_m, atol=5e-3 * np.abs(last[3:6]).max())
    # Its radius above the plane, less what the surface gives.
    given = push / (1000 * SLIPPERY.contact_stiffness_mn_per_mm)
    np.testing.assert_allclose((last[14:17] - (30, 0, 4)) @ normal, 0.2 * BASE - given, atol=1e-4)


@pytest.mark.parametrize("damping", [0.14, 0.7])
@pytest.mark.parametrize("friction", [0.0, 0.2, 0.5])
def test_sliding_drags_by_the_coefficient_of_friction(friction, damping):
    # A steep plane rises under the tip, then slides across it.
    half = np.deg2rad(-22.5)
    times = np.linspace(0, 0.8, 161)
    path = np.tile([30.0, 0.0, -0.5], (161, 1))
    path[:, 2] += 3.5 * np.clip(times / 0.2, 0, 1) ** 2 * (3 - 2 * np.clip(times / 0.2, 0, 1))
    path[:, 1] = 50.0 * np.maximum(times - 0.25, 0)
    turned = np.tile([np.cos(half), 0, np.sin(half), 0], (161, 1))
    plane = SceneObject(Plane(), RigidMotion.sampled(times, path, turned))
    out = simulated(straight(0.2), [plane], Mechanics(friction=friction, damping_ratio=damping), 0.8).outputs[0]
    along = out[:, 6:9] @ np.array([-1, 0, 1]) / np.sqrt(2)
    across = np.sqrt(np.maximum((out[:, 6:9] ** 2).sum(axis=1) - along**2, 0))
    # At the end it slides; at no time does it drag by more.
    assert (along[-100:] > 0.1 * along.max()).all()
    np.testing.assert_allclose(across[-100:], friction * along[-100:], atol=0.005 * along.max())
    np.testing.assert_allclose(out[-100:, 7], friction * along[-100:], atol=0.005 * along.max())
    assert (across <= friction * along + 0.005 * along.max()).all()


def test_the_friction_of_a_solid_comes_before_that_of_the_mechanics():
    outs = []
    for solid, mechanics in ((Sphere(2.0, friction=0.3), 0.0), (Sphere(2.0), 0.3), (Sphere(2.0, friction=0.0), 0.3)):
        ball = SceneObject(solid, RigidMotion.linear((20, -3, 0.3), (0, 60, 0)))
        outs.append(simulated(straight(0.2), [ball], Mechanics(friction=mechanics), 0.08).outputs[0])
    np.testing.assert_array_equal(outs[0], outs[1])
    assert np.abs(outs[0][:, 8] - outs[2][:, 8]).max() > 0.01 * np.abs(outs[2][:, 6:9]).max()


@pytest.mark.parametrize("friction", [0.0, 0.4])
@pytest.mark.parametrize("speed", [30.0, 300.0])
def test_a_peg_slips_off_the_tip_and_the_whisker_rings_to_rest(friction, speed):
    peg = SceneObject(Cylinder(0.5, 30.0), RigidMotion.linear((24.0, -0.8, 0.0), (0.0, speed, 0.0)))
    array, mechanics = straight(0.1), Mechanics(friction=friction)
    duration = 25 / speed + 0.3
    out = simulated(array, [peg], mechanics, duration, 2000.0).outputs[0]
    touched = np.flatnonzero(out[:, 13] > 0)
    arcs = out[touched, 12]
    assert 23.5 < arcs[0] < 24.5 and arcs.max() > 29.5
    # Once off, for good: the peg is far by the time the whisker swings back.
    assert touched[-1] < 0.9 * len(out)
    np.testing.assert_allclose(out[-1, 14:17], [30, 0, 0], atol=0.05)
    np.testing.assert_allclose(out[touched[-1] + 50 :, 6:9], 0.0, atol=1e-9)


def test_two_pegs_at_once_load_like_a_beam_on_two_supports():
    mechanics = replace(SLIPPERY, n_links=31)
    below, above = np.array([12.0, -0.8, 0.0]), np.array([24.0, 0.8, 0.0])
    give = 1000.0 * mechanics.contact_stiffness_mn_per_mm
    pegs = [
        SceneObject(Cylinder(0.5, 30.0), approach(below, below + [0, 0.65, 0])),
        SceneObject(Cylinder(0.5, 30.0), RigidMotion.fixed(above)),
    ]
    out = simulated(straight(), pegs, mechanics, 0.6).outputs[0, -1]
    arms = np.array([12.0, 24.0])
    short, long = np.minimum.outer(arms, arms), np.maximum.outer(arms, arms)
    flexibility = short**2 * (3 * long - short) / (6 * STIFF) + np.eye(2) / give
    # The lower peg lifts by 0.4; the upper one holds at 0.25 mm.
    forces = np.linalg.solve(flexibility, [-0.8 + 0.65 + 0.5 + 0.05, 0.8 - 0.5 - 0.05])
    assert forces[0] > 0 > forces[1]
    found = np.linalg.solve([[1, 1], arms], [out[7], out[5]])
    np.testing.assert_allclose(found, forces, rtol=0.02)


def test_a_whisker_in_a_groove_keeps_between_its_walls():
    # A prism with a notch; the whisker lies in it, and the notch moves up and to the side.
    profile = np.array([[-4, -3], [4, -3], [4, 1], [0.8, 1], [0, -1], [-0.8, 1], [-4, 1]], dtype=float)
    # Profile x to world y, profile y to world z, extruded along x.
    facing = np.array([0.5, 0.5, 0.5, 0.5])
    times = np.linspace(0, 0.4, 81)
    path = np.zeros((81, 3))
    path[:, 0] = 22.0
    path[:, 2] = np.minimum(0.8 + 10 * times, 3.0)
    path[:, 1] = 2 * np.sin(2 * np.pi * np.maximum(times - 0.1, 0) / 0.2)
    groove = SceneObject(Extrusion(profile, 6.0), RigidMotion.sampled(times, path, np.tile(facing, (81, 1))))
    plan = simulated(straight(0.2), [groove], Mechanics(), 0.4)
    out = plan.outputs[0]
    assert (out[50:, 13] > 0).all()
    assert np.abs(out[:, 7]).max() > 0.5 * out[:, 8].max()
    centre = RigidMotion.sampled(times, path).at(np.arange(1, 401) / 1000).position_mm
    nodes = plan.nodes[0] - centre[:, None]
    over = np.abs(nodes[..., 0]) < 3
    aside, up = nodes[..., 1], nodes[..., 2]
    # Inside the notch: above the line from its floor (0, -1) to its rim (0.8, 1), by the gap across the wall.
    depth = (2 * np.abs(aside) - 0.8 * (up + 1)) / np.hypot(2, 0.8)
    assert depth[over & (up < 1)].max() < 0.02
    assert (over & (up < 1)).sum() > 300


def flat_mesh(closed):
    """A plate of 40 x 0.2 x 40 mm, or a single sheet in its middle."""
    if closed:
        return Mesh(*Box((40.0, 0.2, 40.0)).surface(), contact_offset_mm=0.0)
    corners = np.array([[-20, 0, -20], [20, 0, -20], [20, 0, 20], [-20, 0, 20]], dtype=float)
    return Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]]), contact_offset_mm=0.1)


PLATES = {
    "box": lambda: Box((40.0, 0.2, 40.0)),
    "mesh": lambda: flat_mesh(True),
    "sheet": lambda: flat_mesh(False),
}


@pytest.mark.parametrize("plate", PLATES)
@pytest.mark.parametrize("speed", [100.0, 1000.0, 5000.0])
def test_a_fast_thin_plate_passes_no_whisker(plate, speed):
    wall = SceneObject(PLATES[plate](), RigidMotion.linear((26.0, -1.0, 0.0), (0.0, speed, 0.0)))
    duration = 5 / speed
    plan = simulated(straight(0.1, 20.0), [wall], Mechanics(), duration, 40 / duration)
    front = -1.0 + speed * np.arange(1, 41) * duration / 40 + 0.1
    nodes = plan.nodes[0]
    beside = nodes[..., 0] > 6.5
    assert beside.sum() > 40
    # Half its thickness: deeper, the way out would be at the back.
    assert (nodes[..., 1] - front[:, None])[beside].min() > -0.1
    assert (plan.outputs[0, :, 13] > 0).any()


@pytest.mark.parametrize("plate", PLATES)
def test_a_plate_too_fast_to_be_withstood_ends_the_run_by_name(plate):
    wall = SceneObject(PLATES[plate](), RigidMotion.linear((26.0, -1.0, 0.0), (0.0, 20_000.0, 0.0)))
    with pytest.raises(
        FloatingPointError, match=r"whisker RC1 cannot be followed at 0\.000\d s: it is pressed deeper into"
    ):
        simulated(straight(0.1, 20.0), [wall], Mechanics(), 2.5e-4, 160_000.0)


@pytest.mark.parametrize("plate", PLATES)
@pytest.mark.parametrize("force", [1.0, 10.0])
def test_a_flicked_whisker_does_not_pass_a_thin_plate(plate, force):
    array, mechanics = straight(0.05, 20.0), Mechanics(damping_ratio=0.05)
    held = static_shape(array.whiskers[0], mechanics, (0, 1e-3 * force, 0))
    wall = SceneObject(PLATES[plate](), RigidMotion.fixed((26.0, -0.6, 0.0)))
    plan = plan_scene(Scene(array, (wall,), None, 0.1, 10_000.0), mechanics)
    start = np.zeros((3, *held.angles_rad.shape))
    start[0] = held.angles_rad
    plan.run(0, start)
    nodes = plan.nodes[0]
    assert held.nodes_mm[-1, 1] > (2.0 if force == 1 else 7.0)
    assert np.abs(np.gradient(nodes[:, -1, 1], 0.1)).max() > 1.0
    assert (plan.outputs[0, :, 13] > 0).any()
    assert nodes[..., 1][nodes[..., 0] > 6.1].min() > -0.5 - 0.1


def passing(solid, name="RC1", speed=100.0, mechanics=None, turn=(20.0, 10.0, 35.0)):
    """A solid that passes a mouse whisker from the front to the back, three quarters of the way to its tip."""
    array = mouse_array(names=[name])
    middle = array.centre_lines_mm(5)[0, 3]
    path = RigidMotion.linear(middle + [0, 6.0, 0], (0, -speed, 0), turn)
    duration = 16 / speed
    return simulated(array, [SceneObject(solid, path)], mechanics or Mechanics(), duration, max(1000.0, 100 / duration))


def largest_difference(plan, other, columns):
    """Greatest difference of two recordings over the greatest length in the second, by whisker."""
    length = np.linalg.norm(other.outputs[..., columns], axis=-1).max(axis=1)
    return np.linalg.norm(plan.outputs[..., columns] - other.outputs[..., columns], axis=-1).max(axis=1) / length


FORCE, MOMENT, PUSH = slice(0, 3), slice(3, 6), slice(6, 9)


@pytest.mark.parametrize("name", ["RB1", "RC3", "RE2"])
def test_a_box_and_its_triangles_push_alike(name):
    box = Box((5.0, 4.0, 6.0))
    plan, other = passing(Mesh(*box.surface(), contact_offset_mm=0.0), name), passing(box, name)
    assert (other.outputs[..., 13] > 0).any()
    assert largest_difference(plan, other, FORCE).max() < 0.02
    assert largest_difference(plan, other, MOMENT).max() < 0.02


def test_a_contact_offset_is_a_larger_ball():
    for one, two in (
        (Sphere(2.5, contact_offset_mm=0.5), Sphere(3.0)),
        (Cylinder(1.0, 40.0, contact_offset_mm=0.3), Cylinder(1.3, 40.0)),
    ):
        plan, other = passing(one), passing(two)
        assert (other.outputs[..., 13] > 0).any()
        for columns in (FORCE, MOMENT, PUSH):
            # Steps differ with the depth that a surface may be entered.
            assert largest_difference(plan, other, columns).max() < 0.08


@pytest.mark.parametrize(
    "solid", [Cylinder(1.0, 40.0), Sphere(3.0), Box((5.0, 4.0, 6.0))], ids=lambda s: type(s).__name__
)
@pytest.mark.parametrize("speed", [30.0, 300.0])
@pytest.mark.parametrize("name", ["RB1", "RC3", "RE2"])
def test_half_the_step_gives_the_same_forces(solid, speed, name):
    whole = Mechanics()
    halved = replace(whole, max_step_ms=whole.max_step_ms / 2, steps_per_period=2 * whole.steps_per_period)
    plan, other = passing(solid, name, speed, whole), passing(solid, name, speed, halved)
    assert (other.outputs[..., 13] > 0).any()
    for columns in (FORCE, MOMENT):
        difference = np.linalg.norm(plan.outputs[0, :, columns] - other.outputs[0, :, columns], axis=-1)
        scale = np.linalg.norm(other.outputs[0, :, columns], axis=-1).max()
        assert np.sqrt((difference**2).mean()) < 0.015 * scale


def test_a_whisker_that_sleeps_wakes_in_time_and_changes_nothing():
    array = rat_array(names=["RC2"])
    tip = array.centre_lines_mm(2)[0, 1]
    ball = SceneObject(Sphere(2.0), RigidMotion.linear(tip + [-4.0, 22.0, 0], (0, -100.0, 0)))
    # A head that is said to be at rest by samples keeps the whisker awake.
    times = np.linspace(0, 1, 11)
    head = head_motion(array, RigidMotion.sampled(times, np.zeros((11, 3))))
    asleep = simulated(array, [ball], Mechanics(), 0.4)
    awake = simulated(array, [ball], Mechanics(), 0.4, base_motion=head)
    assert (awake.outputs[0, :, 13] > 0).any() and not (awake.outputs[0, :150, 13] > 0).any()
    assert asleep.reports[0, 0] < 0.75 * awake.reports[0, 0]
    for columns in (FORCE, MOMENT, PUSH, slice(14, 17)):
        scale = np.abs(awake.outputs[0, :, columns]).max()
        np.testing.assert_allclose(asleep.outputs[0, :, columns], awake.outputs[0, :, columns], atol=1e-3 * scale)


def test_a_whisker_nobody_touches_costs_nothing_and_does_nothing():
    plan = simulated(rat_array(names=["RC2"]), [], Mechanics(), 1.0)
    assert plan.reports[0, 0] < 10
    np.testing.assert_array_equal(plan.outputs[0, :, :14], 0.0)
    np.testing.assert_array_equal(plan.outputs[0, :, 24], 0.0)


def test_it_falls_asleep_again_after_a_touch():
    ball = SceneObject(Sphere(2.0), RigidMotion.linear((25, -3, 0), (0, 200.0, 0)))
    array, mechanics = straight(0.2), Mechanics(damping_ratio=0.3)
    short, long = (simulated(array, [ball], mechanics, duration).reports[0, 0] for duration in (2.0, 4.0))
    assert long < 1.1 * short
    last = simulated(array, [ball], mechanics, 4.0).outputs[0, -1]
    np.testing.assert_allclose(last[14:17], [30, 0, 0], atol=1e-9)
    np.testing.assert_array_equal(last[:9], 0.0)


def test_steps_do_not_depend_on_how_often_is_written():
    slow, fast = (
        simulated(straight(0.2), [], Mechanics(), 0.02, rate, head_motion(straight(0.2), shaken()))
        for rate in (500.0, 4000.0)
    )
    assert slow.reports[0, 0] == fast.reports[0, 0]
    np.testing.assert_allclose(
        fast.outputs[0].reshape(10, 8, 25)[:, :, :6].mean(axis=1), slow.outputs[0, :, :6], atol=1e-6
    )
    np.testing.assert_allclose(fast.outputs[0, 7::8, 14:17], slow.outputs[0, :, 14:17], atol=1e-6)


def shaken():
    times = np.linspace(0, 0.1, 201)
    path = np.zeros((201, 3))
    path[:, 1] = 0.2 * np.sin(np.pi * times / 0.02) ** 4
    return RigidMotion.sampled(times, path)


def test_an_object_over_the_base_ends_the_run_by_name():
    # What the clamped link cannot give way to would push back by its depth alone: newtons on a whisker.
    ball = SceneObject(Sphere(4.0), RigidMotion.linear((0.5, 10.0, 0.0), (0.0, -100.0, 0.0)), "ball")
    with pytest.raises(FloatingPointError, match=r"whisker RC1 cannot .*: ball drives over its base.*; keep the path"):
        simulated(straight(0.1, 20.0), [ball], Mechanics(), 0.2)


def test_two_plates_that_close_end_the_run_by_name():
    plates = [
        SceneObject(Box((10.0, 1.0, 10.0)), RigidMotion.linear((15.0, side, 0.0), (0.0, -30.0 * np.sign(side), 0.0)))
        for side in (-2.0, 2.0)
    ]
    with pytest.raises(FloatingPointError, match=r"it is pressed deeper into object \d than contact can hold"):
        simulated(straight(0.1, 20.0), plates, Mechanics(), 0.2)


@pytest.mark.parametrize("share", [1, 8])
def test_the_force_turns_smoothly_as_a_whisker_is_drawn_over_an_edge(share):
    # The thin end of the whisker is pressed so that its centre line lies inside the edge.
    array = posed_for_sweeps(mouse_array(names=["RD2"]))
    path = RigidMotion.linear((9, 16, -2), (3, -60, 4), (10, 20, 30), (30, 20, 50))
    mechanics = Mechanics(max_step_ms=0.125 / share, steps_per_period=25 * share)
    record = simulate(Scene(array, (SceneObject(Box((10, 2, 30)), path),), None, 0.3, 8000.0), mechanics)
    late = record.force.values[record.time.values > 0.2846, 0]
    assert np.linalg.norm(late, axis=1).min() > 1.0
    assert np.linalg.norm(np.diff(late, axis=0), axis=1).max() < 0.03


def test_friction_opposes_slip_where_a_contact_opens_and_closes_between_steps():
    # A light tip: at the default step the contact would open if it pushed and close if it did not.
    array = posed_for_sweeps(mouse_array(names=["RA3", "RA4"]))
    path = RigidMotion.linear((13, 26, -2.5), (0, -60, 0), (0, 0, 30))
    scene = Scene(array, (SceneObject(Box((10.69, 21.38, 32.07)), path),), None, 0.45, 1000.0)
    usual, fine = (
        simulate(scene, mechanics).force.values[350:]
        for mechanics in (Mechanics(), Mechanics(max_step_ms=0.03, steps_per_period=100))
    )
    largest = np.linalg.norm(fine, axis=-1).max(axis=0)
    assert (np.linalg.norm(usual - fine, axis=-1).max(axis=0) < 0.03 * largest).all()


def test_a_dragged_array_goes_as_its_mirror_image_to_the_last_bit():
    # A tip that sticks and slips magnifies every rounding.
    array = posed_for_sweeps(mouse_array(names=["RB4", "RC5", "RD5", "RE3", "RE5"]))
    path = RigidMotion.linear((13, 26, -2.5), (0, -60, 0), (0, 0, 30), (0, 0, 20))
    scene = Scene(array, (SceneObject(Box((10.69, 21.38, 32.07)), path),), None, 0.5, 1000.0)
    right, left = (simulate(one) for one in (scene, scene.mirrored()))
    assert np.abs(right.force.values).max() > 0.1
    assert 0 < right.attrs["unsettled_steps"] < 0.02 * right.attrs["steps"]
    np.testing.assert_array_equal(left.force.values, right.force.values * [-1, 1, 1])
    np.testing.assert_array_equal(left.moment.values, right.moment.values * [1, -1, -1])
    np.testing.assert_array_equal(left.contact_point.values, right.contact_point.values * [-1, 1, 1])


def test_a_whisking_array_goes_as_its_mirror_image_to_the_last_bit():
    array = rat_array(names=["RB1", "RD3"])
    peg = SceneObject(Cylinder(1.0, 60.0), RigidMotion.fixed(tuple(array.centre_lines_mm()[1, 30] + [0, 4, 0])))
    scene = Scene(array, (peg,), whisking(array), 0.2, 1000.0)
    right, left = (simulate(one) for one in (scene, scene.mirrored()))
    assert right.contact.values.any()
    np.testing.assert_array_equal(left.force.values, right.force.values * [-1, 1, 1])
