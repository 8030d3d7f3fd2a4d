import numpy as np
import pytest

from simulators.whisker.geometry.frames import head_rotation, rotation
from simulators.whisker.solids import Box, Capsule, Cylinder, Mesh, Plane, Sphere, Superquadric, Torus
from simulators.whisker.stimuli.extent import turned_extent_mm
from simulators.whisker.stimuli.surfaces import icosphere

SOLIDS = [
    Sphere(3.0),
    Box((1.0, 2.0, 3.0)),
    Cylinder(2.0, 5.0),
    Capsule(1.0, 4.0),
    Torus(4.0, 1.0),
    Superquadric((1.0, 2.0, 3.0), (0.4, 1.5)),
    Superquadric((2.0, 1.0, 1.5), (2.0, 2.0)),
    Superquadric((2.0, 1.0, 1.5), (0.1, 1.0)),
    Mesh(*icosphere(1)),
]


@pytest.mark.parametrize("solid", SOLIDS, ids=lambda solid: type(solid).__name__)
def test_extent_encloses_the_surface_tightly(solid):
    rng = np.random.default_rng(1)
    for _ in range(10):
        turned = head_rotation(rng.uniform(-180, 180, 3))
        low, high = turned_extent_mm(solid, turned)
        vertices = solid.surface()[0] @ turned.T
        for outer, inner in ((high, vertices.max(axis=0)), (-low, -vertices.min(axis=0))):
            assert (outer >= inner - 1e-8).all()
            np.testing.assert_allclose(outer, inner, rtol=0.02)


def test_turned_box_reaches_as_its_corners():
    turn = np.radians(30)
    low, high = turned_extent_mm(Box((2.0, 4.0, 6.0)), rotation(2, 30))
    np.testing.assert_allclose(high, [np.cos(turn) + 2 * np.sin(turn), np.sin(turn) + 2 * np.cos(turn), 3], rtol=1e-14)
    np.testing.assert_allclose(low, -high)


def test_a_plane_has_no_extent():
    with pytest.raises(ValueError, match="a Plane has no end"):
        turned_extent_mm(Plane(), np.eye(3))
