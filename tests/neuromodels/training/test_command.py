"""``neuromodels train``: recipes by file and name, changes, what is printed, and the trained network scored."""

import json
from types import SimpleNamespace

import pytest

from neuromodels import cli
from neuromodels.training.command import TrainCommand
from neuromodels.training.tables import RecipeError

TOML = """
[model]
name = "toy/net"
options = { n_classes = 4 }

[data]
kind = "toy/blobs"

[task]
kind = "classification"

[optimizer]
kind = "sgd"
lr = 0.2

[training]
epochs = 3
batch_size = 8
test = true
"""


@pytest.fixture
def command(toy, tmp_path, monkeypatch, capsys):
    """Run the command as the console does; gives exit code, stdout and stderr."""
    monkeypatch.setattr(cli, "_commands", lambda: {"train": TrainCommand})
    (tmp_path / "recipe.toml").write_text(TOML, encoding="utf-8")

    def run(*words):
        code = cli.main(["train", *map(str, words)])
        printed = capsys.readouterr()
        return SimpleNamespace(code=code, out=printed.out, err=printed.err)

    return run


def test_recipe_file_gives_a_trained_network(command, tmp_path):
    found = command(tmp_path / "recipe.toml", "--out", tmp_path / "run", "--device", "cpu")
    assert found.code == 0
    assert found.out.startswith("best epoch 3 of 3: top-1 1.0000 (chance 0.2500, constant prediction 0.2500), top-5")
    assert found.out.endswith("on the test part\n")
    assert (tmp_path / "run" / "best" / "model.json").is_file()
    assert json.loads((tmp_path / "run" / "recipe.json").read_text())["training"]["epochs"] == 3


def test_json_is_one_object(command, tmp_path):
    found = command(tmp_path / "recipe.toml", "--out", tmp_path / "run", "--json", "--set", "training.epochs=1")
    result = json.loads(found.out)
    assert (result["epochs"], result["best_epoch"], result["stopped"]) == (1, 1, "")
    assert set(result["test"]) >= {"top1", "top5", "chance_top1", "constant_top5"}


def test_changes_and_resume(command, tmp_path):
    words = [tmp_path / "recipe.toml", "--out", tmp_path / "run", "--set", "training.epochs=2", "optimizer.lr=0.1"]
    assert command(*words).code == 0
    again = command(*words)
    assert again.code == 2
    assert "holds a run already" in again.err
    assert command(*words, "--resume").out.startswith("best epoch")
    other = command(*words, "optimizer.lr=0.3", "--resume")
    assert other.code == 2
    assert "optimizer.lr: 0.1 there, 0.3 here" in other.err


def test_dry_run_says_what_would_be_done_and_writes_nothing(command, tmp_path):
    found = command(tmp_path / "recipe.toml", "--dry-run", "--json", "--device", "cpu")
    facts = json.loads(found.out)
    assert (facts["training_samples"], facts["classes"], facts["steps_per_epoch"]) == (32, 4, 4)
    # Linear 12 to 8, layer norm of 8, linear 8 to 4.
    assert facts["parameters"] == facts["trained_parameters"] == 12 * 8 + 8 + 16 + 8 * 4 + 4
    assert facts["learning_rate_first_largest_last"] == [0.2, 0.2, 0.2]
    assert [path.name for path in tmp_path.iterdir()] == ["recipe.toml"]
    assert "steps per epoch" in command(tmp_path / "recipe.toml", "--dry-run").out


def test_list_names_the_shipped_recipes(command):
    lines = command("--list").out.splitlines()
    assert any(line.startswith("tactile/zhuang-ugrnn ") for line in lines)
    assert lines == sorted(lines)


@pytest.mark.parametrize("words", [[], ["tactile/zhuang"]])
def test_recipe_and_folder_are_needed(command, words):
    found = command(*words)
    assert found.code == 2
    assert "give a recipe and --out DIR" in found.err


def test_unknown_recipe_is_a_usage_error(command, tmp_path):
    found = command("tactile/zhang", "--out", tmp_path / "run")
    assert found.code == RecipeError.exit_code
    assert "closest: tactile/zhuang" in found.err


def test_samples_that_are_not_there_are_said_to_be_absent(capsys, tmp_path):
    words = ["tactile/small-ugrnn", "--set", f"data.folder={tmp_path}/nowhere", "--out", str(tmp_path / "run")]
    assert cli.main(["train", *words]) == 3
    assert "nowhere" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
