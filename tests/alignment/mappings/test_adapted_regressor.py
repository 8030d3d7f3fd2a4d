"""Any scikit-learn regressor serves where a mapping is asked for."""

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import Ridge
from sklearn.svm import LinearSVR
from sklearn.utils.estimator_checks import parametrize_with_checks

from alignment.folds import Fold
from alignment.mappings import NeuroidRidge
from alignment.mappings.adapted_regressor import AdaptedRegressor, as_mapping


@parametrize_with_checks([AdaptedRegressor(Ridge())])
def test_scikit_learn_conformance(estimator, check):
    check(estimator)


def test_a_mapping_stays_itself():
    ridge = NeuroidRidge()
    assert as_mapping(ridge) is ridge


@pytest.mark.parametrize("regressor", [Ridge(2.0), PLSRegression(2)])
def test_predictions_are_those_of_the_regressor(regressor):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((40, 4)), rng.standard_normal((40, 3))
    fold = Fold(np.arange(30), np.arange(30, 40))
    made = as_mapping(regressor).cross_predict(x, y, [fold])
    assert np.allclose(made.predictions[0], regressor.fit(x[:30], y[:30]).predict(x[30:]))
    assert made.inner_r2.shape == (1, 3)


def test_groups_reach_a_regressor_that_takes_them():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((40, 4)), rng.standard_normal((40, 3))

    class Grouped(Ridge):
        def fit(self, X, y, groups=None):
            self.seen_ = groups
            return super().fit(X, y)

    labels = np.arange(40) // 4
    assert np.array_equal(as_mapping(Grouped()).fit(x, y, groups=labels).estimator_.seen_, labels)
    assert as_mapping(Ridge()).fit(x, y, groups=labels).predict(x).shape == (40, 3)


def test_what_is_no_estimator_is_refused():
    for wrong in (Ridge, "ridge", 3):
        with pytest.raises(ValueError, match="mapping must be an estimator with fit and predict"):
            as_mapping(wrong)


def test_description_names_the_regressor():
    assert "LinearSVR" in as_mapping(LinearSVR()).describe()
