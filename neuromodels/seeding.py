"""Seeds without side effects: each stochastic step owns a generator, the global one is never set."""

from numbers import Integral

import torch


def generator(seed: int) -> torch.Generator:
    """CPU generator for ``seed``; weights are drawn on the CPU so that every device gets the same ones.

    torch's CPU generator reads the lower 32 bits only, so larger seeds are refused: two of them could be one.

    Raises
    ------
    ValueError
        If ``seed`` is not a whole number from 0 to 2**32 - 1.
    """
    if isinstance(seed, bool) or not isinstance(seed, Integral) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be a whole number from 0 to 2**32 - 1, received {seed!r}.")
    return torch.Generator().manual_seed(int(seed))
