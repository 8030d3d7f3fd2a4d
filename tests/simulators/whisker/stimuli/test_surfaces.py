import itertools

import numpy as np
import pytest
import trimesh

from simulators.whisker.stimuli import surfaces


def solid(surface):
    mesh = trimesh.Trimesh(*surface, process=False)
    assert mesh.is_watertight and mesh.is_winding_consistent
    return mesh


def polygon_share(n_sides):
    """Area of a regular polygon in its circle, in units of the squared radius."""
    return n_sides / 2 * np.sin(2 * np.pi / n_sides)


def test_revolved_profiles_enclose_the_volume_of_their_polygons():
    cone = solid(surfaces.revolve(np.array([(0, 0), (2, 0), (0, 3)]), 12))
    assert cone.volume == pytest.approx(polygon_share(12) * 4 * 3 / 3, rel=1e-12)
    ring = solid(surfaces.revolve(np.array([(1, 0), (2, 0), (2, 1), (1, 1)]), 20))
    assert ring.volume == pytest.approx(polygon_share(20) * (4 - 1), rel=1e-12)
    assert ring.euler_number == 0


def test_straight_tube_is_a_prism():
    path = np.outer(np.linspace(0, 5, 6), [0, 0.6, 0.8])
    assert solid(surfaces.tube(path, 0.5, 8)).volume == pytest.approx(polygon_share(8) * 0.25 * 5, rel=1e-12)


def test_bent_tube_stays_closed_and_thick():
    turn = np.linspace(0, 3 * np.pi, 90)
    helix = np.column_stack([np.cos(turn), np.sin(turn), 0.2 * turn])
    mesh = solid(surfaces.tube(helix, 0.1, 8))
    length = np.linalg.norm(np.diff(helix, axis=0), axis=1).sum()
    assert mesh.volume == pytest.approx(polygon_share(8) * 0.01 * length, rel=0.01)


def test_union_of_blocks_counts_shared_space_once():
    rng = np.random.default_rng(3)
    blocks = [((0, 0, 0), (3, 3, 3))]
    for _ in range(4):
        low = rng.integers(0, 3, 3)
        blocks.append((tuple(low), tuple(low + rng.integers(1, 3, 3))))
    cells = {
        cell
        for low, high in blocks
        for cell in itertools.product(*(range(a, b) for a, b in zip(low, high, strict=True)))
    }
    assert trimesh.Trimesh(*surfaces.union_of_blocks(blocks), process=False).volume == pytest.approx(len(cells))
    assert solid(surfaces.union_of_blocks([((0, 0, 0), (1, 2, 3))])).area == pytest.approx(22)


def test_hull_agrees_with_the_volume_of_another_library():
    points = np.random.default_rng(0).normal(size=(40, 3))
    assert solid(surfaces.convex_hull(points)).volume == pytest.approx(trimesh.Trimesh(points).convex_hull.volume)


def test_icosphere_is_a_sphere_of_equal_triangles():
    mesh = solid(surfaces.icosphere(3))
    assert len(mesh.faces) == 20 * 4**3
    np.testing.assert_allclose(np.linalg.norm(mesh.vertices, axis=1), 1, rtol=1e-14)
    assert mesh.area_faces.max() / mesh.area_faces.min() < 2.0


def test_union_of_balls_lies_on_the_outermost_ball():
    centres, radii = np.array([[0.6, 0, 0], [-0.2, 0.5, 0.1]]), np.array([1.0, 0.8])
    mesh = solid(surfaces.union_of_balls(centres, radii))
    depth = np.linalg.norm(mesh.vertices[:, None] - centres, axis=2) - radii
    np.testing.assert_allclose(depth.min(axis=1), 0, atol=1e-12)


def test_balls_without_a_shared_point_are_refused():
    with pytest.raises(ValueError, match="ball 1 does not hold the origin"):
        surfaces.union_of_balls(np.array([[0, 0, 0], [2, 0, 0]]), np.ones(2))


def test_centred_scales_about_the_middle_of_the_box():
    vertices, _ = surfaces.centred(2.0, surfaces.union_of_blocks([((1, 1, 1), (2, 3, 4))]))
    np.testing.assert_allclose([vertices.min(axis=0), vertices.max(axis=0)], [[-1, -2, -3], [1, 2, 3]])
