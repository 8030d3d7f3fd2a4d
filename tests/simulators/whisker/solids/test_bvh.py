"""The hierarchy: nothing lost, every box around what it holds, the answers those of a loop over all triangles."""

import math

import numpy as np
import pytest

from simulators.whisker.solids import Torus
from simulators.whisker.solids.bvh import CORNER, EDGES, SIDE_1, SIDE_2, build_hierarchy

VERTICES, FACES = Torus(4.0, 1.0).surface()
RNG = np.random.default_rng(0)
SOUP = RNG.uniform(-5, 5, (200, 1, 3)) + RNG.normal(size=(200, 3, 3))


def soup():
    return build_hierarchy(SOUP.reshape(-1, 3), np.arange(600).reshape(-1, 3))


def test_every_triangle_is_in_the_boxes_above_it():
    tree = build_hierarchy(VERTICES, FACES)
    np.testing.assert_array_equal(np.sort(tree.order), np.arange(len(FACES)))
    seen = np.zeros(len(FACES), dtype=int)
    for node, (right, first, count, _) in enumerate(tree.nodes):
        if right:
            assert tree.nodes[right, 3] == node and tree.nodes[node + 1, 3] == node
            continue
        seen[first : first + count] += 1
        rows = tree.triangles[first : first + count]
        corner = rows[:, CORNER : CORNER + 3]
        corners = np.concatenate([corner, corner + rows[:, SIDE_1 : SIDE_1 + 3], corner + rows[:, SIDE_2 : SIDE_2 + 3]])
        above = node
        while above >= 0:
            box = tree.boxes[above]
            assert (corners >= box[:3] - 1e-12).all() and (corners <= box[3:6] + 1e-12).all()
            assert np.linalg.norm(corners - box[6:9], axis=1).max() <= box[9] + 1e-12
            above = tree.nodes[above, 3]
    assert (seen == 1).all()


def test_each_edge_belongs_to_one_triangle():
    tree = build_hierarchy(VERTICES, FACES)
    owned = sum((tree.triangles[:, EDGES].astype(int) >> bit & 1).sum() for bit in range(3))
    assert owned == 3 * len(FACES) // 2


def test_nearest_triangle_is_that_of_a_loop_over_all():
    pytest.importorskip("numba")
    closest_point = pytest.importorskip("trimesh.triangles").closest_point
    from simulators.whisker.solids.mesh_distance import nearest_triangle

    tree = soup()
    for point in RNG.uniform(-8, 8, (200, 3)):
        all_distances = np.linalg.norm(closest_point(SOUP, np.broadcast_to(point, (200, 3))) - point, axis=1)
        squared, index = nearest_triangle(tree.nodes, tree.boxes, tree.triangles, 0, *point, math.inf)
        assert math.sqrt(squared) == pytest.approx(all_distances.min(), abs=1e-12)
        assert tree.order[index] == all_distances.argmin()
        assert nearest_triangle(tree.nodes, tree.boxes, tree.triangles, 0, *point, 0.9 * math.sqrt(squared))[1] == -1


def test_nearest_triangle_of_a_segment_is_that_of_a_loop_over_all():
    pytest.importorskip("numba")
    from simulators.whisker.solids.mesh_distance import nearest_on_segment

    tree = soup()
    singles = [build_hierarchy(triangle, np.array([[0, 1, 2]])) for triangle in SOUP]
    for _ in range(60):
        a = RNG.uniform(-6, 6, 3)
        segment = (*a, *(a + RNG.normal(size=3)), *RNG.uniform(0, 0.2, 2))
        best, _, index, _ = nearest_on_segment(tree.nodes, tree.boxes, tree.triangles, 0, *segment, math.inf)
        each = [nearest_on_segment(t.nodes, t.boxes, t.triangles, 0, *segment, math.inf)[0] for t in singles]
        assert best == pytest.approx(min(each), abs=1e-12)
        assert index >= 0
