"""Unit kernels: their product is the similarity they were made for, in any order of the stimuli."""

import numpy as np
import pytest
from scipy.stats import kstest

from alignment.similarity import centred_kernel, cka, compare_rdms, condense_rdm, rdm, rdm_kernel, square_rdm

METHODS = ["spearman", "pearson", "cosine", "cosine_cov", "corr_cov"]


@pytest.fixture
def patterns():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((25, 40)) + 2
    return x, x[:, :9] + rng.standard_normal((25, 9)), rng.permutation(25)


@pytest.mark.parametrize("kind", ["debiased", "biased"])
@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_product_of_centred_kernels_is_cka(patterns, kind, kernel):
    x, y, order = patterns
    one, other = (centred_kernel(v, kind=kind, kernel=kernel) for v in (x, y))
    assert one.similarity(other) == pytest.approx(cka(x, y, kind=kind, kernel=kernel), abs=1e-12)
    assert one.similarity(other, order) == pytest.approx(cka(x, y[order], kind=kind, kernel=kernel), abs=1e-12)
    assert one.similarity(one) == pytest.approx(1)


@pytest.mark.parametrize("method", METHODS)
def test_product_of_rdm_kernels_is_their_comparison(patterns, method):
    x, y, order = patterns
    a, b = rdm(x), rdm(y)
    one, other = rdm_kernel(a, method=method), rdm_kernel(b, method=method)
    assert one.similarity(other) == pytest.approx(float(compare_rdms(a, b, method=method)), abs=1e-12)
    moved = condense_rdm(square_rdm(b)[np.ix_(order, order)])
    assert one.similarity(other, order) == pytest.approx(float(compare_rdms(a, moved, method=method)), abs=1e-12)


def test_null_holds_one_value_per_order(patterns):
    x, y, _ = patterns
    one, other = centred_kernel(x), centred_kernel(y)
    orders = np.stack([np.random.default_rng(seed).permutation(25) for seed in range(4)])
    np.testing.assert_allclose(one.null(other, orders), [cka(x, y[order]) for order in orders], atol=1e-12)


def test_permutation_p_values_are_uniform_without_a_relation():
    rng = np.random.default_rng(1)
    orders = np.stack([rng.permutation(15) for _ in range(99)])
    p_values = []
    for _ in range(200):
        one, other = centred_kernel(rng.standard_normal((15, 8))), centred_kernel(rng.standard_normal((15, 6)))
        p_values.append((1 + (one.null(other, orders) >= one.similarity(other)).sum()) / 100)
    # Values lie on a grid of 1/100: half a step to the left they are uniform but for its width.
    assert kstest(np.array(p_values) - 0.005, "uniform").pvalue > 0.01


def test_constant_model_explains_nothing_and_constant_data_have_no_value(patterns):
    x, _, _ = patterns
    constant, flat = np.ones((25, 3)), np.full(300, 0.3)
    assert centred_kernel(constant).similarity(centred_kernel(x)) == 0
    assert np.isnan(centred_kernel(x).similarity(centred_kernel(constant)))
    assert rdm_kernel(flat).similarity(rdm_kernel(rdm(x))) == 0
    assert np.isnan(rdm_kernel(rdm(x)).similarity(rdm_kernel(flat)))


def test_kernels_of_different_kinds_are_refused(patterns):
    x, _, _ = patterns
    with pytest.raises(ValueError, match="debiased cka of 25 stimuli cannot be compared with one for biased cka of 25"):
        centred_kernel(x).similarity(centred_kernel(x, kind="biased"))
    with pytest.raises(ValueError, match="of 25 stimuli cannot be compared with one for debiased cka of 24"):
        centred_kernel(x).similarity(centred_kernel(x[1:]))
    with pytest.raises(ValueError, match="'tau-a' is unknown here"):
        rdm_kernel(rdm(x), method="tau-a")
    with pytest.raises(ValueError, match="'unbiased' is unknown"):
        centred_kernel(x, kind="unbiased")
