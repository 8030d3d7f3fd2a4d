"""What a leaky network is made of. Needs no torch."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from ..errors import UnknownNameError

CHOICES: dict[str, tuple[str, ...]] = {
    "leak": ("inside", "outside"),
    "activation": ("leaky_relu", "relu", "tanh", "sigmoid"),
    "timescales": ("clamped", "free", "fixed"),
}
# No unit is faster than one step: below, the leak 1/tau would overshoot.
CLAMP = 1.0
Config = TypeVar("Config", bound="Any")


@dataclass(frozen=True)
class LeakyConfig:
    """Parts and sizes of a leaky network.

    Attributes
    ----------
    units, heads, classes, inputs
        Recurrent units, readout heads, logits of each head, input channels.
    leak
        ``"inside"`` the non-linearity, h' = f((1 - a) h + a (W h + b + U s + c)), the published default; or ``"outside"``,
        h' = (1 - a) h + a f(W h + b + U s + c), with a = 1 / tau.
    activation
        f: ``"leaky_relu"`` with slope 0.01, ``"relu"``, ``"tanh"`` or ``"sigmoid"``.
    timescales
        ``"clamped"``, trained and clamped at one step as published: below it the gradient is 0, so a unit that comes there
        stays there; ``"free"``, trained as 1 + softplus, above one step always, with a gradient everywhere; ``"fixed"``, not
        trained.
    tau
        In input steps. Trained ones start uniformly between ``tau`` and ``tau + 1``; fixed ones have this value.
    substeps
        Steps of the network in one input step, k: a = 1 / max(k tau, 1), each digit shown k times.
    published_diagonal
        Units have no connection to themselves. False: nor has that place a gradient. True: its gradient is computed as if
        it had, as in the published training, where it counts in the norm of the gradient that is clipped.
    answers
        The N that each head was trained for, where that is known.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927.
    """

    units: int = 500
    heads: int = 100
    classes: int = 2
    inputs: int = 1
    leak: Literal["inside", "outside"] = "inside"
    activation: Literal["leaky_relu", "relu", "tanh", "sigmoid"] = "leaky_relu"
    timescales: Literal["clamped", "free", "fixed"] = "clamped"
    tau: float = 1.0
    substeps: int = 1
    published_diagonal: bool = False
    answers: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        check_sizes(self, ("units", "heads", "classes", "inputs", "substeps"))
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(known)}.")
        if not isinstance(self.tau, (int, float)) or isinstance(self.tau, bool) or not CLAMP <= self.tau < math.inf:
            raise ValueError(
                f"tau must be at least {CLAMP:g} input step, received {self.tau!r}: a shorter time constant is clamped there "
                "and never trained; give 1 or more."
            )
        object.__setattr__(self, "answers", check_answers(self.answers, self.heads))


def with_options(kind: type[Config], defaults: dict[str, object], options: dict[str, object]) -> Config:
    """Build a configuration of a network's defaults and a user's options.

    Raises
    ------
    UnknownNameError
        For an option that does not exist, with the closest ones.
    """
    known = [field.name for field in dataclasses.fields(kind)]
    for option in options:
        if option not in known:
            raise UnknownNameError.for_name("timescale option", option, known, f"All: {', '.join(known)}.")
    return kind(**{**defaults, **options})


def check_sizes(config: object, names: Sequence[str]) -> None:
    """Refuse a size that is no whole number of at least 1."""
    for name in names:
        size = getattr(config, name)
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, received {size!r}.")


def check_answers(answers: Sequence[int] | None, heads: int) -> tuple[int, ...] | None:
    """One N of at least 2 for each head, as a tuple; None stays None."""
    if answers is None:
        return None
    found = tuple(answers)
    if len(found) != heads or not all(isinstance(n, int) and n >= 2 for n in found):
        raise ValueError(
            f"answers must hold one whole number of at least 2 for each of {heads} heads, received {found}."
        )
    return found
