"""Split-half reliability with the Spearman-Brown formula, for any number of repetitions, equal or not."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from .estimates import CeilingEstimate
from .halving import draw_halvings, equal_halves, mean_correlation, own_halves, paired_correlation
from .trial_arrays import checked_weights, flatten_trials, repetition_counts


def spearman_brown(r: npt.ArrayLike, factor: npt.ArrayLike = 2.0) -> np.ndarray:
    """Reliability of ``factor`` times as many repetitions.

    rho = k r / (1 + (k - 1) r)

    Parameters
    ----------
    r
        Correlation between two halves.
    factor
        k, how many times more repetitions the whole has than a half.

    Returns
    -------
    numpy.ndarray
        In the shape of ``r``; negative for a negative ``r``, NaN where 1 + (k - 1) r is not positive.

    References
    ----------
    Spearman 1910; Brown 1910 (both British Journal of Psychology 3).
    """
    r, factor = np.asarray(r, dtype=float), np.asarray(factor, dtype=float)
    denominator = 1 + (factor - 1) * r
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(denominator > 0, factor * r / denominator, np.nan)


def root_of_reliability(reliability: np.ndarray) -> np.ndarray:
    """Correlation that a noiseless model reaches; NaN where the reliability is not positive."""
    with np.errstate(invalid="ignore"):
        return np.sqrt(np.where(reliability > 0, reliability, np.nan))


@dataclass(frozen=True)
class SplitHalfReliability:
    """Reliability of the mean response of every neuroid, with all that went into it.

    Attributes
    ----------
    correlation
        ``(halving, neuroid, ...)`` Pearson r between the halves; NaN where a half is constant.
    reliability
        ``(neuroid, ...)`` Spearman-Brown value of the mean correlation; may be negative.
    factor
        ``(neuroid, ...)`` k of the Spearman-Brown formula.
    draws
        ``(draw, neuroid, ...)`` reliability for each weighting of the stimuli, or None.
    n_stimuli
        ``(neuroid, ...)`` stimuli with at least two repetitions: those that were correlated.
    n_repetitions
        Least and greatest number of repetitions of a stimulus and neuroid.
    n_missing
        Absent responses among all places of the trials.
    seed
        Seed of random halvings.
    """

    correlation: np.ndarray
    reliability: np.ndarray
    factor: np.ndarray
    draws: np.ndarray | None
    n_stimuli: np.ndarray
    n_repetitions: tuple[int, int]
    n_missing: int
    seed: int

    @property
    def ceiling(self) -> np.ndarray:
        """``(neuroid, ...)`` root of the reliability; NaN where that is not positive."""
        return root_of_reliability(self.reliability)

    @property
    def n_halvings(self) -> int:
        """Halvings that were averaged."""
        return len(self.correlation)

    @property
    def n_not_positive(self) -> int:
        """Neuroids whose reliability is not positive or not defined."""
        return int((~(self.reliability > 0)).sum())


def split_half_reliability(
    trials: npt.ArrayLike,
    *,
    max_halvings: int = 100,
    seed: int = 0,
    weights: np.ndarray | None = None,
) -> SplitHalfReliability:
    """Reliability of the mean over repetitions from the correlation between halves of them.

    r = mean over halvings of Pearson(half 1, half 2) over stimuli;  rho = k r / (1 + (k - 1) r)

    With R repetitions of every stimulus both halves hold h = R // 2 and k = R / h. With n_s repetitions of stimulus s,
    each stimulus halves its own (h_s = n_s // 2, the odd one out left aside) and

    k = mean over stimuli of 1 / h_s, divided by mean over stimuli of 1 / n_s,

    because the noise variance of a mean is proportional to 1 / n_s. The result belongs to the mean over all repetitions.

    Parameters
    ----------
    trials
        ``(repetition, stimulus, neuroid)`` and any further axes, such as time bins; NaN where a repetition is missing.
    max_halvings
        With equal repetitions all distinct halvings if there are no more, otherwise so many random ones.
    seed
        Seed of random halvings.
    weights
        ``(draw, stimulus)`` bootstrap counts for ``draws``, or None.

    Raises
    ------
    ValueError
        For fewer than two repetitions or three stimuli, or infinite responses.

    References
    ----------
    Spearman 1910; Brown 1910 (both British Journal of Psychology 3).

    Examples
    --------
    >>> import numpy as np
    >>> from alignment.ceilings import split_half_reliability
    >>> rng = np.random.default_rng(0)
    >>> trials = rng.standard_normal((1, 2000, 1)) + rng.standard_normal((4, 2000, 1))
    >>> split_half_reliability(trials).reliability.round(1)  # 1 / (1 + 1 / 4)
    array([0.8])
    """
    values, units = flatten_trials(trials, "split_half_reliability")
    rows = checked_weights(weights, values.shape[1])
    count = repetition_counts(values)
    n_missing = int(np.isnan(values).sum())
    if n_missing == 0:
        halvings = draw_halvings(len(values), max_halvings, seed)
        halves = equal_halves(values, halvings)
        correlation = np.concatenate([paired_correlation(*pair, rows[:1]) for pair in halves])
        factor = np.full((len(rows), values.shape[2]), len(values) / (len(values) // 2))
        mean = mean_correlation(values, halvings, rows[1:]) if len(rows) > 1 else np.empty((0, values.shape[2]))
    else:
        if max_halvings < 1:
            raise ValueError(f"max_halvings must be at least 1, received {max_halvings}.")
        each = [paired_correlation(*pair, rows) for pair in own_halves(values, max_halvings, seed)]
        correlation = np.stack([one[0] for one in each])
        factor = _unequal_factor(count, rows)
        mean = _mean(np.stack(each))[1:]
    reliability = spearman_brown(np.concatenate([_mean(correlation)[None], mean]), factor)
    return SplitHalfReliability(
        correlation=correlation.reshape(-1, *units),
        reliability=reliability[0].reshape(units),
        factor=factor[0].reshape(units),
        draws=None if weights is None else reliability[1:].reshape(-1, *units),
        n_stimuli=(count >= 2).sum(axis=0).reshape(units),
        n_repetitions=(int(count.min()), int(count.max())),
        n_missing=n_missing,
        seed=seed,
    )


def _mean(correlation: np.ndarray) -> np.ndarray:
    """Mean over halvings of what is defined."""
    count = np.isfinite(correlation).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nansum(correlation, axis=0) / np.where(count > 0, count, np.nan)


def _unequal_factor(count: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Factor k of the Spearman-Brown formula ``(draw, unit)`` from repetition counts ``(stimulus, unit)``."""
    half = count // 2
    with np.errstate(divide="ignore", invalid="ignore"):
        of_halves = weights @ np.where(half > 0, 1 / half, 0.0) / (weights @ (half > 0))
        of_whole = weights @ np.where(count > 0, 1 / count, 0.0) / (weights @ (count > 0))
        return np.asarray(of_halves / of_whole)


@dataclass(frozen=True)
class SplitHalfCeiling:
    """Split-half reliability with Spearman-Brown, as a correlation with the noiseless response.

    c = sqrt(rho) with rho of `split_half_reliability`; repetitions may be unequal (NaN).

    Attributes
    ----------
    max_halvings
        With equal repetitions all distinct halvings are used if there are no more than this; otherwise so many random
        ones.
    seed
        Seed of random halvings.

    References
    ----------
    Spearman 1910; Brown 1910. The square root turns a reliability into the largest correlation
    that a model without noise can reach.
    """

    max_halvings: int = 100
    seed: int = 0
    kind: str = "split-half"

    def describe(self) -> str:
        """Formula and source in one sentence."""
        return "sqrt of split-half reliability over repetitions, Spearman-Brown corrected to all repetitions"

    def estimate(self, trials: xr.DataArray, weights: np.ndarray) -> CeilingEstimate:
        """Ceilings from the repetitions; NaN where the reliability is not positive."""
        found = split_half_reliability(trials.values, max_halvings=self.max_halvings, seed=self.seed, weights=weights)
        draws = found.reliability[None][:0] if found.draws is None else found.draws
        return CeilingEstimate(found.ceiling, root_of_reliability(draws))


@dataclass(frozen=True)
class ReliableUnits:
    """Which neuroids are reliable enough, measured on data that are not scored.

    Attributes
    ----------
    kept
        ``(neuroid,)`` booleans.
    reliability
        ``(neuroid,)`` of the rows that were looked at.
    threshold
        Least reliability.
    n_stimuli
        Stimuli that were looked at.
    n_undefined
        Neuroids without a defined reliability; they are among the dropped.
    """

    kept: np.ndarray
    reliability: np.ndarray
    threshold: float
    n_stimuli: int
    n_undefined: int

    @property
    def n_dropped(self) -> int:
        """Neuroids left out."""
        return int((~self.kept).sum())

    def describe(self) -> str:
        """What was left out, and on which data that was decided, in one sentence."""
        undefined = f", {self.n_undefined} of them because they have none," if self.n_undefined else ""
        return (
            f"{self.n_dropped} of {len(self.kept)} neuroids{undefined} were left out for a split-half reliability below "
            f"{self.threshold:g}, measured on {self.n_stimuli} stimuli that are not scored"
        )


def reliable_units(
    trials: npt.ArrayLike,
    threshold: float,
    *,
    scored: npt.ArrayLike,
    max_halvings: int = 100,
    seed: int = 0,
) -> ReliableUnits:
    """Choose neuroids by their reliability on stimuli that will not be scored.

    A threshold on the data of the score would keep neuroids whose noise happened to repeat, and raise score and ceiling.

    Parameters
    ----------
    trials
        ``(repetition, stimulus, neuroid)``, NaN where a repetition is missing.
    threshold
        Least split-half reliability, see `split_half_reliability`.
    scored
        Row numbers of the stimuli that will be scored; all others decide. Empty if other data are scored.
    max_halvings, seed
        See `split_half_reliability`.

    Raises
    ------
    ValueError
        If fewer than three stimuli are left to decide, or a row does not exist.
    """
    values, units = flatten_trials(trials, "reliable_units")
    rows = np.asarray(scored, dtype=int)
    if rows.size and (rows.min() < 0 or rows.max() >= values.shape[1]):
        raise ValueError(f"scored rows must lie in 0 ... {values.shape[1] - 1}, received {rows.min()} to {rows.max()}.")
    rest = np.setdiff1d(np.arange(values.shape[1]), rows)
    if len(rest) < 3:
        raise ValueError(
            f"{len(rest)} of {values.shape[1]} stimuli are not scored, too few to measure a reliability; leave more of them "
            "out of the score, or use another recording."
        )
    found = split_half_reliability(values[:, rest], max_halvings=max_halvings, seed=seed)
    kept = found.reliability >= threshold
    undefined = int(np.isnan(found.reliability).sum())
    return ReliableUnits(kept.reshape(units), found.reliability.reshape(units), threshold, len(rest), undefined)
