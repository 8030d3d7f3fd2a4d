"""Whole runs: killed at any moment they end with the same bits; a loss that breaks leaves what was good; they learn."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file

from neuromodels.training import list_recipes, read_history, read_recipe, train
from neuromodels.training.kinds import build
from neuromodels.training.run import prepare
from neuromodels.weights import read_facts

RECIPES = [name for name in list_recipes() if name.startswith("timescale/")]
# Trains in a process of its own, and says when it begins.
ELSEWHERE = """
import json, sys
from neuromodels.training import Recipe, train
from neuromodels.training import run
run.save_learning_curve = lambda *arguments: None
recipe = Recipe.from_dict(json.loads(sys.argv[1]))
print("ready", flush=True)
train(recipe, sys.argv[2], resume=True)
"""


def start(recipe, folder):
    paths = os.pathsep.join(path for path in sys.path if path)
    process = subprocess.Popen(
        [sys.executable, "-c", ELSEWHERE, json.dumps(recipe.to_dict()), str(folder)],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def same_files(one, two):
    names = [path.relative_to(one) for path in sorted(one.rglob("*.safetensors"))]
    assert names == [path.relative_to(two) for path in sorted(two.rglob("*.safetensors"))]
    for name in names:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    for first, second in zip(read_history(one), read_history(two), strict=True):
        assert {**first, "seconds": 0} == {**second, "seconds": 0}


@pytest.mark.parametrize("kills", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_killed_at_random_moments_it_ends_with_the_same_bits(tiny, tmp_path, kills):
    # Guessing passes: every second epoch begins a stage. Steps are saved within epochs, and long enough to be hit.
    changes = ("task.threshold=0.45", "training.checkpoint_every=5", "training.steps_per_epoch=30", "training.epochs=8")
    recipe = tiny("small-multi", *changes, "model.options.units=40")
    started = time.perf_counter()
    train(recipe, tmp_path / "whole")
    whole = time.perf_counter() - started
    seed = random.SystemRandom().randrange(10**6)
    moments = random.Random(seed)
    for _ in range(kills):
        with start(recipe, tmp_path / "cut") as process:
            time.sleep(moments.uniform(0.05, 0.6 * whole))
            process.send_signal(signal.SIGKILL)
    train(recipe, tmp_path / "cut", resume=True)
    try:
        same_files(tmp_path / "whole", tmp_path / "cut")
    except AssertionError as error:
        raise AssertionError(f"killed at the moments of seed {seed}") from error


def test_stage_in_the_middle_of_an_epoch_is_found_again(tiny, tmp_path):
    recipe = tiny("small-sliding", "task.threshold=0.3", "training.checkpoint_every=2", "task.heads=position")
    train(recipe, tmp_path / "whole")
    seen = []

    def fall(end):
        seen.append(end.task.place)
        if end.epoch == 1:
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        train(recipe, tmp_path / "cut", after_epoch=[fall])
    train(recipe, tmp_path / "cut", resume=True)
    assert seen[-1] > 0
    same_files(tmp_path / "whole", tmp_path / "cut")


def test_loss_that_is_not_finite_stops_says_where_and_keeps_the_last_good_network(tiny, tmp_path):
    recipe = tiny("small-multi", "training.steps_per_epoch=25")

    def poison(end):
        if end.epoch == 1:
            kept = end.task.loss

            def broken(model, batch, generator):
                loss, metrics = kept(model, batch, generator)
                broken.calls += 1
                return loss * (float("nan") if broken.calls == 8 else 1.0), metrics

            broken.calls = 0
            end.task.loss = broken

    with pytest.raises(FloatingPointError, match="the loss is nan at epoch 3, step 8; lower optimizer.lr"):
        train(recipe, tmp_path / "run", after_epoch=[poison])
    assert len(read_history(tmp_path / "run")) == 2
    facts, path = read_facts(tmp_path / "run" / "last")
    assert facts["trained"]["epoch"] == 2
    assert all(torch.isfinite(values).all() for values in load_file(path).values())
    # What was saved goes on as if nothing had happened.
    train(recipe, tmp_path / "run", resume=True)
    train(recipe, tmp_path / "whole")
    same_files(tmp_path / "whole", tmp_path / "run")


def test_recipes():
    names = ["direct", "lstm-multi", "lstm-single", "multi", "multi-match", "single", "single-match", "sliding"]
    small = ["small-direct", "small-match", "small-multi", "small-single", "small-sliding"]
    assert [name.removeprefix("timescale/") for name in RECIPES] == names + small


@pytest.mark.parametrize("name", RECIPES)
def test_what_recipes_name_can_be_built(name, tiny):
    trainer = prepare(read_recipe(name).with_changes(["model.options.units=8"]), "unused", torch.device("cpu"))
    assert trainer.task.stage.ns == trainer.samples.ns == trainer.validation.ns
    assert build("data", trainer.recipe.data, part="test").rule == ("match" if "match" in name else "parity")


@pytest.mark.parametrize("name", ["direct", "multi", "multi-match", "single", "single-match", "sliding"])
def test_published_training(name):
    # Khajehabdollahi et al. 2024, published code of the training.
    recipe = read_recipe(f"timescale/{name}")
    optimizer, training = recipe.optimizer, recipe.training
    assert (optimizer.kind, optimizer.lr, optimizer.momentum, optimizer.nesterov) == ("sgd", 0.05, 0.1, True)
    assert optimizer.weight_decay == 0
    assert (training.batch_size, training.evaluation_batch_size, training.epochs) == (256, 256, 1000)
    assert (training.steps_per_epoch, training.evaluation_steps, training.clip_gradient) == (600, 50, 2.0)
    assert set(recipe.learning_rates()) == {0.05}
    assert recipe.model.name == "timescale/leaky" and recipe.model.options["published_diagonal"]
    kinds = {"multi": "multi-head", "single": "single-head", "sliding": "sliding", "direct": "direct"}
    assert recipe.task.options["curriculum"] == kinds[name.partition("-")[0]]


@pytest.mark.parametrize("name", ["lstm-multi", "lstm-single"])
def test_published_training_of_lstm(name):
    recipe = read_recipe(f"timescale/{name}")
    # Adam is AdamW without decay.
    assert (recipe.optimizer.kind, recipe.optimizer.lr, recipe.optimizer.weight_decay) == ("adamw", 1e-3, 0)
    assert (recipe.training.batch_size, recipe.training.steps_per_epoch, recipe.training.epochs) == (64, 300, 100)
    assert recipe.data.options["odds"] == "even"


def test_small_network_learns_parity_of_two(no_curve, tmp_path):
    result = train(read_recipe("timescale/small-multi").with_changes(["training.epochs=1"]), tmp_path / "run")
    assert result.best["validation_solved"] == 2 and result.best["N2"] > 0.98


@pytest.mark.slow
def test_small_multi_head_run_reaches_11_while_time_constants_fall(no_curve, tmp_path):
    started = time.process_time()
    result = train("timescale/small-multi", tmp_path / "run")
    seconds = time.process_time() - started
    rows = read_history(tmp_path / "run")
    assert result.best["validation_solved"] == 11 and result.epochs <= 40
    assert all(rows[-1][f"N{n}"] > 0.98 for n in range(8, 12))
    solved = [row["tau_mean"] for row in rows if row["validation_solved"] == row["largest_n"]]
    assert len(solved) == 10
    assert all(later < earlier for earlier, later in zip(solved, solved[1:], strict=False))
    assert solved[0] > 1.4 and solved[-1] < 1.3
    print(f"{seconds:.0f} CPU seconds")
