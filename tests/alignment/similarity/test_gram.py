"""Inner products summed over blocks of features."""

import numpy as np
import pytest

from alignment.similarity import gram


@pytest.fixture
def values():
    return np.random.default_rng(0).standard_normal((23, 150)) + 5


@pytest.mark.parametrize("block", [10**9, 23 * 64])
@pytest.mark.parametrize("centre", ["feature", "pattern", "none"])
def test_upper_triangle_is_that_of_the_product(values, centre, block, monkeypatch):
    monkeypatch.setattr(gram, "BLOCK_VALUES", block)
    centred = {
        "feature": values - values.mean(axis=0),
        "pattern": values - values.mean(axis=1, keepdims=True),
        "none": values,
    }[centre]
    np.testing.assert_allclose(
        gram.upper_gram(values, "x", centre=centre), np.triu(centred @ centred.T), rtol=1e-12, atol=1e-10
    )


def test_products_are_added_to_what_is_there(values):
    once = gram.upper_gram(values, "x", centre="none")
    both = gram.upper_gram(values, "x", centre="none", into=once.copy(), factor=-2.0)
    np.testing.assert_allclose(both, -once, rtol=1e-12)


def test_single_precision_is_summed_in_double(values):
    single = values.astype(np.float32)
    result = gram.upper_gram(single, "x", centre="feature")
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, gram.upper_gram(single.astype(float), "x", centre="feature"), rtol=1e-12)


def test_features_are_left_as_they_were(values):
    before = values.copy()
    gram.upper_gram(values, "x", centre="feature")
    np.testing.assert_array_equal(values, before)


def test_memory_map_is_read_in_blocks(values, tmp_path, monkeypatch):
    monkeypatch.setattr(gram, "BLOCK_VALUES", 23 * 64)
    file = tmp_path / "features.dat"
    mapped = np.memmap(file, dtype=np.float64, mode="w+", shape=values.shape)
    mapped[:] = values
    np.testing.assert_array_equal(
        gram.upper_gram(mapped, "x", centre="none"), gram.upper_gram(values, "x", centre="none")
    )


def test_blocks_cover_each_feature_once():
    blocks = gram.feature_blocks(100_000, 1000)
    covered = np.concatenate([np.arange(*block) for block in blocks])
    np.testing.assert_array_equal(covered, np.arange(1000))
    assert len(blocks) > 1


def test_vector_is_the_triangle_row_by_row(values):
    square = values[:, :23]
    np.testing.assert_array_equal(gram.upper_vector(square), square[np.triu_indices(23, k=1)])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros(5), r"x has shape \(5,\)"),
        (np.zeros((1, 5)), "at least 2 stimuli"),
        (np.zeros((2, 3, 4)), "average repetitions"),
        (np.array([["a"], ["b"]]), "real numbers"),
        (np.ones((3, 3)) * 1j, "real numbers"),
    ],
)
def test_other_arrays_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        gram.patterns(values, "x")
