"""Curricula of memory tasks: which N are asked through which heads, stage after stage, and when a stage is solved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["single-head", "multi-head", "sliding", "direct"]
Heads = Literal["position", "own"]
# Values of N at once in the first stage, and how many a stage moves on, as published.
WIDTHS: dict[str, int] = {"single-head": 1, "multi-head": 1, "sliding": 10, "direct": 1}
STEPS: dict[str, int] = {"single-head": 1, "multi-head": 1, "sliding": 5, "direct": 1}
# Share of right answers that the mean over heads, and the last head, must exceed.
THRESHOLD = 0.98


@dataclass(frozen=True)
class Stage:
    """What is asked at a time.

    Attributes
    ----------
    ns
        Numbers of digits, rising.
    heads
        The head that answers each of them.
    """

    ns: tuple[int, ...]
    heads: tuple[int, ...]

    @property
    def name(self) -> str:
        """Such as ``N2-N5``, or ``N5`` where one N is asked."""
        return f"N{self.ns[0]}" + (f"-N{self.ns[-1]}" if len(self.ns) > 1 else "")


def stages_of(
    kind: Kind,
    *,
    first_n: int = 2,
    last_n: int = 101,
    width: int | None = None,
    step: int | None = None,
    heads: Heads = "position",
) -> tuple[Stage, ...]:
    """Stages of a curriculum.

    Parameters
    ----------
    kind
        ``"single-head"``: one N, through one head that is used again for each. ``"multi-head"``: every N up to the largest, each
        through its own head. ``"sliding"``: a window of N that moves on. ``"direct"``: the last N from the beginning.
    first_n, last_n
        Smallest N of the first stage, and largest of the last.
    width
        Values of N at once in the first stage. Published are 1, but 10 in the sliding window; more of them with
        ``"direct"`` ask for many N without a curriculum.
    step
        How many N a stage moves on, the last one perhaps fewer; published are 1, and 5 for the sliding window.
    heads
        Of the sliding window: ``"position"`` takes them by the place in the window, as published, so that a head that has
        learned one N must answer another when the window moves; ``"own"`` gives each N a head of its own, as in
        multi-head.

    Returns
    -------
    tuple of Stage
        At least one.

    Raises
    ------
    ValueError
        If a number or a word cannot be meant.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927, section 3 and published code.
    """
    if kind not in get_args(Kind):
        raise ValueError(f"curriculum must be one of {', '.join(get_args(Kind))}, received {kind!r}.")
    if heads not in get_args(Heads) or (heads == "own" and kind != "sliding"):
        raise ValueError(f"heads must be 'position', or for sliding 'own', received {heads!r} for {kind}.")
    width, step = WIDTHS[kind] if width is None else width, STEPS[kind] if step is None else step
    _check(kind, first_n, last_n, width, step)
    if kind == "direct":
        return (Stage(tuple(range(last_n - width + 1, last_n + 1)), tuple(range(width))),)
    stages = []
    largest = first_n + width - 1
    while True:
        smallest = first_n if kind == "multi-head" else largest - width + 1
        ns = tuple(range(smallest, largest + 1))
        offset = first_n if kind == "multi-head" or heads == "own" else smallest
        stages.append(Stage(ns, tuple(n - offset for n in ns)))
        if largest == last_n:
            return tuple(stages)
        largest = min(largest + step, last_n)


def is_solved(accuracies: Sequence[float], threshold: float = THRESHOLD) -> bool:
    """Whether a stage is solved: the mean over heads and the last head are both above the threshold.

    Parameters
    ----------
    accuracies
        Of each head, the largest N last.
    threshold
        Share of right answers; exactly this much is not enough.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927, published code.
    """
    return sum(accuracies) / len(accuracies) > threshold and accuracies[-1] > threshold


def answers_of(stages: Sequence[Stage], place: int, n_heads: int) -> tuple[int, ...] | None:
    """The N that each head of a network stands for at a stage; None where some head has none.

    Parameters
    ----------
    stages
        Of the curriculum.
    place
        Of the stage among them.
    n_heads
        Of the network.
    """
    answers = dict(zip(stages[place].heads, stages[place].ns, strict=True))
    for stage in stages:
        # A head that is not in use at this stage stands for what it answered last, or will answer first.
        for head, n in zip(stage.heads, stage.ns, strict=True):
            answers.setdefault(head, n)
    if sorted(answers) != list(range(n_heads)):
        return None
    return tuple(answers[head] for head in range(n_heads))


def _check(kind: str, first_n: int, last_n: int, width: int, step: int) -> None:
    for name, value, least in (("first_n", first_n, 2), ("width", width, 1), ("step", step, 1)):
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError(f"{name} must be a whole number of at least {least}, received {value!r}.")
    if kind == "single-head" and width != 1:
        raise ValueError(f"a single head answers one N at a time, received width = {width}; choose another curriculum.")
    if kind == "sliding" and step > width:
        raise ValueError(f"a window of {width} that moves on by {step} leaves N out; lower step to at most {width}.")
    if not isinstance(last_n, int) or isinstance(last_n, bool) or last_n < first_n + width - 1:
        raise ValueError(
            f"last_n must be at least {first_n + width - 1}, the largest N of the first stage, received {last_n!r}."
        )
