"""Places of smallest gap against the compiled search, for formulas and for triangles."""

import numpy as np
import pytest
import torch

from simulators.whisker.solids import (
    Box,
    Capsule,
    CurvedPlate,
    Cylinder,
    Mesh,
    Plane,
    Sphere,
    Superquadric,
    Torus,
    pack_solids,
    point_distance,
    segment_gap,
)  # fmt: skip
from simulators.whisker.solids.kinds import MESH
from simulators.whisker.solver.touching import NEAR_MM
from simulators.whisker.torch_backend.distances import FIELDS
from simulators.whisker.torch_backend.meshes import MAX_TRIANGLES, bounded_distance, pack_meshes
from simulators.whisker.torch_backend.pairs import Pairs
from simulators.whisker.torch_backend.paths import Frames
from simulators.whisker.torch_backend.segments import follow
from simulators.whisker.torch_backend.surroundings import Site

SHEET = Mesh(
    np.array([[-2.0, 0, -2], [2, 0, -2], [2, 0, 2], [-2, 0, 2]]), np.array([[0, 1, 2], [0, 2, 3]])
)  # fmt: skip
SOLIDS = {
    "plane": Plane(),
    "sphere": Sphere(1.5),
    "box": Box((3.0, 2.0, 1.0)),
    "cylinder": Cylinder(1.0, 3.0),
    "capsule": Capsule(1.0, 2.0),
    "torus": Torus(1.4, 0.5),
    "plate": CurvedPlate(3.0, 80.0, 2.0, 0.6),
    "mesh": Mesh(*Box((3.0, 2.0, 1.0)).surface()),
    "sheet": SHEET,
}


def sited(solid, a, b, ra, rb):
    """Segments in the frame of one solid."""

    def column(value):
        return torch.full((len(a),), float(value), dtype=torch.float64)

    zero = torch.zeros(len(a), dtype=torch.long)
    is_mesh = solid.kind == MESH
    count = 0 if is_mesh else FIELDS[solid.kind][1]
    pairs = Pairs(
        kind=solid.kind,
        n_chains=len(a),
        chain=zero,
        body=zero,
        parameters=tuple(column(value) for value in solid.kernel_parameters()[:count]),
        offset=column(solid.contact_offset_mm),
        friction=column(0),
        speed=column(0),
        depth=column(0),
        limit=column(0),
        mesh=zero,
        meshes=pack_meshes([solid], "cpu", torch.float64) if is_mesh else None,
    )
    frames = Frames(*(torch.zeros(len(a)),) * 7)
    return Site(pairs, zero, zero, *(torch.tensor(values) for values in (a, b, ra, rb)), frames)


@pytest.mark.parametrize("name", SOLIDS)
def test_smallest_gap(name):
    solid, rng, count = SOLIDS[name], np.random.default_rng(3), 120
    # Near the surface: deep inside, two sides may be equally near.
    a = rng.uniform(-2, 2, (4000, 3))
    table = pack_solids([solid])
    height = np.array([point_distance(table, 0, *point, np.inf)[0] for point in a])
    a = a[(height > -0.1) & (height < 0.4)][:count]
    b, ra = a + 0.3 * rng.normal(size=a.shape), rng.uniform(0.01, 0.1, len(a))
    rb = ra * rng.uniform(0.3, 1, len(a))
    expected = np.array([segment_gap(table, 0, *row, NEAR_MM, 0.5) for row in np.column_stack([a, b, ra, rb])])
    site = sited(solid, a, b, ra, rb)
    gap, places, through = site.nearest()
    near = (expected[:, 0] < 0.3) & (expected[:, 0] > -0.15)
    assert near.sum() > 60
    # Along a plate the gap is not convex within an interval of the search, which then ends a little off a kink.
    np.testing.assert_allclose(gap[near], expected[near, 0], rtol=0, atol=1e-7 if name == "plate" else 1e-9)
    again, normal = site.gap(places, through)
    np.testing.assert_allclose(again[near], gap[near], rtol=0, atol=1e-12)
    # At an edge, and midway between two faces, the normal is that of one side or the other.
    same = np.abs(normal.numpy() - expected[:, 2:]).max(axis=1)[near] < 1e-5
    assert same.mean() > 0.9
    far = expected[:, 0] >= NEAR_MM
    assert (gap.numpy()[far] >= NEAR_MM - 1e-12).all()


@pytest.mark.parametrize("name", [name for name in SOLIDS if name != "sheet"])
def test_places_gaps_and_normals_have_derivatives(name):
    solid, rng, size = SOLIDS[name], np.random.default_rng(5), 1e-6
    a = rng.uniform(-2, 2, (3000, 3))
    height = np.array([point_distance(pack_solids([solid]), 0, *point, np.inf)[0] for point in a])
    a = a[(height > -0.1) & (height < 0.3)][:150]
    thick = rng.uniform(0.01, 0.1, len(a))
    ends = np.column_stack([a, a + 0.3 * rng.normal(size=a.shape), thick, thick * rng.uniform(0.3, 1, len(a))])
    ends, way = torch.tensor(ends), torch.tensor(rng.normal(size=ends.shape))
    weights = torch.tensor(rng.normal(size=5))

    def outcome(x):
        """A mean of place, gap and normal of each segment, and whether it is pressed against an edge."""
        x = x.contiguous()
        site = sited(solid, *(part.detach().numpy() for part in (x[:, :3], x[:, 3:6], x[:, 6], x[:, 7])))
        site = site._replace(a=x[:, :3], b=x[:, 3:6], ra=x[:, 6], rb=x[:, 7])
        _, places, through = site.nearest()
        places = follow(site.distance, places, site.a, site.b, site.ra, site.rb)
        gap, normal = site.gap(places, through)
        return torch.cat([places.share[:, None], gap[:, None], normal], 1) @ weights, gap, places.edge

    moving = ends.clone().requires_grad_()
    values, gap, edge = outcome(moving)
    (slope,) = torch.autograd.grad(values.sum(), moving)
    found = (slope * way).sum(1)
    with torch.no_grad():
        expected = (outcome(ends + size * way)[0] - outcome(ends - size * way)[0]) / (2 * size)
    near = gap.detach() < 0.05
    assert near.sum() > 30 and (edge & near).any() == (name in ("box", "cylinder", "plate", "mesh"))
    # A few lie where the nearest feature changes.
    right = (found - expected).abs()[near] < 1e-5 * (1 + expected.abs()[near])
    assert right.double().mean() > 0.95


def test_a_bounded_distance_never_exceeds_the_distance():
    meshes = pack_meshes([SOLIDS["mesh"]], "cpu", torch.float64)
    x = torch.tensor(np.random.default_rng(4).uniform(-6, 6, (50, 4, 3)))
    bound = torch.full((50, 4), 1.0, dtype=torch.float64)
    which = torch.zeros(50, dtype=torch.long)
    limited = bounded_distance(meshes, which, x, bound)
    exact = bounded_distance(meshes, which, x, torch.full_like(bound, torch.inf))
    assert (limited <= exact + 1e-12).all()
    known = limited < 1.0
    assert known.any() and not known.all()
    torch.testing.assert_close(limited[known], exact[known])


def test_what_the_backend_cannot_hold_is_refused():
    corners = np.random.default_rng(0).uniform(-5, 5, (MAX_TRIANGLES + 1, 3, 3))
    large = Mesh(corners.reshape(-1, 3), np.arange(corners.size // 3).reshape(-1, 3))
    with pytest.raises(ValueError, match=f"takes up to {MAX_TRIANGLES}; simplify it, or take backend='numba'"):
        pack_meshes([large], "cpu", torch.float64)
    with pytest.raises(ValueError, match="Sphere is not made of triangles; give a Mesh or an Extrusion"):
        pack_meshes([Sphere(1.0)], "cpu", torch.float64)
    assert Superquadric.kind not in FIELDS
