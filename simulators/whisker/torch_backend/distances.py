"""Signed distances of many points to solids, with unit normals, as differentiable tensors.

Every function takes points (..., 3) in the solid's own frame, and the solid's numbers as tensors that broadcast against
(...); it gives the distance (...) and the outward unit normal (..., 3). Frames and numbers are those of the solids.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from simulators.whisker.solids.kinds import BOX, CAPSULE, CURVED_PLATE, CYLINDER, PLANE, SPHERE, TORUS

Field = tuple[Tensor, Tensor]


def length(x: Tensor) -> Tensor:
    """Euclidean length over the last axis whose gradient at zero is zero."""
    square = (x * x).sum(-1)
    positive = square > 0
    return torch.where(positive, torch.where(positive, square, 1.0).sqrt(), 0.0)


def _unit(x: Tensor, size: Tensor, axis: int) -> Tensor:
    """``x`` over its length, the unit vector of an axis where the length is zero."""
    positive = (size > 0)[..., None]
    return torch.where(positive, x / torch.where(positive, size[..., None], 1.0), _axis(x, axis))


def _axis(x: Tensor, axis: int) -> Tensor:
    """Unit vector of an axis (axis,), made on the device: a copy from the host would hold it up."""
    return (torch.arange(x.shape[-1], device=x.device) == axis).to(x)


def _side(x: Tensor) -> Tensor:
    """Sign of ``x``, one at zero."""
    return torch.where(x < 0, -1.0, 1.0).to(x)


def _joined(u: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Distance and weights of two axes from signed distances to two surfaces at right angles."""
    outside = (u > 0) & (v > 0)
    both = torch.stack([u, v], -1)
    corner = length(both)
    weights = _unit(both, torch.where(outside, corner, 1.0), 0)
    flat = torch.where((u > v)[..., None], _axis(both, 0), _axis(both, 1))
    weights = torch.where(outside[..., None], weights, flat)
    return torch.where(outside, corner, torch.maximum(u, v)), weights[..., 0], weights[..., 1]


def plane(x: Tensor) -> Field:
    """Half space below z = 0."""
    return x[..., 2], torch.zeros_like(x) + _axis(x, 2)


def sphere(x: Tensor, radius: Tensor) -> Field:
    """Sphere about the origin."""
    size = length(x)
    return size - radius, _unit(x, size, 2)


def box(x: Tensor, half_x: Tensor, half_y: Tensor, half_z: Tensor) -> Field:
    """Box about the origin, by its half sizes."""
    halves = torch.stack(torch.broadcast_tensors(half_x, half_y, half_z), -1)
    out = x.abs() - halves
    beyond = out.clamp(min=0)
    apart = length(beyond)
    outside = apart > 0
    # Ties go to z, then y, then x.
    deepest = 2 - out.flip(-1).argmax(-1, keepdim=True)
    inward = (torch.arange(3, device=x.device) == deepest).to(x)
    normal = torch.where(outside[..., None], _unit(beyond, apart, 2), inward)
    return torch.where(outside, apart, out.amax(-1)), normal * _side(x)


def cylinder(x: Tensor, radius: Tensor, half_height: Tensor) -> Field:
    """Cylinder along z about the origin."""
    rho = length(x[..., :2])
    radial = _unit(x[..., :2], rho, 1)
    distance, wide, high = _joined(rho - radius, x[..., 2].abs() - half_height)
    return distance, torch.cat([wide[..., None] * radial, (high * _side(x[..., 2]))[..., None]], -1)


def capsule(x: Tensor, radius: Tensor, half_height: Tensor) -> Field:
    """Cylinder along z between two half spheres; ``half_height`` to their centres."""
    above = x[..., 2] - torch.minimum(torch.maximum(x[..., 2], -half_height), half_height)
    out = torch.cat([x[..., :2], above[..., None]], -1)
    size = length(out)
    return size - radius, _unit(out, size, 1)


def torus(x: Tensor, radius: Tensor, tube_radius: Tensor) -> Field:
    """Ring about z in the plane z = 0."""
    rho = length(x[..., :2])
    section = torch.stack([rho - radius, x[..., 2]], -1)
    size = length(section)
    normal = _unit(section, size, 1)
    radial = _unit(x[..., :2], rho, 1)
    return size - tube_radius, torch.cat([normal[..., :1] * radial, normal[..., 1:]], -1)


def curved_plate(
    x: Tensor, radius: Tensor, cosine: Tensor, sine: Tensor, half_height: Tensor, half_thickness: Tensor, side: Tensor
) -> Field:
    """Sector of a cylindrical shell; ``cosine`` and ``sine`` of half its angle, ``side`` -1 if it opens towards +x."""
    px, py = side * x[..., 0] + radius, x[..., 1].abs()
    flat = torch.stack([px, py], -1)
    end = torch.stack(torch.broadcast_tensors(-sine, cosine), -1)
    across, along = py * cosine - px * sine, px * cosine + py * sine
    rho = length(flat)
    shell = (rho - radius).abs() - half_thickness
    off = along - torch.minimum(torch.maximum(along, radius - half_thickness), radius + half_thickness)
    tip = torch.stack([off, across], -1)
    past = across > 0
    tip_distance = length(tip)
    at_end = torch.stack([off * cosine - across * sine, off * sine + across * cosine], -1)
    at_end = _unit(at_end, torch.where(past, tip_distance, 1.0), 1)
    face = _unit(flat, rho, 0) * _side(rho - radius)[..., None]
    # Inside the material the end may still be nearer than the faces.
    near_end = (shell < 0) & (-across < -shell) & ((along - radius).abs() <= half_thickness)
    distance = torch.where(past, tip_distance, torch.where(near_end, across, shell))
    normal = torch.where(past[..., None], at_end, torch.where(near_end[..., None], end.expand_as(face), face))
    total, wide, high = _joined(distance, x[..., 2].abs() - half_height)
    parts = [side * normal[..., 0] * wide, normal[..., 1] * _side(x[..., 1]) * wide, high * _side(x[..., 2])]
    return total, torch.stack(parts, -1)


FIELDS: dict[int, tuple[Callable[..., Field], int]] = {
    PLANE: (plane, 0),
    SPHERE: (sphere, 1),
    BOX: (box, 3),
    CYLINDER: (cylinder, 2),
    CAPSULE: (capsule, 2),
    TORUS: (torus, 2),
    CURVED_PLATE: (curved_plate, 6),
}
"""Kind of solid to its field and how many of the packed numbers it takes."""
