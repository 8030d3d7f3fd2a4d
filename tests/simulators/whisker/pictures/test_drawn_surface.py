"""Solids made ready to draw: areas against geometry, edges, winding, meshes of every kind."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.whisker.pictures.camera import Camera
from simulators.whisker.pictures.drawn_surface import MOST_FACES, Surface
from simulators.whisker.solids import Box, Sphere, Torus

NO_TURN = np.array([1.0, 0.0, 0.0, 0.0])
HERE = np.zeros(3)


def areas(triangles):
    return np.linalg.norm(np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]), axis=1) / 2


def flat_areas(triangles):
    """Areas in the picture."""
    return areas(triangles * [1, 1, 0])


def grid_of_faces(n):
    """A flat square of 2 n^2 triangles."""
    x, y = np.meshgrid(np.linspace(0, 10, n + 1), np.linspace(0, 10, n + 1), indexing="ij")
    corner = (np.arange(n)[:, None] * (n + 1) + np.arange(n)).ravel()
    faces = np.concatenate(
        [
            np.stack([corner, corner + n + 1, corner + n + 2], axis=1),
            np.stack([corner, corner + n + 2, corner + 1], axis=1),
        ]
    )
    return np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1), faces


@given(
    azimuth=st.floats(-180, 180),
    elevation=st.floats(-90, 90),
    size=st.tuples(*[st.floats(1, 30)] * 3),
)
@settings(max_examples=40, deadline=None)
def test_what_is_seen_of_a_box_is_its_shadow(azimuth, elevation, size):
    camera = Camera(azimuth, elevation)
    surface = Surface.of(*Box(size).surface(), edge_mm=5.0)
    triangles, normals, _, _ = surface.seen_from(HERE, NO_TURN, camera.axes())
    a, b, c = size
    shadow = np.abs(camera.axes()[2]) @ [b * c, c * a, a * b]
    assert flat_areas(triangles).sum() == pytest.approx(shadow, rel=1e-6)
    assert (normals[:, 2] > 0).all()


def test_a_sphere_shows_a_disc():
    surface = Surface.of(*Sphere(5.0).surface(), edge_mm=0.8)
    triangles, _, start, end = surface.seen_from(np.array([1.0, 2.0, 3.0]), NO_TURN, np.eye(3))
    assert surface.closed
    assert flat_areas(triangles).sum() == pytest.approx(np.pi * 25, rel=0.02)
    # Its outline is one circle, wherever it stands; no inner edge is sharp.
    assert np.hypot(start[:, 0] - 1, start[:, 1] - 2) == pytest.approx(5.0, rel=0.02)
    assert np.linalg.norm((end - start)[:, :2], axis=1).sum() == pytest.approx(2 * np.pi * 5, rel=0.03)


def test_the_twelve_edges_of_a_box_are_sharp_and_the_diagonals_of_its_faces_are_not():
    surface = Surface.of(*Box((2.0, 3.0, 5.0)).surface(), edge_mm=0.7)
    pieces = surface.edges_mm[surface.always]
    assert np.linalg.norm(pieces[:, 1] - pieces[:, 0], axis=1).sum() == pytest.approx(4 * (2 + 3 + 5))
    _, _, start, end = surface.seen_from(HERE, NO_TURN, Camera.of("oblique").axes())
    assert np.linalg.norm(end - start, axis=1).sum() == pytest.approx(3 * (2 + 3 + 5))  # the far corner is hidden


@pytest.mark.parametrize(
    "solid", [Box((4.0, 9.0, 1.0)), Sphere(3.0), Torus(4.0, 1.0)], ids=lambda one: type(one).__name__
)
@pytest.mark.parametrize("edge_mm", [0.5, 2.0, 100.0])
def test_cutting_keeps_the_area_and_makes_small_faces(solid, edge_mm):
    vertices, faces = solid.surface()
    surface = Surface.of(vertices, faces, edge_mm=edge_mm)
    assert areas(surface.triangles_mm).sum() == pytest.approx(areas(vertices[faces]).sum(), rel=1e-9)
    sides = np.linalg.norm(np.roll(surface.triangles_mm, -1, axis=1) - surface.triangles_mm, axis=2)
    assert sides.max() == pytest.approx(surface.edge_mm)
    assert sides.max() <= edge_mm
    outward = np.cross(
        surface.triangles_mm[:, 1] - surface.triangles_mm[:, 0], surface.triangles_mm[:, 2] - surface.triangles_mm[:, 0]
    )
    assert (np.einsum("fi,fi->f", outward, surface.normals) > 0).all()


def test_a_surface_wound_inwards_is_turned():
    vertices, faces = Sphere(3.0).surface()
    right, wrong = (Surface.of(vertices, one, edge_mm=9.0) for one in (faces, faces[:, ::-1]))
    assert right.closed
    assert wrong.closed
    for surface in (right, wrong):
        assert (np.einsum("fi,fi->f", surface.normals, surface.triangles_mm.mean(axis=1)) > 0).all()


def test_a_soup_of_triangles_is_joined():
    vertices, faces = Box((2.0, 3.0, 5.0)).surface()
    soup = Surface.of(vertices[faces].reshape(-1, 3), np.arange(3 * len(faces)).reshape(-1, 3), edge_mm=1.0)
    whole = Surface.of(vertices, faces, edge_mm=1.0)
    assert soup.closed
    assert soup.always.sum() == whole.always.sum()


def test_an_open_sheet_is_seen_from_both_sides_with_its_border():
    surface = Surface.of(*grid_of_faces(3), edge_mm=20.0)
    assert not surface.closed
    for side in (1.0, -1.0):
        axes = np.diag([1.0, side, side])
        triangles, _, start, end = surface.seen_from(HERE, NO_TURN, axes)
        assert flat_areas(triangles).sum() == pytest.approx(100.0)
        assert np.linalg.norm(end - start, axis=1).sum() == pytest.approx(40.0)


def test_a_mesh_of_very_many_faces_is_thinned():
    vertices, faces = grid_of_faces(120)
    assert len(faces) > 4 * MOST_FACES
    surface = Surface.of(vertices, faces, edge_mm=1.0)
    assert len(surface.triangles_mm) <= MOST_FACES
    assert areas(surface.triangles_mm).sum() == pytest.approx(100.0, rel=0.05)
    np.testing.assert_allclose(np.ptp(surface.triangles_mm.reshape(-1, 3), axis=0), [10, 10, 0], atol=0.2)


def test_cutting_stops_at_most_faces():
    surface = Surface.of(*Box((200.0, 200.0, 200.0)).surface(), edge_mm=0.1)
    assert MOST_FACES <= len(surface.triangles_mm) <= 2 * MOST_FACES


def test_faces_without_area_are_left_out():
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [2, 0, 0]])
    surface = Surface.of(vertices, np.array([[0, 1, 2], [0, 1, 3]]), edge_mm=9.0)
    assert len(surface.triangles_mm) == 1
    assert np.isfinite(surface.normals).all()


def test_the_pose_turns_then_shifts():
    surface = Surface.of(*Box((2.0, 4.0, 6.0)).surface(), edge_mm=9.0)
    quarter_about_z = np.array([np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5)])
    corners = surface.posed(np.array([10.0, 0.0, 0.0]), quarter_about_z)
    np.testing.assert_allclose(np.stack([corners.min(axis=0), corners.max(axis=0)]), [[8, -1, -3], [12, 1, 3]])
