"""Views of the animal: which way is up, and which side is seen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.whisker.pictures.camera import Camera

RIGHT, ROSTRAL, DORSAL = np.eye(3)


@given(azimuth=st.floats(-360, 360), elevation=st.floats(-90, 90))
def test_a_camera_keeps_lengths_and_hands(azimuth, elevation):
    axes = Camera(azimuth, elevation).axes()
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1.0)
    assert axes[0, 2] == 0  # dorsal is never tilted
    assert axes[1, 2] >= -1e-12


@pytest.mark.parametrize(
    ("view", "to_the_right", "up", "near"),
    [
        ("top", RIGHT, ROSTRAL, DORSAL),
        ("front", -RIGHT, DORSAL, ROSTRAL),
        ("side", ROSTRAL, DORSAL, RIGHT),
        ((0, 0), RIGHT, DORSAL, -ROSTRAL),
    ],
)
def test_named_views(view, to_the_right, up, near):
    np.testing.assert_allclose(Camera.of(view).project(np.stack([to_the_right, up, near])), np.eye(3), atol=1e-12)


def test_an_array_of_the_left_side_is_seen_from_the_left():
    right, left = (Camera.of("oblique", [name]) for name in ("RC1", "LC1"))
    mirror = np.array([-1.0, 1, 1])
    np.testing.assert_allclose(
        left.project(mirror * [1, 2, 3]), mirror * right.project(np.array([1, 2, 3])), atol=1e-12
    )
    assert Camera.of("oblique", ["LC1", "RC1"]) == right
    assert Camera.of("top", ["LC1"]) == Camera.of("top", ["RC1"])
    assert Camera.of((10, 20), ["LC1"]) == Camera(10.0, 20.0)


@pytest.mark.parametrize("view", ["above", (1, 2, 3), (np.nan, 0)])
def test_unknown_views_are_refused(view):
    with pytest.raises(ValueError, match="view"):
        Camera.of(view)
