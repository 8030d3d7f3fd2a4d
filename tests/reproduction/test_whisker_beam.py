"""The simulator against beam theory, at its default discretisation: statics, modes, large deflection, free motion, balance."""

import csv
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import eigh

from simulators.whisker.analysis import ring_down
from simulators.whisker.beams.chain import beam_chain
from simulators.whisker.beams.mechanics import Mechanics
from simulators.whisker.beams.modes import mass_matrix, natural_frequencies_hz
from simulators.whisker.geometry.array import WhiskerArray, mouse_array, rat_array
from simulators.whisker.geometry.whisker import Whisker
from simulators.whisker.motion import RigidMotion, whisking
from simulators.whisker.pluck import static_shape
from simulators.whisker.scene import Scene, SceneObject
from simulators.whisker.solids import Cylinder
from simulators.whisker.solver.plan import plan_scene

MODULUS = 3.3e9
# Roots of the characteristic equation of a cantilever that is a cylinder (taper 1) or a cut cone of uniform density,
# f_n = beta_n / (2 pi) R0 / (2 L^2) sqrt(E / rho); Conway & Dubil (1965), J. Appl. Mech. 32, 932.
ROOTS = {
    1.0: (3.5160, 22.0345, 61.6972),
    0.5: (4.6250, 19.5476, 48.5789),
    0.2: (6.1964, 18.3855, 39.8337),
    0.1: (7.2050, 18.6802, 37.1238),
    0.05: (7.8940, 19.4478, 36.5096),
    0.02: (8.3759, 20.3439, 37.1630),
}
# Taper and F L^2 / (E I0) to tip deflection / L, shortening / L, tip angle (rad), base moment / (E I0 / L); the cylinder is
# Bisshopp & Drucker (1945), Quart. Appl. Math. 3, 272.
BENT_FAR = {
    (1.0, 1.0): (0.30172, 0.05643, 0.46135, 0.94357),
    (1.0, 2.0): (0.49346, 0.16064, 0.78175, 1.67872),
    (1.0, 5.0): (0.71379, 0.38763, 1.21537, 3.06186),
    (1.0, 10.0): (0.81061, 0.55500, 1.43029, 4.45004),
    (0.1, 0.01): (0.03303, 0.00164, 0.19774, 0.00998),
    (0.1, 0.1): (0.22428, 0.07100, 1.18062, 0.09290),
    (0.1, 1.0): (0.55874, 0.33904, 1.56997, 0.66096),
    (0.05, 0.01): (0.06092, 0.00903, 0.64571, 0.00991),
    (0.05, 0.1): (0.25463, 0.10990, 1.53929, 0.08901),
}
# Hartmann et al. (2003), J. Neurosci. 23, 6510: first resonances of isolated rat whiskers.
MEASURED_HZ = (27.0, 260.0)
ABOVE = {"RD5", "RE5", "RC5", "RD6", "RE6", "RC6"}


def straight(taper=0.1, length=30.0, base=0.05, densities=(1300.0, 1300.0)):
    """A straight whisker along x of the world, y and z those of the world."""
    return Whisker("RC1", length, 0.0, (0, 0, 0), 90.0, 0.0, -90.0, base, taper * base, *densities, MODULUS)


def stiffness_at_base(whisker):
    return MODULUS * math.pi * whisker.base_radius_mm**4 / 4


def tabled(real_data):
    """Straight whiskers of the table and their rows of numbers."""
    with open(real_data / "whiskers" / "analytic_beam_table.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    whiskers = []
    for row in rows:
        base, tip = (1e-3 * float(row[name]) for name in ("Rbase_um", "Rtip_um"))
        whiskers.append(straight(tip / base, float(row["S_mm"]), base, (1260.0, 1690.0)))
    assert len(rows) == 60
    return whiskers, rows


def exact_statics(whisker, force):
    """Tip deflection, tip slope and base moment of a cut cone under a small force on its tip."""
    length, taper, stiff = whisker.length_mm, whisker.tip_radius_mm / whisker.base_radius_mm, stiffness_at_base(whisker)
    slope = 1 / 2 if taper == 1 else (taper**-2 / 6 - 1 / 2 + taper / 3) / (1 - taper) ** 2
    return force * length**3 / (3 * stiff * taper), force * length**2 / stiff * slope, force * length


def statics(whisker, force):
    shape = static_shape(whisker, Mechanics(), (0.0, 1e-3 * force, 0.0))
    step = shape.nodes_mm[-1] - shape.nodes_mm[-2]
    return shape.nodes_mm[-1, 1], np.arctan2(step[1], step[0]), 1000 * shape.moment_un_m[2]


def run(whisker, mechanics, *, start=None, duration_s, rate_hz, force_un=None):
    """One whisker on a base at rest; the plan after its run, and the state at its end."""
    plan = plan_scene(Scene(WhiskerArray((whisker,)), duration_s=duration_s, rate_hz=rate_hz), mechanics)
    if force_un is not None:
        plan = replace(plan, tip_force_un=np.asarray(force_un, dtype=float), tip_force_until_ms=1e9)
    state = np.zeros((3, len(plan.chains[0]), 2)) if start is None else start.copy()
    plan.run(0, state)
    return plan, state


def in_first_mode(chain, amplitude_mm, column=0):
    """Start in the first mode of a straight chain about y (column 0) or z, accelerations included."""
    squares, shapes = eigh(np.diag(chain.stiffness[1:]), mass_matrix(chain))
    arms = chain.node_arcs_mm[-1] - chain.node_arcs_mm[1:-1]
    shape = shapes[:, 0] * amplitude_mm / (shapes[:, 0] @ arms)
    start = np.zeros((3, len(chain), 2))
    start[0, 1:, column], start[2, 1:, column] = shape, -squares[0] * shape
    return start


def longest_step_ms(chain, mechanics):
    return min(mechanics.max_step_ms, 1000 / mechanics.steps_per_period / natural_frequencies_hz(chain, 1)[0])


def rings(whisker, mechanics, periods=6):
    """Undamped frequency and damping ratio read from the time loop, as shares of those of the chain; at the longest step."""
    chain = mechanics.chain(whisker)
    frequency = natural_frequencies_hz(chain, 1)[0]
    rate = 1000 / longest_step_ms(chain, mechanics)
    plan, _ = run(
        whisker, mechanics, start=in_first_mode(chain, 1e-3 * whisker.length_mm), duration_s=periods / frequency,
        rate_hz=rate,
    )  # fmt: skip
    found = ring_down(plan.outputs[0, :, 16], rate)
    return found.frequency_hz[0] / np.sqrt(1 - found.damping_ratio[0] ** 2), found.damping_ratio[0]


@pytest.mark.parametrize("taper", list(ROOTS))
def test_cylinder_and_cones_bend_and_ring_by_theory(taper):
    whisker = straight(taper)
    np.testing.assert_allclose(statics(whisker, 1e-4), exact_statics(whisker, 1e-4), rtol=1e-3)
    frequencies = natural_frequencies_hz(Mechanics().chain(whisker), 3)
    expected = 1000 * np.array(ROOTS[taper]) / (2 * np.pi) * 0.05 / (2 * 30.0**2) * np.sqrt(MODULUS / 1300.0)
    # mm / (mm^2) sqrt(Pa m3 / kg) = 1 / mm * m / s
    np.testing.assert_allclose(frequencies, expected, rtol=5e-3)


def test_all_whiskers_of_both_arrays_bend_and_ring_by_theory(real_data):
    for whisker, row in zip(*tabled(real_data), strict=True):
        force = 1e-6 / float(row["tip_compliance_mm_per_uN_E3p3"]) * whisker.length_mm
        found, expected = statics(whisker, force), exact_statics(whisker, force)
        np.testing.assert_allclose(found, expected, rtol=1e-4)
        np.testing.assert_allclose(found[0] / force, float(row["tip_compliance_mm_per_uN_E3p3"]), rtol=2e-3)
        for modulus, label in ((3.3e9, "E3p3"), (5e9, "E5")):
            frequencies = natural_frequencies_hz(Mechanics(youngs_modulus_pa=modulus).chain(whisker), 3)
            tabled_hz = [float(row[f"f{k}_Hz_{label}"]) for k in (1, 2, 3)]
            np.testing.assert_allclose(frequencies, tabled_hz, rtol=5e-3)


def test_forces_between_base_and_tip_bend_by_theory(real_data):
    for whisker in tabled(real_data)[0]:
        chain, length = Mechanics().chain(whisker), whisker.length_mm
        for share, tolerance in (
            (0.05, 0.06),
            (0.1, 0.06),
            (0.2, 0.02),
            (0.3, 0.02),
            (0.5, 0.01),
            (0.7, 0.01),
            (0.9, 0.01),
        ):
            arc = share * length
            arms = np.maximum(arc - chain.node_arcs_mm[1:-1], 0.0)
            radius = whisker.base_radius_mm + share * (whisker.tip_radius_mm - whisker.base_radius_mm)
            exact = arc**3 / (3 * stiffness_at_base(whisker)) * whisker.base_radius_mm / radius
            np.testing.assert_allclose(np.sum(arms**2 / chain.stiffness[1:]), exact, rtol=tolerance)


@pytest.mark.parametrize(("taper", "load"), list(BENT_FAR))
def test_large_deflections_from_the_time_loop(taper, load):
    # Nearly critical damping brings it to rest.
    whisker, mechanics = straight(taper), Mechanics(damping_ratio=0.7)
    stiff = stiffness_at_base(whisker)
    force = load * stiff / 30.0**2
    period_s = 1 / natural_frequencies_hz(mechanics.chain(whisker), 1)[0]
    plan, state = run(whisker, mechanics, duration_s=12 * period_s, rate_hz=200.0, force_un=(0, force, 0))
    assert np.abs(state[1]).max() < 1e-6
    last = plan.outputs[0, -1]
    step = plan.nodes[0, -1, -1] - plan.nodes[0, -1, -2]
    found = (last[15] / 30, 1 - last[14] / 30, np.arctan2(step[1], step[0]), last[5] / (stiff / 30))
    # The table rounds to 5e-6.
    np.testing.assert_allclose(found, BENT_FAR[taper, load], rtol=0.0095, atol=5e-6)
    np.testing.assert_allclose(last[0:3], [0, force, 0], atol=1e-4 * force)
    still = static_shape(whisker, mechanics, (0, 1e-3 * force, 0))
    np.testing.assert_allclose(plan.nodes[0, -1], still.nodes_mm, atol=1e-4)


@pytest.mark.parametrize("ratio", [0.05, 0.1, 0.14, 0.2, 0.3])
def test_whiskers_ring_down_as_asked(ratio, real_data):
    whiskers, rows = tabled(real_data)
    chosen = range(60) if ratio == 0.14 else (0, 14, 29, 31, 59)
    for k in chosen:
        frequency, found = rings(whiskers[k], Mechanics(damping_ratio=ratio))
        np.testing.assert_allclose(frequency, float(rows[k]["f1_Hz_E3p3"]), rtol=0.01)
        np.testing.assert_allclose(found, ratio, rtol=0.03)


@pytest.mark.parametrize("name", ["RA0", "RC2", "RB4", "RD6", "RC6"])
def test_half_the_step_rings_the_same(name):
    whisker = replace(rat_array(names=[name]).whiskers[0], curvature_per_mm=0.0, azimuth_deg=90.0, elevation_deg=0.0,
                      roll_deg=-90.0, base_point_mm=(0, 0, 0))  # fmt: skip
    whole = Mechanics()
    halved = replace(whole, max_step_ms=whole.max_step_ms / 2, steps_per_period=2 * whole.steps_per_period)
    (first, damped), (second, again) = rings(whisker, whole), rings(whisker, halved)
    np.testing.assert_allclose(first, second, rtol=0.01)
    np.testing.assert_allclose(damped, again, rtol=0.02)


@pytest.mark.parametrize("taper", [1.0, 0.1, 0.05])
@pytest.mark.parametrize("amplitude", [1e-3, 0.3], ids=["small", "large"])
def test_free_motion_without_damping_keeps_its_energy(taper, amplitude):
    whisker, mechanics = straight(taper), Mechanics(damping_ratio=0.0)
    chain = mechanics.chain(whisker)
    frequency = natural_frequencies_hz(chain, 1)[0]
    start = in_first_mode(chain, amplitude * 30)
    plan, _ = run(whisker, mechanics, start=start, duration_s=100 / frequency, rate_hz=4 * frequency)
    stored = 0.5 * np.sum(chain.stiffness * start[0, :, 0] ** 2)
    np.testing.assert_allclose(plan.outputs[0, :, 24], stored, rtol=1e-3)
    # And it still swings.
    assert np.abs(plan.outputs[0, -20:, 16]).max() > 0.5 * np.abs(plan.outputs[0, :20, 16]).max()


def turned(axis, angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[[c, 0, s], [0, 1, 0], [-s, 0, c]], [[c, -s, 0], [s, c, 0], [0, 0, 1]]][axis])


def rotation_of(quaternion):
    w, x, y, z = quaternion
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + 2 * w * cross + 2 * cross @ cross


def masses_at(chain, angles, position, rotation):
    """Centroids and link axes of a chain, in plain loops."""
    rotation, point, centroids, axes = rotation @ turned(1, chain.rest_angles_rad[0]), np.array(position), [], []
    for i in range(len(chain)):
        if i > 0:
            rotation = rotation @ turned(0, angles[i, 0]) @ turned(1, angles[i, 1])
        centroids.append(point + chain.centroids[i] * chain.lengths_mm[i] * rotation[:, 0])
        axes.append(rotation[:, 0])
        point = point + chain.lengths_mm[i] * rotation[:, 0]
    return np.array(centroids), np.array(axes)


def momentum(chain, state, base, time_ms, about):
    """Linear momentum and angular momentum about a fixed point, from central differences of where the masses are."""
    eps = 1e-3
    after, now, before = (
        masses_at(chain, state[0] + t * state[1] + t * t / 2 * state[2], *base(time_ms + t)) for t in (eps, 0.0, -eps)
    )
    pushes = chain.masses_ug[:, None] * (after[0] - before[0]) / (2 * eps)
    spins = np.cross(now[1], (after[1] - before[1]) / (2 * eps))
    angular = np.cross(now[0] - about, pushes) + chain.inertias_ug_mm2[:, None] * spins
    return pushes.sum(axis=0), angular.sum(axis=0)


def balanced(scene, mechanics, whisker=0, start=None):
    """Impulses less changes of momentum, linear and angular, as shares of the impulses."""
    plan = plan_scene(scene, mechanics)
    chain, interval = plan.chains[whisker], 1000 / scene.rate_hz
    state = np.zeros((3, len(chain), 2))
    state[0, 1:, 1] = chain.rest_angles_rad[1:]
    state = state if start is None else start.copy()

    def base(time_ms):
        if scene.base_motion is None:
            return scene.array.base_points_mm()[whisker], scene.array.base_rotations()[whisker]
        # Constant speed before the start, where no motion is known.
        pose = scene.base_motion.at(np.array([abs(time_ms) / 1000]))
        position, turn = pose.position_mm[0, whisker], rotation_of(pose.quaternion[0, whisker])
        if time_ms < 0:
            first = scene.base_motion.at(np.zeros(1))
            origin, start_turn = first.position_mm[0, whisker], rotation_of(first.quaternion[0, whisker])
            return 2 * origin - position, start_turn @ turn.T @ start_turn
        return position, turn

    point = base(0.0)[0]
    begin = momentum(chain, state, base, 0.0, point)
    plan.run(whisker, state)
    end = momentum(chain, state, base, scene.n_intervals * interval, point)
    out = plan.outputs[whisker]
    arms = np.where(out[:, 13:14] > 0, out[:, 9:12] - point, 0.0)
    shares = []
    for now, then, held, pushed in (
        (end[0], begin[0], out[:, 0:3], out[:, 6:9]),
        (end[1], begin[1], out[:, 3:6], np.cross(arms, out[:, 6:9])),
    ):
        impulse = interval * (pushed - held).sum(axis=0)
        scale = interval * (np.linalg.norm(pushed, axis=1) + np.linalg.norm(held, axis=1)).sum()
        shares.append(np.linalg.norm(now - then - impulse) / scale)
    return plan, shares


@pytest.mark.parametrize("name", ["RC0", "RC2", "RE4"])
@pytest.mark.parametrize("duration_s", [0.03, 0.0625])
def test_impulse_of_a_whisking_base_is_the_change_of_momentum(name, duration_s):
    array = rat_array(names=[name])
    _, shares = balanced(Scene(array, (), whisking(array), duration_s, 1000.0), Mechanics())
    assert max(shares) < 1e-3


@pytest.mark.parametrize("amplitude", [1e-3, 0.1, 0.3])
def test_impulse_of_a_free_swing_is_the_change_of_momentum(amplitude):
    mechanics = Mechanics()
    chain = mechanics.chain(straight())
    frequency = natural_frequencies_hz(chain, 1)[0]
    scene = Scene(WhiskerArray((straight(),)), duration_s=0.4 / frequency, rate_hz=20 * frequency)
    _, shares = balanced(scene, mechanics, start=in_first_mode(chain, amplitude * 30))
    assert max(shares) < 1e-3


@pytest.mark.parametrize("friction", [0.0, 0.4])
@pytest.mark.parametrize(("speed", "tolerance"), [(20.0, 1e-3), (100.0, 1e-3), (500.0, 1e-3), (2000.0, 5e-3)])
def test_impulses_of_base_and_peg_together_are_the_change_of_momentum(friction, speed, tolerance):
    peg = SceneObject(Cylinder(0.5, 30.0), RigidMotion.linear((15.0, -0.8, 0.0), (0.0, speed, 0.0)))
    duration_s = 8 / speed
    scene = Scene(WhiskerArray((straight(length=20.0),)), (peg,), None, duration_s, max(1000.0, 20 / duration_s))
    plan, shares = balanced(scene, Mechanics(friction=friction))
    assert (plan.outputs[0, :, 13] > 0).any()
    assert max(shares) < tolerance


def test_a_rigid_whisker_that_whisks_loads_its_base_by_its_inertia():
    array = rat_array(names=["RC2"])
    soft = beam_chain(array.whiskers[0], 13, 0.0)
    rigid = replace(soft, stiffness=1e6 * soft.stiffness, damping=1e4 * soft.stiffness)
    mechanics = Mechanics(preset="custom", build_chain=lambda whisker: rigid)
    motion, rate_hz = whisking(array), 2000.0
    plan = plan_scene(Scene(array, (), motion, 0.125, rate_hz), mechanics)
    plan.run(0)
    rest = np.zeros((len(rigid), 2))
    rest[1:, 1] = rigid.rest_angles_rad[1:]
    origin = array.base_points_mm()[0]
    centroids, axes = masses_at(rigid, rest, np.zeros(3), np.eye(3))
    first = rigid.masses_ug @ centroids
    inertia = sum(
        m * (c @ c * np.eye(3) - np.outer(c, c)) + turning * (np.eye(3) - np.outer(axis, axis))
        for m, c, turning, axis in zip(rigid.masses_ug, centroids, rigid.inertias_ug_mm2, axes, strict=True)
    )
    linear, angular = [], []
    pose = motion.at(np.arange(251) / rate_hz)
    for quaternion, spin in zip(pose.quaternion[:, 0], 1e-3 * pose.angular_velocity_rad_s[:, 0], strict=True):
        turn = rotation_of(quaternion)
        linear.append(np.cross(spin, turn @ first))
        angular.append(turn @ inertia @ turn.T @ spin)
    interval = 1000 / rate_hz
    force, moment = (-np.diff(values, axis=0) / interval for values in (linear, angular))
    np.testing.assert_allclose(pose.position_mm[:, 0], np.tile(origin, (251, 1)), atol=1e-12)
    np.testing.assert_allclose(plan.outputs[0, :, 0:3], force, atol=2e-3 * np.abs(force).max())
    np.testing.assert_allclose(plan.outputs[0, :, 3:6], moment, atol=2e-3 * np.abs(moment).max())


def test_rat_whiskers_ring_where_they_were_measured_but_for_the_short_rostral_ones(real_data):
    source = real_data / "whiskers" / "rat" / "sim_array_average_rat.csv"
    array = rat_array(source=source, preset="whiskit")
    found = {whisker.name: natural_frequencies_hz(Mechanics().chain(whisker), 1)[0] for whisker in array.whiskers}
    assert len(found) == 30
    assert {name for name, hz in found.items() if hz > MEASURED_HZ[1]} == ABOVE
    assert min(found.values()) > MEASURED_HZ[0]
    assert 25 < min(found.values()) < 40 and min(found, key=found.get) == "RC0"


def compliance_errors(whisker):
    """Relative errors of the deflection where a small side load acts, and where that is as a share of the length."""
    chain, shares = Mechanics().chain(whisker), np.linspace(0.05, 0.99, 200)
    hinges, flexibility = chain.node_arcs_mm[1:-1], 1 / chain.stiffness[1:]
    errors = []
    for arc in shares * whisker.length_mm:
        along = np.linspace(0, arc, 2001)
        radius = whisker.base_radius_mm + (whisker.tip_radius_mm - whisker.base_radius_mm) * along / whisker.length_mm
        exact = np.trapezoid((arc - along) ** 2 / (whisker.youngs_modulus_pa * np.pi / 4 * radius**4), along)
        errors.append((np.clip(arc - hinges, 0, None) ** 2 * flexibility).sum() / exact - 1)
    return np.abs(errors), shares


def test_loads_along_the_shaft_bend_it_as_far_as_the_guide_says():
    worst = []
    for whisker in (*mouse_array().whiskers, *rat_array().whiskers):
        errors, shares = compliance_errors(whisker)
        worst.append((errors.max(), errors[shares > 0.15].max()))
    anywhere, beyond = np.array(worst).T
    assert 0.061 < anywhere.max() < 0.062
    assert 0.014 < beyond.mean() < 0.015 and 0.048 < beyond.max() < 0.049
