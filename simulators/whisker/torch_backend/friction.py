"""Friction of the contacts of a step: the drags of `solver.friction`, for all chains at once."""

from typing import NamedTuple

import torch
from torch import Tensor

from simulators.whisker.solver.friction import ALIKE, FARTHEST


def sliding_speed(velocity: Tensor, slip_speed: float) -> Tensor:
    """Length of velocities (..., 3), at least ``slip_speed``."""
    square = (velocity * velocity).sum(-1)
    slow = square <= slip_speed**2
    return torch.where(slow, slip_speed, torch.where(slow, 1.0, square).sqrt())


def guessed_drag(friction: Tensor, pressed: Tensor, speed: Tensor, before: Tensor) -> Tensor:
    """Drag to start a step with (contact,), see `solver.friction.guessed_drag`.

    Parameters
    ----------
    friction, pressed, speed
        (contact,) coefficient of friction, normal force after the last step, sliding speed now.
    before
        (contact, 2) drag after the last step and the one before (negative: none).
    """
    last, earlier = before.unbind(-1)
    carried = torch.minimum(torch.maximum(2 * last - earlier, last / FARTHEST), last * FARTHEST)
    return torch.where(last < 0, friction * pressed / speed, torch.where(earlier < 0, last, carried))


class Trials(NamedTuple):
    """The last two drags tried in a step, and what followed from them.

    Parameters
    ----------
    tried, told
        (2, contact) drags, newest first (negative: none), and what followed.
    """

    tried: Tensor
    told: Tensor

    @classmethod
    def none(cls, drag: Tensor) -> "Trials":
        """Before the first."""
        return cls(drag.new_full((2, len(drag)), -1.0), drag.new_full((2, len(drag)), -1.0))


def mixed_drags(
    drag: Tensor, told: Tensor, trials: Trials, slides: Tensor, fresh: Tensor, chain: Tensor, n_chains: int
) -> tuple[Tensor, Trials]:
    """Next drags to try and the trials until then, see `solver.friction`.

    Parameters
    ----------
    drag, told, trials
        (contact,) the drags of the last solve, what followed from them, and what was tried before.
    slides
        (contact,) whether that solve held the contact and it still pushes, with friction.
    fresh
        (contact,) whether another set of contacts of its chain pushes now.
    chain, n_chains
        (contact,) chain of each contact; how many chains there are.
    """

    def summed(values: Tensor, where: Tensor) -> Tensor:
        return values.new_zeros(n_chains).index_add(0, chain, torch.where(where, values, 0.0))

    once = slides & ~fresh & (trials.tried[0] >= 0)
    twice = once & (trials.tried[1] >= 0)
    scale = 1 / torch.where(slides, torch.maximum(drag, told), 1.0)
    left, (before, earliest) = (told - drag) * scale, (trials.told - trials.tried) * scale
    a, b = left - before, before - earliest
    aa, ar = summed(a * a, once), summed(a * left, once)
    bb, ab, br = summed(b * b, twice), summed(a * b, twice), summed(b * left, twice)
    independent = aa * bb - ab * ab
    both = independent > ALIKE * aa * bb
    over = torch.where(both, independent, 1.0)
    single = torch.where(aa > 0, ar / torch.where(aa > 0, aa, 1.0), 0.0)
    share = torch.where(both, (ar * bb - br * ab) / over, single)[chain]
    earlier = torch.where(both, (br * aa - ar * ab) / over, 0.0)[chain]
    following = told - share * (told - trials.told[0])
    following = following - torch.where(twice, earlier * (trials.told[0] - trials.told[1]), 0.0)
    following = torch.where((following - drag) * (told - drag) <= 0, told, following)
    lowest, highest = torch.minimum(told, drag) / FARTHEST, torch.maximum(told, drag) * FARTHEST
    following = torch.where(once, torch.minimum(torch.maximum(following, lowest), highest), told)
    following = torch.where(slides, following, drag)
    tried = torch.stack([torch.where(slides, drag, -1.0), torch.where(once, trials.tried[0], -1.0)])
    return following, Trials(tried, torch.stack([told, trials.told[0]]))
