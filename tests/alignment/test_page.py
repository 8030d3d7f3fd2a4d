"""The report: one page that needs no network, with every number beside it."""

import dataclasses
import html
import json
import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import alignment
from alignment import load_benchmark, score
from alignment.page import file_stem, load_scores, report, save_score

pytestmark = [
    pytest.mark.filterwarnings("ignore:the chosen penalty lies on the edge"),
    pytest.mark.filterwarnings("ignore::alignment.LeakageWarning"),
]


class Lengths:
    """Model of texts: characters and words."""

    name, revision, layers, input_spec, seed = "test/<lengths> & more", "lengths 1", ("length",), {"kind": "text"}, 3

    def record(self, stimuli, layers=None):
        return {"length": np.array([[len(text), len(text.split())] for text in stimuli], dtype=float)}


PUBLISHED = {"model": "gpt <x>", "value": 0.337, "what": "raw r", "source": "somebody 2020"}


def quoted(scored):
    """The score with a published number beside it."""
    return dataclasses.replace(scored, provenance={**scored.provenance, "published": [PUBLISHED]})


@pytest.fixture(scope="module")
def scores(tiny, stored_model):
    """Planted recording once, the tiny one with two models and a leaking split."""
    benchmark, signal = tiny
    noise = np.random.default_rng(1).standard_normal(signal.shape)
    one, other = stored_model(first=signal + noise, second=noise), stored_model("test/other", third=signal - noise)
    return [
        score(Lengths(), load_benchmark("language/planted-ridge"), n_boot=20, cache=False),
        quoted(score(one, benchmark, n_boot=20, cache=False)),
        score(other, benchmark, n_boot=20, cache=False),
        score(one, benchmark, split="shuffled", n_boot=20, cache=False),
    ]


@pytest.fixture(scope="module")
def folder(scores, tmp_path_factory):
    """Folder of the report of all scores."""
    out = tmp_path_factory.mktemp("report") / "deep" / "er"
    page = report(scores, out)
    assert page == out / "report.html"
    return out


@pytest.fixture(scope="module")
def page(folder):
    """Text of the page."""
    return (folder / "report.html").read_text(encoding="utf-8")


def test_every_kind_of_file_is_written(folder, scores):
    assert (folder / "report.html").is_file() and (folder / "scores.json").is_file()
    assert len(list((folder / "scores").glob("*.nc"))) == len(scores)
    pictures = list((folder / "figures").glob("*.png"))
    stems = {
        suffix: {path.stem for path in (folder / "figures").glob(f"*.{suffix}")} for suffix in ("png", "svg", "csv")
    }
    assert stems["png"] == stems["svg"] == stems["csv"]
    assert "overview-matrix" in stems["png"]
    assert sum(stem.endswith("-scores") for stem in stems["png"]) == 3
    assert all(len(pd.read_csv(path)) for path in (folder / "figures").glob("*.csv"))
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)
    assert not list(folder.rglob("*.tmp"))


def test_page_needs_nothing_else(page):
    sources = re.findall(r"""(?:src|href|srcset|data)\s*=\s*["']([^"']*)""", page)
    assert sources
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in sources)
    assert "<script" not in page and "<link" not in page and "@import" not in page and "url(" not in page


def test_every_link_has_its_target(page):
    for target in re.findall(r'href="#([^"]*)"', page):
        assert f'id="{target}"' in page


def test_page_names_every_benchmark_split_and_layer(page):
    for text in ("language/planted-ridge", "test/tiny-ridge", "split grouped", "split shuffled", "split passage5"):
        assert text in page
    for layer in ("first ", "second", "third", "nested", "length"):
        assert layer in page


def test_synthetic_data_are_called_so_and_no_others(page):
    planted = page[page.index('id="language-planted-ridge') : page.index('id="test-tiny-ridge')]
    assert "Synthetic data" in planted
    assert page.count("Synthetic data") == 1


def test_page_shows_numbers_nulls_warnings_and_protocol(page, scores):
    shown = html.unescape(page)
    for one in scores:
        row = one.row(one.headline)
        assert f"<td>{row['raw']:.3f}</td>" in page
        assert f"<td>{row['ci_low']:.3f} … {row['ci_high']:.3f}</td>" in page
        assert all(note in shown for note in one.warnings)
        assert all(step in shown for step in one.protocol)
        for null in one.baselines:
            assert null in page
    assert any("leaks" in note for note in scores[3].warnings)


def test_names_are_escaped(page):
    assert "<lengths>" not in page
    assert "test/&lt;lengths&gt; &amp; more" in page


def test_published_numbers_are_shown_with_their_source(page):
    # The first score of a benchmark and split speaks for all of them.
    assert "<td>gpt &lt;x&gt;</td><td>0.337</td><td>raw r</td><td>somebody 2020</td>" in page


def test_json_holds_every_score_without_nan(folder, scores):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    content = json.loads((folder / "scores.json").read_text(encoding="utf-8"), parse_constant=refuse)
    assert len(content) == len(scores)
    assert [one["scores"][0]["benchmark"] for one in content] == [one.provenance["benchmark"] for one in scores]


def test_saved_scores_are_found_again(folder, scores):
    loaded = load_scores(folder)
    assert sorted(map(repr, loaded)) == sorted(map(repr, scores))
    original = {file_stem(one): one for one in scores}
    for one in loaded:
        xr.testing.assert_identical(one.data, original[file_stem(one)].data)


def test_report_of_a_loaded_score_is_the_same_page(scores, tmp_path):
    first = report(scores[2:3], tmp_path / "a").read_text(encoding="utf-8")
    second = report(load_scores(tmp_path / "a"), tmp_path / "b").read_text(encoding="utf-8")
    assert first == second


def test_scores_without_a_ceiling_are_reported(tiny, stored_model, tmp_path):
    benchmark, signal = tiny
    bare = dataclasses.replace(benchmark, ceiling=None, normalisation="none", neuroids=("n1",))
    text = report([score(stored_model(only=signal), bare, n_boot=5, cache=False)], tmp_path).read_text("utf-8")
    assert "<td>–</td>" in text
    assert not re.search(r"\bnan\b", re.sub(r"base64,[^\"]*", "", text), re.IGNORECASE)
    assert "One neuroid" in text


def test_recording_without_any_reliable_neuroid_is_reported(tiny, stored_model, with_responses, tmp_path):
    benchmark, signal = tiny
    rng = np.random.default_rng(0)
    values = np.concatenate([signal, -signal + 1e-3 * rng.standard_normal(signal.shape)])
    broken = dataclasses.replace(benchmark, dataset=with_responses(benchmark.dataset, values))
    text = report([score(stored_model(only=signal), broken, n_boot=5, cache=False)], tmp_path).read_text("utf-8")
    assert "4 of 4 neuroids have no positive ceiling" in text


def test_two_scores_of_one_name_are_both_kept(tiny, stored_model, tmp_path):
    benchmark, signal = tiny
    noise = np.random.default_rng(1).standard_normal(signal.shape)
    scores = [
        score(stored_model(revision="one", only=signal + noise), benchmark, n_boot=5, cache=False),
        score(stored_model(revision="two", only=signal - noise), benchmark, n_boot=5, cache=False),
    ]
    report(scores, tmp_path)
    kept = sorted(one.provenance["model_revision"] for one in load_scores(tmp_path))
    assert kept == ["one", "two"]


def test_saving_a_score_again_replaces_its_file(scores, tmp_path):
    first, again = save_score(scores[1], tmp_path), save_score(scores[1], tmp_path)
    assert first == again
    assert len(load_scores(tmp_path)) == 1


def test_nothing_to_report_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one score, received none"):
        report([], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("exists", [True, False])
def test_folder_without_scores_says_how_to_write_some(tmp_path, exists):
    folder = tmp_path / "empty"
    if exists:
        folder.mkdir()
    with pytest.raises(
        FileNotFoundError, match=r"no scores \(\.nc\) below .*empty; write some with `neuromodels score"
    ):
        load_scores(folder)


def test_file_names_hold_safe_characters_only(scores):
    for one in scores:
        assert re.fullmatch(r"[A-Za-z0-9_.-]+", file_stem(one))
    assert file_stem(scores[0]) != file_stem(scores[1])
    assert "seed3" in file_stem(scores[0])


def test_public_name_stays_callable_after_its_first_use(scores, tmp_path):
    assert callable(alignment.report)
    assert alignment.report(scores[2:3], tmp_path).is_file()
    assert callable(alignment.report)


def test_two_protocols_and_two_recordings_of_one_name_are_all_kept(stored_model, tmp_path):
    from alignment import NeuroidRidge, benchmark_from_arrays
    from data import SplitSpec

    rng = np.random.default_rng(0)
    trials, texts = rng.standard_normal((2, 40, 4)), [f"text {row}" for row in range(40)]
    options = {"split": SplitSpec("own", "kfold", 2, seed=0), "ceiling": None}
    protocols = [
        benchmark_from_arrays("test/mine", texts, trials, metric=NeuroidRidge([1.0]), **options),
        benchmark_from_arrays("test/mine", texts, trials, metric="linear", **options),
        benchmark_from_arrays("test/mine", texts, trials + rng.standard_normal(4), metric="linear", **options),
    ]
    model = stored_model(only=rng.standard_normal((40, 3)))
    for one in protocols:
        save_score(score(model, one, n_boot=2, n_permutations=0, cache=False), tmp_path)
    assert len(load_scores(tmp_path)) == 3


def test_what_models_say_of_their_performance_is_drawn(scores, tmp_path):
    """The kind that most models state; one model alone makes no scatter, and a table that is given comes first."""

    def stating(scored, **performance):
        return dataclasses.replace(scored, provenance={**scored.provenance, "performance": performance})

    one, other = scores[1], scores[2]
    report([stating(one, top1=0.25, top5=0.5), stating(other, top1=0.75)], tmp_path / "both")
    (numbers,) = (tmp_path / "both" / "figures").glob("*-performance.csv")
    assert pd.read_csv(numbers)["performance"].tolist() == [0.25, 0.75]
    assert load_scores(tmp_path / "both")[0].provenance["performance"]["top1"] in (0.25, 0.75)
    report([stating(one, top1=0.25), other], tmp_path / "one")
    assert not list((tmp_path / "one" / "figures").glob("*-performance.csv"))
    given = {one.provenance["model"]: 3.0, other.provenance["model"]: 4.0}
    report([stating(one, top1=0.25), stating(other, top1=0.75)], tmp_path / "given", performance=given)
    (numbers,) = (tmp_path / "given" / "figures").glob("*-performance.csv")
    assert pd.read_csv(numbers)["performance"].tolist() == [3.0, 4.0]
