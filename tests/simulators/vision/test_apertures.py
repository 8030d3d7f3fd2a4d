import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.vision import Display, annular_aperture, circular_aperture, make_aperture, rectangular_aperture

DISPLAY = Display(80, 100, pixels_per_degree=10, rate_hz=30)


@pytest.mark.parametrize("edge", [0, 1.0])
def test_area_of_a_disc(edge):
    # The mean of a raised cosine centred on the border is the hard disc but for the curvature of the border.
    expected = np.pi / 4 * (36 + edge**2 * (1 - 8 / np.pi**2))
    assert circular_aperture(DISPLAY, 6, edge_deg=edge).sum() / 100 == pytest.approx(expected, rel=5e-3)


def test_edges_are_raised_cosines_centred_on_the_border():
    across, _ = DISPLAY.grid()
    weights = rectangular_aperture(DISPLAY, 6, 7, edge_deg=2)[40]
    depth = 3 - abs(across[40])
    expected = np.where(depth > 1, 1, np.where(depth < -1, 0, (1 + np.sin(np.pi * depth / 2)) / 2))
    np.testing.assert_allclose(weights, expected, atol=1e-12)


def test_rings_are_discs_without_their_middle():
    ring = annular_aperture(DISPLAY, 2, 6)
    np.testing.assert_array_equal(ring, circular_aperture(DISPLAY, 6) - circular_aperture(DISPLAY, 2))


def test_a_rectangle_turned_by_a_right_angle_changes_its_sides():
    np.testing.assert_array_equal(
        rectangular_aperture(DISPLAY, 6, 2, angle_deg=90), rectangular_aperture(DISPLAY, 2, 6)
    )
    leaning = rectangular_aperture(DISPLAY, 6, 1, angle_deg=45)
    assert leaning[30, 60] == 1 and leaning[30, 40] == 0  # up and right of the middle, not up and left


def test_apertures_move_right_and_up():
    row, col = np.argwhere(circular_aperture(DISPLAY, 1, centre_deg=(2, 3))).mean(axis=0)
    assert (col - 49.5, 39.5 - row) == pytest.approx((20, 30))


@given(st.floats(0.5, 6), st.floats(0, 1))
def test_weights_are_between_hidden_and_seen(diameter, edge):
    weights = circular_aperture(DISPLAY, diameter, edge_deg=edge * diameter)
    assert weights.min() >= 0 and weights.max() <= 1
    np.testing.assert_array_equal(weights, weights[::-1, ::-1])


def test_words_name_apertures():
    for words, weights in (
        ("circle:6", circular_aperture(DISPLAY, 6)),
        ("circle:6:1.5", circular_aperture(DISPLAY, 6, edge_deg=1.5)),
        ("rectangle:6x2:0.5", rectangular_aperture(DISPLAY, 6, 2, edge_deg=0.5)),
        ("annulus:2x6", annular_aperture(DISPLAY, 2, 6)),
        (None, np.ones((80, 100))),
        (circular_aperture(DISPLAY, 3), circular_aperture(DISPLAY, 3)),
    ):
        np.testing.assert_array_equal(make_aperture(DISPLAY, words), weights)


@pytest.mark.parametrize("words", ["circle", "square:3", "circle:a", "rectangle:3", "circle:1:2:3", "annulus:1x2x3"])
def test_words_that_name_none_are_refused(words):
    with pytest.raises(ValueError, match=r"is not understood; give circle:DIAMETER\[:EDGE\]"):
        make_aperture(DISPLAY, words)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: circular_aperture(DISPLAY, 0), "diameter_deg of the aperture is 0"),
        (lambda: circular_aperture(DISPLAY, 2, edge_deg=3), "give 0 .hard. to 2"),
        (lambda: annular_aperture(DISPLAY, 3, 2), "has no ring"),
        (lambda: make_aperture(DISPLAY, np.ones((3, 3))), r"shape \(3, 3\); this display needs \(80, 100\)"),
        (lambda: make_aperture(DISPLAY, np.full((80, 100), 2.0)), "outside 0 to 1"),
    ],
)
def test_apertures_out_of_range_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
