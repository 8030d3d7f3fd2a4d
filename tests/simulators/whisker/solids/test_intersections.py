"""Triangles that cross or touch."""

import numpy as np
import pytest

pytest.importorskip("numba")

from simulators.whisker.solids import Torus
from simulators.whisker.solids.bvh import build_hierarchy
from simulators.whisker.solids.intersections import n_intersections
from simulators.whisker.solids.mesh_checks import cleaned

FLAT = [[0, 0, 0], [4, 0, 0], [0, 4, 0]]


def count(*triangles):
    corners = np.array(triangles, dtype=float)
    mesh = cleaned(corners.reshape(-1, 3), np.arange(3 * len(corners)).reshape(-1, 3))
    return n_intersections(build_hierarchy(mesh.vertices_mm, mesh.faces), mesh.faces)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ([[1, 1, -1], [1, 1, 1], [5, 5, 0]], 1),
        ([[1, 1, 0.01], [1, 1, 1], [5, 5, 1]], 0),
        ([[1, 1, 0], [1, 1, 1], [2, 1, 1]], 1),
        ([[1, 1, 0], [2, 1, 0], [1, 2, 0]], 1),
        ([[3, 3, 0], [5, 3, 0], [3, 5, 0]], 0),
        ([[0, 0, 0], [-4, 0, 0], [0, -4, 0]], 0),
        ([[0, 0, 0], [2, 2, 1], [2, 2, -1]], 1),
        ([[0, 0, 0], [4, 0, 0], [0, 0, 4]], 0),
        ([[0, 0, 0], [4, 0, 0], [0, -4, 0]], 0),
        ([[0, 0, 0], [4, 0, 0], [1, 1, 0]], 1),
        ([[0, 0, 0], [4, 0, 0], [0, 8, 0]], 1),
    ],
    ids=[
        "pierced", "above", "touched", "in the plane", "beside", "common corner", "corner and pierced", "common edge",
        "flat about an edge", "folded onto", "folded under",
    ],
)  # fmt: skip
def test_two_triangles(other, expected):
    assert count(FLAT, other) == expected
    assert count(other, FLAT) == expected


def test_a_torus_does_not_cross_itself_until_a_corner_is_pulled_through():
    vertices, faces = Torus(4.0, 1.0).surface()
    assert n_intersections(build_hierarchy(vertices, faces), faces) == 0
    outermost = np.linalg.norm(vertices[:, :2], axis=1).argmax()
    vertices[outermost, :2] *= -1.0
    assert n_intersections(build_hierarchy(vertices, faces), faces) > 0


def test_all_crossing_pairs_are_counted():
    # Ten parallel sheets pierced by one.
    sheets = [[[0, 0, z], [4, 0, z], [0, 4, z]] for z in range(10)]
    assert count(*sheets, [[1, 1, -1], [1.2, 1, -1], [1, 1, 20]]) == 10
