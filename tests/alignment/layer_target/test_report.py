"""One command gives the matrix, its maximum beside that of chance, intervals and animals, as numbers and as figures."""

import html
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import neuromodels.cli
from alignment.layer_target import LayerTargetMatrix, layer_target_rsa
from alignment.layer_target.plots import plot_layer_target, plot_null_maximum, plot_rdms
from alignment.page import load_scores
from data.tactile.six_stimuli import hidden_layer
from neuromodels.cli import main

INPUT = {"kind": "array", "dims": ["time", "channel", "row", "col"], "shape": [22, 30, 5, 7]}
STEM = "tactile-planted-rsa-split-none"


class Stored:
    """The hidden layer and one that has nothing to do with it; the other model has only such layers."""

    input_spec, layers = INPUT, ("hidden", "unrelated")

    def __init__(self, name, seed):
        self.name, self.seed, self.revision = name, seed, f"{name} {seed}"

    def record(self, stimuli, layers=None):
        rng = np.random.default_rng(self.seed + 7)
        made = {"hidden": hidden_layer(), "unrelated": rng.standard_normal((6, 40))}
        if self.name == "test/wrong":
            made["hidden"] = rng.standard_normal((6, 60))
        return {layer: made[layer][: len(stimuli)] for layer in layers or self.layers}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder of the report that the command wrote of a right and a wrong model, with their performance drawn."""
    out = tmp_path_factory.mktemp("report")
    toolbox = SimpleNamespace(
        create_model=lambda name, *, seed, device: Stored(name, seed),
        is_model_folder=lambda name: False,
        list_models=lambda pattern="*": [name for name in ("test/right", "test/wrong") if name == pattern],
        resolve_device=lambda name: "cpu",
        version="0",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROMODELS_HOME", str(out / "home"))
        patch.setattr(neuromodels.cli, "_toolbox", lambda: toolbox)
        common = ["--on", "tactile/planted-rsa", "--boot", "100", "--out", str(out)]
        assert main(["score", "test/right", "test/wrong", *common]) == 0
        (out / "accuracy.csv").write_text("model,top-1\ntest/right,0.4\ntest/wrong,0.1\n", encoding="utf-8")
        assert main(["report", str(out), "--performance", str(out / "accuracy.csv")]) == 0
    return out


@pytest.mark.parametrize(
    "figure",
    ["layer-target", "2-layer-target", "maximum", "2-maximum", "rdms", "2-rdms", "performance", "subjects", "layers"],
)
def test_every_figure_has_its_numbers(folder, figure):
    for suffix in ("png", "svg", "csv"):
        assert (folder / "figures" / f"{STEM}-{figure}.{suffix}").stat().st_size > 100


def test_matrix_is_in_the_table(folder):
    right = next(one for one in load_scores(folder) if one.provenance["model"] == "test/right")
    found = right.layer_target
    table = pd.read_csv(folder / "figures" / f"{STEM}-layer-target.csv")
    entries = table[table["layer"] != "other animals"]
    np.testing.assert_allclose(entries["score"].to_numpy().reshape(2, 12), found.values)
    np.testing.assert_allclose(entries["p_corrected"].to_numpy().reshape(2, 12), found.p_corrected)
    assert len(table) == 24 + 11
    largest = pd.read_csv(folder / "figures" / f"{STEM}-maximum.csv")
    assert len(largest) == 720
    assert largest["largest"].mean() == pytest.approx(found.expected_null_maximum)


def test_page_shows_chance_beside_every_maximum(folder):
    page = html.unescape((folder / "report.html").read_text(encoding="utf-8"))
    for score in load_scores(folder):
        found = score.layer_target
        assert f"it is {found.expected_null_maximum:.3f} on average when the stimuli are exchanged" in page
        assert f"the largest of 2 layer(s) and 12 targets is {found.maximum.maximum:.3f}" in page
    assert "for each animal the layer that is best over the others" in page
    assert "Synthetic data" in page
    assert "all other orders" in page


def test_json_holds_intervals_and_p(folder):
    rows = [
        row for entry in json.loads((folder / "scores.json").read_text(encoding="utf-8")) for row in entry["scores"]
    ]
    right = next(row for row in rows if row["model"] == "test/right" and row["layer"] == "hidden")
    assert right["ceiled_ci_low"] < 1 < right["ceiled_ci_high"]
    assert right["p"] == pytest.approx(1 / 720)
    assert right["measure"] == "RSA"
    assert right["normalisation"] == "noise-corrected"


def test_dry_run_says_what_would_be_done(monkeypatch, capsys):
    toolbox = SimpleNamespace(
        create_model=lambda name, *, seed, device: Stored(name, seed),
        is_model_folder=lambda name: False,
        list_models=lambda pattern="*": ["test/right"],
        resolve_device=lambda name: "cpu",
        version="0",
    )
    monkeypatch.setattr(neuromodels.cli, "_toolbox", lambda: toolbox)
    assert main(["score", "test/right", "--on", "tactile/planted-ridge", "--dry-run"]) == 0
    assert "6 presentations" in capsys.readouterr().out


def test_matrix_survives_a_file(planted, tmp_path):
    import xarray as xr

    found = layer_target_rsa(*planted, n_halves=4)
    with xr.open_dataset(found.save(tmp_path / "matrix.nc")) as opened:
        again = LayerTargetMatrix.from_dataset(opened.load())
    np.testing.assert_array_equal(again.null, found.null)
    assert again.describe() == found.describe()
    np.testing.assert_array_equal(again.only(["other"]).values, found.values[[1]])


def test_figures_name_what_they_show(planted):
    found = layer_target_rsa(*planted, n_halves=4)
    ax = plot_layer_target(found, others=np.array([0.5, 0.25]))
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["true", "other", "third", "other animals"]
    texts = {text.get_text(): text.get_fontweight() for text in ax.texts}
    assert {"0.50", "0.25", "–"} <= set(texts)
    assert texts[f"{found.values[0, 0]:.2f}"] == "bold"
    assert f"by chance {found.expected_null_maximum:.2f}" in ax.get_title()
    low, high = plot_null_maximum(found).get_xlim()
    assert low < found.expected_null_maximum < found.maximum.maximum <= high
    pairs = np.arange(15.0)
    first = plot_rdms([{"a": pairs, "b": pairs}, {"c": pairs}], list("123456"), per_row=2)
    titles = [ax.get_title() for ax in first.figure.axes]
    assert titles == ["a", "b", "c", ""]
