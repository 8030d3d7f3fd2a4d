"""Figures of RDMs show what they were given."""

import numpy as np
import pytest

from alignment.similarity import compare_rdms, plot_rdm, plot_rdm_comparison, rdm, square_rdm


@pytest.fixture
def vector():
    return rdm(np.random.default_rng(0).standard_normal((12, 9)))


def shown(ax):
    return np.ma.filled(ax.images[0].get_array(), np.nan)


def test_heat_map_shows_the_distances_without_the_diagonal(vector):
    square = square_rdm(vector)
    for given in (vector, square):
        image = shown(plot_rdm(given))
        assert np.isnan(np.diag(image)).all()
        off = ~np.eye(12, dtype=bool)
        np.testing.assert_array_equal(image[off], square[off])


def test_order_sorts_rows_columns_and_labels(vector):
    labels = np.array(["b", "a", "c"] * 4)
    order = np.argsort(labels, kind="stable")
    ax = plot_rdm(vector, labels=labels, order=order)
    off = ~np.eye(12, dtype=bool)
    np.testing.assert_array_equal(shown(ax)[off], square_rdm(vector)[np.ix_(order, order)][off])
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a", "b", "c"]
    np.testing.assert_array_equal(ax.get_yticks(), [1.5, 5.5, 9.5])


def test_groups_are_set_apart_by_lines(vector):
    ax = plot_rdm(vector, labels=["a"] * 5 + ["b"] * 7)
    assert [line.get_ydata()[0] for line in ax.lines] == [4.5, 0]
    assert len(plot_rdm(vector).lines) == 0


def test_colours_are_named(vector):
    ax = plot_rdm(vector, quantity="1 - Pearson r")
    assert ax.figure.axes[1].get_ylabel() == "1 - Pearson r"


def test_comparison_shows_every_pair_and_the_similarity(vector):
    other = vector**2
    ax = plot_rdm_comparison(vector, other, method="pearson", names=("model", "IT"))
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), vector)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), other)
    value = compare_rdms(vector, other, method="pearson")
    assert ax.get_title() == f"pearson {value:.3f}, 66 pairs"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("model", "IT")


def test_many_pairs_are_counted_in_hexagons():
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 150 * 149 // 2))
    ax = plot_rdm_comparison(a, b)
    assert not ax.lines
    assert ax.collections[0].get_array().sum() == len(a)


def test_given_axis_is_used(vector):
    from matplotlib.figure import Figure

    one, other = Figure().subplots(1, 2)
    assert plot_rdm(vector, ax=one) is one
    assert plot_rdm_comparison(vector, vector, ax=other) is other


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": ["a"]}, "1 labels for 12 stimuli"),
        ({"order": np.zeros(12, dtype=int)}, "each of the 12 rows once"),
    ],
)
def test_labels_and_order_must_fit(vector, options, message):
    with pytest.raises(ValueError, match=message):
        plot_rdm(vector, **options)


def test_comparison_takes_one_rdm_each(vector):
    with pytest.raises(ValueError, match="2 and 1 RDMs"):
        plot_rdm_comparison(np.stack([vector, vector]), vector)
