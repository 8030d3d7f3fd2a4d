"""Metrics by name, and what the similarities pool, select and permute."""

import numpy as np
import pytest
from scipy.stats import rankdata, zscore

from alignment import Cka, NeuroidRidge, Rsa, make_metric
from alignment.mappings import PLS, LeastSquares, Mapping, OneToOne, SoftMatching
from alignment.metrics import METRICS, Similarity, protocol_steps
from alignment.similarity import bootstrap_cka, bootstrap_rdm_comparison, cka, compare_rdms, condense_rdm, rdm
from data import SplitSpec, UnknownNameError

COMPARISONS = ("spearman", "pearson", "cosine", "rho-a", "tau-a", "cosine_cov", "corr_cov")
rng = np.random.default_rng(0)
FIRST, SECOND, THIRD = (rng.standard_normal((12, 6)) for _ in range(3))
ORDERS = np.stack([rng.permutation(12) for _ in range(4)])
COUNTS = rng.multinomial(12, np.full(12, 1 / 12), size=4).astype(float)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ridge", NeuroidRidge),
        ("pls", PLS),
        ("linear", LeastSquares),
        ("one-to-one", OneToOne),
        ("hungarian", OneToOne),
        ("soft-matching", SoftMatching),
        ("rsa", Rsa),
        ("cka", Cka),
    ],
)
def test_every_name_makes_its_metric(name, kind):
    made = make_metric(name)
    assert type(made) is kind
    assert isinstance(made, Mapping) != isinstance(made, Similarity)
    assert made.describe()
    assert set(METRICS) == {"ridge", "pls", "linear", "one-to-one", "hungarian", "soft-matching", "rsa", "cka"}


def test_options_reach_the_metric():
    assert make_metric("rsa", comparison="cosine", method="euclidean") == Rsa("euclidean", "cosine")
    assert make_metric("hungarian").assignment == "hungarian"
    assert make_metric("pls", n_components=3).n_components == 3


def test_unknown_names_and_options_are_refused():
    with pytest.raises(UnknownNameError, match="there is no metric 'rigde'; closest: ridge"):
        make_metric("rigde")
    with pytest.raises(ValueError, match="metric 'cka' does not take these options: .*alphas"):
        make_metric("cka", alphas=[1])
    with pytest.raises(ValueError, match="Rsa: method must be one of correlation, euclidean, received 'cosine'"):
        Rsa(method="cosine")
    with pytest.raises(ValueError, match="Rsa: comparison must be one of spearman, .* received 'kendall'"):
        Rsa(comparison="kendall")


def test_correlation_distance_needs_three_units():
    with pytest.raises(ValueError, match=r"over 2 unit\(s\) says nothing; use Rsa\(method='euclidean'\)"):
        Rsa().relate(FIRST[:, :2])
    assert Rsa("euclidean").relate(FIRST[:, :1]).shape == (12, 12)


@pytest.mark.parametrize("comparison", COMPARISONS)
@pytest.mark.parametrize("method", ["correlation", "euclidean"])
def test_rsa_is_the_comparison_of_two_matrices(method, comparison):
    metric = Rsa(method, comparison)
    first, second = metric.relate(FIRST), metric.relate(SECOND)
    vectors = [rdm(one, method=method) for one in (FIRST, SECOND)]
    np.testing.assert_array_equal(condense_rdm(first), vectors[0])
    assert metric.compare(first, second) == pytest.approx(float(compare_rdms(*vectors, method=comparison)))
    rows = np.array([7, 2, 9, 4, 11])
    chosen = metric.select(first, rows)
    np.testing.assert_allclose(chosen, metric.relate(FIRST[rows]), atol=1e-12)
    drawn = bootstrap_rdm_comparison(*vectors, COUNTS, method=comparison)
    np.testing.assert_array_equal(metric.draws(first, second, COUNTS), drawn)


@pytest.mark.parametrize("metric", [*(Rsa(comparison=name) for name in COMPARISONS), Cka(), Cka("biased")], ids=str)
def test_null_moves_the_stimuli_of_the_second(metric):
    first, second = metric.relate(FIRST), metric.relate(SECOND)
    expected = [metric.compare(first, metric.relate(SECOND[order])) for order in ORDERS]
    np.testing.assert_allclose(metric.null(first, second, ORDERS), expected, atol=1e-10)
    assert metric.null(first, second, ORDERS[:0]).shape == (0,)


@pytest.mark.parametrize(
    ("comparison", "share"),
    [
        ("spearman", rankdata),
        ("rho-a", rankdata),
        ("tau-a", rankdata),
        ("pearson", zscore),
        ("cosine", lambda vector: vector / np.linalg.norm(vector)),
    ],
)
def test_pooled_subjects_count_alike(comparison, share):
    metric = Rsa("euclidean", comparison)
    relations = [metric.relate(scale * one) for scale, one in ((1, FIRST), (50, SECOND), (0.1, THIRD))]
    pooled = condense_rdm(metric.pool(relations))
    expected = np.mean([share(condense_rdm(one)) for one in relations], axis=0)
    assert np.corrcoef(pooled, expected)[0, 1] == pytest.approx(1)
    for one in relations:
        assert metric.compare(metric.pool(relations), one) == pytest.approx(
            float(compare_rdms(expected, condense_rdm(one), method=comparison))
        )


@pytest.mark.parametrize("kind", ["debiased", "biased"])
def test_cka_is_that_of_the_patterns(kind):
    metric = Cka(kind)
    assert metric.compare(FIRST, SECOND) == pytest.approx(float(cka(FIRST, SECOND, kind=kind)))
    np.testing.assert_array_equal(metric.relate(FIRST), FIRST)
    np.testing.assert_array_equal(metric.select(FIRST, np.array([3, 1])), FIRST[[3, 1]])
    draws = metric.draws(FIRST, SECOND, COUNTS)
    if kind == "biased":
        assert np.isnan(draws).all()
    else:
        np.testing.assert_array_equal(draws, bootstrap_cka(FIRST, SECOND, COUNTS))


def test_pooled_patterns_have_the_mean_of_kernels_of_length_one():
    pooled = Cka().pool([FIRST, 50 * SECOND])
    kernels = []
    for one in (FIRST, SECOND):
        centred = one - one.mean(axis=0)
        kernel = centred @ centred.T
        kernels.append(kernel / np.linalg.norm(kernel))
    np.testing.assert_allclose(pooled @ pooled.T, sum(kernels), atol=1e-12)


def test_protocol_says_what_is_done_in_order():
    spec = SplitSpec("thirds", "kfold", 3, seed=0)
    fitted = protocol_steps(NeuroidRidge(), spec, reverse=False)
    assert fitted[0].startswith("Folds: ") and "from features to neuroids" in fitted[1]
    assert "per neuroid and fold" in fitted[2] and "mean over subjects" in fitted[2]
    swapped = protocol_steps(NeuroidRidge(), spec, reverse=True)
    assert "from neuroids to model units" in swapped[1] and "per model unit and fold" in swapped[2]
    alike = protocol_steps(Rsa(), spec, reverse=False)
    assert "nothing is fitted" in alike[0] and "mean over subjects" in alike[1]
