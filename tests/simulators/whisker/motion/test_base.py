"""Base frames of an array: at rest, carried by the head, mirrored, as knots."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.whisker.geometry.array import mouse_array, rat_array
from simulators.whisker.motion import BaseMotion, RigidMotion, head_motion, pose_at, whisking
from simulators.whisker.motion import quaternions as qt

ARRAY = mouse_array("both", names="RA0 RC1 RE5 LC1 LB3").posed((1.0, -2.0, 3.0), (10.0, 20.0, -30.0))
POINTS, ROTATIONS = ARRAY.base_points_mm(), ARRAY.base_rotations()
LINEAR = RigidMotion.linear((1, 2, 3), (30, -20, 5), (5, 6, 7), (200, -100, 400))
TIMES = np.linspace(0.01, 0.4, 17)


def test_bases_at_rest_are_those_of_the_array():
    for array in (ARRAY, rat_array("both", preset="whiskit", names="RB2 LB2").posed((5, 6, 7), (1, 2, 3))):
        motion = BaseMotion.fixed(array)
        pose = motion.at([0.0, 3.0])
        np.testing.assert_allclose(pose.position_mm, [array.base_points_mm()] * 2, atol=1e-12)
        np.testing.assert_allclose(qt.to_matrix(pose.quaternion), [array.base_rotations()] * 2, atol=1e-12)
        assert not pose.velocity_mm_s.any() and not pose.angular_velocity_rad_s.any()
        assert pose.protraction_deg is None and pose.phase_rad is None
        assert motion.knots(1.0).position.shape == (2 if array is not ARRAY else 5, 1, 3)
        assert motion.n_whiskers == len(array) and motion.names == array.names


def test_head_carries_the_bases_as_one_body(assert_rates_are_derivatives):
    motion = head_motion(ARRAY, LINEAR)
    pose, head = motion.at(TIMES), LINEAR.at(TIMES)
    turn = qt.to_matrix(head.quaternion) @ ARRAY.head_rotation().T
    local = POINTS - ARRAY.head_position_mm
    np.testing.assert_allclose(
        pose.position_mm, head.position_mm[:, None] + np.einsum("tij,wj->twi", turn, local), atol=1e-12
    )
    np.testing.assert_allclose(qt.to_matrix(pose.quaternion), np.einsum("tij,wjk->twik", turn, ROTATIONS), atol=1e-12)
    assert_rates_are_derivatives(motion, TIMES)


def test_head_in_the_pose_of_the_array_changes_nothing():
    still = head_motion(ARRAY, RigidMotion.fixed(ARRAY.head_position_mm, ARRAY.head_orientation_deg))
    np.testing.assert_allclose(still.at([0.0]).position_mm[0], POINTS, atol=1e-12)
    np.testing.assert_allclose(qt.to_matrix(still.at([0.0]).quaternion[0]), ROTATIONS, atol=1e-12)


def test_knot_count_follows_the_head():
    assert head_motion(ARRAY, RigidMotion.linear((0, 0, 0), (1, 2, 3))).knots(2.0).position.shape == (5, 2, 3)
    assert head_motion(ARRAY, LINEAR).knots(0.1).position.shape == (5, 201, 3)
    assert whisking(ARRAY).knots(0.1, 1e-3).position.shape == (5, 101, 3)


def test_knots_of_a_whisker_are_its_motion():
    motion = whisking(ARRAY, frequency_hz=12).carried_by(LINEAR)
    knots = motion.knots(0.4)
    pose = motion.at(TIMES)
    for values in knots[1:]:
        assert values.flags.c_contiguous and values[2].flags.c_contiguous and values.dtype == np.float64
    out = np.empty(19)
    for whisker in range(len(ARRAY)):
        own = [values[whisker] for values in knots[1:]]
        for step, time in enumerate(TIMES):
            pose_at(knots.dt_ms, *own, 1e3 * time, out)
            np.testing.assert_allclose(out[:3], pose.position_mm[step, whisker], atol=1e-9)
            np.testing.assert_allclose(1e3 * out[3:6], pose.velocity_mm_s[step, whisker], atol=1e-5)
            apart = qt.multiply(out[9:13], qt.conjugate(pose.quaternion[step, whisker]))
            assert 2 * np.linalg.norm(apart[1:]) < 1e-8
            np.testing.assert_allclose(1e3 * out[13:16], pose.angular_velocity_rad_s[step, whisker], atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**20), st.floats(0, 20), st.floats(0, 30))
def test_mirrored_motion_is_the_motion_of_the_mirrored_array(seed, frequency, asymmetry):
    rng = np.random.default_rng(seed)
    head = RigidMotion.linear(*rng.uniform(-90, 90, (4, 3)))
    options = {"frequency_hz": 1 + frequency, "amplitude_cv": 0.3, "seed": seed}
    motion = whisking(ARRAY, **options, left={"protraction_deg": 35 + asymmetry}).carried_by(head)
    pose, image = motion.at(TIMES), motion.mirrored().at(TIMES)
    mirror = np.diag([-1.0, 1.0, 1.0])
    np.testing.assert_allclose(image.position_mm, pose.position_mm @ mirror, atol=1e-9)
    np.testing.assert_allclose(image.velocity_mm_s, pose.velocity_mm_s @ mirror, atol=1e-9)
    np.testing.assert_allclose(image.angular_velocity_rad_s, -pose.angular_velocity_rad_s @ mirror, atol=1e-9)
    # A frame's third axis turns round, so that the mirrored frame is right-handed and the whisker bends to its -y.
    expected = mirror @ qt.to_matrix(pose.quaternion) @ np.diag([1.0, 1.0, -1.0])
    np.testing.assert_allclose(qt.to_matrix(image.quaternion), expected, atol=1e-9)
    np.testing.assert_array_equal(image.protraction_deg, pose.protraction_deg)
    assert np.abs(np.linalg.norm(pose.quaternion, axis=-1) - 1).max() < 1e-12
    twice = motion.mirrored().mirrored()
    assert twice.names == motion.names
    for left, right in zip(motion.at(TIMES), twice.at(TIMES), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-12)


def test_mirrored_rest_is_the_mirrored_array():
    image = ARRAY.mirrored()
    for motion in (BaseMotion.fixed(ARRAY).mirrored(), BaseMotion.fixed(image)):
        pose = motion.at([0.0])
        assert motion.names == image.names
        np.testing.assert_allclose(pose.position_mm[0], image.base_points_mm(), atol=1e-12)
        np.testing.assert_allclose(qt.to_matrix(pose.quaternion[0]), image.base_rotations(), atol=1e-12)
    whisk, whisk_image = whisking(ARRAY).mirrored().at(TIMES), whisking(image).at(TIMES)
    np.testing.assert_allclose(whisk.position_mm, whisk_image.position_mm, atol=1e-12)
    np.testing.assert_allclose(np.abs((whisk.quaternion * whisk_image.quaternion).sum(axis=-1)), 1)


def test_row_without_a_slope_is_refused():
    with pytest.raises(ValueError, match=r"elevation_per_deg is \{'A': 0.1\}; it needs one finite number .* 'C', 'E'"):
        BaseMotion.fixed(ARRAY, elevation_per_deg={"A": 0.1})
    with pytest.raises(ValueError, match="torsion_per_deg"):
        BaseMotion.fixed(ARRAY, torsion_per_deg=dict.fromkeys("ABCDE", np.nan))


def test_end_is_the_first_end_of_the_parts():
    times = np.array([0.0, 0.2, 0.7])
    short = RigidMotion.sampled(times, np.zeros((3, 3)))
    assert whisking(ARRAY).end_s == np.inf
    motion = whisking(ARRAY).carried_by(short)
    assert motion.end_s == 0.7
    with pytest.raises(ValueError, match="cover 0 to 0.7 s"):
        motion.knots(1.0)
    assert dataclasses.replace(motion, head=LINEAR).end_s == np.inf
