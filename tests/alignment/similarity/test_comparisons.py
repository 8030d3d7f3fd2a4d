"""Comparisons of RDMs against scipy, the covariance of the distances written out, and known answers."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.stats import kendalltau, pearsonr, spearmanr

from alignment.similarity import cka, compare_rdms, rdm, square_rdm
from alignment.similarity.comparisons import WEIGHTED

METHODS = ["spearman", "pearson", "cosine", "cosine_cov", "corr_cov", "rho-a", "tau-a", "kendall", "bures"]
RANKS = ["spearman", "rho-a", "tau-a", "kendall"]


@pytest.fixture
def stacks():
    rng = np.random.default_rng(0)
    first = np.stack([rdm(rng.standard_normal((14, 6))) for _ in range(2)])
    return first, np.stack([first[0] + 0.2 * rng.random(91), rdm(rng.standard_normal((14, 5))), first[1] ** 2])


def whitened_product(a, b, sigma):
    """a' V^-1 b with V written out."""
    n = len(sigma)
    contrasts = np.zeros((n * (n - 1) // 2, n))
    for row, (i, j) in enumerate(itertools.combinations(range(n), 2)):
        contrasts[row, i], contrasts[row, j] = 1, -1
    return a @ np.linalg.solve((contrasts @ sigma @ contrasts.T) ** 2, b)


def slow(a, b, method):
    if method == "cosine":
        return a @ b / np.sqrt(a @ a * (b @ b))
    if method in ("cosine_cov", "corr_cov"):
        a, b = (v - v.mean() if method == "corr_cov" else v for v in (a, b))
        product = lambda x, y: whitened_product(x, y, np.eye(14))  # noqa: E731
        return product(a, b) / np.sqrt(product(a, a) * product(b, b))
    if method == "bures":
        h = np.eye(14) - 1 / 14
        one, other = (h @ square_rdm(v) @ h / -2 for v in (a, b))
        root = sqrtm(one).real
        return sqrtm(root @ other @ root).real.trace() / np.sqrt(one.trace() * other.trace())
    known = {"spearman": spearmanr, "pearson": pearsonr, "kendall": kendalltau, "tau-a": kendalltau, "rho-a": spearmanr}
    return known[method](a, b)[0]


@pytest.mark.parametrize("method", METHODS)
def test_stack_is_compared_with_stack(stacks, method):
    first, second = stacks
    values = compare_rdms(first, second, method=method)
    assert values.shape == (2, 3)
    # The last of the second stack is a square, whose centred kernel bures may cut; the loop knows that for none.
    for i, j in itertools.product(range(2), range(2)):
        assert values[i, j] == pytest.approx(
            slow(first[i], second[j], method), abs=1e-6 if method == "bures" else 1e-10
        )


@pytest.mark.parametrize("method", METHODS)
def test_vectors_drop_their_axis(stacks, method):
    first, second = stacks
    whole = compare_rdms(first, second, method=method)
    np.testing.assert_allclose(compare_rdms(first[0], second, method=method), whole[0], atol=1e-12)
    np.testing.assert_allclose(compare_rdms(first, second[1], method=method), whole[:, 1], atol=1e-12)
    assert compare_rdms(first[0], second[1], method=method).shape == ()


@pytest.mark.parametrize("method", METHODS)
def test_an_rdm_is_most_similar_to_itself(stacks, method):
    assert compare_rdms(stacks[0][0], stacks[0][0], method=method) == pytest.approx(1, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), method=st.sampled_from(METHODS))
def test_comparison_is_symmetric_and_ignores_scale(seed, method):
    rng = np.random.default_rng(seed)
    a, b = rdm(rng.standard_normal((8, 9))), rdm(rng.standard_normal((8, 9)))
    value = compare_rdms(a, b, method=method)
    assert compare_rdms(b, a, method=method) == pytest.approx(value, abs=1e-7)
    assert compare_rdms(3 * a, b / 7, method=method) == pytest.approx(value, abs=1e-7)
    assert abs(value) <= 1 + 1e-12


@pytest.mark.parametrize("method", RANKS)
def test_ranks_ignore_what_keeps_the_order(stacks, method):
    a, b = stacks[0][0], stacks[1][1]
    assert compare_rdms(np.exp(5 * a), b**3, method=method) == pytest.approx(compare_rdms(a, b, method=method))


@pytest.mark.parametrize("method", ["cosine_cov", "corr_cov"])
@pytest.mark.parametrize("kind", ["diagonal", "full"])
def test_whitening_equals_the_covariance_written_out(stacks, method, kind):
    rng = np.random.default_rng(1)
    root = rng.standard_normal((14, 30))
    sigma = root @ root.T / 30 if kind == "full" else np.diag(rng.uniform(0.3, 3, size=14))
    a, b = stacks[0][0], stacks[1][1]
    x, y = (v - v.mean() if method == "corr_cov" else v for v in (a, b))
    expected = whitened_product(x, y, sigma) / np.sqrt(whitened_product(x, x, sigma) * whitened_product(y, y, sigma))
    given = sigma if kind == "full" else np.diag(sigma)
    assert compare_rdms(a, b, method=method, sigma_k=given) == pytest.approx(expected, abs=1e-9)


def test_equal_noise_is_the_default_of_whitening(stacks):
    a, b = stacks[0][0], stacks[1][1]
    plain = compare_rdms(a, b, method="cosine_cov")
    assert compare_rdms(a, b, method="cosine_cov", sigma_k=np.full(14, 3.0)) == pytest.approx(plain)
    assert compare_rdms(a, b, method="cosine_cov", sigma_k=np.eye(14) + 5) == pytest.approx(plain)


def test_whitened_cosine_of_euclidean_distances_is_biased_cka():
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((20, 7)), rng.standard_normal((20, 4))
    value = compare_rdms(rdm(x, method="euclidean"), rdm(y, method="euclidean"), method="cosine_cov")
    assert value == pytest.approx(cka(x, y, kind="biased"))


def test_rho_a_is_the_mean_over_random_ways_to_break_ties():
    rng = np.random.default_rng(3)
    model = rng.integers(0, 2, size=45).astype(float)
    data = model + rng.random(45)
    broken = np.argsort(np.argsort(model + 1e-3 * rng.random((4000, 45)), axis=1), axis=1)
    drawn = 12 * (broken - 22) @ (np.argsort(np.argsort(data)) - 22) / (45**3 - 45)
    value = compare_rdms(model, data, method="rho-a")
    assert value == pytest.approx(drawn.mean(), abs=4 * drawn.std() / np.sqrt(4000))
    assert value < compare_rdms(model, data, method="spearman")


def test_ties_make_spearman_and_kendall_favour_categories():
    """The truth itself scores lower than its categories where ties are taken out of the denominator."""
    data = np.linspace(0, 1, 45)
    categories = (data > 0.5).astype(float)
    assert compare_rdms(categories, data, method="rho-a") < compare_rdms(categories, data, method="spearman")
    assert compare_rdms(categories, data, method="tau-a") < compare_rdms(categories, data, method="kendall")


@pytest.mark.parametrize("method", WEIGHTED)
def test_whole_weights_are_copies_of_pairs(stacks, method):
    counts = np.random.default_rng(4).integers(0, 4, size=91)
    a, b = stacks[0][0], stacks[1][1]
    x, y = np.repeat(a, counts), np.repeat(b, counts)
    if method == "rho-a":
        # Copies tie, so that the Pearson form and the count of all pairs differ: take the formula.
        n = counts.sum()
        from scipy.stats import rankdata

        expected = 12 * ((rankdata(x) - (n + 1) / 2) @ (rankdata(y) - (n + 1) / 2)) / (n**3 - n)
    else:
        expected = slow(x, y, method)
    assert compare_rdms(a, b, method=method, weights=counts) == pytest.approx(expected)


@pytest.mark.parametrize("method", METHODS)
def test_constant_model_explains_nothing_and_constant_data_have_no_value(stacks, method):
    constant = np.zeros(91) if method in ("cosine", "cosine_cov", "bures") else np.full(91, 0.3)
    assert compare_rdms(constant, stacks[0][0], method=method) == 0
    assert np.isnan(compare_rdms(stacks[0][0], constant, method=method))


@pytest.mark.parametrize(
    ("first", "second", "options", "message"),
    [
        (np.ones(3), np.ones(6), {}, "first has 3 pairs and second 6"),
        (np.array([1, np.nan, 2]), np.ones(3), {}, "first holds 1 NaN or infinite distances of 3"),
        (np.ones(3), np.ones(4), {}, "4 values, which is n"),
        (np.ones(3), np.ones((1, 1, 3)), {}, r"second has shape \(1, 1, 3\)"),
        (np.ones(3), np.ones(3), {"method": "corr"}, "'corr' is unknown; accepted are spearman"),
        (np.ones(3), np.ones(3), {"sigma_k": np.ones(3)}, "'spearman' takes no sigma_k"),
        (np.ones(3), np.ones(3), {"method": "tau-a", "weights": np.ones(3)}, "'tau-a' takes no weights"),
        (np.ones(3), np.ones(3), {"weights": -np.ones(3)}, "not negative"),
        (np.ones(3), np.ones(3), {"weights": np.ones(2)}, "accepted are 3 finite values"),
        (np.ones(3), np.ones(3), {"method": "cosine_cov", "sigma_k": np.ones(4)}, "with 3 stimuli"),
        (
            np.arange(3.0),
            np.arange(3.0),
            {"method": "cosine_cov", "sigma_k": np.diag([1.0, 0, 0])},
            "not positive definite",
        ),
    ],
)
def test_bad_input_is_refused_in_a_sentence(first, second, options, message):
    with pytest.raises(ValueError, match=message):
        compare_rdms(first, second, **options)
