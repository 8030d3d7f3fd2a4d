"""Ceilings of RDM comparisons: by hand, on planted agreement, and on noise."""

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from alignment.similarity import compare_rdms, condense_rdm, rdm, rdm_ceiling, square_rdm

METHODS = ["spearman", "pearson", "cosine", "rho-a", "tau-a", "kendall", "cosine_cov", "corr_cov"]


def subjects(n_subjects, n_stimuli=20, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    signal = rng.standard_normal((n_stimuli, 30))
    patterns = signal + noise * rng.standard_normal((n_subjects, n_stimuli, 30))
    return np.stack([rdm(p) for p in patterns]), rdm(signal)


@pytest.mark.parametrize("pooling", ["matched", "mean"])
def test_bounds_are_those_of_the_pooled_rdm(pooling):
    stack, _ = subjects(5)
    pool = np.stack([rankdata(v) for v in stack]) if pooling == "matched" else stack
    ceiling = rdm_ceiling(stack, pooling=pooling, n_permutations=0)
    upper = [spearmanr(pool.mean(axis=0), v)[0] for v in stack]
    lower = [spearmanr(np.delete(pool, s, axis=0).mean(axis=0), stack[s])[0] for s in range(5)]
    np.testing.assert_allclose(ceiling.subject_upper, upper)
    np.testing.assert_allclose(ceiling.subject_lower, lower)
    assert ceiling.upper == pytest.approx(np.mean(upper))
    assert ceiling.lower == pytest.approx(np.mean(lower))


@pytest.mark.parametrize("method", METHODS)
def test_the_truth_scores_between_the_bounds(method):
    """The truth is the RDM of very many subjects; averaged over the noise of single experiments."""
    values = []
    for seed in range(8):
        many, _ = subjects(60, noise=1.5, seed=seed)
        stack, truth = many[:4], many[4:].mean(axis=0)
        ceiling = rdm_ceiling(stack, method=method, n_permutations=0)
        values.append((ceiling.lower, compare_rdms(truth, stack, method=method).mean(), ceiling.upper))
    lower, score, upper = np.mean(values, axis=0)
    assert lower < score < upper


@pytest.mark.parametrize("method", ["spearman", "pearson", "cosine", "cosine_cov", "corr_cov"])
def test_no_rdm_scores_above_the_upper_bound_of_its_pool(method):
    stack, truth = subjects(4)
    ceiling = rdm_ceiling(stack, method=method, n_permutations=0)
    rng = np.random.default_rng(1)
    tried = np.stack([truth, stack.mean(axis=0), *stack, *(rng.random((20, 4)) @ stack)])
    # Ranks of a mean rank are not the mean ranks: spearman's pool is the best but for that.
    slack = 1e-3 if method == "spearman" else 1e-12
    assert compare_rdms(tried, stack, method=method).mean(axis=1).max() <= ceiling.upper + slack


@pytest.mark.parametrize("n_subjects", [4, 12])
def test_noise_is_not_called_reliable_although_its_upper_bound_is_high(n_subjects):
    reliable, uppers, p_values = [], [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        stack = np.stack([rdm(p) for p in rng.standard_normal((n_subjects, 12, 30))])
        ceiling = rdm_ceiling(stack, n_permutations=39, seed=seed)
        reliable.append(ceiling.reliable)
        p_values.append(ceiling.p_value)
        uppers.append(ceiling.upper)
    assert np.mean(uppers) == pytest.approx(1 / np.sqrt(n_subjects), abs=0.03)
    # Binomial: more than 6 of 30 at 5 % has a probability of 0.1 %.
    assert sum(reliable) <= 6
    assert 0.35 < np.mean(p_values) < 0.65


@pytest.mark.parametrize("method", METHODS)
def test_agreement_is_called_reliable(method):
    stack, _ = subjects(4)
    ceiling = rdm_ceiling(stack, method=method, n_permutations=39)
    assert ceiling.reliable
    assert ceiling.p_value == pytest.approx(1 / 40)
    assert ceiling.null_upper.max() < ceiling.upper


def test_ceiling_says_what_noise_would_give():
    stack, _ = subjects(4)
    assert rdm_ceiling(stack, n_permutations=39).describe().endswith("p = 0.025; reliable")
    noise = np.stack([rdm(p) for p in np.random.default_rng(0).standard_normal((4, 15, 30))])
    text = rdm_ceiling(noise, n_permutations=39).describe()
    assert "upper ceiling of shuffled stimuli 0." in text
    assert text.endswith("not reliable: no score should be divided by it")
    untested = rdm_ceiling(stack, n_permutations=0)
    assert untested.describe().endswith("not tested against noise")
    assert not untested.reliable
    assert np.isnan(untested.p_value)


def test_the_seed_decides_the_shuffles():
    stack, _ = subjects(3)
    nulls = [rdm_ceiling(stack, n_permutations=5, seed=seed).null_upper for seed in (0, 0, 1)]
    np.testing.assert_array_equal(nulls[0], nulls[1])
    assert not np.array_equal(nulls[0], nulls[2])


def test_shuffles_move_stimuli_and_not_pairs():
    """One odd stimulus stays odd wherever it goes, so that two subjects share it or do not: two values in all."""
    odd = square_rdm(np.zeros(45))
    odd[3] = odd[:, 3] = 1
    odd[3, 3] = 0
    stack = np.stack([condense_rdm(odd), condense_rdm(odd) * 2])
    null = rdm_ceiling(stack, method="pearson", n_permutations=100).null_upper
    assert len(np.unique(null.round(9))) == 2
    # One in ten shuffles puts both at one place.
    assert 2 <= (null > 0.999).sum() <= 22


@pytest.mark.parametrize(
    ("rdms", "options", "message"),
    [
        (np.ones((1, 3)), {}, "at least 2 subjects"),
        (np.ones(3), {}, "at least 2 subjects"),
        (np.array([[1.0, 1, 1], [1, 2, 3]]), {}, "1 of 2 subjects are all equal"),
        (np.array([[1.0, np.nan, 1], [1, 2, 3]]), {}, "1 NaN"),
        (np.eye(3), {"method": "bures"}, "'bures' has no ceiling here"),
        (np.eye(3), {"pooling": "rank"}, "'rank' is unknown; accepted are matched, mean"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(rdms, options, message):
    with pytest.raises(ValueError, match=message):
        rdm_ceiling(rdms, **options)
