"""The 3D CNN: golden arrays, independent batches, and what it takes."""

import pytest
import torch

from neuromodels.motion.second_order import SecondOrderFeatures


def ours(key):
    """Our name of a golden one."""
    if key in ("norm_sigma", "norm_k"):
        return key
    if key.startswith("out_conv"):
        return key.replace("out_conv", "output")
    parts = key.split(".")[1:]
    if parts[0] == "conv1":
        return "stem.weight"
    stage, block, convolution = int(parts[0][-1]) - 1, parts[1], parts[2]
    inner = {"conv1": "convolution_1", "conv2": "convolution_2", "downsample": "shortcut"}[convolution]
    return f"stages.{stage}.{block}.{inner}.weight"


@pytest.fixture
def golden_features(motion_golden):
    arrays = motion_golden("higher_order_small.npz")
    weights = {key[2:]: torch.from_numpy(values) for key, values in arrays.items() if key.startswith("W.")}
    state = {ours(key): values.reshape(()) if "norm" in key else values for key, values in weights.items()}

    def build(**options):
        network = SecondOrderFeatures((4, 8, 8, 16), **options)
        network.load_state_dict(state)
        return network

    return build, arrays


@pytest.mark.parametrize("as_published", [True, False])
def test_golden(golden_features, as_published):
    build, arrays = golden_features
    clips = torch.from_numpy(arrays["input_rgb"])[None]
    with torch.no_grad():
        found = build(as_published=as_published)(clips)
    expected = torch.from_numpy(arrays["features"]).transpose(0, 1)
    assert found.shape == (1, 15, 16, 8, 10)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def features(clips, **options):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = SecondOrderFeatures((2, 4, 4, 8), **options)
    with torch.no_grad():
        network.output.weight.mul_(30)  # so that samples differ in their mean
        return network(clips)


def test_batch_mates():
    draw = torch.Generator().manual_seed(0)
    clips = torch.rand(2, 3, 3, 16, 16, generator=draw)
    clips[1] = 0
    torch.testing.assert_close(features(clips)[:1], features(clips[:1]), rtol=1e-4, atol=1e-4)
    difference = features(clips, as_published=True)[:1] - features(clips[:1], as_published=True)
    assert difference.abs().max() > 1e-2


def test_grey_is_colour():
    grey = torch.rand(1, 3, 1, 16, 24, generator=torch.Generator().manual_seed(0))
    found = features(grey)
    assert found.shape == (1, 3, 8, 2, 3)
    assert torch.equal(found, features(grey.expand(-1, -1, 3, -1, -1).contiguous()))


def test_widths():
    with pytest.raises(ValueError, match="widths must be 4 numbers"):
        SecondOrderFeatures((4, 8))
