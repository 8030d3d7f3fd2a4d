"""Right-handed rotations and the two frames of an array: that of the head and that of each whisker's base."""

import numpy as np


def rotation(axis: int, angle_deg: float | np.ndarray) -> np.ndarray:
    """Right-handed rotation about a coordinate axis, ``(..., 3, 3)``.

    Parameters
    ----------
    axis
        0, 1 or 2 for x, y or z.
    angle_deg
        ``(...)`` angles.
    """
    angle = np.radians(np.asarray(angle_deg, dtype=float))
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.zeros((*angle.shape, 3, 3))
    matrix[..., axis, axis] = 1.0
    matrix[..., first, first] = matrix[..., second, second] = np.cos(angle)
    matrix[..., second, first] = np.sin(angle)
    matrix[..., first, second] = -np.sin(angle)
    return matrix


def head_rotation(orientation_deg: tuple[float, float, float] | np.ndarray) -> np.ndarray:
    """Rotation of the head, Rz(c) Ry(b) Rx(a) for the orientation (a, b, c), ``(..., 3, 3)``.

    Parameters
    ----------
    orientation_deg
        ``(..., 3)`` turns about the axes x (right), y (rostral) and z (dorsal).
    """
    about_x, about_y, about_z = np.moveaxis(np.asarray(orientation_deg, dtype=float), -1, 0)
    return rotation(2, about_z) @ rotation(1, about_y) @ rotation(0, about_x)


def base_rotation(
    azimuth_deg: float | np.ndarray, elevation_deg: float | np.ndarray, roll_deg: float | np.ndarray
) -> np.ndarray:
    """Base frame of a whisker in the frame of the array, Rz(theta - 90) Ry(-phi) Rx(zeta + 90), ``(..., 3, 3)``.

    Columns are the axes of the frame: x along the whisker where it leaves the face, -y the side to which it bends.
    The angles of a left whisker are those of its mirror image with the signs of azimuth and roll turned.

    Parameters
    ----------
    azimuth_deg, elevation_deg, roll_deg
        ``(...)`` emergence angles theta (0 caudal, 90 right, 180 rostral), phi and zeta.

    References
    ----------
    .. [1] Zweifel et al. (2021) PNAS 118, e2011905118.
    """
    azimuth, elevation, roll = np.broadcast_arrays(
        *(np.asarray(angle, dtype=float) for angle in (azimuth_deg, elevation_deg, roll_deg))
    )
    # The right angles are put in by hand, so that a mirror image is one to the last bit.
    yaw, turn = np.zeros((2, *azimuth.shape, 3, 3))
    yaw[..., 0, 0] = yaw[..., 1, 1] = np.sin(np.radians(azimuth))
    yaw[..., 0, 1] = np.cos(np.radians(azimuth))
    yaw[..., 1, 0] = -yaw[..., 0, 1]
    yaw[..., 2, 2] = turn[..., 0, 0] = 1.0
    turn[..., 1, 1] = turn[..., 2, 2] = -np.sin(np.radians(roll))
    turn[..., 2, 1] = np.cos(np.radians(roll))
    turn[..., 1, 2] = -turn[..., 2, 1]
    return yaw @ rotation(1, -elevation) @ turn
