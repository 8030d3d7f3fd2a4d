"""The compiled form of a network computes the same and is not what is saved."""

import pytest
import torch

from neuromodels.training.compiled import CompiledForm


def test_methods_go_through_the_compiler_once_each(toy, monkeypatch):
    compiled = []

    def compile_(function):
        compiled.append(function)
        return lambda *arguments: function(*arguments) + 1

    monkeypatch.setattr(torch, "compile", compile_)
    net = toy.Net(0)
    form, x = CompiledForm(net), torch.ones(2, 3, 2, 2, 3)
    for _ in range(2):
        assert torch.equal(form(x), net(x) + 1)
        assert torch.equal(form.features(x), net.features(x) + 1)
        assert torch.equal(form.features_over_time(x), net.features_over_time(x) + 1)
    assert len(compiled) == 3
    assert form.feature_size == 8


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch itself while it compiles
def test_compiled_training_is_near_the_plain_one(toy_recipe, tmp_path, weights_of):
    from neuromodels.training import train

    for name, wanted in (("plain", False), ("compiled", True)):
        train(toy_recipe(training={"compile": wanted}), tmp_path / name)
    assert torch.allclose(
        weights_of(tmp_path / "plain" / "last"), weights_of(tmp_path / "compiled" / "last"), atol=1e-5
    )
