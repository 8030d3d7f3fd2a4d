"""Pose between two knots, compiled: what the time loop asks at every step."""

import numpy as np

from ..compiled import compiled_entry

POSE_SIZE = 19
"""Length of the output of `pose_at`."""


@compiled_entry
def pose_at(
    dt_ms: float,
    position: np.ndarray,
    velocity: np.ndarray,
    quaternion: np.ndarray,
    angular_velocity: np.ndarray,
    t_ms: float,
    out: np.ndarray,
) -> None:
    """Pose, velocity and acceleration at one time.

    Positions follow the cubic Hermite polynomial of each interval, which is exact for constant velocity and whose
    acceleration errs by dt^2/12 times the fourth derivative on both sides of a knot, so that its jumps are of third
    order. Quaternions follow the same polynomial by component, with the derivative omega q / 2 at the knots, and are
    then brought to unit length; the angular velocity and acceleration are the exact derivatives of that path. Sums are
    taken in the order of `quaternions`, so that mirrored motions give mirrored poses to the last bit.

    Parameters
    ----------
    dt_ms, position, velocity, quaternion, angular_velocity
        The fields of `Knots` for one body: ``(K, 3)``, ``(K, 3)``, ``(K, 4)``, ``(K, 3)``.
    t_ms
        Time from the first knot; beyond the last knot its interval is continued.
    out
        ``(19,)``, filled: position 0:3 (mm), velocity 3:6 (mm/ms), acceleration 6:9 (mm/ms^2), quaternion 9:13,
        angular velocity 13:16 (rad/ms) and angular acceleration 16:19 (rad/ms^2), world axes.
    """
    n_knots = position.shape[0]
    if n_knots == 1:
        out[:] = 0.0
        for i in range(3):
            out[i] = position[0, i]
        for i in range(4):
            out[9 + i] = quaternion[0, i]
        return
    k = min(max(int(t_ms / dt_ms), 0), n_knots - 2)
    u = t_ms / dt_ms - k
    # Hermite basis (value at both ends, slope at both ends) and its two derivatives in time.
    a0, a1 = (1.0 + 2.0 * u) * (1.0 - u) ** 2, u * u * (3.0 - 2.0 * u)
    b0, b1 = dt_ms * u * (1.0 - u) ** 2, dt_ms * u * u * (u - 1.0)
    a1_d = 6.0 * u * (1.0 - u) / dt_ms
    b0_d, b1_d = (1.0 - u) * (1.0 - 3.0 * u), u * (3.0 * u - 2.0)
    a1_dd = (6.0 - 12.0 * u) / dt_ms**2
    b0_dd, b1_dd = (6.0 * u - 4.0) / dt_ms, (6.0 * u - 2.0) / dt_ms
    for i in range(3):
        step = position[k + 1, i] - position[k, i]
        v0, v1 = velocity[k, i], velocity[k + 1, i]
        out[i] = a0 * position[k, i] + a1 * position[k + 1, i] + b0 * v0 + b1 * v1
        out[3 + i] = a1_d * step + b0_d * v0 + b1_d * v1
        out[6 + i] = a1_dd * step + b0_dd * v0 + b1_dd * v1
    w0, x0, y0, z0 = quaternion[k, 0], quaternion[k, 1], quaternion[k, 2], quaternion[k, 3]
    w1, x1, y1, z1 = quaternion[k + 1, 0], quaternion[k + 1, 1], quaternion[k + 1, 2], quaternion[k + 1, 3]
    p, q, r = 0.5 * angular_velocity[k, 0], 0.5 * angular_velocity[k, 1], 0.5 * angular_velocity[k, 2]
    w0_d, x0_d = -p * x0 - q * y0 - r * z0, p * w0 + q * z0 - r * y0
    y0_d, z0_d = -p * z0 + q * w0 + r * x0, p * y0 - q * x0 + r * w0
    p, q, r = 0.5 * angular_velocity[k + 1, 0], 0.5 * angular_velocity[k + 1, 1], 0.5 * angular_velocity[k + 1, 2]
    w1_d, x1_d = -p * x1 - q * y1 - r * z1, p * w1 + q * z1 - r * y1
    y1_d, z1_d = -p * z1 + q * w1 + r * x1, p * y1 - q * x1 + r * w1
    w = a0 * w0 + a1 * w1 + b0 * w0_d + b1 * w1_d
    x = a0 * x0 + a1 * x1 + b0 * x0_d + b1 * x1_d
    y = a0 * y0 + a1 * y1 + b0 * y0_d + b1 * y1_d
    z = a0 * z0 + a1 * z1 + b0 * z0_d + b1 * z1_d
    w_d = a1_d * (w1 - w0) + b0_d * w0_d + b1_d * w1_d
    x_d = a1_d * (x1 - x0) + b0_d * x0_d + b1_d * x1_d
    y_d = a1_d * (y1 - y0) + b0_d * y0_d + b1_d * y1_d
    z_d = a1_d * (z1 - z0) + b0_d * z0_d + b1_d * z1_d
    w_dd = a1_dd * (w1 - w0) + b0_dd * w0_d + b1_dd * w1_d
    x_dd = a1_dd * (x1 - x0) + b0_dd * x0_d + b1_dd * x1_d
    y_dd = a1_dd * (y1 - y0) + b0_dd * y0_d + b1_dd * y1_d
    z_dd = a1_dd * (z1 - z0) + b0_dd * z0_d + b1_dd * z1_d
    square = (w * w + x * x) + (y * y + z * z)
    scale, twice = 1.0 / np.sqrt(square), 2.0 / square
    growth = twice * ((w * w_d + x * x_d) + (y * y_d + z * z_d))
    out[9], out[10], out[11], out[12] = scale * w, scale * x, scale * y, scale * z
    # Twice the vector part of (p' p*) / |p|^2: the scale of the polynomial p drops out.
    out[13] = twice * ((x_d * w - w_d * x) + (z_d * y - y_d * z))
    out[14] = twice * ((y_d * w - w_d * y) + (x_d * z - z_d * x))
    out[15] = twice * ((z_d * w - w_d * z) + (y_d * x - x_d * y))
    out[16] = twice * ((x_dd * w - w_dd * x) + (z_dd * y - y_dd * z)) - growth * out[13]
    out[17] = twice * ((y_dd * w - w_dd * y) + (x_dd * z - z_dd * x)) - growth * out[14]
    out[18] = twice * ((z_dd * w - w_dd * z) + (y_dd * x - x_dd * y)) - growth * out[15]
