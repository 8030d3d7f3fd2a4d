"""Descriptions of folds that a dataset ships; `alignment` turns one into row numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Scheme = Literal[
    "kfold",
    "group-kfold",
    "shuffle",
    "stratified-kfold",
    "stratified-shuffle",
    "group-shuffle",
    "leave-one-group-out",
    "blocks",
    "explicit",
]
Repeats = Literal["together", "divide"]
Keys = tuple[int, ...] | tuple[str, ...]

# Which schemes know an option. The others refuse it, so that nothing is asked for in vain.
_SCHEMES_OF = {
    "group": ("group-kfold", "group-shuffle", "leave-one-group-out"),
    "train_fraction": ("shuffle", "stratified-shuffle", "group-shuffle"),
    "stratify": ("stratified-kfold", "stratified-shuffle"),
    "explicit": ("explicit",),
}
_OF_BLOCKS = ("time", "session", "embargo")


@dataclass(frozen=True)
class SplitSpec:
    """A named way to cut presentations into training and test rows.

    Attributes
    ----------
    name
        Name by which a score quotes it.
    scheme
        ``kfold`` shuffles once and cuts; ``shuffle`` draws a new random test set each time; ``stratified-kfold`` and
        ``stratified-shuffle`` do the same with equal shares of every value of ``stratify`` on both sides;
        ``group-kfold``, ``group-shuffle`` and ``leave-one-group-out`` never divide a value of ``group``;
        ``blocks`` tests contiguous blocks of presentations; ``explicit`` takes the rows that are given.
    n_splits
        Number of folds or draws. None for ``leave-one-group-out`` (one fold per group) and ``explicit``.
    seed
        Seed of the shuffling; ``blocks``, ``leave-one-group-out`` and ``explicit`` are not random.
    group
        Column of the stimulus table whose values stay together (schemes with ``group`` in their name).
    train_fraction
        Share of training rows, or of training groups (``shuffle`` schemes).
    source
        Who uses this split.
    stratify
        Column of the stimulus table whose values have equal shares on both sides (``stratified`` schemes).
    time
        Column that orders the presentations of ``blocks``, usually seconds; by default the rows are in order.
    session
        Column whose borders no block and no embargo crosses (``blocks``); every session gives one block to each fold.
    embargo
        Presentations within this distance of a test block are left out of training (``blocks``): in rows, or in the
        unit of ``time`` where that is given. Choose at least the longest lag of the mapping.
    repeats
        ``"together"`` keeps presentations of the same stimulus on one side of every fold; ``"divide"`` lets them fall
        on both, as older protocols did.
    explicit
        Per fold ``(train, test)`` row numbers or stimulus ids; ``(None, test)`` trains on all others (``explicit``).
    """

    name: str
    scheme: Scheme
    n_splits: int | None = None
    seed: int = 0
    group: str | None = None
    train_fraction: float | None = None
    source: str = "neuromodels"
    stratify: str | None = None
    time: str | None = None
    session: str | None = None
    embargo: float = 0
    repeats: Repeats = "together"
    explicit: tuple[tuple[Keys | None, Keys], ...] = ()

    def __post_init__(self) -> None:
        if self.scheme not in get_args(Scheme):
            raise ValueError(f"scheme must be one of {', '.join(get_args(Scheme))}, received {self.scheme!r}.")
        if self.repeats not in get_args(Repeats):
            raise ValueError(f"repeats must be one of {', '.join(get_args(Repeats))}, received {self.repeats!r}.")
        if len(self.explicit):
            object.__setattr__(self, "explicit", _as_keys(self.explicit))
        for option, schemes in _SCHEMES_OF.items():
            value = getattr(self, option)
            given = len(value) > 0 if option == "explicit" else value is not None
            if given != (self.scheme in schemes):
                raise ValueError(
                    f"{option} belongs to scheme {_quoted(schemes)}, received {self.scheme!r}, {_shortened(value)}."
                )
        for option in _OF_BLOCKS:
            if self.scheme != "blocks" and getattr(self, option):
                raise ValueError(
                    f"{option} belongs to scheme 'blocks', received {self.scheme!r}, {getattr(self, option)!r}."
                )
        self._check_numbers()

    def _check_numbers(self) -> None:
        if self.scheme == "explicit":
            if self.n_splits not in (None, len(self.explicit)):
                raise ValueError(
                    f"n_splits is {self.n_splits}, but {len(self.explicit)} folds are given; leave it out."
                )
            object.__setattr__(self, "n_splits", len(self.explicit))
        elif self.scheme == "leave-one-group-out":
            if self.n_splits is not None:
                raise ValueError(
                    f"n_splits of 'leave-one-group-out' is the number of groups, received {self.n_splits}; leave it out."
                )
        elif self.n_splits is None or self.n_splits < 2:
            raise ValueError(f"n_splits must be at least 2, received {self.n_splits}.")
        if self.train_fraction is not None and not 0 < self.train_fraction < 1:
            raise ValueError(f"train_fraction must lie between 0 and 1, received {self.train_fraction}.")
        if not 0 <= self.embargo < float("inf"):
            raise ValueError(f"embargo must be 0 or a positive number, received {self.embargo}.")
        if self.time is None and self.embargo != int(self.embargo):
            raise ValueError(
                f"embargo counts rows where no time column is named, received {self.embargo}; use a whole number, or time."
            )

    def describe(self) -> str:
        """One sentence for reports."""
        folds, share = f"{self.n_splits}-fold cross-validation", f"{100 * (self.train_fraction or 0):.0f} % training"
        draws = f"{self.n_splits} random draws with {share}"
        text = {
            "kfold": f"{folds} over shuffled presentations",
            "stratified-kfold": f"{folds} over shuffled presentations, equal shares of every {self.stratify}",
            "group-kfold": f"{folds} in which no {self.group} is divided",
            "shuffle": f"{draws} presentations",
            "stratified-shuffle": f"{draws} presentations, equal shares of every {self.stratify}",
            "group-shuffle": f"{draws} groups, in which no {self.group} is divided",
            "leave-one-group-out": f"one fold per {self.group}, which is left out of training",
            "blocks": f"{folds} over contiguous blocks {self._block_words()}",
            "explicit": f"{self.n_splits} given pairs of training and test presentations",
        }[self.scheme]
        divided = ", repeats of a stimulus may be divided" if self.repeats == "divide" else ""
        seed = "" if self.scheme in ("blocks", "leave-one-group-out", "explicit") else f"seed {self.seed}; "
        return f"{text}{divided} ({seed}split '{self.name}', {self.source})"

    def _block_words(self) -> str:
        order = f"in order of {self.time}" if self.time else "of presentations"
        inside = f", each within one {self.session}" if self.session else ""
        if not self.embargo:
            return f"{order}{inside}, no embargo"
        unit = f"of {self.time}" if self.time else "presentations"
        return f"{order}{inside}, embargo of {self.embargo:g} {unit} at the borders"


def _as_keys(explicit: Iterable[tuple[Iterable | None, Iterable]]) -> tuple[tuple[Keys | None, Keys], ...]:
    """Nested tuples of plain numbers or texts, so that two equal specifications compare equal."""
    found = []
    for number, pair in enumerate(explicit):
        if len(pair) != 2:
            raise ValueError(f"explicit fold {number} must be (train, test), received {len(pair)} parts.")
        train, test = (None if part is None else _plain(part, number) for part in pair)
        if not test:
            raise ValueError(f"explicit fold {number} has no test presentations; give at least two.")
        if train is not None and set(train) & set(test):
            raise ValueError(
                f"explicit fold {number} trains and tests on {next(iter(set(train) & set(test)))!r}; a presentation "
                "belongs to one side."
            )
        found.append((train, test))
    return tuple(found)


def _plain(part: Iterable, number: int) -> Keys:
    values = tuple(value.item() if hasattr(value, "item") else value for value in part)
    if all(isinstance(value, str) for value in values) or all(type(value) is int for value in values):
        return values
    raise ValueError(f"explicit fold {number} must hold row numbers or stimulus ids, received {values[:3]!r}.")


def _quoted(schemes: tuple[str, ...]) -> str:
    return " or ".join(repr(scheme) for scheme in schemes)


def _shortened(value: object) -> str:
    return f"{len(value)} folds" if isinstance(value, tuple) else repr(value)
