"""Shipped recipes of the tactile networks: every value is the published run's."""

import csv

import pytest

from neuromodels import model_info
from neuromodels.tactile.config import EADConfig
from neuromodels.training import list_recipes, read_recipe
from neuromodels.training.kinds import build, list_kinds

TASKS = {
    "supervised": "classification",
    "SimCLRLoss": "simclr",
    "SimSiamLoss": "simsiam",
    "AutoEncoderLoss": "autoencoder",
    "RandomLoss": "probe",
}
SCHEDULES = {"step_lr": "step", "cos_w_warmup": "cosine", "cos_annealing_w_warmup": "cosine_annealing"}
PUBLISHED = [name for name in list_recipes() if " run tactile1000hz_" in read_recipe(name).source]


@pytest.fixture(scope="module")
def read_table():
    def read(path):
        with open(path, encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return read


def published_run(recipe):
    return recipe.source.rpartition(" run ")[2]


def test_families_and_objectives():
    assert len(PUBLISHED) == 34
    kinds = {read_recipe(name).task.kind for name in PUBLISHED}
    assert kinds == {"classification", "simclr", "simsiam", "autoencoder", "probe"}


@pytest.mark.parametrize("name", [name for name in PUBLISHED if not name.endswith("-simclr-probe")])
def test_values_are_those_of_the_published_run(name, real_data, read_table):
    recipe = read_recipe(name)
    runs = {row["run"]: row for row in read_table(real_data / "tactile" / "published_runs.csv")}
    run = runs[published_run(recipe)]
    assert recipe.task.kind == TASKS[run["loss"]]
    assert recipe.training.batch_size == int(run["batch_per_device"])
    assert recipe.optimizer.lr == float(run["lr"])
    assert recipe.optimizer.kind == run["optimizer"]
    assert recipe.schedule.kind == SCHEDULES[run["scheduler"]]
    assert recipe.training.epochs == 100
    assert (recipe.optimizer.momentum, recipe.optimizer.weight_decay) == (0.9, 1e-4)
    assert recipe.optimizer.decay == "all"
    encoder = run["encoder_config"].removeprefix("rnn_fdb_converted_modern")
    assert encoder == "" or recipe.model.name.startswith(f"tactile/zhuang{encoder.replace('_', '-')}")
    options = {
        "step": {"every": 30, "factor": 0.1},
        "cosine": {"warmup": 25},
        "cosine_annealing": {"warmup": 10, "start_ratio": 1e-4},
    }
    if recipe.task.kind == "simsiam" and "_w_wu_" not in run["run"] and int(run["batch_per_device"]) < 1024:
        options["cosine_annealing"]["warmup"] = 0
    assert recipe.schedule.options == options[recipe.schedule.kind]
    augmented = recipe.task.kind in ("simclr", "simsiam") or "w_ssl" in run["run"]
    assert (recipe.augmentation is not None) == augmented
    if augmented:
        assert recipe.augmentation.kind == "tactile/released"
        assert recipe.augmentation.options == {}
        assert "rot_tflip110" in run["run"]
        assert run["temporal_flip"] == "True"


@pytest.mark.parametrize("name", [name for name in PUBLISHED if "probe" not in name])
def test_run_is_the_best_of_its_kind(name, real_data, read_table):
    """No run with the same script, objective and encoder has a higher top-5 accuracy."""
    recipe = read_recipe(name)
    runs = {row["run"]: row for row in read_table(real_data / "tactile" / "published_runs.csv")}
    results = {
        row["model"]: float(row["value"])
        for row in read_table(real_data / "tactile" / "published_results.csv")
        if row["metric"] == "test_acc_top5"
    }
    mine = runs[published_run(recipe)]
    # Runs of a second implementation of Mamba are listed under the same script.
    rivals = [
        results[run]
        for run, row in runs.items()
        if all(row[key] == mine[key] for key in ("script", "loss", "encoder_config"))
        and run in results
        and "_causal" not in run
    ]
    assert results[mine["run"]] == max(rivals)


def test_probe_has_the_published_setting():
    recipe = read_recipe("tactile/zhuang-simclr-probe")
    assert (recipe.task.kind, recipe.optimizer.kind, recipe.optimizer.lr) == ("probe", "sgd", 0.1)
    assert (recipe.schedule.kind, recipe.schedule.options) == ("step", {"every": 30, "factor": 0.1})
    assert (recipe.training.batch_size, recipe.training.epochs) == (256, 100)
    assert recipe.augmentation is None
    assert recipe.model.weights == "zhuang-simclr"
    assert recipe.model.options == read_recipe("tactile/zhuang-simclr").model.options


@pytest.mark.parametrize("name", PUBLISHED)
def test_network_and_augmentation_of_a_recipe_exist(name):
    recipe = read_recipe(name)
    defaults = model_info(recipe.model.name).defaults
    EADConfig.with_options(dict(defaults), **recipe.model.options)
    assert "tactile/sweeps" in list_kinds("data")
    if recipe.augmentation is not None:
        assert callable(build("augmentation", recipe.augmentation))
