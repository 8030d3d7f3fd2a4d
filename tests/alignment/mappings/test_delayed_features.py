"""Delayed copies of features, against a plain loop over samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.estimator_checks import parametrize_with_checks

from alignment.mappings import Delays, complete_rows


def slow_delayed(x, delays, runs):
    """Sample by sample, delay by delay."""
    made = np.zeros((len(x), len(delays), x.shape[1]))
    for t in range(len(x)):
        for place, delay in enumerate(delays):
            if 0 <= t - delay < len(x) and runs[t - delay] == runs[t]:
                made[t, place] = x[t - delay]
    return made.reshape(len(x), -1)


# Delays look at neighbouring rows by design, so only the delay of none is independent of their order.
@parametrize_with_checks([Delays((0,))])
def test_scikit_learn_conformance(estimator, check):
    check(estimator)


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 7), min_size=1, max_size=4),
    delays=st.lists(st.integers(-9, 9), min_size=1, max_size=4, unique=True),
)
def test_delays_equal_a_plain_loop(lengths, delays):
    runs = np.repeat(np.arange(len(lengths)), lengths)
    x = np.random.default_rng(0).standard_normal((len(runs), 2))
    expected = slow_delayed(x, delays, runs)
    if len(x) == 1:
        return
    model = Delays(delays)
    assert np.array_equal(model.fit(x).transform(x, runs), expected)
    known = slow_delayed(np.ones((len(x), 1)), delays, runs).all(axis=1)
    assert np.array_equal(complete_rows(len(x), delays, runs), known)
    assert model.memory_samples == max(abs(delay) for delay in delays)


def test_without_runs_the_series_is_one():
    x = np.arange(8.0).reshape(4, 2) + 1
    made = Delays((1, 0)).fit_transform(x)
    assert made.tolist() == [[0, 0, 1, 2], [1, 2, 3, 4], [3, 4, 5, 6], [5, 6, 7, 8]]


def test_precision_is_kept():
    x = np.ones((5, 2), dtype=np.float32)
    assert Delays((0, 2)).fit_transform(x).dtype == np.float32


def test_names_of_delayed_features():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(np.ones((5, 2)), columns=["level", "slope"])
    model = Delays((1, 4)).fit(table)
    assert model.get_feature_names_out().tolist() == ["level@1", "slope@1", "level@4", "slope@4"]
    assert Delays((1,)).fit(table.to_numpy()).get_feature_names_out().tolist() == ["x0@1", "x1@1"]
    with pytest.raises(ValueError, match="must name 2 features, received 1"):
        model.get_feature_names_out(["level"])


@pytest.mark.parametrize("delays", [(), (1, 1), (0.5,), ("1",), ((1, 2), (3, 4))])
def test_delays_that_are_none(delays):
    with pytest.raises(ValueError, match="delays must be different whole numbers"):
        Delays(delays).fit(np.ones((5, 2)))


def test_runs_must_stand_together():
    x = np.ones((4, 1))
    with pytest.raises(ValueError, match="2 runs in 3 pieces"):
        Delays((1,)).fit(x).transform(x, ["a", "b", "a", "a"])
    with pytest.raises(ValueError, match="one label for each of 4 samples"):
        Delays((1,)).fit(x).transform(x, ["a", "b"])
