"""Encoding from the past of a stimulus: planted filters and lags are found, runs and folds are kept apart."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.utils.estimator_checks import parametrize_with_checks

from alignment.folds import Fold
from alignment.mappings import FIR, BandedRidge, Delays, NeuroidRidge, PerTimeBin

DELAYS = tuple(range(6))


def series(n_samples=400, lags=(0, 2, 5), noise=0.3, seed=0):
    """White features, and responses that follow them at one lag each."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_samples, 3))
    y = np.zeros((n_samples, len(lags)))
    for column, lag in enumerate(lags):
        y[lag:, column] = x[: n_samples - lag] @ rng.standard_normal(3)
    return x, y + noise * rng.standard_normal(y.shape)


def blocks(n_samples, n_folds, embargo):
    """Contiguous test blocks with a gap to the training samples."""
    rows = np.arange(n_samples)
    folds = []
    for test in np.array_split(rows, n_folds):
        far = (rows < test[0] - embargo) | (rows > test[-1] + embargo)
        folds.append(Fold(rows[far], test))
    return folds


# With a delay the prediction of a row depends on its neighbours, which scikit-learn's checks exclude.
@parametrize_with_checks(
    [FIR(delays=(0,)), FIR(delays=(0,), lag="one for all"), FIR(delays=(0,), lag="one per neuroid")]
)
def test_scikit_learn_conformance(estimator, check):
    check(estimator)


def test_all_delays_equal_ridge_on_delayed_features():
    x, y = series()
    model = FIR(Ridge(3.0), delays=DELAYS).fit(x, y)
    design = Delays(DELAYS).fit_transform(x)
    assert np.allclose(model.predict(x), Ridge(3.0).fit(design, y).predict(design))
    assert model.memory_samples == 5
    assert not hasattr(model, "lag_")


def test_planted_filter_is_recovered():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3000, 1))
    kernel = np.array([0.0, 0.5, 1.0, -0.7, 0.2, 0.0])
    y = np.convolve(x[:, 0], kernel)[:3000, None] + 0.1 * rng.standard_normal((3000, 1))
    model = FIR(Ridge(1.0), delays=DELAYS).fit(x, y)
    impulse = np.zeros((20, 1))
    impulse[5] = 1
    found = (model.predict(impulse) - model.predict(np.zeros((20, 1))))[5:11, 0]
    assert np.abs(found - kernel).max() < 0.02


def test_one_lag_per_neuroid_is_found():
    x, y = series()
    model = FIR(delays=DELAYS, lag="one per neuroid").fit(x, y)
    assert model.lag_.tolist() == [0, 2, 5]
    assert model.lag_r2_.shape == (6, 3)
    assert (np.sort(model.lag_r2_, axis=0)[-1] > 0.7).all()
    assert np.abs(np.sort(model.lag_r2_, axis=0)[:-1]).max() < 0.1


def test_one_lag_for_all_is_the_best_on_average():
    x, y = series(lags=(2, 2, 5))
    model = FIR(delays=DELAYS, lag="one for all").fit(x, y)
    assert model.lag_.tolist() == [2, 2, 2]
    assert model.lag_r2_.mean(axis=1).argmax() == 2
    assert FIR(delays=(4, 3, 2), lag="one for all").fit(x, y).lag_.tolist() == [2, 2, 2]


def test_lag_predictions_equal_the_shifted_features():
    x, y = series()
    model = FIR(Ridge(2.0), delays=DELAYS, lag="one per neuroid").fit(x, y)
    for column, lag in enumerate((0, 2, 5)):
        shifted = Delays((lag,)).fit_transform(x)
        assert np.allclose(model.predict(x)[:, column], Ridge(2.0).fit(shifted, y[:, column]).predict(shifted))


def test_lag_search_sees_training_samples_only():
    x, y = series()
    fold = Fold(np.arange(200), np.arange(210, 400))
    spoilt = y.copy()
    spoilt[200:] = np.roll(x, 1, axis=0)[200:, :1] * 100
    model = FIR(delays=DELAYS, lag="one per neuroid")
    honest, other = model.cross_predict(x, y, [fold]), model.cross_predict(x, spoilt, [fold])
    assert np.array_equal(honest.predictions[0], other.predictions[0])
    assert honest.chosen["lag"].tolist() == [[0, 2, 5]]
    assert np.array_equal(honest.inner_r2, other.inner_r2)


def test_inner_folds_keep_an_embargo_and_are_contiguous():
    class Watching(NeuroidRidge):
        seen = []

        def cross_predict(self, features, responses, folds, groups=None, *, inner=True, n_inner=5):
            Watching.seen.append((folds, groups))
            return super().cross_predict(features, responses, folds, groups, inner=inner, n_inner=n_inner)

    x, y = series(n_samples=100)
    FIR(Watching(), delays=(0, 7), lag="one for all").fit(x, y)
    for folds, groups in Watching.seen:
        assert np.array_equal(groups, np.repeat(np.arange(5), 20))
        for number, fold in enumerate(folds):
            assert np.array_equal(fold.test, np.arange(20 * number, 20 * number + 20))
            assert np.abs(fold.train[:, None] - fold.test).min() == 8
    assert len(Watching.seen) == 2


def test_delays_and_inner_folds_keep_to_runs():
    x, y = series(n_samples=120)
    runs = np.repeat(np.arange(6), 20)
    model = FIR(Ridge(1.0), delays=(0, 3), lag="all").fit(x, y, groups=runs)
    design = Delays((0, 3)).fit(x).transform(x, runs)
    assert np.allclose(model.predict(x, groups=runs), Ridge(1.0).fit(design, y).predict(design))
    assert not np.allclose(model.predict(x, groups=runs), model.predict(x))
    made = FIR(Ridge(1.0), delays=(0, 3)).cross_predict(x, y, [Fold(np.arange(40, 120), np.arange(40))], runs)
    assert np.allclose(made.predictions[0], Ridge(1.0).fit(design[40:], y[40:]).predict(design[:40]))


def test_test_samples_have_their_true_history():
    x, y = series()
    folds = blocks(400, 4, 5)
    made = FIR(Ridge(1.0), delays=DELAYS).cross_predict(x, y, folds)
    design = Delays(DELAYS).fit_transform(x)
    for fold, predicted in zip(folds, made.predictions, strict=True):
        oracle = Ridge(1.0).fit(design[fold.train], y[fold.train])
        assert np.allclose(predicted, oracle.predict(design[fold.test]))
    assert made.inner_r2.shape == (4, 3)
    assert made.inner_r2.min() > 0.5
    assert made.chosen == {}


def test_choices_of_the_mapping_are_told():
    x, y = series()
    made = FIR(NeuroidRidge([1.0, 10.0]), delays=DELAYS, lag="one per neuroid").cross_predict(x, y, blocks(400, 4, 5))
    assert {name: one.shape for name, one in made.chosen.items()} == dict.fromkeys(("lag", "alpha", "at_edge"), (4, 3))
    assert set(np.unique(made.chosen["alpha"])) <= {1.0, 10.0}
    assert made.chosen["at_edge"].dtype == bool
    none = FIR(delays=(0, 1)).cross_predict(x, y, blocks(400, 4, 5), inner=False)
    assert np.isnan(none.inner_r2).all()


def test_inner_quality_is_that_of_the_chosen_lag():
    x, y = series()
    train = np.arange(300)
    made = FIR(Ridge(1.0), delays=(5, 0, 2), lag="one per neuroid").cross_predict(
        x, y, [Fold(train, np.arange(310, 400))]
    )
    by_hand = FIR(Ridge(1.0), delays=(5, 0, 2), lag="one per neuroid").fit(x[train], y[train])
    assert np.allclose(made.inner_r2[0], by_hand.lag_r2_.max(axis=0))


def test_other_mappings_serve_too():
    x, y = series()
    for mapping in (BandedRidge(n_draws=3), PerTimeBin(Ridge())):
        assert FIR(mapping, delays=(0, 2)).fit(x, y).score(x, y) > 0.3
    assert FIR(delays=(2,)).fit(x, y[:, 1]).predict(x).shape == (400,)


def test_a_neuroid_that_does_not_vary_takes_the_first_delay():
    x, y = series()
    y[:, 1] = 3.0
    model = FIR(delays=(4, 0, 5), lag="one per neuroid").fit(x, y)
    assert model.lag_.tolist() == [0, 4, 5]
    assert np.isnan(model.lag_r2_[:, 1]).all()
    assert FIR(delays=(4, 0, 5), lag="one for all").fit(x, y[:, [0, 1]]).lag_.tolist() == [0, 0]
    assert FIR(delays=(4, 0, 5), lag="one for all").fit(x, y[:, 1]).lag_.tolist() == [4]


def test_refusals():
    x, y = series(n_samples=40)
    with pytest.raises(ValueError, match="lag must be one of 'all', 'one for all', 'one per neuroid', received 'best'"):
        FIR(lag="best").fit(x, y)
    with pytest.raises(ValueError, match="leaves no training samples beside inner block 1"):
        FIR(delays=(0, 30), lag="one for all").fit(x, y)
    with pytest.raises(ValueError, match="mapping must be an estimator"):
        FIR(NeuroidRidge).fit(x, y)


def test_description():
    assert "delays of 0, 2 samples, all together" in FIR(delays=(0, 2)).describe()
    assert "best one for each neuroid, found on training samples" in FIR(lag="one per neuroid").describe()
