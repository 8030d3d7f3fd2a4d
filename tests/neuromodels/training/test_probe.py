"""Linear probe: the network stays as it is, features are computed once, and the head finds what they show."""

import pytest
import torch
from safetensors.torch import load_file

from neuromodels.training import train
from neuromodels.training.probe import Probe
from neuromodels.training.task import TaskContext


def test_network_gets_no_gradient_and_keeps_its_weights(toy_recipe, toy, tmp_path, weights_of):
    result = train(toy_recipe(task={"kind": "probe"}, training={"epochs": 30}), tmp_path / "run")
    net = toy.Net(0).state_dict()
    start = torch.cat([net[key].double().flatten() for key in sorted(net)])
    assert torch.equal(weights_of(tmp_path / "run" / "best"), start)
    assert result.best["validation_top1"] > 0.5


def test_features_are_those_of_the_network_without_dropout(toy):
    samples, net = toy.blobs("train"), toy.Net(0, dropout=0.9)
    task = Probe(TaskContext(net, samples), feature_batch_size=5)
    made = task.prepare(net, samples, torch.device("cpu"))
    assert torch.allclose(made.tensors["x"], net.features(samples.tensors["x"]), atol=1e-6)
    assert torch.equal(made.tensors["label"], samples.tensors["label"])
    assert made.n_classes == 4
    assert not any(parameter.requires_grad for parameter in net.parameters())


def test_network_is_read_once(toy_recipe, toy, tmp_path, monkeypatch):
    seen = []
    features = toy.Net.features
    monkeypatch.setattr(toy.Net, "features", lambda self, x: seen.append(len(x)) or features(self, x))
    train(toy_recipe(task={"kind": "probe"}, training={"epochs": 5}), tmp_path / "run")
    assert sum(seen) == 32 + 32


def test_head_is_the_one_that_a_second_order_method_finds(toy_recipe, toy, tmp_path):
    decay = 0.01
    recipe = toy_recipe(
        task={"kind": "probe"},
        optimizer={"lr": 2.0, "momentum": 0.8, "weight_decay": decay},
        training={"epochs": 120, "batch_size": 32, "evaluate_every": 120},
    )
    train(recipe, tmp_path / "run")
    found = load_file(tmp_path / "run" / "last" / "task.safetensors")
    samples = toy.blobs("train")
    features, labels = toy.Net(0).features(samples.tensors["x"]).detach(), samples.tensors["label"]
    head = torch.nn.Linear(8, 4)
    optimizer = torch.optim.LBFGS(head.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(head(features), labels)
        loss = loss + decay / 2 * sum(parameter.square().sum() for parameter in head.parameters())
        loss.backward()
        return loss

    optimizer.step(closure)
    assert torch.allclose(found["head.weight"], head.weight, atol=2e-3)
    assert torch.allclose(found["head.bias"], head.bias, atol=2e-3)


def test_probe_refuses_augmentation_and_streams(toy):
    with pytest.raises(ValueError, match=r"leave out the section \[augmentation\]"):
        Probe(TaskContext(toy.Net(0), toy.blobs("train"), 0, toy.jitter()))
    net = toy.Net(0, n_classes=2)
    task = Probe(TaskContext(net, toy.Trials()))
    with pytest.raises(ValueError, match="needs stored samples, received a stream"):
        task.prepare(net, toy.Trials(), torch.device("cpu"))
