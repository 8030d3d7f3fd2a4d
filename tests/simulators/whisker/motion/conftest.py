"""The check that all motions share."""

import numpy as np
import pytest

from simulators.whisker.motion import quaternions as qt


@pytest.fixture
def assert_rates_are_derivatives():
    """Velocity and angular velocity of a motion against central differences of its pose."""

    def check(motion, times, step=1e-5, tolerance=1e-5):
        before, now, after = motion.at(times - step), motion.at(times), motion.at(times + step)
        np.testing.assert_allclose(
            (after.position_mm - before.position_mm) / (2 * step), now.velocity_mm_s, atol=tolerance, rtol=1e-7
        )
        change = (after.quaternion - before.quaternion) / (2 * step)
        spin = 2 * qt.multiply(change, qt.conjugate(now.quaternion))[..., 1:]
        np.testing.assert_allclose(spin, now.angular_velocity_rad_s, atol=tolerance, rtol=1e-6)

    return check
