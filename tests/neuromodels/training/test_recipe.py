"""Recipes: what is read, what is refused and how it is said, changes, differences."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromodels.training import list_recipes, read_recipe
from neuromodels.training.recipe import Recipe
from neuromodels.training.tables import Choice, RecipeError, first_difference

TEXT = """
summary = "one line"

[model]
name = "tactile/zhuang"
seed = 3
options = { classes = 20, channels = [4, 8] }

[data]
kind = "tactile/sweeps"
folder = "sweeps"

[augmentation]
kind = "tactile"
noise = 0.1

[task]
kind = "simclr"
temperature = 0.2

[optimizer]
kind = "lars"
lr = 1

[schedule]
kind = "step"
every = 10

[training]
epochs = 100
batch_size = 256
precision = "bf16"
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "recipe.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def small():
    return {
        "model": {"name": "a/b"},
        "data": {"kind": "c"},
        "task": {"kind": "d"},
        "optimizer": {"kind": "sgd", "lr": 0.1},
        "training": {"epochs": 1, "batch_size": 2},
    }


def changed(**sections):
    content = small()
    for section, values in sections.items():
        content[section] = {**content.get(section, {}), **values}
    return content


def test_every_section_of_a_file_is_read(written):
    recipe = read_recipe(written(TEXT))
    assert recipe.summary == "one line"
    assert (recipe.model.name, recipe.model.seed) == ("tactile/zhuang", 3)
    assert recipe.model.options == {"classes": 20, "channels": [4, 8]}
    assert recipe.data == Choice("tactile/sweeps", {"folder": "sweeps"})
    assert recipe.augmentation == Choice("tactile", {"noise": 0.1})
    assert recipe.task == Choice("simclr", {"temperature": 0.2})
    assert recipe.optimizer.kind == "lars"
    assert recipe.optimizer.lr == 1.0
    assert isinstance(recipe.optimizer.lr, float)
    assert recipe.schedule == Choice("step", {"every": 10})
    assert (recipe.training.epochs, recipe.training.batch_size, recipe.training.precision) == (100, 256, "bf16")


def test_published_defaults():
    recipe = Recipe.from_dict(small())
    assert (recipe.optimizer.momentum, recipe.optimizer.weight_decay, recipe.optimizer.trust) == (0.9, 1e-4, 1e-3)
    assert (recipe.optimizer.betas, recipe.optimizer.eps) == ((0.9, 0.999), 1e-8)
    assert recipe.optimizer.decay == "all"
    assert recipe.schedule == Choice("constant")
    assert recipe.augmentation is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (changed(training={"epoch": 3}), r"training.epoch is no field.*closest one is training.epochs"),
        ({**small(), "modle": {}}, r"modle is no field.*closest one is model"),
        (
            changed(optimizer={"kind": "adam"}),
            r"optimizer.kind must be one of adamw, lars, sgd, received 'adam'.*'adamw'",
        ),
        (changed(optimizer={"lr": "big"}), r"optimizer.lr must be a number, received 'big'"),
        (changed(optimizer={"lr": -1.0}), r"optimizer.lr must be finite and at least 0, received -1.0"),
        (changed(optimizer={"lr": float("nan")}), r"optimizer.lr must be finite"),
        (changed(optimizer={"momentum": 1.0}), r"optimizer.momentum must be from 0 to below 1"),
        (
            changed(optimizer={"kind": "sgd", "nesterov": True, "momentum": 0.0}),
            r"optimizer.nesterov needs a momentum above 0",
        ),
        (
            changed(optimizer={"kind": "lars", "nesterov": True}),
            r"optimizer.nesterov is True, but 'lars' does not read it",
        ),
        (changed(optimizer={"betas": [0.9]}), r"optimizer.betas must be a list of 2 values"),
        (changed(optimizer={"betas": [0.9, 1.0]}), r"optimizer.betas must be two numbers from 0 to below 1"),
        (changed(optimizer={"decay": "none"}), r"optimizer.decay must be one of all, weights"),
        (changed(optimizer={"eps": 0.0}), r"optimizer.eps must be finite and above 0"),
        (changed(optimizer={"trust": 0.0}), r"optimizer.trust must be finite and above 0"),
        (changed(optimizer={"weight_decay": -1.0}), r"optimizer.weight_decay must be finite and at least 0"),
        (changed(training={"epochs": 0}), r"training.epochs must be at least 1, received 0"),
        (changed(training={"epochs": 2.5}), r"training.epochs must be a whole number, received 2.5"),
        (changed(training={"epochs": True}), r"training.epochs must be a whole number, received True"),
        (changed(training={"workers": -1}), r"training.workers must be at least 0"),
        (changed(training={"seed": 2**32}), r"training.seed must be from 0 to 2\*\*32 - 1"),
        (changed(training={"clip_gradient": -1.0}), r"training.clip_gradient must be finite and at least 0"),
        (changed(training={"precision": "bf61"}), r"training.precision must be one of float32, bf16, fp16.*'bf16'"),
        (changed(training={"deterministic": 1}), r"training.deterministic must be true or false, received 1"),
        (changed(model={"seed": -1}), r"model.seed must be from 0"),
        (changed(model={"name": 3}), r"model.name must be text, received 3"),
        (changed(model={"options": 3}), r"model.options must be a section"),
        (changed(schedule={"kind": "stairs"}), r"schedule.kind must be one of constant, cosine.*received 'stairs'"),
        ({**small(), "data": {"folder": "x"}}, r"data.kind must be there"),
        ({**small(), "model": "a/b"}, r"model must be a section"),
        ({key: value for key, value in small().items() if key != "task"}, r"task is missing"),
        ({**small(), "training": {"epochs": 1}}, r"training.batch_size is missing"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(content, words):
    with pytest.raises(RecipeError, match=words):
        Recipe.from_dict(content)


def test_file_that_is_no_toml_names_itself(written):
    with pytest.raises(RecipeError, match=r"recipe.toml is not a TOML file .*; mend the line"):
        read_recipe(written("[model"))


def test_unknown_name_lists_the_closest():
    with pytest.raises(RecipeError, match=r"there is no recipe 'tactile/zhuang-ugrn'.*closest: tactile/zhuang-ugrnn"):
        read_recipe("tactile/zhuang-ugrn")


def test_what_is_written_reads_back_the_same_through_json(written):
    recipe = read_recipe(written(TEXT))
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))).to_dict() == recipe.to_dict()


def test_changes_are_toml_values_or_words():
    recipe = Recipe.from_dict(small()).with_changes(
        [
            "training.epochs=3",
            "optimizer.lr=1e-2",
            "data.folder=/some/where",
            "model.options.classes=20",
            "task.hidden=16",
        ]
    )
    assert recipe.training.epochs == 3
    assert recipe.optimizer.lr == 0.01
    assert recipe.data.options == {"folder": "/some/where"}
    assert recipe.model.options == {"classes": 20}
    assert recipe.task.options == {"hidden": 16}


def test_change_of_a_kind_drops_the_options_of_the_old_one():
    recipe = Recipe.from_dict(changed(schedule={"kind": "step", "every": 10}, optimizer={"kind": "sgd", "lr": 0.3}))
    recipe = recipe.with_changes(["schedule.kind=cosine", "optimizer.kind=lars"])
    assert recipe.schedule == Choice("cosine")
    assert (recipe.optimizer.kind, recipe.optimizer.lr) == ("lars", 0.3)


def test_kind_may_stand_after_its_options():
    """Options that are given with a new kind are its own, in whatever order; those of the old one are dropped."""
    changes = ["schedule.every=2", "schedule.kind=step"]
    recipe = Recipe.from_dict(changed(schedule={"kind": "cosine"}))
    for ordered in (changes, changes[::-1]):
        assert recipe.with_changes(ordered).schedule == Choice("step", {"every": 2})


def test_fields_that_an_optimizer_does_not_read_are_refused():
    assert Recipe.from_dict(changed(optimizer={"kind": "adamw", "lr": 0.3, "eps": 1e-6})).optimizer.eps == 1e-6
    for kind, field, value in (("adamw", "momentum", 0.5), ("sgd", "betas", [0.5, 0.9]), ("sgd", "trust", 0.1)):
        with pytest.raises(RecipeError, match=f"optimizer.{field} is .*, but '{kind}' does not read it; leave it out"):
            Recipe.from_dict(changed(optimizer={"kind": kind, "lr": 0.3, field: value}))


def test_another_optimizer_drops_what_it_does_not_read():
    recipe = Recipe.from_dict(changed(optimizer={"kind": "lars", "lr": 0.3, "trust": 0.1, "momentum": 0.8}))
    assert recipe.with_changes(["optimizer.kind=sgd"]).optimizer.momentum == 0.8
    assert recipe.with_changes(["optimizer.kind=adamw", "optimizer.eps=1e-6"]).optimizer.eps == 1e-6


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("training.epochs", "must be section.key=value, received 'training.epochs'"),
        ("epochs=3", "must be section.key=value"),
        ("training.epoch=3", "training.epoch is no field"),
        ("summary.x=3", "summary is a value, not a section"),
    ],
)
def test_change_that_cannot_be_meant(change, words):
    with pytest.raises(RecipeError, match=words):
        Recipe.from_dict(small()).with_changes([change])


def test_first_difference_names_the_field():
    one, other = Recipe.from_dict(small()).to_dict(), Recipe.from_dict(changed(training={"seed": 4})).to_dict()
    assert first_difference(one, other) == "training.seed: 0 there, 4 here"
    assert first_difference(one, one) is None


tables = st.recursive(
    st.integers(0, 2), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=6
).filter(lambda value: isinstance(value, dict))


@given(tables, tables)
def test_there_is_a_difference_exactly_where_tables_differ(one, other):
    assert (first_difference(one, other) is None) == (one == other)


def test_shipped_recipes_are_recipes():
    names = list_recipes()
    assert "tactile/zhuang-ugrnn" in names
    for name in names:
        assert read_recipe(name).summary


@pytest.mark.parametrize("name", ["name", "seed"])
def test_the_name_and_the_seed_of_a_network_are_no_options(name):
    with pytest.raises(RecipeError, match=f"model.options has '{name}', which belongs into .model.: set model.{name}"):
        Recipe.from_dict(changed(model={"options": {name: 3}}))
