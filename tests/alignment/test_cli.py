"""``neuromodels score`` and ``neuromodels report``: exit codes, streams and files."""

import contextlib
import io
import json
from types import SimpleNamespace

import numpy as np
import pytest

import alignment.scoring as scoring_module
import neuromodels.cli
from alignment import list_benchmarks
from alignment.page import load_scores
from neuromodels.cli import main

PLANTED = "language/planted-ridge"
SMALL = "language/suma-small"


class Lengths:
    """Model of texts with two layers; its seed adds a little noise."""

    input_spec = {"kind": "text"}
    layers = ("characters", "words")
    committed_layer = "words"

    def __init__(self, name="test/lengths", seed=0):
        self.name, self.seed, self.revision = name, seed, f"{name} seed {seed}"

    def record(self, stimuli, layers=None, *, batch_size=64):
        noise = 0.1 * np.random.default_rng(self.seed).standard_normal((len(stimuli), 1))
        counts = {"characters": [len(text) for text in stimuli], "words": [len(text.split()) for text in stimuli]}
        return {layer: np.array(counts[layer])[:, None] + noise for layer in layers or self.layers}


@pytest.fixture
def light_models(monkeypatch):
    """The command line with models that need no time to build; gives the list of what was built."""
    built = []

    def create(name, *, seed, device):
        built.append((name, seed, device))
        return Lengths(name, seed)

    def names(pattern="*"):
        from fnmatch import fnmatchcase

        return [name for name in ("test/lengths", "test/other") if fnmatchcase(name, pattern)]

    toolbox = SimpleNamespace(
        create_model=create,
        list_models=names,
        load_model=None,
        is_model_folder=lambda name: False,
        resolve_device=lambda name: "cpu" if name == "auto" else name,
        version="0",
    )
    monkeypatch.setattr(neuromodels.cli, "_toolbox", lambda: toolbox)
    return built


@pytest.fixture(scope="module")
def real_run(tmp_path_factory):
    """A registered network scored through the whole command: exit code, stdout, stderr, folder."""
    place = tmp_path_factory.mktemp("real")
    out, err = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.setenv("NEUROMODELS_HOME", str(place / "home"))
        code = main(["score", SMALL, "--on", PLANTED, "--json", "--no-cache", "--out", str(place / "out")])
    return SimpleNamespace(code=code, out=out.getvalue(), err=err.getvalue(), folder=place / "out", home=place / "home")


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_json_is_all_there_is_on_stdout(real_run):
    assert real_run.code == 0
    rows = json_lines(real_run.out)
    assert [row["layer"] for row in rows] == ["input_layernorm", "self_attn", "nested"]
    assert all(row["model"] == SMALL and row["benchmark"] == PLANTED for row in rows)
    assert [row["headline"] for row in rows] == [False, True, False]
    assert rows[1]["raw"] > 0.3
    assert rows[1]["seed"] == 0
    assert "report: " in real_run.err


def test_report_lies_in_the_folder_asked_for(real_run):
    assert (real_run.folder / "report.html").is_file()
    (loaded,) = load_scores(real_run.folder)
    assert loaded.provenance["model"] == SMALL
    assert loaded.provenance["device"] in ("cpu", "cuda")
    assert loaded.rows() == json_lines(real_run.out)


def test_without_cache_nothing_is_cached(real_run):
    assert not (real_run.home / "activations").exists()


def test_text_output_shows_the_score_and_the_warnings_apart(light_models, capsys):
    assert main(["score", "test/lengths", "--on", PLANTED, "--split", "shuffled5"]) == 0
    received = capsys.readouterr()
    assert received.out.startswith(
        "Score of test/lengths on language/planted-ridge, layer words, seed 0 (SYNTHETIC data)\n"
    )
    assert len(received.out.splitlines()) == 5
    assert "warning: split 'shuffled5' leaks" in received.err
    assert "under split 'passage5'" in received.err
    assert "Traceback" not in received.err and ".py" not in received.err


def test_each_seed_gives_a_score_of_its_own(light_models, capsys, tmp_path):
    arguments = ["score", "test/lengths", "--on", PLANTED, "--seed", "10", "20", "--json", "--out", str(tmp_path)]
    assert main(arguments) == 0
    assert light_models == [("test/lengths", 10, "cpu"), ("test/lengths", 20, "cpu")]
    rows = json_lines(capsys.readouterr().out)
    assert [row["seed"] for row in rows if row["headline"]] == [10, 20]
    assert sorted(one.provenance["model_seed"] for one in load_scores(tmp_path)) == [10, 20]


def test_layers_can_be_chosen(light_models, capsys):
    assert main(["score", "test/lengths", "--on", PLANTED, "--layers", "characters", "--json"]) == 0
    (row,) = json_lines(capsys.readouterr().out)
    assert row["layer"] == "characters" and row["headline"] is True


def test_patterns_stand_for_every_match(light_models, capsys):
    assert main(["score", "test/*", "test/lengths", "--on", "language/plan*", "--json", "--layers", "words"]) == 0
    assert [row["model"] for row in json_lines(capsys.readouterr().out)] == ["test/lengths", "test/other"]


def test_dry_run_says_what_would_be_done_and_does_nothing(light_models, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(scoring_module, "score", None)
    out = tmp_path / "out"
    assert main(["score", "test/lengths", "--on", PLANTED, "--dry-run", "--out", str(out)]) == 0
    received = capsys.readouterr()
    assert "test/lengths on language/planted-ridge" in received.out
    assert "320 presentations; 5-fold cross-validation in which no passage is divided" in received.out
    assert "layers: characters (1 units), words (1 units)" in received.out
    assert "nothing to download; licence: Apache-2.0" in received.out
    assert received.err == ""
    assert not out.exists() and not (tmp_path / "home").exists()


def test_dry_run_without_data_says_what_is_missing(light_models, capsys, no_real_data):
    assert main(["score", "test/lengths", "--on", "language/pereira2018.384-ridge", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "needs exp384_public.csv" in out and "licence: none stated" in out and "access: own copy" in out


def test_available_leaves_out_what_is_not_here_and_says_so(light_models, capsys, no_real_data):
    arguments = ["score", "test/lengths", "--on", "language/*", "--available", "--json", "--layers", "words"]
    assert main(arguments) == 0
    received = capsys.readouterr()
    assert [row["benchmark"] for row in json_lines(received.out)] == [PLANTED]
    for name in set(list_benchmarks("language/*")) - {PLANTED}:
        assert f"left out: {name}: its data are not on this machine" in received.err


def test_nothing_left_to_score_is_exit_3(light_models, capsys, no_real_data):
    assert main(["score", "test/lengths", "--on", "language/pereira2018.384-ridge", "--available"]) == 3
    received = capsys.readouterr()
    assert "no benchmark is left to score" in received.err and received.out == ""
    assert light_models == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["language/sumaa-small", "--on", PLANTED], "Unknown model 'language/sumaa-small'; closest: language/suma"),
        ([SMALL, "--on", "language/planted"], "Unknown benchmark 'language/planted'; closest: language/planted-ridge"),
        (["langauge/*", "--on", PLANTED], "no registered name matches 'langauge/*'"),
        ([SMALL, "--on", "touch/*"], "no registered name matches 'touch/*'"),
        ([SMALL, "--on", PLANTED, "--batch-size", "0"], "--batch-size must be at least 1, received 0"),
    ],
    ids=["model", "benchmark", "model pattern", "benchmark pattern", "batch size"],
)
def test_wrong_usage_is_exit_2_with_one_line(capsys, arguments, message):
    code = main(["score", *arguments])
    received = capsys.readouterr()
    assert message in received.err
    assert len(received.err.splitlines()) == 1 and received.out == ""
    assert code == 2


@pytest.mark.parametrize(
    ("option", "message"),
    [(["--split", "shufled5"], "no split 'shufled5'; it has: passage5"), (["--layers", "word"], "closest: words")],
    ids=["split", "layer"],
)
def test_unknown_split_or_layer_is_exit_2_with_one_line(light_models, capsys, option, message):
    code = main(["score", "test/lengths", "--on", PLANTED, *option])
    received = capsys.readouterr()
    assert message in received.err
    assert len(received.err.splitlines()) == 1 and received.out == ""
    assert code == 2


def test_missing_arguments_are_exit_2(capsys):
    with pytest.raises(SystemExit) as left:
        main(["score", SMALL])
    assert left.value.code == 2
    assert "--on" in capsys.readouterr().err


def test_missing_data_are_exit_3_with_the_way_to_get_them(light_models, capsys, no_real_data):
    assert main(["score", "test/lengths", "--on", "language/pereira2018.384-ridge", "--offline"]) == 3
    received = capsys.readouterr()
    assert "language/pereira2018 is not on this machine" in received.err
    assert "NEUROMODELS_DATA" in received.err and "Licence: none stated" in received.err
    assert received.out == ""


def test_interrupt_keeps_the_scores_that_were_finished(light_models, capsys, tmp_path, monkeypatch):
    original, calls = scoring_module.score, []

    def interrupted(*arguments, **options):
        calls.append(options)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(*arguments, **options)

    monkeypatch.setattr(scoring_module, "score", interrupted)
    code = main(["score", "test/lengths", "--on", PLANTED, "--seed", "1", "2", "3", "--out", str(tmp_path)])
    assert code == 130
    (kept,) = load_scores(tmp_path)
    assert kept.provenance["model_seed"] == 1
    assert not list(tmp_path.rglob("*.tmp"))
    received = capsys.readouterr()
    assert "interrupted; files that were finished are kept" in received.err
    assert len(received.out.splitlines()) == 5


def test_data_missing_for_a_later_benchmark_are_named_before_the_first_fit(
    light_models, capsys, tmp_path, no_real_data
):
    arguments = ["score", "test/lengths", "--on", PLANTED, "language/pereira2018.384-ridge", "--out", str(tmp_path)]
    assert main(arguments) == 3
    assert "language/pereira2018 is not on this machine" in capsys.readouterr().err
    assert light_models == []


def test_report_command_writes_the_page_of_saved_scores(real_run, tmp_path, capsys):
    out = tmp_path / "again"
    assert main(["report", str(real_run.folder), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"report: {(out / 'report.html').resolve()}\n"
    assert PLANTED in (out / "report.html").read_text(encoding="utf-8")
    assert len(load_scores(out)) == 1


def test_report_command_of_an_empty_folder_fails_with_one_line(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 1
    received = capsys.readouterr()
    assert "no scores (.nc) below" in received.err
    assert len(received.err.splitlines()) == 1


def test_broken_score_file_is_named(tmp_path, capsys):
    (tmp_path / "broken.nc").write_bytes(b"nothing")
    assert main(["report", str(tmp_path)]) == 1
    assert "broken.nc cannot be read as a score" in capsys.readouterr().err


@pytest.fixture
def described(tmp_path):
    """Two recordings of the same texts, registered nowhere: a description of one, and their datasets."""
    from data import SplitSpec, dataset_from_arrays, save_responses

    rng = np.random.default_rng(0)
    texts = [f"{'word ' * (1 + row % 5)}{row}" for row in range(40)]
    counts = np.array([[len(text), len(text.split())] for text in texts], dtype=float)
    datasets = []
    for name in ("test/first", "test/second"):
        trials = counts + 3 * rng.standard_normal((2, 40, 2))
        datasets.append(dataset_from_arrays(name, texts, trials, split=SplitSpec("own", "kfold", 2, seed=0)))
    save_responses(datasets[0].responses, tmp_path / "responses.nc")
    datasets[0].stimuli.table.to_csv(tmp_path / "texts.csv", index=False)
    path = tmp_path / "own.toml"
    path.write_text(
        'name = "test/first"\n[data]\nresponses = "responses.nc"\nstimuli = "texts.csv"\n'
        '[split]\nscheme = "kfold"\nn_splits = 2\n[metric]\nname = "linear"\n'
    )
    return path, datasets


def test_described_benchmark_is_scored(light_models, described, capsys):
    path, _ = described
    arguments = ["score", "test/lengths", "--on", str(path), "--json", "--boot", "7", "--permutations", "5"]
    assert main([*arguments, "--layers", "words"]) == 0
    (row,) = json_lines(capsys.readouterr().out)
    assert row["benchmark"] == "test/first" and row["raw"] > 0.3
    assert 1 / 6 <= row["p"] <= 1


def test_number_of_permutations_can_be_chosen(light_models, described, capsys, tmp_path):
    path, _ = described
    for number in (0, 4):
        out = tmp_path / str(number)
        arguments = ["--permutations", str(number), "--boot", "3", "--out", str(out), "--layers", "words"]
        assert main(["score", "test/lengths", "--on", str(path), *arguments]) == 0
        (one,) = load_scores(out)
        assert one.provenance["n_permutations"] == number and one.data.sizes["boot"] == 3
        assert ("null_raw" in one.data) == (number > 0)


def test_missing_files_of_a_description_are_exit_3(light_models, described, capsys):
    path, _ = described
    path.with_name("responses.nc").unlink()
    assert main(["score", "test/lengths", "--on", str(path)]) == 3
    received = capsys.readouterr()
    assert "responses of test/first: " in received.err and "does not exist; mend the path" in received.err
    assert len(received.err.splitlines()) == 1 and received.out == ""
    assert main(["score", "test/lengths", "--on", str(path.with_name("none.toml"))]) == 3


def test_trained_network_is_scored_from_its_folder_once(tmp_path, capsys):
    folder = neuromodels.save_model(neuromodels.create_model(SMALL, seed=5, dim=16, n_heads=2), tmp_path / "my_net")
    arguments = ["--on", PLANTED, "--json", "--no-cache", "--boot", "3", "--permutations", "0", "--seed", "1", "2"]
    assert main(["score", str(folder), *arguments, "--layers", "self_attn"]) == 0
    (row,) = json_lines(capsys.readouterr().out)
    assert row["model"] == f"{SMALL}.my-net"
    assert row["seed"] == 5
    assert main(["score", str(folder), *arguments, "--dry-run"]) == 0
    assert f"{SMALL}.my-net on {PLANTED}" in capsys.readouterr().out


def test_recording_is_scored_as_a_model(light_models, described, capsys, monkeypatch):
    import data
    from data.catalogue import _registry, register_dataset

    path, datasets = described
    data.list_datasets()  # a family that is imported while its table is replaced would be lost with it
    monkeypatch.setattr(_registry, "_items", dict(_registry._items))
    register_dataset(datasets[1].info, lambda info: datasets[1])
    arguments = ["score", "recording:test/second", "--on", str(path), "--json", "--seed", "1", "2", "--boot", "3"]
    assert main([*arguments, "--permutations", "0"]) == 0
    (row,) = json_lines(capsys.readouterr().out)
    assert row["model"] == "recording:test/second" and row["layer"] == "responses" and row["seed"] is None
    assert row["raw"] > 0.3
    assert light_models == []
    assert main([*arguments[:4], "--dry-run"]) == 0
    assert "recording:test/second on test/first" in capsys.readouterr().out
    assert data.load_dataset("test/second") is datasets[1]


def test_unknown_recording_is_exit_2(light_models, described, capsys):
    assert main(["score", "recording:vision/none", "--on", str(described[0])]) == 2
    assert "Unknown dataset 'vision/none'" in capsys.readouterr().err
    assert main(["score", "recording:none/*", "--on", str(described[0])]) == 2
    assert "no registered name matches 'none/*'" in capsys.readouterr().err


@pytest.fixture
def saved(light_models, described, tmp_path, capsys):
    """Folder with the scores of four seeds."""
    folder = tmp_path / "saved"
    arguments = ["--seed", "1", "2", "3", "4", "--boot", "3", "--permutations", "0", "--layers", "words"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("alignment.page.report", lambda scores, out: folder)
        assert main(["score", "test/lengths", "--on", str(described[0]), *arguments, "--out", str(folder)]) == 0
    capsys.readouterr()
    return folder


def test_performance_is_drawn_from_a_table(saved, tmp_path, capsys):
    import pandas as pd

    table = tmp_path / "performance.csv"
    names = [f"test/lengths seed {seed}" for seed in (1, 2, 3, 4)]
    pd.DataFrame({"model": names, "accuracy (%)": [10, 40, 20, 30]}).to_csv(table, index=False)
    assert main(["report", str(saved), "--performance", str(table)]) == 0
    assert capsys.readouterr().out.startswith("report: ")
    (numbers,) = (saved / "figures").glob("*-performance.csv")
    drawn = pd.read_csv(numbers)
    assert dict(zip(drawn["seed"], drawn["performance"], strict=True)) == {1: 10, 2: 40, 3: 20, 4: 30}
    by_seed = {one.provenance["model_seed"]: one.value for one in load_scores(saved)}
    np.testing.assert_allclose(drawn["value"], [by_seed[seed] for seed in drawn["seed"]])


@pytest.mark.parametrize("content", [None, "name,accuracy\na,1\n", "model,accuracy\na,much\n", "model\na\n", ""])
def test_performance_of_another_form_is_exit_2(saved, tmp_path, capsys, content):
    table = tmp_path / "performance.csv"
    if content is not None:
        table.write_text(content)
    assert main(["report", str(saved), "--performance", str(table)]) == 2
    received = capsys.readouterr()
    assert "must be a CSV table with the columns model and performance" in received.err
    assert len(received.err.splitlines()) == 1
