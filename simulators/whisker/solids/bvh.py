"""Bounding volume hierarchy of triangles, laid out as flat arrays for compiled code."""

from typing import NamedTuple

import numpy as np

LEAF_SIZE = 4

# Columns of `Hierarchy.triangles`.
CORNER, SIDE_1, SIDE_2, NORMAL, CENTRE, REACH, EDGES = 0, 3, 6, 9, 12, 15, 16
N_COLUMNS = 17

N_BOX_COLUMNS = 10


class Hierarchy(NamedTuple):
    """Boxes around boxes around triangles.

    Parameters
    ----------
    nodes
        (n, 4): right child (0 in a leaf; the left child follows its parent), first triangle, number of triangles
        (0 in an inner node), parent.
    boxes
        (n, 10): lower and upper corner, centre and half diagonal [mm].
    triangles
        (m, 17): first corner, two sides, unit normal, centre [mm], reach from the centre [mm], and which of its edges
        (bits 0 to 2) are to be measured with this triangle: an edge of several triangles belongs to the first.
    normals
        (m, 18): pseudonormals of the three edges and the three corners, zeros if the mesh has no inside.
    order
        (m,): face of the mesh that became each triangle.
    """

    nodes: np.ndarray
    boxes: np.ndarray
    triangles: np.ndarray
    normals: np.ndarray
    order: np.ndarray

    def mirrored(self) -> "Hierarchy":
        """The image under x -> -x, triangle by triangle, so that every distance is the same to the last bit."""
        boxes, triangles, normals = self.boxes.copy(), self.triangles.copy(), self.normals.copy()
        boxes[:, 0], boxes[:, 3], boxes[:, 6] = -self.boxes[:, 3], -self.boxes[:, 0], -self.boxes[:, 6]
        triangles[:, [CORNER, SIDE_1, SIDE_2, NORMAL, CENTRE]] *= -1
        normals[:, ::3] *= -1
        return self._replace(boxes=boxes, triangles=triangles, normals=normals)


def build_hierarchy(vertices_mm: np.ndarray, faces: np.ndarray, pseudonormals: np.ndarray | None = None) -> Hierarchy:
    """Hierarchy of a triangle mesh, split at the median of the longest side.

    Parameters
    ----------
    vertices_mm
        (V, 3).
    faces
        (F, 3), none of them without area.
    pseudonormals
        (F, 18) or None.
    """
    corners = vertices_mm[faces]  # (F, 3, 3)
    lower, upper = corners.min(axis=1), corners.max(axis=1)
    centres = 0.5 * (lower + upper)
    nodes: list[list[int]] = []
    boxes: list[np.ndarray] = []
    order: list[np.ndarray] = []
    n_placed = 0
    waiting = [(np.arange(len(faces)), -1, False)]
    while waiting:
        members, parent, is_right = waiting.pop()
        index = len(nodes)
        if is_right:
            nodes[parent][0] = index
        low, high = lower[members].min(axis=0), upper[members].max(axis=0)
        boxes.append(np.concatenate([low, high, 0.5 * (low + high), [0.5 * np.linalg.norm(high - low)]]))
        if len(members) <= LEAF_SIZE:
            nodes.append([0, n_placed, len(members), parent])
            order.append(members)
            n_placed += len(members)
            continue
        nodes.append([0, 0, 0, parent])
        axis = int(np.argmax(np.ptp(centres[members], axis=0)))
        half = len(members) // 2
        split = np.argpartition(centres[members, axis], half)
        waiting.append((members[split[half:]], index, True))
        waiting.append((members[split[:half]], index, False))
    placed = np.concatenate(order)
    return Hierarchy(
        np.array(nodes, dtype=np.int64),
        np.array(boxes, dtype=np.float64),
        _triangle_rows(corners[placed], faces[placed]),
        np.zeros((len(faces), 18)) if pseudonormals is None else np.ascontiguousarray(pseudonormals[placed]),
        placed,
    )


def _triangle_rows(corners: np.ndarray, faces: np.ndarray) -> np.ndarray:
    rows = np.zeros((len(corners), N_COLUMNS))
    side_1, side_2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normal = np.cross(side_1, side_2)
    centre = corners.mean(axis=1)
    rows[:, CORNER : CORNER + 3] = corners[:, 0]
    rows[:, SIDE_1 : SIDE_1 + 3] = side_1
    rows[:, SIDE_2 : SIDE_2 + 3] = side_2
    rows[:, NORMAL : NORMAL + 3] = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    rows[:, CENTRE : CENTRE + 3] = centre
    rows[:, REACH] = np.linalg.norm(corners - centre[:, None], axis=2).max(axis=1)
    edges = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
    _, first = np.unique(edges, axis=0, return_index=True)
    owned = np.zeros(len(edges), dtype=bool)
    owned[first] = True
    rows[:, EDGES] = owned.reshape(-1, 3) @ np.array([1, 2, 4])
    return rows
