"""Sizes, pictures and mirror images of the solids with a formula."""

import numpy as np
import pytest

from simulators.whisker.solids import (
    Box,
    Capsule,
    CurvedPlate,
    Cylinder,
    Plane,
    Sphere,
    Superquadric,
    Torus,
)

SOLIDS = [
    Sphere(3.0),
    Box((4.0, 5.0, 6.0)),
    Cylinder(2.0, 6.0),
    Capsule(2.0, 4.0),
    Torus(4.0, 1.0),
    CurvedPlate(10.0, 80.0, 8.0, 1.5),
    CurvedPlate(3.0, 250.0, 8.0, 1.5, concave_side="+x"),
    Superquadric((3.0, 4.0, 2.0), (0.5, 1.5)),
    Superquadric((3.0, 4.0, 2.0), (0.1, 2.0)),
]
VOLUMES_MM3 = [36 * np.pi, 120, 24 * np.pi, np.pi * (16 + 32 / 3), 8 * np.pi**2, 10 * 1.5 * 8 * np.radians(80)]


def volume(vertices, faces):
    a, b, c = np.moveaxis(vertices[faces], 1, 0)
    return (a * np.cross(b, c)).sum() / 6


@pytest.mark.parametrize("solid", SOLIDS, ids=lambda solid: type(solid).__name__)
def test_surface_is_closed_looks_outwards_and_fills_the_bounds(solid):
    vertices, faces = solid.surface()
    edges = np.stack([faces, np.roll(faces, -1, axis=1)], axis=2).reshape(-1, 2)
    assert len(np.unique(edges, axis=0)) == len(edges)
    assert {tuple(edge) for edge in edges.tolist()} == {tuple(edge) for edge in edges[:, ::-1].tolist()}
    assert volume(vertices, faces) > 0
    np.testing.assert_allclose([vertices.min(axis=0), vertices.max(axis=0)], solid.bounds_mm(), atol=0.002)


@pytest.mark.parametrize(("solid", "expected"), list(zip(SOLIDS, VOLUMES_MM3, strict=False)), ids=str)
def test_surface_has_the_volume_of_the_solid(solid, expected):
    assert volume(*solid.surface()) == pytest.approx(expected, rel=0.025)


@pytest.mark.parametrize("solid", [Plane(), *SOLIDS], ids=lambda solid: type(solid).__name__)
def test_mirror_image_of_the_mirror_image_is_the_solid(solid):
    assert solid.mirrored().mirrored() == solid
    np.testing.assert_allclose(np.sort(solid.mirrored().bounds_mm()[:, 0]), np.sort(-solid.bounds_mm()[:, 0]))


def test_plate_turns_round_in_the_mirror():
    plate = CurvedPlate(10.0, 80.0, 8.0, 1.5, friction=0.2)
    assert plate.mirrored().concave_side == "+x"
    assert plate.mirrored().friction == 0.2
    vertices, _ = plate.surface()
    # The origin is the middle of the plate; its ends lie towards the axis.
    assert vertices[:, 0].max() == pytest.approx(0.75)
    assert vertices[np.abs(vertices[:, 1]).argmax(), 0] < -1.5


def test_plane_is_the_half_space_below():
    assert np.isneginf(Plane().bounds_mm()[0]).all()
    np.testing.assert_array_equal(Plane().bounds_mm()[1], [np.inf, np.inf, 0.0])
    vertices, faces = Plane().surface()
    assert (vertices[:, 2] == 0).all() and len(faces) == 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Sphere(0.0), "radius_mm of Sphere is 0.0; it must be positive"),
        (lambda: Sphere(-1.0), "must be positive"),
        (lambda: Sphere(float("nan")), "must be positive"),
        (lambda: Box((1.0, 2.0)), "size_mm of Box .* takes 3 finite numbers"),
        (lambda: Box((1.0, 2.0, -3.0)), "size_mm of Box"),
        (lambda: Cylinder(1.0, float("inf")), "length_mm of Cylinder is inf"),
        (lambda: Capsule(1.0, -2.0), "length_mm of Capsule"),
        (lambda: Torus(1.0, 1.0), "needs a hole"),
        (lambda: Superquadric((1.0, 1.0, 1.0), (0.05, 1.0)), "between 0.1 and 2"),
        (lambda: Superquadric((1.0, 1.0, 1.0), (1.0, 2.5)), "no longer convex"),
        (lambda: Superquadric((1.0, 1.0, 1.0), (1.0,)), "exponents of Superquadric .* takes 2 finite numbers"),
        (lambda: Superquadric((1.0, 1.0), (1.0, 1.0)), "radii_mm of Superquadric"),
        (lambda: CurvedPlate(5.0, 360.0, 1.0, 1.0), "less than 360 degrees"),
        (lambda: CurvedPlate(5.0, 90.0, 1.0, 10.0), "pass the axis"),
        (lambda: CurvedPlate(5.0, 90.0, 1.0, 1.0, concave_side="x"), "'-x' or '\\+x'"),
        (lambda: Plane(contact_offset_mm=-0.1), "contact_offset_mm of Plane is -0.1"),
        (lambda: Plane(friction=-0.1), "friction of Plane is -0.1"),
        (lambda: Plane(friction=float("nan")), "friction of Plane is nan"),
        (lambda: Plane(friction="0.4"), "friction of Plane is '0.4'; it must be one number"),
        (lambda: Plane(contact_offset_mm=None), "contact_offset_mm of Plane is None; it must be one number"),
        (lambda: Sphere("a"), "radius_mm of Sphere is 'a'; it must be one number"),
        (lambda: Sphere((1.0, 2.0)), r"radius_mm of Sphere is \(1.0, 2.0\); it must be one number"),
        (lambda: Box(3.0), "size_mm of Box is 3.0; it takes 3 finite numbers"),
        (lambda: Box("3x4x5"), "size_mm of Box holds something that is no number"),
        (lambda: Box((1.0, 2.0, None)), "size_mm of Box is .* it takes 3 finite numbers"),
        (lambda: Superquadric((1.0, 1.0, 1.0), "round"), "exponents of Superquadric holds something that is no number"),
        (lambda: CurvedPlate(5.0, "90", 1.0, 1.0), "angle_deg of CurvedPlate is '90'; it must be one number"),
    ],
)
def test_impossible_solids_are_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_sizes_may_come_in_lists_and_arrays():
    assert Box([1, 2, 3]) == Box(np.array([1.0, 2.0, 3.0])) == Box((1.0, 2.0, 3.0))
    assert hash(Superquadric([1, 1, 2], np.ones(2))) == hash(Superquadric((1.0, 1.0, 2.0), (1.0, 1.0)))
