"""Differences between models on the same resamples, with intervals, p and correction for many pairs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np

from .bootstrapping import bootstrap_correlation
from .designs import Design
from .multiple import false_discovery_rate, holm_correction
from .resampling import CI_LEVEL, interval
from .splits import corrected_resampled_t

if TYPE_CHECKING:
    from ..result import Score

Correction = Literal["holm", "bh", "by", "none"]


@dataclass(frozen=True)
class PairedDifference:
    """First model minus second one, on the same stimuli, folds and resamples.

    Attributes
    ----------
    first, second
        Names.
    difference
        Score of the first minus score of the second.
    low, high
        Interval of the difference.
    p
        Two-sided, from the paired bootstrap draws behind the interval.
    p_adjusted
        Corrected for all pairs that were compared together; equal to ``p`` for one pair.
    p_splits
        Two-sided, from the corrected resampled t-test over splits; NaN where splits or their sizes are unknown.
    n_boot
        Draws in which both scores are defined.
    level
        Nominal coverage of the interval.
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    p: float
    p_adjusted: float
    p_splits: float
    n_boot: int
    level: float

    def describe(self) -> str:
        """The comparison in one sentence."""
        corrected = "" if self.p_adjusted == self.p else f", {self.p_adjusted:.2g} corrected for all pairs"
        return (
            f"{self.first} - {self.second} = {self.difference:+.3f} [{self.low:+.3f}, {self.high:+.3f}], "
            f"p = {self.p:.2g}{corrected} (paired bootstrap, {self.n_boot} draws)."
        )


@dataclass(frozen=True)
class ModelComparison:
    """All pairs of several models.

    Attributes
    ----------
    values
        Name to score.
    pairs
        One entry per pair, in the order of the names.
    correction
        ``"holm"``, ``"bh"``, ``"by"`` or ``"none"``.
    """

    values: dict[str, float]
    pairs: tuple[PairedDifference, ...]
    correction: Correction

    def pair(self, first: str, second: str) -> PairedDifference:
        """The comparison of two models, in the order asked for."""
        for found in self.pairs:
            if (found.first, found.second) == (first, second):
                return found
            if (found.second, found.first) == (first, second):
                return replace(
                    found, first=first, second=second, difference=-found.difference, low=-found.high, high=-found.low
                )
        raise ValueError(f"no pair {first!r}, {second!r}; models are {', '.join(self.values)}.")


def bootstrap_p(draws: np.ndarray, value: float, *, factor: float = 1.0) -> float:
    """Two-sided p of a value against 0 from its bootstrap draws.

    With the draws spread by ``factor`` around the value, 2 min(share <= 0, share >= 0), each share as (b + 1) / (B + 1), at
    most 1: the level at which the percentile interval, widened alike, first touches 0.

    Parameters
    ----------
    draws
        ``(boot,)``; NaN is left out.
    value
        The statistic of the sample.
    factor
        See `fold_factor`.
    """
    known = draws[np.isfinite(draws)]
    if len(known) == 0 or not np.isfinite(value):
        return float("nan")
    spread = value + factor * (known - value)
    sides = [(int(side.sum()) + 1) / (len(known) + 1) for side in (spread <= 0, spread >= 0)]
    return min(1.0, 2 * min(sides))


def compare_models(
    values: Mapping[str, float],
    draws: Mapping[str, np.ndarray],
    *,
    factor: float = 1.0,
    splits: Mapping[str, np.ndarray] | None = None,
    test_over_train: float | None = None,
    correction: Correction = "holm",
    level: float = CI_LEVEL,
) -> ModelComparison:
    """Paired differences between all pairs of models from draws on the same resamples.

    Parameters
    ----------
    values
        Name to score.
    draws
        Name to ``(boot,)`` draws; draw b of every model must come from the same resample.
    factor
        Widening of the intervals for shared training rows; see `fold_factor`.
    splits
        Name to ``(split,)`` scores on the same splits, for the corrected resampled t-test.
    test_over_train
        Test rows over training rows in one split; needed with ``splits``.
    correction
        For the number of pairs: ``"holm"``, ``"bh"`` or ``"by"`` (false discovery rate), ``"none"``.
    level
        Nominal coverage.

    Raises
    ------
    ValueError
        If names or numbers of draws differ.
    """
    names = list(values)
    if len(names) < 2 or set(draws) != set(names) or (splits is not None and set(splits) != set(names)):
        raise ValueError(
            f"values, draws and splits must name the same two or more models, received {names}, {list(draws)}, "
            f"{None if splits is None else list(splits)}."
        )
    lengths = {name: np.shape(draws[name]) for name in names}
    if len(set(lengths.values())) > 1 or len(lengths[names[0]]) != 1:
        raise ValueError(f"draws are not paired: their shapes are {lengths}; use the same resamples for all models.")
    if splits is not None and test_over_train is None:
        raise ValueError("splits were given without test_over_train; give test rows over training rows of one split.")
    pairs = []
    for first, second in combinations(names, 2):
        gap = float(values[first]) - float(values[second])
        both = np.asarray(draws[first], dtype=float) - np.asarray(draws[second], dtype=float)
        low, high = interval(both, gap, factor, level)
        p = bootstrap_p(both, gap, factor=factor)
        of_splits = float("nan")
        if splits is not None and test_over_train is not None:
            gaps = np.asarray(splits[first], dtype=float) - np.asarray(splits[second], dtype=float)
            of_splits = corrected_resampled_t(gaps, n_train=1.0, n_test=test_over_train).p
        known = int(np.isfinite(both).sum())
        pairs.append(PairedDifference(first, second, gap, low, high, p, p, of_splits, known, level))
    adjusted = _adjusted(np.array([pair.p for pair in pairs]), correction)
    done = tuple(replace(pair, p_adjusted=float(p)) for pair, p in zip(pairs, adjusted, strict=True))
    return ModelComparison({name: float(values[name]) for name in names}, done, correction)


def compare_predictions(
    predicted: Mapping[str, np.ndarray],
    observed: np.ndarray,
    design: Design | None = None,
    *,
    folds: np.ndarray | None = None,
    n_boot: int = 1000,
    factor: float = 1.0,
    correction: Correction = "holm",
    level: float = CI_LEVEL,
    seed: int = 0,
) -> ModelComparison:
    """Paired differences in correlation between models that predict the same responses.

    Parameters
    ----------
    predicted
        Name to ``(stimulus, neuroid)`` predictions.
    observed
        ``(stimulus, neuroid)`` responses, or trials, as in `bootstrap_correlation`.
    design, folds, n_boot, factor, level, seed
        As in `bootstrap_correlation`; all models meet the same resamples.
    correction
        For the number of pairs, as in `compare_models`.
    """
    results = {
        name: bootstrap_correlation(
            made, observed, design, folds=folds, n_boot=n_boot, level=level, factor=factor, seed=seed
        )
        for name, made in predicted.items()
    }
    if any(result.value.ndim for result in results.values()):
        raise ValueError("pool 'none' gives one score per neuroid; models are compared on a pooled score.")
    return compare_models(
        {name: float(result.value) for name, result in results.items()},
        {name: result.draws for name, result in results.items()},
        factor=factor,
        correction=correction,
        level=level,
    )


def compare_scores(
    score_a: "Score",
    score_b: "Score",
    layer: str | tuple[str, str] | None = None,
    *,
    ceiled: bool = False,
    level: float = CI_LEVEL,
) -> PairedDifference:
    """Difference of two scores made on the same stimuli, folds and resamples.

    Parameters
    ----------
    score_a, score_b
        Scores of two models, or of one model with two layers, on one benchmark and split with one scoring seed.
    layer
        Layer of both, or one for each; the headline layers by default.
    ceiled
        Compare ceiled instead of raw scores.
    level
        Nominal coverage.

    Returns
    -------
    PairedDifference
        a - b with its interval, widened as the scores' own. ``p_splits`` needs ``test_over_train`` in both provenances.

    Raises
    ------
    ValueError
        If the draws are not paired; the message says what differs.
    """
    _refuse_unpaired(score_a, score_b)
    if ceiled and "none" in (score_a.normalisation, score_b.normalisation):
        raise ValueError("ceiled is True, but a score has no ceiling; compare raw scores.")
    layers = (
        (score_a.headline, score_b.headline) if layer is None else (layer, layer) if isinstance(layer, str) else layer
    )
    names = [_name(score, which) for score, which in zip((score_a, score_b), layers, strict=True)]
    if names[0] == names[1]:
        names = [f"{names[0]} (a)", f"{names[1]} (b)"]
    kind = "ceiled" if ceiled else "raw"
    values, draws, splits = {}, {}, {}
    for name, score, which in zip(names, (score_a, score_b), layers, strict=True):
        values[name] = float(score.row(which)[kind])
        at = score.layers.index(which)
        draws[name] = score.data[f"draws_{kind}"].values[at]
        splits[name] = _split_scores(score, at, ceiled)
    ratio = score_a.provenance.get("test_over_train")
    known = ratio is not None and all(len(one) > 1 and np.isfinite(one).all() for one in splits.values())
    return compare_models(
        values,
        draws,
        factor=float(score_a.provenance.get("interval_factor", 1.0)),
        splits=splits if known else None,
        test_over_train=float(ratio) if known and ratio is not None else None,
        correction="none",
        level=level,
    ).pairs[0]


PAIRED_BY = {
    "benchmark": "benchmark",
    "benchmark_version": "version of the benchmark",
    "split": "split",
    "scoring_seed": "scoring seed",
    "n_boot": "number of draws",
    "n_presentations": "number of presentations",
    "stimuli_sha256": "stimuli",
    "bootstrap_over": "unit of the bootstrap",
    "interval_factor": "widening of the interval",
    "files": "files of the recording",
    "measure": "measure",
    "metric": "metric",
}


def _refuse_unpaired(score_a: "Score", score_b: "Score") -> None:
    for key, words in PAIRED_BY.items():
        first, second = score_a.provenance.get(key), score_b.provenance.get(key)
        if first != second:
            raise ValueError(
                f"the scores are not paired: the {words} is {first!r} in one and {second!r} in the other; score both models on "
                "the same benchmark and split with the same seed and n_boot."
            )
    first, second = (_neuroid_names(score) for score in (score_a, score_b))
    sizes = [score.data.sizes["neuroid"] for score in (score_a, score_b)]
    differ = sizes[0] != sizes[1] or first != second
    if differ:
        raise ValueError(
            f"the scores are not paired: one has {sizes[0]} neuroids, the other {sizes[1]}, and they are not the same ones; "
            "score both models with the same drop_invalid."
        )


def _neuroid_names(score: "Score") -> list[object]:
    coords = score.data.coords
    return [coords[key].values.tolist() for key in ("neuroid_id", "subject") if key in coords]


def _split_scores(score: "Score", at: int, ceiled: bool) -> np.ndarray:
    from ..result import aggregate

    raw = score.data["raw"].values[at]
    values = raw / score.data["ceiling"].values if ceiled else raw
    return aggregate(values, score.data["subject"].values.astype(str))


def _name(score: "Score", layer: str) -> str:
    seed = score.provenance.get("model_seed")
    return f"{score.provenance['model']}{'' if seed is None else f' seed {seed}'}, {layer}"


def _adjusted(p: np.ndarray, correction: Correction) -> np.ndarray:
    if correction == "none":
        return p
    if correction == "holm":
        return holm_correction(p)
    if correction in ("bh", "by"):
        return false_discovery_rate(p, method=correction)
    raise ValueError(f"correction must be 'holm', 'bh', 'by' or 'none', received {correction!r}.")
