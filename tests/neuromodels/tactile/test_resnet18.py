"""ResNet-18 of single steps: sizes of its maps, its equations from torch's functions, its weights at the start."""

import math

import pytest
import torch
from torch.nn import functional

from neuromodels.tactile.resnet18 import ResNet18

BLOCKS = [f"layer{stage}.{block}" for stage in range(1, 5) for block in range(2)]


def network(stages=(4, 6, 8, 10), size=7, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = ResNet18(30, size, stages).double()
        for name, value in made.named_buffers():
            if name.endswith("running_mean"):
                value.normal_()
            elif name.endswith("running_var"):
                value.uniform_(0.5, 2)
    return made.eval()


def steps(batch=2, time=3):
    return torch.randn(batch, time, 30, 5, 7, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def normed(x, weights, name):
    mean, variance, scale, shift = (
        weights[f"{name}.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / torch.sqrt(variance + 1e-5) * scale + shift


def by_functions(weights, x):
    """Layers of one batch of images ``(batch, channel, row, col)``."""
    found = {"relu": normed(functional.conv2d(x, weights["conv1.weight"], stride=2, padding=3), weights, "bn1").relu()}
    found["maxpool"] = y = functional.max_pool2d(found["relu"], 3, 2, 1)
    for name in BLOCKS:
        stride = 2 if name.endswith(".0") and name != "layer1.0" else 1
        inner = functional.conv2d(y, weights[f"{name}.conv1.weight"], stride=stride, padding=1)
        inner = normed(inner, weights, f"{name}.bn1").relu()
        inner = normed(functional.conv2d(inner, weights[f"{name}.conv2.weight"], padding=1), weights, f"{name}.bn2")
        if stride == 2:
            y = functional.conv2d(y, weights[f"{name}.downsample.0.weight"], stride=2)
            y = normed(y, weights, f"{name}.downsample.1")
        found[name] = y = (inner + y).relu()
    found["avgpool"] = y.mean((2, 3))
    found["fc"] = found["avgpool"] @ weights["fc.weight"].T + weights["fc.bias"]
    return found


def test_layers_and_output_equal_the_functions():
    model, x, tapped = network(), steps(), {}
    with torch.no_grad():
        output = model(x, tap=lambda layer, value: tapped.setdefault(layer, value))
    for step in range(x.shape[1]):
        expected = by_functions(model.state_dict(), x[:, step])
        assert list(tapped) == list(expected)
        for layer, values in expected.items():
            torch.testing.assert_close(tapped[layer][:, step], values, rtol=0, atol=1e-10, msg=layer)
        torch.testing.assert_close(output[:, step], expected["fc"], rtol=0, atol=1e-10)


def test_maps_have_the_published_sizes():
    tapped = {}
    with torch.device("meta"):
        model = ResNet18(30, 512)
        model(torch.empty(2, 22, 30, 5, 7), tap=lambda layer, value: tapped.setdefault(layer, value))
    sizes = {layer: tuple(value.shape[2:]) for layer, value in tapped.items()}
    assert sizes == {
        "relu": (64, 3, 4),
        "maxpool": (64, 2, 2),
        "layer1.0": (64, 2, 2),
        "layer1.1": (64, 2, 2),
        "layer2.0": (128, 1, 1),
        "layer2.1": (128, 1, 1),
        "layer3.0": (256, 1, 1),
        "layer3.1": (256, 1, 1),
        "layer4.0": (512, 1, 1),
        "layer4.1": (512, 1, 1),
        "avgpool": (512,),
        "fc": (512,),
    }


def test_parameters_are_those_of_the_published_network():
    with torch.device("meta"):
        model = ResNet18(30, 512)
    assert sum(parameter.numel() for parameter in model.parameters()) == 11_523_840
    # 20 convolutions and as many norms of five entries each, and the linear layer.
    assert len(model.state_dict()) == 20 * 6 + 2


@pytest.mark.parametrize("training", [False, True])
def test_last_step_alone_is_the_last_of_all(training):
    model, x = network(), steps()
    model.train(training)
    with torch.no_grad():
        torch.testing.assert_close(model(x, every_step=False), model(x)[:, -1:], rtol=0, atol=1e-12)


def test_convolutions_start_he_normal_except_the_first():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = ResNet18(30, 16, (16, 32, 64, 128))
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Conv2d):
            area, n = math.prod(module.kernel_size), module.weight.numel()
            if name == "conv1":
                bound = 1 / math.sqrt(module.in_channels * area)
                assert module.weight.abs().max() <= bound
                assert abs(module.weight.std() * math.sqrt(3) / bound - 1) < 5 / math.sqrt(n)
            else:
                expected = math.sqrt(2 / (module.out_channels * area))
                assert abs(module.weight.std() / expected - 1) < 5 / math.sqrt(2 * n), name
