"""Motion between knots against the compiled interpolation."""

import numpy as np
import pytest
import torch

from simulators.whisker.motion import Knots, pose_at
from simulators.whisker.torch_backend.paths import frames_at, pack_paths


def knots(rng, count, spacing):
    quaternion = np.cumsum(0.2 * rng.normal(size=(count, 4)), axis=0) + [3.0, 0, 0, 0]
    quaternion /= np.linalg.norm(quaternion, axis=1, keepdims=True)
    position, velocity, rate = (rng.normal(size=(count, 3)) for _ in range(3))
    return Knots(spacing, position, velocity, quaternion, rate)


@pytest.mark.parametrize("counts", [(5, 9, 1), (1, 1, 1)])
def test_frames_are_those_of_the_compiled_interpolation(counts):
    rng = np.random.default_rng(1)
    bodies = [knots(rng, count, spacing) for count, spacing in zip(counts, (0.7, 0.4, 1.0), strict=True)]
    paths, expected = pack_paths(bodies), np.zeros(19)
    for time in (0.0, 0.3, 1.1, 2.8, 3.0):
        found = frames_at(paths, torch.arange(3), torch.full((3,), time, dtype=torch.float64))
        for row, body in enumerate(bodies):
            pose_at(body.dt_ms, body.position, body.velocity, body.quaternion, body.angular_velocity, time, expected)
            parts = (
                found.position,
                found.velocity,
                found.acceleration,
                found.quaternion,
                found.rate,
                found.rate_change,
            )
            np.testing.assert_allclose(np.concatenate([part[row] for part in parts]), expected, rtol=0, atol=1e-12)


def test_rotation_is_that_of_the_quaternion():
    found = frames_at(
        pack_paths([knots(np.random.default_rng(2), 4, 0.5)]), torch.tensor([0]), torch.tensor([0.6]).double()
    )
    rotation, (w, x, y, z) = found.rotation[0], found.quaternion[0]
    torch.testing.assert_close(rotation @ rotation.T, torch.eye(3).double())
    expected = torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)])
    torch.testing.assert_close(rotation[:, 0], expected)
