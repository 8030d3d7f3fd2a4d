"""Banded ridge regression, against himalaya, scikit-learn, ridge regression and planted bands."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from alignment.folds import Fold
from alignment.mappings import BandedRidge, NeuroidRidge
from alignment.mappings.banded import draw_gammas

ALPHAS = np.logspace(-1, 4, 6)


def problem(n_rows=60, widths=(5, 20, 40), n_neuroids=4, seed=0):
    """Three bands, of which neuroids see the first, the second, both or none."""
    rng = np.random.default_rng(seed)
    bands = np.repeat(["form", "motion", "noise"], widths)
    x = rng.standard_normal((n_rows + 20, len(bands))) * 10 ** rng.uniform(-1, 1, len(bands)) + rng.standard_normal(
        len(bands)
    )
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    weights = rng.standard_normal((len(bands), n_neuroids)) * (bands != "noise")[:, None]
    weights[bands == "motion", 0] = 0
    weights[bands == "form", 1] = 0
    weights[:, 3] = 0
    signal = z @ weights
    y = signal / np.maximum(signal.std(axis=0), 1) + 0.5 * rng.standard_normal(signal.shape) + 2
    return x[:n_rows], y[:n_rows], x[n_rows:], bands


@parametrize_with_checks([BandedRidge(), BandedRidge(standardise=False, fit_intercept=False)])
def test_scikit_learn_conformance(estimator, check):
    check(estimator)


@pytest.mark.parametrize("widths", [(5, 20, 40), (2, 3, 4)], ids=["more features", "fewer features"])
def test_choice_and_predictions_equal_himalaya(widths):
    from himalaya.kernel_ridge import MultipleKernelRidgeCV

    x, y, new, bands = problem(widths=widths)
    gammas = draw_gammas(12, 3, (0.1, 1.0), 3)
    ours = BandedRidge(bands, gammas=gammas, alphas=ALPHAS).fit(x, y, groups=np.arange(len(x)) * 5 // len(x))
    scaler = StandardScaler().fit(x)
    z, z_new = scaler.transform(x), scaler.transform(new)
    split = [bands == name for name in ("form", "motion", "noise")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = MultipleKernelRidgeCV(
            kernels="precomputed",
            solver="random_search",
            solver_params={"n_iter": gammas, "alphas": ALPHAS, "progress_bar": False},
            fit_intercept=True,
            cv=5,
        )
        theirs.fit(np.stack([z[:, one] @ z[:, one].T for one in split]), y)
        predicted = theirs.predict(np.stack([z_new[:, one] @ z[:, one].T for one in split]))
    assert np.abs(ours.cv_scores_ - theirs.cv_scores_).max() < 1e-8
    finite = np.isfinite(theirs.deltas_)
    assert np.allclose(ours.deltas_[finite], theirs.deltas_[finite])
    assert np.abs(ours.predict(new) - predicted).max() < 1e-8


@pytest.mark.parametrize("widths", [(5, 20, 40), (2, 3, 4)], ids=["more features", "fewer features"])
def test_predictions_equal_scikit_learn_on_scaled_bands(widths):
    x, y, new, bands = problem(widths=widths)
    gamma = np.array([0.2, 0.7, 0.1])
    ours = BandedRidge(bands, gammas=[gamma], alphas=[10.0]).fit(x, y)
    scale = np.sqrt(np.repeat(gamma, widths))
    scaler = StandardScaler().fit(x)
    oracle = Ridge(alpha=10.0, solver="svd").fit(scaler.transform(x) * scale, y)
    assert np.abs(ours.predict(new) - oracle.predict(scaler.transform(new) * scale)).max() < 1e-9
    assert np.allclose(ours.deltas_, np.log(gamma / 10.0)[:, None])


def test_bands_sum_to_the_prediction():
    for widths in ((5, 20, 40), (2, 3, 4)):
        x, y, new, bands = problem(widths=widths)
        model = BandedRidge(bands, n_draws=10, alphas=ALPHAS).fit(x, y)
        made = model.predict_bands(new)
        assert made.shape == (3, len(new), 4)
        assert np.allclose(made.sum(axis=0) + model.intercept_, model.predict(new))
        # A band that is set to its training mean contributes nothing.
        still = np.where(bands == "motion", x.mean(axis=0), new)
        assert np.abs(model.predict_bands(still)[1]).max() < 1e-9
        assert np.allclose(model.predict_bands(still)[0], made[0])


def test_one_band_is_ridge_regression():
    x, y, new, _ = problem()
    groups = np.arange(len(x)) // 12
    ours = BandedRidge(alphas=ALPHAS).fit(x, y, groups=groups)
    ridge = NeuroidRidge(ALPHAS).fit(x, y, groups=groups)
    assert len(ours.gammas_) == 1
    assert np.array_equal(ours.alpha_, ridge.alpha_)
    assert np.array_equal(ours.at_edge_, ridge.at_edge_)
    assert np.allclose(ours.inner_r2_, ridge.inner_r2_)
    assert np.allclose(ours.predict(new), ridge.predict(new))


def test_bands_without_signal_get_little_weight():
    x, y, _, bands = problem(n_rows=200)
    model = BandedRidge(bands, n_draws=60).fit(x, y)
    form, motion, noise = np.exp(model.deltas_)
    assert form[0] > 10 * max(motion[0], noise[0])
    assert motion[1] > 10 * max(form[1], noise[1])
    assert min(form[2], motion[2]) > 10 * noise[2]
    assert model.inner_r2_[:3].min() > 0.5
    assert model.inner_r2_[3] < 0.05
    # One penalty for all features does worse where bands differ.
    assert (model.inner_r2_ > NeuroidRidge().fit(x, y).inner_r2_)[:2].all()


def test_band_names_keep_the_order_of_the_features():
    x, y, new, bands = problem()
    renamed = np.array([{"form": "z", "motion": "a", "noise": "m"}[name] for name in bands])
    gammas = [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]]
    one = BandedRidge(bands, gammas=gammas).fit(x, y)
    other = BandedRidge(renamed, gammas=gammas).fit(x, y)
    assert one.bands_ == ["form", "motion", "noise"]
    assert other.bands_ == ["z", "a", "m"]
    assert np.allclose(one.predict(new), other.predict(new))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.01, 100), wide=st.booleans())
def test_scale_of_gammas_is_a_scale_of_penalties(seed, factor, wide):
    x, y, new, bands = problem(widths=(5, 20, 40) if wide else (2, 3, 4), seed=seed)
    gammas = draw_gammas(4, 3, (1.0,), seed)
    one = BandedRidge(bands, gammas=gammas, alphas=ALPHAS).fit(x, y)
    other = BandedRidge(bands, gammas=gammas * factor, alphas=ALPHAS * factor).fit(x, y)
    assert np.allclose(one.predict(new), other.predict(new), atol=1e-6)
    assert np.allclose(one.cv_scores_, other.cv_scores_, rtol=1e-6)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_neuroids_do_not_depend_on_each_other(seed):
    x, y, new, bands = problem(seed=seed)
    together = BandedRidge(bands, n_draws=6, alphas=ALPHAS).fit(x, y)
    alone = BandedRidge(bands, n_draws=6, alphas=ALPHAS).fit(x, y[:, 2])
    assert np.allclose(alone.predict(new), together.predict(new)[:, 2])
    assert alone.draw_[0] == together.draw_[2]


def test_folds_use_training_rows_only():
    x, y, _, bands = problem()
    rows = np.arange(len(x))
    folds = [Fold(rows[20:], rows[:20]), Fold(rows[:40], rows[40:])]
    model = BandedRidge(bands, n_draws=8, alphas=ALPHAS)
    made = model.cross_predict(x, y, folds)
    spoilt = y.copy()
    spoilt[:20] = 1e3
    assert np.array_equal(model.cross_predict(x, spoilt, folds[:1]).predictions[0], made.predictions[0])
    assert made.inner_r2.shape == (2, 4)
    assert {name: one.shape for name, one in made.chosen.items()} == dict.fromkeys(
        ("alpha", "at_edge", "draw", "delta_form", "delta_motion", "delta_noise"), (2, 4)
    )
    assert np.isnan(model.cross_predict(x, y, folds, inner=False).inner_r2).all()
    by_hand = BandedRidge(bands, n_draws=8, alphas=ALPHAS, seed=1).fit(x[:40], y[:40])
    assert np.allclose(made.predictions[1], by_hand.predict(x[40:]))
    assert np.array_equal(made.chosen["delta_motion"][1], by_hand.deltas_[1])


def test_draws_of_band_weights():
    gammas = draw_gammas(2000, 3, (0.1, 1.0), 0)
    assert np.array_equal(gammas[0], [1 / 3] * 3)
    assert np.allclose(gammas.sum(axis=1), 1)
    assert np.array_equal(gammas, draw_gammas(2000, 3, (0.1, 1.0), 0))
    # Variance of one weight of a symmetric Dirichlet distribution of k weights: (k - 1) / (k^2 (k a + 1)).
    for start, concentration in ((2, 0.1), (1, 1.0)):
        expected = 2 / (9 * (3 * concentration + 1))
        assert abs(gammas[start::2, 0].var() / expected - 1) < 0.15
    assert np.isfinite(draw_gammas(300, 2, (1e-3,), 1)).all()


def test_constant_features_and_constant_responses():
    x, y, new, bands = problem()
    x[:, 3] = 7.0
    y[:, 1] = 4.0
    model = BandedRidge(bands, n_draws=5).fit(x, y)
    moved = new.copy()
    moved[:, 3] = 1e6
    assert np.array_equal(model.predict(moved), model.predict(new))
    assert np.allclose(model.predict(new)[:, 1], 4.0)
    assert np.isnan(model.inner_r2_[1])


def test_a_band_of_zero_weight_is_left_out():
    x, y, _, bands = problem()
    model = BandedRidge(bands, gammas=[[1.0, 0.0, 0.0]]).fit(x, y)
    assert np.isneginf(model.deltas_[1:]).all()
    alone = NeuroidRidge().fit(x[:, bands == "form"], y)
    assert np.abs(model.predict_bands(x)[1:]).max() == 0
    assert np.allclose(model.predict(x), alone.predict(x[:, bands == "form"]), atol=0.2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bands": ["a", "b"]}, "bands must name the band of each of 65 features"),
        ({"gammas": [[1.0, 0.0]]}, "gammas must be"),
        ({"gammas": [[1.0, -1.0, 0.0]]}, "gammas must be finite, not negative"),
        ({"gammas": [[0.0, 0.0, 0.0]]}, "above 0 for at least one band"),
        ({"alphas": [1.0, 0.1]}, "alphas must be positive and increasing"),
        ({"alphas": []}, "alphas must be positive and increasing"),
        ({"n_draws": 0}, "n_draws must be at least 1"),
        ({"concentrations": (0.0,)}, "concentrations must be positive"),
        ({"alphas": [1e-300], "standardise": False}, "too small to be told from rounding"),
    ],
)
def test_refusals(options, message):
    x, y, _, bands = problem()
    with pytest.raises(ValueError, match=message):
        BandedRidge(**{"bands": bands, **options}).fit(x, y)


def test_description():
    words = BandedRidge(n_draws=7, alphas=[1.0, 2.0]).describe()
    assert "7 Dirichlet draws x 2 penalties" in words
    assert "3 given weightings" in BandedRidge(gammas=np.ones((3, 2))).describe()
