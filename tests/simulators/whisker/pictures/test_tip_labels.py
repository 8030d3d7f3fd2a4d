"""Names in pictures: each once, none over another."""

import numpy as np
import pytest
from matplotlib.text import Text

from simulators.whisker import mouse_array, rat_array
from simulators.whisker.pictures.figures import array_picture


@pytest.mark.parametrize("build", [mouse_array, rat_array])
@pytest.mark.parametrize("view", ["oblique", "top", "front", "side"])
def test_names_of_an_array_do_not_overlap(build, view):
    array = build()
    ax = array_picture(array, view=view)
    ax.figure.canvas.draw()
    labels = [text for text in ax.texts if text.get_text() in array.names]
    assert sorted(text.get_text() for text in labels) == sorted(array.names)
    boxes = np.array([Text.get_window_extent(text).extents for text in labels])
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    np.fill_diagonal(shared, 0)
    assert shared.max() == 0
    assert boxes.min() > 0  # nothing is cut off
    assert (boxes[:, 2:] < ax.figure.bbox.size).all()
