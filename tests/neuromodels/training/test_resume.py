"""A run that is killed and resumed ends with the same bits as one that is not."""

import json
import shutil
import signal

import pytest

from neuromodels.errors import ContractError
from neuromodels.training import read_history, train
from neuromodels.training.logs import write_history
from neuromodels.training.tables import RecipeError

KINDS = {
    "classification": {},
    "simclr": {"task": {"kind": "simclr", "hidden": 8}, "optimizer": {"kind": "lars"}},
    "adamw": {"optimizer": {"kind": "adamw", "lr": 0.01}, "schedule": {"kind": "cosine"}},
}


def same_files(one, two):
    assert (one / "last" / "model.safetensors").read_bytes() == (two / "last" / "model.safetensors").read_bytes()
    assert (one / "last" / "task.safetensors").read_bytes() == (two / "last" / "task.safetensors").read_bytes()
    assert (one / "last" / "optimizer.safetensors").read_bytes() == (
        two / "last" / "optimizer.safetensors"
    ).read_bytes()
    assert (one / "best" / "model.safetensors").read_bytes() == (two / "best" / "model.safetensors").read_bytes()
    for first, second in zip(read_history(one), read_history(two), strict=True):
        assert {**first, "seconds": 0} == {**second, "seconds": 0}


@pytest.fixture
def random_recipe(toy_recipe):
    """Dropout, augmentation and mid-epoch checkpoints: whatever could tell a resumed run from another."""

    def make(**sections):
        return toy_recipe(
            **{
                "data": {"kind": "toy/deadly"},
                "model": {"options": {"n_classes": 4, "dropout": 0.5}},
                "augmentation": {"kind": "jitter"},
                "training": {"epochs": 4, "batch_size": 8, "checkpoint_every": 3},
                **sections,
            }
        )

    return make


@pytest.mark.parametrize("kind", KINDS)
def test_stopped_between_epochs(random_recipe, tmp_path, kind):
    recipe = random_recipe(**KINDS[kind])
    train(recipe, tmp_path / "whole")

    def fall(end):
        if end.epoch == 1:
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        train(recipe, tmp_path / "cut", after_epoch=[fall])
    train(recipe, tmp_path / "cut", resume=True)
    same_files(tmp_path / "whole", tmp_path / "cut")


# An epoch has four batches: killed while it reads the second of the third epoch, and after three of its steps were saved.
@pytest.mark.parametrize(("reads", "saved"), [("9", (2, 0)), ("11", (2, 3))])
def test_killed_within_an_epoch(random_recipe, tmp_path, trained_elsewhere, reads, saved):
    recipe = random_recipe()
    train(recipe, tmp_path / "whole")
    codes, _ = trained_elsewhere([(tmp_path / "cut", recipe, False)], TOY_READS=reads)
    assert codes == [-signal.SIGKILL]
    place = json.loads((tmp_path / "cut" / "last" / "state.json").read_text())["progress"]
    assert (place["epoch"], place["step"]) == saved
    train(recipe, tmp_path / "cut", resume=True)
    same_files(tmp_path / "whole", tmp_path / "cut")


def test_run_that_was_killed_before_its_first_state_starts_again(random_recipe, tmp_path):
    recipe = random_recipe()
    train(recipe, tmp_path / "whole")
    train(recipe, tmp_path / "cut")
    shutil.rmtree(tmp_path / "cut" / "last")
    with pytest.raises(RecipeError, match="holds a run already"):
        train(recipe, tmp_path / "cut")
    train(recipe, tmp_path / "cut", resume=True)
    same_files(tmp_path / "whole", tmp_path / "cut")


def test_finished_run_stays_as_it_is(random_recipe, tmp_path):
    recipe = random_recipe()
    first = train(recipe, tmp_path / "run")
    before = (tmp_path / "run" / "last" / "model.safetensors").read_bytes()
    assert train(recipe, tmp_path / "run", resume=True) == first
    assert (tmp_path / "run" / "last" / "model.safetensors").read_bytes() == before


def test_epoch_that_was_saved_but_not_written_down_gets_its_row(random_recipe, tmp_path):
    recipe = random_recipe()
    train(recipe, tmp_path / "run")
    rows = read_history(tmp_path / "run")
    write_history(rows[:-1], tmp_path / "run")
    train(recipe, tmp_path / "run", resume=True)
    assert read_history(tmp_path / "run") == rows


def test_resume_where_nothing_was_saved_starts(random_recipe, tmp_path):
    assert train(random_recipe(), tmp_path / "new", resume=True).epochs == 4


def test_other_recipe_is_refused_by_its_first_difference(random_recipe, tmp_path):
    recipe = random_recipe()
    train(recipe, tmp_path / "run")
    words = r"another recipe, optimizer.lr: 0.2 there, 0.3 here; resume with its own recipe"
    with pytest.raises(RecipeError, match=words):
        train(recipe.with_changes(["optimizer.lr=0.3"]), tmp_path / "run", resume=True)


def test_run_that_is_older_than_a_field_of_recipes_goes_on(random_recipe, tmp_path):
    recipe = random_recipe()
    train(recipe, tmp_path / "run")
    path = tmp_path / "run" / "last" / "state.json"
    state = json.loads(path.read_text())
    del state["recipe"]["optimizer"]["nesterov"]
    path.write_text(json.dumps(state))
    assert train(recipe, tmp_path / "run", resume=True).epochs == 4


def test_damaged_state_is_named(random_recipe, tmp_path):
    recipe = random_recipe()
    train(recipe, tmp_path / "run")
    (tmp_path / "run" / "last" / "state.json").write_text("{")
    with pytest.raises(ContractError, match=r"state.json is damaged"):
        train(recipe, tmp_path / "run", resume=True)


def test_run_is_not_overwritten(random_recipe, tmp_path):
    train(random_recipe(), tmp_path / "run")
    with pytest.raises(RecipeError, match="holds a run already; resume it, or choose another folder"):
        train(random_recipe(), tmp_path / "run")


def test_fp16_goes_on_with_its_scale_and_count(random_recipe, tmp_path):
    recipe = random_recipe(training={"epochs": 4, "batch_size": 8, "precision": "fp16"})
    train(recipe, tmp_path / "whole")

    def fall(end):
        if end.epoch == 1:
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        train(recipe, tmp_path / "cut", after_epoch=[fall])
    train(recipe, tmp_path / "cut", resume=True)
    same_files(tmp_path / "whole", tmp_path / "cut")
