"""What related presentations tell of each other's responses, without any content.

Three predictors know nothing of the stimuli but one relation each: which presentations are neighbours in time, which
show the same stimulus, which belong to the same group. Each predicts a test presentation i from its relatives j in
training, shrunk to the training mean m::

    prediction_i = (sum_j w_ij y_j + m) / (sum_j w_ij + 1)

with w_ij = exp(-d^2 / (4 sigma^2)) for neighbours d presentations apart in one session (the overlap of two Gaussians of
width sigma, as between the features of `OasmModel`), and 1 for the other relations.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .correlation import pearson
from .folds import Fold, count_divided, same_stimulus
from .timeline import Timeline

if TYPE_CHECKING:
    import pandas as pd

NEIGHBOURS = "neighbours"
SIGMA = 1.0  # presentations, as in OasmModel
STILL_ALIKE = 0.1  # correlation

Predictor = Callable[[np.ndarray, Fold], np.ndarray]


@dataclass(frozen=True)
class Relations:
    """Who is related to whom.

    Attributes
    ----------
    line
        Order of presentation.
    stimulus
        ``(presentation,)`` number of the ``stimulus_id``.
    text
        ``(presentation,)`` the same with equal texts counted as one stimulus.
    group
        ``(presentation,)`` number of the group, or None.
    group_name
        Column with the groups.
    """

    line: Timeline
    stimulus: np.ndarray
    text: np.ndarray
    group: np.ndarray | None = None
    group_name: str = ""

    @classmethod
    def of(
        cls, table: "pd.DataFrame", group: str | None = None, time: str | None = None, session: str | None = None
    ) -> "Relations":
        """Relations among the rows of a table, given its columns of group, time and session."""
        codes = None if group is None else np.unique(table[group].to_numpy(), return_inverse=True)[1]
        columns = [None if name is None else table[name].to_numpy() for name in (session, time)]
        line = Timeline.of(len(table), *columns)
        return cls(line, same_stimulus(table, by_text=False), same_stimulus(table), codes, group or "")

    @property
    def repeated(self) -> bool:
        """Whether a stimulus is shown more than once."""
        return len(np.unique(self.text)) < len(self.text)

    def divided(self, folds: Sequence[Fold]) -> dict[str, int]:
        """Relation to number of test presentations that have such a relative in training, where there are any."""
        found = {"stimulus": count_divided(folds, self.stimulus)[0]}
        found["text"] = count_divided(folds, self.text)[0] - found["stimulus"]
        if self.group is not None:
            found[self.group_name] = count_divided(folds, self.group)[0]
        return {name: number for name, number in found.items() if number}

    def predictors(self, divided: dict[str, int]) -> dict[str, Predictor]:
        """The predictor from neighbours, and those of the relations that are divided."""
        found: dict[str, Predictor] = {NEIGHBOURS: from_neighbours(self.line)}
        if "stimulus" in divided or "text" in divided:
            found["stimulus"] = from_relatives(self.text)
        if self.group is not None and self.group_name in divided:
            found[self.group_name] = from_relatives(self.group)
        return found


def from_relatives(codes: np.ndarray) -> Predictor:
    """Predictor that knows which presentations have the same code ``(presentation,)``, whole numbers from 0."""

    def predict(values: np.ndarray, fold: Fold) -> np.ndarray:
        mean = values[fold.train].mean(axis=0)
        total, count = _sums(values[fold.train], codes[fold.train], int(codes.max()) + 1)
        chosen = codes[fold.test]
        return np.asarray((total[chosen] + mean) / (count[chosen, None] + 1))

    return predict


def from_neighbours(line: Timeline, sigma: float = SIGMA) -> Predictor:
    """Predictor that knows which presentations are neighbours; further than 3 sigma away they count as unrelated."""
    reach = int(np.ceil(3 * sigma))
    # Sessions lie so far apart on this line that neighbours are neighbours in one session.
    along = line.place + line.session * (int(line.place.max(initial=0)) + 1 + reach)

    def predict(values: np.ndarray, fold: Fold) -> np.ndarray:
        mean = values[fold.train].mean(axis=0)
        ranked = fold.train[np.argsort(along[fold.train], kind="stable")]
        places = along[ranked]
        total, weight = np.zeros((len(fold.test), values.shape[1])), np.zeros(len(fold.test))
        for step in range(-reach, reach + 1):
            wanted = along[fold.test] + step
            at = np.minimum(np.searchsorted(places, wanted), len(places) - 1)
            hit = places[at] == wanted
            w = float(np.exp(-(step**2) / (4 * sigma**2)))
            total[hit] += w * values[ranked[at[hit]]]
            weight[hit] += w
        return (total + mean) / (weight[:, None] + 1)

    return predict


def median_r(predict: Predictor, values: np.ndarray, folds: Sequence[Fold]) -> float:
    """Pearson r of a predictor: mean over folds, median over neuroids; NaN where there is nothing to correlate."""
    if not folds:
        return float("nan")
    r = np.stack([pearson(predict(values, fold), values[fold.test]) for fold in folds])
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(r, axis=0) / (~np.isnan(r)).sum(axis=0)
    known = mean[~np.isnan(mean)]
    return float(np.median(known)) if len(known) else float("nan")


def without_means(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Responses less the mean of their code."""
    total, count = _sums(values, codes, int(codes.max()) + 1)
    return np.asarray(values - (total / np.maximum(count, 1)[:, None])[codes])


def likeness_of_neighbours(
    values: np.ndarray, relations: Relations, n_permutations: int, seed: int
) -> tuple[float, float]:
    """Mean correlation between responses to neighbouring presentations, and its permutation p.

    The presentations are shuffled for the null distribution; p = (b + 1) / (B + 1). Where stimuli are repeated two
    questions are asked and the smaller p is doubled: are the means of stimuli alike that were first shown next to each
    other, and are the deviations from these means alike (drift)?

    Parameters
    ----------
    values
        ``(presentation, neuroid)``.
    relations
        Order of presentation and repeated stimuli.
    n_permutations
        B.
    seed
        Seed of the shuffling.
    """
    units, line = relations.text, relations.line
    if not relations.repeated:
        return _permuted(values, line, units, n_permutations, seed)
    first = np.unique(units, return_index=True)[1]
    total, count = _sums(values, units, len(first))
    means = _permuted(total / count[:, None], line.at(first), np.arange(len(first)), n_permutations, seed)
    drift = _permuted(without_means(values, units), line, units, n_permutations, seed)
    value, p_value = min(means, drift, key=lambda answer: answer[1])
    return value, min(1.0, 2 * p_value)


def reach_of_likeness(values: np.ndarray, line: Timeline, longest: int) -> int:
    """Presentations after which responses are alike no longer: mean autocorrelation below 0.1, at most ``longest``."""
    z, order = _standardised(values), line.order()
    for lag in range(1, longest):
        same = line.session[order[:-lag]] == line.session[order[lag:]]
        if not same.any() or _products(z, order[:-lag][same], order[lag:][same]).mean() < STILL_ALIKE:
            return lag
    return longest


def _permuted(
    values: np.ndarray, line: Timeline, units: np.ndarray, n_permutations: int, seed: int
) -> tuple[float, float]:
    z, order = _standardised(values), line.order()
    next_to = np.diff(line.session[order]) == 0
    left, right = order[:-1][next_to], order[1:][next_to]
    if z.shape[1] == 0 or len(left) < 2:
        return float("nan"), 1.0

    def likeness(rows: np.ndarray) -> float:
        # Two showings of one stimulus are alike for another reason than their order.
        other = units[rows[left]] != units[rows[right]]
        return float(_products(z, rows[left][other], rows[right][other]).mean()) if other.any() else 0.0

    rng = np.random.default_rng(seed)
    value = likeness(np.arange(len(z)))
    reached = sum(likeness(rng.permutation(len(z))) >= value for _ in range(n_permutations))
    return value, (reached + 1) / (n_permutations + 1)


def _standardised(values: np.ndarray) -> np.ndarray:
    """Columns with mean 0 and variance 1; constant ones are left out."""
    centred = values - values.mean(axis=0)
    spread = centred.std(axis=0)
    varying = spread > 1e-12 * np.maximum(np.abs(values).max(axis=0), 1e-300)
    return np.asarray(centred[:, varying] / spread[varying])


def _products(z: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum("ij,ij->i", z[left], z[right]) / max(z.shape[1], 1))


def _sums(values: np.ndarray, codes: np.ndarray, n_codes: int) -> tuple[np.ndarray, np.ndarray]:
    """Sum ``(code, neuroid)`` and number ``(code,)`` of the rows of each code."""
    from scipy.sparse import csr_matrix

    member = csr_matrix((np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(n_codes, len(codes)))
    return member @ values, np.bincount(codes, minlength=n_codes).astype(float)
