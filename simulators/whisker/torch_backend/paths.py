"""Prescribed motion of many bodies between their knots, as tensors."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

if TYPE_CHECKING:
    from simulators.whisker.motion.knots import Knots


class Paths(NamedTuple):
    """Knots of bodies, laid end to end; mm and ms.

    Parameters
    ----------
    first, size
        (body,) index of each body's first knot and number of its knots, at least 2.
    spacing
        (body,) time between two knots.
    pose, slope
        (knot, 7) position and quaternion, and their rates of change.
    at_rest
        (body,) whether it never moves.
    any_at_rest, still
        Whether any body never moves, and whether none moves.
    """

    first: Tensor
    size: Tensor
    spacing: Tensor
    pose: Tensor
    slope: Tensor
    at_rest: Tensor
    any_at_rest: bool
    still: bool


class Frames(NamedTuple):
    """Frames of bodies, world axes, with what they do at that time; mm, ms, rad.

    Parameters
    ----------
    position, velocity, acceleration
        (..., 3).
    rotation
        (..., 3, 3), the frame's axes as columns.
    quaternion
        (..., 4).
    rate, rate_change
        (..., 3) angular velocity and acceleration.
    """

    position: Tensor
    velocity: Tensor
    acceleration: Tensor
    rotation: Tensor
    quaternion: Tensor
    rate: Tensor
    rate_change: Tensor

    def rows(self, index: Tensor) -> "Frames":
        """Some of them."""
        return Frames(*(value[index] for value in self))

    def cast(self, dtype: torch.dtype) -> "Frames":
        """The same in another precision."""
        return Frames(*(value.to(dtype) for value in self))


def pack_paths(bodies: "Sequence[Knots]", device: torch.device | str = "cpu") -> Paths:
    """Lay the knots of bodies, one `Knots` each, end to end.

    Parameters
    ----------
    bodies
        Fields (K, ...); a body with one knot is at rest.
    device
        Where the tensors go; they are double precision always, for time must not lose digits.
    """
    poses, slopes = [], []
    for knots in bodies:
        position, velocity, quaternion, rate = (torch.from_numpy(values) for values in knots[1:])
        # A body with one knot is at rest whatever its velocity says: two equal knots, any spacing.
        moves, count = (1.0, 1) if len(position) > 1 else (0.0, 2)
        spin = torch.cat([torch.zeros_like(rate[:, :1]), 0.5 * rate], 1)
        poses.append(torch.cat([position, quaternion], 1).repeat(count, 1))
        slopes.append(moves * torch.cat([velocity, quaternion_product(spin, quaternion)], 1).repeat(count, 1))
    counts = [len(rows) for rows in poses]
    spacing = [knots.dt_ms if len(knots.position) > 1 else 1.0 for knots in bodies]
    return Paths(
        torch.tensor([0, *counts[:-1]]).cumsum(0).to(device),
        torch.tensor(counts, device=device),
        torch.tensor(spacing, dtype=torch.float64, device=device),
        torch.cat(poses).to(device),
        torch.cat(slopes).to(device),
        torch.tensor([len(knots.position) == 1 for knots in bodies], device=device),
        any(len(knots.position) == 1 for knots in bodies),
        all(len(knots.position) == 1 for knots in bodies),
    )


def frames_at(paths: Paths, bodies: Tensor, times_ms: Tensor) -> Frames:
    """Poses, velocities and accelerations: cubic Hermite between knots, quaternions too and then of unit length.

    Parameters
    ----------
    paths
        All bodies.
    bodies, times_ms
        (n,) which body at which time, from the first knot; beyond the last knot its interval is continued.

    Returns
    -------
    Frames
        (n, ...).
    """
    if paths.still:
        position, quaternion = paths.pose[paths.first[bodies]].split([3, 4], -1)
        none = torch.zeros_like(position)
        return Frames(position, none, none, _matrix(quaternion), quaternion, none, none)
    dt = paths.spacing[bodies]
    place = times_ms / dt
    interval = torch.minimum(place.long().clamp(min=0), paths.size[bodies] - 2)
    u, dt = (place - interval)[:, None], dt[:, None]
    k = paths.first[bodies] + interval
    start, m0, m1 = paths.pose[k], paths.slope[k], paths.slope[k + 1]
    step = paths.pose[k + 1] - start
    value = start + u * u * (3 - 2 * u) * step + dt * u * (1 - u) * ((1 - u) * m0 - u * m1)
    first = 6 * u * (1 - u) / dt * step + (1 - u) * (1 - 3 * u) * m0 + u * (3 * u - 2) * m1
    second = (6 - 12 * u) / dt**2 * step + (6 * u - 4) / dt * m0 + (6 * u - 2) / dt * m1
    (position, p), (velocity, p_rate), (acceleration, p_change) = (
        values.split([3, 4], -1) for values in (value, first, second)
    )
    square = (p * p).sum(-1, keepdim=True)
    inverse = torch.cat([p[:, :1], -p[:, 1:]], 1) / square
    rate = 2 * quaternion_product(p_rate, inverse)[..., 1:]
    growth = 2 * (p * p_rate).sum(-1, keepdim=True) / square
    rate_change = 2 * quaternion_product(p_change, inverse)[..., 1:] - growth * rate
    quaternion = p / square.sqrt()
    return Frames(position, velocity, acceleration, _matrix(quaternion), quaternion, rate, rate_change)


def quaternion_product(left: Tensor, right: Tensor) -> Tensor:
    """Hamilton product over the last axis."""
    w, v, s, u = left[..., :1], left[..., 1:], right[..., :1], right[..., 1:]
    scalar = w * s - (v * u).sum(-1, keepdim=True)
    return torch.cat([scalar, w * u + s * v + torch.linalg.cross(v, u)], -1)


def _matrix(quaternion: Tensor) -> Tensor:
    """Rotation matrices of unit quaternions."""
    w, v = quaternion[..., :1, None], quaternion[..., 1:]
    x, y, z = v.unbind(-1)
    zero = torch.zeros_like(x)
    skew = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).unflatten(-1, (3, 3))
    return torch.eye(3, dtype=v.dtype, device=v.device) + 2 * (w * skew + skew @ skew)
