"""Do model and people make the same errors (error consistency), and as many (accuracy distance)?"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from ..inference.resampling import interval

# From accuracy of the model, accuracy of the subject, and share of stimuli on which both are right or both wrong.
Statistic = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Agreement:
    """How far a model's right and wrong answers agree with those of people.

    Attributes
    ----------
    value
        Mean over conditions of each subject, then mean over subjects.
    ci_low, ci_high
        95 % percentile interval over resamples of the stimuli of each condition, the same for all subjects.
    p_value
        (b + 1) / (B + 1) with b of B permutations of the model's answers, within conditions, at least as far from zero
        as ``value``; NaN where there is no such null.
    raw
        ``(subject, condition)``; NaN where it is not defined.
    n_undefined
        How many of ``raw`` are NaN: the subject saw nothing, or both were always right (or always wrong).
    ceiling
        The same value between pairs of subjects; NaN with one subject.
    ceiling_raw
        ``(pair, condition)``.
    null
        ``(permutation,)`` values of the permuted model.
    """

    value: float
    ci_low: float
    ci_high: float
    p_value: float
    raw: np.ndarray
    n_undefined: int
    ceiling: float
    ceiling_raw: np.ndarray
    null: np.ndarray = field(default_factory=lambda: np.zeros(0))


def error_consistency(
    model_correct: np.ndarray,
    human_correct: np.ndarray,
    *,
    conditions: np.ndarray | None = None,
    absolute: bool = False,
    n_boot: int = 1000,
    n_permutations: int = 1000,
    seed: int = 0,
) -> Agreement:
    """Cohen's kappa of right and wrong answers: agreement beyond what the two accuracies bring about by chance.

    kappa = (observed - expected) / (1 - expected), where observed is the share of stimuli on which both are right or both
    wrong, and expected = a b + (1 - a)(1 - b) for accuracies a, b. 0 is chance, 1 identical answers, below 0 opposite ones.

    Parameters
    ----------
    model_correct
        ``(stimulus,)`` whether the model is right; booleans, or 0 and 1.
    human_correct
        ``(subject, stimulus)`` or ``(stimulus,)`` for people; NaN where a subject did not see a stimulus.
    conditions
        ``(stimulus,)`` labels; kappa is computed within each and averaged. One condition by default.
    absolute
        Give the absolute value of the mean, as Brain-Score does; the sign, which tells opposite errors from equal ones,
        is lost.
    n_boot, n_permutations
        Resamples of stimuli and permutations of the model's answers; 0 for none.
    seed
        Seed of both.

    References
    ----------
    Geirhos, Meding, Wichmann 2020, arXiv:2006.16736, equations 1 to 3; Cohen 1960.

    Examples
    --------
    >>> from alignment.behaviour import error_consistency
    >>> float(error_consistency([1, 1, 0, 0], [1, 0, 0, 0], n_boot=0, n_permutations=0).value)
    0.5
    """
    return _agreement(
        _kappa,
        model_correct,
        human_correct,
        conditions,
        n_boot,
        n_permutations,
        seed,
        np.abs if absolute else np.asarray,
    )


def accuracy_distance(
    model_correct: np.ndarray,
    human_correct: np.ndarray,
    *,
    conditions: np.ndarray | None = None,
    chance: float = 0.0,
    n_boot: int = 1000,
    seed: int = 0,
) -> Agreement:
    """Nearness of two accuracies: 1 - |a - b| / max(1 - b, b - chance) for the model's a and a subject's b.

    1 is the same accuracy, 0 the largest difference there could be between chance and perfection.

    Parameters
    ----------
    model_correct, human_correct, conditions, n_boot, seed
        As for `error_consistency`.
    chance
        Accuracy of guessing, at least 0 and below 1. Brain-Score's default is 0.

    References
    ----------
    brain-score/vision, metric ``accuracy_distance``.
    """
    if not 0 <= chance < 1:
        raise ValueError(f"chance must be at least 0 and below 1, received {chance}; give the accuracy of guessing.")

    def distance(model: np.ndarray, subject: np.ndarray, same: np.ndarray) -> np.ndarray:
        return np.asarray(1 - np.abs(model - subject) / np.maximum(1 - subject, subject - chance))

    return _agreement(distance, model_correct, human_correct, conditions, n_boot, 0, seed, np.asarray)


def _kappa(model: np.ndarray, subject: np.ndarray, same: np.ndarray) -> np.ndarray:
    expected = model * subject + (1 - model) * (1 - subject)
    # Accuracies of 1 and 1 leave nothing to expect beyond chance, up to rounding.
    return np.asarray((same - expected) / np.where(1 - expected > 1e-12, 1 - expected, np.nan))


def _agreement(
    statistic: Statistic,
    model_correct: np.ndarray,
    human_correct: np.ndarray,
    conditions: np.ndarray | None,
    n_boot: int,
    n_permutations: int,
    seed: int,
    sign: Callable[[np.ndarray], np.ndarray],
) -> Agreement:
    model, people = _answers(model_correct, human_correct)
    codes = _codes(conditions, len(model))
    inside = [np.flatnonzero(codes == code) for code in range(int(codes.max()) + 1)]
    rng = np.random.default_rng(seed)
    raw = np.stack([_within(statistic, model[at], people[:, at])[0] for at in inside], axis=-1)
    value = float(sign(_mean(raw)))
    # (draw, subject, condition): stimuli of a condition are drawn anew, then the model's answers are shuffled.
    draws = [
        _within(statistic, model[at], people[:, at], rng.multinomial(len(at), np.full(len(at), 1 / len(at)), n_boot))
        for at in inside
    ]
    shuffled = [
        _within(statistic, rng.permuted(np.tile(model[at], (n_permutations, 1)), axis=1), people[:, at])
        for at in inside
    ]
    low, high = interval(sign(_mean(np.stack(draws, axis=-1)))) if n_boot else (float("nan"), float("nan"))
    null = sign(_mean(np.stack(shuffled, axis=-1))) if n_permutations else np.zeros(0)
    reached = int((np.abs(null) >= abs(value) - 1e-12).sum())
    pairs = [
        np.stack([_within(statistic, people[a, at], people[[b]][:, at])[0, 0] for at in inside])
        for a, b in combinations(range(len(people)), 2)
    ]
    ceiling_raw = np.stack(pairs) if pairs else np.zeros((0, len(inside)))
    return Agreement(
        value,
        low,
        high,
        (reached + 1) / (n_permutations + 1) if n_permutations else float("nan"),
        raw,
        int(np.isnan(raw).sum()),
        float(sign(_mean(ceiling_raw))) if pairs else float("nan"),
        ceiling_raw,
        null,
    )


def _within(
    statistic: Statistic, model: np.ndarray, people: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Statistic ``(draw, subject)`` over stimuli, for models ``(draw, stimulus)`` or weights ``(draw, stimulus)``."""
    model = np.atleast_2d(model)
    weights = np.ones((1, model.shape[1])) if weights is None else weights
    # A stimulus that one of the two did not see counts for neither; a person may take the model's place.
    seen = (~np.isnan(people)).astype(float)
    right, model_seen = np.nan_to_num(people), (~np.isnan(model)).astype(float)
    w, m = weights * model_seen, weights * np.nan_to_num(model)
    with np.errstate(invalid="ignore", divide="ignore"):
        total = w @ seen.T
        subject, by_model, both = w @ right.T / total, m @ seen.T / total, m @ right.T / total
        return statistic(by_model, subject, 1 - subject - by_model + 2 * both)


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over conditions (last axis), then subjects, of what is defined."""
    for _ in range(2):
        known = ~np.isnan(values)
        with np.errstate(invalid="ignore", divide="ignore"):
            values = np.where(known, values, 0.0).sum(axis=-1) / known.sum(axis=-1)
    return values


def _answers(model_correct: np.ndarray, human_correct: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    model = np.array(model_correct, dtype=float)
    people = np.atleast_2d(np.array(human_correct, dtype=float))
    if model.ndim != 1 or people.ndim != 2 or people.shape[1] != len(model) or not len(model):
        raise ValueError(
            f"answers must be (stimulus,) of the model and (subject, stimulus) of people, received {model.shape} and "
            f"{np.shape(human_correct)}."
        )
    for who, values in (("model", model), ("people", people[~np.isnan(people)])):
        if not np.isin(values, (0, 1)).all():
            raise ValueError(f"answers of the {who} must be right (1) or wrong (0), received {np.unique(values)[:4]}.")
    return model, people


def _codes(conditions: np.ndarray | None, n_stimuli: int) -> np.ndarray:
    if conditions is None:
        return np.zeros(n_stimuli, dtype=int)
    labels = np.asarray(conditions)
    if labels.shape != (n_stimuli,):
        raise ValueError(f"conditions must be one label for each of {n_stimuli} stimuli, received {labels.shape}.")
    return np.unique(labels, return_inverse=True)[1]
