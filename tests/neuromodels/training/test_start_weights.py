"""Runs that start from trained weights: the network is the one that was trained."""

import pytest

from neuromodels.training import kinds, train
from neuromodels.weights import read_facts


@pytest.fixture
def scaled(toy, monkeypatch):
    """Samples that demand an option of the network, under the name toy/scaled."""

    def blobs(part, *, dropout=0.5):
        samples = toy.blobs(part)
        samples.model_options = {"dropout": dropout}
        return samples

    monkeypatch.setattr(toy, "scaled", blobs, raising=False)
    monkeypatch.setitem(kinds.OURS["neuromodels.training_data"], "toy/scaled", "toy_family:scaled")


@pytest.mark.parametrize("data", [{"kind": "toy/scaled", "dropout": 0.25}, {"kind": "toy/blobs"}])
def test_what_the_first_samples_demanded_stays_with_the_weights(toy_recipe, scaled, tmp_path, data):
    train(toy_recipe(data={"kind": "toy/scaled"}), tmp_path / "first")
    first = str(tmp_path / "first")
    train(toy_recipe(model={"weights": first}, data=data, task={"kind": "probe"}), tmp_path / "probe")
    assert read_facts(tmp_path / "probe")[0]["options"] == {"dropout": 0.5, "n_classes": 4}


def test_an_option_that_no_shape_shows_is_named_where_it_differs(toy_recipe, toy, tmp_path):
    train(toy_recipe(), tmp_path / "first")
    options = {"n_classes": 4, "dropout": 0.25}
    recipe = toy_recipe(model={"weights": str(tmp_path / "first"), "options": options}, task={"kind": "probe"})
    with pytest.raises(ValueError, match=r"another option, dropout: None there, 0.25 here"):
        train(recipe, tmp_path / "probe")
