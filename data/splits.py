"""Descriptions of folds that a dataset ships; `alignment` turns one into row numbers."""

from dataclasses import dataclass
from typing import Literal, get_args

Scheme = Literal["kfold", "group-kfold", "shuffle"]


@dataclass(frozen=True)
class SplitSpec:
    """A named way to cut presentations into training and test rows.

    Attributes
    ----------
    name
        Name by which a score quotes it.
    scheme
        ``kfold`` shuffles once and cuts; ``group-kfold`` shuffles groups and never divides one;
        ``shuffle`` draws a new random test set each time.
    n_splits
        Number of folds or draws.
    seed
        Seed of the shuffling.
    group
        Column of the stimulus table whose values stay together (``group-kfold`` only).
    train_fraction
        Share of training rows (``shuffle`` only).
    source
        Who uses this split.
    """

    name: str
    scheme: Scheme
    n_splits: int
    seed: int
    group: str | None = None
    train_fraction: float | None = None
    source: str = "neuromodels"

    def __post_init__(self) -> None:
        if self.scheme not in get_args(Scheme):
            raise ValueError(f"scheme must be one of {', '.join(get_args(Scheme))}, received {self.scheme!r}.")
        if self.n_splits < 2:
            raise ValueError(f"n_splits must be at least 2, received {self.n_splits}.")
        if (self.scheme == "group-kfold") != (self.group is not None):
            raise ValueError(f"group belongs to scheme 'group-kfold', received {self.scheme!r}, {self.group!r}.")
        if (self.scheme == "shuffle") != (self.train_fraction is not None):
            raise ValueError(
                f"train_fraction belongs to scheme 'shuffle', received {self.scheme!r}, {self.train_fraction!r}."
            )
        if self.train_fraction is not None and not 0 < self.train_fraction < 1:
            raise ValueError(f"train_fraction must lie between 0 and 1, received {self.train_fraction}.")

    def describe(self) -> str:
        """One sentence for reports."""
        if self.scheme == "kfold":
            text = f"{self.n_splits}-fold cross-validation over shuffled presentations"
        elif self.scheme == "group-kfold":
            text = f"{self.n_splits}-fold cross-validation in which no {self.group} is divided"
        else:
            text = f"{self.n_splits} random draws with {100 * (self.train_fraction or 0):.0f} % training presentations"
        return f"{text} (seed {self.seed}; split '{self.name}', {self.source})"
