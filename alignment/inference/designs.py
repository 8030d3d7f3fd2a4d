"""What a bootstrap resamples, stated in words: stimuli, repetitions, neuroids, animals; crossed or nested."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

Factor = Literal["stimuli", "repetitions", "neuroids", "animals"]


@dataclass(frozen=True, eq=False)
class Design:
    """What is drawn with replacement, and how values of neuroids become one.

    Stimuli and neuroids are crossed: each neuroid met each stimulus, so their draws are independent and every draw keeps
    whole columns and rows (Owen's pigeonhole bootstrap). Repetitions are nested in stimuli and neuroids in animals: the
    inner units are drawn inside each drawn outer unit.

    Attributes
    ----------
    over
        Any of ``"stimuli"``, ``"repetitions"``, ``"neuroids"``, ``"animals"``. What is not named is held fixed, and the
        interval speaks only of exactly these repetitions, neuroids or animals.
    groups
        ``(stimulus,)`` labels of passages, movies, sessions; whole groups are drawn.
    animals
        ``(neuroid,)`` labels; needed for ``"animals"``, and with ``"neuroids"`` alone neuroids are drawn inside each.
    pool
        ``"median"`` or ``"mean"`` over the neuroids of each animal, followed by the mean over animals; ``"none"`` gives one
        result per neuroid.

    Notes
    -----
    Drawing the outermost unit already carries the variance of everything nested in it: whole animals for statements about
    other animals, stimuli with all their repetitions for statements about other stimuli. Drawing the inner unit too
    adds its variance a second time and makes intervals wider than needed. Crossed draws count the interaction of stimuli
    and neuroids three times, which matters with few of both.

    References
    ----------
    Davison & Hinkley 1997, Bootstrap Methods, section 3.8 (nested); Owen 2007, Ann. Appl. Stat. 1:386 (crossed).
    """

    over: tuple[Factor, ...] = ("stimuli",)
    groups: np.ndarray | None = None
    animals: np.ndarray | None = None
    pool: Literal["median", "mean", "none"] = "median"

    def __post_init__(self) -> None:
        unknown = [name for name in self.over if name not in get_args(Factor)]
        if unknown or not self.over or isinstance(self.over, str):
            raise ValueError(
                f"over must name some of {', '.join(get_args(Factor))} in a tuple, received {self.over!r}."
            )
        if self.pool not in ("median", "mean", "none"):
            raise ValueError(f"pool must be 'median', 'mean' or 'none', received {self.pool!r}.")
        if "animals" in self.over and self.animals is None:
            raise ValueError("over names animals, but animals is None; give the animal of each neuroid.")
        if self.pool == "none" and {"neuroids", "animals"} & set(self.over):
            raise ValueError("pool 'none' gives one result per neuroid, so neuroids and animals cannot be resampled.")

    @property
    def draws_neuroids(self) -> bool:
        """Whether neuroids or animals are resampled."""
        return bool({"neuroids", "animals"} & set(self.over))

    def group_codes(self, n_stimuli: int) -> np.ndarray:
        """``(stimulus,)`` number of the unit that is drawn as a whole."""
        if self.groups is None:
            return np.arange(n_stimuli)
        labels = np.asarray(self.groups)
        if labels.shape != (n_stimuli,):
            raise ValueError(
                f"groups has shape {labels.shape}, but there are {n_stimuli} stimuli; give one label each."
            )
        return np.unique(labels, return_inverse=True)[1]

    def describe(self, n_stimuli: int, n_neuroids: int | None = None) -> str:
        """The design in words."""
        n_groups = len(np.unique(self.group_codes(n_stimuli)))
        stimuli = f"{n_stimuli} stimuli" if self.groups is None else f"{n_groups} whole groups of {n_stimuli} stimuli"
        parts = [f"{stimuli} {'drawn with replacement' if 'stimuli' in self.over else 'fixed'}"]
        if "repetitions" in self.over:
            parts.append("repetitions drawn inside each stimulus (nested)")
        if n_neuroids is not None:
            parts.append(self._neuroid_words(n_neuroids))
        return "; ".join(parts)

    def _neuroid_words(self, n_neuroids: int) -> str:
        if self.pool == "none":
            return f"each of {n_neuroids} neuroids by itself"
        n_animals = 1 if self.animals is None else len(np.unique(self.animals))
        both = " independently of the stimuli (crossed)" if "stimuli" in self.over else ""
        if "animals" in self.over:
            inside = "neuroids drawn inside each (nested)" if "neuroids" in self.over else "each with all its neuroids"
            drawn = f"{n_animals} animals drawn{both}, {inside}"
        elif "neuroids" in self.over:
            inside = "" if self.animals is None else f" inside each of {n_animals} fixed animals"
            drawn = f"{n_neuroids} neuroids drawn{inside}{both}"
        else:
            drawn = f"{n_neuroids} neuroids fixed"
        last = "" if self.animals is None else ", mean over animals"
        return f"{drawn}; {self.pool} over neuroids{last}"
