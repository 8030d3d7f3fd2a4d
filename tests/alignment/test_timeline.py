"""Order, blocks and distances on a timeline, against plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment.timeline import Timeline


def test_rows_are_in_order_without_times():
    line = Timeline.of(4)
    assert line.place.tolist() == line.time.tolist() == line.order().tolist() == [0, 1, 2, 3]
    assert line.shortest_session() == 4


def test_times_order_the_rows_of_each_session():
    line = Timeline.of(6, np.array(["b", "a", "b", "a", "b", "a"]), np.array([3.0, 9.0, 1.0, 7.0, 2.0, 8.0]))
    assert line.session.tolist() == [1, 0, 1, 0, 1, 0]
    assert line.place.tolist() == [2, 2, 0, 0, 1, 1]
    assert line.order().tolist() == [3, 5, 1, 2, 4, 0]
    assert line.time.tolist() == [3.0, 9.0, 1.0, 7.0, 2.0, 8.0]


def test_equal_times_keep_the_order_of_the_table():
    assert Timeline.of(4, None, np.array([1, 0, 1, 0])).order().tolist() == [1, 3, 0, 2]


def test_blocks_are_contiguous_and_nearly_equal_in_every_session():
    session = np.repeat([0, 1], [7, 5])
    line = Timeline.of(12, session)
    assert line.blocks(3).tolist() == [0, 0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2]


@pytest.mark.parametrize(("reach", "expected"), [(0, [3]), (1, [2, 3, 4]), (2, [1, 2, 3, 4, 5])])
def test_near_counts_rows_on_both_sides(reach, expected):
    chosen = np.arange(8) == 3
    assert np.flatnonzero(Timeline.of(8).near(chosen, reach)).tolist() == expected


def test_nothing_is_near_across_sessions():
    line = Timeline.of(8, np.repeat([0, 1], 4))
    assert np.flatnonzero(line.near(np.arange(8) == 3, 2)).tolist() == [1, 2, 3]


def test_the_border_of_the_reach_is_near_whatever_the_rounding():
    line = Timeline.of(10, None, 0.1 * np.arange(10))
    assert np.flatnonzero(line.near(np.arange(10) == 5, 0.3)).tolist() == [2, 3, 4, 5, 6, 7, 8]


def test_labels_give_the_timeline_back_also_for_some_rows():
    line = Timeline.of(6, np.array([1, 1, 1, 2, 2, 2]), np.array([0.5, 0.1, 0.3, 2.0, 1.0, 3.0]))
    rows = np.array([5, 0, 2])
    found, embargo = Timeline.from_labels(line.labels(1.5)[rows])
    assert embargo == 1.5
    for name in ("session", "place", "time"):
        np.testing.assert_array_equal(getattr(found, name), getattr(line.at(rows), name))
    for other in (np.arange(3), np.array(["a", "b"])):
        assert Timeline.from_labels(other) is None


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30), st.booleans()), min_size=1, max_size=25),
    st.integers(0, 8),
)
@settings(max_examples=80, deadline=None)
def test_near_equals_a_plain_loop(rows, reach):
    session, time, chosen = (np.array(column) for column in zip(*rows, strict=True))
    found = Timeline.of(len(rows), session, time).near(chosen, reach)
    expected = [
        any(session[i] == session[j] and chosen[j] and abs(time[i] - time[j]) <= reach for j in range(len(rows)))
        for i in range(len(rows))
    ]
    np.testing.assert_array_equal(found, expected)
