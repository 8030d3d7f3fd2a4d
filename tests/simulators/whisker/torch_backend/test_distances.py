"""Distance formulas against the compiled ones, and normals against automatic differentiation."""

import numpy as np
import pytest
import torch

from simulators.whisker.solids import Box, Capsule, CurvedPlate, Cylinder, Plane, Sphere, Torus
from simulators.whisker.solids.distance import solid_distance
from simulators.whisker.torch_backend.distances import FIELDS

SOLIDS = [
    Plane(), Sphere(1.3), Box((2.0, 1.4, 0.8)), Cylinder(0.9, 1.2), Capsule(0.5, 1.6), Torus(1.2, 0.3),
    CurvedPlate(2.0, 70.0, 1.0, 0.3), CurvedPlate(2.0, 70.0, 1.0, 0.3, "+x"),
]  # fmt: skip


@pytest.mark.parametrize("solid", SOLIDS, ids=lambda solid: type(solid).__name__)
def test_distance_and_normal(solid):
    field, count = FIELDS[solid.kind]
    numbers = [*solid.kernel_parameters(), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0][:6]
    points = np.random.default_rng(0).uniform(-2, 2, (800, 3))
    points[:5] = 0.0
    points[5:50, 0] = 0.0
    points[50:100, 2] = 0.0
    expected = np.array([solid_distance(solid.kind, *map(float, numbers), *point) for point in points])
    x = torch.tensor(points, requires_grad=True)
    distance, normal = field(x, *(torch.tensor(value, dtype=torch.float64) for value in numbers[:count]))
    np.testing.assert_allclose(distance.detach(), expected[:, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(normal.detach(), expected[:, 1:], rtol=0, atol=1e-12)
    (gradient,) = torch.autograd.grad(distance.sum(), x)
    assert torch.isfinite(gradient).all()
    torch.testing.assert_close(gradient[100:], normal[100:], rtol=0, atol=1e-12)
