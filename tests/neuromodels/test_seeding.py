"""Seeds: what is accepted, and that the global generator is left alone."""

import pytest
import torch

from neuromodels.seeding import generator


@pytest.mark.parametrize("seed", [True, False, -1, 2**63, 1.0, "1", None])
def test_refuses_what_is_no_seed(seed):
    with pytest.raises(ValueError, match=rf"whole number from 0 to .+, received {seed!r}"):
        generator(seed)


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32 - 1])
def test_same_seed_gives_the_same_numbers_on_the_cpu(seed):
    first, second = generator(seed), generator(seed)
    assert first.device.type == "cpu"
    assert torch.equal(torch.randn(8, generator=first), torch.randn(8, generator=second))


def test_seed_beyond_32_bits_is_refused_because_torch_would_drop_the_upper_bits():
    with pytest.raises(ValueError, match="whole number from 0 to"):
        generator(2**32 + 3)


def test_global_generator_is_neither_read_nor_set():
    before = torch.get_rng_state()
    torch.randn(8, generator=generator(5))
    assert torch.equal(torch.get_rng_state(), before)
