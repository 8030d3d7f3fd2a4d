"""The gap of a tapered segment against dense scans along it."""

import math

import numpy as np
import pytest

pytest.importorskip("numba")

from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.whisker.solids import (
    Box,
    Capsule,
    CurvedPlate,
    Cylinder,
    Extrusion,
    Mesh,
    Plane,
    Sphere,
    Superquadric,
    Torus,
    pack_solids,
    point_distance,
    segment_gap,
)  # fmt: skip

STAR = np.array([[5, 0], [1.5, 1.5], [0, 5], [-1.5, 1.5], [-5, 0], [-1.5, -1.5], [0, -5], [1.5, -1.5]], dtype=float)
SHEETS = Sphere(3.0).surface()
SOLIDS = [
    Plane(contact_offset_mm=0.02), Sphere(3.0), Box((4.0, 5.0, 6.0)), Cylinder(2.0, 6.0), Capsule(2.0, 4.0),
    Torus(4.0, 1.0), CurvedPlate(6.0, 120.0, 8.0, 1.0), Superquadric((3.0, 4.0, 2.0), (0.5, 1.5)),
    Extrusion(STAR, 6.0), Mesh(*Torus(4.0, 1.0).surface(), contact_offset_mm=0.0),
    Mesh(SHEETS[0], SHEETS[1][:-300], contact_offset_mm=0.3),
]  # fmt: skip
NAMES = [f"{k}-{type(solid).__name__}" for k, solid in enumerate(SOLIDS)]
TABLE = pack_solids(SOLIDS)
MIRRORED = pack_solids([solid.mirrored() for solid in SOLIDS])
SHEET = len(SOLIDS) - 1

coordinate = st.floats(-6, 6, allow_subnormal=False).map(lambda x: round(x, 6))
radius = st.floats(0.001, 0.3).map(lambda x: round(x, 6))
component = st.floats(-1, 1, allow_subnormal=False).map(lambda x: round(x, 6))
index = st.integers(0, len(SOLIDS) - 1)
CONVEX = (0, 1, 2, 3, 4, 7)


@st.composite
def segments(draw):
    """Links of whiskers: ends and radii."""
    a = [draw(coordinate) for _ in range(3)]
    return (*a, *(x + draw(component) for x in a), draw(radius), draw(radius))


def is_exact(k, segment, gap, s):
    """Whether the minimum is exact: everywhere on convex solids, from outside on meshes."""
    outside = gap + TABLE.offset[k] + segment[6] + s * (segment[7] - segment[6]) > 1e-9
    return k in CONVEX or (outside and k >= 8)


def sampling(segment):
    """What a hidden minimum between the samples of a search may hold."""
    return math.dist(segment[:3], segment[3:6]) / 16


def scan(k, segment, n=2001):
    """Least gap at n points of the segment, and how much it may still fall between them."""
    a, b, (ra, rb) = np.array(segment[:3]), np.array(segment[3:6]), segment[6:]
    s = np.linspace(0, 1, n)
    along = [point_distance(TABLE, k, *(a + x * (b - a)), math.inf)[0] for x in s]
    gaps = np.array(along) - (ra + s * (rb - ra)) - TABLE.offset[k]
    return gaps.min(), 0.5 * (np.linalg.norm(b - a) + abs(rb - ra)) / (n - 1)


@pytest.mark.parametrize("k", range(len(SOLIDS)), ids=NAMES)
def test_gap_is_the_minimum_of_a_scan(k):
    rng = np.random.default_rng(k)
    for _ in range(12):
        a = rng.uniform(-5, 5, 3)
        b = a + rng.normal(size=3)
        segment = (*a, *b, *rng.uniform(0.01, 0.2, 2))
        lowest, slack = scan(k, segment, 400)
        gap = segment_gap(TABLE, k, *segment, math.inf, rng.uniform())[0]
        assert lowest - slack <= gap <= lowest + 1e-9


@settings(max_examples=40, deadline=None)
@given(segments(), index)
def test_any_segment_agrees_with_a_scan(segment, k):
    lowest, slack = scan(k, segment)
    gap, s, *normal = segment_gap(TABLE, k, *segment, math.inf, 0.5)
    assert 0 <= s <= 1
    assert np.linalg.norm(normal) == pytest.approx(1.0, abs=1e-9)
    slack_above = 1e-9 + (0.0 if is_exact(k, segment, gap, s) else sampling(segment))
    assert lowest - slack - 1e-9 <= gap <= lowest + slack_above


@settings(max_examples=150, deadline=None)
@given(segments(), index)
def test_the_answer_is_the_gap_at_the_position_it_names(segment, k):
    gap, s, *normal = segment_gap(TABLE, k, *segment, math.inf, 0.5)
    a, b, (ra, rb) = np.array(segment[:3]), np.array(segment[3:6]), segment[6:]
    d, *there = point_distance(TABLE, k, *(a + s * (b - a)), math.inf)
    assert gap == pytest.approx(d - ra - s * (rb - ra) - TABLE.offset[k], abs=1e-8)
    if d > 1e-3 and k < 5:
        np.testing.assert_allclose(normal, there, atol=1e-6)


@settings(max_examples=200, deadline=None)
@given(segments(), index)
def test_mirrored_segments_have_mirrored_gaps(segment, k):
    ax, ay, az, bx, by, bz, ra, rb = segment
    gap, s, nx, ny, nz = segment_gap(TABLE, k, *segment, math.inf, 0.5)
    other = segment_gap(MIRRORED, k, -ax, ay, az, -bx, by, bz, ra, rb, math.inf, 0.5)
    exact = k < 8 or is_exact(k, segment, gap, s)
    assert other[0] == pytest.approx(gap, abs=1e-12 if exact else 1e-12 + sampling(segment))
    if k < 8 and min(abs(ax), abs(bx)) > 1e-3:
        np.testing.assert_allclose(other[1:], (s, -nx, ny, nz), rtol=0, atol=1e-12)


@settings(max_examples=200, deadline=None)
@given(segments(), index, st.floats(-0.5, 3.0))
def test_an_early_return_is_a_lower_bound_not_below_the_bound(segment, k, bound):
    exact = segment_gap(TABLE, k, *segment, math.inf, 0.5)
    early = segment_gap(TABLE, k, *segment, bound, 0.5)
    if exact[0] < bound - 1e-12:
        assert early == exact
    else:
        assert bound - 1e-12 <= early[0] <= exact[0] + 1e-12


@settings(max_examples=100, deadline=None)
@given(segments(), index, st.floats(0, 1), st.floats(0, 1))
def test_the_guess_changes_nothing(segment, k, one, two):
    first = segment_gap(TABLE, k, *segment, math.inf, one)
    second = segment_gap(TABLE, k, *segment, math.inf, two)
    exact = is_exact(k, segment, first[0], first[1])
    assert first[0] == pytest.approx(second[0], abs=1e-11 if exact else 1e-11 + sampling(segment))


@settings(max_examples=100, deadline=None)
@given(segments(), index, st.integers(0, 5))
def test_the_gap_is_continuous(segment, k, which):
    moved = list(segment)
    moved[which] += 1e-7
    gap, s, *_ = segment_gap(TABLE, k, *segment, math.inf, 0.5)
    slack = 1.01e-7 if is_exact(k, segment, gap, s) else 1.01e-7 + sampling(segment)
    assert segment_gap(TABLE, k, *moved, math.inf, 0.5)[0] == pytest.approx(gap, abs=slack)


def test_position_on_a_convex_solid_moves_smoothly():
    positions = [
        segment_gap(TABLE, 1, -1.0 + x, 0.3, 3.2, 1.0 + x, 0.2, 3.25, 0.05, 0.02, math.inf, 0.5)[1]
        for x in np.linspace(-0.3, 0.3, 200)
    ]
    assert np.abs(np.diff(positions)).max() < 0.005


def test_known_gaps():
    offset = 0.02
    assert segment_gap(TABLE, 0, 0.0, 0.0, 1.0, 1.0, 0.0, 2.0, 0.1, 0.1, math.inf, 0.5) == (
        pytest.approx(0.9 - offset), 0.0, 0.0, 0.0, 1.0,
    )  # fmt: skip
    gap, s, *normal = segment_gap(TABLE, 1, -2.0, 0.0, 4.0, 2.0, 0.0, 4.0, 0.1, 0.1, math.inf, 0.5)
    assert (gap, s) == (pytest.approx(0.9), pytest.approx(0.5))
    np.testing.assert_allclose(normal, [0, 0, 1], atol=1e-12)
    # A cone that thins towards b touches the sphere nearer to its thick end: derivative of sqrt(16 + x^2) + x/40.
    gap, s, *_ = segment_gap(TABLE, 1, -2.0, 0.0, 4.0, 2.0, 0.0, 4.0, 0.15, 0.05, math.inf, 0.5)
    assert 4 * s - 2 == pytest.approx(-4 * 0.025 / math.sqrt(1 - 0.025**2), abs=1e-9)


def test_a_segment_of_no_length_is_a_ball():
    for k in range(len(SOLIDS)):
        expected = point_distance(TABLE, k, 4.0, 3.0, 5.0, math.inf)[0] - 0.1 - TABLE.offset[k]
        assert segment_gap(TABLE, k, 4.0, 3.0, 5.0, 4.0, 3.0, 5.0, 0.1, 0.1, math.inf, 0.5)[0] == pytest.approx(
            expected
        )


@pytest.mark.parametrize("k", [2, 8, 9], ids=["box", "extrusion", "mesh"])
def test_deep_inside_is_as_negative_as_the_depth(k):
    x, y, z = {2: (0.0, 0.0, 0.0), 8: (0.0, 0.0, 0.0), 9: (4.0, 0.0, 0.0)}[k]
    depth = point_distance(TABLE, k, x, y, z, math.inf)[0]
    assert depth < -0.9
    for bound in (math.inf, 0.1, -0.3):
        gap = segment_gap(TABLE, k, x - 0.01, y, z, x + 0.01, y, z, 0.05, 0.05, bound, 0.5)[0]
        assert gap == pytest.approx(depth - 0.05, abs=0.02)


def test_a_sheet_pushes_back_to_where_the_segment_began():
    for start in (2.0, 4.0):
        gap, s, *normal = segment_gap(TABLE, SHEET, 0.0, start, 0.1, 0.0, 6.0 - start, 0.1, 0.05, 0.05, math.inf, 0.5)
        assert gap == pytest.approx(-0.35)
        assert s == pytest.approx(0.5, abs=0.01)
        assert math.copysign(1, normal[1]) == math.copysign(1, start - 3)
