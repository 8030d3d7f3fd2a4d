"""Which way triangles look."""

import numpy as np

from simulators.whisker.solids import Box, Torus
from simulators.whisker.solids.orientation import oriented, paired_edges


def test_edges_of_a_closed_mesh_pair_up():
    _, faces = Torus(4.0, 1.0).surface()
    pairs = paired_edges(faces)
    assert pairs.shape == (3 * len(faces) // 2, 2)
    assert paired_edges(faces[1:]) is None
    assert paired_edges(np.concatenate([faces, faces[:2]])) is None


def test_randomly_turned_triangles_are_all_turned_back():
    vertices, faces = Torus(4.0, 1.0).surface()
    turn = np.random.default_rng(0).random(len(faces)) < 0.5
    mixed = faces.copy()
    mixed[turn] = mixed[turn, ::-1]
    back, n_turned = oriented(vertices, mixed, paired_edges(mixed))
    assert n_turned == turn.sum()
    normal = np.cross(vertices[faces[:, 1]] - vertices[faces[:, 0]], vertices[faces[:, 2]] - vertices[faces[:, 0]])
    after = np.cross(vertices[back[:, 1]] - vertices[back[:, 0]], vertices[back[:, 2]] - vertices[back[:, 0]])
    assert ((normal * after).sum(axis=1) > 0).all()


def test_a_box_in_a_cavity_of_a_box_looks_outwards_again():
    parts = [Box((size, size, size)).surface() for size in (6.0, 4.0, 2.0)]
    vertices = np.concatenate([part[0] for part in parts])
    faces = np.concatenate([part[1] + 8 * i for i, part in enumerate(parts)])
    turned, n_turned = oriented(vertices, faces, paired_edges(faces))
    assert n_turned == 12
    np.testing.assert_array_equal((turned != faces).any(axis=1), np.repeat([False, True, False], 12))


def test_a_surface_with_one_side_is_told():
    # Projective plane with six corners.
    faces = np.array(
        [[0, 1, 4], [0, 3, 4], [3, 4, 5], [1, 4, 2], [2, 4, 5], [0, 2, 3], [1, 3, 2], [0, 1, 5], [0, 2, 5], [1, 3, 5]]
    )
    vertices = np.random.default_rng(0).normal(size=(6, 3))
    pairs = paired_edges(faces)
    assert pairs is not None
    assert oriented(vertices, faces, pairs) is None
