"""Tactile networks on a CUDA device: the numbers of the CPU, mixed precision, and a run from a recipe."""

import pytest
import torch

from neuromodels import create_model, load_model
from neuromodels.training import Recipe, train
from neuromodels.training.kinds import OURS
from neuromodels.training.samples import TensorSamples

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine"),
]
NETWORKS = ("small", "small-ugrnn", "small-intersection-ln", "small-gpt")


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_and_gradients_are_those_of_the_cpu(name):
    x = torch.randn(4, 22, 30, 5, 7, dtype=torch.float64)
    found = {}
    for device in ("cpu", "cuda"):
        model = create_model(f"tactile/{name}", seed=0, **({"dropout": 0.0} if name == "small-gpt" else {})).double()
        model = model.to(device)
        output = model(x.to(device))
        output.square().sum().backward()
        found[device] = [output.detach().cpu(), *(parameter.grad.cpu() for parameter in model.parameters())]
    torch.testing.assert_close(found["cuda"], found["cpu"], rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", NETWORKS)
def test_bf16_stays_near_float32(name):
    model = create_model(f"tactile/{name}", seed=0).eval().cuda()
    x = torch.randn(16, 22, 30, 5, 7, device="cuda")
    with torch.no_grad():
        expected = model.features(x)
        with torch.autocast("cuda", torch.bfloat16):
            found = model.features(x)
    torch.testing.assert_close(found.float(), expected, rtol=0.1, atol=0.05)


def loud_or_quiet(part, *, n=64):
    """Two classes that differ in size."""
    label = torch.arange(n) % 2
    draws = torch.Generator().manual_seed(len(part))
    return TensorSamples({"x": torch.randn(n, 22, 30, 5, 7, generator=draws) * (1 + label)[:, None, None, None, None],
                          "label": label}, n_classes=2)  # fmt: skip


@pytest.mark.parametrize("precision", ["float32", "bf16", "fp16"])
@pytest.mark.parametrize("options", [{}, {"channels_last": True}, {"compile": True}])
def test_a_recipe_trains_in_every_precision(tmp_path, monkeypatch, precision, options):
    monkeypatch.setitem(OURS["neuromodels.training_data"], "test/loudness", f"{__name__}:loud_or_quiet")
    recipe = Recipe.from_dict(
        {
            "model": {"name": "tactile/small-ugrnn", "options": {"classes": 2}},
            "data": {"kind": "test/loudness"},
            "task": {"kind": "classification"},
            "optimizer": {"kind": "adamw", "lr": 3e-3},
            "training": {"epochs": 2, "batch_size": 16, "precision": precision, **options},
        }
    )
    result = train(recipe, tmp_path / "run", device="cuda")
    assert result.best["validation_loss"] < 1
    assert next(load_model(tmp_path / "run").parameters()).device.type == "cpu"
