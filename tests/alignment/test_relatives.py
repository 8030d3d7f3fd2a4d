"""Predictors from relatives and the likeness of neighbours, against plain loops and kernel arithmetic."""

import numpy as np
import pandas as pd
import pytest

from alignment.baselines import OasmModel
from alignment.correlation import pearson
from alignment.folds import Fold, make_folds
from alignment.relatives import (
    Relations,
    from_neighbours,
    from_relatives,
    likeness_of_neighbours,
    median_r,
    reach_of_likeness,
    without_means,
)
from alignment.timeline import Timeline
from data import SplitSpec, StimulusSet


def table_of(n_rows, **columns):
    return pd.DataFrame({"stimulus_id": [f"s{row}" for row in range(n_rows)], **columns})


def slow_prediction(values, fold, weight):
    mean = values[fold.train].mean(axis=0)
    rows = []
    for i in fold.test:
        w = np.array([weight(i, j) for j in fold.train])
        rows.append((w @ values[fold.train] + mean) / (w.sum() + 1))
    return np.array(rows)


@pytest.fixture
def values():
    return np.random.default_rng(0).standard_normal((30, 4))


@pytest.fixture
def folds():
    return make_folds(SplitSpec("s", "kfold", 5), table_of(30))


def test_prediction_from_the_same_code_equals_a_plain_loop(values, folds):
    codes = np.random.default_rng(1).integers(0, 6, 30)
    for fold in folds:
        expected = slow_prediction(values, fold, lambda i, j: float(codes[i] == codes[j]))
        np.testing.assert_allclose(from_relatives(codes)(values, fold), expected, atol=1e-12)


def test_prediction_from_neighbours_equals_a_plain_loop(values, folds):
    session, time = np.arange(30) % 2, np.random.default_rng(2).permutation(30)
    line = Timeline.of(30, session, time)

    def weight(i, j):
        distance = line.place[i] - line.place[j]
        return np.exp(-(distance**2) / 4) if session[i] == session[j] and abs(distance) <= 3 else 0.0

    for fold in folds:
        np.testing.assert_allclose(
            from_neighbours(line)(values, fold), slow_prediction(values, fold, weight), atol=1e-12
        )


def test_weights_are_the_overlaps_of_the_features_of_oasm():
    table = table_of(41).assign(text=[f"text {row}" for row in range(41)])
    features = OasmModel(sigma=2.0).features(StimulusSet("s", table))
    overlap = features @ features.T
    middle = overlap[20] / overlap[20, 20]
    # The fold of one row and one unit response gives w / (w + 1), so the weight can be read off.
    fold = Fold(np.array([20]), np.arange(20))
    values = np.zeros((41, 1))
    values[20] = 1.0
    predicted = from_neighbours(Timeline.of(41), sigma=2.0)(values, fold)
    assert predicted[0, 0] == pytest.approx(1.0)  # one training row: its value is the mean too
    values = np.vstack([values, [[-1.0]]])
    line = Timeline.of(42, np.r_[np.zeros(41), 1])
    predicted = from_neighbours(line, sigma=2.0)(values, Fold(np.array([20, 41]), np.arange(20)))[:, 0]
    weight = predicted / (1 - predicted)  # the training mean is 0
    np.testing.assert_allclose(weight[14:], middle[14:20], atol=0.01)


def test_median_r_averages_folds_then_takes_the_median_of_neuroids(values, folds):
    values[:, 1] = 3.0  # a constant response has no correlation and is left out
    predict = lambda y, fold: y[fold.test] + np.arange(len(fold.test))[:, None]  # noqa: E731
    each = [
        [pearson(predict(values, fold)[:, [unit]], values[fold.test][:, [unit]])[0] for unit in (0, 2, 3)]
        for fold in folds
    ]
    assert median_r(predict, values, folds) == pytest.approx(np.median(np.mean(each, axis=0)))
    assert np.isnan(median_r(predict, values, []))
    assert np.isnan(median_r(predict, values[:, [1]], folds))


def test_means_of_codes_are_removed(values):
    codes = np.arange(30) % 4
    found = without_means(values, codes)
    for code in range(4):
        np.testing.assert_allclose(found[codes == code].mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(np.diff(found[codes == code], axis=0), np.diff(values[codes == code], axis=0))


def test_likeness_is_the_mean_correlation_of_neighbours():
    values = np.cumsum(np.random.default_rng(0).standard_normal((60, 5)), axis=0)
    z = (values - values.mean(axis=0)) / values.std(axis=0)
    found, p_value = likeness_of_neighbours(values, Relations.of(table_of(60)), 199, 0)
    assert found == pytest.approx(np.mean([z[i] @ z[i + 1] / 5 for i in range(59)]))
    assert p_value == pytest.approx(1 / 200)


def test_neighbours_across_sessions_do_not_count():
    rng = np.random.default_rng(3)
    # Two sessions in turn: rows are alike within a session, the table's neighbours are not.
    walks = np.cumsum(rng.standard_normal((2, 40, 6)), axis=1)
    values = walks.transpose(1, 0, 2).reshape(80, 6)
    table = table_of(80, run=np.arange(80) % 2)
    z = (values - values.mean(axis=0)) / values.std(axis=0)
    found, _ = likeness_of_neighbours(values, Relations.of(table, session="run"), 9, 0)
    assert found == pytest.approx(np.mean([z[i] @ z[i + 2] / 6 for i in range(78)]))


def test_p_is_uniform_without_any_order():
    from scipy.stats import kstest

    relations = Relations.of(table_of(30))
    rng = np.random.default_rng(0)
    p = [likeness_of_neighbours(rng.standard_normal((30, 3)), relations, 19, seed)[1] for seed in range(200)]
    # The p of 19 permutations takes 20 values; dithered they must be uniform.
    assert kstest(np.array(p) - rng.uniform(0, 1 / 20, 200), "uniform").pvalue > 0.01


@pytest.mark.parametrize("order", ["by stimulus", "by repetition"])
def test_repeats_are_not_taken_for_likeness_in_time(order):
    rng = np.random.default_rng(5)
    signal = rng.standard_normal((20, 6))
    ids = np.repeat(np.arange(20), 5) if order == "by stimulus" else np.tile(np.arange(20), 5)
    values = signal[ids] + 0.2 * rng.standard_normal((100, 6))
    relations = Relations.of(pd.DataFrame({"stimulus_id": ids.astype(str)}))
    assert likeness_of_neighbours(values, relations, 199, 0)[1] > 0.05
    drifting = values + np.cumsum(rng.standard_normal((100, 6)), axis=0) * 0.3
    assert likeness_of_neighbours(drifting, relations, 199, 0)[1] == pytest.approx(0.01)


def test_constant_or_single_responses_are_not_alike():
    relations = Relations.of(table_of(30))
    for values in (np.ones((30, 2)), np.zeros((30, 0))):
        likeness, p_value = likeness_of_neighbours(values, relations, 19, 0)
        assert np.isnan(likeness) and p_value == 1


def test_reach_is_where_a_moving_average_ends():
    noise = np.random.default_rng(0).standard_normal((4000, 20))
    smooth = sum(noise[start : start + 3900] for start in range(4))  # correlation 3/4, 1/2, 1/4, 0 at lags 1 to 4
    assert reach_of_likeness(smooth, Timeline.of(3900), 50) == 4
    assert reach_of_likeness(smooth, Timeline.of(3900), 2) == 2
    assert reach_of_likeness(noise, Timeline.of(4000), 50) == 1


def test_divided_relations_are_counted_once_each():
    table = pd.DataFrame({"stimulus_id": list("aabcde"), "text": list("xxyyzw"), "passage": [1, 1, 1, 2, 2, 2]})
    folds = [Fold(np.array([0, 2, 5]), np.array([1, 3, 4]))]
    relations = Relations.of(table, "passage")
    assert relations.repeated
    # Row 1 repeats row 0, row 3 has the text of row 2, rows 1, 3 and 4 have siblings in training.
    assert relations.divided(folds) == {"stimulus": 1, "text": 1, "passage": 3}
    assert list(relations.predictors({"text": 1, "passage": 3})) == ["neighbours", "stimulus", "passage"]
    assert list(relations.predictors({})) == ["neighbours"]
