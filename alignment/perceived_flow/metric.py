"""Which agreement with observers a benchmark of perceived motion measures, and over which sets of places."""

from dataclasses import dataclass
from typing import Literal, get_args

Measure = Literal["partial r", "r"]


@dataclass(frozen=True)
class PerceivedFlow:
    """Agreement of a model's optical flow with what observers saw at places in films.

    Attributes
    ----------
    measure
        ``"partial r"``: correlation with the mean response, the truth held constant; ``"r"``: without holding it.
    per
        Column of the stimulus table whose values are scored apart and averaged; empty for all places together.
    window
        Side of the square of pixels around a place over which the model's flow is averaged; odd.
    """

    measure: Measure = "partial r"
    per: str = ""
    window: int = 1

    def __post_init__(self) -> None:
        if self.measure not in get_args(Measure):
            raise ValueError(f"measure must be one of {', '.join(get_args(Measure))}, received {self.measure!r}.")
        if self.window < 1 or self.window % 2 == 0:
            raise ValueError(f"window is {self.window}; give an odd number of pixels.")

    @property
    def name(self) -> str:
        """Short name of the number."""
        return self.measure

    def describe(self) -> str:
        """Formula in one sentence."""
        what = "Pearson r over both components of the model's flow and of the observers' mean response"
        given = ", both without what is linear in the true motion" if self.measure == "partial r" else ""
        apart = f"; mean over {self.per}s" if self.per else ""
        return f"{what}{given}{apart}"

    def protocol_steps(self) -> list[str]:
        """What is done, in the order of execution."""
        where = (
            "at the pixel of each place" if self.window == 1 else f"averaged over {self.window} x {self.window} pixels"
        )
        return [
            f"The model's optical flow between the two frames that observers judged is read {where}; nothing is fitted.",
            f"Raw score: {self.describe()}.",
        ]
