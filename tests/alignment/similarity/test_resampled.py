"""Similarities on resampled stimuli: equal to resampling by hand, and intervals that cover."""

import itertools

import numpy as np
import pytest
from scipy.stats import kendalltau, rankdata, spearmanr

from alignment.inference import bootstrap_weights, interval
from alignment.similarity import (
    bootstrap_cka,
    bootstrap_rdm_comparison,
    centred_kernel,
    cka,
    compare_rdms,
    condense_rdm,
    corrected_draws,
    rdm,
    square_rdm,
)

METHODS = ["spearman", "pearson", "cosine", "rho-a", "tau-a", "kendall", "cosine_cov", "corr_cov"]
N = 14


@pytest.fixture
def patterns():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((N, 20))
    return x, x[:, :8] + rng.standard_normal((N, 8))


@pytest.fixture
def counts():
    return bootstrap_weights(N, None, 8, 0)


def by_hand(first, second, draw, method):
    """Similarity of the resampled RDMs, pairs of copies left out."""
    rows = np.repeat(np.arange(N), draw.astype(int))
    i, j = np.triu_indices(len(rows), k=1)
    i, j = i[rows[i] != rows[j]], j[rows[i] != rows[j]]
    a, b = (square_rdm(v)[rows[i], rows[j]] for v in (first, second))
    if method == "rho-a":
        n = len(a)
        return 12 * ((rankdata(a) - (n + 1) / 2) @ (rankdata(b) - (n + 1) / 2)) / (n**3 - n)
    if method == "tau-a":
        signs = np.sign(a[:, None] - a) * np.sign(b[:, None] - b)
        return np.triu(signs, k=1).sum() / (len(a) * (len(a) - 1) / 2)
    if method in ("spearman", "kendall"):
        return {"spearman": spearmanr, "kendall": kendalltau}[method](a, b)[0]
    if method in ("pearson", "corr_cov"):
        a, b = a - a.mean(), b - b.mean()
    v = np.eye(len(a))
    if method.endswith("_cov"):
        contrasts = np.eye(len(rows))[i] - np.eye(len(rows))[j]
        v = (contrasts @ contrasts.T) ** 2
    u, w = np.linalg.solve(v, a), np.linalg.solve(v, b)
    return a @ w / np.sqrt(a @ u * (b @ w))


@pytest.mark.parametrize("method", METHODS)
def test_draws_equal_resampled_rdms(patterns, counts, method):
    first, second = (rdm(v) for v in patterns)
    expected = [by_hand(first, second, draw, method) for draw in counts]
    np.testing.assert_allclose(bootstrap_rdm_comparison(first, second, counts, method=method), expected, atol=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_every_stimulus_once_is_the_comparison(patterns, method):
    first, second = (rdm(v) for v in patterns)
    stacks = np.stack([first, second]), np.stack([second, first**2, second + first])
    values = bootstrap_rdm_comparison(*stacks, np.ones((2, N)), method=method)
    assert values.shape == (2, 2, 3)
    np.testing.assert_allclose(values[0], compare_rdms(*stacks, method=method), atol=1e-12)
    assert bootstrap_rdm_comparison(first, stacks[1], np.ones((2, N)), method=method).shape == (2, 3)


@pytest.mark.parametrize("method", METHODS)
def test_leaving_stimuli_out_is_the_comparison_without_them(patterns, method):
    first, second = (rdm(v) for v in patterns)
    kept = np.arange(3, N)
    draw = np.isin(np.arange(N), kept)[None].astype(float)
    a, b = (condense_rdm(square_rdm(v)[np.ix_(kept, kept)]) for v in (first, second))
    value = bootstrap_rdm_comparison(first, second, draw, method=method)
    assert value[0] == pytest.approx(float(compare_rdms(a, b, method=method)), abs=1e-10)


def test_hsic_draws_average_over_different_stimuli(patterns, counts):
    """All quadruples of rows of the sample, those with a copy left out."""
    x, y = patterns
    k, m = centred_kernel(x).values, centred_kernel(y).values

    def hsic(k, m, rows):
        two, three, four = [], [], []
        for q in itertools.permutations(range(len(rows)), 4):
            a, b, c, d = rows[list(q)]
            if len({a, b, c, d}) == 4:
                four.append(k[a, b] * m[c, d])
        for q in itertools.permutations(range(len(rows)), 3):
            a, b, c = rows[list(q)]
            if len({a, b, c}) == 3:
                three.append(k[a, b] * m[a, c])
        for q in itertools.permutations(range(len(rows)), 2):
            a, b = rows[list(q)]
            if a != b:
                two.append(k[a, b] * m[a, b])
        return np.mean(two) - 2 * np.mean(three) + np.mean(four)

    rows = np.array([0, 0, 2, 3, 3, 3, 5, 7, 9])
    draw = np.bincount(rows, minlength=N)[None]
    expected = hsic(k, m, rows) / np.sqrt(hsic(k, k, rows) * hsic(m, m, rows))
    assert bootstrap_cka(x, y, draw)[0] == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("kernel", ["linear", "rbf", "precomputed"])
def test_cka_of_every_stimulus_once_and_of_fewer(patterns, kernel):
    x, y = (v @ v.T for v in patterns) if kernel == "precomputed" else patterns
    ones = np.ones((1, N))
    assert bootstrap_cka(x, y, ones, kernel=kernel)[0] == pytest.approx(cka(x, y, kernel=kernel), abs=1e-12)
    if kernel == "linear":
        assert bootstrap_cka(x, y, ones - np.eye(N)[:1])[0] == pytest.approx(cka(x[1:], y[1:]), abs=1e-12)


def test_the_origin_of_the_patterns_does_not_matter(patterns, counts):
    x, y = patterns
    draws = bootstrap_cka(x, y, counts)
    moved = x + 10
    np.testing.assert_allclose(bootstrap_cka(moved, y, counts), draws, atol=1e-10)
    kernels = moved @ moved.T, y @ y.T
    np.testing.assert_allclose(bootstrap_cka(*kernels, counts, kernel="precomputed"), draws, atol=1e-9)


def test_copies_do_not_raise_the_similarity_of_unrelated_representations():
    rng = np.random.default_rng(1)
    means = {"cka": [], "rdm": [], "copies": []}
    for seed in range(40):
        x, y = rng.standard_normal((30, 50)), rng.standard_normal((30, 40))
        draws = bootstrap_weights(30, None, 20, seed)
        means["cka"].append(bootstrap_cka(x, y, draws).mean())
        means["rdm"].append(bootstrap_rdm_comparison(rdm(x), rdm(y), draws).mean())
        rows = np.repeat(np.arange(30), draws[0].astype(int))
        means["copies"].append(cka(x[rows], y[rows]))
    for name in ("cka", "rdm"):
        assert abs(np.mean(means[name])) < 4 * np.std(means[name]) / np.sqrt(40)
    # What taking copies for different stimuli would do.
    assert np.mean(means["copies"]) > 0.3


def test_constant_model_explains_nothing_and_constant_data_have_no_value(patterns, counts):
    x, y = patterns
    assert (bootstrap_cka(np.ones((N, 3)), y, counts) == 0).all()
    assert np.isnan(bootstrap_cka(x, np.ones((N, 3)), counts)).all()
    for method in METHODS:
        flat = np.zeros(91) if method.startswith("cosine") else np.full(91, 0.3)
        assert (bootstrap_rdm_comparison(flat, rdm(y), counts, method=method) == 0).all()
        assert np.isnan(bootstrap_rdm_comparison(rdm(y), flat, counts, method=method)).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_draw_of_three_stimuli_has_no_value(patterns, method):
    x, y = patterns
    draw = np.zeros((1, N))
    draw[0, :3] = 5, 5, 4
    assert np.isnan(bootstrap_rdm_comparison(rdm(x), rdm(y), draw, method=method)).all()
    assert np.isnan(bootstrap_rdm_comparison(rdm(x), rdm(y), 0 * draw, method=method)).all()
    assert np.isnan(bootstrap_cka(x, y, draw)).all()


def test_bad_counts_are_refused(patterns):
    x, y = patterns
    first, second = rdm(x), rdm(y)
    for bad in (np.ones(N), np.ones((2, N + 1)), np.full((2, N), 0.5), -np.ones((2, N))):
        with pytest.raises(ValueError, match="whole numbers"):
            bootstrap_rdm_comparison(first, second, bad)
        with pytest.raises(ValueError, match="whole numbers"):
            bootstrap_cka(x, y, bad)
    with pytest.raises(ValueError, match="'bures' has no bootstrap"):
        bootstrap_rdm_comparison(first, second, np.ones((1, N)), method="bures")
    with pytest.raises(ValueError, match="first has 91 pairs and second 78"):
        bootstrap_rdm_comparison(first, rdm(y[1:]), np.ones((1, N)))
    with pytest.raises(ValueError, match="x has 14 stimuli and y 13"):
        bootstrap_cka(x, y[1:], np.ones((1, N)))


def test_correction_draws_in_by_the_share_of_the_jackknife():
    draws = np.array([-2.0, 0.0, 2.0, 4.0])
    left = np.array([0.9, 1.1, 0.8, 1.2, 1.0])
    share = 4 * left.var() / draws.var()
    assert share < 2 / 3
    np.testing.assert_allclose(corrected_draws(draws, 1.0, left), 1 + np.sqrt(1 / 3) * (draws - 1))
    wide = 1 + (left - 1) * 100
    np.testing.assert_allclose(corrected_draws(draws, 1.0, wide), draws)
    between = 1 + (left - 1) * np.sqrt(0.8 / share)
    np.testing.assert_allclose(corrected_draws(draws, 1.0, between), 1 + np.sqrt(0.6) * (draws - 1))
    with_gaps = corrected_draws(np.append(draws, np.nan), 1.0, left)
    np.testing.assert_allclose(with_gaps[:4], corrected_draws(draws, 1.0, left))
    assert np.isnan(with_gaps[4])
    np.testing.assert_array_equal(corrected_draws(np.zeros((3, 1)), np.zeros(1), np.zeros((5, 1))), np.zeros((3, 1)))
    assert np.isnan(corrected_draws(np.full(3, np.nan), np.nan, left)).all()
    with pytest.raises(ValueError, match="equal axes after the first"):
        corrected_draws(np.zeros((5, 2)), 0.0, np.zeros((5, 3)))


SPECTRUM = np.arange(1, 31) ** -0.5
MIXING = np.random.default_rng(1).standard_normal((30, 15)) / np.sqrt((SPECTRUM**2).sum())


def planted(rng, n, snr):
    x = rng.standard_normal((n, 30)) * SPECTRUM
    return x, snr * x @ MIXING + rng.standard_normal((n, 15))


def true_cka(snr):
    """Of infinitely many stimuli, from the covariances."""
    own = np.diag(SPECTRUM**2)
    cross = snr * own @ MIXING
    other = snr * MIXING.T @ cross + np.eye(15)
    return (cross**2).sum() / np.sqrt((own**2).sum() * (other**2).sum())


def true_spearman(snr, n=500_000):
    """From pairs of stimuli of their own, which are independent."""
    rng = np.random.default_rng(2)
    distances = []
    for one, other in zip(planted(rng, n, snr), planted(rng, n, snr), strict=True):
        one, other = (v - v.mean(axis=1, keepdims=True) for v in (one, other))
        distances.append((one * other).sum(axis=1) / np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1)))
    return spearmanr(*distances)[0]


@pytest.mark.slow
@pytest.mark.parametrize("snr", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("measure", ["cka", "spearman"])
def test_corrected_intervals_cover_the_similarity_of_all_stimuli(measure, snr):
    """Nominal 95 %, 50 stimuli; the standard error of a coverage of 95 % is 1 %."""
    rng = np.random.default_rng([3, int(10 * snr)])
    n, n_experiments, hits, plain = 50, 500, 0, 0
    truth = true_cka(snr) if measure == "cka" else true_spearman(snr)
    for seed in range(n_experiments):
        x, y = planted(rng, n, snr)
        counts = np.vstack([np.ones((1, n)), 1 - np.eye(n), bootstrap_weights(n, None, 400, seed)])
        if measure == "cka":
            values = bootstrap_cka(x, y, counts)
        else:
            values = bootstrap_rdm_comparison(rdm(x), rdm(y), counts)
        draws = values[n + 1 :]
        low, high = interval(corrected_draws(draws, values[0], values[1 : n + 1]))
        hits += low <= truth <= high
        low, high = interval(draws)
        plain += low <= truth <= high
    # Without any relation J / B falls below its bound of 2/3 in a third of the experiments: the interval errs to the wide side.
    assert 0.93 <= hits / n_experiments <= (0.97 if snr > 0 else 0.985)
    # Why draws are corrected: without, intervals of weak similarities nearly never miss.
    assert plain / n_experiments > (0.97 if snr < 1 else 0.95)
