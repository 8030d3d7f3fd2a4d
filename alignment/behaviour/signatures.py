"""Behavioural signatures: do model and people confuse the same objects on the same stimuli?

With F(i, c) the rate at which object c is taken for stimulus i (people: share of the trials that offered c; model:
p(c) / (p(c) + p(truth))) and M(a, b) the mean of F(., b) over the stimuli of object a, sensitivity is::

    stimulus level   d'(i, c) = z(1 - F(i, c)) - z(M(c, truth_i))
    object level     d'(a, b) = z(1 - M(b, a)) - z(M(a, b))

capped to [-5, 5]; z is the inverse normal distribution function. Infinite z are allowed before the cap; where they cancel
there is no d' and the entry is left out.

=====  ==================================================================================
i2     d'(i, c)
i2n    d'(i, c) less its mean over the stimuli of the same object, per c
i1     mean of i2 over c
i1n    mean of i2n over c
o2     d'(a, b)
o1     mean of o2 over the true objects
=====  ==================================================================================

The score is the Pearson correlation between the model's signature and that of a random half of the trials, the ceiling
that between the two halves, over a few random halvings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..correlation import pearson
from .choices import Choices, Codebook, capped, mean_by, rates_of_model, rates_of_people

Level = Literal["i1", "i1n", "i2", "i2n", "o1", "o2"]


@dataclass(frozen=True)
class SignatureScore:
    """How well a model's signature of behaviour fits that of people.

    Attributes
    ----------
    metric
        ``i1``, ``i1n``, ``i2``, ``i2n``, ``o1`` or ``o2``.
    value, error
        Mean and standard deviation (ddof 0) of ``raw``.
    raw
        ``(halving,)`` correlation with one half of the trials.
    ceiling, ceiling_error, ceiling_raw
        The same for the two halves with each other. No Spearman-Brown: the model too is compared with a half.
    normalised
        Mean over halvings of raw / sqrt(ceiling_raw), never clipped; NaN if a ceiling is not positive.
    n_entries
        ``(halving,)`` entries of the signature that raw was computed from.
    n_missing
        ``(halving,)`` entries left out because a half or the model had no d' there.
    """

    metric: str
    value: float
    error: float
    raw: np.ndarray
    ceiling: float
    ceiling_error: float
    ceiling_raw: np.ndarray
    normalised: float
    n_entries: np.ndarray
    n_missing: np.ndarray


def i1(
    probabilities: np.ndarray,
    choices: Choices,
    *,
    stimulus_id: Sequence[str] | np.ndarray,
    objects: Sequence[str] | np.ndarray,
    n_halvings: int = 2,
    seed: int = 0,
) -> SignatureScore:
    """Stimulus-level performance against all distractors; see `i2n` for parameters and references."""
    return _score("i1", probabilities, choices, stimulus_id, objects, n_halvings, seed)


def i1n(
    probabilities: np.ndarray,
    choices: Choices,
    *,
    stimulus_id: Sequence[str] | np.ndarray,
    objects: Sequence[str] | np.ndarray,
    n_halvings: int = 2,
    seed: int = 0,
) -> SignatureScore:
    """Stimulus-level performance less what the object explains; see `i2n` for parameters and references."""
    return _score("i1n", probabilities, choices, stimulus_id, objects, n_halvings, seed)


def i2(
    probabilities: np.ndarray,
    choices: Choices,
    *,
    stimulus_id: Sequence[str] | np.ndarray,
    objects: Sequence[str] | np.ndarray,
    n_halvings: int = 2,
    seed: int = 0,
) -> SignatureScore:
    """Stimulus-level performance against each distractor; see `i2n` for parameters and references."""
    return _score("i2", probabilities, choices, stimulus_id, objects, n_halvings, seed)


def i2n(
    probabilities: np.ndarray,
    choices: Choices,
    *,
    stimulus_id: Sequence[str] | np.ndarray,
    objects: Sequence[str] | np.ndarray,
    n_halvings: int = 2,
    seed: int = 0,
) -> SignatureScore:
    """Stimulus-level confusions less what the pair of objects explains.

    Parameters
    ----------
    probabilities
        ``(stimulus, object)`` of the model, not negative; only their ratios matter.
    choices
        Trials of people, all of them pooled.
    stimulus_id, objects
        Names of the rows and columns of ``probabilities``. The trials must show exactly these stimuli.
    n_halvings
        Random halvings of the trials.
    seed
        Seed of the halvings; 0 and two halvings are those of Brain-Score.

    Raises
    ------
    ValueError
        If stimuli or objects of the two sides differ, or probabilities are no probabilities.

    References
    ----------
    Rajalingham, Issa, Bashivan, Kar, Schmidt, DiCarlo 2018, J. Neurosci. 38:7255 (signatures, normalisation);
    Schrimpf, Kubilius et al. 2018, doi 10.1101/407007 (false alarms per object, no resampling of the model).
    """
    return _score("i2n", probabilities, choices, stimulus_id, objects, n_halvings, seed)


def o1(
    probabilities: np.ndarray,
    choices: Choices,
    *,
    stimulus_id: Sequence[str] | np.ndarray,
    objects: Sequence[str] | np.ndarray,
    n_halvings: int = 2,
    seed: int = 0,
) -> SignatureScore:
    """Object-level performance against all distractors; see `i2n` for parameters and references."""
    return _score("o1", probabilities, choices, stimulus_id, objects, n_halvings, seed)


def o2(
    probabilities: np.ndarray,
    choices: Choices,
    *,
    stimulus_id: Sequence[str] | np.ndarray,
    objects: Sequence[str] | np.ndarray,
    n_halvings: int = 2,
    seed: int = 0,
) -> SignatureScore:
    """Object-level confusions; see `i2n` for parameters and references."""
    return _score("o2", probabilities, choices, stimulus_id, objects, n_halvings, seed)


def signature(rates: np.ndarray, truth: np.ndarray, level: Level) -> np.ndarray:
    """Signature of behaviour from rates of confusion.

    Parameters
    ----------
    rates
        ``(stimulus, object)`` rate at which an object is taken for the true one; NaN for the true object itself.
    truth
        ``(stimulus,)`` number of the true object.
    level
        Which signature.

    Returns
    -------
    numpy.ndarray
        ``(stimulus, object)`` for i2 and i2n, ``(stimulus,)`` for i1 and i1n, ``(object, object)`` for o2, ``(object,)``
        for o1; NaN where there is no d'.
    """
    from scipy.special import ndtri

    n_objects = rates.shape[1]
    means = mean_by(rates, truth, n_objects)
    with np.errstate(invalid="ignore"):
        if level in ("o1", "o2"):
            found = capped(ndtri(1 - means.T) - ndtri(means))
            return found if level == "o2" else _mean(found, axis=0)
        found = capped(ndtri(1 - rates) - ndtri(means[:, truth].T))
    if level.endswith("n"):
        found = found - mean_by(found, truth, n_objects)[truth]
    return found if level.startswith("i2") else _mean(found, axis=1)


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(known, values, 0.0).sum(axis=axis) / known.sum(axis=axis))


def _score(
    level: Level,
    probabilities: np.ndarray,
    choices: Choices,
    stimulus_id: Sequence[str] | np.ndarray,
    objects: Sequence[str] | np.ndarray,
    n_halvings: int,
    seed: int,
) -> SignatureScore:
    if n_halvings < 1 or len(choices) < 2:
        raise ValueError(
            f"halves need at least one halving and two trials, received {n_halvings} and {len(choices)}; give more."
        )
    book = Codebook.of(choices, stimulus_id, objects)
    model = signature(rates_of_model(probabilities, book), book.truth, level)
    # The legacy generator, because the halves of Brain-Score are to be met.
    rng = np.random.RandomState(seed)
    raw, ceilings, entries, missing = [], [], [], []
    for _ in range(n_halvings):
        order = rng.permutation(len(choices))
        first, second = (
            signature(rates_of_people(choices, book, half), book.truth, level)
            for half in np.split(order, [len(order) // 2])
        )
        r, n_used, n_lost = _correlation(model, first, choosable=_choosable(book, level))
        raw.append(r)
        entries.append(n_used)
        missing.append(n_lost)
        ceilings.append(_correlation(first, second)[0])
    each, ceiling = np.array(raw), np.array(ceilings)
    with np.errstate(invalid="ignore", divide="ignore"):
        normalised = float((each / np.sqrt(np.where(ceiling > 0, ceiling, np.nan))).mean())
    return SignatureScore(
        level,
        float(each.mean()),
        float(each.std()),
        each,
        float(ceiling.mean()),
        float(ceiling.std()),
        ceiling,
        normalised,
        np.array(entries),
        np.array(missing),
    )


def _choosable(book: Codebook, level: Level) -> int:
    """Entries that a complete signature has: all but the true object of each stimulus."""
    n_stimuli, n_objects = len(book.stimuli), len(book.objects)
    return {"i2": n_stimuli * (n_objects - 1), "o2": n_objects * (n_objects - 1), "i1": n_stimuli, "o1": n_objects}[
        level[:2]
    ]


def _correlation(first: np.ndarray, second: np.ndarray, choosable: int = 0) -> tuple[float, int, int]:
    """Pearson r over the entries that both have, how many these are, and how many are lost."""
    known = ~np.isnan(first) & ~np.isnan(second)
    n_used = int(known.sum())
    if n_used < 2:
        return float("nan"), n_used, choosable - n_used
    return float(pearson(first[known][:, None], second[known][:, None])[0]), n_used, choosable - n_used
