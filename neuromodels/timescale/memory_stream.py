"""Sequences of digits without end, for the training engine."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

if TYPE_CHECKING:
    from simulators.tasks.memory import Odds, Rule

PARTS = ("train", "validation", "test")


class MemoryStream:
    """Batches of a memory task; see `memory_stream`.

    Attributes
    ----------
    ns
        Numbers of digits that are asked about; a curriculum sets them.
    """

    def __init__(self, rule: "Rule", odds: "Odds", ns: Sequence[int] = (2,)) -> None:
        self.rule, self.odds = rule, odds
        self.ask(ns)

    def ask(self, ns: Sequence[int]) -> None:
        """Ask about these numbers of digits from now on."""
        from simulators.tasks.memory import check_ns

        check_ns(ns)
        self.ns = tuple(ns)

    def draw(self, n: int, generator: torch.Generator) -> dict[str, Tensor]:
        """One batch, all sequences of one length that is drawn with it.

        Returns
        -------
        dict
            ``x`` ``(sequence, time, channel)`` digits 0 and 1; ``label`` ``(sequence, N)`` int64.
        """
        from simulators.tasks.memory import draw_digits, draw_length, labels

        length = draw_length(self.ns[-1], generator)
        digits = draw_digits(n, length, generator, odds=self.odds, ns=self.ns, rule=self.rule)
        return {"x": digits[:, :, None], "label": labels(digits, self.ns, self.rule)}


def memory_stream(
    part: Literal["train", "validation", "test"], *, rule: str = "parity", odds: str = "published"
) -> MemoryStream:
    """Digits of N-parity or N-delayed match to sample, for the training engine.

    Parameters
    ----------
    part
        ``train``, ``validation`` or ``test``: all are drawn alike, by seeds that are never the same.
    rule
        ``"parity"`` or ``"match"``.
    odds
        ``"per sequence"``, ``"even"`` or ``"balanced"``, see `simulators.tasks.draw_digits`; ``"published"`` is the first for
        parity and the second for matches.

    Returns
    -------
    MemoryStream
        Asks about N = 2 until a curriculum says otherwise.

    Raises
    ------
    ValueError
        If a word is not known.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927.
    """
    from simulators.tasks.memory import PUBLISHED_ODDS, check_rule

    if part not in PARTS:
        raise ValueError(f"part is {part!r}; the parts are {', '.join(PARTS)}.")
    given = PUBLISHED_ODDS.get(rule, "even") if odds == "published" else odds
    check_rule(rule, given)
    return MemoryStream(rule, given)  # type: ignore[arg-type]
