"""Spread over cross-validation splits: what it is, and a test that allows for training rows shared between splits."""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from .resampling import CI_LEVEL


@dataclass(frozen=True)
class ResampledT:
    """Corrected resampled t-test of a mean over splits.

    Attributes
    ----------
    mean
        Mean over splits.
    standard_error
        Corrected one.
    t
        mean / standard error; NaN if all splits are equal.
    df
        Splits less one.
    p
        Two-sided.
    low, high
        Interval of the mean.
    level
        Nominal coverage of the interval.
    """

    mean: float
    standard_error: float
    t: float
    df: int
    p: float
    low: float
    high: float
    level: float


def split_standard_error(scores: np.ndarray, axis: int = 0) -> np.ndarray:
    """Spread of scores over splits, divided by the square root of their number: sqrt(mean (s - mean s)^2) / sqrt(k).

    This is what Brain-Score reports as error. It tells how much the partition of these stimuli matters, not how much
    the score would change with other stimuli: splits share most of their training rows, so they are not
    independent, and more splits of the same data make it as small as one likes. Use `bootstrap_correlation` or a
    `corrected_resampled_t` for an interval.

    Parameters
    ----------
    scores
        One score per split along ``axis``.
    axis
        Axis of the splits.
    """
    values = np.asarray(scores, dtype=float)
    return np.asarray(values.std(axis=axis) / np.sqrt(values.shape[axis]))


def corrected_resampled_t(scores: np.ndarray, *, n_train: float, n_test: float, level: float = CI_LEVEL) -> ResampledT:
    """t-test of scores over splits, or of differences of two models on the same splits, against 0.

    With s^2 the variance over k splits (ddof 1), the variance of their mean is taken as (1 / k + n_test / n_train) s^2. The
    plain s^2 / k is for independent samples; splits overlap in training rows, and no unbiased estimate from one
    cross-validation exists (Bengio & Grandvalet 2004), so this is an approximation, a conservative one with few rows.

    Parameters
    ----------
    scores
        ``(split,)`` scores or paired differences, finite.
    n_train, n_test
        Rows of training and test in one split.
    level
        Nominal coverage of the interval.

    References
    ----------
    Nadeau & Bengio 2003 (Machine Learning 52:239), section 3.1.
    """
    values = np.asarray(scores, dtype=float)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise ValueError(f"scores must be at least two finite values (split,), received {values.shape}.")
    if not (n_train > 0 and n_test > 0):
        raise ValueError(f"n_train and n_test must be positive, received {n_train} and {n_test}.")
    df = len(values) - 1
    mean = float(values.mean())
    error = float(np.sqrt((1 / len(values) + n_test / n_train) * values.var(ddof=1)))
    reach = float(stdtrit(df, (1 + level) / 2)) * error
    t = mean / error if error > 0 else float("nan")
    p = float(2 * stdtr(df, -abs(t)))
    return ResampledT(mean, error, t, df, p, mean - reach, mean + reach, level)
