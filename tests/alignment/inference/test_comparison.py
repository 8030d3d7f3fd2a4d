"""Paired comparisons: p and interval agree, corrections, error rate under equal models, refusals of unpaired scores."""

from dataclasses import replace

import numpy as np
import pytest

from alignment import score
from alignment.inference import (
    Design,
    bootstrap_correlation,
    bootstrap_p,
    compare_models,
    compare_predictions,
    compare_scores,
    corrected_resampled_t,
    false_discovery_rate,
    holm_correction,
    interval,
)

RNG = np.random.default_rng(0)
OBSERVED = RNG.standard_normal((80, 5))
PREDICTED = {
    "good": OBSERVED + RNG.standard_normal((80, 5)),
    "alike": OBSERVED + RNG.standard_normal((80, 5)),
    "poor": 0.3 * OBSERVED + RNG.standard_normal((80, 5)),
}


def test_p_is_the_level_at_which_the_interval_touches_zero():
    draws = np.random.default_rng(1).normal(0.2, 0.1, size=4999)
    for factor in (1.0, 1.5):
        p = bootstrap_p(draws, 0.2, factor=factor)
        inside = interval(draws, 0.2, factor, 1 - p - 0.003)
        outside = interval(draws, 0.2, factor, 1 - p + 0.003)
        assert inside[0] > 0 > outside[0]


def test_p_by_hand():
    assert bootstrap_p(np.array([-1.0, 1.0, 2.0, 3.0]), 1.5) == pytest.approx(2 * 2 / 5)
    assert bootstrap_p(np.array([1.0, 2.0, np.nan, 3.0]), 2.0) == pytest.approx(2 / 4)
    assert bootstrap_p(np.zeros(3), 0.0) == 1.0
    assert np.isnan(bootstrap_p(np.full(3, np.nan), 0.1))


def test_predictions_are_compared_on_the_same_draws():
    design = Design(pool="mean")
    found = compare_predictions(PREDICTED, OBSERVED, design, n_boot=400, seed=2)
    alone = {
        name: bootstrap_correlation(made, OBSERVED, design, n_boot=400, seed=2) for name, made in PREDICTED.items()
    }
    pair = found.pair("good", "poor")
    gap = float(alone["good"].value - alone["poor"].value)
    assert pair.difference == pytest.approx(gap)
    assert (pair.low, pair.high) == pytest.approx(interval(alone["good"].draws - alone["poor"].draws, gap))
    assert pair.p == pytest.approx(2 / 401) and pair.low > 0
    assert found.pair("good", "alike").p > 0.05
    unpaired = np.hypot(alone["good"].standard_error, alone["alike"].standard_error)
    assert (alone["good"].draws - alone["alike"].draws).std() < unpaired


def test_a_pair_can_be_asked_for_in_either_order():
    found = compare_predictions(PREDICTED, OBSERVED, n_boot=50)
    one, other = found.pair("good", "poor"), found.pair("poor", "good")
    assert (other.first, other.second, other.p) == ("poor", "good", one.p)
    assert (other.difference, other.low, other.high) == (-one.difference, -one.high, -one.low)


@pytest.mark.parametrize(
    ("correction", "adjust"), [("holm", holm_correction), ("bh", false_discovery_rate), ("none", lambda p: p)]
)
def test_all_pairs_are_corrected_together(correction, adjust):
    found = compare_predictions(PREDICTED, OBSERVED, n_boot=100, correction=correction)
    assert [(pair.first, pair.second) for pair in found.pairs] == [
        ("good", "alike"),
        ("good", "poor"),
        ("alike", "poor"),
    ]
    np.testing.assert_allclose(
        [pair.p_adjusted for pair in found.pairs], adjust(np.array([pair.p for pair in found.pairs]))
    )


def test_splits_are_tested_with_shared_rows_in_mind():
    splits = {"a": np.array([0.5, 0.6, 0.4, 0.55]), "b": np.array([0.4, 0.45, 0.42, 0.41])}
    draws = {name: RNG.standard_normal(20) for name in splits}
    found = compare_models({"a": 0.5, "b": 0.4}, draws, splits=splits, test_over_train=0.25).pairs[0]
    assert found.p_splits == pytest.approx(corrected_resampled_t(splits["a"] - splits["b"], n_train=4, n_test=1).p)
    assert np.isnan(compare_models({"a": 0.5, "b": 0.4}, draws).pairs[0].p_splits)


def test_equally_good_models_differ_in_five_percent_of_comparisons():
    rng = np.random.default_rng(4)
    wrong = 0
    for _ in range(400):
        observed = rng.standard_normal((80, 3))
        models = {name: observed + rng.standard_normal((80, 3)) for name in "ab"}
        wrong += compare_predictions(models, observed, Design(pool="mean"), n_boot=200).pairs[0].p <= 0.05
    assert wrong / 400 == pytest.approx(0.05, abs=0.03)


def test_sentence():
    found = compare_predictions(PREDICTED, OBSERVED, n_boot=100).pair("good", "poor")
    text = found.describe()
    assert text.startswith(f"good - poor = {found.difference:+.3f} [{found.low:+.3f}, {found.high:+.3f}], p = ")
    assert text.endswith("corrected for all pairs (paired bootstrap, 100 draws).")


@pytest.fixture(scope="module")
def scores(tiny, stored_model):
    bench, signal = tiny
    rng = np.random.default_rng(5)
    better, worse = (signal + noise * rng.standard_normal(signal.shape) for noise in (0.5, 2.0))
    models = [stored_model("test/better", top=better, low=worse), stored_model("test/worse", top=worse, low=better)]
    return [score(model, bench, n_boot=200, cache=False) for model in models]


pytestmark = pytest.mark.filterwarnings("ignore:the chosen penalty lies on the edge")


@pytest.mark.parametrize("ceiled", [False, True])
def test_scores_are_compared_draw_by_draw(scores, ceiled):
    first, second = scores
    kind = "ceiled" if ceiled else "raw"
    found = compare_scores(first, second, "top", ceiled=ceiled)
    gap = first.row("top")[kind] - second.row("top")[kind]
    draws = first.data[f"draws_{kind}"].sel(layer="top") - second.data[f"draws_{kind}"].sel(layer="top")
    assert found.difference == pytest.approx(gap)
    assert (found.low, found.high) == pytest.approx(
        interval(draws.values, gap, float(first.provenance["interval_factor"]))
    )
    assert found.low > 0 and found.p < 0.05
    assert (found.first, found.second) == ("test/better, top", "test/worse, top")


def test_the_same_features_do_not_differ(scores):
    found = compare_scores(*scores, ("top", "low"))
    assert found.difference == pytest.approx(0, abs=1e-12)
    assert found.p == 1
    assert compare_scores(scores[0], scores[0], "top").first == "test/better, top (a)"


def test_headline_layers_are_the_default(scores):
    assert compare_scores(*scores).first == f"test/better, {scores[0].headline}"


def test_splits_are_tested_where_the_score_knows_their_sizes(scores):
    bare = [
        replace(one, provenance={k: v for k, v in one.provenance.items() if k != "test_over_train"}) for one in scores
    ]
    assert np.isnan(compare_scores(*bare, "top").p_splits)
    known = [replace(one, provenance={**one.provenance, "test_over_train": 1 / 3}) for one in bare]
    assert 0 < compare_scores(*known, "top").p_splits < 0.5


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("benchmark", "test/other", "the benchmark is 'test/tiny-ridge' in one and 'test/other' in the other"),
        ("split", "shuffled", "the split is 'grouped' in one and 'shuffled'"),
        ("scoring_seed", 1, "the scoring seed is 0 in one and 1"),
        ("n_boot", 300, "the number of draws is 200 in one and 300"),
        ("n_presentations", 40, "the number of presentations is 48 in one and 40"),
        ("stimuli_sha256", "0" * 64, "the stimuli is"),
    ],
)
def test_unpaired_scores_are_refused(scores, key, value, words):
    first, second = scores
    other = replace(second, provenance={**second.provenance, key: value})
    with pytest.raises(ValueError, match=f"the scores are not paired: {words}"):
        compare_scores(first, other)


def test_scores_of_other_neuroids_are_refused(scores):
    first, second = scores
    with pytest.raises(ValueError, match="one has 4 neuroids, the other 2"):
        compare_scores(first, replace(second, data=second.data.isel(neuroid=slice(2))))
    with pytest.raises(ValueError, match="they are not the same ones"):
        compare_scores(first, replace(second, data=second.data.isel(neuroid=[1, 0, 2, 3])))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: compare_models({"a": 1.0}, {"a": np.zeros(3)}), "the same two or more models"),
        (lambda: compare_models({"a": 1.0, "b": 1.0}, {"a": np.zeros(3), "c": np.zeros(3)}), "must name the same"),
        (lambda: compare_models({"a": 1.0, "b": 1.0}, {"a": np.zeros(3), "b": np.zeros(4)}), "draws are not paired"),
        (
            lambda: compare_models(
                {"a": 1.0, "b": 1.0}, {"a": np.zeros(3), "b": np.zeros(3)}, splits={"a": np.zeros(3), "b": np.zeros(3)}
            ),
            "splits were given without test_over_train",
        ),
        (lambda: compare_predictions(PREDICTED, OBSERVED, n_boot=10, correction="sidak"), "received 'sidak'"),
        (lambda: compare_predictions(PREDICTED, OBSERVED, n_boot=10).pair("good", "bad"), "no pair 'good', 'bad'"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_scores_without_ceiling_have_no_ceiled_difference(scores):
    first, second = (replace(one, normalisation="none") for one in scores)
    with pytest.raises(ValueError, match="ceiled is True, but a score has no ceiling"):
        compare_scores(first, second, ceiled=True)


def test_one_score_per_neuroid_is_refused():
    with pytest.raises(ValueError, match="models are compared on a pooled score"):
        compare_predictions(PREDICTED, OBSERVED, Design(pool="none"), n_boot=10)
