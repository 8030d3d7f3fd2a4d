"""Two-way object choices of people, and the rates of error that they and a model show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

D_PRIME_CAP = 5.0


@dataclass(frozen=True)
class Choices:
    """Trials in which a stimulus was shown and one of two objects was chosen.

    Attributes
    ----------
    stimulus_id
        ``(trial,)`` what was shown.
    truth
        ``(trial,)`` object in the stimulus.
    sample_obj, dist_obj
        ``(trial,)`` the two objects to choose from.
    choice
        ``(trial,)`` the one that was chosen.
    """

    stimulus_id: np.ndarray
    truth: np.ndarray
    sample_obj: np.ndarray
    dist_obj: np.ndarray
    choice: np.ndarray

    def __post_init__(self) -> None:
        for one in fields(self):
            object.__setattr__(self, one.name, np.array([str(value) for value in getattr(self, one.name)], dtype=str))
        lengths = {one.name: len(getattr(self, one.name)) for one in fields(self)}
        if len(set(lengths.values())) != 1 or not len(self.choice):
            raise ValueError(f"the columns of trials must have equal lengths above 0, received {lengths}.")
        odd = (self.choice != self.sample_obj) & (self.choice != self.dist_obj)
        if odd.any():
            row = int(np.flatnonzero(odd)[0])
            raise ValueError(
                f"trial {row} chose {str(self.choice[row])!r}, but {str(self.sample_obj[row])!r} and "
                f"{str(self.dist_obj[row])!r} were offered ({int(odd.sum())} such trials); mend or leave out these trials."
            )
        if (self.sample_obj == self.dist_obj).any():
            row = int(np.flatnonzero(self.sample_obj == self.dist_obj)[0])
            raise ValueError(f"trial {row} offers {str(self.sample_obj[row])!r} twice; two objects are needed.")
        ids, first, code = np.unique(self.stimulus_id, return_index=True, return_inverse=True)
        if (self.truth[first][code] != self.truth).any():
            row = int(np.flatnonzero(self.truth[first][code] != self.truth)[0])
            raise ValueError(
                f"stimulus {str(self.stimulus_id[row])!r} has more than one true object; a stimulus shows one."
            )

    @classmethod
    def from_table(cls, table: Mapping[str, Sequence[str] | np.ndarray]) -> Self:
        """Trials from a table (a DataFrame or a dictionary of columns) with columns of these names."""
        absent = [one.name for one in fields(cls) if one.name not in table]
        if absent:
            raise ValueError(f"the table of trials lacks {', '.join(absent)}; it has {', '.join(map(str, table))}.")
        return cls(**{one.name: np.asarray(table[one.name]) for one in fields(cls)})

    def __len__(self) -> int:
        return len(self.choice)


@dataclass(frozen=True)
class Codebook:
    """Numbers for stimuli and objects, shared by people and model.

    Attributes
    ----------
    stimuli, objects
        Position of each name.
    truth
        ``(stimulus,)`` number of the true object.
    """

    stimuli: dict[str, int]
    objects: dict[str, int]
    truth: np.ndarray

    @classmethod
    def of(cls, choices: Choices, stimulus_id: Sequence[str] | np.ndarray, objects: Sequence[str] | np.ndarray) -> Self:
        """Numbers in the order of the model's rows and columns; both sides must name the same stimuli."""
        places = {}
        for what, plural, names, used in (
            ("stimulus", "stimuli", stimulus_id, choices.stimulus_id),
            ("object", "objects", objects, np.concatenate([choices.sample_obj, choices.dist_obj, choices.truth])),
        ):
            place = {str(name): number for number, name in enumerate(names)}
            if len(place) != len(names):
                raise ValueError(f"the model's {what} names must be unique, received {len(names)} for {len(place)}.")
            unknown = sorted(set(used.tolist()) - set(place))
            unseen = sorted(set(place) - set(used.tolist())) if what == "stimulus" else []
            if unknown or unseen:
                raise ValueError(
                    f"{plural} of trials and model differ: {len(unknown)} only in trials (first: {unknown[:1]}), "
                    f"{len(unseen)} only in the model (first: {unseen[:1]}); give both the same."
                )
            places[what] = place
        truth = np.zeros(len(places["stimulus"]), dtype=int)
        truth[numbered(choices.stimulus_id, places["stimulus"])] = numbered(choices.truth, places["object"])
        return cls(places["stimulus"], places["object"], truth)


def numbered(names: np.ndarray, place: dict[str, int]) -> np.ndarray:
    """Numbers of names."""
    return np.array([place[name] for name in names.tolist()])


def rates_of_people(choices: Choices, book: Codebook, trials: np.ndarray) -> np.ndarray:
    """Share of the trials offering object c with stimulus i in which c was chosen, for some of the trials.

    Returns
    -------
    numpy.ndarray
        ``(stimulus, object)``; NaN for the true object and where an object was never offered.
    """
    shape = (len(book.stimuli), len(book.objects))
    row = numbered(choices.stimulus_id[trials], book.stimuli)
    chosen, offered = np.zeros(shape), np.zeros(shape)
    np.add.at(chosen, (row, numbered(choices.choice[trials], book.objects)), 1)
    for option in (choices.sample_obj, choices.dist_obj):
        np.add.at(offered, (row, numbered(option[trials], book.objects)), 1)
    offered[np.arange(shape[0]), book.truth] = 0
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(offered > 0, chosen / offered, np.nan)


def rates_of_model(probabilities: np.ndarray, book: Codebook) -> np.ndarray:
    """p(c) / (p(c) + p(truth)): how often the model would take object c if only c and the truth were offered.

    Returns
    -------
    numpy.ndarray
        ``(stimulus, object)``; NaN for the true object.
    """
    p = np.array(probabilities, dtype=float)
    if p.shape != (len(book.stimuli), len(book.objects)):
        raise ValueError(
            f"probabilities must be (stimulus, object) = {(len(book.stimuli), len(book.objects))}, received {p.shape}."
        )
    if not (np.isfinite(p) & (p >= 0)).all():
        raise ValueError("probabilities must be finite and not negative; give those of a classifier, not its logits.")
    rows = np.arange(len(p))
    true = p[rows, book.truth][:, None]
    if (p + true == 0).any():
        row = int(np.flatnonzero((p + true == 0).any(axis=1))[0])
        raise ValueError(
            f"stimulus {list(book.stimuli)[row]!r} has probability 0 for its object and another; no choice between two "
            "impossible objects follows. Give probabilities above 0."
        )
    rates = p / (p + true)
    rates[rows, book.truth] = np.nan
    return rates


def mean_by(rates: np.ndarray, truth: np.ndarray, n_objects: int) -> np.ndarray:
    """Mean ``(true object, object)`` over the stimuli of each object, without NaN."""
    known = ~np.isnan(rates)
    total, count = np.zeros((n_objects, rates.shape[1])), np.zeros((n_objects, rates.shape[1]))
    np.add.at(total, truth, np.where(known, rates, 0.0))
    np.add.at(count, truth, known)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0, total / count, np.nan)


def capped(d_prime: np.ndarray) -> np.ndarray:
    """D' between -5 and 5, as the definition has it; NaN stays NaN."""
    return np.clip(d_prime, -D_PRIME_CAP, D_PRIME_CAP)
