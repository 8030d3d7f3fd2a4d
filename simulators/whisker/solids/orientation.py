"""Which way the triangles of a closed mesh look."""

import numpy as np


def paired_edges(faces: np.ndarray) -> np.ndarray | None:
    """Sides that two triangles share, (E, 2) flat indices 3 face + side; None unless each edge has exactly two."""
    edges = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
    order = np.lexsort((edges[:, 1], edges[:, 0]))
    if len(order) % 2:
        return None
    ordered = edges[order].reshape(-1, 2, 2)
    if not (ordered[:, 0] == ordered[:, 1]).all():
        return None
    if len(ordered) > 1 and (ordered[1:, 0] == ordered[:-1, 0]).all(axis=1).any():
        return None
    return order.reshape(-1, 2)


def oriented(vertices_mm: np.ndarray, faces: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, int] | None:
    """Turn the triangles of a closed mesh so that all look away from the material.

    Parameters
    ----------
    vertices_mm
        (V, 3).
    faces
        (F, 3).
    pairs
        From `paired_edges`.

    Returns
    -------
    faces, n_turned
        Triangles and how many were turned; None if the surface has only one side, as a Klein bottle.
    """
    faces = faces.copy()
    directed = np.stack([faces, np.roll(faces, -1, axis=1)], axis=2).reshape(-1, 2)
    clash = directed[pairs[:, 0], 0] == directed[pairs[:, 1], 0]
    part, turn, consistent = _walk(len(faces), pairs // 3, clash)
    if not consistent:
        return None
    faces[turn] = faces[turn, ::-1]
    n_turned = turn.copy()
    for index in range(part.max() + 1):
        members = part == index
        outward = _signed_volume(vertices_mm, faces[members]) > 0
        if outward == _is_cavity(vertices_mm, faces, part, index):
            faces[members] = faces[members, ::-1]
            n_turned[members] ^= True
    return faces, int(n_turned.sum())


def _walk(n_faces: int, neighbours: np.ndarray, clash: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
    """Connected part of each triangle, whether to turn it to agree with the first of its part, and if that is possible."""
    ends = np.concatenate([neighbours, neighbours[:, ::-1]])
    clashes = np.concatenate([clash, clash])
    order = np.argsort(ends[:, 0], kind="stable")
    to, differs = ends[order, 1].tolist(), clashes[order].tolist()
    start = np.searchsorted(ends[order, 0], np.arange(n_faces + 1)).tolist()
    part, turn = [-1] * n_faces, [False] * n_faces
    n_parts = 0
    for seed in range(n_faces):
        if part[seed] >= 0:
            continue
        part[seed] = n_parts
        waiting = [seed]
        while waiting:
            face = waiting.pop()
            for i in range(start[face], start[face + 1]):
                other = to[i]
                if part[other] < 0:
                    part[other] = n_parts
                    turn[other] = turn[face] ^ differs[i]
                    waiting.append(other)
                elif turn[other] != turn[face] ^ differs[i]:
                    return np.array(part), np.array(turn), False
        n_parts += 1
    return np.array(part), np.array(turn), True


def _signed_volume(vertices_mm: np.ndarray, faces: np.ndarray) -> float:
    corners = vertices_mm[faces]
    a, b, c = np.moveaxis(corners - corners.mean(axis=(0, 1)), 1, 0)
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6.0)


def _is_cavity(vertices_mm: np.ndarray, faces: np.ndarray, part: np.ndarray, index: int) -> bool:
    """Whether a part lies inside an odd number of the other parts."""
    mine = vertices_mm[faces[part == index]].reshape(-1, 3)
    inside = False
    for other in range(part.max() + 1):
        corners = vertices_mm[faces[part == other]]
        low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
        if other != index and (mine.min(axis=0) > low).all() and (mine.max(axis=0) < high).all():
            inside ^= _encloses(corners, mine[0])
    return inside


def _encloses(corners: np.ndarray, point: np.ndarray) -> bool:
    """Whether the solid angle of a closed surface around a point is a full turn (van Oosterom & Strackee 1983)."""
    a, b, c = np.moveaxis(corners - point, 1, 0)
    na, nb, nc = (np.linalg.norm(side, axis=1) for side in (a, b, c))
    dot = np.einsum
    above = dot("ij,ij->i", a, np.cross(b, c))
    below = na * nb * nc + dot("ij,ij->i", a, b) * nc + dot("ij,ij->i", b, c) * na + dot("ij,ij->i", c, a) * nb
    return abs(np.arctan2(above, below).sum()) > np.pi
