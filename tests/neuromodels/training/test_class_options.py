"""The number of classes comes from the data where the network must tell them; another number is refused."""

import pytest

from neuromodels import load_model
from neuromodels.registry import takes_option
from neuromodels.training import train

DATA = {"kind": "toy/countable", "n_classes": 3, "n": 24}


def recipe_of(toy_recipe, **sections):
    """A toy recipe whose network is not told the number of classes."""
    recipe = toy_recipe(data=DATA, training={"epochs": 1}, **sections)
    return type(recipe).from_dict({**recipe.to_dict(), "model": sections.get("model", {"name": "toy/net"})})


def test_network_is_built_for_the_classes_of_the_samples(toy_recipe, tmp_path):
    train(recipe_of(toy_recipe), tmp_path / "run")
    network = load_model(tmp_path / "run" / "best")
    assert network.options == {"n_classes": 3}
    assert network.decoder.out_features == 3


def test_recipe_with_another_number_is_refused_before_training(toy_recipe, tmp_path):
    wrong = {"name": "toy/net", "options": {"n_classes": 5}}
    with pytest.raises(
        ValueError, match="model.options has n_classes = 5, but the samples of 'toy/countable' have 3; leave"
    ):
        train(recipe_of(toy_recipe, model=wrong), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    right = {"name": "toy/net", "options": {"n_classes": 3}}
    train(recipe_of(toy_recipe, model=right), tmp_path / "right")


def test_trained_weights_of_another_number_are_refused(toy_recipe, tmp_path):
    train(recipe_of(toy_recipe), tmp_path / "three")
    more = {**DATA, "n_classes": 4}
    recipe = recipe_of(toy_recipe, model={"name": "toy/net", "weights": str(tmp_path / "three")})
    recipe = type(recipe).from_dict({**recipe.to_dict(), "data": more})
    with pytest.raises(
        ValueError, match="the network of .*three has n_classes = 3, but the samples .* have 4; give samples"
    ):
        train(recipe, tmp_path / "run")


def test_probe_of_such_a_network_has_a_layer_of_its_own(toy_recipe, tmp_path):
    train(recipe_of(toy_recipe), tmp_path / "three")
    recipe = recipe_of(
        toy_recipe, model={"name": "toy/net", "weights": str(tmp_path / "three")}, task={"kind": "probe"}
    )
    recipe = type(recipe).from_dict({**recipe.to_dict(), "data": {**DATA, "n_classes": 4}})
    assert train(recipe, tmp_path / "probe").epochs == 1


def test_networks_without_such_an_option_are_left_alone(toy):
    assert takes_option("toy/net", "n_classes")
    assert takes_option("tactile/small", "classes")
