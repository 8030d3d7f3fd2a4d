"""r within folds: a plain loop finds the same, a constant has none, the planted truth has its known r."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from alignment.afferents import EncodingOptions, score_afferent
from alignment.afferents.fold_correlation import fold_correlations, fold_of_bins, shifted_fold_correlations
from alignment.afferents.shifts import shift_p
from alignment.folds import Fold

from .conftest import as_dataset

OPTIONS = EncodingOptions(
    bin_ms=2.0,
    stimulus_ms=60.0,
    history_ms=60.0,
    n_stimulus_bumps=6,
    n_history_bumps=4,
    alphas=(10.0,),
    n_boot=100,
)


def slow_r(predicted, observed, fold, weight):
    """One r by a loop over folds and bins."""
    product = square_p = square_o = 0.0
    for number in set(fold[fold >= 0].tolist()):
        rows = [t for t in range(len(fold)) if fold[t] == number]
        total = sum(weight[t] for t in rows)
        if total == 0:
            continue
        mean_p = sum(weight[t] * predicted[t] for t in rows) / total
        mean_o = sum(weight[t] * observed[t] for t in rows) / total
        product += sum(weight[t] * (predicted[t] - mean_p) * (observed[t] - mean_o) for t in rows)
        square_p += sum(weight[t] * (predicted[t] - mean_p) ** 2 for t in rows)
        square_o += sum(weight[t] * (observed[t] - mean_o) ** 2 for t in rows)
    return product / np.sqrt(square_p * square_o)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n_times=st.integers(12, 40), n_folds=st.integers(1, 4))
def test_r_is_that_of_a_plain_loop_for_every_weighting_and_shift(seed, n_times, n_folds):
    rng = np.random.default_rng(seed)
    predicted, observed = 5 + rng.standard_normal(n_times), rng.poisson(2.0, n_times).astype(float)
    fold, chunk = rng.integers(-1, n_folds, n_times), rng.integers(0, 3, n_times)
    fold[:6] = 0
    chunk[:6] = [0, 0, 1, 1, 2, 2]
    weights = rng.integers(0, 3, (4, 3)).astype(float) + [[1, 0, 0]]
    found = fold_correlations(predicted, observed, fold, chunk, weights)
    for r, weight in zip(found, weights, strict=True):
        with np.errstate(invalid="ignore", divide="ignore"):
            expected = slow_r(predicted, observed, fold, weight[chunk])
        assert r == pytest.approx(expected, abs=1e-9, nan_ok=True)
    shifted = shifted_fold_correlations(predicted, observed, fold)
    for shift in range(n_times):
        rolled = np.roll(observed, -shift)
        assert shifted[shift] == pytest.approx(slow_r(predicted, rolled, fold, np.ones(n_times)), abs=1e-9, nan_ok=True)


def test_one_fold_is_pearson():
    rng = np.random.default_rng(1)
    predicted, observed = rng.standard_normal((2, 50))
    r = fold_correlations(predicted, observed, np.zeros(50, int), np.zeros(50, int), np.ones((1, 1)))
    assert r[0] == pytest.approx(np.corrcoef(predicted, observed)[0, 1], abs=1e-12)


def test_prediction_constant_in_every_fold_has_no_r_although_pooled_it_would_be_negative():
    observed = np.array([0.0, 1, 0, 1, 3, 4, 3, 4])
    fold = np.repeat([0, 1], 4)
    predicted = np.where(fold == 0, 3.5, 0.5)  # the mean of the other fold
    assert np.corrcoef(predicted, observed)[0, 1] < -0.9
    r = fold_correlations(predicted, observed, fold, fold, np.ones((3, 2)))
    assert np.isnan(r).all()
    shifted = shifted_fold_correlations(predicted, observed, fold)
    assert np.isnan(shifted).all()
    assert np.isnan(shift_p(shifted))


def test_fold_without_a_spike_spoils_nothing():
    rng = np.random.default_rng(2)
    predicted, observed = rng.standard_normal(30), rng.poisson(1.0, 30).astype(float)
    fold = np.repeat([0, 1, 2], 10)
    observed[10:20] = 0
    assert np.isfinite(fold_correlations(predicted, observed, fold, fold, np.ones((1, 3)))[0])


def test_bins_that_two_folds_share_belong_to_neither():
    folds = [Fold(np.arange(5, 10), np.arange(5)), Fold(np.arange(5), np.arange(5, 10))]
    np.testing.assert_array_equal(fold_of_bins(folds, (2, 5), 2), [[0, 0], [1, 1]])
    np.testing.assert_array_equal(fold_of_bins(folds, (1, 10), 3), [[0, -1, 1]])


def test_p_over_shifts_is_uniform_within_folds_for_series_that_know_nothing_of_each_other():
    rng = np.random.default_rng(0)
    spectrum = np.exp(-np.arange(101) / 5)
    fold = np.repeat(np.arange(4), 50)
    p = []
    for _ in range(300):
        drawn = spectrum * (rng.standard_normal((2, 101)) + 1j * rng.standard_normal((2, 101)))
        first, second = np.fft.irfft(drawn, n=200)
        p.append(shift_p(shifted_fold_correlations(first, second, fold)))
    assert kstest(p, "uniform").pvalue > 0.01


def constant(signal, rate_hz):
    return np.ones((len(signal), 1))


def test_model_that_says_nothing_has_no_r_and_a_sentence(planted):
    score = score_afferent(planted[0], constant, options=OPTIONS)
    row = score.table().loc["model"]
    assert np.isnan([row.r, row.r_low, row.r_high, row.r_p]).all()
    assert abs(row.bits_per_spike) < 0.01
    (line,) = [line for line in repr(score).splitlines() if line.startswith("  model  ")]
    assert line.endswith("no r: the prediction is constant within every fold")


def test_model_of_the_truth_has_the_r_that_is_known(planted):
    """Rate mu of Poisson spikes in bins: r = sd(mu) / sqrt(var(mu) + mean(mu)), within folds."""
    dataset, rate = planted

    def truth(signal, rate_hz):
        drive = np.convolve(signal, np.exp(-np.arange(20) / 5))[: len(signal)]
        return drive[:, None]

    row = score_afferent(dataset, truth, options=OPTIONS).table().loc["model"]
    mu = rate.reshape(20, -1, 5).sum(axis=2).reshape(5, -1)  # bins of 10 ms, contiguous fifths
    spread = mu.var(axis=1).mean()
    known = np.sqrt(spread / (spread + mu.mean()))
    assert row.r == pytest.approx(known, abs=0.02)
    assert row.r_low < known < row.r_high


def test_slow_drift_of_the_rate_gives_a_constant_no_negative_r():
    """The rate grows over the recording: predictions of a constant are the lower the higher the rate."""
    rng = np.random.default_rng(3)
    drift = np.linspace(0.02, 0.2, 20)[:, None] * np.ones((1, 1000))
    dataset = as_dataset(rng.standard_normal((20, 1000)), rng.poisson(drift))
    score = score_afferent(dataset, constant, options=OPTIONS)
    expected = score.data["predicted"].sel(predictor="model").values.ravel()
    assert np.corrcoef(expected, score.data["observed"].values.ravel())[0, 1] < -0.1
    assert np.isnan(score.table().loc["model", "r"])
