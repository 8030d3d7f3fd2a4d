"""Solids packed for compiled code."""

import math

import numpy as np
import pytest

from simulators.whisker.solids import Box, Extrusion, Mesh, Plane, Sphere, pack_solids

L = np.array([[0, 0], [3, 0], [3, 1], [1, 1], [1, 3], [0, 3]], dtype=float)


def test_empty_and_full_tables_have_the_same_types():
    empty, full = pack_solids([]), pack_solids([Plane(), Extrusion(L, 2.0)])
    for name in empty._fields:
        one, other = getattr(empty, name), getattr(full, name)
        assert (one.dtype, one.ndim) == (other.dtype, other.ndim)
        assert one.flags.c_contiguous and other.flags.c_contiguous


def test_offset_and_friction_of_each_solid():
    table = pack_solids(
        [Plane(friction=0.3), Sphere(1.0, contact_offset_mm=0.2), Mesh(*Box((2.0, 2.0, 2.0)).surface())]
    )
    np.testing.assert_array_equal(table.friction, [0.3, np.nan, np.nan])
    np.testing.assert_array_equal(table.offset, [0.0, 0.2, 0.1])


def test_solids_in_a_table_answer_as_alone():
    pytest.importorskip("numba")
    from simulators.whisker.solids import point_distance, segment_gap

    solids = [Extrusion(L, 2.0), Box((2.0, 2.0, 2.0)), Mesh(*Sphere(2.0).surface()), Extrusion(L[:, ::-1], 3.0)]
    together = pack_solids(solids)
    rng = np.random.default_rng(0)
    for k, solid in enumerate(solids):
        alone = pack_solids([solid])
        for _ in range(20):
            a, b = rng.uniform(-3, 3, (2, 3))
            assert point_distance(together, k, *a, math.inf) == point_distance(alone, 0, *a, math.inf)
            segment = (*a, *b, 0.1, 0.05, math.inf, 0.5)
            assert segment_gap(together, k, *segment) == segment_gap(alone, 0, *segment)
