"""Triangle surfaces made of a few numbers: revolved profiles, tubes, blocks, hulls and balls.

Each function returns ``vertices`` (V, 3), in the units of its arguments, and ``faces`` (F, 3), whose corners run
counter-clockwise seen from outside. Every edge belongs to exactly two faces: the surfaces are closed.
"""

from collections.abc import Sequence

import numpy as np

Surface = tuple[np.ndarray, np.ndarray]


def revolve(profile: np.ndarray, n_sides: int = 32) -> Surface:
    """Surface swept by a profile turned about the z axis.

    Parameters
    ----------
    profile
        ``(point, 2)`` radius and height, counter-clockwise with the radius to the right: from the axis round the
        outside back to the axis, or a loop that keeps off the axis.
    n_sides
        Corners of the circle.
    """
    profile = np.asarray(profile, dtype=np.float64)
    on_axis = profile[:, 0] == 0
    turn = 2 * np.pi * np.arange(n_sides) / n_sides
    vertices, numbers = [], np.empty((len(profile), n_sides), dtype=np.int64)
    n_vertices = 0
    for row, (radius, height) in enumerate(profile):
        angles = turn[:1] if on_axis[row] else turn
        vertices.append(
            np.column_stack([radius * np.cos(angles), radius * np.sin(angles), np.full(len(angles), height)])
        )
        numbers[row] = n_vertices + (0 if on_axis[row] else np.arange(n_sides))
        n_vertices += len(angles)
    last = len(profile) - 1 if on_axis.any() else len(profile)
    return np.concatenate(vertices), grid_faces(numbers, np.arange(last))


def tube(path: np.ndarray, radius: float, n_sides: int = 8) -> Surface:
    """Round tube with flat ends along a path ``(point, 3)`` without sharp bends."""
    path = np.asarray(path, dtype=np.float64)
    tangents = np.gradient(path, axis=0)
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    side = np.cross(tangents[0], np.eye(3)[np.argmin(np.abs(tangents[0]))])
    turn = 2 * np.pi * np.arange(n_sides) / n_sides
    rings = []
    for point, tangent in zip(path, tangents, strict=True):
        side = side - (side @ tangent) * tangent
        side /= np.linalg.norm(side)
        up = np.cross(tangent, side)
        rings.append(point + radius * (np.outer(np.cos(turn), side) + np.outer(np.sin(turn), up)))
    n_rings = len(path)
    numbers = np.arange(n_rings * n_sides).reshape(n_rings, n_sides)
    first, last = n_rings * n_sides, n_rings * n_sides + 1
    following = np.roll(numbers, -1, axis=1)
    caps = [
        np.column_stack([np.full(n_sides, first), following[0], numbers[0]]),
        np.column_stack([np.full(n_sides, last), numbers[-1], following[-1]]),
    ]
    vertices = np.concatenate([*rings, path[:1], path[-1:]])
    return vertices, np.concatenate([grid_faces(numbers, np.arange(n_rings - 1)), *caps])


def grid_faces(numbers: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Two triangles per cell between a row of vertex numbers and the next; a cell with two equal corners keeps one.

    Parameters
    ----------
    numbers
        ``(row, corner)`` of the vertices; the last corner of a row is joined to its first.
    rows
        Rows that are joined to the following one.
    """
    here, above = numbers[rows], numbers[(rows + 1) % len(numbers)]
    next_here, next_above = np.roll(here, -1, axis=1), np.roll(above, -1, axis=1)
    faces = np.concatenate(
        [
            np.stack([here, next_here, next_above], axis=-1).reshape(-1, 3),
            np.stack([here, next_above, above], axis=-1).reshape(-1, 3),
        ]
    )
    distinct = (faces != np.roll(faces, 1, axis=1)).all(axis=1)
    return faces[distinct]


def union_of_blocks(blocks: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Surface:
    """Outer surface of the union of blocks with edges along x, y, z.

    Parameters
    ----------
    blocks
        Lowest and highest corner of each block. Blocks that meet must share a face, not only an edge.
    """
    # Equal planes must be equal, whatever sums they come from.
    corners = np.round(np.asarray(blocks, dtype=np.float64), 12)
    planes = [np.unique(corners[:, :, axis]) for axis in range(3)]
    filled = np.zeros([len(plane) - 1 for plane in planes], dtype=bool)
    for low, high in corners:
        cells = [np.searchsorted(planes[axis], (low[axis], high[axis])) for axis in range(3)]
        filled[tuple(slice(*cell) for cell in cells)] = True
    padded = np.pad(filled, 1)
    quads = []
    for axis in range(3):
        change = np.diff(padded.astype(np.int8), axis=axis)
        first, second = np.eye(3, dtype=np.int64)[[(axis + 1) % 3, (axis + 2) % 3]]
        for step, (u, v) in ((-1, (first, second)), (1, (second, first))):
            inner = [slice(1, -1)] * 3
            inner[axis] = slice(None)
            cell = np.argwhere(change[tuple(inner)] == step)
            quads.append(np.stack([cell, cell + u, cell + u + v, cell + v], axis=1))
    lattice = np.concatenate(quads)
    shape = [len(plane) for plane in planes]
    used, numbers = np.unique(np.ravel_multi_index(tuple(np.moveaxis(lattice, -1, 0)), shape), return_inverse=True)
    numbers = numbers.reshape(-1, 4)
    places = np.unravel_index(used, shape)
    vertices = np.column_stack([plane[place] for plane, place in zip(planes, places, strict=True)])
    return vertices, np.concatenate([numbers[:, [0, 1, 2]], numbers[:, [0, 2, 3]]])


def convex_hull(points: np.ndarray) -> Surface:
    """Triangulated hull of points ``(point, 3)`` that do not lie in one plane."""
    from scipy.spatial import ConvexHull

    points = np.asarray(points, dtype=np.float64)
    hull = ConvexHull(points)
    used, numbers = np.unique(hull.simplices, return_inverse=True)
    vertices, faces = points[used], numbers.reshape(-1, 3)
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inward = (normals * hull.equations[:, :3]).sum(axis=1) < 0
    faces[inward] = faces[inward][:, ::-1]
    return vertices, faces


def icosphere(n_subdivisions: int = 3) -> Surface:
    """Unit sphere of 20 x 4^n nearly equal triangles."""
    golden = (1 + np.sqrt(5)) / 2
    signs = np.array([[a, b * golden] for a in (-1, 1) for b in (-1, 1)])
    zero = np.zeros(4)
    points = np.concatenate(
        [
            np.column_stack([zero, signs]),
            np.column_stack([signs[:, 1], zero, signs[:, 0]]),
            np.column_stack([signs, zero]),
        ]
    )
    vertices, faces = convex_hull(points)
    for _ in range(n_subdivisions):
        edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
        pairs, place = np.unique(edges, axis=0, return_inverse=True)
        middle = (len(vertices) + place).reshape(3, -1)
        ab, bc, ca = middle
        a, b, c = faces.T
        vertices = np.concatenate([vertices, vertices[pairs].mean(axis=1)])
        faces = np.concatenate([np.stack(t, axis=1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
    return vertices / np.linalg.norm(vertices, axis=1, keepdims=True), faces


def union_of_balls(centres: np.ndarray, radii: np.ndarray, n_subdivisions: int = 3) -> Surface:
    """Outer surface of balls that all hold the origin: from there each direction leaves the union once.

    Parameters
    ----------
    centres
        ``(ball, 3)``.
    radii
        ``(ball,)``, each larger than the distance of its centre from the origin.
    n_subdivisions
        Of the sphere of directions.
    """
    directions, faces = icosphere(n_subdivisions)
    along = directions @ np.asarray(centres).T
    depth = np.asarray(radii) ** 2 - (np.asarray(centres) ** 2).sum(axis=1)
    if (depth <= 0).any():
        raise ValueError(
            f"ball {int(np.argmin(depth))} does not hold the origin; every ball must, for a closed surface."
        )
    reach = (along + np.sqrt(along**2 + depth)).max(axis=1)
    return directions * reach[:, None], faces


def centred(scale: float, surface: Surface) -> Surface:
    """The surface scaled, the middle of its bounding box at the origin."""
    vertices, faces = surface
    middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    return scale * (vertices - middle), faces
