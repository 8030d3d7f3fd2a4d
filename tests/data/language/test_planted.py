"""The synthetic recording: reproducible, said to be synthetic, and with the ceilings that it states."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from data.catalogue import dataset_info, load_dataset
from data.language import planted
from data.stimuli import StimulusSet

FINGERPRINT = (
    "import hashlib, data; d = data.load_dataset('language/planted');"
    "print(d.stimuli.content_hash(), hashlib.sha256(d.responses.values.tobytes()).hexdigest())"
)


@pytest.fixture(scope="module")
def dataset():
    return planted.generate()


@pytest.fixture(scope="module")
def recipe():
    """What the generator draws responses from: signals, ceilings, and which neuroids are Poisson."""
    seen = {}

    def spy(signal, ceiling, poisson, rng):
        seen.update(signal=signal, ceiling=ceiling, poisson=poisson)
        return np.zeros((planted.N_REPETITIONS, *signal.shape))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planted, "_responses", spy)
        planted.generate()
    return seen


class Rates:
    """Stands for a random generator and keeps the rates that it is asked to draw from."""

    rates = None

    @staticmethod
    def standard_normal(shape):
        return np.zeros(shape)

    def poisson(self, rates):
        self.rates = rates
        return rates


@pytest.fixture(scope="module")
def rates(recipe):
    """Poisson rates ``(repetition, stimulus, neuroid)`` of the Poisson neuroids."""
    draw = Rates()
    planted._responses(recipe["signal"], recipe["ceiling"], recipe["poisson"], draw)
    return draw.rates[..., recipe["poisson"]]


def test_says_that_it_is_synthetic(dataset):
    info = dataset_info("language/planted")
    assert dataset.info is info
    assert dataset.name == "language/planted"
    assert info.summary.startswith("SYNTHETIC")
    assert info.notes.startswith("Synthetic")
    assert "no recording" in info.citation
    for coordinate in ("subject", "region"):
        assert set(dataset.responses[coordinate].values) == {"synthetic"}


def test_sizes(dataset):
    assert dataset.responses.sizes == {"presentation": 1920, "neuroid": 24}
    assert len(dataset.stimuli) == 320
    assert dataset.stimuli.table.groupby("passage").size().tolist() == [4] * 80
    assert dataset.stimuli.group == "passage"
    assert np.isfinite(dataset.responses.values).all()
    counts = np.unique(dataset.responses["stimulus_id"], return_counts=True)
    assert sorted(counts[0]) == sorted(dataset.stimuli.ids)
    assert set(counts[1]) == {6}


def test_splits_fit_the_table(dataset):
    assert list(dataset.splits)[0] == "passage5"
    assert all(split.group in (None, *dataset.stimuli.table) for split in dataset.splits.values())


def test_texts_are_sentences(dataset):
    texts = list(dataset.stimuli.items())
    assert all(text[0].isupper() and text.endswith(".") and text.count(".") == 1 for text in texts)


def test_no_text_occurs_twice(dataset, monkeypatch):
    assert dataset.stimuli.table["text"].nunique() == 320
    drawn = iter(range(1000))
    monkeypatch.setattr(planted, "_sentence", lambda *_: f"Sentence {next(drawn) // 3}.")
    assert planted.make_stimuli()["text"].tolist() == [f"Sentence {number}." for number in range(320)]


def test_sentences_of_a_passage_share_three_nouns(dataset):
    nouns = set(planted._NOUNS)
    for _, texts in dataset.stimuli.table.groupby("passage")["text"]:
        words = {word for text in texts for word in text.lower().strip(".").split()}
        assert 1 <= len(words & nouns) <= planted.NOUNS_PER_PASSAGE


def test_sentence_lengths_are_those_that_the_docstring_states():
    lengths = {len(text.split()) for seed in range(5) for text in planted.make_stimuli(seed)["text"]}
    assert f"{min(lengths)} to {max(lengths)} words" in planted._sentence.__doc__


def test_two_loads_are_equal(dataset):
    again = load_dataset("language/planted")
    assert again.responses.identical(dataset.responses)
    assert again.stimuli.content_hash() == dataset.stimuli.content_hash()
    assert again.provenance == dataset.provenance == {"generator": "data.language.planted, seed 20240613"}


def test_another_process_makes_the_same(dataset):
    there = subprocess.run(
        [sys.executable, "-c", FINGERPRINT],
        env=os.environ | {"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    here = hashlib.sha256(dataset.responses.values.tobytes()).hexdigest()
    assert there.stdout.split() == [dataset.stimuli.content_hash(), here]


def test_another_seed_makes_another_recording(dataset):
    other = planted.generate(1)
    assert not np.array_equal(other.responses.values, dataset.responses.values)
    assert other.stimuli.content_hash() != dataset.stimuli.content_hash()
    assert other.provenance["generator"].endswith("seed 1")


def test_hidden_features_are_standardised_and_belong_to_the_words():
    texts = ["The old boat.", "The boat old.", "The baker saw the oven.", "The sheep."]
    features = planted.hidden_features(texts)
    assert features.shape == (4, planted.N_FEATURES)
    np.testing.assert_allclose(features.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(features.std(axis=0), 1)
    np.testing.assert_allclose(features[0], features[1])


def test_signals_have_mean_0_and_variance_1(recipe):
    np.testing.assert_allclose(recipe["signal"].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(recipe["signal"].var(axis=0), 1)


def test_half_of_the_neuroids_are_whole_counts(dataset):
    noise = dataset.responses["noise"].values
    assert noise.tolist() == ["gaussian"] * 12 + ["poisson"] * 12
    counts = dataset.responses.values[:, noise == "poisson"]
    assert (counts >= 0).all()
    np.testing.assert_array_equal(counts, np.round(counts))
    assert (dataset.responses.values[:, noise == "gaussian"] < 0).any(axis=0).all()


def test_poisson_rates_are_positive(rates):
    assert rates.shape == (6, 320, 12)
    assert rates.min() > 0


def test_poisson_rates_have_the_stated_ceiling_in_closed_form(rates, recipe):
    expected = rates[0]
    signal, noise = expected.var(axis=0), expected.mean(axis=0)
    np.testing.assert_allclose(np.sqrt(signal / (signal + noise / 6)), recipe["ceiling"][recipe["poisson"]])


def test_stated_ceilings_are_those_of_the_recipe(dataset, recipe):
    stated = dataset.responses["true_ceiling"].values
    np.testing.assert_array_equal(stated, recipe["ceiling"])
    assert stated[[0, 11]].tolist() == stated[[12, 23]].tolist() == [0.5, 0.95]


def test_mean_of_six_correlates_with_the_signal_as_the_ceiling_states(recipe):
    rng = np.random.default_rng(0)
    signal = recipe["signal"]
    correlations = []
    for _ in range(300):
        mean = planted._responses(signal, recipe["ceiling"], recipe["poisson"], rng).mean(axis=0)
        correlations.append(((mean - mean.mean(axis=0)) / mean.std(axis=0) * signal).mean(axis=0))
    ceiling = recipe["ceiling"]
    error = np.std(correlations, axis=0, ddof=1) / np.sqrt(len(correlations))
    # A correlation over n points is biased by about -c (1 - c^2) / 2n.
    bias = ceiling * (1 - ceiling**2) / (2 * len(signal))
    difference = np.abs(np.mean(correlations, axis=0) - ceiling)
    assert error.max() < 0.004
    assert (difference < 4.5 * error + 2 * bias).all()


def test_recorded_means_correlate_as_stated(dataset, recipe):
    mean = dataset.responses.values.reshape(6, 320, 24).mean(axis=0)
    found = ((mean - mean.mean(axis=0)) / mean.std(axis=0) * recipe["signal"]).mean(axis=0)
    np.testing.assert_allclose(found, recipe["ceiling"], atol=0.15)


def test_presentations_are_in_the_order_of_the_table(dataset):
    order = dataset.responses["stimulus_id"].values.reshape(6, 320)
    assert all(row.tolist() == dataset.stimuli.ids for row in order)
    assert isinstance(dataset.stimuli, StimulusSet)
