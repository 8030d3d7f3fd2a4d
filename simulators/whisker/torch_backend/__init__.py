"""The simulator as batched tensors: many scenes on a GPU, gradients with respect to geometry and material."""

from simulators.whisker.torch_backend.beams import beam_chains
from simulators.whisker.torch_backend.chain import ChainBatch, stack_chains
from simulators.whisker.torch_backend.integrate import Bases, Batch, Interval, Pull, integrate
from simulators.whisker.torch_backend.simulate import pack_batch, simulate_torch

__all__ = [
    "Bases", "Batch", "ChainBatch", "Interval", "Pull", "beam_chains", "integrate", "pack_batch", "simulate_torch",
    "stack_chains",
]  # fmt: skip
