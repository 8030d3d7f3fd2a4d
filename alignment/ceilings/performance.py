"""How good a prediction is once the noise of the recording is taken out, without resampling."""

import numpy as np
import numpy.typing as npt

from ..correlation import pearson
from .trial_arrays import flatten_trials, repetition_counts, trial_mean
from .variance import variance_components


def normalised_correlation(predicted: npt.ArrayLike, trials: npt.ArrayLike) -> np.ndarray:
    """Correlation coefficient of prediction and expected response, CCnorm.

    CCnorm = Cov(ybar, yhat) / sqrt(Var(yhat) SP),  SP the signal power of `variance_components`

    Parameters
    ----------
    predicted
        ``(stimulus, neuroid, ...)``.
    trials
        ``(repetition, stimulus, neuroid)`` and any further axes; NaN where a repetition is missing.

    Returns
    -------
    numpy.ndarray
        ``(neuroid, ...)``; it may exceed 1 by chance and is not clipped. NaN where the signal power is not positive, 0
        for a constant prediction.

    References
    ----------
    Schoppe et al. 2016, Frontiers in Computational Neuroscience 10:10, equation 7.
    """
    made, values, units = _matched(predicted, trials, "normalised_correlation")
    observed = trial_mean(values)
    components = variance_components(values)
    r = pearson(made, observed)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (r / np.sqrt(np.where(components.reliability > 0, components.reliability, np.nan))).reshape(units)


def unbiased_r2(predicted: npt.ArrayLike, trials: npt.ArrayLike) -> np.ndarray:
    """Squared correlation of prediction and expected response, with the bias of noise taken out of both parts.

    With centred prediction p, centred mean response y over m stimuli and noise variance s^2 of one response::

        r2 = [(p'y)^2 - s^2 / n  p'p] / [p'p (y'y - (m - 1) s^2 / n)]

    s^2 is pooled over stimuli; responses of Poisson kind should be variance-stabilised (a square root) beforehand.

    Parameters
    ----------
    predicted
        ``(stimulus, neuroid, ...)``, made without the responses that it is compared with.
    trials
        ``(repetition, stimulus, neuroid)`` and any further axes; with n_s repetitions of stimulus s (NaN), s^2 / n is
        replaced by its mean over stimuli, in the numerator weighted by p^2.

    Returns
    -------
    numpy.ndarray
        ``(neuroid, ...)``, not clipped: it may be negative or exceed 1 by chance. NaN where the signal is not positive or
        the prediction constant. Its sign says nothing about the sign of the correlation.

    References
    ----------
    Pospisil & Bair 2021, PLoS Computational Biology 17(8): e1009212, the estimator r2_ER.
    """
    made, values, units = _matched(predicted, trials, "unbiased_r2")
    count, observed = repetition_counts(values), trial_mean(values)
    noise = np.nansum((values - observed) ** 2, axis=0).sum(axis=0) / (count - 1).sum(axis=0)
    m = len(made)
    p, y = made - made.mean(axis=0), observed - observed.mean(axis=0)
    power = (p * p).sum(axis=0)
    of_mean = noise / count  # (stimulus, unit)
    signal = (y * y).sum(axis=0) - (1 - 1 / m) * of_mean.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        squared = ((p * y).sum(axis=0) ** 2 - (p * p * of_mean).sum(axis=0)) / (power * signal)
    return np.where((signal > 0) & (power > 0), squared, np.nan).reshape(units)


def _matched(
    predicted: npt.ArrayLike, trials: npt.ArrayLike, what: str
) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    values, units = flatten_trials(trials, what)
    made = np.asarray(predicted, dtype=float)
    if made.shape != (values.shape[1], *units):
        raise ValueError(
            f"{what} needs a prediction {(values.shape[1], *units)} for trials {np.shape(trials)}, received {made.shape}."
        )
    if not np.isfinite(made).all():
        raise ValueError(f"{what} received {int((~np.isfinite(made)).sum())} predictions that are NaN or infinite.")
    absent = int((repetition_counts(values) == 0).sum())
    if absent:
        raise ValueError(
            f"{what} received {absent} pairs of stimulus and neuroid without any response; leave those stimuli or neuroids out."
        )
    return made.reshape(len(made), -1), values, units
