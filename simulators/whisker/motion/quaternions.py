"""Rotations as unit quaternions (w, x, y, z): arrays whose last axis is 4, leading axes broadcast.

Sums are taken in an order for which the frames of a whisker and of its mirror image, whose quaternions are (w, x, y, z)
and (-y, -z, -w, -x) but for the turn of the head, come out as mirror images to the last bit.
"""

import numpy as np


def multiply(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Hamilton product: the rotation ``right`` followed by ``left``.

    Parameters
    ----------
    left, right
        ``(..., 4)``.
    """
    w, x, y, z = np.moveaxis(left, -1, 0)
    a, b, c, d = np.moveaxis(right, -1, 0)
    return np.stack(
        [
            w * a - x * b - y * c - z * d,
            w * b + x * a + y * d - z * c,
            w * c - x * d + y * a + z * b,
            w * d + x * c - y * b + z * a,
        ],
        axis=-1,
    )


def rotate(quaternions: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Vectors ``(..., 3)`` turned by unit quaternions ``(..., 4)``."""
    columns = to_matrix(quaternions)
    return sum(columns[..., axis] * vectors[..., axis, None] for axis in range(3))


def conjugate(quaternions: np.ndarray) -> np.ndarray:
    """The inverse rotation of a unit quaternion."""
    return quaternions * np.array([1.0, -1.0, -1.0, -1.0])


def from_rotation_vector(vectors_rad: np.ndarray) -> np.ndarray:
    """Turn by the length of each vector ``(..., 3)`` about its direction."""
    angle = np.linalg.norm(vectors_rad, axis=-1, keepdims=True)
    return np.concatenate([np.cos(angle / 2), 0.5 * np.sinc(angle / (2 * np.pi)) * vectors_rad], axis=-1)


def to_rotation_vector(quaternions: np.ndarray) -> np.ndarray:
    """Rotation vectors ``(..., 3)`` of unit quaternions, at most half a turn long."""
    near = np.where(quaternions[..., :1] < 0, -quaternions, quaternions)
    length = np.linalg.norm(near[..., 1:], axis=-1, keepdims=True)
    half = np.arctan2(length, near[..., :1])
    return 2 * near[..., 1:] * np.where(length > 0, half / np.where(length > 0, length, 1.0), 1.0)


def about_axis(axis: int, angles_rad: np.ndarray) -> np.ndarray:
    """Turn by the angles ``(...)`` about the axis 0 (x), 1 (y) or 2 (z)."""
    angles_rad = np.asarray(angles_rad, dtype=float)
    turned = np.zeros((*angles_rad.shape, 4))
    turned[..., 0] = np.cos(angles_rad / 2)
    turned[..., 1 + axis] = np.sin(angles_rad / 2)
    return turned


def _quarter_turned(axis: int, angles_rad: np.ndarray, sense: float) -> np.ndarray:
    """Turn by the angles and a quarter turn (``sense`` 1 or -1) more, from the sine and cosine of half the angles."""
    turned = about_axis(axis, angles_rad)
    cosine, sine = turned[..., 0].copy(), turned[..., 1 + axis].copy()
    turned[..., 0] = np.sqrt(0.5) * (cosine - sense * sine)
    turned[..., 1 + axis] = np.sqrt(0.5) * (sine + sense * cosine)
    return turned


def from_orientation(orientation_deg: np.ndarray) -> np.ndarray:
    """Orientation angles ``(..., 3)`` about the world's x, then y, then z axis: Rz(c) Ry(b) Rx(a)."""
    angles = np.deg2rad(np.asarray(orientation_deg, dtype=float))
    x, y, z = (about_axis(axis, angles[..., axis]) for axis in range(3))
    return multiply(z, multiply(y, x))


def from_emergence(angles_deg: np.ndarray) -> np.ndarray:
    """Frame of a whisker's base in its head.

    The first axis of the frame leaves the face along the whisker, and the whisker bends in the plane of the first two.

    Parameters
    ----------
    angles_deg
        ``(..., 3)``: azimuth theta, elevation phi, roll zeta. The frame is Rz(theta - 90) Ry(-phi) Rx(zeta + 90).
    """
    theta, phi, zeta = np.moveaxis(np.deg2rad(np.asarray(angles_deg, dtype=float)), -1, 0)
    raised = multiply(_quarter_turned(2, theta, -1.0), about_axis(1, -phi))
    return multiply(raised, _quarter_turned(0, zeta, 1.0))


def to_matrix(quaternions: np.ndarray) -> np.ndarray:
    """Rotation matrices ``(..., 3, 3)``."""
    w, x, y, z = np.moveaxis(quaternions, -1, 0)
    ww, xx, yy, zz = w * w, x * x, y * y, z * z
    matrix = np.empty((*w.shape, 3, 3))
    matrix[..., 0, 0], matrix[..., 1, 1] = (ww + xx) - (yy + zz), (ww + yy) - (xx + zz)
    matrix[..., 2, 2] = (ww + zz) - (xx + yy)
    matrix[..., 1, 0], matrix[..., 0, 1] = 2 * (x * y + w * z), 2 * (x * y - w * z)
    matrix[..., 2, 0], matrix[..., 0, 2] = 2 * (x * z - w * y), 2 * (x * z + w * y)
    matrix[..., 2, 1], matrix[..., 1, 2] = 2 * (y * z + w * x), 2 * (y * z - w * x)
    return matrix


def continuous(quaternions: np.ndarray) -> np.ndarray:
    """The same rotations ``(T, ..., 4)`` with signs chosen so that neighbours in time lie on one side."""
    flips = np.where((quaternions[1:] * quaternions[:-1]).sum(axis=-1, keepdims=True) < 0, -1.0, 1.0)
    signs = np.concatenate([np.ones_like(flips[:1]), np.cumprod(flips, axis=0)]) if len(flips) else 1.0
    return quaternions * signs


def mirrored(quaternions: np.ndarray) -> np.ndarray:
    """The rotation seen in the mirror x -> -x."""
    return quaternions * np.array([1.0, 1.0, -1.0, -1.0])
