"""Noise-corrected predictivity: the formula by a plain loop, unbiased for a known correlation, nothing clipped."""

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.linear_model import Ridge

from alignment.ceilings import noise_corrected_predictivity
from alignment.ceilings.halved_fits import cross_predictions
from alignment.correlation import pearson
from alignment.folds import Fold


def folds_of(n_stimuli, n_splits=5):
    """As the reference cuts them: 80 % of a permutation with seed 0, 1, ..."""
    orders = [np.random.RandomState(seed).permutation(n_stimuli) for seed in range(n_splits)]
    edge = int(np.ceil(0.8 * n_stimuli))
    return [Fold(order[:edge], order[edge:]) for order in orders]


def z(values):
    return (values - values.mean(axis=0)) / values.std(axis=0)


def design(n_stimuli, n_features, n_units, snr, *, rho=0.8, n_repetitions=10, seed=0):
    """Signals of which features explain the share rho^2, and noisy trials of them."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_stimuli, n_features))
    explained = z(x @ rng.standard_normal((n_features, n_units)))
    signal = rho * explained + np.sqrt(1 - rho**2) * z(rng.standard_normal((n_stimuli, n_units)))
    return x, signal, signal + rng.standard_normal((n_repetitions, n_stimuli, n_units)) / np.sqrt(snr)


def test_components_are_those_of_a_plain_loop():
    x, _, trials = design(60, 4, 3, 1.0, n_repetitions=5)
    source = trials[..., :2] + 0.5
    folds = folds_of(60, 2)
    found = noise_corrected_predictivity(source, trials, folds, Ridge(1.0), n_halves=3, seed=50)
    for number in range(3):
        order = list(range(5))
        np.random.RandomState(50 + number).shuffle(order)
        x1, x2 = source[order[:2]].mean(axis=0), source[order[2:]].mean(axis=0)
        y1, y2 = trials[order[:2]].mean(axis=0), trials[order[2:]].mean(axis=0)
        for split, fold in enumerate(folds):
            full, one, two = (
                Ridge(1.0).fit(a[fold.train], b[fold.train]).predict(a[fold.test])
                for a, b in ((source.mean(axis=0), trials.mean(axis=0)), (x1, y1), (x2, y2))
            )
            for unit in range(3):
                r_xy = pearsonr(full[:, unit], trials.mean(axis=0)[fold.test, unit]).statistic
                r_xx = pearsonr(one[:, unit], two[:, unit]).statistic
                r_yy = pearsonr(y1[fold.test, unit], y2[fold.test, unit]).statistic
                place = number, split, unit
                assert found.r_xy[place] == pytest.approx(r_xy, rel=1e-10)
                assert found.r_xx[place] == pytest.approx(r_xx, rel=1e-10)
                assert found.r_yy[place] == pytest.approx(r_yy, rel=1e-10)
                assert found.r_xx_sb[place] == pytest.approx(2 * r_xx / (1 + r_xx), rel=1e-10)
                expected = r_xy / np.sqrt(found.r_xx_sb[place] * found.r_yy_sb[place])
                assert found.corrected[place] == pytest.approx(expected, rel=1e-10)
    assert (found.n_missing, found.n_halves_skipped, found.seed) == (0, 0, 50)


@pytest.mark.parametrize("snr", [1.0, 0.2])
def test_known_correlation_is_recovered_at_both_noise_levels(snr):
    x, signal, trials = design(1000, 20, 200, snr)
    folds = folds_of(1000)
    found = noise_corrected_predictivity(x, trials, folds, Ridge(1.0), n_halves=30)
    # What is estimated: the correlation of a mapping fitted to noiseless responses, with noiseless responses.
    made = cross_predictions(x, signal, folds, Ridge(1.0))
    truth = np.mean([pearson(one, signal[fold.test]) for one, fold in zip(made, folds, strict=True)], axis=0)
    for average in ("ratio", "components"):
        assert np.median(found.per_neuroid(average)) == pytest.approx(0.80, abs=0.01)
        assert found.per_neuroid(average).mean() == pytest.approx(truth.mean(), abs=0.006)
    # Uncorrected it is far too low.
    assert np.median(found.r_xy.mean(axis=(0, 1))) < (0.77 if snr == 1 else 0.67)


def test_components_are_less_biased_than_ratios_with_few_noisy_stimuli():
    errors = {"ratio": [], "components": []}
    for seed in range(4):
        x, signal, trials = design(100, 5, 100, 0.2, seed=seed)
        folds = folds_of(100)
        made = cross_predictions(x, signal, folds, Ridge(1.0))
        truth = np.mean([pearson(one, signal[fold.test]) for one, fold in zip(made, folds, strict=True)], axis=0)
        found = noise_corrected_predictivity(x, trials, folds, Ridge(1.0), n_halves=10)
        for average, each in errors.items():
            each.append(np.nanmean(found.per_neuroid(average)) - truth.mean())
    assert 0.025 < np.mean(errors["ratio"]) < 0.08
    assert abs(np.mean(errors["components"])) < 0.015


def test_corrections_of_one_side():
    x, _, trials = design(80, 4, 3, 1.0)
    options = {"folds": folds_of(80, 2), "mapping": Ridge(1.0), "n_halves": 4}
    both = noise_corrected_predictivity(x, trials, **options)
    source = noise_corrected_predictivity(x, trials, correction="source", **options)
    target = noise_corrected_predictivity(x, trials, correction="target", **options)
    np.testing.assert_allclose(source.corrected, both.r_xy / np.sqrt(both.r_xx_sb), rtol=1e-12)
    np.testing.assert_allclose(target.corrected, both.r_xy / np.sqrt(both.r_yy_sb), rtol=1e-12)
    np.testing.assert_allclose(source.corrected * target.corrected, both.corrected * both.r_xy, rtol=1e-12)


def test_negative_reliabilities_are_missing_and_counted():
    rng = np.random.default_rng(0)
    trials = rng.standard_normal((4, 60, 8))
    found = noise_corrected_predictivity(rng.standard_normal((60, 3)), trials, folds_of(60, 3), Ridge(1.0), n_halves=5)
    bad = (found.r_xx <= 0) | (found.r_yy <= 0)
    np.testing.assert_array_equal(np.isnan(found.corrected), bad)
    assert found.n_missing == bad.sum() > 0
    good = np.where(bad, np.nan, found.corrected)
    for unit, value in enumerate(found.per_neuroid()):
        each = good[..., unit][np.isfinite(good[..., unit])]
        assert value == pytest.approx(each.mean()) if len(each) else np.isnan(value)
    assert np.nanmax(np.abs(found.corrected)) > 1  # not clipped


def test_aggregates_are_visible():
    x, _, trials = design(80, 4, 5, 1.0)
    found = noise_corrected_predictivity(x, trials, folds_of(80, 3), Ridge(1.0), n_halves=4)
    per = found.corrected.mean(axis=(0, 1))
    np.testing.assert_allclose(found.per_neuroid(), per, rtol=1e-12)
    assert found.value == pytest.approx(np.median(per))
    assert found.sem == pytest.approx(per.std(ddof=1) / np.sqrt(5))
    xy, xx, yy = (one.mean(axis=(0, 1)) for one in (found.r_xy, found.r_xx, found.r_yy))
    expected = xy / np.sqrt(2 * xx / (1 + xx) * 2 * yy / (1 + yy))
    np.testing.assert_allclose(found.per_neuroid("components"), expected, rtol=1e-12)
    with pytest.raises(ValueError, match="average must be one of ratio, components, received 'mean'"):
        found.per_neuroid("mean")
    assert found.draws is None
    assert found.draws_of_value().shape == (0,)


@pytest.mark.parametrize("average", ["ratio", "components"])
@pytest.mark.parametrize("correction", ["source and target", "source"])
def test_draws_are_the_estimate_on_weighted_stimuli(average, correction):
    x, _, trials = design(60, 4, 3, 1.0, n_repetitions=4)
    options = {"n_halves": 3, "average": average, "correction": correction}
    counts = np.random.default_rng(0).integers(0, 4, (4, 60))
    folds = folds_of(60, 2)
    weights = np.vstack([np.ones(60), counts])
    found = noise_corrected_predictivity(x, trials, folds, Ridge(1.0), weights=weights, **options)
    np.testing.assert_allclose(found.draws[0], found.per_neuroid(), rtol=1e-10)
    # The fitted mappings stay, so repeated test rows give the same as weights.
    for row, count in enumerate(counts, start=1):
        repeated = [Fold(fold.train, np.repeat(fold.test, count[fold.test])) for fold in folds]
        expected = noise_corrected_predictivity(x, trials, repeated, Ridge(1.0), **options).per_neuroid()
        np.testing.assert_allclose(found.draws[row], expected, rtol=1e-9)
    np.testing.assert_allclose(found.draws_of_value(), np.median(found.draws, axis=1))
    crossed = found.draws_of_value(neuroid_seed=0)
    assert crossed.shape == (5,)
    assert set(crossed) <= set(found.draws.ravel())


def test_unequal_repetitions_must_be_declared_and_are_halved_as_asked():
    x, _, trials = design(80, 4, 6, 1.0, n_repetitions=8)
    complete = noise_corrected_predictivity(x, trials, folds_of(80, 2), Ridge(1.0), n_halves=10)
    trials[6:, ::2] = np.nan
    with pytest.raises(ValueError, match="trials has 480 NaN among 3840 responses; declare them"):
        noise_corrected_predictivity(x, trials, folds_of(80, 2), Ridge(1.0))
    each = noise_corrected_predictivity(x, trials, folds_of(80, 2), Ridge(1.0), n_halves=10, missing="halve each")
    assert each.n_halves_skipped == 0
    assert each.value == pytest.approx(complete.value, abs=0.05)
    trials[2:, 3] = np.nan
    skipped = noise_corrected_predictivity(x, trials, folds_of(80, 2), Ridge(1.0), n_halves=10, missing="skip")
    assert 0 < skipped.n_halves_skipped < 10
    assert len(skipped.r_xy) == 10 - skipped.n_halves_skipped


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"missing": "drop"}, "missing must be one of refuse, skip, halve each, received 'drop'"),
        ({"average": "median"}, "average must be one of ratio, components, received 'median'"),
        ({"correction": "none"}, "correction must be one of source and target, source, target, received 'none'"),
        ({"weights": np.ones((2, 3))}, "weights must be"),
    ],
)
def test_wrong_options_are_named(options, message):
    x, _, trials = design(40, 2, 2, 1.0)
    with pytest.raises(ValueError, match=message):
        noise_corrected_predictivity(x, trials, folds_of(40, 2), Ridge(1.0), **options)


def test_sources_of_other_stimuli_are_refused():
    x, _, trials = design(40, 2, 2, 1.0)
    with pytest.raises(ValueError, match=r"source has \[39\] stimuli and trials 40"):
        noise_corrected_predictivity(x[1:], trials, folds_of(40, 2), Ridge(1.0))
