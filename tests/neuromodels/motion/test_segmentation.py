"""The object that a context tells apart: planted ones, sign and noise, and what is refused."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromodels.motion.segmentation import BACKGROUND, normalised_cut, segment_object


def planted(mask, noise=0.1, seed=0):
    """A context with one direction inside a mask and another outside."""
    draw = np.random.default_rng(seed)
    inside, outside = draw.normal(size=(2, 16, 1, 1))
    outside -= inside * (inside * outside).sum() / (inside**2).sum()
    maps = np.where(mask, inside, outside) + noise * draw.normal(size=(16, *mask.shape))
    return torch.from_numpy(maps)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(3, 4), st.integers(3, 4), st.integers(0, 1000))
def test_a_planted_object_is_found(top, left, height, width, seed):
    mask = np.zeros((10, 11), dtype=bool)
    mask[top : top + height, left : left + width] = True
    found = segment_object(planted(mask, seed=seed))
    assert found.shape == (80, 88)
    np.testing.assert_array_equal(found[::8, ::8], mask)
    np.testing.assert_array_equal(found, mask.repeat(8, 0).repeat(8, 1))


def test_a_large_object_is_not_the_background():
    mask = np.zeros((8, 8), dtype=bool)
    mask[1:7, 1:7] = True
    np.testing.assert_array_equal(segment_object(planted(mask))[::8, ::8], mask)


def test_the_cut_solves_its_equation():
    cosines = np.corrcoef(np.random.default_rng(0).normal(size=(20, 6)))
    x = normalised_cut(cosines, 0.2)
    weights = np.where(cosines > 0.2, 1.0, BACKGROUND)
    degrees = weights.sum(axis=1)
    values, vectors = np.linalg.eigh(np.eye(20) - weights / np.sqrt(np.outer(degrees, degrees)))
    second = vectors[:, 1] / np.sqrt(degrees)
    assert abs(np.corrcoef(x, second)[0, 1]) == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(degrees * x - weights @ x, values[1] * degrees * x, atol=1e-10)


@pytest.mark.parametrize(
    ("context", "threshold", "words"),
    [
        (torch.ones(2, 3), 0.7, r"one clip with at least two places, received \(2, 3\)"),
        (torch.ones(2, 1, 1), 0.7, "at least two places"),
        (torch.ones(2, 3, 3), 1.0, "between -1 and 1, the range of cosines, received 1.0"),
    ],
)
def test_refusals(context, threshold, words):
    with pytest.raises(ValueError, match=words):
        segment_object(context, threshold=threshold)
