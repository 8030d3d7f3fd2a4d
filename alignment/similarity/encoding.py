"""Encoding RSA: the RDM of cross-validated predictions against the RDM of the responses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ..folds import Fold
from .comparisons import ComparisonMethod, compare_rdms
from .distances import rdm
from .gram import patterns

Pairs = Literal["within", "all"]
# Ten stimuli give 45 distances; the rank correlation of fewer is mostly noise.
LEAST_TESTED = 10


@dataclass(frozen=True)
class EncodingRsa:
    """Encoding RSA, and what it is made of.

    Attributes
    ----------
    value
        Similarity of the two RDMs; with pairs within folds the mean over folds.
    per_fold
        ``(fold,)``; one value where all pairs are taken together.
    n_tested
        ``(fold,)`` stimuli behind each value.
    pairs
        As given.
    """

    value: float
    per_fold: np.ndarray
    n_tested: np.ndarray
    pairs: str


def encoding_rsa(
    predictions: Sequence[np.ndarray],
    responses: np.ndarray,
    folds: Sequence[Fold],
    *,
    pairs: Pairs = "within",
    distance: Literal["correlation", "euclidean"] = "correlation",
    method: ComparisonMethod = "spearman",
) -> EncodingRsa:
    r"""Similarity of the RDM of predicted responses to the RDM of measured ones, on stimuli the mapping never saw.

    Unlike classical RSA, which weights all features equally, the mapping has first reweighted them for the neuroids.

    Parameters
    ----------
    predictions
        Per fold ``(n_test, neuroid)``, such as ``mapping.cross_predict(...).predictions``.
    responses
        ``(presentation, neuroid)``.
    folds
        The folds that the predictions were made with.
    pairs
        ``within`` takes pairs of stimuli of one fold, which one mapping predicted, and averages over folds. ``all`` takes
        one RDM over all stimuli, so that pairs from different folds, predicted by different mappings, also count; the folds
        must then test each presentation at most once.
    distance
        ``correlation`` or ``euclidean``, as in `rdm`, for both RDMs.
    method
        As in `compare_rdms`.

    Returns
    -------
    EncodingRsa
        A fold in which the predictions do not vary over stimuli counts 0, as it explains nothing.

    Raises
    ------
    ValueError
        If a fold trained on rows that it tests, predictions and folds do not fit, a fold tests fewer than 10
        presentations, or a presentation is tested twice with ``all``.

    References
    ----------
    Conwell et al. 2024, Nature Communications 15:9383 (reweighted RSA).
    """
    if pairs not in get_args(Pairs):
        raise ValueError(f"pairs {pairs!r} is unknown; accepted are {', '.join(get_args(Pairs))}.")
    observed = patterns(responses, "responses")
    if len(predictions) != len(folds) or not folds:
        raise ValueError(
            f"there are {len(predictions)} predictions for {len(folds)} folds; give one for each of at least 1."
        )
    for number, (predicted, fold) in enumerate(zip(predictions, folds, strict=True)):
        _check_fold(number, np.asarray(predicted), fold, observed)
    if pairs == "all":
        rows = np.concatenate([fold.test for fold in folds])
        if len(np.unique(rows)) < len(rows):
            raise ValueError(
                f"the folds test {len(rows) - len(np.unique(rows))} presentations more than once; use pairs='within', or "
                "folds that test each presentation once."
            )
        tested = [(np.concatenate(list(predictions)), rows)]
    else:
        tested = [(np.asarray(predicted), fold.test) for predicted, fold in zip(predictions, folds, strict=True)]
    values = np.array([_similarity(predicted, observed[rows], distance, method) for predicted, rows in tested])
    return EncodingRsa(float(values.mean()), values, np.array([len(rows) for _, rows in tested]), pairs)


def _check_fold(number: int, predicted: np.ndarray, fold: Fold, observed: np.ndarray) -> None:
    seen = int(np.isin(fold.test, fold.train).sum())
    if seen:
        raise ValueError(
            f"fold {number} trained on {seen} of the presentations that it tests; use folds without overlap."
        )
    if predicted.shape != (len(fold.test), observed.shape[1]):
        raise ValueError(
            f"predictions of fold {number} have shape {predicted.shape}; its test rows and the responses need "
            f"{(len(fold.test), observed.shape[1])}."
        )
    if len(fold.test) < LEAST_TESTED:
        raise ValueError(
            f"fold {number} tests {len(fold.test)} presentations; encoding RSA needs at least {LEAST_TESTED}: use fewer folds."
        )


def _similarity(predicted: np.ndarray, observed: np.ndarray, distance: str, method: ComparisonMethod) -> float:
    target = rdm(observed, method="euclidean" if distance == "euclidean" else "correlation")
    if distance == "correlation" and (np.ptp(predicted, axis=1) == 0).any():
        # A mapping that predicts one number for all neuroids has no pattern to correlate.
        return 0.0
    own = rdm(predicted, method="euclidean" if distance == "euclidean" else "correlation")
    return float(compare_rdms(own, target, method=method))
