"""Rotations as unit quaternions (w, x, y, z): arrays whose last axis is 4, leading axes broadcast."""

import numpy as np


def multiply(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Hamilton product: the rotation ``right`` followed by ``left``.

    Parameters
    ----------
    left, right
        ``(..., 4)``.
    """
    w, v = left[..., :1], left[..., 1:]
    s, u = right[..., :1], right[..., 1:]
    scalar = w * s - (v * u).sum(axis=-1, keepdims=True)
    return np.concatenate([scalar, w * u + s * v + np.cross(v, u)], axis=-1)


def rotate(quaternions: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Vectors ``(..., 3)`` turned by unit quaternions ``(..., 4)``."""
    v = quaternions[..., 1:]
    twice = 2.0 * np.cross(v, vectors)
    return vectors + quaternions[..., :1] * twice + np.cross(v, twice)


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
    raised = multiply(about_axis(2, theta - np.pi / 2), about_axis(1, -phi))
    return multiply(raised, about_axis(0, zeta + np.pi / 2))


def to_matrix(quaternions: np.ndarray) -> np.ndarray:
    """Rotation matrices ``(..., 3, 3)``."""
    columns = [rotate(quaternions, np.broadcast_to(axis, (*quaternions.shape[:-1], 3))) for axis in np.eye(3)]
    return np.stack(columns, axis=-1)


def continuous(quaternions: np.ndarray) -> np.ndarray:
    """The same rotations ``(T, ..., 4)`` with signs chosen so that neighbours in time lie on one side."""
    flips = np.where((quaternions[1:] * quaternions[:-1]).sum(axis=-1, keepdims=True) < 0, -1.0, 1.0)
    signs = np.concatenate([np.ones_like(flips[:1]), np.cumprod(flips, axis=0)]) if len(flips) else 1.0
    return quaternions * signs


def mirrored(quaternions: np.ndarray) -> np.ndarray:
    """The rotation seen in the mirror x -> -x."""
    return quaternions * np.array([1.0, 1.0, -1.0, -1.0])
