"""Bootstrap intervals against scipy's, plain loops and known variances."""

import numpy as np
import pytest
from scipy import stats

from alignment.correlation import pearson
from alignment.inference import (
    BootstrapResult,
    Design,
    bootstrap,
    bootstrap_correlation,
    bootstrap_weights,
    median_draws,
)
from alignment.result import aggregate

RNG = np.random.default_rng(0)
SKEWED = RNG.gamma(1.0, size=40)
OBSERVED = RNG.standard_normal((50, 6))
PREDICTED = 0.6 * OBSERVED + RNG.standard_normal((50, 6))
ANIMALS = np.array(list("aabbbb"))


@pytest.mark.parametrize(("method", "theirs"), [("percentile", "percentile"), ("bca", "BCa")])
def test_interval_of_a_mean_equals_scipy(method, theirs):
    ours = bootstrap(SKEWED, n_boot=20_000, method=method)
    reference = stats.bootstrap((SKEWED,), np.mean, n_resamples=20_000, method=theirs, rng=1).confidence_interval
    assert float(ours.value) == pytest.approx(SKEWED.mean())
    assert ours.interval == pytest.approx((reference.low, reference.high), abs=0.012)


@pytest.mark.parametrize(("method", "theirs"), [("percentile", "percentile"), ("bca", "BCa")])
def test_interval_on_the_same_draws_equals_scipy(method, theirs):
    draws = bootstrap(SKEWED, n_boot=3000).draws

    class Given:
        """What scipy reuses from an earlier call: the draws alone."""

        bootstrap_distribution = draws

    reference = stats.bootstrap(
        (SKEWED,), np.mean, n_resamples=0, method=theirs, bootstrap_result=Given(), rng=0
    ).confidence_interval
    ours = bootstrap(SKEWED, n_boot=3000, method=method)
    assert ours.interval == pytest.approx((reference.low, reference.high), abs=1e-12)


def test_bca_of_a_correlation_equals_scipy():
    def rows(x, y, axis):
        x, y = (part - part.mean(axis=axis, keepdims=True) for part in (x, y))
        return (x * y).sum(axis=axis) / np.sqrt((x**2).sum(axis=axis) * (y**2).sum(axis=axis))

    p, o = PREDICTED[:, 0], OBSERVED[:, 0]
    ours = bootstrap_correlation(p[:, None], o[:, None], n_boot=10_000, method="bca")
    reference = stats.bootstrap((p, o), rows, paired=True, n_resamples=10_000, rng=0).confidence_interval
    assert ours.interval == pytest.approx((reference.low, reference.high), abs=0.02)


@pytest.mark.parametrize("folds", [None, np.arange(50) % 5])
@pytest.mark.parametrize("pool", ["mean", "median"])
def test_draws_of_a_correlation_equal_a_plain_loop(folds, pool):
    design = Design(animals=ANIMALS, pool=pool)
    result = bootstrap_correlation(PREDICTED, OBSERVED, design, folds=folds, n_boot=20, seed=3)
    labels = np.zeros(50) if folds is None else folds
    everything = np.mean([pearson(PREDICTED[labels == k], OBSERVED[labels == k]) for k in np.unique(labels)], axis=0)
    loop = []
    for weights in bootstrap_weights(50, None, 20, 3):
        rows = np.repeat(np.arange(50), weights.astype(int))
        parts = [rows[labels[rows] == k] for k in np.unique(labels)]
        loop.append(np.mean([pearson(PREDICTED[part], OBSERVED[part]) for part in parts], axis=0))
    if pool == "median":
        expected = median_draws(everything, np.array(loop), ANIMALS)
        assert float(result.value) == pytest.approx(aggregate(everything, ANIMALS))
    else:
        expected = np.mean([np.mean(np.array(loop)[:, name == ANIMALS], axis=1) for name in "ab"], axis=0)
    np.testing.assert_allclose(result.draws, expected, atol=1e-10)


def test_draws_do_not_depend_on_the_size_of_blocks(monkeypatch):
    design = Design(("stimuli", "neuroids", "animals"), animals=ANIMALS)
    whole = bootstrap_correlation(PREDICTED, OBSERVED, Design(("stimuli",)), n_boot=30, method="bca")
    nested = bootstrap_correlation(PREDICTED, OBSERVED, design, n_boot=30)
    monkeypatch.setattr("alignment.inference.bootstrapping.NEUROIDS_PER_BLOCK", 4)
    again = bootstrap_correlation(PREDICTED, OBSERVED, design, n_boot=30)
    np.testing.assert_allclose(again.draws, nested.draws, atol=1e-12)
    monkeypatch.setattr("alignment.inference.bootstrapping.MAX_BLOCK", 350)
    parts = bootstrap_correlation(PREDICTED, OBSERVED, Design(("stimuli",)), n_boot=30, method="bca")
    np.testing.assert_allclose(parts.draws, whole.draws, atol=1e-12)
    assert parts.interval == pytest.approx(whole.interval)


def test_groups_are_drawn_and_left_out_as_wholes():
    groups = np.arange(40) // 4
    means = SKEWED.reshape(10, 4).mean(axis=1)
    ours = bootstrap(SKEWED, Design(groups=groups), n_boot=4000, method="bca", seed=5)
    alone = bootstrap(means, n_boot=4000, method="bca", seed=5)
    np.testing.assert_allclose(ours.draws, alone.draws, atol=1e-12)
    assert ours.interval == pytest.approx(alone.interval, abs=1e-12)


def test_one_result_per_neuroid_is_the_result_of_each_alone():
    for method in ("percentile", "bca"):
        together = bootstrap_correlation(PREDICTED, OBSERVED, Design(pool="none"), n_boot=200, method=method)
        assert together.draws.shape == (200, 6)
        for unit in range(6):
            alone = bootstrap_correlation(PREDICTED[:, [unit]], OBSERVED[:, [unit]], n_boot=200, method=method)
            assert (together.low[unit], together.high[unit]) == pytest.approx(alone.interval, abs=1e-12)


def test_crossed_draws_have_the_variance_of_rows_columns_and_interaction():
    # Rows and columns without effects of their own: only the interaction is left, and crossed draws count it three times.
    rng = np.random.default_rng(1)
    rows, columns = rng.standard_normal((30, 1)), rng.standard_normal((1, 20))
    values = 2 * rows + 3 * columns
    expected = 4 * rows.var() / 30 + 9 * columns.var() / 20
    crossed = Design(("stimuli", "neuroids"), pool="mean")
    assert bootstrap(values, crossed, n_boot=20_000).draws.var() == pytest.approx(expected, rel=0.04)
    noise = rng.standard_normal((30, 20))
    noise -= noise.mean(axis=0)
    noise -= noise.mean(axis=1, keepdims=True)
    # Owen 2007: (3 - 2 terms that vanish without effects) = one interaction variance of the fixed table.
    assert bootstrap(noise, crossed, n_boot=20_000).draws.var() == pytest.approx(noise.var() / 600, rel=0.05)


def test_median_over_stimuli_equals_a_plain_loop():
    table = RNG.standard_normal((21, 3))
    for values in (table, table[:, 0]):
        result = bootstrap(values, Design(pool="median" if values.ndim == 1 else "mean"), aggregate="median", n_boot=25)
        for draw, weights in zip(result.draws, bootstrap_weights(21, None, 25, 0), strict=True):
            assert draw == pytest.approx(np.median(np.repeat(values, weights.astype(int), axis=0), axis=0).mean())


def test_any_statistic_of_weights_can_be_given():
    def spread(weights):
        mean = weights @ SKEWED / weights.sum(axis=1)
        return np.sqrt(weights @ SKEWED**2 / weights.sum(axis=1) - mean**2)

    result = bootstrap(spread, n_stimuli=40, n_boot=6000, method="bca")
    reference = stats.bootstrap((SKEWED,), np.std, n_resamples=6000, method="BCa", rng=0).confidence_interval
    assert float(result.value) == pytest.approx(SKEWED.std())
    assert result.interval == pytest.approx((reference.low, reference.high), abs=0.06)


def test_repetitions_are_drawn_inside_their_stimulus():
    # One stimulus never repeated: with stimuli fixed its mean cannot change; the others change by their own spread.
    rng = np.random.default_rng(2)
    trials = rng.standard_normal((4, 30, 1))
    trials[1:, 0], trials[3, 1:9] = np.nan, np.nan
    seen = []

    from alignment.inference.bootstrapping import _Trials

    kept = _Trials(trials)
    np.testing.assert_allclose(kept.mean(), np.nanmean(trials, axis=0))
    stream = np.random.default_rng(0)
    for _ in range(4000):
        seen.append(kept.resampled(stream)[:, 0])
    drawn = np.array(seen)
    expected = np.nanvar(trials[..., 0], axis=0) / (~np.isnan(trials[..., 0])).sum(axis=0)
    assert drawn[:, 0].var() < 1e-20
    np.testing.assert_allclose(drawn[:, 1:].var(axis=0), expected[1:], rtol=0.15)
    np.testing.assert_allclose(drawn.mean(axis=0), np.nanmean(trials, axis=0)[:, 0], atol=0.06)


def test_repetitions_alone_give_a_narrower_interval_than_stimuli():
    rng = np.random.default_rng(3)
    signal = rng.standard_normal((60, 5))
    trials = signal + 0.3 * rng.standard_normal((6, 60, 5))
    noisy = signal + rng.standard_normal(signal.shape)
    widths = {}
    for over in (("stimuli",), ("repetitions",), ("stimuli", "repetitions")):
        result = bootstrap_correlation(noisy, trials, Design(over), n_boot=200)
        widths[over] = result.high - result.low
        assert float(result.value) == pytest.approx(np.median(pearson(noisy, trials.mean(axis=0))))
    assert widths[("repetitions",)] < 0.5 * widths[("stimuli",)]
    assert widths[("stimuli", "repetitions")] > 0.95 * widths[("stimuli",)]


def test_the_seed_alone_decides_the_draws():
    design = Design(("stimuli", "neuroids"))
    first, again, other = (bootstrap_correlation(PREDICTED, OBSERVED, design, n_boot=40, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.draws, again.draws)
    assert (first.draws != other.draws).any()


def test_widening_multiplies_distances_from_the_value():
    plain, wide = (
        bootstrap_correlation(PREDICTED, OBSERVED, Design(pool="mean"), factor=factor) for factor in (1.0, 1.5)
    )
    assert wide.value - wide.low == pytest.approx(1.5 * (plain.value - plain.low))
    assert wide.high - wide.value == pytest.approx(1.5 * (plain.high - plain.value))
    assert float(wide.standard_error) == pytest.approx(1.5 * plain.draws.std(ddof=1))


def test_draws_without_a_correlation_are_counted_and_left_out():
    rare = np.zeros((20, 2))
    rare[0, 0], rare[:, 1] = 1.0, np.arange(20)
    made = np.arange(40.0).reshape(20, 2)
    result = bootstrap_correlation(made, rare, Design(pool="none"), n_boot=500)
    lost = int((bootstrap_weights(20, None, 500, 0)[:, 0] == 0).sum())
    assert lost > 100
    assert result.n_undefined == lost
    assert np.isfinite(result.low).all()


def test_bca_is_nan_where_all_draws_lie_on_one_side():
    result = bootstrap(lambda weights: (weights > 0).sum(axis=1).astype(float), n_stimuli=20, n_boot=50, method="bca")
    assert np.isnan(result.interval).all()


def test_result_says_how_it_was_made():
    result = bootstrap_correlation(PREDICTED, OBSERVED, n_boot=10, method="bca", factor=1.5, seed=4)
    assert isinstance(result, BootstrapResult)
    assert result.describe() == (
        "95% bias-corrected and accelerated (BCa) bootstrap interval, 10 draws, seed 4, widened by 1.50: 50 stimuli drawn with "
        "replacement; 6 neuroids fixed; median over neuroids."
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bootstrap(np.array([1.0, np.nan])), "values has 1 values of 2 that are not finite"),
        (lambda: bootstrap(np.zeros((2, 2, 2))), r"values must be \(stimulus,\) or \(stimulus, neuroid\)"),
        (lambda: bootstrap(lambda weights: weights[:, 0]), "n_stimuli is None"),
        (lambda: bootstrap(lambda weights: 1.0, n_stimuli=3), "the statistic returned"),
        (lambda: bootstrap(SKEWED, Design(("neuroids",))), "the statistic has one value per draw"),
        (lambda: bootstrap(SKEWED, Design(("repetitions",))), "repetitions are resampled by bootstrap_correlation"),
        (lambda: bootstrap(SKEWED, aggregate="mode"), "aggregate must be 'mean' or 'median', received 'mode'"),
        (lambda: bootstrap(SKEWED, method="normal"), "method must be 'percentile', 'bc' or 'bca', received 'normal'"),
        (lambda: bootstrap(SKEWED, n_boot=0), "n_boot must be at least 1"),
        (lambda: bootstrap(SKEWED, factor=0.5), "factor at least 1, received 1000, 0.95, 0.5"),
        (lambda: bootstrap_correlation(PREDICTED, OBSERVED[:, :3]), "must both be"),
        (lambda: bootstrap_correlation(PREDICTED, np.where(OBSERVED > 1, np.nan, OBSERVED)), "observed has"),
        (lambda: bootstrap_correlation(PREDICTED, OBSERVED, folds=np.zeros(3)), r"folds has shape \(3,\)"),
        (lambda: bootstrap_correlation(PREDICTED, OBSERVED, Design(("repetitions",))), "give trials"),
        (
            lambda: bootstrap_correlation(PREDICTED, np.stack([OBSERVED] * 2), Design(("repetitions",)), method="bca"),
            "BCa is not offered for resampled repetitions",
        ),
        (
            lambda: bootstrap_correlation(PREDICTED, np.stack([OBSERVED, np.where(OBSERVED > 1, np.nan, OBSERVED)])),
            "NaN in some neuroids only",
        ),
        (
            lambda: bootstrap_correlation(PREDICTED, np.full((2, 50, 6), np.nan)),
            "50 stimuli without any repetition",
        ),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
