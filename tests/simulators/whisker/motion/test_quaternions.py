"""Quaternions against rotation matrices and SciPy's rotations."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simulators.whisker.geometry.frames import base_rotation, head_rotation
from simulators.whisker.motion import quaternions as qt

angles = st.lists(st.floats(-720, 720), min_size=3, max_size=3).map(np.array)
vectors = st.lists(st.floats(-7, 7), min_size=3, max_size=3).map(np.array)
MIRROR = np.diag([-1.0, 1.0, 1.0])


def scipy_matrix(quaternion):
    return Rotation.from_quat(np.roll(quaternion, -1)).as_matrix()


@settings(max_examples=50, deadline=None)
@given(vectors, vectors)
def test_rotation_vector_product_and_inverse_agree_with_scipy(first, second):
    a, b = qt.from_rotation_vector(first), qt.from_rotation_vector(second)
    expected = Rotation.from_rotvec(first).as_matrix() @ Rotation.from_rotvec(second).as_matrix()
    np.testing.assert_allclose(scipy_matrix(qt.multiply(a, b)), expected, atol=1e-12)
    np.testing.assert_allclose(qt.to_matrix(qt.multiply(a, b)), expected, atol=1e-12)
    np.testing.assert_allclose(qt.multiply(a, qt.conjugate(a)), [1, 0, 0, 0], atol=1e-12)
    assert abs(np.linalg.norm(qt.multiply(a, b)) - 1) < 1e-12


@settings(max_examples=50, deadline=None)
@given(angles)
def test_head_and_base_frames_are_those_of_the_array(degrees):
    np.testing.assert_allclose(qt.to_matrix(qt.from_orientation(degrees)), head_rotation(degrees), atol=1e-12)
    np.testing.assert_allclose(qt.to_matrix(qt.from_emergence(degrees)), base_rotation(*degrees), atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(vectors)
def test_mirrored_turn_is_the_turn_between_two_mirrors(vector):
    turn = qt.from_rotation_vector(vector)
    np.testing.assert_allclose(qt.to_matrix(qt.mirrored(turn)), MIRROR @ qt.to_matrix(turn) @ MIRROR, atol=1e-12)
    np.testing.assert_array_equal(qt.mirrored(qt.mirrored(turn)), turn)


def test_continuous_keeps_the_rotations_and_mends_the_signs():
    smooth = qt.from_rotation_vector(np.linspace([0, 0, 0], [9, 3, 1], 40))
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(40, 1))
    mended = qt.continuous(signs * smooth)
    np.testing.assert_allclose(mended, signs[0] * smooth)
    np.testing.assert_array_equal(qt.continuous(smooth[:1]), smooth[:1])
