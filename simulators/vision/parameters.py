"""Checks of what generators are given, in one wording: angles, numbers of frames, seeds."""

from math import isfinite
from numbers import Integral

import numpy as np


def refuse_infinite(**numbers: float) -> None:
    """Refuse numbers that are not finite.

    Raises
    ------
    ValueError
        Naming the first.
    """
    for name, value in numbers.items():
        if not isfinite(value):
            raise ValueError(f"{name} is {value}; give a finite number.")


def refuse_length(n_frames: int) -> None:
    """Refuse a length that no clip has.

    Raises
    ------
    ValueError
        If there is no frame, or a part of one.
    """
    if not isinstance(n_frames, Integral) or n_frames < 1:
        raise ValueError(f"n_frames is {n_frames}; a clip has at least one frame, and whole ones.")


def seeded(seed: int) -> np.random.Generator:
    """Generator of all draws.

    Raises
    ------
    ValueError
        If the seed is negative or no whole number.
    """
    if not isinstance(seed, Integral) or seed < 0:
        raise ValueError(f"seed is {seed}; give a whole number, 0 or more.")
    return np.random.default_rng(int(seed))
