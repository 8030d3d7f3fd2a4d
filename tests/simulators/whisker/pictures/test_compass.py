"""Scale bar and arrows: there, right, and in nobody's way."""

import numpy as np
import pytest
from matplotlib.text import Text

from simulators.whisker import mouse_array, rat_array
from simulators.whisker.pictures.compass import root_figure
from simulators.whisker.pictures.figures import array_picture, new_figure


def test_a_view_from_above_shows_right_and_rostral_and_a_length():
    ax = array_picture(mouse_array(), view="top", names=False)
    words = [text.get_text() for text in ax.texts]
    assert [word for word in words if word] == ["right", "rostral"]  # dorsal points at the viewer
    bars = [child for child in ax.get_children() if type(child).__name__ == "AnchoredSizeBar"]
    assert bars[0].txt_label.get_text().endswith(" mm")


@pytest.mark.parametrize("build", [mouse_array, rat_array])
@pytest.mark.parametrize("side", ["right", "left", "both"])
@pytest.mark.parametrize("view", ["oblique", "top", "front", "side", (140.0, 20.0)])
def test_whiskers_and_arrows_keep_apart(build, side, view):
    array = build(side)
    ax = array_picture(array, view=view, names=False)
    ax.figure.canvas.draw()
    lines = ax.collections[0]
    tips = ax.transData.transform(np.concatenate([path.vertices for path in lines.get_paths()]))
    for text in ax.texts:
        low, high = Text.get_window_extent(text).get_points()
        assert low[1] > 0 and high[0] < ax.figure.bbox.width
        assert not ((low < tips) & (tips < high)).all(axis=1).any()


def test_the_figure_of_an_axis_is_found_through_subfigures():
    figure = new_figure(4, 4)
    assert root_figure(figure.subfigures(1, 2)[1].subplots()) is figure
