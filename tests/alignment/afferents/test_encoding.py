"""Scores of predictors: the true one wins and reaches what it can, noise gains nothing, real afferents against the authors'."""

import numpy as np
import pytest

from alignment.afferents import (
    LEAVE_ONE_OUT,
    PRESENTATIONS,
    AfferentScore,
    EncodingOptions,
    score_afferent,
)
from alignment.afferents.encoding import constant_rate
from alignment.folds import Fold

OPTIONS = EncodingOptions(
    bin_ms=2.0,
    stimulus_ms=60.0,
    history_ms=60.0,
    n_stimulus_bumps=6,
    n_history_bumps=4,
    alphas=(1.0, 100.0),
    n_boot=200,
)


def low_passed(signal, rate_hz):
    return np.convolve(signal, np.exp(-np.arange(20) / 5))[: len(signal), None]


def noise(signal, rate_hz):
    return np.random.default_rng(int(1e6 * abs(signal[0]))).standard_normal((len(signal), 2))


@pytest.fixture(scope="module")
def scored(planted):
    return score_afferent(planted[0], low_passed, options=OPTIONS)


def true_bits(dataset, rate):
    """Bits per spike of the rate from which the spikes were drawn, over their mean, by a plain loop."""
    spikes = dataset.responses.values[:, 0]
    mean = spikes.mean()
    total = sum(y * np.log(mu / mean) - mu + mean for y, mu in zip(spikes.ravel(), rate.ravel(), strict=True))
    return total / spikes.sum() / np.log(2)


def test_the_model_that_made_the_spikes_reaches_the_bits_that_are_there(planted, scored):
    row = scored.table().loc["model"]
    assert row.bits_per_spike == pytest.approx(true_bits(*planted), abs=0.05)
    assert row.bits_per_spike_low < true_bits(*planted) < row.bits_per_spike_high


def test_past_spikes_tell_nothing_of_a_neuron_without_memory(scored):
    gain = scored.over("model + history", "model")
    assert abs(gain["difference"]) < 0.05
    assert scored.over("model", "history")["low"] > 0.2


def test_shift_null_finds_the_model_and_only_it(planted, scored):
    assert scored.table().loc["model", "r_p"] < 0.001
    assert np.isnan(scored.table().loc["history", "r_p"])
    chance = score_afferent(planted[0], noise, options=OPTIONS).table().loc["model"]
    assert chance.r_p > 0.01
    assert chance.bits_per_spike < 0.02


def test_every_bin_is_predicted_by_folds_that_did_not_see_it(planted):
    dataset, _ = planted
    spikes = dataset.responses.values[:, 0].copy()
    spikes[7] = 0  # a presentation that falls silent
    changed = as_planted(dataset, spikes)
    options = EncodingOptions(**{**vars(OPTIONS), "split": LEAVE_ONE_OUT, "alphas": (10.0,), "n_boot": 2})
    before, after = (score_afferent(one, options=options).data for one in (dataset, changed))
    held_out = [one["predicted"].sel(predictor="stimulus")[7].values for one in (before, after)]
    np.testing.assert_allclose(held_out[0], held_out[1], rtol=1e-8)
    other = [one["predicted"].sel(predictor="stimulus")[3].values for one in (before, after)]
    assert np.abs(other[0] - other[1]).max() > 1e-4


def as_planted(dataset, spikes):
    responses = dataset.responses.copy(data=spikes[:, None])
    return type(dataset)(dataset.info, responses, dataset.stimuli, dataset.splits)


def test_score_holds_what_its_table_says(planted, scored):
    assert isinstance(scored, AfferentScore)
    assert scored.predictors == ["history", "stimulus", "stimulus + history", "model", "model + history"]
    spikes = dataset_spikes(planted)
    assert scored.data.attrs["n_spikes"] == spikes.sum()
    assert float(scored.data["observed"].sum()) == spikes.sum()
    assert scored.data.attrs["ceiling"].startswith("none, because no stimulus was repeated")
    assert "p over shifts" in repr(scored)
    assert "embargo" in repr(scored)
    assert scored.over("model", "model") == {"difference": 0, "low": 0, "high": 0}


def dataset_spikes(planted):
    return planted[0].responses.values[:, 0]


def test_bits_of_folds_add_up_to_those_of_all(scored):
    data = scored.data
    counts = data["observed"].values
    per_fold = counts.reshape(5, -1).sum(axis=1)  # contiguous fifths of 20 presentations
    for name in ("stimulus", "model"):
        total = float((data["fold_bits"].sel(predictor=name).values * per_fold).sum() / per_fold.sum())
        assert total == pytest.approx(float(data["bits_per_spike"].sel(predictor=name)), abs=1e-10)


def test_same_seed_same_score(planted, scored):
    again = score_afferent(planted[0], low_passed, options=OPTIONS)
    assert again.data.identical(scored.data)


def test_rest_before_a_presentation_is_what_its_filters_see(planted):
    seen = []

    def spy(signal, rate_hz):
        seen.append(signal)
        return signal[:, None]

    options = EncodingOptions(**{**vars(OPTIONS), "rest": -7.0, "alphas": (10.0,), "n_boot": 2})
    score_afferent(planted[0], spy, options=options)
    assert len(seen) == 20
    assert len(seen[0]) == 1000 + 30
    assert (seen[0][:30] == -7).all()


def test_constant_rate_is_that_of_the_training_bins():
    counts = np.array([[1.0, 0, 0, 0, 3, 3, 0, 1]])
    folds = [Fold(np.arange(4, 8), np.arange(4)), Fold(np.arange(3), np.arange(4, 8))]
    np.testing.assert_allclose(constant_rate(counts, folds)[0], [1.75] * 4 + [1 / 3] * 4)
    with pytest.raises(ValueError, match="fold 0 has no spike among its 2 training bins"):
        constant_rate(counts, [Fold(np.array([1, 2]), np.array([0]))])


@pytest.mark.parametrize(
    ("features", "words"),
    [
        (lambda signal, rate: signal, "received shape .1000,."),
        (lambda signal, rate: signal[::2, None], "one per sample of the signal at 500 Hz.*shape .500, 1."),
        (lambda signal, rate: np.full((len(signal), 1), np.nan), "must be finite"),
    ],
)
def test_features_that_do_not_fit_are_refused(planted, features, words):
    with pytest.raises(ValueError, match=words):
        score_afferent(planted[0], features, options=OPTIONS)


def test_one_chunk_has_no_interval(planted):
    options = EncodingOptions(**{**vars(OPTIONS), "chunk_ms": 1e6, "alphas": (10.0,)})
    one = planted[0].responses[:1]
    dataset = type(planted[0])(planted[0].info, one, first_stimulus(planted[0]), {})
    with pytest.raises(ValueError, match="one chunk of 1e.06 ms"):
        score_afferent(dataset, options=options)


def first_stimulus(dataset):
    stimuli = dataset.stimuli
    return type(stimuli)(stimuli.name, stimuli.table[:1], arrays=stimuli.arrays[:1])


def test_mechanoreceptor_against_the_authors_model(real_data):
    options = EncodingOptions(rest=0.0, alphas=(30.0,), split=PRESENTATIONS, n_boot=200)
    score = score_afferent("tactile/medlock2024.neuron3", options=options)
    table = score.table()
    assert score.data.attrs["n_spikes"] == 575
    assert table.loc["released GLM, in sample", "bits_per_spike"] == pytest.approx(3.927, abs=0.005)
    assert table.loc["released GLM, in sample", "bin_ms"] == pytest.approx(0.1)
    assert table.loc["stimulus + history", "bits_per_spike_low"] > table.loc["history", "bits_per_spike"]
    assert (
        table.loc["stimulus + history, in sample", "bits_per_spike"] > table.loc["stimulus + history", "bits_per_spike"]
    )
    assert table.loc["stimulus", "r_p"] < 0.001
