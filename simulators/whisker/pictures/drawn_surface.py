"""The surface of a solid made ready to draw: small faces for the order of depth, and edges worth a line."""

from dataclasses import dataclass

import numpy as np

from ..motion.quaternions import to_matrix

# More would make a movie slow and a picture no better.
MOST_FACES = 6000
SHARP_DEG = 30.0


@dataclass(frozen=True)
class Surface:
    """Faces and edges of one solid in its own frame.

    Parameters
    ----------
    triangles_mm
        Small faces ``(face, corner, 3)``.
    normals
        Unit normal of each small face ``(face, 3)``; outward where the surface is closed.
    edges_mm
        Pieces of edges ``(piece, end, 3)``.
    edge_normals
        Normals of the two faces at each piece ``(piece, 2, 3)``; the same one twice at a border.
    always
        Pieces that are sharp or a border ``(piece,)``: drawn wherever they can be seen; others only at the outline.
    closed
        Whether the surface has an inside, so that faces turned away cannot be seen.
    edge_mm
        Longest side of the small faces.
    """

    triangles_mm: np.ndarray
    normals: np.ndarray
    edges_mm: np.ndarray
    edge_normals: np.ndarray
    always: np.ndarray
    closed: bool
    edge_mm: float

    @classmethod
    def of(cls, vertices: np.ndarray, faces: np.ndarray, *, edge_mm: float) -> "Surface":
        """Surface of vertices ``(V, 3)`` in mm and faces ``(F, 3)``.

        Faces are cut to sides of about ``edge_mm``; a mesh of more than `MOST_FACES` faces has its vertices merged
        first, and cutting stops at that number.
        """
        vertices, faces = _merged(np.asarray(vertices, dtype=float), np.asarray(faces, dtype=np.int64))
        corners = vertices[faces]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        lengths = np.linalg.norm(normals, axis=1, keepdims=True)
        faces, corners, normals = (
            part[lengths[:, 0] > 0] for part in (faces, corners, normals / np.maximum(lengths, 1e-300))
        )
        edges, beside, closed = _edges(faces)
        volume = np.einsum("fi,fi->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))
        if closed and volume < 0:
            normals = -normals
        cosine = np.einsum("ei,ei->e", normals[beside[:, 0]], normals[beside[:, 1]])
        border = beside[:, 0] == beside[:, 1]
        always = border | (cosine < np.cos(np.deg2rad(SHARP_DEG)))
        triangles, of_face = _cut(corners, edge_mm)
        pieces, of_edge = _cut_edges(vertices[edges], edge_mm)
        longest = float(_sides(triangles).max())
        return cls(triangles, normals[of_face], pieces, normals[beside][of_edge], always[of_edge], closed, longest)

    def posed(self, position_mm: np.ndarray, quaternion: np.ndarray) -> np.ndarray:
        """Corners of the faces in the world ``(point, 3)``."""
        return self.triangles_mm.reshape(-1, 3) @ to_matrix(quaternion).T + position_mm

    def seen_from(
        self, position_mm: np.ndarray, quaternion: np.ndarray, axes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """What a camera far away can see of the posed surface, whatever else stands before it.

        Parameters
        ----------
        position_mm, quaternion
            Pose of the solid.
        axes
            Right, up and towards the camera as rows ``(3, 3)``.

        Returns
        -------
        triangles, normals, start, end
            Faces ``(face, corner, 3)`` and their normals ``(face, 3)``, ends of the edges ``(edge, 3)`` each: all as
            right, up and nearness.
        """
        turn = axes @ to_matrix(quaternion)
        shift = axes @ position_mm
        normals = self.normals @ turn.T
        facing = self.edge_normals @ turn[2] > 0
        outline = facing[:, 0] != facing[:, 1]
        seen = outline | (self.always & (facing.any(axis=1) | (not self.closed)))
        ends = self.edges_mm[seen] @ turn.T + shift
        front = normals[:, 2] > 0 if self.closed else np.ones(len(normals), dtype=bool)
        return self.triangles_mm[front] @ turn.T + shift, normals[front], ends[:, 0], ends[:, 1]


def _merged(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices at one place become one; the coarser the place, the fewer faces are left."""
    size = float(np.ptp(vertices, axis=0).max())
    cell = 1e-7 * size
    while True:
        _, first, inverse = np.unique(np.round(vertices / cell), axis=0, return_index=True, return_inverse=True)
        left = inverse.reshape(-1)[faces]
        left = left[(left[:, 0] != left[:, 1]) & (left[:, 1] != left[:, 2]) & (left[:, 2] != left[:, 0])]
        if len(left) <= MOST_FACES:
            return vertices[first], left
        cell = max(2 * cell, size / 200)


def _edges(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
    """Edges ``(edge, 2)``, the two faces at each, and whether the surface is closed and wound one way."""
    directed = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    owner = np.repeat(np.arange(len(faces)), 3)
    edges, inverse, counts = np.unique(np.sort(directed, axis=1), axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(inverse.reshape(-1), kind="stable")
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    beside = owner[order][np.stack([first, first + np.minimum(counts, 2) - 1], axis=1)]
    turns = np.bincount(inverse.reshape(-1), weights=np.sign(directed[:, 1] - directed[:, 0]))
    return edges, beside, bool((counts == 2).all() and (turns == 0).all())


def _cut(triangles: np.ndarray, edge_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """Triangles halved across their longest side until that is short, and the triangle each came from."""
    of_face = np.arange(len(triangles))
    while len(triangles) < MOST_FACES:
        sides = _sides(triangles)
        long = sides.max(axis=1) > edge_mm
        if not long.any():
            break
        rows, start = np.arange(long.sum()), sides[long].argmax(axis=1)
        a, b, c = (triangles[long][rows, (start + step) % 3] for step in range(3))
        middle = (a + b) / 2
        halves = np.stack([a, middle, c], axis=1), np.stack([middle, b, c], axis=1)
        triangles = np.concatenate([triangles[~long], *halves])
        of_face = np.concatenate([of_face[~long], of_face[long], of_face[long]])
    return triangles, of_face


def _sides(triangles: np.ndarray) -> np.ndarray:
    return np.linalg.norm(np.roll(triangles, -1, axis=1) - triangles, axis=2)


def _cut_edges(edges: np.ndarray, edge_mm: float) -> tuple[np.ndarray, np.ndarray]:
    counts = np.ceil(np.linalg.norm(edges[:, 1] - edges[:, 0], axis=1) / edge_mm).astype(int).clip(1, 200)
    of_edge = np.repeat(np.arange(len(edges)), counts)
    step = np.arange(len(of_edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    start, along = edges[of_edge, 0], (edges[:, 1] - edges[:, 0])[of_edge] / counts[of_edge, None]
    pieces = np.stack([start + along * step[:, None], start + along * (step[:, None] + 1)], axis=1)
    return pieces, of_edge
