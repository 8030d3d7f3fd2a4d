"""The simulator as batched tensors: many scenes on a GPU, gradients with respect to geometry and material.

`simulate_torch` takes scenes and gives recordings. For gradients, `pack_batch` turns planned scenes into a `Batch`; put
chains of `beam_chains` in it (``batch._replace(chain=...)``), or a `Law` whose stiffness is a tensor, and `integrate`.
"""

from simulators.whisker.torch_backend.beams import beam_chains
from simulators.whisker.torch_backend.chain import ChainBatch, stack_chains
from simulators.whisker.torch_backend.contact import Law
from simulators.whisker.torch_backend.integrate import Bases, Batch, Interval, Pull, integrate
from simulators.whisker.torch_backend.simulate import pack_batch, simulate_torch
from simulators.whisker.torch_backend.step import State

__all__ = [
    "Bases", "Batch", "ChainBatch", "Interval", "Law", "Pull", "State", "beam_chains", "integrate", "pack_batch",
    "simulate_torch", "stack_chains",
]  # fmt: skip
