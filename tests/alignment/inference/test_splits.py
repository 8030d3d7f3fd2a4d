"""Spread over splits and the corrected resampled t-test."""

import numpy as np
import pytest
from scipy import stats

from alignment.inference import corrected_resampled_t, split_standard_error

SCORES = np.random.default_rng(0).standard_normal(10) + 0.5


def test_spread_is_the_error_that_brain_score_reports(golden):
    expected, raw = golden("brainscore_vision_expected.json"), golden("brainscore_vision_raw.npz")
    errors = {key: value for key, value in _errors(expected).items() if f"{key}__raw" in raw}
    assert len(errors) >= 4
    for key, error in errors.items():
        per_split = np.nanmedian(raw[f"{key}__raw"], axis=1)
        assert float(split_standard_error(per_split)) == pytest.approx(error, abs=1e-9), key


def _errors(expected):
    names = ("pls", "ridge", "linear_predictivity", "neuron_to_neuron")
    return {f"{case}__{name}": expected[case][name]["error"] for case in ("tall", "wide") for name in names}


def test_without_shared_rows_it_is_the_plain_t_test():
    found, reference = corrected_resampled_t(SCORES, n_train=1e12, n_test=1), stats.ttest_1samp(SCORES, 0)
    low, high = reference.confidence_interval()
    assert (found.t, found.p, found.df) == pytest.approx((reference.statistic, reference.pvalue, 9))
    assert (found.low, found.high) == pytest.approx((low, high))


def test_shared_rows_enlarge_the_error():
    found = corrected_resampled_t(SCORES, n_train=90, n_test=10)
    assert found.standard_error == pytest.approx(SCORES.std(ddof=1) * np.sqrt(1 / 10 + 1 / 9))
    assert found.mean == pytest.approx(SCORES.mean())
    assert found.t == pytest.approx(found.mean / found.standard_error)


def test_equal_splits_have_no_t():
    found = corrected_resampled_t(np.full(4, 0.25), n_train=8, n_test=2)
    assert np.isnan(found.t) and np.isnan(found.p)


def test_plain_t_of_shared_splits_rejects_too_often_and_the_corrected_one_does_not():
    # Two useless models on 15 random 90/10 splits of 60 stimuli; their squared errors are compared.
    rng = np.random.default_rng(1)
    plain, corrected = 0, 0
    for _ in range(400):
        y, x = rng.standard_normal(60), rng.standard_normal((60, 2))
        gaps = []
        for _ in range(15):
            order = rng.permutation(60)
            train, test = order[:54], order[54:]
            slopes = (x[train] * y[train, None]).sum(axis=0) / (x[train] ** 2).sum(axis=0)
            errors = ((y[test, None] - x[test] * slopes) ** 2).mean(axis=0)
            gaps.append(errors[0] - errors[1])
        plain += stats.ttest_1samp(gaps, 0).pvalue <= 0.05
        corrected += corrected_resampled_t(np.array(gaps), n_train=54, n_test=6).p <= 0.05
    assert plain / 400 > 0.12
    assert corrected / 400 <= 0.07


@pytest.mark.parametrize(
    ("scores", "sizes", "message"),
    [
        (np.array([1.0]), (8, 2), "at least two finite values"),
        (np.array([1.0, np.nan]), (8, 2), "at least two finite values"),
        (np.array([1.0, 2.0]), (0, 2), "n_train and n_test must be positive, received 0 and 2"),
    ],
)
def test_refusals(scores, sizes, message):
    with pytest.raises(ValueError, match=message):
        corrected_resampled_t(scores, n_train=sizes[0], n_test=sizes[1])
