"""Whiskers as tensors, one thread."""

import numpy as np
import pytest
import torch

from simulators.whisker.motion import Knots
from simulators.whisker.torch_backend import Bases, Batch, beam_chains
from simulators.whisker.torch_backend.paths import pack_paths

# Length, curvature, base and tip radius, modulus, densities.
WHISKER = (20.0, 0.01, 0.054, 0.01, 3.3e9, 1260.0, 1690.0)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def still_batch():
    """Builder of chains on one base at rest in the world's frame; ``scale`` (chain, 7) multiplies geometry and material."""

    def build(scale, *, n_links=5, damping_ratio=0.14, interval_ms=0.5, level=2, rho=0.8, around=None, pull=None):
        scale = torch.as_tensor(scale, dtype=torch.float64)
        chains = beam_chains(
            *(scale[:, k] * value for k, value in enumerate(WHISKER)), n_links=n_links, damping_ratio=damping_ratio
        )
        here = Knots(1.0, np.zeros((1, 3)), np.zeros((1, 3)), np.array([[1.0, 0, 0, 0]]), np.zeros((1, 3)))
        count = len(scale)
        bases = Bases(pack_paths([here]), torch.zeros(count, dtype=torch.long))
        return Batch(chains, bases, interval_ms, torch.full((count,), level), rho, around, pull)

    return build
