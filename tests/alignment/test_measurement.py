"""Measurements: p of every neuroid, and one labelled dataset out of many."""

import numpy as np

from alignment.ceilings import CeilingEstimate
from alignment.measurement import Measurement, assemble, p_values
from alignment.relation_ceiling import BandEstimate

SUBJECT = np.array(["a", "a", "b"])


def measured(seed, *, n_permutations=4, **chosen):
    rng = np.random.default_rng(seed)
    return Measurement(
        rng.standard_normal((2, 3)),
        rng.standard_normal(5),
        rng.standard_normal(5),
        rng.standard_normal((2, 3)),
        chosen,
        rng.standard_normal(n_permutations),
        rng.random(3),
    )


def test_p_counts_the_permutations_that_reach_the_value():
    null = np.array([[0.1, 0.5, 0.0], [0.2, 0.5, 0.0], [0.3, 0.4, 0.0]])
    np.testing.assert_allclose(p_values(np.array([0.25, 0.5, 1.0]), null), [2 / 4, 3 / 4, 1 / 4])


def test_p_of_nothing_is_nan():
    assert np.isnan(p_values(np.array([0.1, 0.2]), np.empty((0, 2)))).all()
    found = p_values(np.array([np.nan, 0.2]), np.array([[0.1, np.nan], [0.3, 0.5]]))
    assert np.isnan(found[0])
    assert found[1] == 1.0  # a permutation without a value counts as extreme


def test_numbers_keep_their_places():
    layers = {"first": measured(0, alpha=np.full((2, 3), 7.0), at_edge=np.eye(2, 3, dtype=bool)), "second": measured(1)}
    nulls = {"noise": measured(2, n_permutations=0)}
    ceiling = CeilingEstimate(np.array([0.5, 0.6, 0.7]), np.arange(15.0).reshape(5, 3))
    data = assemble(layers, nulls, ceiling, SUBJECT, {"neuroid_id": np.array(["x", "y", "z"])})
    for name, one in layers.items():
        at = data.sel(layer=name)
        np.testing.assert_array_equal(at["raw"], one.raw)
        np.testing.assert_array_equal(at["inner_r2"], one.quality)
        np.testing.assert_array_equal(at["draws_raw"], one.draws_raw)
        np.testing.assert_array_equal(at["draws_ceiled"], one.draws_ceiled)
        np.testing.assert_array_equal(at["null_raw"], one.null)
        np.testing.assert_array_equal(at["p_neuroid"], one.p_neuroid)
    np.testing.assert_array_equal(data["baseline_raw"].sel(baseline="noise"), nulls["noise"].raw)
    assert (data["alpha"].sel(layer="first") == 7).all() and data["alpha"].sel(layer="second").isnull().all()
    assert data["at_edge"].sel(layer="first").values.tolist() == np.eye(2, 3).astype(int).tolist()
    assert data["at_edge"].sel(layer="second").sum() == 0
    # Median over the neuroids of a subject, mean over subjects.
    np.testing.assert_allclose(data["draws_ceiling"], [(3 * row + 0.5 + 3 * row + 2) / 2 for row in range(5)])
    assert data["subject"].values.tolist() == ["a", "a", "b"] and data["neuroid_id"].values.tolist() == ["x", "y", "z"]
    assert "ceiling_upper" not in data


def test_bounds_and_what_was_not_computed():
    layers = {"only": measured(0, n_permutations=0)}
    band = BandEstimate(np.array([0.1, 0.2, 0.3]), np.zeros((5, 3)), np.array([0.4, 0.5, 0.6]))
    data = assemble(layers, {"noise": measured(1)}, band, SUBJECT, {})
    np.testing.assert_array_equal(data["ceiling_upper"], [0.4, 0.5, 0.6])
    assert "null_raw" not in data and "p_neuroid" not in data
    bare = assemble(layers, {"noise": measured(1)}, CeilingEstimate(np.full(3, np.nan), None), SUBJECT, {})
    assert "draws_ceiling" not in bare
