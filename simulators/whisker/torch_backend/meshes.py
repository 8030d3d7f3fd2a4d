"""Signed distances to triangle meshes by direct comparison with all triangles that can be nearest.

The distance from a tapered segment to a triangle is least at an end of the segment, at an edge of the triangle or where
the segment passes through it. The sign comes from the pseudonormal of the nearest face, edge or corner (Baerentzen &
Aanaes 2005, IEEE TVCG 11:243).
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from simulators.whisker.solids.bvh import CENTRE, CORNER, NORMAL, REACH, SIDE_1, SIDE_2
from simulators.whisker.torch_backend.segments import N_INTERVALS, Nearest, nearest_to_segment, search

if TYPE_CHECKING:
    from simulators.whisker.solids import Solid

MAX_TRIANGLES = 5000
"""Every question asks all triangles; larger meshes are for the backend with a hierarchy."""
CHUNK = 20_000_000
"""Most point-triangle pairs that are looked at together."""
TOUCHING_MM = 1e-9
"""A foot this near a point of the centre line tells no direction; the line may have gone in elsewhere, too."""


class Meshes(NamedTuple):
    """Triangles of many meshes, padded by ones far away.

    Parameters
    ----------
    corner, side_1, side_2, normal, centre
        (mesh, triangle, 3) mm.
    reach
        (mesh, triangle) from the centre to the farthest corner, mm.
    pseudonormals
        (mesh, triangle, 7, 3) of the face, its three edges and its three corners.
    closed
        (mesh,) whether it has an inside.
    box
        (mesh, 2, 3) lower and upper corner.
    """

    corner: Tensor
    side_1: Tensor
    side_2: Tensor
    normal: Tensor
    centre: Tensor
    reach: Tensor
    pseudonormals: Tensor
    closed: Tensor
    box: Tensor


def pack_meshes(solids: "Sequence[Solid]", device: torch.device | str, dtype: torch.dtype) -> Meshes:
    """Tensors of solids that are made of triangles.

    Parameters
    ----------
    solids
        At least one.
    device, dtype
        Of the tensors.

    Raises
    ------
    ValueError
        If a solid is not made of triangles, or of more than `MAX_TRIANGLES`.
    """
    hierarchies = []
    for solid in solids:
        hierarchy = solid.hierarchy()
        if hierarchy is None:
            raise ValueError(f"{type(solid).__name__} is not made of triangles; give a Mesh or an Extrusion.")
        if len(hierarchy.triangles) > MAX_TRIANGLES:
            raise ValueError(
                f"a mesh of {len(hierarchy.triangles)} triangles is too large for the torch backend, which takes up to "
                f"{MAX_TRIANGLES}; simplify it, or take backend='numba'."
            )
        hierarchies.append(hierarchy)
    most = max(len(hierarchy.triangles) for hierarchy in hierarchies)
    rows = np.zeros((len(solids), most, 17))
    rows[..., CENTRE : CENTRE + 3] = 1e4
    normals = np.zeros((len(solids), most, 7, 3))
    box = np.zeros((len(solids), 2, 3))
    for k, (solid, hierarchy) in enumerate(zip(solids, hierarchies, strict=True)):
        count = len(hierarchy.triangles)
        rows[k, :count] = hierarchy.triangles
        normals[k, :count, 0] = hierarchy.triangles[:, NORMAL : NORMAL + 3]
        normals[k, :count, 1:] = hierarchy.normals.reshape(count, 6, 3)
        box[k] = solid.bounds_mm()
    # Padding is as far as 10 m; its sides must not be zero.
    rows[..., SIDE_1] += np.all(rows[..., SIDE_1 : SIDE_1 + 3] == 0, axis=-1)
    rows[..., SIDE_2 + 1] += np.all(rows[..., SIDE_2 : SIDE_2 + 3] == 0, axis=-1)
    rows[..., CORNER : CORNER + 3] += np.where(rows[..., CENTRE, None] == 1e4, 1e4, 0.0)

    def tensor(values: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(device, dtype)

    corner, side_1, side_2, normal, centre = (
        tensor(rows[..., first : first + 3]) for first in (CORNER, SIDE_1, SIDE_2, NORMAL, CENTRE)
    )
    closed = torch.tensor([solid.kernel_parameters()[0] > 0 for solid in solids], device=device)
    return Meshes(
        corner, side_1, side_2, normal, centre, tensor(rows[..., REACH]), tensor(normals), closed, tensor(box)
    )


def bounded_distance(meshes: Meshes, mesh: Tensor, x: Tensor, bound: Tensor) -> Tensor:
    """Distance of points, or a lower bound of it that is not below ``bound``.

    Parameters
    ----------
    meshes
        All meshes.
    mesh
        (n,) which one each point asks.
    x
        (n, point, 3) mm.
    bound
        (n, point) distances above which no exact value is asked for.
    """
    box = meshes.box[mesh][:, None]
    out = torch.maximum(box[..., 0, :] - x, x - box[..., 1, :]).clamp(min=0).norm(dim=-1)
    row, point = (out < bound).nonzero(as_tuple=True)
    if len(row) == 0:
        return out
    exact, _ = mesh_distance(meshes, mesh[row], x[row, point][:, None])
    return out.index_put((row, point), exact[:, 0])


def mesh_distance(meshes: Meshes, mesh: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Distance, negative inside closed meshes, and unit normal out of the mesh or towards the point.

    Parameters
    ----------
    meshes
        All meshes.
    mesh
        (n,) which one each point asks.
    x
        (n, point, 3) mm.
    """
    which = mesh[:, None].expand(x.shape[:2]).reshape(-1)
    points = x.reshape(-1, 3)
    with torch.no_grad():
        triangle = _nearest(meshes, which, points.detach())
    s, t, feature = _coordinates(meshes, which, triangle, points)
    away = points - (
        meshes.corner[which, triangle]
        + s[:, None] * meshes.side_1[which, triangle]
        + t[:, None] * meshes.side_2[which, triangle]
    )
    square = (away * away).sum(-1)
    near = square <= TOUCHING_MM**2
    distance = torch.where(near, 0.0, torch.where(near, 1.0, square).sqrt())
    closed = meshes.closed[which]
    outward = meshes.pseudonormals[which, triangle, torch.where(closed, feature, 0)]
    inside = closed & ((outward * away).sum(-1) < 0)
    sign = torch.where(inside, -1.0, 1.0).to(x)
    direction = sign[:, None] * away / torch.where(near, 1.0, distance)[:, None]
    normal = torch.where(near[:, None], outward, direction)
    return (sign * distance).view(x.shape[:2]), normal.view(x.shape)


@torch.no_grad()
def locate_on_meshes(
    meshes: Meshes, mesh: Tensor, a: Tensor, b: Tensor, ra: Tensor, rb: Tensor
) -> tuple[Nearest, Tensor]:
    """Position of the smallest gap on each segment.

    Parameters
    ----------
    meshes
        All meshes.
    mesh
        (segment,) which one each segment asks.
    a, b
        (segment, 3) ends, mm.
    ra, rb
        (segment,) radii there, mm.

    Returns
    -------
    tuple[Nearest, Tensor]
        The places; where the segment passes through a sheet that has no inside, the normal on the side where it began,
        zero elsewhere (segment, 3).
    """
    half = 0.5 * (b - a).norm(dim=-1) + torch.maximum(ra, rb)
    parts = [
        _on_triangles(meshes, mesh[rows], near, a[rows], b[rows], ra[rows], rb[rows])
        for rows, near in _near(meshes, mesh, 0.5 * (a + b), half)
    ]
    s, through = (torch.cat(values) for values in zip(*parts, strict=True))
    closed = meshes.closed[mesh]
    pierced = through.abs().sum(-1) > 0
    depth = mesh_distance(meshes, mesh, (a + s[:, None] * (b - a))[:, None])[0][:, 0]
    deep = (closed & (pierced | (depth <= TOUCHING_MM))).nonzero()[:, 0]
    places = Nearest.smooth(s)
    if len(deep):
        own = mesh[deep]
        found = search(
            lambda x, rows: mesh_distance(meshes, own[rows], x), N_INTERVALS, a[deep], b[deep], ra[deep], rb[deep]
        )
        places = places.put(deep, found)
    return places, torch.where(closed[:, None], 0.0, through)


def _near(meshes: Meshes, mesh: Tensor, points: Tensor, extent: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Chunks of points, and for each the triangles that can be nearest to anything within ``extent`` of it."""
    size = max(1, CHUNK // meshes.reach.shape[1])
    for rows in torch.arange(len(points), device=points.device).split(size):
        which = mesh[rows]
        apart = (points[rows, None] - meshes.centre[which]).norm(dim=-1)
        # A triangle's centre lies on it, so the nearest is no farther than the nearest centre.
        slack = apart - meshes.reach[which]
        limit = apart.amin(1, keepdim=True) + 2 * extent[rows, None]
        most = int((slack <= limit).sum(1).max())
        yield rows, slack.topk(most, dim=1, largest=False).indices


def _nearest(meshes: Meshes, which: Tensor, points: Tensor) -> Tensor:
    """Nearest triangle of each point (n,)."""
    found = []
    for rows, near in _near(meshes, which, points, torch.zeros_like(points[:, 0])):
        own = which[rows, None].expand_as(near)
        s, t, _ = _coordinates(meshes, own, near, points[rows, None].expand(*near.shape, 3))
        foot = (
            meshes.corner[own, near] + s[..., None] * meshes.side_1[own, near] + t[..., None] * meshes.side_2[own, near]
        )
        square = ((foot - points[rows, None]) ** 2).sum(-1)
        found.append(near.gather(1, square.argmin(1, keepdim=True))[:, 0])
    return torch.cat(found)


def _coordinates(meshes: Meshes, which: Tensor, triangle: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Coordinates along the two sides of the nearest point; feature 0 face, 1 to 3 edges, 4 to 6 corners.

    The regions are those of Ericson 2005, Real-Time Collision Detection, section 5.1.5.
    """
    u, v = meshes.side_1[which, triangle], meshes.side_2[which, triangle]
    p = x - meshes.corner[which, triangle]
    d1, d2 = (u * p).sum(-1), (v * p).sum(-1)
    uu, uv, vv = (u * u).sum(-1), (u * v).sum(-1), (v * v).sum(-1)
    d3, d4, d5, d6 = d1 - uu, d2 - uv, d1 - uv, d2 - vv
    c, b, a = d1 * d4 - d3 * d2, d5 * d2 - d1 * d6, d3 * d6 - d5 * d4
    total = torch.where(a + b + c == 0, 1.0, a + b + c)
    zero, one = torch.zeros_like(d1), torch.ones_like(d1)
    slide = (d4 - d3) / torch.where((d4 - d3) + (d5 - d6) == 0, 1.0, (d4 - d3) + (d5 - d6))
    s, t, feature = b / total, c / total, torch.zeros_like(d1, dtype=torch.long)
    regions = (
        ((a <= 0) & (d4 >= d3) & (d5 >= d6), 1 - slide, slide, 2),
        ((b <= 0) & (d2 >= 0) & (d6 <= 0), zero, d2 / vv, 3),
        ((d6 >= 0) & (d5 <= d6), zero, one, 6),
        ((c <= 0) & (d1 >= 0) & (d3 <= 0), d1 / uu, zero, 1),
        ((d3 >= 0) & (d4 <= d3), one, zero, 5),
        ((d1 <= 0) & (d2 <= 0), zero, zero, 4),
    )
    for here, s_here, t_here, number in regions:  # the last that holds counts
        s, t = torch.where(here, s_here, s), torch.where(here, t_here, t)
        feature = torch.where(here, number, feature)
    return s, t, feature


def _on_triangles(
    meshes: Meshes, mesh: Tensor, near: Tensor, a: Tensor, b: Tensor, ra: Tensor, rb: Tensor
) -> tuple[Tensor, Tensor]:
    """Position of the smallest gap over some triangles, and the normal where the segment passes through one."""
    own, count = mesh[:, None].expand_as(near), near.shape[1]
    corner, normal = meshes.corner[own, near], meshes.normal[own, near]
    side_1, side_2 = meshes.side_1[own, near], meshes.side_2[own, near]
    u, taper = (b - a)[:, None].expand_as(corner), (rb - ra)[:, None].expand(-1, count)
    w = a[:, None] - corner

    def height(x: Tensor) -> tuple[Tensor, Tensor]:
        """Over the plane, and whether the foot lies in the triangle."""
        d1, d2 = (side_1 * x).sum(-1), (side_2 * x).sum(-1)
        uu, uv, vv = (side_1**2).sum(-1), (side_1 * side_2).sum(-1), (side_2**2).sum(-1)
        p, q = vv * d1 - uv * d2, uu * d2 - uv * d1
        return (x * normal).sum(-1), (p >= 0) & (q >= 0) & (p + q <= uu * vv - uv * uv)

    h_a, above_a = height(w)
    h_b, above_b = height(w + u)
    s_cross = h_a / torch.where(h_a == h_b, 1.0, h_a - h_b)
    pierced = (h_a * h_b < 0) & height(w + s_cross[..., None] * u)[1]
    positions = [s_cross, torch.zeros_like(h_a), torch.ones_like(h_a)]
    ra = ra[:, None]
    gaps = [
        torch.where(pierced, -ra - s_cross * taper, torch.inf),
        torch.where(above_a, h_a.abs() - ra, torch.inf),
        torch.where(above_b, h_b.abs() - ra - taper, torch.inf),
    ]
    for origin, edge in ((w, side_1), (w - side_1, side_2 - side_1), (w - side_2, -side_2)):
        s, t = nearest_to_segment(origin, u, edge, taper)
        apart = (origin + s[..., None] * u - t[..., None] * edge).norm(dim=-1)
        positions.append(s)
        gaps.append(apart - ra - s * taper)
    gap, part = torch.stack(gaps).min(0)
    triangle = gap.argmin(1, keepdim=True)
    s = torch.stack(positions).gather(0, part[None])[0].gather(1, triangle)[:, 0]
    crossing = (part.gather(1, triangle) == 0)[:, 0]
    facing = normal.gather(1, triangle[..., None].expand(-1, -1, 3))[:, 0]
    facing = torch.where(((facing * u[:, 0]).sum(-1) > 0)[:, None], -facing, facing)
    return s, torch.where(crossing[:, None], facing, 0.0)
