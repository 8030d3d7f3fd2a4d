"""Chains of tensors against the chains of the compiled simulator; derivatives."""

import pytest
import torch

from simulators.whisker.beams.chain import beam_chain
from simulators.whisker.beams.modes import natural_frequencies_hz
from simulators.whisker.geometry.array import mouse_array
from simulators.whisker.torch_backend import beam_chains, stack_chains
from simulators.whisker.torch_backend.beams import first_frequencies_hz

FIELDS = (
    "length_mm", "curvature_per_mm", "base_radius_mm", "tip_radius_mm", "youngs_modulus_pa", "density_base_kg_m3",
    "density_tip_kg_m3",
)  # fmt: skip


@pytest.fixture(scope="module")
def whiskers():
    return mouse_array().whiskers[::7]


@pytest.fixture(scope="module")
def tensors(whiskers):
    return [torch.tensor([getattr(whisker, name) for whisker in whiskers], dtype=torch.float64) for name in FIELDS]


@pytest.mark.parametrize("n_links", [4, 17])
def test_chains_are_those_of_the_compiled_simulator(whiskers, tensors, n_links):
    found = beam_chains(*tensors, n_links=n_links, damping_ratio=0.14)
    expected = stack_chains([beam_chain(whisker, n_links, 0.14) for whisker in whiskers])
    for name, ours, theirs in zip(found._fields, found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-13, msg=name)


def test_first_frequencies_of_padded_chains(whiskers):
    chains = [beam_chain(whisker, 5 + k, 0.0) for k, whisker in enumerate(whiskers)]
    expected = torch.tensor([natural_frequencies_hz(chain, 1)[0] for chain in chains])
    torch.testing.assert_close(first_frequencies_hz(stack_chains(chains)), expected.double(), rtol=1e-10, atol=0)


def test_derivatives_with_respect_to_geometry_and_material(tensors):
    values = [tensor[:2] for tensor in tensors]

    def build(*scales):
        chain = beam_chains(*(scale * value for scale, value in zip(scales, values, strict=True)), n_links=4)
        return (*chain[:2], *chain[3:8])

    ones = [torch.ones(2, dtype=torch.float64, requires_grad=True) for _ in values]
    assert torch.autograd.gradcheck(build, ones, rtol=1e-4, atol=1e-5)


def test_frequency_grows_with_the_root_of_the_modulus(tensors):
    modulus = tensors[4].clone().requires_grad_()
    frequency = first_frequencies_hz(beam_chains(*tensors[:4], modulus, *tensors[5:], n_links=9))
    (slope,) = torch.autograd.grad(frequency.sum(), modulus)
    torch.testing.assert_close(slope * modulus / frequency, torch.full_like(slope, 0.5), rtol=1e-9, atol=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_links": 2}, "at least 3 links, received 2"),
        ({"damping_ratio": -0.1}, "damping_ratio is -0.1; it must be finite and not negative"),
        ({"length_mm": torch.tensor([1.0])}, r"curvature_per_mm has the shape \(5,\); give one number per whisker"),
        (
            {"base_radius_mm": torch.zeros(5)},
            "base_radius_mm is .*; it must be finite and, but for the curvature, positive",
        ),
    ],
)
def test_what_makes_no_chain_is_refused(tensors, change, message):
    with pytest.raises(ValueError, match=message):
        beam_chains(**(dict(zip(FIELDS, tensors, strict=True)) | change))


def test_no_chain_is_refused():
    with pytest.raises(ValueError, match="give at least one whisker"):
        stack_chains([])
