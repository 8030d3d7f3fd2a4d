"""Seeds without side effects: each stochastic step owns a generator, the global one is never set."""

import torch


def generator(seed: int) -> torch.Generator:
    """CPU generator for ``seed``; weights are drawn on the CPU so that every device gets the same ones.

    Raises
    ------
    ValueError
        If ``seed`` is not a whole number from 0 to 2**63 - 1.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise ValueError(f"seed must be a whole number from 0 to 2**63 - 1, received {seed!r}.")
    return torch.Generator().manual_seed(seed)
