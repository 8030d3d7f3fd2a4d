"""Ranks and rank agreement against scipy, plain and with counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import kendalltau, rankdata

from alignment.similarity.ranking import RankOrder, kendall

TIED = hnp.arrays(np.int64, st.integers(1, 40), elements=st.integers(0, 6))


@settings(max_examples=50, deadline=None)
@given(values=TIED)
def test_ranks_are_those_of_scipy(values):
    np.testing.assert_array_equal(RankOrder(values).ranks(), rankdata(values))


@settings(max_examples=40, deadline=None)
@given(values=TIED, data=st.data())
def test_ranks_with_counts_are_those_in_the_sample(values, data):
    counts = data.draw(hnp.arrays(np.int64, len(values), elements=st.integers(0, 4)))
    sampled = np.repeat(np.arange(len(values)), counts)
    ranks = RankOrder(values).ranks(counts.astype(float))
    np.testing.assert_allclose(ranks[sampled], rankdata(values[sampled]))


@pytest.mark.parametrize("levels", [4, 1000])
def test_tau_counts_concordant_and_discordant_pairs(levels):
    rng = np.random.default_rng(levels)
    x, y = rng.integers(0, levels, size=(2, 60))
    signs = np.sign(x[:, None] - x) * np.sign(y[:, None] - y)
    concordance = np.triu(signs, k=1).sum()
    assert kendall(x, y, ties=False) == pytest.approx(concordance / (60 * 59 / 2))
    assert kendall(x, y, ties=True) == pytest.approx(kendalltau(x, y).statistic)


def test_tau_of_many_values_takes_no_loop_over_pairs():
    x = np.random.default_rng(0).standard_normal(300_000)
    assert kendall(x, -x, ties=False) == pytest.approx(-1)
