"""Time-resolved mappings, against plain loops over stacked or single time bins."""

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from alignment.folds import Fold
from alignment.mappings import BandedRidge, NeuroidRidge, PerTimeBin, SharedOverTime, time_generalisation

KINDS = (SharedOverTime, PerTimeBin)


def problem(n_rows=40, n_features=4, n_neuroids=3, n_bins=5, seed=0):
    """Responses whose weights are the same in all time bins."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_rows, n_features, n_bins))
    y = np.einsum("npt,pm->nmt", x, rng.standard_normal((n_features, n_neuroids)))
    return x, y + 0.5 * rng.standard_normal(y.shape)


def halves(n_rows=40):
    rows = np.arange(n_rows)
    return [Fold(rows[n_rows // 2 :], rows[: n_rows // 2]), Fold(rows[: n_rows // 2], rows[n_rows // 2 :])]


@parametrize_with_checks([SharedOverTime(), PerTimeBin(), SharedOverTime(Ridge())])
def test_scikit_learn_conformance(estimator, check):
    check(estimator)


@pytest.mark.parametrize("mapping", [Ridge(2.0), PLSRegression(2, scale=False)])
def test_shared_weights_equal_a_loop_that_stacks_bins(mapping):
    x, y = problem()
    rows = [(x[i, :, t], y[i, :, t]) for i in range(len(x)) for t in range(5)]
    oracle = mapping.fit(np.array([one[0] for one in rows]), np.array([one[1] for one in rows]))
    expected = np.stack([oracle.predict(x[:, :, t]) for t in range(5)], axis=2)
    assert np.allclose(SharedOverTime(mapping).fit(x, y).predict(x), expected)


def test_weights_per_bin_equal_a_loop_over_bins():
    x, y = problem()
    expected = np.stack([Ridge(2.0).fit(x[:, :, t], y[:, :, t]).predict(x[:, :, t]) for t in range(5)], axis=2)
    assert np.allclose(PerTimeBin(Ridge(2.0)).fit(x, y).predict(x), expected)


@pytest.mark.parametrize("mapping", [None, Ridge(2.0), BandedRidge(n_draws=2)], ids=["default", "ridge", "banded"])
@pytest.mark.parametrize("kind", KINDS)
def test_folds_predict_as_separate_fits(kind, mapping):
    x, y = problem()
    made = kind(Ridge(2.0) if mapping is None else mapping).cross_predict(x, y, halves())
    assert made.inner_r2.shape == (2, 3)
    assert made.inner_r2.min() > 0.5
    for fold, predicted in zip(halves(), made.predictions, strict=True):
        assert predicted.shape == (20, 3, 5)
        if isinstance(mapping, Ridge):
            assert np.allclose(predicted, kind(mapping).fit(x[fold.train], y[fold.train]).predict(x[fold.test]))
    assert np.isnan(kind(mapping).cross_predict(x, y, halves(), inner=False).inner_r2).all()


def test_choices_of_the_mapping_are_told():
    x, y = problem()
    shared = SharedOverTime(NeuroidRidge()).cross_predict(x, y, halves())
    single = PerTimeBin(NeuroidRidge()).cross_predict(x, y, halves())
    assert shared.chosen["alpha"].shape == (2, 3)
    assert single.chosen["alpha"].shape == (2, 3, 5)


@pytest.mark.parametrize("given", [True, False])
def test_inner_folds_keep_the_bins_of_a_presentation_together(given):
    class Watching(Ridge):
        def fit(self, X, y, groups=None):
            Watching.seen = groups
            return super().fit(X, y)

    x, y = problem()
    labels = np.arange(40) // 4 if given else np.arange(40)
    SharedOverTime(Watching()).fit(x, y, groups=labels if given else None)
    assert np.array_equal(Watching.seen, np.repeat(labels, 5))


def test_a_presentation_stands_on_one_side_of_a_fold():
    x, y = problem()
    spoilt = y.copy()
    spoilt[:20] = 1e3
    for kind in KINDS:
        honest, other = (kind(Ridge()).cross_predict(x, one, halves()[:1]).predictions[0] for one in (y, spoilt))
        assert np.array_equal(honest, other)


def test_features_without_time_are_repeated():
    x, y = problem()
    flat = x[:, :, 0]
    repeated = np.repeat(flat[:, :, None], 5, axis=2)
    for kind in KINDS:
        assert np.allclose(kind(Ridge()).fit(flat, y).predict(flat), kind(Ridge()).fit(repeated, y).predict(repeated))
    shared = SharedOverTime(Ridge(5.0)).fit(flat, y).predict(flat)
    assert np.ptp(shared, axis=2).max() < 1e-9
    # Five copies of a presentation count as five; the penalty is worth a fifth for the mean over bins.
    assert np.allclose(shared[:, :, 0], Ridge(1.0).fit(flat, y.mean(axis=2)).predict(flat))


def test_responses_without_time_are_one_bin():
    x, y = problem()
    for kind in KINDS:
        two = kind(Ridge()).fit(x[:, :, 0], y[:, :, 0])
        one = kind(Ridge()).fit(x[:, :, :1], y[:, 0, 0])
        plain = Ridge().fit(x[:, :, 0], y[:, :, 0]).predict(x[:, :, 0])
        assert np.allclose(two.predict(x[:, :, 0]), plain)
        assert np.allclose(one.predict(x[:, :, :1]), plain[:, 0])


def test_score_is_the_mean_over_neuroids_and_bins():
    x, y = problem()
    model = PerTimeBin(Ridge()).fit(x, y)
    each = [r2_score(y[:, u, t], model.predict(x)[:, u, t]) for u in range(3) for t in range(5)]
    assert model.score(x, y) == pytest.approx(np.mean(each))


def test_time_generalisation_equals_a_plain_loop():
    x, y = problem()
    found = time_generalisation(Ridge(2.0), x, y, halves())
    assert found.shape == (2, 5, 5, 3)
    for split, fold in enumerate(halves()):
        for s in range(5):
            model = Ridge(2.0).fit(x[fold.train, :, s], y[fold.train, :, s])
            for t in range(5):
                predicted = model.predict(x[fold.test, :, t])
                for u in range(3):
                    assert found[split, s, t, u] == pytest.approx(pearsonr(predicted[:, u], y[fold.test, u, t])[0])


def test_time_generalisation_shows_where_the_relation_changes():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 4, 4))
    early, late = rng.standard_normal((2, 4, 6))
    late -= early * (early * late).sum(axis=0) / (early**2).sum(axis=0)
    y = np.concatenate([np.einsum("npt,pm->nmt", x[:, :, :2], early), np.einsum("npt,pm->nmt", x[:, :, 2:], late)], 2)
    matrix = time_generalisation(NeuroidRidge(), x, y, halves(200)).mean(axis=(0, 3))
    assert matrix[:2, :2].min() > 0.99
    assert matrix[2:, 2:].min() > 0.99
    assert np.abs(matrix[:2, 2:]).max() < 0.2
    assert np.abs(matrix[2:, :2]).max() < 0.2


@pytest.mark.parametrize("kind", KINDS)
def test_refusals(kind):
    x, y = problem()
    with pytest.raises(ValueError, match="features have 4 time bins and responses 5"):
        kind().fit(x[:, :, :4], y)
    with pytest.raises(ValueError, match="features have 4 time bins, but the mapping was fitted to 5"):
        kind().fit(x, y).predict(x[:, :, :4])
    with pytest.raises(ValueError, match=r"features must be \(presentation, feature, time_bin\)"):
        kind().fit(x[..., None], y)
    with pytest.raises(ValueError, match=r"responses must be \(presentation, neuroid, time_bin\)"):
        kind().fit(x, y[..., None])
    with pytest.raises(ValueError, match=r"responses must be \(presentation, neuroid, time_bin\)"):
        kind().cross_predict(x, y[:, :, 0], halves())
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        kind().fit(x, y[:-1])
    with pytest.raises(ValueError, match="NaN"):
        kind().fit(np.where(x > 2, np.nan, x), y)
    with pytest.raises(ValueError, match=r"responses must be \(presentation, neuroid, time_bin\)"):
        time_generalisation(Ridge(), x, y[:, :, 0], halves())


def test_description():
    assert "one set of weights for all time bins" in SharedOverTime(Ridge()).describe()
    assert "weights of its own for each time bin" in PerTimeBin().describe()
