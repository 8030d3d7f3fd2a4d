"""Signed distances against dense samples of the surfaces, their normals against finite differences."""

import math

import numpy as np
import pytest

pytest.importorskip("numba")

from scipy.spatial import cKDTree

from simulators.whisker.solids import (
    Box,
    Capsule,
    CurvedPlate,
    Cylinder,
    Plane,
    Sphere,
    Superquadric,
    Torus,
    pack_solids,
    point_distance,
)  # fmt: skip

SOLIDS = {
    "plane": Plane(),
    "sphere": Sphere(3.0),
    "box": Box((4.0, 5.0, 6.0)),
    "cylinder": Cylinder(2.0, 6.0),
    "capsule": Capsule(2.0, 4.0),
    "torus": Torus(4.0, 1.0),
    "plate": CurvedPlate(10.0, 80.0, 8.0, 1.5),
    "hook": CurvedPlate(3.0, 250.0, 8.0, 1.5, concave_side="+x"),
    "pebble": Superquadric((3.0, 4.0, 2.0), (0.5, 1.5)),
    "brick": Superquadric((3.0, 4.0, 2.0), (0.1, 0.1)),
    "octahedron": Superquadric((3.0, 4.0, 2.0), (2.0, 2.0)),
}
TABLE = pack_solids(list(SOLIDS.values()))
INDEX = {name: k for k, name in enumerate(SOLIDS)}


def distance(name, point):
    return point_distance(TABLE, INDEX[name], *map(float, point), math.inf)


def points(n, seed=0, size=7.0):
    return np.random.default_rng(seed).uniform(-size, size, (n, 3))


def winding(corners, point):
    """Turns of a closed surface around a point, from the solid angles of its triangles."""
    a, b, c = np.moveaxis(corners - point, 1, 0)
    na, nb, nc = (np.linalg.norm(side, axis=1) for side in (a, b, c))
    below = na * nb * nc + (a * b).sum(1) * nc + (b * c).sum(1) * na + (c * a).sum(1) * nb
    return np.arctan2((a * np.cross(b, c)).sum(1), below).sum() / (2 * np.pi)


@pytest.mark.parametrize("name", [name for name in SOLIDS if name != "plane"])
def test_distance_is_that_to_the_pictured_surface(name):
    triangles = pytest.importorskip("trimesh.triangles")
    vertices, faces = SOLIDS[name].surface()
    corners = vertices[faces]
    for point in points(40):
        d = distance(name, point)[0]
        foot = triangles.closest_point(corners, np.broadcast_to(point, (len(corners), 3)))
        nearest = np.linalg.norm(foot - point, axis=1).min()
        # Flat triangles lie up to this far inside a round surface.
        assert abs(d) == pytest.approx(nearest, abs=0.1 if name == "brick" else 0.03)
        if abs(d) > 0.1:
            assert (d < 0) == (winding(corners, point) > 0.5)


@pytest.mark.parametrize("name", SOLIDS)
def test_normal_is_a_unit_vector_along_the_gradient(name):
    for point in points(60, seed=1):
        d, *normal = distance(name, point)
        assert np.linalg.norm(normal) == pytest.approx(1.0, abs=1e-12)
        step = 1e-5
        gradient = [
            (distance(name, point + h)[0] - distance(name, point - h)[0]) / (2 * step) for h in step * np.eye(3)
        ]
        if d > 0:
            np.testing.assert_allclose(normal, gradient, atol=2e-4)


@pytest.mark.parametrize("name", SOLIDS)
def test_foot_of_the_normal_is_on_the_surface(name):
    for point in points(60, seed=2):
        d, *normal = distance(name, point)
        if d > 0:
            assert distance(name, point - d * np.array(normal))[0] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("name", SOLIDS)
def test_mirrored_points_have_mirrored_answers(name):
    image = pack_solids([SOLIDS[name].mirrored()])
    for x, y, z in points(60, seed=3):
        d, nx, ny, nz = distance(name, (x, y, z))
        other = point_distance(image, 0, -x, y, z, math.inf)
        np.testing.assert_allclose(other, (d, -nx, ny, nz), rtol=0, atol=1e-12)


def test_known_distances():
    assert distance("plane", (5, 5, 2))[0] == 2.0
    assert distance("sphere", (0, 0, 0)) == (-3.0, 0.0, 0.0, 1.0)
    assert distance("box", (5, 6.5, 3))[0] == pytest.approx(5.0)
    assert distance("box", (0, 0, 2.5)) == (-0.5, 0.0, 0.0, 1.0)
    assert distance("cylinder", (0, 0, 1))[0] == -2.0
    assert distance("cylinder", (5, 0, 7))[0] == pytest.approx(5.0)
    assert distance("capsule", (0, 0, 6))[0] == 2.0
    assert distance("torus", (0, 0, 0))[0] == 3.0
    assert distance("torus", (4, 0, 0))[0] == -1.0
    # Middle of the plate, the axis of its shell, and beyond its end.
    assert distance("plate", (0, 0, 0))[0] == -0.75
    assert distance("plate", (-10, 0, 0))[0] == pytest.approx(9.25)
    assert distance("hook", (3, 0, 0))[0] == pytest.approx(2.25)
    assert distance("octahedron", (0, 5, 0))[0] == pytest.approx(1.0)


def test_ellipsoid_agrees_with_its_secular_equation():
    from scipy.optimize import brentq

    radii = np.array([3.0, 4.0, 2.0])
    table = pack_solids([Superquadric(tuple(radii), (1.0, 1.0))])
    for point in points(100, seed=4):
        if ((point / radii) ** 2).sum() <= 1:
            continue
        root = brentq(lambda t, p=point: ((radii * p / (radii**2 + t)) ** 2).sum() - 1, 0, 1e4, xtol=1e-15, rtol=1e-15)
        expected = np.linalg.norm(point - radii**2 * point / (radii**2 + root))
        assert point_distance(table, 0, *point, math.inf)[0] == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(
    "exponents", [(0.1, 0.1), (0.2, 1.0), (1.0, 0.2), (1.5, 0.5), (0.5, 1.5), (2.0, 1.0), (2.0, 2.0)]
)
def test_superquadric_is_never_farther_than_any_point_of_its_surface(exponents):
    radii = (3.0, 4.0, 2.0)
    q, p = 2 / exponents[0], 2 / exponents[1]
    k, m = np.meshgrid(np.linspace(0, 1, 400), np.linspace(0, 1, 400), indexing="ij")
    scale_k, scale_m = ((1 - k) ** q + k**q) ** (-1 / q), ((1 - m) ** p + m**p) ** (-1 / p)
    surface = np.stack([scale_k * (1 - k) * scale_m * (1 - m), scale_k * (1 - k) * scale_m * m, scale_k * k], axis=-1)
    surface = surface.reshape(-1, 3) * radii
    table = pack_solids([Superquadric(radii, exponents)])
    octant = np.random.default_rng(5).uniform(0, 1.6, (150, 3)) * radii
    nearest, _ = cKDTree(surface).query(octant)
    for point, sample in zip(octant, nearest, strict=True):
        d = abs(point_distance(table, 0, *point, math.inf)[0])
        # From inside the last digits of a foot near an edge are weak.
        assert d <= sample + 1e-9
        assert d >= sample - 0.03


def test_sharp_superquadric_is_nearly_a_box():
    box = pack_solids([Box((6.0, 8.0, 4.0))])
    for point in points(50, seed=6):
        expected = point_distance(box, 0, *point, math.inf)[0]
        if expected > 0.5:
            assert distance("brick", point)[0] == pytest.approx(expected, abs=0.3)
