"""Extruded polygons."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.whisker.solids import Extrusion, pack_solids
from simulators.whisker.solids.extrusion import triangulated

PLUS = np.array(
    [[1, -3], [1, -1], [3, -1], [3, 1], [1, 1], [1, 3], [-1, 3], [-1, 1], [-3, 1], [-3, -1], [-1, -1], [-1, -3]],
    dtype=float,
)
SPIRAL = np.array(
    [[0, 0], [6, 0], [6, 6], [1, 6], [1, 2], [4, 2], [4, 4], [3, 4], [3, 3], [2, 3], [2, 5], [5, 5], [5, 1], [0, 1]]
)


def area(profile):
    x, y = profile.T
    return 0.5 * (x * np.roll(y, -1) - y * np.roll(x, -1)).sum()


def triangle_areas(profile, triangles):
    a, b, c = np.moveaxis(profile[triangles], 1, 0)
    return 0.5 * ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])


def polygon_distance(profile, point):
    """Signed distance to a polygon by its definition: nearest edge, crossings of a ray."""
    a, b = profile, np.roll(profile, -1, axis=0)
    t = np.clip(((point - a) * (b - a)).sum(1) / ((b - a) ** 2).sum(1), 0, 1)
    d = np.linalg.norm(a + t[:, None] * (b - a) - point, axis=1).min()
    spans = (a[:, 1] > point[1]) != (b[:, 1] > point[1])
    where = a[spans, 0] + (point[1] - a[spans, 1]) / (b[spans, 1] - a[spans, 1]) * (b[spans, 0] - a[spans, 0])
    return -d if (where > point[0]).sum() % 2 else d


@pytest.mark.parametrize("profile", [PLUS, SPIRAL, PLUS[::-1]], ids=["plus", "spiral", "clockwise"])
def test_distance_is_that_to_the_polygon_and_the_caps(profile):
    pytest.importorskip("numba")
    from simulators.whisker.solids import point_distance

    table = pack_solids([Extrusion(profile, 4.0)])
    for point in np.random.default_rng(0).uniform(-5, 8, (200, 3)):
        across, along = polygon_distance(np.asarray(profile, dtype=float), point[:2]), abs(point[2]) - 2.0
        expected = math.hypot(across, along) if across > 0 and along > 0 else max(across, along)
        assert point_distance(table, 0, *point, math.inf)[0] == pytest.approx(expected, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(3, 40), st.integers(0, 10_000))
def test_any_star_is_cut_into_triangles_that_fill_it(n, seed):
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, n))
    if np.diff(np.append(angle, angle[0] + 2 * np.pi)).max() > 3 or np.diff(angle).min() < 1e-3:
        return
    profile = rng.uniform(1, 10, n)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    areas = triangle_areas(profile, triangulated(profile))
    assert len(areas) == n - 2
    assert (areas > 0).all()
    assert areas.sum() == pytest.approx(area(profile))


def test_points_on_a_straight_edge_are_dropped():
    square = Extrusion(np.array([[0, 0], [1, 0], [2, 0], [2, 2], [2, 2], [0, 2]]), 1.0)
    assert len(square.profile_mm) == 4
    np.testing.assert_array_equal(square.bounds_mm(), [[0, 0, -0.5], [2, 2, 0.5]])


def test_mirror_image_keeps_what_belongs_to_the_solid():
    image = Extrusion(SPIRAL, 2.0, contact_offset_mm=0.1, friction=0.3).mirrored()
    assert (image.contact_offset_mm, image.friction) == (0.1, 0.3)
    assert area(image.profile_mm) == pytest.approx(area(SPIRAL.astype(float)))
    np.testing.assert_array_equal(image.bounds_mm(), [[-6, 0, -1], [0, 6, 1]])


@pytest.mark.parametrize(
    ("profile", "height", "message"),
    [
        ([[0, 0], [1, 0]], 1.0, "at least 3 corners"),
        ([[0, 0, 0], [1, 0, 0], [0, 1, 0]], 1.0, "shape"),
        ([[0, 0], [1, np.nan], [0, 1]], 1.0, "NaN"),
        ([[0, 0], [1, 1], [2, 2], [3, 3]], 1.0, "folds back"),
        ([[0, 0], [1, 1], [0, 0], [1, 1]], 1.0, "folds back"),
        ([[1, 1], [1, 1], [1, 1]], 1.0, "no area"),
        ([[0, 0], [4, 0], [4, 4], [2, 0], [0, 4]], 1.0, "edges 0 and 2 .* touch"),
        ([[0, 0], [1, 1], [1, 0], [0, 1]], 1.0, "edges 0 and 2 .* cross"),
        ([[0, 0], [4, 0], [2, 0.0], [2, 3], [1, 2]], 1.0, "folds back"),
        ([[0, 0], [1, 0], [0, 1]], 0.0, "height_mm"),
    ],
)
def test_impossible_profiles_are_refused(profile, height, message):
    with pytest.raises(ValueError, match=message):
        Extrusion(np.array(profile, dtype=float), height)


def test_profiles_are_numbers():
    with pytest.raises(ValueError, match="profile_mm of Extrusion holds something that is no number"):
        Extrusion([[0, 0], [1]], 1.0)
    with pytest.raises(ValueError, match="height_mm of Extrusion is 'tall'; it must be one number"):
        Extrusion([[0, 0], [1, 0], [0, 1]], "tall")
