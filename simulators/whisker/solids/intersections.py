"""Whether the triangles of a mesh touch or cross each other other than along their common edges and corners."""

import numpy as np

from ..compiled import compiled
from .bvh import EDGES, Hierarchy
from .mesh_distance import _box_gap, _triangle_gap


def n_intersections(hierarchy: Hierarchy, faces: np.ndarray) -> int:
    """Number of pairs of triangles that touch or cross where they should not.

    Parameters
    ----------
    hierarchy
        Of the mesh.
    faces
        (F, 3).
    """
    triangles = hierarchy.triangles.copy()
    triangles[:, EDGES] = 7
    tolerance = 1e-9 * 2.0 * hierarchy.boxes[0, 9]
    corners = np.ascontiguousarray(faces[hierarchy.order])
    return int(_count(hierarchy.nodes, hierarchy.boxes, triangles, corners, tolerance))


@compiled
def _corner(triangles: np.ndarray, i: int, corner: int) -> tuple[float, float, float]:
    x, y, z = triangles[i, 0], triangles[i, 1], triangles[i, 2]
    if corner == 0:
        return x, y, z
    j = 3 * corner
    return x + triangles[i, j], y + triangles[i, j + 1], z + triangles[i, j + 2]


@compiled
def _edge_meets(triangles: np.ndarray, i: int, start: int, end: int, j: int, tolerance: float) -> bool:
    """Whether the line between two corners of triangle i comes within the tolerance of triangle j."""
    ax, ay, az = _corner(triangles, i, start)
    bx, by, bz = _corner(triangles, i, end)
    gap, _, _ = _triangle_gap(triangles, j, ax, ay, az, bx - ax, by - ay, bz - az, 0.0, 0.0, tolerance, 0.0, 0)
    return gap < tolerance


@compiled
def _meet(triangles: np.ndarray, corners: np.ndarray, i: int, j: int, tolerance: float) -> bool:
    """Whether any edge or corner that the two do not share comes to the other triangle."""
    shared_i = shared_j = 0
    for p in range(3):
        for q in range(3):
            if corners[i, p] == corners[j, q]:
                shared_i |= 1 << p
                shared_j |= 1 << q
    n_shared = (shared_i & 1) + (shared_i >> 1 & 1) + (shared_i >> 2 & 1)
    if n_shared == 3:
        return True
    for p in range(3):
        after = (p + 1) % 3
        for one, shared, other in ((i, shared_i, j), (j, shared_j, i)):
            free = not (shared >> p & 1)
            if n_shared == 2:
                if free and _edge_meets(triangles, one, p, p, other, tolerance):
                    return True
            elif free and not (shared >> after & 1) and _edge_meets(triangles, one, p, after, other, tolerance):
                return True
    return False


@compiled
def _count(
    nodes: np.ndarray, boxes: np.ndarray, triangles: np.ndarray, corners: np.ndarray, tolerance: float
) -> int:  # fmt: skip
    count = 0
    reach = tolerance * tolerance
    for i in range(len(triangles)):
        x, y, z = triangles[i, 0], triangles[i, 1], triangles[i, 2]
        x0 = x + min(0.0, triangles[i, 3], triangles[i, 6])
        y0 = y + min(0.0, triangles[i, 4], triangles[i, 7])
        z0 = z + min(0.0, triangles[i, 5], triangles[i, 8])
        x1 = x + max(0.0, triangles[i, 3], triangles[i, 6])
        y1 = y + max(0.0, triangles[i, 4], triangles[i, 7])
        z1 = z + max(0.0, triangles[i, 5], triangles[i, 8])
        node = 0
        # Depth first: after a subtree that is out of reach comes the right sibling of the nearest left ancestor.
        while node >= 0:
            descend = False
            if _box_gap(boxes, node, x0, y0, z0, x1, y1, z1) <= reach:
                if nodes[node, 0] > 0:
                    node += 1
                    descend = True
                else:
                    first = nodes[node, 1]
                    for j in range(max(first, i + 1), first + nodes[node, 2]):
                        if _meet(triangles, corners, i, j, tolerance):
                            count += 1
            if not descend:
                while node >= 0:
                    parent = nodes[node, 3]
                    if parent >= 0 and node == parent + 1:
                        node = nodes[parent, 0]
                        break
                    node = parent
    return count
