"""Averages over time bins against integrals of a step function, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment.brainscore.time_bins import as_bins, overlap_weights


def test_equal_and_partial_bins():
    own = [(0, 10), (10, 20), (20, 40)]
    weights = overlap_weights(own, [(0, 10), (5, 15), (10, 40), (25, 30)])
    assert np.allclose(weights, [[1, 0, 0], [0.5, 0.5, 0], [0, 1 / 3, 2 / 3], [0, 0, 1]])


@given(
    st.lists(st.integers(1, 20), min_size=1, max_size=6),
    st.lists(st.floats(0, 1), min_size=2, max_size=2, unique=True),
)
def test_weights_are_the_mean_over_time_of_a_step_function(lengths, ends):
    edges = np.concatenate([[0], np.cumsum(lengths)])
    start, end = sorted(edge * edges[-1] for edge in ends)
    if end - start < 1e-3:
        return
    own = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    values = np.arange(1.0, len(own) + 1)
    times = start + (np.arange(20_000) + 0.5) * (end - start) / 20_000
    expected = values[np.minimum(np.searchsorted(edges, times, side="right") - 1, len(own) - 1)].mean()
    weights = overlap_weights(own, [(start, end)])
    assert weights.sum() == pytest.approx(1)
    assert float((weights @ values)[0]) == pytest.approx(expected, abs=1e-2)


@pytest.mark.parametrize("wanted", [(-5, 5), (35, 45), (50, 60), (10, 10), (12, 8)])
def test_bin_that_is_not_covered_is_refused(wanted):
    with pytest.raises(ValueError, match=r"the model's steps cover 0-40 ms; a bin must have a length"):
        overlap_weights([(0, 20), (20, 40)], [wanted])


def test_gap_is_named():
    with pytest.raises(ValueError, match="cover 0-40 ms with gaps"):
        overlap_weights([(0, 10), (20, 40)], [(0, 40)])


@pytest.mark.parametrize("own", [[(0, 10), (5, 15)], [(10, 20), (0, 10)], [(0, 0)], [0, 10]])
def test_steps_out_of_order_are_refused(own):
    with pytest.raises(ValueError, match="in order and without overlap"):
        overlap_weights(own, [(0, 5)])


def test_bins_are_read_from_all_that_brain_score_hands_over():
    inside = np.empty((), dtype=object)
    inside[()] = (70, 170)
    assert as_bins([inside]) == [(70, 170)]
    assert as_bins(np.array([[0, 10], [10, 20]])) == [(0, 10), (10, 20)]
    assert as_bins(None) == []
