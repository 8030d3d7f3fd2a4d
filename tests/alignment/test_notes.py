"""Sentences that go with a score: said where they hold, and only there."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from alignment import Benchmark, SplitHalfCeiling, score
from alignment.ceilings import CeilingEstimate
from alignment.measurement import Measurement
from alignment.notes import ceiling_notes, edge_note, interval_words, neighbour_note, null_edge_note
from alignment.result import NESTED

pytestmark = pytest.mark.filterwarnings("ignore:the chosen penalty lies on the edge")
ALPHAS = np.array([0.1, 1.0, 10.0])


def measured(alpha):
    alpha = np.array(alpha, dtype=float)
    chosen = {"alpha": alpha, "at_edge": np.isin(alpha, [0.1, 10.0])}
    return Measurement(alpha * 0, np.zeros(2), np.zeros(2), alpha * 0, chosen, np.empty(0), alpha[0])


def test_penalties_at_the_edge_are_counted_per_layer():
    layers = {
        "first": measured([[0.1, 10.0, 1.0], [0.1, 1.0, 1.0]]),
        "second": measured([[1.0] * 3] * 2),
        NESTED: measured([[0.1] * 3] * 2),
    }
    with pytest.warns(UserWarning, match="the chosen penalty lies on the edge"):
        said = edge_note(layers, ALPHAS)
    assert "some of 6 fits per layer (first: 2 at 0.1, 1 at 10):" in said
    assert "second" not in said and NESTED not in said
    assert edge_note({"second": layers["second"]}, ALPHAS) == ""


def test_penalties_of_nulls_are_given_as_shares():
    nulls = {"noise": measured([[0.1, 1.0], [1.0, 1.0]]), "order": measured([[1.0] * 2] * 2)}
    assert null_edge_note(nulls).endswith("share of fits: noise 25%.")
    assert null_edge_note({"order": nulls["order"]}) == ""


def test_lost_ceilings_are_counted(make_dataset):
    dataset, _ = make_dataset()
    with_one = Benchmark("test/x", dataset, ceiling=SplitHalfCeiling(), normalisation="r/c")
    lost = CeilingEstimate(np.array([np.nan, 0.5, np.nan]), None)
    (said,) = ceiling_notes(with_one, lost)
    assert said.startswith("2 of 3 neuroids have no positive ceiling")
    low = CeilingEstimate(np.array([0.1, 0.5, 0.19]), None)
    assert ceiling_notes(with_one, low)[0].startswith("2 of 3 neuroids have a ceiling below 0.2: dividing by it")
    assert ceiling_notes(dataclasses.replace(with_one, normalisation="none"), low) == []
    assert ceiling_notes(with_one, CeilingEstimate(np.array([0.5, 0.9]), None)) == []
    assert ceiling_notes(Benchmark("test/x", dataset), lost) == []


@pytest.mark.parametrize(
    ("measure", "words"), [("Pearson r", "which stimuli are neighbours"), ("RSA", "sorted by category")]
)
def test_neighbours_are_said_where_their_interval_lies_above_zero(measure, words):
    result = SimpleNamespace(
        fitted=measure == "Pearson r", baselines=["OASM"], baseline_row=lambda name: {"ci_low": 0.012, "ci_high": 0.3}
    )
    said = neighbour_note(result)
    assert said.startswith("OASM scores above 0 (interval 0.012 to 0.300)") and words in said
    for low in (0.0, -0.1, float("nan")):
        quiet = SimpleNamespace(baselines=["OASM"], baseline_row=lambda name, low=low: {"ci_low": low, "ci_high": 0.3})
        assert neighbour_note(quiet) == ""
    assert neighbour_note(SimpleNamespace(baselines=["time alone"])) == ""


def test_interval_and_p_are_told_as_they_were_made():
    interval, nulls, p = interval_words("groups of story", 100, 1.5, 19, fitted=True)
    assert "100 draws over groups of story of the test folds" in interval and "1.50: sqrt(1 + tested" in interval
    assert "the groups of story of the recording are permuted 19 times" in p and "(b + 1) / (B + 1)" in p
    assert nulls.startswith("Nulls: ")
    words = interval_words("presentations", 100, 1.0, 0, fitted=False)
    assert len(words) == 2 and words[0].endswith("100 draws over presentations.")


def test_sorted_stimuli_are_said_in_the_score(make_dataset, with_responses, stored_model):
    dataset, signal = make_dataset(n_neuroids=8)
    drift = np.linspace(0, 3, 48)[:, None] * np.arange(1, 9)
    values = np.tile(signal + drift, (2, 1))
    benchmark = Benchmark("test/x", with_responses(dataset, values), metric="rsa")
    result = score(stored_model(only=signal), benchmark, n_boot=30, n_permutations=0, cache=False)
    row = result.baseline_row("OASM")
    said = [note for note in result.warnings if note.startswith("OASM scores above 0")]
    assert len(said) == (row["ci_low"] > 0)
    euclidean = dataclasses.replace(benchmark, metric="ridge", split="shuffled")
    with pytest.warns(UserWarning, match="leaks"):
        leaky = score(stored_model(only=signal), euclidean, n_boot=30, n_permutations=0, cache=False)
    (said,) = [note for note in leaky.warnings if note.startswith("OASM scores above 0")]
    row = leaky.baseline_row("OASM")
    assert f"(interval {row['ci_low']:.3f} to {row['ci_high']:.3f})" in said
