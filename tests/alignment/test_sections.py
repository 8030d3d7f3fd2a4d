"""Sections of the report: which figures stand there, that their tables hold the score's numbers, and what is said."""

import dataclasses
import html
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from alignment import Benchmark, BetweenSubjects, NeuroidRidge, report, score
from alignment.figure_files import FigureFiles
from alignment.sections import anchor, overview, section

pytestmark = pytest.mark.filterwarnings("ignore:the chosen penalty lies on the edge")
RIDGE = NeuroidRidge(np.logspace(-1, 3, 3))


def noisy(signal, seed):
    return signal + np.random.default_rng(seed).standard_normal(signal.shape)


@pytest.fixture(scope="module")
def scores(make_dataset, stored_model):
    """Five models by ridge, one of them with two layers, and one by RSA."""
    dataset, signal = make_dataset(n_neuroids=8)
    fitted = Benchmark("test/ridge", dataset, metric=RIDGE)
    alike = Benchmark("test/rsa", dataset, metric="rsa", ceiling=BetweenSubjects())
    quick = {"n_boot": 5, "n_permutations": 5, "cache": False}
    ridge = [score(stored_model(f"test/m{seed}", only=noisy(signal, seed)), fitted, **quick) for seed in range(4)]
    two = stored_model("test/two", first=noisy(signal, 8), second=noisy(signal, 9))
    return [*ridge, score(two, fitted, **quick), score(two, alike, **quick)]


@pytest.fixture(scope="module")
def folder(scores, tmp_path_factory):
    """Report of all, with performances."""
    out = tmp_path_factory.mktemp("sections")
    performance = {f"test/m{seed}": 0.5 + seed / 10 for seed in range(4)} | {"test/two": 0.95}
    report([*scores, scores[0]], out, performance=performance, performance_label="accuracy (%)")
    return out


def table(folder, stem):
    return pd.read_csv(folder / "figures" / f"{stem}.csv")


def test_every_figure_is_there_and_is_xml(folder):
    stems = {path.stem for path in (folder / "figures").glob("*.csv")}
    fitted, alike = anchor("test/ridge (split grouped)"), anchor("test/rsa (split grouped)")
    assert stems == {
        "overview-matrix",
        *(f"{fitted}-{kind}" for kind in ("scores", "layers", "subjects", "performance")),
        *(f"{fitted}{number}-{kind}" for number in ("", "-2", "-3", "-4") for kind in ("neuroids", "histogram")),
        *(f"{alike}-{kind}" for kind in ("scores", "layers", "subjects", "performance")),
        *(f"{alike}-rdm-{kind}" for kind in ("model", "brain", "comparison")),
    }
    for stem in stems:
        assert ElementTree.parse(folder / "figures" / f"{stem}.svg").getroot().tag.endswith("svg")


def test_tables_hold_the_numbers_of_the_scores(folder, scores):
    stem = anchor("test/ridge (split grouped)")
    ridge = scores[:5]
    shown = table(folder, f"{stem}-scores")
    shown = shown[shown["kind"] == "model"]
    assert len(shown) == 5  # the score that was given twice counts once
    for key in ("raw", "ci_low", "ci_high", "p"):
        np.testing.assert_allclose(shown[key], [one.row(one.headline)[key] for one in ridge])
    layers = table(folder, f"{stem}-layers")
    np.testing.assert_allclose(layers["raw"], [one.row(layer)["raw"] for one in ridge for layer in one.layers])
    for kind in ("neuroids", "histogram"):
        for number, one in zip(("", "-2", "-3", "-4"), ridge, strict=False):
            np.testing.assert_allclose(table(folder, f"{stem}{number}-{kind}")["raw"], one.per_neuroid()["raw"])
    np.testing.assert_allclose(
        table(folder, f"{stem}-subjects").groupby("model", sort=False)["raw"].mean(), [one.value for one in ridge]
    )
    points = table(folder, f"{stem}-performance")
    np.testing.assert_allclose(points["performance"], [0.5, 0.6, 0.7, 0.8, 0.95])
    np.testing.assert_allclose(points["value"], [one.value for one in ridge])
    np.testing.assert_allclose(points[["ci_low", "ci_high"]], [one.ci for one in ridge])


def test_matrices_of_the_report_are_those_of_the_score(folder, scores):
    stem, one = anchor("test/rsa (split grouped)"), scores[5]
    model = one.data["relation_model"].values[one.layers.index(one.best_layer()["layer"])]
    brain = one.data["relation_subject"].values.mean(axis=0)
    np.testing.assert_allclose(table(folder, f"{stem}-rdm-model")["model"], model)
    np.testing.assert_allclose(table(folder, f"{stem}-rdm-brain")["mean_of_subjects"], brain)
    np.testing.assert_allclose(table(folder, f"{stem}-rdm-comparison"), np.stack([model, brain], axis=1))


def test_overview_holds_the_headlines(folder, scores):
    shown = table(folder, "overview-matrix").set_index("model")
    assert list(shown.index) == [*(f"test/m{seed}" for seed in range(4)), "test/two"]
    np.testing.assert_allclose(shown.iloc[:, 0], [one.value for one in scores[:5]])
    assert shown.iloc[:4, 1].isna().all() and shown.iloc[4, 1] == pytest.approx(scores[5].value)


def test_one_benchmark_has_no_overview_and_no_performance_of_nobody(scores, tmp_path):
    with pytest.warns(UserWarning, match="no performance is given for any of .*received test/unknown"):
        page = report(scores[:1], tmp_path, performance={"test/unknown": 1.0}).read_text(encoding="utf-8")
    assert "Models and benchmarks" not in page
    assert not list((tmp_path / "figures").glob("*performance*"))
    assert "Models and benchmarks" in overview(scores, NoFiles(tmp_path))


class NoFiles(FigureFiles):
    """Writes nothing: for what stands between the figures."""

    def add(self, stem, axes, table, caption):
        return ""


def text_of(scores):
    return html.unescape(section("a name", scores, NoFiles(Path("nowhere")), {}, "accuracy"))


def test_verdict_compares_with_the_strongest_null(scores):
    one = scores[0]
    text = text_of([one])
    nulls = {name: one.baseline_row(name)["raw"] for name in one.baselines}
    strongest = max(nulls, key=lambda name: nulls[name])
    over = one.over_null(strongest)
    assert f"The headline is raw r {one.value:.3f}." in text
    assert f"The strongest null is {strongest} at {nulls[strongest]:.3f}" in text
    assert f"differs from it by {over['difference']:.3f} [{over['ci_low']:.3f}, {over['ci_high']:.3f}]" in text
    assert "largest of" not in text


def test_verdict_of_several_counts_those_above_the_null(scores):
    ridge = scores[:4]
    text = text_of(ridge)
    values = [one.value for one in ridge]
    assert f"raw r {np.mean(values):.3f} on average ({min(values):.3f} to {max(values):.3f} over 4 scores)" in text
    nulls = {name: ridge[0].baseline_row(name)["raw"] for name in ridge[0].baselines}
    strongest = max(nulls, key=lambda name: nulls[name])
    n_over = sum(one.over_null(strongest)["ci_low"] > 0 for one in ridge)
    assert f"{n_over} of 4 headlines lie above it" in text
    p = [one.p() for one in ridge]
    assert f"reach it with p between {min(p):.3g} and {max(p):.3g}" in text


def test_largest_layer_is_called_a_maximum(scores):
    one = scores[4]
    best = one.best_layer()
    expected = (
        f"The largest of 2 layers of test/two is {best['layer']} at {best['raw']:.3f}: a maximum; with permuted labels that "
        f"maximum averages {best['null_maximum']:.3f} (p = {best['p_max']:.3g})."
    )
    assert expected in text_of([one])
    bare = dataclasses.replace(one, data=one.data.drop_vars(["null_raw", "p_neuroid"]))
    assert "a maximum, which is biased upwards." in text_of([bare])


def test_sizes_and_missing_responses_are_said(scores):
    assert "48 stimuli, 8 neuroid(s) of 2 subject(s), 0 missing responses, 4 fold(s)." in text_of(scores[:1])
    facts = {**scores[0].provenance, "n_missing_responses": 7}
    assert "7 missing responses" in text_of([dataclasses.replace(scores[0], provenance=facts)])
    assert "48 stimuli, 8 neuroid(s) of 2 subject(s)" in text_of(scores[5:])


def test_bounds_stand_in_the_table(scores):
    row = scores[5].row(scores[5].headline)
    assert f"<td>{row['ceiling']:.3f} … {row['ceiling_upper']:.3f}</td>" in text_of(scores[5:])


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a/b (split c)", "a-b-split-c"), ("plain", "plain"), ("a.b", "a.b"), ("<x> & y", "x-y")],
)
def test_anchors_hold_safe_characters(name, expected):
    assert anchor(name) == expected
