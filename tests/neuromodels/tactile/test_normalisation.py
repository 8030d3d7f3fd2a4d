"""Normalisation of network inputs: six divisors, robust against sweeps that went wrong."""

import json

import numpy as np
import pytest
import torch

from neuromodels.tactile import Normalisation


def test_published_leaves_inputs_as_they_are():
    x = torch.randn(2, 22, 30, 5, 7)
    assert Normalisation().apply(x) is x


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_each_quantity_is_divided_by_its_scale(dtype):
    scale = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
    x = torch.randn(2, 22, 30, 5, 7).to(dtype)
    out = Normalisation(scale, "mine").apply(x)
    assert out.dtype == dtype
    for channel in range(30):
        assert torch.equal(out[:, :, channel] * scale[channel % 6], x[:, :, channel])


def test_robust_scale_is_the_median_over_sweeps_that_touch():
    sizes = np.abs(np.random.default_rng(0).normal(size=(101, 6))) + 0.1
    expected = [sorted(column)[50] for column in sizes.T]
    assert Normalisation.robust(sizes).scale == pytest.approx(expected)
    with_silent = np.concatenate([sizes, np.zeros((300, 6))])
    assert Normalisation.robust(with_silent).scale == pytest.approx(expected)
    wild = sizes.copy()
    wild[np.argmax(wild, axis=0), np.arange(6)] = 1e9
    assert Normalisation.robust(wild).scale == pytest.approx(expected)


def test_dictionary_and_back_through_json():
    one = Normalisation((0.1, 0.2, 0.3, 4, 5, 6), "robust")
    assert Normalisation.from_dict(json.loads(json.dumps(one.to_dict()))) == one


@pytest.mark.parametrize("scale", [(1.0,) * 5, (1.0,) * 5 + (0.0,), (1.0,) * 5 + (float("nan"),)])
def test_scales_that_are_none_are_refused(scale):
    with pytest.raises(ValueError, match="give six positive, finite numbers, for Fx, Fy"):
        Normalisation(scale)


def test_other_dictionaries_and_shapes_are_refused():
    with pytest.raises(ValueError, match=r"has the entries scale and kind, received \['scale'\]"):
        Normalisation.from_dict({"scale": [1] * 6})
    with pytest.raises(ValueError, match=r"x has the shape \(2, 29, 5, 7\)"):
        Normalisation((2.0,) * 6).apply(torch.zeros(2, 29, 5, 7))


def test_quantity_that_is_always_zero_has_no_scale():
    sizes = np.ones((4, 6))
    sizes[:, 3] = 0
    with pytest.raises(ValueError, match="Mx is 0 in all 4 training sweeps"):
        Normalisation.robust(sizes)
