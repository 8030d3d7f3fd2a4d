"""A probe that standardises features: what random weights hide from a plain one."""

import torch
from safetensors.torch import load_file

from neuromodels import load_model
from neuromodels.training import train


def probe(toy_recipe, **task):
    return toy_recipe(
        task={"kind": "probe", **task},
        optimizer={"kind": "sgd", "lr": 0.1},
        training={"epochs": 5, "batch_size": 8, "test": True},
    )


def test_moments_are_those_of_the_training_features_and_are_kept(toy_recipe, toy, tmp_path):
    train(probe(toy_recipe, standardise=True), tmp_path / "run")
    kept = load_file(tmp_path / "run" / "best" / "task.safetensors")
    with torch.no_grad():
        features = load_model(tmp_path / "run").features(toy.blobs("train").tensors["x"]).double()
    torch.testing.assert_close(kept["mean"].double(), features.mean(0), rtol=0, atol=1e-6)
    torch.testing.assert_close(kept["spread"].double(), features.std(0, correction=0), rtol=0, atol=1e-6)


def test_features_that_hardly_vary_are_seen(toy_recipe, toy, tmp_path, monkeypatch):
    """Features of a thousandth of their size about a large mean: the plain probe sees none, the other all."""
    plain_features = toy.Net.features
    monkeypatch.setattr(toy.Net, "features", lambda self, x: 0.1 + 1e-3 * plain_features(self, x))
    found = {
        name: train(probe(toy_recipe, standardise=chosen), tmp_path / name).test["top1"]
        for name, chosen in (("plain", False), ("standardised", True))
    }
    assert found["plain"] < 0.5 < 0.65 < found["standardised"]


def test_a_constant_feature_tells_nothing(toy_recipe, toy, tmp_path, monkeypatch):
    plain_features = toy.Net.features
    monkeypatch.setattr(
        toy.Net, "features", lambda self, x: plain_features(self, x).index_fill(1, torch.tensor([0]), 0.3)
    )
    result = train(probe(toy_recipe, standardise=True), tmp_path / "run")
    kept = load_file(tmp_path / "run" / "best" / "task.safetensors")
    assert torch.isinf(kept["spread"]).nonzero().flatten().tolist() == [0]
    assert result.test["loss"] < 2


def test_a_run_says_how_well_its_network_does(toy_recipe, tmp_path):
    result = train(probe(toy_recipe), tmp_path / "run")
    assert load_model(tmp_path / "run").performance == {"top-1, test part": result.test["top1"]}
    assert (tmp_path / "run" / "result.json").is_file()
    train(toy_recipe(), tmp_path / "without")
    assert list(load_model(tmp_path / "without").performance) == ["top-1, validation part"]
    train(toy_recipe(task={"kind": "simclr"}, augmentation={"kind": "jitter"}), tmp_path / "ssl")
    assert load_model(tmp_path / "ssl").performance == {}
