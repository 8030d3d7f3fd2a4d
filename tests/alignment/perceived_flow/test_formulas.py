import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from alignment.perceived_flow.formulas import (
    agreement,
    consistency_index,
    correlation,
    direction_error,
    directions,
    endpoint_error,
    joined,
    partial_correlation,
)


def flows(seed, n=30):
    return np.random.default_rng(seed).normal(size=(3, n, 2))


@given(st.integers(0, 1000))
def test_partial_correlation_is_that_of_residuals(seed):
    x, y, z = (joined(flow) for flow in flows(seed))
    rest = [v - np.polyval(np.polyfit(z, v, 1), z) for v in (x, y)]
    assert partial_correlation(x, y, z) == pytest.approx(stats.pearsonr(*rest).statistic, abs=1e-9)
    assert correlation(x, y) == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-12)


@given(st.integers(0, 1000))
def test_consistency_index_by_a_plain_loop_and_within_its_bounds(seed):
    model, human, truth = flows(seed)
    found = consistency_index(model, human, truth)
    for m, h, g, index in zip(model, human, truth, found, strict=True):
        size = np.linalg.norm
        cosine = (h - g) @ (m - g) / size(h - g) / size(m - g)
        expected = size(g - h) / (size(g) + size(h)) * cosine * size(m - g) / (size(m - g) + size(m - h))
        assert index == pytest.approx(expected, abs=1e-12)
    assert (np.abs(found) <= 1).all()


def test_consistency_of_known_cases():
    truth = np.array([[2.0, 0.0]])
    human = np.array([[1.0, 0.0]])
    assert consistency_index(human, human, truth)[0] == pytest.approx(1 / 3)  # the same error: |G-R| / (|G|+|R|)
    assert consistency_index(np.array([[3.0, 0.0]]), human, truth)[0] == pytest.approx(-1 / 9)
    assert np.isnan(consistency_index(truth, human, truth)[0])
    assert np.isnan(consistency_index(human, truth, truth)[0])


def test_agreement_of_a_model_that_is_the_observers():
    _, human, truth = flows(0)
    found = agreement(human, human, truth)
    assert found["r_human"] == pytest.approx(1) and found["partial_r"] == pytest.approx(1)
    assert found["epe_human"] == 0 and found["direction_error_human"] == pytest.approx(0, abs=1e-5)


def test_truth_has_no_partial_correlation():
    _, human, truth = flows(1)
    found = agreement(truth, human, truth)
    assert np.isnan(found["partial_r"]) and np.isnan(found["rci"]) and found["rci_undefined"] == len(truth)


def test_directions_stay_within_half_a_circle_of_the_truth():
    model, _, truth = flows(2)
    apart = directions(model, truth) - directions(truth)
    assert (np.abs(apart) <= np.pi).all()
    turned = np.array([[np.cos(0.1), np.sin(0.1)]])
    assert direction_error(turned, np.array([[1.0, 0.0]])) == pytest.approx(np.degrees(0.1))


def test_errors_in_pixels():
    assert endpoint_error(np.array([[3.0, 4.0], [0, 0]]), np.zeros((2, 2))) == 2.5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m, h, t: (m[:5], h, t), "give three"),
        (lambda m, h, t: (m[:2], h[:2], t[:2]), "at least three places"),
        (lambda m, h, t: (m * np.nan, h, t), "30 motion vectors of the model are not finite"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        agreement(*change(*flows(0)))
