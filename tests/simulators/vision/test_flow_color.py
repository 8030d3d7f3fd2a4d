import numpy as np
import pytest

from simulators.vision import flow_legend, flow_to_rgb
from simulators.vision.flow_color import color_wheel


def colour(right, down, **options):
    return flow_to_rgb(np.array([right, down], dtype=float).reshape(2, 1, 1), **options)[0, 0].tolist()


def test_the_wheel_has_its_55_colours():
    wheel = color_wheel()
    assert wheel.shape == (55, 3) and wheel.min() == 0 and wheel.max() == 255
    corners = np.cumsum([0, 15, 6, 4, 11, 13])
    assert wheel[corners].tolist() == [
        [255, 0, 0],
        [255, 255, 0],
        [0, 255, 0],
        [0, 255, 255],
        [0, 0, 255],
        [255, 0, 255],
    ]
    assert wheel[5].tolist() == [255, 85, 0] and wheel[16].tolist() == [213, 255, 0]


def test_still_is_white_and_unknown_black():
    assert colour(0, 0, max_speed=1) == [255, 255, 255]
    assert colour(np.nan, 0, max_speed=1) == [0, 0, 0]
    assert flow_to_rgb(np.zeros((5, 2, 3, 4))).shape == (5, 3, 4, 3)


@pytest.mark.parametrize("angle", np.linspace(-3.0, 3.0, 13))
def test_colours_follow_the_published_formula(angle):
    right, down = np.cos(angle), np.sin(angle)
    wheel = color_wheel() / 255
    place = (np.arctan2(-down, -right) / np.pi + 1) / 2 * 54
    low = int(place)
    hue = wheel[low] + (place - low) * (wheel[(low + 1) % 55] - wheel[low])
    assert colour(0.4 * right, 0.4 * down, max_speed=1) == np.floor(255 * (1 - 0.4 * (1 - hue))).astype(int).tolist()
    assert colour(3 * right, 3 * down, max_speed=1) == np.floor(255 * 0.75 * hue).astype(int).tolist()


def test_directions_have_their_colours():
    assert colour(1, 0)[0] == 255 and max(colour(1, 0)[1:]) < 60  # right is red
    assert min(colour(0, 1)[:2]) > 200 and colour(0, 1)[2] == 0  # down is yellow
    assert colour(-1, 0)[0] == 0 and min(colour(-1, 0)[1:]) > 200  # left is cyan


def test_the_legend_is_a_disk():
    picture = flow_legend(51)
    assert picture.shape == (51, 51, 3) and picture[25, 25].tolist() == [255, 255, 255]
    assert picture[0, 0].tolist() == [0, 0, 0] and picture[25, 50].tolist() == colour(1, 0, max_speed=1)


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"flow has shape \(3, 4, 5\)"):
        flow_to_rgb(np.zeros((3, 4, 5)))
    with pytest.raises(ValueError, match="max_speed is 0"):
        flow_to_rgb(np.zeros((2, 4, 5)), max_speed=0)
    with pytest.raises(ValueError, match="side of a legend is 2"):
        flow_legend(2)
