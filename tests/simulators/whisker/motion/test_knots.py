"""Knots: as close as a motion asks for, what the time loop makes of them, bounds of speed and of memory."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.whisker import Scene, SceneObject, Whisker, WhiskerArray, simulate
from simulators.whisker.geometry.array import mouse_array
from simulators.whisker.motion import BaseMotion, Rhythm, RigidMotion, head_motion, pose_at, tracked, whisking
from simulators.whisker.motion import knots as knots_module
from simulators.whisker.motion import quaternions as qt
from simulators.whisker.solids import Sphere

ARRAY = mouse_array("both", names="RC1 LB3")


def interpolated(knots, times_s, whisker=None):
    own = [values if whisker is None else values[whisker] for values in knots[1:]]
    out = np.empty((len(times_s), 19))
    for row, time in zip(out, times_s, strict=True):
        pose_at(knots.dt_ms, *own, 1e3 * time, row)
    return out


def shaken(frequency_hz, rate_hz, duration_s=0.1, amplitude_mm=0.01):
    times = np.arange(round(duration_s * rate_hz) + 1) / rate_hz
    positions = np.zeros((len(times), 3))
    positions[:, 1] = amplitude_mm * np.sin(2 * np.pi * frequency_hz * times)
    return RigidMotion.sampled(times, positions)


def test_knots_are_as_close_as_the_samples_within_bounds():
    assert shaken(8, 500).knots(0.1).dt_ms == pytest.approx(0.5)
    assert shaken(8, 4000).knots(0.1).dt_ms == pytest.approx(0.25)
    assert shaken(8, 40_000).knots(0.1).dt_ms == pytest.approx(0.025)
    assert head_motion(ARRAY, shaken(8, 40_000)).knots(0.1).dt_ms == pytest.approx(0.025)
    assert whisking(ARRAY).carried_by(shaken(8, 40_000)).knots(0.1).dt_ms == pytest.approx(0.025)
    angles = tracked(ARRAY, np.arange(101) * 1e-4, np.zeros(101))
    assert angles.knots(0.01).dt_ms == pytest.approx(0.1)
    points = np.broadcast_to(angles.base_points_mm, (101, 2, 3))
    assert tracked(ARRAY, np.arange(101) * 2e-4, base_points_mm=points).knots(0.02).dt_ms == pytest.approx(0.2)
    twins = RigidMotion.sampled(np.array([0.0, 1e-9, 0.1]), np.zeros((3, 3)))
    assert twins.knots(0.1).dt_ms == pytest.approx(1e3 * knots_module.SHORTEST_SPACING_S)
    assert shaken(8, 40_000).knots(0.1, 1e-3).dt_ms == pytest.approx(1.0)


@pytest.mark.parametrize(
    "options",
    [
        {"frequency_hz": 8.0},
        {"frequency_hz": 25.0},
        {"frequency_hz": 60.0},
        {"frequency_hz": 200.0, "protraction_deg": 2.0, "retraction_deg": 2.0},
        {"frequency_hz": 12.0, "amplitude_cv": 0.3, "frequency_cv": 0.3, "set_point_sd_deg": 5.0},
        {"onset_s": 0.02},
        {"envelope": ([0, 0.1, 0.11], [1, 1, 0])},
        {"set_point_deg": ([0, 0.1, 0.12], [0, 0, 20])},
    ],
)
def test_whisking_is_followed_to_a_thousandth_of_its_acceleration(options):
    motion = whisking(ARRAY, **options)
    times = np.random.default_rng(0).uniform(0.001, 0.199, 600)
    knots, step = motion.knots(0.2), 1e-6
    for whisker in range(2):
        after, before = (motion.at(times + shift).angular_velocity_rad_s[:, whisker] for shift in (step, -step))
        wanted = (after - before) / (2 * step)
        error = 1e6 * interpolated(knots, times, whisker)[:, 16:] - wanted
        assert np.abs(error).max() < 1e-3 * np.abs(wanted).max()


def test_ordinary_whisking_keeps_the_longest_spacing():
    for options in ({}, {"frequency_hz": 20.0}, {"frequency_hz": 8.0, "frequency_cv": 0.3}, {"onset_s": 0.1}):
        assert Rhythm(**options).spacing_s(1.0) >= knots_module.LONGEST_SPACING_S
        assert whisking(ARRAY, **options).knots(1.0).position.shape == (2, 2001, 3)
    assert BaseMotion.fixed(ARRAY).spacing_s(1.0) == math.inf


@pytest.mark.parametrize("frequency_hz", [100, 400, 1000])
def test_base_force_of_a_shaken_stiff_whisker_is_that_of_its_mass(frequency_hz):
    """Mean over each interval of F = -m dv/dt, m that of the truncated cone."""
    whisker = Whisker("RC1", 8.0, 1e-9, (0, 0, 0), 90.0, 0.0, 0.0, 0.05, 0.005, 1300.0, 1300.0, 1e13)
    array, rate, amplitude = WhiskerArray((whisker,)), 8000, 0.01
    mass_kg = 1e-9 * 1300 * np.pi * 8 / 3 * (0.05**2 + 0.05 * 0.005 + 0.005**2)
    motion = head_motion(array, shaken(frequency_hz, 40_000, 0.05, amplitude))
    record = simulate(Scene(array, (), motion, duration_s=0.05, rate_hz=rate))
    omega = 2 * np.pi * frequency_hz
    speeds = 1e-3 * amplitude * omega * np.cos(omega * np.arange(401) / rate)
    wanted = -1e3 * mass_kg * np.diff(speeds) * rate
    found = record.force.values[:, 0, 1]
    settled = slice(80, None)
    assert np.sqrt(np.mean((found - wanted)[settled] ** 2)) < 2e-3 * np.sqrt(np.mean(wanted[settled] ** 2))
    np.testing.assert_allclose(
        record.base_point.values[:, 0, 1], amplitude * np.sin(omega * record.time.values), atol=1e-6 * amplitude
    )


def test_recorded_object_is_the_one_simulated():
    motion = shaken(600, 40_000, amplitude_mm=0.05).shifted(np.array([0.0, 60.0, 0.0]))
    array = mouse_array(names="RC1")
    record = simulate(Scene(array, (SceneObject(Sphere(1.0), motion),), duration_s=0.02, rate_hz=2000))
    times = record.time.values
    np.testing.assert_allclose(
        record.object_position.values[:, 0], interpolated(motion.knots(0.02), times)[:, :3], atol=1e-9
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**20), st.integers(2, 8), st.booleans())
def test_highest_speed_is_a_bound_between_knots_too(seed, count, dense):
    rng = np.random.default_rng(seed)
    times = np.arange(count) * 3e-4 if dense else np.concatenate([[0], np.cumsum(rng.uniform(1e-3, 3e-2, count - 1))])
    turned = [qt.from_rotation_vector(rng.normal(size=3))]
    for _ in range(count - 1):
        turned.append(qt.multiply(qt.from_rotation_vector(rng.uniform(-0.4, 0.4, 3)), turned[-1]))
    motion = RigidMotion.sampled(times, rng.uniform(-0.3, 0.3, (count, 3)), np.array(turned))
    duration = float(times[-1])
    instants = np.linspace(0, duration, 1500)
    for knots in (motion.knots(duration), motion.knots(duration, duration / 3)):
        out = 1e3 * interpolated(knots, instants)
        shift, turn = (np.linalg.norm(out[:, where : where + 3], axis=1) for where in (3, 13))
        for radius in (0.0, 7.0):
            assert (shift + radius * turn).max() <= knots.max_speed_mm_s(radius) * (1 + 1e-12)
    assert motion.max_speed_mm_s(duration, 7.0) == motion.knots(duration).max_speed_mm_s(7.0)


def test_highest_speed_is_close_for_closely_sampled_motion(monkeypatch):
    motion = shaken(100, 40_000, amplitude_mm=1.0)
    assert motion.max_speed_mm_s(0.1) == pytest.approx(200 * np.pi, rel=1e-3)
    whole = motion.max_speed_mm_s(0.1)
    monkeypatch.setattr(knots_module, "_POSES_AT_ONCE", 97)
    assert motion.max_speed_mm_s(0.1) == whole
    assert RigidMotion.fixed().knots(1.0).max_speed_mm_s(5.0) == 0


def test_knots_do_not_depend_on_how_many_are_found_at_once(monkeypatch):
    motion = whisking(ARRAY, frequency_hz=9.0, amplitude_cv=0.2, frequency_cv=0.2, onset_s=0.05, seed=3)
    whole = motion.knots(0.3)
    monkeypatch.setattr(knots_module, "_POSES_AT_ONCE", 101)
    pieces = motion.knots(0.3)
    for left, right in zip(whole, pieces, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-12)
    for values in pieces[1:]:
        assert values.flags.c_contiguous and values[1].flags.c_contiguous


def test_motion_that_needs_too_much_memory_is_refused():
    times = np.array([0.0, 1e-5, 500.0])
    with pytest.raises(ValueError, match="needs 50000001 knots over 500.0 s for each of 1 bodies, more than 20000000"):
        RigidMotion.sampled(times, np.zeros((3, 3))).knots(500.0)
    with pytest.raises(
        ValueError, match="for each of 2 bodies, more than 20000000 in all; shorten .* thin out samples"
    ):
        tracked(ARRAY, times, np.zeros(3)).knots(150.0)
    # Bytes of one knot: position, two rates of three and a quaternion.
    assert knots_module.MAX_KNOTS * 13 * 8 == 2.08e9
    with pytest.raises(ValueError, match="spacing_s must be positive and finite, received 0.0"):
        whisking(ARRAY).knots(1.0, 0.0)
