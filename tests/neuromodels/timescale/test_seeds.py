"""Seeds side by side: each is the run that it is alone."""

import re

import pytest
import torch
from safetensors.torch import load_file

from neuromodels.timescale import train_seeds
from neuromodels.timescale.memory_task import MemoryTask
from neuromodels.training import read_history, train
from neuromodels.training.tables import RecipeError

# Some seeds pass by guessing and some do not: each has its own place, and its own lengths.
CHANGES = ("task.threshold=0.5", "task.last_n=4", "model.options.heads=3", "training.clip_gradient=0.5")


def alone(recipe, seed, folder):
    return train(recipe.with_changes([f"model.seed={seed}", f"training.seed={seed}"]), folder)


def near(one, two, tolerance=2e-5):
    for folder in ("last", "best"):
        first, second = (load_file(path / folder / "model.safetensors") for path in (one, two))
        assert first.keys() == second.keys()
        for name in first:
            torch.testing.assert_close(first[name], second[name], rtol=tolerance, atol=tolerance)
    first, second = (load_file(path / "last" / "optimizer.safetensors") for path in (one, two))
    assert first.keys() == second.keys() and first
    for name in first:
        torch.testing.assert_close(first[name], second[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["small-multi", "small-sliding"])
def test_each_seed_is_the_run_that_it_is_alone(tiny, tmp_path, name):
    changes = CHANGES if name == "small-multi" else (*CHANGES[:1], "task.last_n=7", *CHANGES[3:])
    recipe = tiny(name, *changes, "training.epochs=5")
    together = train_seeds(recipe, [0, 3, 1], tmp_path / "together")
    places = set()
    for seed, result in zip([0, 3, 1], together, strict=True):
        own = alone(recipe, seed, tmp_path / f"alone-{seed}")
        assert (result.epochs, result.best_epoch, result.stopped) == (own.epochs, own.best_epoch, own.stopped)
        near(tmp_path / "together" / f"seed-{seed}", tmp_path / f"alone-{seed}")
        rows = zip(read_history(result.folder), read_history(own.folder), strict=True)
        for one, other in rows:
            assert one.keys() == other.keys()
            for column in one:
                if column != "seconds":
                    assert one[column] == pytest.approx(other[column], rel=1e-4, abs=1e-4), column
        places.add(tuple(row["stage"] for row in read_history(own.folder)))
    assert len(places) > 1


def test_seeds_that_were_cut_off_go_on(tiny, tmp_path, monkeypatch):
    recipe = tiny("small-multi", *CHANGES)
    train_seeds(recipe, [0, 1], tmp_path / "whole")
    kept = MemoryTask.after_epoch

    def fall(self, end):
        if end.epoch == 2 and "seed" not in end.row and end.model.seed == 1:
            raise RuntimeError("power cut")
        return kept(self, end)

    monkeypatch.setattr(MemoryTask, "after_epoch", fall)
    with pytest.raises(RuntimeError, match="power cut"):
        train_seeds(recipe, [0, 1], tmp_path / "cut")
    monkeypatch.undo()
    assert len(read_history(tmp_path / "cut" / "seed-0")) == 3 and len(read_history(tmp_path / "cut" / "seed-1")) == 2
    with pytest.raises(RecipeError, match="holds a run already"):
        train_seeds(recipe, [0, 1], tmp_path / "cut")
    train_seeds(recipe, [0, 1], tmp_path / "cut", resume=True)
    for seed in (0, 1):
        near(tmp_path / "whole" / f"seed-{seed}", tmp_path / "cut" / f"seed-{seed}")


def test_a_seed_that_breaks_leaves_the_others_alone(tiny, tmp_path, monkeypatch):
    recipe = tiny("small-multi", *CHANGES)
    kept = MemoryTask.after_epoch

    def poison(self, end):
        reason = kept(self, end)
        if end.epoch == 1 and end.model.seed == 1:
            with torch.no_grad():
                end.model.readout_bias[0, 0] = 3e38
                end.model.readout_weight[0] = 3e38
        return reason

    monkeypatch.setattr(MemoryTask, "after_epoch", poison)
    with pytest.raises(
        FloatingPointError, match=r"^seed 1: the loss is (nan|inf) at epoch 3, step 1; lower .*others? seeds? are done"
    ):
        train_seeds(recipe, [0, 1], tmp_path / "run")
    monkeypatch.undo()
    alone(recipe, 0, tmp_path / "alone")
    near(tmp_path / "run" / "seed-0", tmp_path / "alone")
    assert len(read_history(tmp_path / "run" / "seed-1")) == 2


@pytest.mark.parametrize(
    ("name", "changes", "seeds", "words"),
    [
        ("small-multi", [], [], "seeds must be at least one, and no two the same, received []"),
        ("small-multi", [], [1, 1], "no two the same, received [1, 1]"),
        (
            "small-multi",
            ["training.precision=bf16"],
            [0],
            "need optimizer.kind = 'sgd', training.precision = 'float32'",
        ),
        ("small-multi", ["model.name=timescale/lstm-small"], [0], "only leaky networks and the task timescale/memory"),
    ],
)
def test_what_cannot_be_trained_side_by_side(tiny, tmp_path, name, changes, seeds, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        train_seeds(tiny(name, *changes), seeds, tmp_path)
