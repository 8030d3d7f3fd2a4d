"""Where objects pass unless the user says: beside the base points, in proportion to the whiskers."""

import numpy as np
import pytest

from simulators.whisker.commands.default_place import default_place
from simulators.whisker.geometry.array import mouse_array, rat_array
from simulators.whisker.stimuli.placement import posed_for_sweeps


def test_the_mouse_has_the_distances_of_the_published_sweeps():
    for preset in ("proper", "whiskit"):
        assert default_place(posed_for_sweeps(mouse_array(preset=preset))).distances_mm == (5.0, 8.0)


@pytest.mark.parametrize("seed", [None, *range(5)])
@pytest.mark.parametrize("build", [mouse_array, rat_array])
def test_places_lie_beside_the_base_points_and_among_the_whiskers(build, seed):
    array = build(scatter_seed=seed)
    place, bases, tips = default_place(array), array.base_points_mm(), array.centre_lines_mm(2)[:, -1]
    near, far = place.distances_mm
    assert bases[:, 0].max() + 3.0 < near < far < tips[:, 0].max()
    low, high = place.heights_mm
    assert tips[:, 2].min() < low < place.height_mm < high < tips[:, 2].max()


def test_only_the_right_side_counts():
    for array in (rat_array("both"), posed_for_sweeps(mouse_array("both"))):
        right = array.subset([name for name in array.names if name.startswith("R")])
        assert default_place(array) == default_place(right)


def test_places_move_with_the_head():
    array = rat_array()
    one, other = default_place(array), default_place(array.posed((10.0, 4.0, -2.0)))
    np.testing.assert_allclose(np.subtract(other.distances_mm, one.distances_mm), 10.0)
    assert other.height_mm - one.height_mm == pytest.approx(-2.0)
