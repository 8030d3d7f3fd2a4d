"""Knots and the pose between them, against the motion they stand for."""

import numpy as np
import pytest

from simulators.whisker.motion import RigidMotion, pose_at
from simulators.whisker.motion import quaternions as qt


def interpolated(knots, times_s):
    out = np.empty((len(times_s), 19))
    for row, time in zip(out, times_s, strict=True):
        pose_at(*knots, 1e3 * time, row)
    return out


def errors(motion, knots, times_s):
    """Largest errors of position (mm), velocity (mm/s), angle (rad) and angular velocity (rad/s)."""
    out, pose = interpolated(knots, times_s), motion.at(times_s)
    apart = qt.multiply(out[:, 9:13], qt.conjugate(pose.quaternion))
    return (
        np.abs(out[:, :3] - pose.position_mm).max(),
        np.abs(1e3 * out[:, 3:6] - pose.velocity_mm_s).max(),
        2 * np.linalg.norm(apart[:, 1:], axis=1).max(),
        np.abs(1e3 * out[:, 13:16] - pose.angular_velocity_rad_s).max(),
    )


def wavy(frequency_hz=8.0, times=None):
    times = np.linspace(0, 0.5, 1001) if times is None else times
    wave = np.sin(2 * np.pi * frequency_hz * times)
    turn = np.stack([0.4 * wave, 0.2 * wave**2, 0.7 * times], axis=1)
    return RigidMotion.sampled(times, np.stack([10 * wave, times, 0 * times], axis=1), qt.from_rotation_vector(turn))


def test_body_at_rest_needs_one_knot():
    motion = RigidMotion.fixed((1, 2, 3), (10, 20, 30))
    knots = motion.knots(1.0)
    assert knots.position.shape == (1, 3)
    out = interpolated(knots, [0.0, 0.7])
    np.testing.assert_array_equal(out[:, :3], [[1, 2, 3]] * 2)
    np.testing.assert_array_equal(out[0, 9:13], motion.at([0.0]).quaternion[0])
    assert not out[:, 3:9].any() and not out[:, 13:].any()


def test_constant_velocity_needs_two_knots_and_is_exact():
    motion = RigidMotion.linear((1, 2, 3), (40, -300, 5), (10, 20, 30))
    knots = motion.knots(2.0)
    assert knots.position.shape == (2, 3) and knots.dt_ms == 2000
    out = interpolated(knots, np.linspace(0, 2, 11))
    assert max(errors(motion, knots, np.linspace(0, 2, 11))) < 1e-10
    assert np.abs(out[:, 6:9]).max() < 1e-14 and np.abs(out[:, 13:]).max() < 1e-14


@pytest.mark.parametrize("speed", [90.0, 3000.0, 50_000.0])
def test_constant_turn_is_exact_to_a_millionth(speed):
    motion = RigidMotion.linear((0, 0, 0), (1, 2, 3), (5, 6, 7), (speed, -speed / 2, speed / 3))
    knots = motion.knots(0.3)
    times = np.random.default_rng(0).uniform(0, 0.3, 500)
    _, _, angle, rate = errors(motion, knots, times)
    spin = np.linalg.norm(motion.angular_velocity_rad_s)
    assert angle < 1e-9 and rate < 2e-8 * spin + 1e-9
    # The acceleration of a constant turn is nothing; that of the polynomial is small against the square of the rate.
    assert 1e6 * np.abs(interpolated(knots, times)[:, 16:]).max() < 1e-5 * spin**2


@pytest.mark.parametrize("dt_s", [1e-3, 1e-4])
def test_turn_is_exact_over_the_range_of_spacings(dt_s):
    motion = RigidMotion.linear((0, 0, 0), (0, 0, 0), (0, 0, 0), (700, 100, 0))
    knots = motion.knots(0.2, dt_s)
    assert len(knots.position) == round(0.2 / dt_s) + 1
    assert errors(motion, knots, np.linspace(0, 0.2, 331))[2] < 1e-9


def test_rates_are_the_derivatives_of_the_interpolated_pose():
    knots = wavy().knots(0.5)
    times = np.random.default_rng(1).uniform(0.01, 0.49, 100)
    step = 1e-7
    before, now, after = (interpolated(knots, times + shift) for shift in (-step, 0, step))
    ms = 2e3 * step
    inside = np.abs((times / 5e-4) % 1 - 0.5) < 0.499
    assert inside.all()
    np.testing.assert_allclose((after[:, :6] - before[:, :6]) / ms, now[:, 3:9], atol=1e-7)
    spin = 2 * qt.multiply((after[:, 9:13] - before[:, 9:13]) / ms, qt.conjugate(now[:, 9:13]))[:, 1:]
    np.testing.assert_allclose(spin, now[:, 13:16], atol=1e-8)
    np.testing.assert_allclose((after[:, 13:16] - before[:, 13:16]) / ms, now[:, 16:], atol=1e-8)
    np.testing.assert_allclose(np.linalg.norm(now[:, 9:13], axis=1), 1, atol=1e-15)


def test_pose_between_knots_is_of_fourth_order():
    motion, times = wavy(), np.random.default_rng(2).uniform(0, 0.5, 400)
    coarse, fine = (errors(motion, motion.knots(0.5, spacing), times) for spacing in (2e-3, 1e-3))
    # 16 times smaller in the pose and 8 times in the rates for half the spacing.
    for index, ratio in enumerate((16, 8, 16, 8)):
        assert coarse[index] / fine[index] == pytest.approx(ratio, rel=0.15)
    assert fine[0] < 1e-6 and fine[2] < 1e-7


def test_acceleration_does_not_jump_at_knots():
    motion = wavy()
    knots = motion.knots(0.5, 5e-4)
    at_knots = np.arange(1, 999) * 5e-4
    before, after = interpolated(knots, at_knots - 1e-9), interpolated(knots, at_knots + 1e-9)
    largest = np.abs(before[:, 6:9]).max()
    assert np.abs(after[:, 6:9] - before[:, 6:9]).max() < 1e-4 * largest
    assert np.abs(after[:, 16:] - before[:, 16:]).max() < 1e-4 * np.abs(before[:, 16:]).max()
    analytic = -10 * (2 * np.pi * 8) ** 2 * np.sin(2 * np.pi * 8 * at_knots) * 1e-6
    np.testing.assert_allclose(before[:, 6], analytic, atol=1e-3 * largest)


def test_knots_are_what_the_time_loop_takes():
    knots = wavy().knots(0.5)
    for values in knots[1:]:
        assert values.dtype == np.float64 and values.flags.c_contiguous
    assert (np.diff(knots.quaternion, axis=0) ** 2).sum(axis=1).max() < 1
